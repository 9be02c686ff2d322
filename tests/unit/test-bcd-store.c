/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bcd/bcd-store.h"

#include <string.h>

#include "base/error.h"
#include "base/file-io.h"

/* Vectors of media-formats.md 7.3. */
#define BLOB_BOOT                                                                                  \
  "00000000000000000000000000000000050000000000000048000000000000000000000000000000000000000000"   \
  "000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
#define BLOB_RAMDISK                                                                               \
  "c8dc1976fefad911b411000476eba25f0000000001000000a0000000000000000300000000000000000000000000"   \
  "00000000000000000000010000007800000005000000050000000000000048000000000000000000000000000000"   \
  "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"   \
  "00005c0073006f00750072006300650073005c0062006f006f0074002e00770069006d000000"

#define OBJECTS "\\Objects\\"
#define MANAGER OBJECTS "{9dea862c-5cdd-4e70-acc1-f32b344d4795}"
#define LOADER OBJECTS "{7619dcc9-fafe-11d9-b411-000476eba25f}"
#define OPTIONS OBJECTS "{7619dcc8-fafe-11d9-b411-000476eba25f}"
#define LOADER_GUID "{7619dcc9-fafe-11d9-b411-000476eba25f}"

typedef struct
{
  const char *key;
  const char *value;
  int type;         /* 1 text, 3 hexadecimal digits, 4 eight digits, 7 one text of a list */
  const char *data; /* NULL: the key has no value */
} Expectation;

/* All that 7.2 lists for a BIOS store with the defaults, in the order of the keys. */
static const Expectation expectations[] = {
  { "\\", NULL, 0, NULL },
  { "\\Description", "KeyName", 1, "BCD00000001" },
  { "\\Objects", NULL, 0, NULL },
  { OPTIONS, NULL, 0, NULL },
  { OPTIONS "\\Description", "Type", 4, "30000000" },
  { OPTIONS "\\Elements", NULL, 0, NULL },
  { OPTIONS "\\Elements\\31000003", "Element", 3, BLOB_BOOT },
  { OPTIONS "\\Elements\\32000004", "Element", 1, "\\boot\\boot.sdi" },
  { LOADER, NULL, 0, NULL },
  { LOADER "\\Description", "Type", 4, "10200003" },
  { LOADER "\\Elements", NULL, 0, NULL },
  { LOADER "\\Elements\\11000001", "Element", 3, BLOB_RAMDISK },
  { LOADER "\\Elements\\12000002", "Element", 1, "\\windows\\system32\\boot\\winload.exe" },
  { LOADER "\\Elements\\12000004", "Element", 1, "Windows PE" },
  { LOADER "\\Elements\\12000005", "Element", 1, "en-US" },
  { LOADER "\\Elements\\21000001", "Element", 3, BLOB_RAMDISK },
  { LOADER "\\Elements\\22000002", "Element", 1, "\\windows" },
  { LOADER "\\Elements\\250000c2", "Element", 3, "0000000000000000" },
  { LOADER "\\Elements\\26000010", "Element", 3, "01" },
  { LOADER "\\Elements\\26000022", "Element", 3, "01" },
  { LOADER "\\Elements\\260000b0", "Element", 3, "00" },
  { MANAGER, NULL, 0, NULL },
  { MANAGER "\\Description", "Type", 4, "10100002" },
  { MANAGER "\\Elements", NULL, 0, NULL },
  { MANAGER "\\Elements\\12000004", "Element", 1, "Windows Boot Manager" },
  { MANAGER "\\Elements\\12000005", "Element", 1, "en-US" },
  { MANAGER "\\Elements\\23000003", "Element", 1, LOADER_GUID },
  { MANAGER "\\Elements\\24000001", "Element", 7, LOADER_GUID },
  { MANAGER "\\Elements\\25000004", "Element", 3, "0000000000000000" },
};

static const KlBcdOptions no_options = { NULL };

