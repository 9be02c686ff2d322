/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/catalog.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "base/atomic-file.h"
#include "base/error.h"
#include "base/file-io.h"
#include "image/catalog-entry.h"
#include "read-only.h"

#define WIM_TEXT "a WIM, as far as the catalog cares"

typedef struct
{
  char *folder;  /* temporary */
  char *catalog; /* in it */
  GString *log;  /* of items-changed: "(position,removed,added)" each */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->folder = g_dir_make_tmp ("kl-catalog-XXXXXX", NULL);
  g_assert_nonnull (fixture->folder);
  fixture->catalog = g_build_filename (fixture->folder, "catalog", NULL);
  fixture->log = g_string_new (NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  kl_remove_tree (fixture->folder, &error);
  g_assert_no_error (error);
  g_free (fixture->folder);
  g_free (fixture->catalog);
  g_string_free (fixture->log, TRUE);
}

static char *
entry_path (Fixture *fixture, const char *id, const char *file)
{
  return g_build_filename (fixture->catalog, id, file, NULL);
}

static void
put_text (const char *folder, const char *file, const char *text)
{
  g_autofree char *path = g_build_filename (folder, file, NULL);
  g_autoptr (GError) error = NULL;

  kl_replace_file (path, text, strlen (text), &error);
  g_assert_no_error (error);
}

/* An entry as an import leaves it, made whole under a hidden name first. */
static void
add_entry (Fixture *fixture, const char *id, const char *name, const char *more)
{
  g_autofree char *folder = g_build_filename (fixture->catalog, id, NULL);
  g_autofree char *hidden = g_strdup_printf ("%s/.new-%s", fixture->catalog, id);
  g_autofree char *sha256 = kl_sha256_data (WIM_TEXT, strlen (WIM_TEXT));
  g_autofree char *ini = g_strdup_printf (
      "[Image]\nName=%s\nDescription=Described\nArchitecture=x64\nOSVersion=10.0.26100.1\n"
      "Language=en-US\n%s\n"
      "[Source]\nPath=/media/boot.wim\nIndex=2\nImported=2026-01-31T12:00:00Z\nSize=%u\n"
      "CRC32C=%08x\nSHA256=%s\n"
      "[Boot]\nBIOS=true\nBIOSOptical=false\nBIOSOpticalReason=No etfsboot.com.\nUEFI=true\n"
      "UEFIArchitecture=x64\nSigner=2011\nBootManagers=2011;\n",
      name, more, (guint) strlen (WIM_TEXT), kl_crc32c_update (0, WIM_TEXT, strlen (WIM_TEXT)),
      sha256);

  g_assert_cmpint (g_mkdir_with_parents (hidden, 0755), ==, 0);
  put_text (hidden, "source.wim", WIM_TEXT);
  put_text (hidden, "image.ini", ini);
  g_assert_cmpint (g_rename (hidden, folder), ==, 0);
}

static void
log_changes (GListModel *model, guint position, guint removed, guint added, GString *log)
{
  g_string_append_printf (log, "(%u,%u,%u)", position, removed, added);
}

static KlCatalog *
load (Fixture *fixture)
{
  KlCatalog *catalog = kl_catalog_new (fixture->catalog);
  g_autoptr (GError) error = NULL;

  g_signal_connect (catalog, "items-changed", G_CALLBACK (log_changes), fixture->log);
  kl_catalog_load (catalog, &error);
  g_assert_no_error (error);
  return catalog;
}

static KlBootImage *
item (KlCatalog *catalog, guint position)
{
  g_autoptr (KlBootImage) image = g_list_model_get_item (G_LIST_MODEL (catalog), position);

  g_assert_nonnull (image);
  return image; /* The model holds it. */
}

/* Until the log says what is expected; at most @seconds. */
static void
wait_for (Fixture *fixture, const char *expected, double seconds)
{
  gint64 end = g_get_monotonic_time () + (gint64) (seconds * G_USEC_PER_SEC);

  while (strcmp (fixture->log->str, expected) != 0 && g_get_monotonic_time () < end)
    {
      g_main_context_iteration (NULL, FALSE);
      g_usleep (2000);
    }
  g_assert_cmpstr (fixture->log->str, ==, expected);
}

static void
test_load (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlCatalog) catalog = NULL;
  const char *reason = NULL;
  KlBootImage *image;
  g_autofree char *folder = NULL;

  add_entry (fixture, "KDL00002", "Second", "");
  add_entry (fixture, "ABC0000F", "First", "Version=7\nBootManager=2011");
  folder = entry_path (fixture, "notes", NULL);
  g_mkdir (folder, 0755);

  catalog = load (fixture);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (catalog)), ==, 2);
  g_assert_cmpstr (fixture->log->str, ==, "(0,0,2)");
  image = item (catalog, 0);
  g_assert_cmpstr (kl_boot_image_get_id (image), ==, "ABC0000F");
  g_assert_cmpstr (kl_boot_image_get_name (image), ==, "First");
  g_assert_cmpstr (kl_boot_image_get_description (image), ==, "Described");
  g_assert_cmpstr (kl_boot_image_get_version (image), ==, "7");
  g_assert_cmpstr (kl_boot_image_get_os_version (image), ==, "10.0.26100.1");
  g_assert_cmpstr (kl_boot_image_get_architecture (image), ==, "x64");
  g_assert_cmpstr (kl_boot_image_get_language (image), ==, "en-US");
  g_assert_cmpstr (kl_boot_image_get_source_path (image), ==, "/media/boot.wim");
  g_assert_cmpuint (kl_boot_image_get_source_index (image), ==, 2);
  g_assert_cmpint (g_date_time_get_year (kl_boot_image_get_imported (image)), ==, 2026);
  g_assert_cmpuint (kl_boot_image_get_size (image), ==, strlen (WIM_TEXT));
  g_assert_cmpint (kl_boot_image_get_state (image), ==, KL_IMAGE_STATE_NO_STATUS);
  g_assert_null (kl_boot_image_get_error (image));
  g_assert_true (kl_boot_image_can_bios (image, FALSE, NULL));
  g_assert_false (kl_boot_image_can_bios (image, TRUE, &reason));
  g_assert_cmpstr (reason, ==, "No etfsboot.com.");
  g_assert_true (kl_boot_image_can_uefi (image, NULL));
  g_assert_cmpstr (kl_boot_image_get_uefi_architecture (image), ==, "x64");
  g_assert_cmpstr (kl_boot_image_get_signer (image), ==, "2011");
  g_assert_true (kl_boot_image_has_boot_manager (image, KL_BOOT_MANAGER_2011));
  g_assert_false (kl_boot_image_has_boot_manager (image, KL_BOOT_MANAGER_2023));
  g_assert_cmpint (kl_boot_image_get_boot_manager (image), ==, KL_BOOT_MANAGER_2011);
  g_assert_cmpstr (kl_boot_image_get_id (item (catalog, 1)), ==, "KDL00002");
}

