/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bcd/hive-writer.h"

#include <string.h>

#include "base/bytes.h"
#include "base/file-io.h"

#define FILETIME G_GUINT64_CONSTANT (0x0123456789abcdef)

/* Offsets in the file. */
#define BINS 4096
#define BIN_HEADER 32

static KlBytesView
view_of (GBytes *hive)
{
  KlBytesView view;

  view.data = g_bytes_get_data (hive, &view.size);
  return view;
}

static guint32
u32_at (KlBytesView view, gsize offset)
{
  guint32 value = 0;

  g_assert_true (kl_view_u32 (view, offset, &value));
  return value;
}

static GBytes *
make_small_hive (void)
{
  const char *const texts[] = { "one", "zwei", NULL };
  g_autoptr (KlHiveWriter) writer = kl_hive_writer_new ("Root", FILETIME);
  KlHiveKey *root = kl_hive_writer_get_root (writer);
  KlHiveKey *key = kl_hive_key_add (root, "values");

  kl_hive_key_set_string (key, "text", "\\path\\\xc3\xa4\xf0\x9d\x84\x9e");
  kl_hive_key_set_strings (key, "texts", texts);
  kl_hive_key_set_dword (key, "number", 0x10100002);
  kl_hive_key_set_binary (key, "inline", "\x01\x02", 2);
  kl_hive_key_set_binary (key, "apart", "\x01\x02\x03\x04\x05", 5);
  kl_hive_key_set_binary (key, "nothing", NULL, 0);
  kl_hive_key_add (root, "beta");
  kl_hive_key_add (root, "Alpha");
  kl_hive_key_add (root, "_last");
  return kl_hive_writer_to_bytes (writer);
}

