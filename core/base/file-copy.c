/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-file-copy"

#include "base/file-copy.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/checksum.h"
#include "base/error.h"
#include "base/file-io.h"

/* A call of copy_file_range(2) cannot be cancelled: begin small, and take more at a time only where
 * it is quick. */
#define COPY_MIN ((gsize) KL_IO_BLOCK)
#define COPY_MAX (8 * COPY_MIN)
#define COPY_QUICK (G_USEC_PER_SEC / 10)

/* What is read and written at a time: that much stays in the cache of a core between the two;
 * bytes.
 */
#define COPY_BLOCK ((gsize) 256 << 10)

/* Blocks of the disk are no larger on file systems that share them; bytes. */
#define SHARED_BLOCK ((guint64) 4096)

/* What is waited for at a time while flushing; bytes. A second on a slow stick. */
#define FLUSH_WINDOW ((guint64) 4 << 20)

/* What may be on its way to the disk while more is copied; bytes. A quick disk always has enough to
 * do, and progress is the disk's and not that of the memory. */
#define BEHIND ((guint64) 32 << 20)

/* Where writing itself waits for the disk: less than this a second, and so little is on its way;
 * bytes. */
#define SLOW_WRITING ((gint64) 100 << 20)
#define BEHIND_SLOW ((guint64) 2 << 20)

/* Waits for the write-back of one window. The kernel tells an error of the disk once: who is told
 * here would not hear of it from fsync(2), so it counts. */
static gboolean
wait_for_window (int fd, guint64 offset, guint64 length, const char *name, GError **error)
{
  if (sync_file_range (fd, (off64_t) offset, (off64_t) length,
                       SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE
                           | SYNC_FILE_RANGE_WAIT_AFTER)
          == 0
      || errno == ENOSYS || errno == EINVAL || errno == ESPIPE || errno == EOPNOTSUPP)
    return TRUE;

  kl_set_error_errno (error, errno, "Cannot flush “%s” to the disk", name);
  return FALSE;
}

/* Waits until no more than @most bytes before @end are still on their way. */
static gboolean
wait_behind (int fd,
             guint64 *settled,
             guint64 end,
             guint64 most,
             const char *name,
             KlProgress *progress,
             GCancellable *cancellable,
             GError **error)
{
  while (end - *settled > most)
    {
      const guint64 length = MIN (FLUSH_WINDOW, end - *settled - most);

      if (g_cancellable_set_error_if_cancelled (cancellable, error)
          || !wait_for_window (fd, *settled, length, name, error))
        return FALSE;
      *settled += length;
      kl_progress_advance (progress, length);
    }

  return TRUE;
}

/* What is copied where to. */
typedef struct
{
  int source, target;
  guint64 from, to; /* bytes; where it goes on */
  guint64 settled;  /* bytes of the target; up to there all has reached the disk */
  const char *source_name, *target_name;
  gboolean by_kernel;
  guint8 *buffer;  /* COPY_BLOCK bytes */
  guint32 *crc32c; /* nullable; of what was copied, where it passes through the buffer */
} Copy;

/* At most @most bytes by copy_file_range(2); 0 where that does not go: what is wrong with which
 * file, reading and writing will say. -1: an error. */
static gssize
copy_by_kernel (Copy *self, gsize most, GError **error)
{
  gssize n;

  do
    {
      off64_t from = (off64_t) self->from, to = (off64_t) self->to;

      n = copy_file_range (self->source, &from, self->target, &to, most, 0);
    }
  while (n < 0 && errno == EINTR);

  if (n < 0 && (errno == ENOSPC || errno == EDQUOT || errno == EFBIG))
    {
      kl_set_error_errno (error, errno, "Cannot write “%s” at byte %" G_GUINT64_FORMAT,
                          self->target_name, self->to);
      return -1;
    }
  return MAX (n, 0);
}

static gboolean
copy_by_reading (Copy *self, gsize length, GError **error)
{
  for (gsize done = 0; done < length;)
    {
      const gsize n = MIN (length - done, COPY_BLOCK);

      if (!kl_read_at (self->source, self->buffer, n, self->from + done, self->source_name, error))
        return FALSE;
      if (self->crc32c != NULL)
        *self->crc32c = kl_crc32c_update (*self->crc32c, self->buffer, n);
      if (!kl_write_at (self->target, self->buffer, n, self->to + done, self->target_name, error))
        return FALSE;
      done += n;
    }

  return TRUE;
}

