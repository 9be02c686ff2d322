/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "iso/iso-writer.h"

#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "base/error.h"
#include "base/file-io.h"
#include "import/import.h"
#include "sink/file-sink.h"

/* Made once: two boot images from the sample WIM, the second without a BIOS boot sector. */
static char *work;
static KlBootImage *full_image;
static KlBootImage *uefi_image;

/* ---- A sink that passes everything on to a file, and fails at the n-th call. ---- */

#define TEST_TYPE_SINK (test_sink_get_type ())
G_DECLARE_FINAL_TYPE (TestSink, test_sink, TEST, SINK, KlSink)

struct _TestSink
{
  KlSink parent_instance;

  KlSink *file; /* owned */
  guint n_calls;
  guint fail_at;
  guint64 written; /* bytes, by write and copy */
  guint64 copied;  /* bytes, by copy */
};

G_DEFINE_FINAL_TYPE (TestSink, test_sink, KL_TYPE_SINK)

static gboolean
fail (TestSink *self, GError **error)
{
  if (++self->n_calls != self->fail_at)
    return FALSE;

  g_set_error (error, KL_ERROR, KL_ERROR_IO, "Call %u fails", self->n_calls);
  return TRUE;
}

static gboolean
test_sink_prepare (KlSink *sink, guint64 size, GError **error)
{
  TestSink *self = TEST_SINK (sink);

  return !fail (self, error) && kl_sink_prepare (self->file, size, error);
}

static gboolean
test_sink_write (KlSink *sink, const void *data, gsize length, guint64 offset, GError **error)
{
  TestSink *self = TEST_SINK (sink);

  g_assert_cmpuint (offset, ==, self->written);
  self->written += length;
  return !fail (self, error) && kl_sink_write (self->file, data, length, offset, error);
}

static gboolean
test_sink_copy (KlSink *sink,
                int source,
                const char *source_name,
                guint64 source_offset,
                guint64 length,
                guint64 offset,
                guint32 *crc32c,
                KlProgress *progress,
                GCancellable *cancellable,
                GError **error)
{
  TestSink *self = TEST_SINK (sink);

  g_assert_cmpuint (offset, ==, self->written);
  self->written += length;
  self->copied += length;
  return !fail (self, error)
         && kl_sink_copy (self->file, source, source_name, source_offset, length, offset, crc32c,
                          progress, cancellable, error);
}

static void
test_sink_finalize (GObject *object)
{
  g_clear_object (&TEST_SINK (object)->file);
  G_OBJECT_CLASS (test_sink_parent_class)->finalize (object);
}

static void
test_sink_class_init (TestSinkClass *klass)
{
  KlSinkClass *sink_class = KL_SINK_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = test_sink_finalize;
  sink_class->prepare = test_sink_prepare;
  sink_class->write = test_sink_write;
  sink_class->copy = test_sink_copy;
}

static void
test_sink_init (TestSink *self)
{
}

/* ---- Tools. ---- */

static char *
run (const char *first, ...)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;
  char *output = NULL;
  int status = -1;
  va_list args;

  va_start (args, first);
  for (const char *arg = first; arg != NULL; arg = va_arg (args, const char *))
    g_ptr_array_add (argv, (char *) arg);
  va_end (args);
  g_ptr_array_add (argv, NULL);

  g_spawn_sync (NULL, (char **) argv->pdata, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL,
                NULL, NULL, &output, NULL, &status, &error);
  g_assert_no_error (error);
  g_spawn_check_wait_status (status, &error);
  g_assert_no_error (error);
  return output;
}

static void
assert_has (const char *text, const char *part)
{
  if (strstr (text, part) == NULL)
    g_error ("“%s” is not in: %s", part, text);
}

static char *
sha256_of (const char *path)
{
  g_autofree char *data = NULL;
  gsize size = 0;

  g_assert_true (g_file_get_contents (path, &data, &size, NULL));
  return kl_sha256_data (data, size);
}

static KlMediaLayout *
make_layout (KlBootImage *image, const char *label)
{
  const KlLayoutOptions options = { .type = KL_MEDIA_TYPE_CD, .label = label };
  g_autoptr (GError) error = NULL;
  KlMediaLayout *layout = kl_media_layout_new (image, &options, &error);

  g_assert_no_error (error);
  return layout;
}