static void
test_absent (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlCatalog) catalog = load (fixture);
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (catalog)), ==, 0);
  g_assert_null (kl_catalog_lookup (catalog, "KDL00001", &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_MISSING_PACKAGE);
  g_assert_cmpstr (kl_error_get_detail (error), ==, "KDL00001");

  kl_catalog_watch (catalog);
  add_entry (fixture, "KDL00001", "Late", "");
  wait_for (fixture, "(0,0,1)", 1.5);
}

static void
test_unreadable (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlCatalog) catalog = kl_catalog_new (fixture->catalog);
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_set_contents (fixture->catalog, "a file", -1, NULL));
  g_assert_false (kl_catalog_load (catalog, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, fixture->catalog));
}

static void
keep_result (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

static gboolean
load_without_blocking (KlCatalog *catalog, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  kl_catalog_load_async (catalog, NULL, keep_result, &result);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (catalog)), ==, 0);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  return kl_catalog_load_finish (catalog, result, error);
}

static void
test_load_async (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlCatalog) catalog = kl_catalog_new (fixture->catalog);
  g_autoptr (KlCatalog) broken = kl_catalog_new (fixture->catalog);
  g_autoptr (GError) error = NULL;

  add_entry (fixture, "KDL00001", "First", "");
  add_entry (fixture, "KDL00002", "Second", "");
  g_signal_connect (catalog, "items-changed", G_CALLBACK (log_changes), fixture->log);
  g_assert_true (load_without_blocking (catalog, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (fixture->log->str, ==, "(0,0,2)");

  kl_remove_tree (fixture->catalog, NULL);
  g_assert_true (g_file_set_contents (fixture->catalog, "a file", -1, NULL));
  g_assert_false (load_without_blocking (broken, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, fixture->catalog));
}

static void
test_broken (Fixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *id;
    const char *ini; /* NULL: none at all */
    const char *message;
  } cases[] = {
    { "KDL00010", NULL, "No such file" },
    { "KDL00011", "", "has 0 bytes" },
    { "KDL00012", "\xff\xfe not a key file", "no key file" },
    { "KDL00013", "[Image]\nName=Half\n", "Size in [Source]" },
    { "KDL00014", "[Image]\n[Source]\nSize=-1\n", "Size in [Source]" },
    { "KDL00015", "[Image]\n[Source]\nSize=5\nCRC32C=xyz\n", "CRC32C in [Source]" },
    { "KDL00016", "[Image]\n[Source]\nSize=5\nCRC32C=1f\nSHA256=../..\n", "SHA256 in [Source]" },
    { "KDL00017", "[Image]\n[Source]\nSize=5\n[BootWIM]\nSize=99999999999999999999\n",
      "Size in [BootWIM]" },
  };
  g_autoptr (KlCatalog) catalog = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *huge_folder = NULL;
  g_autofree char *huge = NULL;

  add_entry (fixture, "KDL00001", "Good", "");
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *folder = entry_path (fixture, cases[i].id, NULL);

      g_assert_cmpint (g_mkdir (folder, 0755), ==, 0);
      if (cases[i].ini != NULL)
        put_text (folder, "image.ini", cases[i].ini);
    }
  huge_folder = entry_path (fixture, "KDL00018", NULL);
  g_mkdir (huge_folder, 0755);
  huge = g_strnfill (2 << 20, '#');
  put_text (huge_folder, "image.ini", huge);

  catalog = load (fixture);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (catalog)), ==,
                    G_N_ELEMENTS (cases) + 2);
  g_assert_null (kl_boot_image_get_error (item (catalog, 0)));
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      KlBootImage *image = item (catalog, i + 1);
      const GError *why = kl_boot_image_get_error (image);

      g_assert_cmpstr (kl_boot_image_get_id (image), ==, cases[i].id);
      g_assert_error (why, KL_ERROR, KL_ERROR_IMAGE_BROKEN);
      if (strstr (why->message, cases[i].message) == NULL)
        g_error ("%s: %s", cases[i].id, why->message);
      g_assert_cmpint (kl_boot_image_get_state (image), ==, KL_IMAGE_STATE_ERROR);
      g_assert_cmpstr (kl_boot_image_get_name (image), ==, "");
    }

  g_assert_null (kl_catalog_lookup (catalog, "KDL00012", &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_IMAGE_BROKEN);
  g_clear_error (&error);
  g_assert_true (kl_catalog_remove (catalog, "KDL00010", &error));
  g_assert_no_error (error);
}

