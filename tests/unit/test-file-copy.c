/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/file-copy.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/checksum.h"
#include "base/error.h"
#include "base/file-io.h"

typedef struct
{
  char *folder;
} Fixture;

/* What the system calls below do besides their work, or instead of it. */
static gsize longest_copy;   /* bytes asked for in one call */
static guint copy_delay;     /* microseconds */
static int write_back_error; /* errno; 0 for none */
static gboolean on_a_server; /* files are said to lie there */
static guint n_shared;       /* calls that shared blocks; only counted where it can be done */
static gboolean can_share;
static guint n_kernel; /* calls that had the kernel copy */

/* These stand before those of the C library. */
ssize_t
copy_file_range (
    int in, off64_t *in_offset, int out, off64_t *out_offset, size_t length, unsigned int flags)
{
  longest_copy = MAX (longest_copy, length);
  n_kernel++;
  if (copy_delay > 0)
    g_usleep (copy_delay);
  return syscall (SYS_copy_file_range, in, in_offset, out, out_offset, length, flags);
}

int
sync_file_range (int fd, off64_t offset, off64_t length, unsigned int flags)
{
  if (write_back_error == 0 || (flags & SYNC_FILE_RANGE_WAIT_AFTER) == 0)
    return 0;
  errno = write_back_error;
  return -1;
}

int
fstatfs (int fd, struct statfs *info)
{
  int result = (int) syscall (SYS_fstatfs, fd, info);

  if (on_a_server)
    info->f_type = NFS_SUPER_MAGIC;
  return result;
}

/* Only FICLONERANGE comes here; what is shared is copied. */
int
ioctl (int fd, unsigned long request, ...)
{
  struct file_clone_range *range;
  va_list arguments;
  g_autofree guint8 *bytes = NULL;

  va_start (arguments, request);
  range = va_arg (arguments, struct file_clone_range *);
  va_end (arguments);
  if (request != FICLONERANGE || !can_share)
    {
      errno = EOPNOTSUPP;
      return -1;
    }

  g_assert_cmpuint (range->src_length % 4096, ==, 0);
  bytes = g_malloc (range->src_length);
  g_assert_cmpint (pread ((int) range->src_fd, bytes, range->src_length, (off_t) range->src_offset),
                   ==, (gssize) range->src_length);
  g_assert_cmpint (pwrite (fd, bytes, range->src_length, (off_t) range->dest_offset), ==,
                   (gssize) range->src_length);
  n_shared++;
  return 0;
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->folder = g_dir_make_tmp ("kl-file-copy-XXXXXX", NULL);
  g_assert_nonnull (fixture->folder);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_assert_true (kl_remove_tree (fixture->folder, NULL));
  g_free (fixture->folder);
}

