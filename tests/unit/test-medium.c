/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "media/medium.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "base/error.h"
#include "base/file-io.h"
#include "import/import.h"
#include "iso/iso-writer.h"
#include "sink/file-sink.h"

/* Made once: a medium as an ISO file and as a folder, and what its layout said. */
static char *work;
static char *good_iso;
static char *good_folder;
static guint64 wim_offset; /* bytes, in good_iso */
static guint64 n_files;
static guint64 n_bytes;
static char *signer;

static void
run (const char *format, ...)
{
  g_autofree char *command = NULL;
  g_autofree char *errors = NULL;
  g_autofree char *output = NULL;
  char *argv[] = { (char *) "sh", (char *) "-ec", NULL, NULL };
  g_autoptr (GError) error = NULL;
  int status = -1;
  va_list args;

  va_start (args, format);
  argv[2] = command = g_strdup_vprintf (format, args);
  va_end (args);
  g_spawn_sync (NULL, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &output, &errors, &status,
                &error);
  g_assert_no_error (error);
  if (!g_spawn_check_wait_status (status, &error))
    g_error ("%s: %s%s", command, output, errors);
}

typedef struct
{
  char *folder;
  char *iso;  /* a copy of the good one */
  char *tree; /* the same */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->folder = g_dir_make_tmp ("kl-medium-XXXXXX", NULL);
  fixture->iso = g_build_filename (fixture->folder, "a.iso", NULL);
  fixture->tree = g_build_filename (fixture->folder, "tree", NULL);
  run ("cp '%s' '%s'; cp -r '%s' '%s'; chmod -R u+w '%s'", good_iso, fixture->iso, good_folder,
       fixture->tree, fixture->tree);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_assert_true (kl_remove_tree (fixture->folder, NULL));
  g_free (fixture->folder);
  g_free (fixture->iso);
  g_free (fixture->tree);
}

static KlMedium *
open_medium (const char *path)
{
  g_autoptr (GError) error = NULL;
  KlMedium *medium = kl_medium_open (path, &error);

  g_assert_no_error (error);
  return medium;
}

/* Checks a medium that must have exactly one difference. */
static void
assert_one_difference (const char *path, const char *file, const char *problem)
{
  g_autoptr (KlMedium) medium = open_medium (path);
  g_autoptr (GError) error = NULL;
  g_autoptr (KlMediumCheck) check = kl_medium_check (medium, NULL, NULL, &error);
  const KlMediumDifference *difference;

  g_assert_no_error (error);
  g_assert_cmpuint (check->files, ==, n_files);
  for (guint i = 0; i < check->differences->len; i++)
    {
      difference = g_ptr_array_index (check->differences, i);
      g_test_message ("%s: %s", difference->path, difference->problem);
    }
  g_assert_cmpuint (check->differences->len, ==, 1);
  difference = g_ptr_array_index (check->differences, 0);
  g_assert_cmpstr (difference->path, ==, file);
  g_assert_nonnull (strstr (difference->problem, problem));
}

static void
assert_good (const char *path)
{
  g_autoptr (KlMedium) medium = open_medium (path);
  g_autofree char *uefi = kl_medium_dup_uefi (medium);
  g_autofree char *signed_by = kl_medium_dup_signer (medium);
  g_autoptr (GError) error = NULL;
  g_autoptr (KlMediumCheck) check = kl_medium_check (medium, NULL, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (check->differences->len, ==, 0);
  g_assert_cmpuint (check->files, ==, n_files);
  g_assert_cmpuint (check->bytes, ==, n_bytes);
  g_assert_true (kl_medium_has_bios (medium));
  g_assert_cmpstr (uefi, ==, "x64");
  g_assert_cmpstr (signed_by, ==, signer);
  g_assert_cmpstr (kl_medium_get_label (medium), ==, "Probe 7");
  g_assert_cmpstr (kl_medium_get_manifest (medium, NULL)->image_id, ==, "TST00001");
}

static void
test_good_iso (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlMedium) medium = open_medium (fixture->iso);

  g_assert_cmpstr (kl_medium_get_kind (medium), ==, "ISO 9660");
  assert_good (fixture->iso);
}