static void
test_hostile_values (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlCatalog) catalog = NULL;
  g_autofree char *longest = g_strnfill (100000, 'x');
  KlBootImage *image;

  add_entry (fixture, "KDL00001", "\xff\xfe\x1b[31m red", "");
  add_entry (fixture, "KDL00002", longest, "");
  catalog = load (fixture);
  image = item (catalog, 0);
  g_assert_null (kl_boot_image_get_error (image));
  g_assert_true (g_utf8_validate (kl_boot_image_get_name (image), -1, NULL));
  g_assert_null (strchr (kl_boot_image_get_name (image), '\x1b'));
  g_assert_nonnull (strstr (kl_boot_image_get_name (image), "[31m red"));
  g_assert_cmpuint (strlen (kl_boot_image_get_name (item (catalog, 1))), ==, 256);
}

static void
test_state (Fixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *ini;
    KlImageState state;
  } cases[] = {
    { "[Status]\nContextID=c\nStatus=0\n", KL_IMAGE_STATE_COMPLETE },
    /* Nobody holds the lock: whoever worked on it has died. */
    { "[Status]\nContextID=c\nStatus=1\n", KL_IMAGE_STATE_ERROR },
    { "[Status]\nContextID=c\nStatus=2\n", KL_IMAGE_STATE_ERROR },
    { "[Status]\nContextID=c\nStatus=3\n", KL_IMAGE_STATE_NO_STATUS },
    { "[Status]\nContextID=c\nStatus=9\n", KL_IMAGE_STATE_ERROR },
    { "[Status]\nContextID=old\nStatus=0\n", KL_IMAGE_STATE_NO_STATUS },
    { "\xff", KL_IMAGE_STATE_ERROR },
  };
  g_autofree char *folder = entry_path (fixture, "KDL00001", NULL);
  g_autoptr (KlEntryLock) lock = NULL;
  g_autoptr (KlBootImage) worked_on = NULL;
  g_autoptr (GError) lock_error = NULL;

  add_entry (fixture, "KDL00001", "Prepared", "ContextID=c");
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (KlBootImage) image = NULL;
      g_autoptr (GError) error = NULL;

      put_text (folder, "status.ini", cases[i].ini);
      image = kl_boot_image_load (folder, &error);
      g_assert_no_error (error);
      g_assert_cmpint (kl_boot_image_get_state (image), ==, cases[i].state);
    }

  put_text (folder, "status.ini", cases[1].ini);
  lock = kl_entry_lock_new (folder, "KDL00001", TRUE, &lock_error);
  g_assert_no_error (lock_error);
  g_assert_true (kl_entry_lock_is_held (folder));
  worked_on = kl_boot_image_load (folder, NULL);
  g_assert_cmpint (kl_boot_image_get_state (worked_on), ==, KL_IMAGE_STATE_IN_PROGRESS);
  g_assert_cmpstr (kl_image_state_to_string (KL_IMAGE_STATE_IN_PROGRESS), ==, "in-progress");
  g_assert_cmpstr (kl_image_state_to_string (KL_IMAGE_STATE_STALE), ==, "stale");
}