/* Runs a tool with the store as its last argument but @after. */
static char *
run_tool (GBytes *store, const char *tool, const char *option, const char *after)
{
  g_autofree char *folder = g_dir_make_tmp ("kl-bcd-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "BCD", NULL);
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *output = NULL;
  g_autofree char *errors = NULL;
  gsize size;
  const char *data = g_bytes_get_data (store, &size);
  int status = -1;

  g_assert_true (g_file_set_contents (path, data, (gssize) size, NULL));
  g_ptr_array_add (argv, (gpointer) tool);
  if (option != NULL)
    g_ptr_array_add (argv, (gpointer) option);
  g_ptr_array_add (argv, path);
  if (after != NULL)
    g_ptr_array_add (argv, (gpointer) after);
  g_ptr_array_add (argv, NULL);
  g_assert_true (g_spawn_sync (NULL, (char **) argv->pdata, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL,
                               &output, &errors, &status, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (errors, ==, "");
  g_assert_true (g_spawn_check_wait_status (status, &error));
  g_assert_no_error (error);
  g_assert_true (kl_remove_tree (folder, NULL));
  return g_steal_pointer (&output);
}

/* "01,02" for bytes or text, as hivexregedit prints them. */
static char *
print_data (const Expectation *expected)
{
  g_autoptr (GString) text = g_string_new (NULL);
  gsize i;

  if (expected->type == 4)
    {
      g_string_printf (text, "dword:%s", expected->data);
      return g_strdup (text->str);
    }
  g_string_printf (text, "hex(%d):", expected->type);
  if (expected->type == 3)
    for (i = 0; expected->data[i] != '\0'; i += 2)
      g_string_append_printf (text, "%s%.2s", i > 0 ? "," : "", expected->data + i);
  else
    {
      for (i = 0; expected->data[i] != '\0'; i++)
        g_string_append_printf (text, "%02x,00,", expected->data[i]);
      g_string_append (text, expected->type == 7 ? "00,00,00,00" : "00,00");
    }
  return g_strdup (text->str);
}

/* The text that hivexregedit must print; @changes replace the data of rows with the same key. */
static char *
make_expected (const Expectation *changes, gsize n_changes)
{
  g_autoptr (GString) text = g_string_new ("Windows Registry Editor Version 5.00\n\n");
  gsize i;
  gsize j;

  for (i = 0; i < G_N_ELEMENTS (expectations); i++)
    {
      const Expectation *row = &expectations[i];
      g_autofree char *data = NULL;

      for (j = 0; j < n_changes; j++)
        if (g_str_equal (changes[j].key, row->key))
          row = &changes[j];
      g_string_append_printf (text, "[%s]\n", row->key);
      if (row->value != NULL)
        {
          data = print_data (row);
          g_string_append_printf (text, "\"%s\"=%s\n", row->value, data);
        }
      g_string_append_c (text, '\n');
    }
  return g_strdup (text->str);
}

static void
test_bios_elements (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) store = kl_bcd_store_build (KL_BCD_BIOS, &no_options, &error);
  g_autofree char *expected = make_expected (NULL, 0);
  g_autofree char *exported = NULL;

  g_assert_no_error (error);
  exported = run_tool (store, "hivexregedit", "--export", "\\");
  g_assert_cmpstr (exported, ==, expected);
}

static void
test_uefi_elements (void)
{
  static const Expectation changes[] = {
    { LOADER "\\Elements\\12000002", "Element", 1, "\\windows\\system32\\boot\\winload.efi" },
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) store = kl_bcd_store_build (KL_BCD_UEFI, &no_options, &error);
  g_autofree char *expected = make_expected (changes, G_N_ELEMENTS (changes));
  g_autofree char *exported = NULL;

  g_assert_no_error (error);
  exported = run_tool (store, "hivexregedit", "--export", "\\");
  g_assert_cmpstr (exported, ==, expected);
}

static void
test_options (void)
{
  static const KlBcdOptions options = {
    .loader = "\\windows\\system32\\winload.efi",
    .description = "Shop floor",
    .locale = "de-DE",
    .menu_policy = KL_BCD_MENU_STANDARD,
  };
  static const Expectation changes[] = {
    { LOADER "\\Elements\\12000002", "Element", 1, "\\windows\\system32\\winload.efi" },
    { LOADER "\\Elements\\12000004", "Element", 1, "Shop floor" },
    { LOADER "\\Elements\\12000005", "Element", 1, "de-DE" },
    { MANAGER "\\Elements\\12000005", "Element", 1, "de-DE" },
    { LOADER "\\Elements\\250000c2", "Element", 3, "0100000000000000" },
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) store = kl_bcd_store_build (KL_BCD_UEFI, &options, &error);
  g_autofree char *expected = make_expected (changes, G_N_ELEMENTS (changes));
  g_autofree char *exported = NULL;

  g_assert_no_error (error);
  exported = run_tool (store, "hivexregedit", "--export", "\\");
  g_assert_cmpstr (exported, ==, expected);
}

static void
test_timeout (void)
{
  static const KlBcdOptions options = { .timeout = 30 };
  g_autoptr (GBytes) store = kl_bcd_store_build (KL_BCD_BIOS, &options, NULL);
  g_autoptr (GBytes) plain = kl_bcd_store_build (KL_BCD_BIOS, &no_options, NULL);
  g_autofree char *exported = run_tool (store, "hivexregedit", "--export", MANAGER);
  g_autofree char *without = run_tool (plain, "hivexregedit", "--export", MANAGER);

  g_assert_nonnull (strstr (exported, "Elements\\25000004]\n\"Element\"=hex(3):1e,00,00,00,"));
  g_assert_nonnull (strstr (exported, "Elements\\26000020]\n\"Element\"=hex(3):01\n"));
  g_assert_null (strstr (without, "26000020"));
}

static void
test_other_tools (void)
{
  g_autoptr (GBytes) store = kl_bcd_store_build (KL_BCD_UEFI, &no_options, NULL);
  g_autofree char *xml = run_tool (store, "hivexml", NULL, NULL);
  g_autofree char *folder = g_dir_make_tmp ("kl-bcd-XXXXXX", NULL);
  g_autofree char *script = g_build_filename (folder, "script", NULL);
  g_autofree char *listed = NULL;
  g_autofree char *option = g_strconcat ("-f", script, NULL);

  g_assert_nonnull (strstr (xml, "<node name=\"NewStoreRoot\" root=\"1\">"));
  g_assert_true (g_file_set_contents (script, "cd " LOADER "\\Elements\nls\n", -1, NULL));
  listed = run_tool (store, "hivexsh", option, NULL);
  g_assert_cmpstr (listed, ==,
                   "11000001\n12000002\n12000004\n12000005\n21000001\n22000002\n250000c2\n"
                   "26000010\n26000022\n260000b0\n");
  g_assert_true (kl_remove_tree (folder, NULL));
}

static void
test_reproducible (void)
{
  g_autoptr (GBytes) first = kl_bcd_store_build (KL_BCD_BIOS, &no_options, NULL);
  g_autoptr (GBytes) second = kl_bcd_store_build (KL_BCD_BIOS, &no_options, NULL);
  g_autoptr (GBytes) other = kl_bcd_store_build (KL_BCD_UEFI, &no_options, NULL);

  g_assert_true (g_bytes_equal (first, second));
  g_assert_false (g_bytes_equal (first, other));
  g_assert_cmpuint (g_bytes_get_size (first), ==, 12288);
}

static void
test_refused (void)
{
  static const KlBcdOptions relative = { .loader = "windows\\winload.exe" };
  static const KlBcdOptions not_text = { .description = "\xff" };
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) text_error = NULL;

  g_assert_null (kl_bcd_store_build (KL_BCD_BIOS, &relative, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "does not begin with a backslash"));
  g_assert_null (kl_bcd_store_build (KL_BCD_BIOS, &not_text, &text_error));
  g_assert_error (text_error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (text_error->message, "the description is not UTF-8"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/bcd-store/bios-store-has-exactly-the-listed-elements", test_bios_elements);
  g_test_add_func ("/bcd-store/uefi-store-differs-in-the-loader-only", test_uefi_elements);
  g_test_add_func ("/bcd-store/options-reach-their-elements", test_options);
  g_test_add_func ("/bcd-store/timeout-brings-the-menu", test_timeout);
  g_test_add_func ("/bcd-store/hivexml-and-hivexsh-open-it", test_other_tools);
  g_test_add_func ("/bcd-store/same-options-give-same-bytes", test_reproducible);
  g_test_add_func ("/bcd-store/relative-loader-and-broken-text-are-refused", test_refused);
  return g_test_run ();
}