static void
test_good_folder (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlMedium) medium = NULL;

  run ("cd '%s'; mv bootmgr BOOTMGR; echo mine >mine.txt; mkdir more; echo too >more/too", //
       fixture->tree);
  medium = open_medium (fixture->tree);
  g_assert_cmpstr (kl_medium_get_kind (medium), ==, "folder");
  assert_good (fixture->tree);
}

/* What cannot be seen is told apart from what is not there. */
static void
test_closed_folder (Fixture *fixture, gconstpointer data)
{
  g_autofree char *boot = g_build_filename (fixture->tree, "Boot", NULL);
  g_autoptr (KlMedium) medium = NULL;
  g_autoptr (KlMediumCheck) check = NULL;
  g_autoptr (GError) error = NULL;
  const gboolean root = geteuid () == 0;
  guint n_closed = 0;

  run ("chmod -R a+rX '%s' && chmod 0 '%s'", fixture->folder, boot);
  /* Permission bits do not bind root. */
  if (root)
    g_assert_cmpint (seteuid (65534), ==, 0);
  medium = kl_medium_open (fixture->tree, &error);
  if (medium != NULL)
    check = kl_medium_check (medium, NULL, NULL, &error);
  if (root)
    g_assert_cmpint (seteuid (0), ==, 0);
  run ("chmod 0755 '%s'", boot);

  g_assert_no_error (error);
  g_assert_cmpuint (kl_medium_get_unreadable (medium)->len, ==, 1);
  g_assert_cmpstr (kl_medium_get_unreadable (medium)->pdata[0], ==, "/Boot");
  for (guint i = 0; i < check->differences->len; i++)
    {
      const KlMediumDifference *difference = check->differences->pdata[i];

      g_assert_true (g_str_has_prefix (difference->path, "/Boot/"));
      g_assert_nonnull (strstr (difference->problem, "no permission for the folder /Boot"));
      n_closed++;
    }
  g_assert_cmpuint (n_closed, >, 0);
}

static void
flip_byte (const char *path, guint64 offset)
{
  g_autofd int fd = open (path, O_RDWR | O_CLOEXEC);
  guint8 byte = 0;

  g_assert_cmpint (pread (fd, &byte, 1, (off_t) offset), ==, 1);
  byte ^= 1;
  g_assert_cmpint (pwrite (fd, &byte, 1, (off_t) offset), ==, 1);
}

static void
test_flipped_byte (Fixture *fixture, gconstpointer data)
{
  flip_byte (fixture->iso, wim_offset + 5000);
  assert_one_difference (fixture->iso, "/sources/boot.wim", "content differs");
}

static void
test_truncated (Fixture *fixture, gconstpointer data)
{
  g_assert_cmpint (truncate (fixture->iso, (off_t) wim_offset + 100000), ==, 0);
  assert_one_difference (fixture->iso, "/sources/boot.wim", "cannot be read: ");
}

static void
test_missing (Fixture *fixture, gconstpointer data)
{
  run ("rm '%s/bootmgr'", fixture->tree);
  assert_one_difference (fixture->tree, "/bootmgr", "missing");
}

static void
test_wrong_size (Fixture *fixture, gconstpointer data)
{
  run ("printf x >>'%s/MediaLabel.txt'", fixture->tree);
  assert_one_difference (fixture->tree, "/MediaLabel.txt", " bytes, should be ");
}

static void
test_changed_in_folder (Fixture *fixture, gconstpointer data)
{
  g_autofree char *wim = g_build_filename (fixture->tree, "sources", "boot.wim", NULL);

  flip_byte (wim, 7000);
  assert_one_difference (fixture->tree, "/sources/boot.wim", "content differs");
}

/* The same files and one more, in an ISO file of somebody else's making, which nothing boots. */
static void
test_stranger (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlMedium) medium = NULL;

  run ("echo mine >'%s/mine.txt'; genisoimage -quiet -iso-level 3 -J -V STRANGE -o '%s' '%s'",
       fixture->tree, fixture->iso, fixture->tree);
  assert_one_difference (fixture->iso, "/mine.txt", "not in the manifest");
  medium = open_medium (fixture->iso);
  g_assert_false (kl_medium_has_bios (medium));
  g_assert_null (kl_medium_dup_uefi (medium));
}