/* Output of a tool that reads @hive; its failure fails the test. */
static char *
run_on (GBytes *hive, const char *const *command)
{
  g_autofree char *folder = g_dir_make_tmp ("kl-hive-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "hive", NULL);
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *output = NULL;
  g_autofree char *errors = NULL;
  gsize size;
  const char *data = g_bytes_get_data (hive, &size);
  int status = -1;

  g_assert_true (g_file_set_contents (path, data, (gssize) size, NULL));
  for (; *command != NULL; command++)
    g_ptr_array_add (argv, g_str_equal (*command, "HIVE") ? path : (gpointer) *command);
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

static void
test_base_block (void)
{
  g_autoptr (GBytes) hive = make_small_hive ();
  KlBytesView view = view_of (hive);
  guint64 filetime = 0;
  guint32 sum = 0;
  guint i;

  g_assert_true (kl_view_equals (view, 0, "regf", 4));
  g_assert_cmpuint (u32_at (view, 4), ==, u32_at (view, 8));
  g_assert_true (kl_view_u64 (view, 12, &filetime));
  g_assert_cmphex (filetime, ==, FILETIME);
  g_assert_cmpuint (u32_at (view, 20), ==, 1);
  g_assert_cmpuint (u32_at (view, 24), ==, 3);
  g_assert_cmpuint (u32_at (view, 28), ==, 0);
  g_assert_cmpuint (u32_at (view, 32), ==, 1);
  g_assert_cmpuint (u32_at (view, 40), ==, view.size - BINS);
  g_assert_cmpuint (u32_at (view, 44), ==, 1);
  for (i = 0; i < 127; i++)
    sum ^= u32_at (view, 4 * i);
  g_assert_cmphex (u32_at (view, 508), ==, sum);
}

/* Walks the cells as a reader does: they must fill the bin without gap, the last one is free. */
static void
test_cells_fill_the_bin (void)
{
  g_autoptr (GBytes) hive = make_small_hive ();
  KlBytesView view = view_of (hive);
  gsize at = BINS + BIN_HEADER;
  guint n_free = 0;
  guint n_used = 0;

  g_assert_cmpuint (view.size % 4096, ==, 0);
  g_assert_true (kl_view_equals (view, BINS, "hbin", 4));
  g_assert_cmpuint (u32_at (view, BINS + 4), ==, 0);
  g_assert_cmpuint (u32_at (view, BINS + 8), ==, view.size - BINS);
  while (at < view.size)
    {
      gint32 size = (gint32) u32_at (view, at);

      g_assert_cmpint (size, !=, 0);
      g_assert_cmpint (size % 8, ==, 0);
      g_assert_cmpuint (n_free, ==, 0);
      if (size > 0)
        n_free++;
      else
        n_used++;
      at += (gsize) ABS (size);
    }
  g_assert_cmpuint (at, ==, view.size);
  /* sk, 5 nk, 1 lf, 6 vk, 1 value list, 3 data cells of more than 4 bytes. */
  g_assert_cmpuint (n_used, ==, 17);
}

static void
test_root_key (void)
{
  g_autoptr (GBytes) hive = make_small_hive ();
  KlBytesView view = view_of (hive);
  gsize root = BINS + u32_at (view, 36) + 4;
  gsize security = BINS + u32_at (view, root + 44) + 4;
  guint16 flags = 0;

  g_assert_true (kl_view_equals (view, root, "nk", 2));
  g_assert_true (kl_view_u16 (view, root + 2, &flags));
  g_assert_cmphex (flags, ==, 0x2c);
  g_assert_cmpuint (u32_at (view, root + 20), ==, 4);
  g_assert_cmpuint (u32_at (view, root + 52), ==, 2 * strlen ("values"));
  g_assert_true (kl_view_equals (view, root + 76, "Root", 4));
  g_assert_true (kl_view_equals (view, security, "sk", 2));
  g_assert_cmpuint (u32_at (view, security + 12), ==, 5);
  g_assert_cmpuint (u32_at (view, security + 16), ==, 100);
}

/* '_' comes after 'Z' and before 'a': by upper-case name it is last, by plain bytes it is not. */
static void
test_subkeys_sorted_without_case (void)
{
  static const char *const names[] = { "Alpha", "beta", "values", "_last" };
  g_autoptr (GBytes) hive = make_small_hive ();
  KlBytesView view = view_of (hive);
  gsize root = BINS + u32_at (view, 36) + 4;
  gsize list = BINS + u32_at (view, root + 28) + 4;
  guint16 n = 0;
  guint i;

  g_assert_true (kl_view_equals (view, list, "lf", 2));
  g_assert_true (kl_view_u16 (view, list + 2, &n));
  g_assert_cmpuint (n, ==, G_N_ELEMENTS (names));
  for (i = 0; i < n; i++)
    {
      gsize key = BINS + u32_at (view, list + 4 + 8 * i) + 4;

      g_assert_true (kl_view_equals (view, key + 76, names[i], strlen (names[i])));
      g_assert_true (kl_view_equals (view, list + 8 + 8 * i, names[i], 4));
    }
}

static void
test_values_read_by_hivexregedit (void)
{
  const char *const command[] = { "hivexregedit", "--export", "HIVE", "\\values", NULL };
  g_autoptr (GBytes) hive = make_small_hive ();
  g_autofree char *text = run_on (hive, command);

  g_assert_nonnull (strstr (text, "\"number\"=dword:10100002"));
  g_assert_nonnull (strstr (text, "\"inline\"=hex(3):01,02\n"));
  g_assert_nonnull (strstr (text, "\"apart\"=hex(3):01,02,03,04,05\n"));
  g_assert_nonnull (strstr (text, "\"nothing\"=hex(3):\n"));
  g_assert_nonnull (strstr (text, "\"text\"=hex(1):5c,00,70,00,61,00,74,00,68,00,5c,00,e4,00,"
                                  "34,d8,1e,dd,00,00\n"));
  g_assert_nonnull (strstr (text, "\"texts\"=hex(7):6f,00,6e,00,65,00,00,00,7a,00,77,00,65,00,69,"
                                  "00,00,00,00,00\n"));
}

static void
test_keys_read_by_hivexml (void)
{
  const char *const command[] = { "hivexml", "HIVE", NULL };
  g_autoptr (GBytes) hive = make_small_hive ();
  g_autofree char *text = run_on (hive, command);

  g_assert_nonnull (strstr (text, "<node name=\"Root\" root=\"1\">"));
  g_assert_nonnull (strstr (text, "<node name=\"Alpha\""));
  g_assert_nonnull (strstr (text, "<node name=\"_last\""));
}

/* More than one unit of 4096 bytes, and names that are found one by one. */
static void
test_many_keys (void)
{
  const char *const command[] = { "hivexregedit", "--export", "HIVE", "\\", NULL };
  g_autoptr (KlHiveWriter) writer = kl_hive_writer_new ("Root", FILETIME);
  g_autoptr (GBytes) hive = NULL;
  g_autofree char *text = NULL;
  guint i;

  for (i = 0; i < 400; i++)
    {
      g_autofree char *name = g_strdup_printf ("key%u", i);

      kl_hive_key_set_dword (kl_hive_key_add (kl_hive_writer_get_root (writer), name), "v", i);
    }
  hive = kl_hive_writer_to_bytes (writer);
  g_assert_cmpuint (g_bytes_get_size (hive), >, 8 * 4096);
  text = run_on (hive, command);
  for (i = 0; i < 400; i++)
    {
      g_autofree char *part = g_strdup_printf ("[\\key%u]\n\"v\"=dword:%08x\n", i, i);

      g_assert_nonnull (strstr (text, part));
    }
}

static void
test_same_calls_same_bytes (void)
{
  g_autoptr (GBytes) first = make_small_hive ();
  g_autoptr (GBytes) second = make_small_hive ();

  g_assert_true (g_bytes_equal (first, second));
}

static void
test_written_twice (void)
{
  g_autoptr (KlHiveWriter) writer = kl_hive_writer_new ("Root", FILETIME);
  g_autoptr (GBytes) first = NULL;
  g_autoptr (GBytes) second = NULL;

  kl_hive_key_add (kl_hive_writer_get_root (writer), "key");
  first = kl_hive_writer_to_bytes (writer);
  second = kl_hive_writer_to_bytes (writer);
  g_assert_true (g_bytes_equal (first, second));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/hive-writer/base-block-has-the-fields-of-version-1.3", test_base_block);
  g_test_add_func ("/hive-writer/cells-fill-the-bin-without-gap", test_cells_fill_the_bin);
  g_test_add_func ("/hive-writer/root-key-and-security-are-linked", test_root_key);
  g_test_add_func ("/hive-writer/subkeys-are-sorted-by-upper-case-name",
                   test_subkeys_sorted_without_case);
  g_test_add_func ("/hive-writer/values-are-read-by-hivexregedit",
                   test_values_read_by_hivexregedit);
  g_test_add_func ("/hive-writer/keys-are-read-by-hivexml", test_keys_read_by_hivexml);
  g_test_add_func ("/hive-writer/four-hundred-keys-are-found", test_many_keys);
  g_test_add_func ("/hive-writer/same-calls-give-same-bytes", test_same_calls_same_bytes);
  g_test_add_func ("/hive-writer/can-be-written-twice", test_written_twice);
  return g_test_run ();
}