typedef struct
{
  char *folder;
  char *path; /* folder/a.iso */
  KlMediaLayout *layout;
  KlMediaWriter *writer;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  KlBootImage *image = g_strcmp0 (data, "uefi") == 0 ? uefi_image : full_image;

  fixture->folder = g_dir_make_tmp ("kl-iso-writer-XXXXXX", NULL);
  fixture->path = g_build_filename (fixture->folder, "a.iso", NULL);
  fixture->layout = make_layout (image, "Über PE 1");
  fixture->writer = kl_iso_writer_new (fixture->layout);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_object_unref (fixture->writer);
  g_object_unref (fixture->layout);
  g_assert_true (kl_remove_tree (fixture->folder, NULL));
  g_free (fixture->folder);
  g_free (fixture->path);
}

static gboolean
write_iso (KlMediaWriter *writer, const char *path, GCancellable *cancellable, GError **error)
{
  g_autoptr (KlSink) sink = kl_file_sink_new (path, error);

  return sink != NULL && kl_media_writer_write (writer, sink, NULL, cancellable, error)
         && kl_sink_flush (sink, NULL, cancellable, error)
         && kl_verify_regions (sink, kl_media_writer_get_regions (writer), NULL, cancellable, error)
         && kl_sink_commit (sink, error);
}

static void
assert_written (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;

  write_iso (fixture->writer, fixture->path, NULL, &error);
  g_assert_no_error (error);
}