static void
test_foreign (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlMedium) medium = NULL;
  g_autoptr (KlMediumCheck) check = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) again = NULL;

  run ("mkdir '%s/f'; echo hello >'%s/f/hello'; "
       "genisoimage -quiet -J -V FOREIGN -o '%s' '%s/f'",
       fixture->folder, fixture->folder, fixture->iso, fixture->folder);
  medium = open_medium (fixture->iso);
  g_assert_null (kl_medium_get_manifest (medium, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_NO_MANIFEST);
  g_assert_nonnull (strstr (error->message, fixture->iso));
  check = kl_medium_check (medium, NULL, NULL, &again);
  g_assert_null (check);
  g_assert_error (again, KL_ERROR, KL_ERROR_NO_MANIFEST);
  g_assert_cmpstr (kl_medium_get_label (medium), ==, "FOREIGN");
  g_assert_false (kl_medium_has_bios (medium));
  g_assert_null (kl_medium_dup_uefi (medium));
  g_assert_null (kl_medium_dup_signer (medium));
}

static void
test_broken_manifest (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlMedium) medium = NULL;
  g_autoptr (GError) error = NULL;

  run ("echo nonsense >'%s/kindling.manifest'", fixture->tree);
  medium = open_medium (fixture->tree);
  g_assert_null (kl_medium_get_manifest (medium, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_FORMAT);
  g_assert_nonnull (strstr (error->message, fixture->tree));
}

/* Facts come from the files and not from the manifest. */
static void
test_judged_by_content (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlMedium) medium = NULL;

  run ("cd '%s'; rm Boot/BCD; echo nonsense >EFI/BOOT/BOOTX64.EFI; printf 'label=a\\001b' "
       ">MediaLabel.txt",
       fixture->tree);
  medium = open_medium (fixture->tree);
  g_assert_true (kl_medium_get_manifest (medium, NULL)->bios);
  g_assert_false (kl_medium_has_bios (medium));
  g_assert_null (kl_medium_dup_uefi (medium));
  g_assert_cmpstr (kl_medium_get_label (medium), ==, "");
}

