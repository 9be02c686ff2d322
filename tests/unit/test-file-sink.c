/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sink/file-sink.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "base/checksum.h"
#include "base/error.h"
#include "base/file-io.h"

typedef struct
{
  char *folder;
  char *path; /* folder/a.iso */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->folder = g_dir_make_tmp ("kl-file-sink-XXXXXX", NULL);
  g_assert_nonnull (fixture->folder);
  fixture->path = g_build_filename (fixture->folder, "a.iso", NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_assert_true (kl_remove_tree (fixture->folder, NULL));
  g_free (fixture->folder);
  g_free (fixture->path);
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

static void
assert_content (const char *path, const char *expected)
{
  g_autofree char *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, expected);
}

static void
assert_refused (const char *path, int code, const char *part)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (kl_file_sink_new (path, &error));
  g_assert_error (error, KL_ERROR, code);
  g_assert_nonnull (strstr (error->message, part));
}

static void
test_round_trip (Fixture *fixture, gconstpointer data)
{
  const gsize size = 3 * KL_IO_BLOCK + 4096 + 17;
  g_autofree char *source_path = g_build_filename (fixture->folder, "source", NULL);
  g_autofree guint8 *bytes = g_malloc (size);
  guint8 *buffer = aligned_alloc (4096, 4 * KL_IO_BLOCK);
  g_autofree char *written = NULL;
  gsize written_size = 0;
  g_autoptr (GError) error = NULL;
  g_autoptr (KlSink) sink = kl_file_sink_new (fixture->path, &error);
  g_autofd int source = -1;
  guint32 sum = 0;

  g_assert_no_error (error);
  for (gsize i = 0; i < size; i++)
    bytes[i] = (guint8) (i * 131 + i / 4096);
  g_assert_true (g_file_set_contents (source_path, (char *) bytes, (gssize) size, NULL));
  source = kl_open_for_reading (source_path, NULL);

  g_assert_true (kl_sink_prepare (sink, size, &error));
  g_assert_true (kl_sink_write (sink, bytes, 1000, 0, &error));
  g_assert_true (
      kl_sink_copy (sink, source, source_path, 1000, size - 1000, 1000, &sum, NULL, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmphex (sum, ==, kl_crc32c_update (0, bytes + 1000, size - 1000));
  g_assert_true (kl_sink_flush (sink, NULL, NULL, &error));
  g_assert_true (kl_sink_read (sink, buffer, size, 0, &error));
  g_assert_no_error (error);
  g_assert_cmpmem (buffer, size, bytes, size);
  g_assert_true (kl_sink_read (sink, buffer, 17, size - 17, &error));
  g_assert_cmpmem (buffer, 17, bytes + size - 17, 17);
  g_assert_false (g_file_test (fixture->path, G_FILE_TEST_EXISTS));

  g_assert_true (kl_sink_commit (sink, &error));
  g_assert_no_error (error);
  g_assert_true (g_file_get_contents (fixture->path, (char **) &written, &written_size, NULL));
  g_assert_cmpmem (written, written_size, bytes, size);
  free (buffer);
}

static void
test_reads_the_disk (Fixture *fixture, gconstpointer data)
{
  guint8 *buffer = aligned_alloc (4096, 4096);
  g_autoptr (GError) error = NULL;
  g_autoptr (KlSink) sink = kl_file_sink_new (fixture->path, &error);

  g_assert_no_error (error);
  memset (buffer, 7, 4096);
  g_assert_true (kl_sink_prepare (sink, 4096, &error));
  g_assert_true (kl_sink_write (sink, buffer, 4096, 0, &error));
  g_assert_true (kl_sink_flush (sink, NULL, NULL, &error));
  g_assert_false (kl_sink_read (sink, buffer, 4096, 4096, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_FORMAT);
  g_assert_nonnull (strstr (error->message, "ends early, at byte 4096"));
  free (buffer);
}

static void
test_old_file_stays (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  KlSink *sink;

  g_assert_true (g_file_set_contents (fixture->path, "old", -1, NULL));
  sink = kl_file_sink_new (fixture->path, &error);
  g_assert_no_error (error);
  g_assert_true (kl_sink_prepare (sink, 3, &error));
  g_assert_true (kl_sink_write (sink, "new", 3, 0, &error));
  assert_content (fixture->path, "old");
  g_object_unref (sink);
  assert_content (fixture->path, "old");
  g_assert_cmpuint (count_names (fixture->folder), ==, 1);
}

static void
test_prepare_twice (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KlSink) sink = kl_file_sink_new (fixture->path, &error);

  g_assert_true (kl_sink_prepare (sink, 5000, &error));
  g_assert_true (kl_sink_prepare (sink, 5000, &error));
  g_assert_no_error (error);
  g_assert_true (kl_sink_commit (sink, &error));
  g_assert_no_error (error);
}

/* Whatever was written for the one is not in the other, and takes no room. */
static void
test_prepare_anew (Fixture *fixture, gconstpointer data)
{
  const gsize sizes[] = { 8 * KL_IO_BLOCK, 4 * KL_IO_BLOCK, 6 * KL_IO_BLOCK };
  g_autofree guint8 *bytes = g_malloc (8 * KL_IO_BLOCK);
  g_autofree char *written = NULL;
  gsize written_size = 0;
  g_autoptr (GError) error = NULL;
  g_autoptr (KlSink) sink = kl_file_sink_new (fixture->path, &error);

  memset (bytes, 7, 8 * KL_IO_BLOCK);
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_assert_true (kl_sink_prepare (sink, sizes[i], &error));
      g_assert_no_error (error);
      if (i + 1 < G_N_ELEMENTS (sizes))
        g_assert_true (kl_sink_write (sink, bytes, sizes[i], 0, &error));
    }
  g_assert_true (kl_sink_commit (sink, &error));
  g_assert_true (g_file_get_contents (fixture->path, (char **) &written, &written_size, NULL));
  memset (bytes, 0, 8 * KL_IO_BLOCK);
  g_assert_cmpmem (written, written_size, bytes, sizes[2]);
}

static void
test_refuses (Fixture *fixture, gconstpointer data)
{
  g_autofree char *missing = g_build_filename (fixture->folder, "no", "a.iso", NULL);
  g_autofree char *below_file = g_build_filename (fixture->path, "a.iso", NULL);

  assert_refused (fixture->folder, KL_ERROR_INVALID_ARGUMENT, "is a folder");
  assert_refused ("/dev/null", KL_ERROR_INVALID_ARGUMENT, "device");
  assert_refused (missing, KL_ERROR_NOT_FOUND, "/no”");
  g_assert_true (g_file_set_contents (fixture->path, "old", -1, NULL));
  assert_refused (below_file, KL_ERROR_NOT_FOUND, "a.iso”");
  assert_refused ("/proc/a.iso", KL_ERROR_NOT_FOUND, "/proc");
  assert_content (fixture->path, "old");
  g_assert_cmpuint (count_names (fixture->folder), ==, 1);
}

/* Root may write anywhere, so the folder is tried as somebody else, in a process of its own. */
static void
test_refuses_foreign_folder (Fixture *fixture, gconstpointer data)
{
  if (g_test_subprocess ())
    {
      g_autofree char *folder = g_dir_make_tmp ("kl-file-sink-XXXXXX", NULL);
      g_autofree char *path = g_build_filename (folder, "a.iso", NULL);

      g_assert_cmpint (chmod (folder, 0555), ==, 0);
      if (geteuid () == 0)
        g_assert_cmpint (setresuid (65534, 65534, 0), ==, 0);
      assert_refused (path, KL_ERROR_PERMISSION, folder);
      if (geteuid () == 65534)
        g_assert_cmpint (setresuid (0, 0, 0), ==, 0);
      g_assert_cmpint (g_rmdir (folder), ==, 0);
      return;
    }

  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_passed ();
}

static void
test_follows_link (Fixture *fixture, gconstpointer data)
{
  g_autofree char *disk = g_build_filename (fixture->folder, "disk", NULL);
  g_autofree char *real = g_build_filename (disk, "real.iso", NULL);
  g_autofree char *middle = g_build_filename (disk, "middle", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (KlSink) sink = NULL;

  /* a.iso → disk/middle → real.iso, which is not there yet. */
  g_assert_cmpint (g_mkdir (disk, 0777), ==, 0);
  g_assert_cmpint (symlink ("disk/middle", fixture->path), ==, 0);
  g_assert_cmpint (symlink ("real.iso", middle), ==, 0);
  sink = kl_file_sink_new (fixture->path, &error);
  g_assert_no_error (error);
  g_assert_true (kl_sink_prepare (sink, 3, &error));
  g_assert_true (kl_sink_write (sink, "new", 3, 0, &error));
  g_assert_true (kl_sink_commit (sink, &error));
  g_assert_no_error (error);

  g_assert_true (g_file_test (fixture->path, G_FILE_TEST_IS_SYMLINK));
  g_assert_true (g_file_test (middle, G_FILE_TEST_IS_SYMLINK));
  g_assert_false (g_file_test (real, G_FILE_TEST_IS_SYMLINK));
  assert_content (real, "new");
}

static void
test_refuses_bad_links (Fixture *fixture, gconstpointer data)
{
  g_autofree char *device = g_build_filename (fixture->folder, "device", NULL);

  g_assert_cmpint (symlink ("a.iso", fixture->path), ==, 0);
  assert_refused (fixture->path, KL_ERROR_INVALID_ARGUMENT, "leads nowhere");
  g_assert_cmpint (symlink ("/dev/null", device), ==, 0);
  assert_refused (device, KL_ERROR_INVALID_ARGUMENT, "device");
}

static void
test_no_space (Fixture *fixture, gconstpointer data)
{
  const guint64 much = (guint64) 1 << 60;
  g_autofree char *needed = g_strdup_printf ("needs %" G_GUINT64_FORMAT " bytes", much);
  g_autoptr (GError) error = NULL;
  g_autoptr (KlSink) sink = kl_file_sink_new (fixture->path, &error);

  g_assert_false (kl_sink_prepare (sink, much, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_NO_SPACE);
  g_assert_nonnull (strstr (error->message, needed));
  g_assert_nonnull (strstr (error->message, "bytes free"));
  g_assert_nonnull (strstr (error->message, fixture->path));
  g_assert_cmpuint (count_names (fixture->folder), ==, 0);
}

static void
test_file_size_limit (Fixture *fixture, gconstpointer data)
{
  if (g_test_subprocess ())
    {
      const struct rlimit limit = { 1 << 20, 1 << 20 };
      g_autoptr (GError) error = NULL;
      g_autoptr (KlSink) sink = kl_file_sink_new (fixture->path, &error);

      g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
      g_assert_true (kl_sink_prepare (sink, 1 << 20, &error));
      g_assert_no_error (error);
      g_assert_false (kl_sink_prepare (sink, (1 << 20) + 1, &error));
      g_assert_error (error, KL_ERROR, KL_ERROR_NO_SPACE);
      g_assert_nonnull (strstr (error->message, "1048577 bytes"));
      g_assert_nonnull (strstr (error->message, "more than 1048576 bytes"));
      return;
    }

  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_passed ();
}

static void
count_report (const KlProgressReport *report, gpointer user_data)
{
  GCancellable *cancellable = user_data;

  if (report->bytes >= 8 * KL_IO_BLOCK)
    g_cancellable_cancel (cancellable);
}

static void
test_flush_cancelled (Fixture *fixture, gconstpointer data)
{
  const guint64 size = 32 * KL_IO_BLOCK;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (KlProgress) progress = kl_progress_new (count_report, cancellable);
  KlProgress *step = kl_progress_add_step (progress, 1, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (KlSink) sink = kl_file_sink_new (fixture->path, &error);

  g_assert_true (kl_sink_prepare (sink, size, &error));
  g_assert_true (kl_sink_write (sink, "x", 1, size - 1, &error));
  g_assert_false (kl_sink_flush (sink, step, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)
  ADD ("/file-sink/what-goes-in-comes-back", test_round_trip);
  ADD ("/file-sink/reading-behind-the-end-fails", test_reads_the_disk);
  ADD ("/file-sink/the-old-file-stays-until-commit", test_old_file_stays);
  ADD ("/file-sink/preparing-twice-is-one-preparation", test_prepare_twice);
  ADD ("/file-sink/preparing-for-another-size-begins-anew", test_prepare_anew);
  ADD ("/file-sink/only-a-file-in-a-folder-is-a-target", test_refuses);
  ADD ("/file-sink/a-folder-of-somebody-else-is-refused", test_refuses_foreign_folder);
  ADD ("/file-sink/a-link-stays-and-its-file-is-replaced", test_follows_link);
  ADD ("/file-sink/links-to-nowhere-or-devices-are-refused", test_refuses_bad_links);
  ADD ("/file-sink/too-little-space-is-told-in-bytes", test_no_space);
  ADD ("/file-sink/the-limit-of-the-process-is-told-in-bytes", test_file_size_limit);
  ADD ("/file-sink/flushing-can-be-cancelled", test_flush_cancelled);
#undef ADD
  return g_test_run ();
}