static guint
count_names (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

/* ---- What was written, seen by others. ---- */

static void
test_measured (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  GPtrArray *regions;
  guint64 size = 0, at = 0;
  GStatBuf info;

  g_assert_true (kl_media_writer_measure (fixture->writer, &size, &error));
  g_assert_no_error (error);
  assert_written (fixture);
  g_assert_cmpint (g_stat (fixture->path, &info), ==, 0);
  g_assert_cmpuint ((guint64) info.st_size, ==, size);

  regions = kl_media_writer_get_regions (fixture->writer);
  for (guint i = 0; i < regions->len; i++)
    {
      const KlRegion *region = g_ptr_array_index (regions, i);

      g_assert_cmpuint (region->offset, ==, at);
      at += region->length;
    }
  g_assert_cmpuint (at, ==, size);
}

static void
test_extracted (Fixture *fixture, gconstpointer data)
{
  g_autofree char *to = g_build_filename (fixture->folder, "out", NULL);
  g_autofree char *option = g_strconcat ("-o", to, NULL);
  g_autofree char *listing = NULL;
  g_autofree char *files = NULL;
  g_auto (GStrv) lines = NULL;
  guint n = kl_media_layout_get_n_items (fixture->layout);

  assert_written (fixture);
  listing = run ("7z", "x", "-tiso", "-y", option, fixture->path, NULL);
  for (guint i = 0; i < n; i++)
    {
      const KlLayoutItem *item = kl_media_layout_get_item (fixture->layout, i);
      g_autofree char *path = g_build_filename (to, item->path, NULL);
      g_autofree char *sha256 = sha256_of (path);

      g_assert_cmpstr (sha256, ==, item->sha256);
    }

  /* And nothing else but the boot images, which 7z shows in a folder of their own. */
  files = run ("find", to, "-type", "f", "-not", "-path", "*/[[]BOOT[]]/*", NULL);
  lines = g_strsplit (g_strchomp (files), "\n", -1);
  g_assert_cmpuint (g_strv_length (lines), ==, n);
}

/* Boot managers read the primary tree: the names there are those of the layout in capitals, without
 * version numbers and without dots at the end (media-formats.md 8.2). */
static void
test_primary_names (Fixture *fixture, gconstpointer data)
{
  g_autofree char *output = NULL;
  g_auto (GStrv) lines = NULL;
  guint n_files = 0;

  assert_written (fixture);
  output = run ("isoinfo", "-f", "-i", fixture->path, NULL);
  lines = g_strsplit (g_strchomp (output), "\n", -1);
  for (guint i = 0; i < kl_media_layout_get_n_items (fixture->layout); i++)
    {
      const KlLayoutItem *item = kl_media_layout_get_item (fixture->layout, i);
      g_autofree char *upper = g_ascii_strup (item->path, -1);

      if (!g_strv_contains ((const char *const *) lines, upper))
        g_error ("%s is not in the primary tree: %s", upper, output);
      n_files++;
    }
  for (guint i = 0; lines[i] != NULL; i++)
    {
      g_assert_null (strchr (lines[i], ';'));
      g_assert_false (g_str_has_suffix (lines[i], "."));
    }
  g_assert_cmpuint (n_files, >=, 8);
  g_assert_nonnull (strstr (output, "/BOOT/EN-US/BOOTMGR.EXE.MUI"));
}

static void
test_joliet_names (Fixture *fixture, gconstpointer data)
{
  g_autofree char *output = NULL;
  g_auto (GStrv) lines = NULL;

  assert_written (fixture);
  output = run ("isoinfo", "-J", "-f", "-i", fixture->path, NULL);
  lines = g_strsplit (g_strchomp (output), "\n", -1);
  for (guint i = 0; i < kl_media_layout_get_n_items (fixture->layout); i++)
    {
      const KlLayoutItem *item = kl_media_layout_get_item (fixture->layout, i);

      if (!g_strv_contains ((const char *const *) lines, item->path))
        g_error ("%s is not in the Joliet tree: %s", item->path, output);
    }
}

static void
test_volume (Fixture *fixture, gconstpointer data)
{
  g_autofree char *output = NULL;
  g_autofree char *label = NULL;
  g_autofree char *expected = kl_label_dup_volume_id (kl_media_layout_get_label (fixture->layout));
  g_autofree char *line = g_strdup_printf ("Volume id: %s\n", expected);

  assert_written (fixture);
  output = run ("isoinfo", "-d", "-i", fixture->path, NULL);
  assert_has (output, line);
  assert_has (output, "Joliet with UCS level 3 found");
  assert_has (output, "NO Rock Ridge present");
  assert_has (output, "ID 'Microsoft Corporation'");
  assert_has (output, "Nsect 8\n");
  label = run ("blkid", "-o", "value", "-s", "LABEL", "-p", fixture->path, NULL);
  g_assert_cmpstr (g_strchomp (label), !=, "");
}

/* media-formats.md 8.1: BIOS first, then a section for EFI. */
static void
test_boot_entries (Fixture *fixture, gconstpointer data)
{
  g_autofree char *output = NULL;
  const KlLayoutItem *efi = kl_media_layout_get_efi_boot_image (fixture->layout);
  g_autofree char *sectors = g_strdup_printf (" %" G_GUINT64_FORMAT " ", efi->size / 512);
  const char *second;

  assert_written (fixture);
  output = run ("xorriso", "-indev", fixture->path, "-report_el_torito", "plain", NULL);
  assert_has (output, "El Torito boot img :   1  BIOS  y   none  0x0000  0x00      8 ");
  second = strstr (output, "El Torito boot img :   2  UEFI  y   none  0x0000  0x00");
  g_assert_nonnull (second);
  g_assert_nonnull (strstr (second, sectors));
  g_assert_null (strstr (output, "El Torito boot img :   3"));
  assert_has (output, "img path :   1  /Boot/etfsboot.com\n");
}

/* Without a BIOS boot sector the EFI entry stands in the validation entry itself. */
static void
test_uefi_only (Fixture *fixture, gconstpointer data)
{
  g_autofree char *output = NULL;
  g_autofree char *content = NULL;
  gsize size = 0, catalog;

  g_assert_false (kl_media_layout_has_bios (fixture->layout, NULL));
  assert_written (fixture);
  output = run ("xorriso", "-indev", fixture->path, "-report_el_torito", "plain", NULL);
  assert_has (output, "El Torito boot img :   1  UEFI  y   none");
  g_assert_null (strstr (output, "El Torito boot img :   2"));

  g_assert_true (g_file_get_contents (fixture->path, &content, &size, NULL));
  g_assert_cmpmem (content + 17 * 2048 + 7, 23, "EL TORITO SPECIFICATION", 23);
  catalog = (guint8) content[17 * 2048 + 0x47] + ((gsize) (guint8) content[17 * 2048 + 0x48] << 8);
  g_assert_cmphex ((guint8) content[catalog * 2048], ==, 0x01);
  g_assert_cmphex ((guint8) content[catalog * 2048 + 1], ==, 0xEF);
  g_assert_cmphex ((guint8) content[catalog * 2048 + 32], ==, 0x88);
}

/* The WIM does not pass through libisofs, and lies where file systems can share its blocks. */
static void
test_big_file_copied (Fixture *fixture, gconstpointer data)
{
  g_autoptr (TestSink) sink = g_object_new (TEST_TYPE_SINK, NULL);
  const KlLayoutItem *wim = kl_media_layout_find (fixture->layout, "/sources/boot.wim");
  g_autoptr (GError) error = NULL;
  GPtrArray *regions;
  guint n_found = 0;

  sink->file = kl_file_sink_new (fixture->path, NULL);
  kl_media_writer_write (fixture->writer, KL_SINK (sink), NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (sink->copied, >=, wim->size);

  regions = kl_media_writer_get_regions (fixture->writer);
  for (guint i = 0; i < regions->len; i++)
    {
      const KlRegion *region = g_ptr_array_index (regions, i);

      if (g_strcmp0 (region->name, wim->path) != 0)
        continue;
      n_found++;
      g_assert_cmpuint (region->offset % 4096, ==, 0);
      g_assert_cmpuint (region->length, ==, wim->size);
      g_assert_cmphex (region->crc32c, ==, wim->crc32c);
      g_assert_cmpstr (region->source_path, ==, wim->file);
    }
  g_assert_cmpuint (n_found, ==, 1);
}

/* ---- What goes wrong. ---- */

static void
test_every_failing_call (Fixture *fixture, gconstpointer data)
{
  guint n_failed = 0;

  g_assert_true (g_file_set_contents (fixture->path, "old", -1, NULL));
  for (guint n = 1;; n++)
    {
      g_autoptr (TestSink) sink = g_object_new (TEST_TYPE_SINK, NULL);
      g_autoptr (KlMediaWriter) writer = kl_iso_writer_new (fixture->layout);
      g_autofree char *expected = g_strdup_printf ("Call %u fails", n);
      g_autofree char *text = NULL;
      g_autoptr (GError) error = NULL;

      sink->file = kl_file_sink_new (fixture->path, NULL);
      sink->fail_at = n;
      if (kl_media_writer_write (writer, KL_SINK (sink), NULL, NULL, &error))
        break;
      g_assert_error (error, KL_ERROR, KL_ERROR_IO);
      g_assert_cmpstr (error->message, ==, expected);
      g_assert_cmpuint (kl_media_writer_get_regions (writer)->len, ==, 0);
      n_failed++;

      g_clear_object (&sink);
      g_assert_cmpuint (count_names (fixture->folder), ==, 1);
      g_assert_true (g_file_get_contents (fixture->path, &text, NULL, NULL));
      g_assert_cmpstr (text, ==, "old");
    }
  g_assert_cmpuint (n_failed, >, 8);
}

typedef struct
{
  GCancellable *cancellable;
  double fraction;
  gint64 cancelled; /* monotonic time; 0: not yet */
} Trigger;

static void
cancel_at (const KlProgressReport *report, gpointer user_data)
{
  Trigger *trigger = user_data;

  if (report->fraction < trigger->fraction || trigger->cancelled != 0)
    return;

  trigger->cancelled = g_get_monotonic_time ();
  g_cancellable_cancel (trigger->cancellable);
}

static void
test_cancelled (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < 20; i++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      Trigger trigger = { cancellable, i / 20.0, 0 };
      g_autoptr (KlProgress) progress = kl_progress_new (cancel_at, &trigger);
      KlProgress *step = kl_progress_add_step (progress, 1, NULL);
      g_autoptr (KlMediaWriter) writer = kl_iso_writer_new (fixture->layout);
      KlSink *sink = kl_file_sink_new (fixture->path, NULL);
      g_autoptr (GError) error = NULL;

      g_assert_false (kl_media_writer_write (writer, sink, step, cancellable, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_object_unref (sink);
      g_assert_cmpint (g_get_monotonic_time () - trigger.cancelled, <, G_USEC_PER_SEC);
      g_assert_cmpuint (count_names (fixture->folder), ==, 0);
    }
}

typedef struct
{
  guint64 bytes;
  guint64 total;
  gboolean named_wim;
} Seen;

static void
note_report (const KlProgressReport *report, gpointer user_data)
{
  Seen *seen = user_data;

  g_assert_cmpuint (report->bytes, >=, seen->bytes);
  seen->bytes = report->bytes;
  seen->total = report->total_bytes;
  seen->named_wim = seen->named_wim || g_strcmp0 (report->info, "Writing sources/boot.wim") == 0;
}

static void
test_progress (Fixture *fixture, gconstpointer data)
{
  Seen seen = { 0 };
  g_autoptr (KlProgress) progress = kl_progress_new (note_report, &seen);
  KlProgress *step = kl_progress_add_step (progress, 1, NULL);
  g_autoptr (KlSink) sink = kl_file_sink_new (fixture->path, NULL);
  g_autoptr (GError) error = NULL;
  guint64 size = 0;

  g_assert_true (kl_media_writer_measure (fixture->writer, &size, NULL));
  g_assert_true (kl_media_writer_write (fixture->writer, sink, step, NULL, &error));
  g_assert_cmpuint (seen.total, ==, size);
  g_assert_cmpuint (seen.bytes, ==, size);
  g_assert_true (seen.named_wim);
}

/* Flips a byte of one of the layout's files, or cuts its last byte off, and back again. */
static void
assert_change_found (Fixture *fixture, const char *item_path, gboolean cut, const char *part)
{
  const KlLayoutItem *item = kl_media_layout_find (fixture->layout, item_path);
  g_autofree char *original = NULL;
  g_autofree char *changed = NULL;
  gsize size = 0;
  g_autoptr (GError) error = NULL;

  g_assert_nonnull (item);
  g_assert_true (g_file_get_contents (item->file, &original, &size, NULL));
  changed = g_memdup2 (original, size);
  changed[size / 2] ^= 1;
  g_assert_true (g_file_set_contents (item->file, changed, (gssize) (cut ? size - 1 : size), NULL));
  g_assert_false (write_iso (fixture->writer, fixture->path, NULL, &error));
  g_assert_true (g_file_set_contents (item->file, original, (gssize) size, NULL));

  g_test_message ("%s", error->message);
  g_assert_error (error, KL_ERROR, KL_ERROR_MISSING_PACKAGE);
  assert_has (error->message, part);
  g_assert_cmpstr (kl_error_get_detail (error), ==, kl_media_layout_get_image_id (fixture->layout));
  g_assert_cmpuint (count_names (fixture->folder), ==, 0);
}

static void
test_changed_sources (Fixture *fixture, gconstpointer data)
{
  assert_change_found (fixture, "/bootmgr", FALSE, "its checksum differs");
  assert_change_found (fixture, "/bootmgr", TRUE, "bytes and not");
  assert_change_found (fixture, "/sources/boot.wim", TRUE, "bytes and not");
  assert_change_found (fixture, "/sources/boot.wim", FALSE, "its checksum differs");
}

static void
test_source_gone (Fixture *fixture, gconstpointer data)
{
  const KlLayoutItem *item = kl_media_layout_find (fixture->layout, "/bootmgr");
  g_autofree char *aside = g_strconcat (item->file, ".aside", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_rename (item->file, aside), ==, 0);
  g_assert_false (write_iso (fixture->writer, fixture->path, NULL, &error));
  g_assert_cmpint (g_rename (aside, item->file), ==, 0);
  g_assert_error (error, KL_ERROR, KL_ERROR_NOT_FOUND);
  assert_has (error->message, item->file);
}

/* A copy of the boot image's entry whose WIM has @size bytes, most of them a hole. */
static KlMediaLayout *
make_huge_layout (Fixture *fixture, guint64 size)
{
  g_autofree char *folder = g_build_filename (fixture->folder, "TST00003", NULL);
  g_autofree char *command = g_strdup_printf (
      "rm -rf '%s'; cp -r '%s' '%s'; truncate -s %" G_GUINT64_FORMAT " '%s/source.wim'; "
      "sed -i 's/^Size=.*/Size=%" G_GUINT64_FORMAT "/' '%s/image.ini'",
      folder, kl_boot_image_get_folder (full_image), folder, size, folder, size, folder);
  g_autofree char *output = run ("sh", "-ec", command, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (KlBootImage) image = kl_boot_image_load (folder, &error);

  g_assert_no_error (error);
  return make_layout (image, "HUGE");
}

/* Boot managers count in 32 bits: below the largest file of ISO 9660, but it would end above 4 GiB
 * (media-formats.md 8.3). */
static void
test_too_large (Fixture *fixture, gconstpointer data)
{
  const guint64 limit = (guint64) 4 << 30;
  g_autoptr (KlMediaLayout) too_large = make_huge_layout (fixture, limit - 8192);
  g_autoptr (KlMediaWriter) writer = kl_iso_writer_new (too_large);
  g_autoptr (KlMediaLayout) large = NULL;
  g_autoptr (KlMediaWriter) other = NULL;
  g_autoptr (GError) error = NULL;
  guint64 size = 0;

  g_assert_false (kl_media_writer_measure (writer, &size, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_PACKAGE_TOO_LARGE);
  g_assert_cmpstr (kl_error_get_detail (error), ==, "TST00003");
  assert_has (error->message, "“/sources/boot.wim” has 4294959104 bytes");
  g_assert_cmpuint (size, ==, 0);
  g_clear_error (&error);

  large = make_huge_layout (fixture, limit - (16 << 20));
  other = kl_iso_writer_new (large);
  g_assert_true (kl_media_writer_measure (other, &size, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (size, >, kl_media_layout_get_content_bytes (large));
}

/* A tmpfs of 1 MiB, where there is the right to mount one. */
static void
test_full_target (Fixture *fixture, gconstpointer data)
{
  if (g_test_subprocess ())
    {
      g_autoptr (GError) error = NULL;

      if (unshare (CLONE_NEWNS) != 0 || mount (NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0
          || mount ("none", fixture->folder, "tmpfs", 0, "size=1m") != 0)
        return;
      g_assert_true (g_file_set_contents (fixture->path, "old", -1, NULL));
      g_assert_false (write_iso (fixture->writer, fixture->path, NULL, &error));
      g_assert_error (error, KL_ERROR, KL_ERROR_NO_SPACE);
      assert_has (error->message, "bytes free");
      g_assert_cmpuint (count_names (fixture->folder), ==, 1);
      g_assert_cmpint (umount (fixture->folder), ==, 0);
      return;
    }

  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_passed ();
}

/* Whatever happens, libisofs stays silent. */
static void
test_silent (Fixture *fixture, gconstpointer data)
{
  if (g_test_subprocess ())
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      g_autoptr (TestSink) sink = g_object_new (TEST_TYPE_SINK, NULL);

      sink->file = kl_file_sink_new (fixture->path, NULL);
      sink->fail_at = 3;
      g_assert_false (kl_media_writer_write (fixture->writer, KL_SINK (sink), NULL, NULL, NULL));
      assert_change_found (fixture, "/bootmgr", FALSE, "its checksum differs");
      return;
    }

  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stderr ("");
}

static gpointer
write_beside (gpointer user_data)
{
  g_autofree char *path = user_data;
  g_autoptr (KlMediaLayout) layout = make_layout (full_image, "BESIDE");
  g_autoptr (KlMediaWriter) writer = kl_iso_writer_new (layout);
  GError *error = NULL;

  write_iso (writer, path, NULL, &error);
  return error;
}

static void
test_side_by_side (Fixture *fixture, gconstpointer data)
{
  GThread *threads[4];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i]
        = g_thread_new ("writer", write_beside, g_strdup_printf ("%s/%u.iso", fixture->folder, i));
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    {
      g_autofree char *path = g_strdup_printf ("%s/%u.iso", fixture->folder, i);
      g_autofree char *tested = NULL;
      g_autoptr (GError) error = g_thread_join (threads[i]);

      g_assert_no_error (error);
      tested = run ("7z", "t", "-tiso", path, NULL);
      assert_has (tested, "Everything is Ok");
    }
}

/* ---- The boot images. ---- */

static KlBootImage *
import (KlCatalog *catalog, const char *wim, const char *id)
{
  const KlImportOptions options = { .path = wim, .id = id };
  g_autoptr (GError) error = NULL;
  KlBootImage *image = kl_catalog_import (catalog, &options, NULL, NULL, &error);

  g_assert_no_error (error);
  return image;
}

static void
make_images (void)
{
  g_autofree char *wim = NULL;
  g_autofree char *noise = NULL;
  g_autofree char *command = NULL;
  g_autofree char *output = NULL;
  g_autofree char *folder = NULL;
  g_autoptr (KlCatalog) catalog = NULL;
  g_autofree guint8 *bytes = g_malloc (3 * KL_IO_BLOCK);
  GRand *rand = g_rand_new_with_seed (2);

  work = g_dir_make_tmp ("kl-iso-images-XXXXXX", NULL);
  folder = g_build_filename (work, "catalog", NULL);
  wim = g_build_filename (work, "boot.wim", NULL);
  noise = g_build_filename (work, "noise", NULL);
  for (gsize i = 0; i < 3 * KL_IO_BLOCK; i++)
    bytes[i] = (guint8) g_rand_int (rand);
  g_rand_free (rand);
  g_assert_true (g_file_set_contents (noise, (char *) bytes, 3 * KL_IO_BLOCK, NULL));

  catalog = kl_catalog_new (folder);
  g_assert_cmpint (g_mkdir (folder, 0777), ==, 0);
  command
      = g_strdup_printf ("cd '%s' && cp '%s' boot.wim && chmod u+w boot.wim && "
                         "wimlib-imagex extract boot.wim 1 /Windows/Boot/Resources/bootres.dll && "
                         "printf 'add noise /noise.bin\\n"
                         "add bootres.dll /Windows/Boot/PCAT/en-US/bootmgr.exe.mui\\n' | "
                         "wimlib-imagex update boot.wim 1",
                         work, g_getenv ("KL_SAMPLE_WIM"));
  output = run ("sh", "-c", command, NULL);
  full_image = import (catalog, wim, "TST00001");

  g_free (output);
  output = run ("wimlib-imagex", "update", wim, "1",
                "--command=delete /Windows/Boot/DVD/PCAT/etfsboot.com", NULL);
  uefi_image = import (catalog, wim, "TST00002");
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  make_images ();
#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)
  ADD ("/iso-writer/the-size-is-known-before-and-regions-cover-it", test_measured);
  ADD ("/iso-writer/7z-extracts-every-file-as-it-was", test_extracted);
  ADD ("/iso-writer/primary-names-have-no-version-and-no-dot", test_primary_names);
  ADD ("/iso-writer/joliet-names-keep-their-case", test_joliet_names);
  ADD ("/iso-writer/the-volume-is-named-after-the-label", test_volume);
  ADD ("/iso-writer/bios-entry-first-then-an-efi-section", test_boot_entries);
  ADD ("/iso-writer/the-wim-is-copied-from-file-to-extent", test_big_file_copied);
  ADD ("/iso-writer/every-failing-call-of-the-sink-ends-it", test_every_failing_call);
  ADD ("/iso-writer/can-be-cancelled-at-any-point", test_cancelled);
  ADD ("/iso-writer/progress-counts-the-bytes-of-the-medium", test_progress);
  ADD ("/iso-writer/a-changed-source-is-found", test_changed_sources);
  ADD ("/iso-writer/a-source-that-is-gone-is-named", test_source_gone);
  ADD ("/iso-writer/a-wim-that-ends-above-4-gib-is-refused", test_too_large);
  ADD ("/iso-writer/a-full-target-keeps-the-old-file", test_full_target);
  ADD ("/iso-writer/libisofs-prints-nothing", test_silent);
  ADD ("/iso-writer/several-write-side-by-side", test_side_by_side);
#undef ADD
  g_test_add ("/iso-writer/efi-alone-stands-in-the-validation-entry", Fixture, "uefi", set_up,
              test_uefi_only, tear_down);
  status = g_test_run ();

  g_clear_object (&full_image);
  g_clear_object (&uefi_image);
  kl_remove_tree (work, NULL);
  g_free (work);
  return status;
}