static void
test_check (Fixture *fixture, gconstpointer data)
{
  g_autofree char *folder = entry_path (fixture, "KDL00001", NULL);
  g_autofree char *wim = entry_path (fixture, "KDL00001", "source.wim");
  g_autofree char *other = g_strdup (WIM_TEXT);
  g_autoptr (KlBootImage) image = NULL;
  g_autoptr (KlBootImage) gone = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  add_entry (fixture, "KDL00001", "Checked", "");
  image = kl_boot_image_load (folder, &error);
  g_assert_no_error (error);
  g_assert_true (kl_boot_image_check (image, NULL, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (kl_boot_image_check_sha256 (image, NULL, NULL, &error));
  g_assert_no_error (error);

  g_cancellable_cancel (cancellable);
  g_assert_false (kl_boot_image_check (image, NULL, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);

  other[3] ^= 1;
  g_assert_true (g_file_set_contents (wim, other, -1, NULL));
  g_assert_false (kl_boot_image_check (image, NULL, NULL, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_MISSING_PACKAGE);
  g_assert_cmpstr (kl_error_get_detail (error), ==, "KDL00001");
  g_assert_nonnull (strstr (error->message, "CRC-32C"));
  g_clear_error (&error);
  g_assert_false (kl_boot_image_check_sha256 (image, NULL, NULL, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_MISSING_PACKAGE);
  g_assert_nonnull (strstr (error->message, "SHA-256"));
  g_clear_error (&error);

  g_assert_true (g_file_set_contents (wim, "short", -1, NULL));
  g_assert_false (kl_boot_image_check (image, NULL, NULL, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_MISSING_PACKAGE);
  g_assert_nonnull (strstr (error->message, "has 5 bytes; 34 are recorded"));
  g_clear_error (&error);

  g_unlink (wim);
  g_assert_false (kl_boot_image_check (image, NULL, NULL, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_MISSING_PACKAGE);
  g_assert_nonnull (strstr (error->message, "is gone"));
  g_clear_error (&error);

  gone = kl_boot_image_load (folder, &error);
  g_assert_no_error (error);
  g_assert_cmpint (kl_boot_image_get_state (gone), ==, KL_IMAGE_STATE_ERROR);
  g_assert_error (kl_boot_image_get_error (gone), KL_ERROR, KL_ERROR_MISSING_PACKAGE);
}

static void
test_set (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlCatalog) catalog = NULL;
  g_autoptr (KlBootImage) image = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *path = entry_path (fixture, "KDL00001", "image.ini");
  g_autofree char *ini = NULL;
  g_autofree char *longest = g_strnfill (257, 'n');
  const char *const wrong[][2]
      = { { "name", "" },        { "name", "a\nb" },         { "name", "\xff" },
          { "name", longest },   { "boot-manager", "2019" }, { "boot-manager", "2023" },
          { "colour", "green" }, { "description", "a\x7f" } };

  add_entry (fixture, "KDL00001", "Old", "FutureKey=kept");
  catalog = load (fixture);
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_assert_false (kl_catalog_set (catalog, "KDL00001", wrong[i][0], wrong[i][1], &error));
      g_assert_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT);
      if (strcmp (wrong[i][1], "2023") == 0)
        g_assert_nonnull (strstr (error->message, "bootmgfw_EX.efi"));
      g_clear_error (&error);
    }

  g_assert_true (kl_catalog_set (catalog, "KDL00001", "name", "Näme; new", &error));
  g_assert_no_error (error);
  g_assert_true (kl_catalog_set (catalog, "KDL00001", "version", "1.2", &error));
  g_assert_true (kl_catalog_set (catalog, "KDL00001", "boot-manager", "2011", &error));
  g_assert_true (kl_catalog_set (catalog, "KDL00001", "description", "", &error));
  image = kl_catalog_lookup (catalog, "KDL00001", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (kl_boot_image_get_name (image), ==, "Näme; new");
  g_assert_cmpstr (kl_boot_image_get_version (image), ==, "1.2");
  g_assert_cmpstr (kl_boot_image_get_description (image), ==, "");
  g_assert_cmpint (kl_boot_image_get_boot_manager (image), ==, KL_BOOT_MANAGER_2011);
  g_assert_true (g_file_get_contents (path, &ini, NULL, NULL));
  g_assert_nonnull (strstr (ini, "FutureKey=kept"));

  g_assert_false (kl_catalog_set (catalog, "KDL00002", "name", "x", &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_MISSING_PACKAGE);
}

static void
end_process (pid_t child)
{
  int status = 0;

  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_cmpint (status, ==, 0);
}

/* Async-signal-safe calls only: the parent has threads. */
static void
hold_lock (Fixture *fixture, int pipe_end)
{
  struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
  char path[4096];
  char byte = 'x';
  int fd;

  snprintf (path, sizeof path, "%s/KDL00001/.lock", fixture->catalog);
  fd = open (path, O_RDWR | O_CREAT, 0600);
  if (fd < 0 || fcntl (fd, F_OFD_SETLK, &lock) != 0 || write (pipe_end, &byte, 1) != 1)
    _exit (1);
  /* Until the parent closes its end. */
  if (read (pipe_end, &byte, 1) < 0)
    _exit (2);
}

static void
test_busy (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlCatalog) catalog = NULL;
  g_autoptr (KlBootImage) image = NULL;
  g_autoptr (GError) error = NULL;
  int ends[2];
  char byte;
  pid_t child;

  add_entry (fixture, "KDL00001", "Busy", "");
  catalog = load (fixture);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
  child = fork ();
  if (child == 0)
    {
      close (ends[0]);
      hold_lock (fixture, ends[1]);
      _exit (0);
    }
  close (ends[1]);
  g_assert_cmpint (read (ends[0], &byte, 1), ==, 1);

  g_assert_false (kl_catalog_set (catalog, "KDL00001", "name", "x", &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_BUSY);
  g_assert_nonnull (strstr (error->message, "KDL00001"));
  g_clear_error (&error);
  g_assert_false (kl_catalog_remove (catalog, "KDL00001", &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_BUSY);
  g_clear_error (&error);
  image = kl_catalog_lookup (catalog, "KDL00001", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (kl_boot_image_get_name (image), ==, "Busy");

  close (ends[0]);
  end_process (child);
  g_assert_true (kl_catalog_set (catalog, "KDL00001", "name", "Free", &error));
  g_assert_no_error (error);
}

static void
test_remove (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlCatalog) catalog = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = NULL;

  add_entry (fixture, "KDL00001", "Gone soon", "");
  catalog = load (fixture);
  g_assert_true (kl_catalog_remove (catalog, "KDL00001", &error));
  g_assert_no_error (error);
  dir = g_dir_open (fixture->catalog, 0, NULL);
  g_assert_null (g_dir_read_name (dir));
  g_assert_false (kl_catalog_remove (catalog, "KDL00001", &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_MISSING_PACKAGE);
  g_clear_error (&error);
  g_assert_false (kl_catalog_remove (catalog, "../catalog", &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_MISSING_PACKAGE);
}

static void
test_export (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlCatalog) catalog = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *target = g_build_filename (fixture->folder, "out.wim", NULL);
  g_autofree char *inside = entry_path (fixture, "KDL00001", "copy.wim");
  g_autofree char *wim = entry_path (fixture, "KDL00001", "source.wim");
  g_autofree char *damaged = g_strdup (WIM_TEXT);
  g_autofree char *text = NULL;

  add_entry (fixture, "KDL00001", "Exported", "");
  catalog = load (fixture);
  g_assert_true (kl_catalog_export (catalog, "KDL00001", target, NULL, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (g_file_get_contents (target, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, WIM_TEXT);

  g_assert_false (kl_catalog_export (catalog, "KDL00001", fixture->folder, NULL, NULL, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "is a folder"));
  g_clear_error (&error);
  g_assert_false (kl_catalog_export (catalog, "KDL00001", "/dev/null", NULL, NULL, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_false (kl_catalog_export (catalog, "KDL00001", inside, NULL, NULL, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "inside the catalog"));
  g_clear_error (&error);

  /* Same size, other bytes: found while copying, and the old target stays. */
  damaged[0] ^= 1;
  g_assert_true (g_file_set_contents (wim, damaged, -1, NULL));
  g_assert_true (g_file_set_contents (target, "old", -1, NULL));
  g_assert_false (kl_catalog_export (catalog, "KDL00001", target, NULL, NULL, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_MISSING_PACKAGE);
  g_clear_pointer (&text, g_free);
  g_assert_true (g_file_get_contents (target, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "old");
}

static void
change_from_outside (Fixture *fixture, const char *command)
{
  g_autoptr (GError) error = NULL;
  char *args[] = { (char *) "sh", (char *) "-c", (char *) command, NULL };
  int status = 0;

  g_spawn_sync (fixture->catalog, args, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, &status,
                &error);
  g_assert_no_error (error);
  g_assert_cmpint (status, ==, 0);
}

static void
test_watch (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlCatalog) catalog = NULL;
  KlBootImage *untouched;

  add_entry (fixture, "KDL00001", "One", "");
  add_entry (fixture, "KDL00002", "Two", "");
  add_entry (fixture, "KDL00003", "Three", "");
  catalog = load (fixture);
  kl_catalog_watch (catalog);
  untouched = item (catalog, 0);
  g_string_truncate (fixture->log, 0);

  /* Another process changes, adds and removes one; each time exactly that item changes. */
  change_from_outside (fixture, "sed s/Two/Zwei/ KDL00002/image.ini >KDL00002/.x && "
                                "mv KDL00002/.x KDL00002/image.ini");
  wait_for (fixture, "(1,1,1)", 1.5);
  g_assert_cmpstr (kl_boot_image_get_name (item (catalog, 1)), ==, "Zwei");
  g_assert_true (item (catalog, 0) == untouched);

  change_from_outside (fixture, "cp -r KDL00001 .tmp && mv .tmp AAA00000");
  wait_for (fixture, "(1,1,1)(0,0,1)", 1.5);

  change_from_outside (fixture, "mv KDL00002 .gone");
  wait_for (fixture, "(1,1,1)(0,0,1)(2,1,0)", 1.5);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (catalog)), ==, 3);

  change_from_outside (fixture, "printf '[Status]\\nContextID=\\nStatus=1\\n' >KDL00003/.s && "
                                "mv KDL00003/.s KDL00003/status.ini");
  wait_for (fixture, "(1,1,1)(0,0,1)(2,1,0)(2,1,1)", 1.5);
  g_assert_cmpint (kl_boot_image_get_state (item (catalog, 2)), ==, KL_IMAGE_STATE_ERROR);

  /* The lock file changes the folder, and not the image. */
  change_from_outside (fixture, "touch KDL00003/.lock");
  for (int i = 0; i < 1200; i++)
    {
      g_main_context_iteration (NULL, FALSE);
      g_usleep (1000);
    }
  g_assert_cmpstr (fixture->log->str, ==, "(1,1,1)(0,0,1)(2,1,0)(2,1,1)");
}

/* As on a file system whose times have steps of two seconds. */
static void
test_same_time (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlCatalog) catalog = NULL;

  add_entry (fixture, "KDL00001", "Before", "");
  catalog = load (fixture);
  kl_catalog_watch (catalog);
  g_string_truncate (fixture->log, 0);
  change_from_outside (fixture, "touch -r KDL00001 .time && "
                                "sed s/Before/After/ KDL00001/image.ini >KDL00001/.x && "
                                "mv KDL00001/.x KDL00001/image.ini && touch -r .time KDL00001");
  wait_for (fixture, "(0,1,1)", 1.5);
  g_assert_cmpstr (kl_boot_image_get_name (item (catalog, 0)), ==, "After");
}

static void
test_release (Fixture *fixture, gconstpointer data)
{
  KlCatalog *catalog = load (fixture);
  gpointer weak = catalog;

  g_object_add_weak_pointer (G_OBJECT (catalog), &weak);
  kl_catalog_watch (catalog);
  add_entry (fixture, "KDL00001", "One", "");
  g_usleep (50000);
  g_object_unref (catalog);
  g_assert_null (weak);
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
test_thousand (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlCatalog) catalog = NULL;
  double seconds = G_MAXDOUBLE;

  for (int i = 0; i < 1000; i++)
    {
      g_autofree char *id = g_strdup_printf ("KDL%05X", i);
      g_autofree char *folder = g_build_filename (fixture->catalog, id, NULL);
      g_autofree char *ini = g_build_filename (folder, "image.ini", NULL);
      g_autofree char *wim = g_build_filename (folder, "source.wim", NULL);

      if (i == 0)
        add_entry (fixture, id, "Many", "");
      else
        {
          g_autofree char *first_ini = entry_path (fixture, "KDL00000", "image.ini");
          g_autofree char *first_wim = entry_path (fixture, "KDL00000", "source.wim");

          g_mkdir (folder, 0755);
          g_assert_cmpint (link (first_ini, ini), ==, 0);
          g_assert_cmpint (link (first_wim, wim), ==, 0);
        }
    }

  catalog = load (fixture);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (catalog)), ==, 1000);
  g_assert_cmpstr (fixture->log->str, ==, "(0,0,1000)");

  /* The best of five: the machine may have other things to do as well. */
  for (int i = 0; i < 5; i++)
    {
      g_autoptr (KlCatalog) again = kl_catalog_new (fixture->catalog);

      g_test_timer_start ();
      g_assert_true (kl_catalog_load (again, NULL));
      seconds = MIN (seconds, g_test_timer_elapsed ());
    }
  g_test_minimized_result (seconds, "1,000 entries in %.3f s", seconds);
  g_assert_cmpfloat (seconds, <, g_getenv ("ASAN_OPTIONS") != NULL ? 5 : 0.3);
}

static void
test_read_only (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlCatalog) catalog = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *entry = entry_path (fixture, "KDL00001", NULL);
  ReadOnly whole, inside;
  int expected;

  add_entry (fixture, "KDL00001", "Fixed", "");
  catalog = load (fixture);
  read_only_begin (&inside, entry);
  expected = read_only_begin (&whole, fixture->catalog);

  kl_catalog_set (catalog, "KDL00001", "name", "x", &error);
  g_test_message ("%s", error->message);
  g_assert_error (error, KL_ERROR, expected);
  g_assert_nonnull (strstr (error->message, "choose another catalog folder"));
  g_clear_error (&error);
  kl_catalog_remove (catalog, "KDL00001", &error);
  g_assert_error (error, KL_ERROR, expected);
  g_clear_error (&error);
  g_assert_true (kl_catalog_load (catalog, &error));

  read_only_end (&whole);
  read_only_end (&inside);
}

static void
test_ids (void)
{
  static const char *const right[] = { "KDL00001", "A1B0F00F", "123ABCDE", "ZZZFFFFF" };
  static const char *const wrong[]
      = { "",         "KDL0001",  "KDL000001", "kdl00001", "KDL0000g", "KDL0000G",
          "KD/00001", "../00001", "KDLABCDH",  ".DL00001", "KDL0000a", "KÄL00001" };

  for (guint i = 0; i < G_N_ELEMENTS (right); i++)
    g_assert_true (kl_catalog_is_valid_id (right[i]));
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    g_assert_false (kl_catalog_is_valid_id (wrong[i]));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define TEST(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)
  g_test_add_func ("/catalog/id-has-site-code-and-number", test_ids);
  TEST ("/catalog/load-in-a-thread-fills-in-one-go", test_load_async);
  TEST ("/catalog/entries-are-read-from-their-records", test_load);
  TEST ("/catalog/absent-folder-is-empty-and-may-come", test_absent);
  TEST ("/catalog/unreadable-folder-is-an-error", test_unreadable);
  TEST ("/catalog/broken-entries-are-listed-with-their-error", test_broken);
  TEST ("/catalog/hostile-values-are-bounded", test_hostile_values);
  TEST ("/catalog/state-comes-from-the-status-file", test_state);
  TEST ("/catalog/check-compares-with-the-record", test_check);
  TEST ("/catalog/set-takes-what-can-be", test_set);
  TEST ("/catalog/second-process-finds-it-busy", test_busy);
  TEST ("/catalog/remove-leaves-nothing", test_remove);
  TEST ("/catalog/export-is-compared-and-atomic", test_export);
  TEST ("/catalog/watch-shows-what-others-do", test_watch);
  TEST ("/catalog/watch-sees-changes-of-the-same-time", test_same_time);
  TEST ("/catalog/watch-ends-with-the-catalog", test_release);
  TEST ("/catalog/thousand-entries-without-a-pause", test_thousand);
  TEST ("/catalog/read-only-catalog-says-so", test_read_only);
  return g_test_run ();
}