static void
test_not_a_medium (Fixture *fixture, gconstpointer data)
{
  g_autofree char *text = g_build_filename (fixture->tree, "MediaLabel.txt", NULL);
  g_autofree char *absent = g_build_filename (fixture->tree, "absent", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) missing = NULL;

  g_assert_null (kl_medium_open (text, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_FORMAT);
  g_assert_null (kl_medium_open (absent, &missing));
  g_assert_error (missing, KL_ERROR, KL_ERROR_NOT_FOUND);
}

typedef struct
{
  GCancellable *cancellable;
  guint64 limit;
  guint64 bytes;
} Seen;

static void
note_report (const KlProgressReport *report, gpointer user_data)
{
  Seen *seen = user_data;

  seen->bytes = report->bytes;
  if (report->bytes >= seen->limit)
    g_cancellable_cancel (seen->cancellable);
}

static void
test_progress_and_cancel (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Seen seen = { cancellable, G_MAXUINT64, 0 };
  g_autoptr (KlProgress) progress = kl_progress_new (note_report, &seen);
  g_autoptr (KlMedium) medium = open_medium (fixture->iso);
  g_autoptr (KlMediumCheck) check = NULL;
  g_autoptr (GError) error = NULL;

  check = kl_medium_check (medium, kl_progress_add_step (progress, 1, NULL), cancellable, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (seen.bytes, ==, n_bytes);
  g_clear_pointer (&check, kl_medium_check_free);

  seen.limit = n_bytes / 2;
  check = kl_medium_check (medium, kl_progress_add_step (progress, 1, NULL), cancellable, &error);
  g_assert_null (check);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
write_iso (KlMediaLayout *layout)
{
  g_autoptr (KlMediaWriter) writer = kl_iso_writer_new (layout);
  g_autoptr (GError) error = NULL;
  g_autoptr (KlSink) sink = kl_file_sink_new (good_iso, &error);
  GPtrArray *regions;

  if (!kl_media_writer_write (writer, sink, NULL, NULL, &error)
      || !kl_sink_flush (sink, NULL, NULL, &error) || !kl_sink_commit (sink, &error))
    g_error ("%s", error->message);

  regions = kl_media_writer_get_regions (writer);
  for (guint i = 0; i < regions->len; i++)
    {
      const KlRegion *region = g_ptr_array_index (regions, i);

      if (g_strcmp0 (region->name, "/sources/boot.wim") == 0)
        wim_offset = region->offset;
    }
  g_assert_cmpuint (wim_offset, >, 0);
}

static void
make_media (void)
{
  const KlLayoutOptions options = { .type = KL_MEDIA_TYPE_CD, .label = "Probe 7" };
  KlImportOptions import = { .id = "TST00001" };
  g_autofree char *wim = NULL;
  g_autofree char *folder = NULL;
  g_autoptr (KlCatalog) catalog = NULL;
  g_autoptr (KlBootImage) image = NULL;
  g_autoptr (KlMediaLayout) layout = NULL;
  g_autoptr (GError) error = NULL;

  work = g_dir_make_tmp ("kl-media-XXXXXX", NULL);
  good_iso = g_build_filename (work, "good.iso", NULL);
  good_folder = g_build_filename (work, "good", NULL);
  folder = g_build_filename (work, "catalog", NULL);
  import.path = wim = g_build_filename (work, "boot.wim", NULL);
  run ("cd '%s'; mkdir catalog; cp '%s' boot.wim; chmod u+w boot.wim; "
       "head -c 4000000 /dev/urandom >noise; "
       "wimlib-imagex update boot.wim 1 --command='add noise /noise.bin'",
       work, g_getenv ("KL_SAMPLE_WIM"));

  catalog = kl_catalog_new (folder);
  image = kl_catalog_import (catalog, &import, NULL, NULL, &error);
  g_assert_no_error (error);
  layout = kl_media_layout_new (image, &options, &error);
  g_assert_no_error (error);
  write_iso (layout);
  run ("7z x -tiso -y '-o%s' '%s'; rm -rf '%s/[BOOT]'", good_folder, good_iso, good_folder);

  n_files = kl_media_layout_get_n_items (layout) - 1;
  n_bytes = kl_media_layout_get_content_bytes (layout)
            - kl_media_layout_find (layout, KL_MANIFEST_PATH)->size;
  signer = g_strdup (kl_media_layout_get_signer (layout));
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  make_media ();
#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)
  ADD ("/medium/a-good-iso-file-has-no-difference", test_good_iso);
  ADD ("/medium/a-good-folder-may-hold-more", test_good_folder);
  ADD ("/medium/a-closed-folder-is-left-out", test_closed_folder);
  ADD ("/medium/a-flipped-byte-is-found", test_flipped_byte);
  ADD ("/medium/a-truncated-iso-file-is-found", test_truncated);
  ADD ("/medium/a-missing-file-is-found", test_missing);
  ADD ("/medium/a-wrong-size-is-found", test_wrong_size);
  ADD ("/medium/changed-content-in-a-folder-is-found", test_changed_in_folder);
  ADD ("/medium/a-file-too-many-in-an-iso-file-is-found", test_stranger);
  ADD ("/medium/a-medium-of-others-has-no-manifest", test_foreign);
  ADD ("/medium/a-broken-manifest-is-told-from-none", test_broken_manifest);
  ADD ("/medium/firmware-is-judged-by-what-is-there", test_judged_by_content);
  ADD ("/medium/other-files-are-no-media", test_not_a_medium);
  ADD ("/medium/progress-counts-bytes-and-cancel-ends-it", test_progress_and_cancel);
#undef ADD
  status = g_test_run ();

  kl_remove_tree (work, NULL);
  g_free (work);
  g_free (good_iso);
  g_free (good_folder);
  g_free (signer);
  return status;
}