static void
test_copy_range (Fixture *fixture, gconstpointer data)
{
  const gsize size = 3 * KL_IO_BLOCK + 17;
  g_autofree char *source = g_build_filename (fixture->folder, "source", NULL);
  g_autofree char *target = g_build_filename (fixture->folder, "target", NULL);
  g_autofree char *bytes = g_malloc (size);
  g_autofree char *copied = NULL;
  gsize copied_size = 0;
  g_autoptr (GError) error = NULL;
  g_autofd int from = -1;
  g_autofd int to = -1;

  for (gsize i = 0; i < size; i++)
    bytes[i] = (char) (i * 31 + i / 256);
  g_assert_true (g_file_set_contents (source, bytes, (gssize) size, NULL));
  from = kl_open_for_reading (source, &error);
  g_assert_no_error (error);
  to = open (target, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  g_assert_true (
      kl_copy_range (from, 5, to, 100, size - 5, source, target, NULL, NULL, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (g_file_get_contents (target, &copied, &copied_size, NULL));
  g_assert_cmpmem (copied + 100, copied_size - 100, bytes + 5, size - 5);

  g_assert_false (
      kl_copy_range (from, size - 3, to, 0, 10, source, target, NULL, NULL, NULL, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_FORMAT);
  g_assert_nonnull (strstr (error->message, "ends early"));
}

static void
count_bytes (const KlProgressReport *report, gpointer user_data)
{
  guint64 *bytes = user_data;

  *bytes = report->bytes;
}

/* The sum of what was copied, by each way to copy, and what was copied is there. */
static void
test_copy_sums (Fixture *fixture, gconstpointer data)
{
  static const struct
  {
    gboolean on_a_server, can_share;
    gsize size; /* bytes */
    guint n_shared;
    gboolean by_kernel;
  } ways[] = {
    { FALSE, FALSE, 3 * KL_IO_BLOCK + 17, 0, FALSE },
    { FALSE, FALSE, 0, 0, FALSE },
    { TRUE, FALSE, 3 * KL_IO_BLOCK + 17, 0, TRUE },
    { FALSE, TRUE, 3 * KL_IO_BLOCK + 17, 1, FALSE },
    { FALSE, TRUE, 2 * KL_IO_BLOCK, 1, FALSE },
    { FALSE, TRUE, 100, 0, FALSE },
  };
  g_autofree char *source = g_build_filename (fixture->folder, "source", NULL);
  g_autofree char *target = g_build_filename (fixture->folder, "target", NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (ways); i++)
    {
      const gsize size = ways[i].size;
      g_autofree guint8 *bytes = g_malloc (size + 8192);
      g_autofree char *copied = NULL;
      gsize copied_size = 0;
      guint64 counted = 0;
      g_autoptr (KlProgress) progress = kl_progress_new (count_bytes, &counted);
      KlProgress *step = kl_progress_add_step (progress, 1, NULL);
      g_autoptr (GError) error = NULL;
      g_autofd int from = -1;
      g_autofd int to = -1;
      guint32 crc = 77;

      for (gsize at = 0; at < size + 8192; at++)
        bytes[at] = (guint8) (at * 31 + at / 256);
      g_assert_true (
          g_file_set_contents (source, (const char *) bytes, (gssize) (size + 8192), NULL));
      from = kl_open_for_reading (source, &error);
      g_assert_no_error (error);
      to = open (target, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
      on_a_server = ways[i].on_a_server;
      can_share = ways[i].can_share;
      n_shared = n_kernel = 0;
      kl_progress_set_total (step, 4 * size);
      kl_progress_start (step);
      g_assert_true (
          kl_copy_range (from, 4096, to, 8192, size, source, target, &crc, step, NULL, &error));
      on_a_server = can_share = FALSE;
      g_assert_no_error (error);
      g_assert_cmpuint (counted, ==, size);
      g_assert_cmphex (crc, ==, kl_crc32c_update (0, bytes + 4096, size));
      g_assert_cmpuint (n_shared, ==, ways[i].n_shared);
      g_assert_cmpint (n_kernel > 0, ==, ways[i].by_kernel);
      g_assert_true (g_file_get_contents (target, &copied, &copied_size, NULL));
      if (size > 0)
        g_assert_cmpmem (copied + 8192, copied_size - 8192, bytes + 4096, size);
    }
}

static void
test_copy_cancelled (Fixture *fixture, gconstpointer data)
{
  g_autofree char *source = g_build_filename (fixture->folder, "source", NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  g_autofd int from = -1;

  g_assert_true (g_file_set_contents (source, "abc", -1, NULL));
  from = kl_open_for_reading (source, &error);
  g_cancellable_cancel (cancellable);
  g_assert_false (
      kl_copy_range (from, 0, from, 10, 3, source, source, NULL, NULL, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* On a slow disk each call stays short, so that cancelling does not wait for a long one. */
static void
test_copy_steps (Fixture *fixture, gconstpointer data)
{
  const gsize size = 16 * KL_IO_BLOCK;
  g_autofree char *source = g_build_filename (fixture->folder, "source", NULL);
  g_autofree char *target = g_build_filename (fixture->folder, "target", NULL);
  g_autoptr (GError) error = NULL;
  g_autofd int from = open (source, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  g_autofd int to = open (target, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

  g_assert_cmpint (ftruncate (from, (off_t) size), ==, 0);
  longest_copy = 0;
  g_assert_true (kl_copy_range (from, 0, to, 0, size, source, target, NULL, NULL, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (longest_copy, >, KL_IO_BLOCK);

  longest_copy = 0;
  copy_delay = G_USEC_PER_SEC / 8;
  g_assert_true (
      kl_copy_range (from, 0, to, 0, 4 * KL_IO_BLOCK, source, target, NULL, NULL, NULL, &error));
  copy_delay = 0;
  g_assert_cmpuint (longest_copy, ==, KL_IO_BLOCK);
}

static void
test_flush_error (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = g_build_filename (fixture->folder, "a.wim", NULL);
  g_autoptr (GError) error = NULL;
  g_autofd int fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

  /* A hole would be left out. */
  g_assert_true (kl_write_at (fd, path, 10, 90, path, NULL));

  /* Not every file system knows the call. */
  write_back_error = ENOSYS;
  g_assert_true (kl_flush_file (fd, 100, path, NULL, NULL, &error));
  g_assert_no_error (error);

  write_back_error = EIO;
  g_assert_false (kl_flush_file (fd, 100, path, NULL, NULL, &error));
  write_back_error = 0;
  g_assert_error (error, KL_ERROR, KL_ERROR_IO);
  g_assert_nonnull (strstr (error->message, "a.wim"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)
  ADD ("/file-copy/copies-a-range", test_copy_range);
  ADD ("/file-copy/sums-up-what-it-copies", test_copy_sums);
  ADD ("/file-copy/copying-can-be-cancelled", test_copy_cancelled);
  ADD ("/file-copy/slow-copies-go-in-short-steps", test_copy_steps);
  ADD ("/file-copy/an-error-of-write-back-counts", test_flush_error);
#undef ADD
  return g_test_run ();
}