/* Copies the next bytes, @most or fewer. Returns how many; 0: an error. */
static gsize
copy_some (Copy *self, gsize most, GError **error)
{
  if (self->by_kernel)
    {
      const gssize n = copy_by_kernel (self, most, error);

      if (n != 0)
        return (gsize) MAX (n, 0);
      self->by_kernel = FALSE;
    }

  most = MIN (most, KL_IO_BLOCK);
  if (self->buffer == NULL)
    self->buffer = g_malloc (COPY_BLOCK);
  return copy_by_reading (self, most, error) ? most : 0;
}

/* Write-back follows the copying at a short distance, so that a later fsync finds little left to
 * do; none is left where there is more than the distance. */
static gboolean
copy_all (
    Copy *self, guint64 length, KlProgress *progress, GCancellable *cancellable, GError **error)
{
  const guint64 rest = length > BEHIND ? 0 : BEHIND;
  gsize step = COPY_MIN;

  while (length > 0)
    {
      const gint64 began = g_get_monotonic_time ();
      gint64 took;
      guint64 most;
      gsize n;

      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      n = copy_some (self, (gsize) MIN (length, step), error);
      if (n == 0)
        return FALSE;

      sync_file_range (self->target, (off64_t) self->to, (off64_t) n, SYNC_FILE_RANGE_WRITE);
      took = g_get_monotonic_time () - began;
      step = took < COPY_QUICK ? MIN (step * 2, COPY_MAX) : COPY_MIN;
      self->from += n;
      self->to += n;
      length -= n;
      most = (gint64) n * G_USEC_PER_SEC < took * SLOW_WRITING ? BEHIND_SLOW : BEHIND;
      if (!wait_behind (self->target, &self->settled, self->to, length > 0 ? most : rest,
                        self->target_name, progress, cancellable, error))
        return FALSE;
    }

  kl_progress_advance (progress, self->to - self->settled);
  return TRUE;
}

/* Two files of one server, which copies without sending anything to and fro. */
static gboolean
is_on_a_server (const Copy *self)
{
  static const long servers[] = { 0x6969, 0xFF534D42, 0xFE534D42, 0x00C36400 };
  struct statfs info;
  struct stat source, target;

  if (fstat (self->source, &source) != 0 || fstat (self->target, &target) != 0
      || source.st_dev != target.st_dev || fstatfs (self->target, &info) != 0)
    return FALSE;

  /* NFS, CIFS, SMB 2 and later, Ceph (statfs(2)). */
  for (gsize i = 0; i < G_N_ELEMENTS (servers); i++)
    if ((long) (guint32) info.f_type == servers[i])
      return TRUE;
  return FALSE;
}

/**
 * kl_share_range:
 *
 * Has two files share blocks of the disk (FICLONERANGE): nothing is read or written, and what is
 * changed later in one does not show in the other. Offsets and length are multiples of the block
 * size of the file system.
 *
 * Returns: %FALSE where that cannot be; the target is as it was then
 */
gboolean
kl_share_range (
    int source, guint64 source_offset, int target, guint64 target_offset, guint64 length)
{
  struct file_clone_range range = { source, source_offset, length, target_offset };

  return ioctl (target, FICLONERANGE, &range) == 0;
}

/* Copies what need not pass through memory, if any, and reads it for its sum. @done: bytes. */
static gboolean
copy_unread (Copy *self,
             guint64 length,
             guint64 *done,
             KlProgress *progress,
             GCancellable *cancellable,
             GError **error)
{
  const guint64 from = self->from;
  const guint64 whole = length - length % SHARED_BLOCK;

  *done = 0;
  if (whole > 0 && kl_share_range (self->source, from, self->target, self->to, whole))
    {
      *done = whole;
      self->from += whole;
      self->to += whole;
      self->settled = self->to;
    }
  else if (is_on_a_server (self))
    {
      self->by_kernel = TRUE;
      if (!copy_all (self, length, NULL, cancellable, error))
        return FALSE;
      self->by_kernel = FALSE;
      self->settled = self->to;
      *done = length;
    }

  return *done == 0
         || kl_crc32c_range (self->source, self->source_name, from, *done, progress, cancellable,
                             self->crc32c, error);
}

/**
 * kl_copy_range:
 * @source_name: for messages, as is @target_name
 * @crc32c: (out) (optional): the CRC-32C of the bytes copied
 * @progress: (nullable): advances by the bytes that have reached the disk
 *
 * Copies @length bytes from one file into another by copy_file_range(2), which shares or offloads
 * where the file systems can, and by reading and writing where they can't. Where a sum is asked
 * for, blocks of the disk are shared or copied by their server too and read for it; all else is
 * summed up as it passes by, which takes less than to have the kernel copy and to read it again.
 * Write-back follows the copying at a short distance, so that a later fsync finds little left to
 * do, and none where there is more than the distance.
 *
 * Errors: KL_ERROR_* of the system calls, KL_ERROR_FORMAT if the source ends early,
 * G_IO_ERROR_CANCELLED within one block. Blocks; any thread.
 */
gboolean
kl_copy_range (int source,
               guint64 source_offset,
               int target,
               guint64 target_offset,
               guint64 length,
               const char *source_name,
               const char *target_name,
               guint32 *crc32c,
               KlProgress *progress,
               GCancellable *cancellable,
               GError **error)
{
  Copy copy = { .source = source,
                .target = target,
                .from = source_offset,
                .to = target_offset,
                .settled = target_offset,
                .source_name = source_name,
                .target_name = target_name,
                .by_kernel = crc32c == NULL,
                .crc32c = crc32c };
  guint64 done = 0;
  gboolean copied;

  if (crc32c != NULL)
    *crc32c = 0;
  copied = (crc32c == NULL || copy_unread (&copy, length, &done, progress, cancellable, error))
           && copy_all (&copy, length - done, progress, cancellable, error);
  g_free (copy.buffer);
  return copied;
}

/* The next byte from @offset on that is not in a hole; @size where there is none. */
static guint64
skip_hole (int fd, guint64 offset, guint64 size)
{
  off_t data = lseek (fd, (off_t) offset, SEEK_DATA);

  if (data < 0)
    return errno == ENXIO ? size : offset;
  return (guint64) data;
}

/**
 * kl_flush_file:
 * @size: of the file; bytes
 * @progress: (nullable): advances by the bytes flushed
 *
 * fsync that can be cancelled and shows progress: the content goes out window by window first, and
 * one fsync for what is left, which is little, ends it. Moves the position of @fd.
 *
 * Errors: KL_ERROR_* of sync_file_range(2) and fsync(2); G_IO_ERROR_CANCELLED. Blocks; any thread.
 */
gboolean
kl_flush_file (int fd,
               guint64 size,
               const char *name,
               KlProgress *progress,
               GCancellable *cancellable,
               GError **error)
{
  for (guint64 at = skip_hole (fd, 0, size); at < size;
       at = skip_hole (fd, MIN (at + FLUSH_WINDOW, size), size))
    {
      guint64 length = MIN (FLUSH_WINDOW, size - at);

      kl_progress_set_done (progress, at);
      if (g_cancellable_set_error_if_cancelled (cancellable, error)
          || !wait_for_window (fd, at, length, name, error))
        return FALSE;
      kl_progress_advance (progress, length);
    }

  if (fsync (fd) != 0)
    {
      kl_set_error_errno (error, errno, "Cannot flush “%s” to the disk", name);
      return FALSE;
    }
  return TRUE;
}

/**
 * kl_flush_path:
 * @path: of a file
 *
 * As kl_flush_file(). Errors: also those of kl_open_for_reading().
 */
gboolean
kl_flush_path (const char *path, KlProgress *progress, GCancellable *cancellable, GError **error)
{
  struct stat info;
  g_autofd int fd = kl_open_with_info (path, &info, error);

  return fd >= 0 && kl_flush_file (fd, (guint64) info.st_size, path, progress, cancellable, error);
}
