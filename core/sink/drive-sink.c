/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-drive-sink"

#include "sink/drive-sink.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/checksum.h"
#include "base/error.h"
#include "base/file-io.h"
#include "sink/read-ahead.h"

/* What O_DIRECT wants memory to be aligned to, on any drive; bytes. */
#define ALIGNMENT 4096

struct _KlDriveSink
{
  KlSink parent_instance;

  KlDriveHandle *handle; /* owned */
  guint8 *bounce;        /* owned; KL_IO_BLOCK bytes, aligned */
  guint64 size;          /* bytes of the medium; 0 before prepare */
  gboolean confirmed;    /* the identity was compared, and something may have been written */
  gint direct;           /* atomic; whether the descriptor has O_DIRECT */
};

G_DEFINE_FINAL_TYPE (KlDriveSink, kl_drive_sink, KL_TYPE_SINK)

static const char *
get_path (KlDriveSink *self)
{
  return kl_drive_handle_get_path (self->handle);
}

static int
get_fd (KlDriveSink *self)
{
  return kl_drive_handle_get_fd (self->handle);
}

static void
set_direct (KlDriveSink *self, gboolean direct)
{
  int flags = fcntl (get_fd (self), F_GETFL);

  flags = direct ? flags | O_DIRECT : flags & ~O_DIRECT;
  g_atomic_int_set (&self->direct, fcntl (get_fd (self), F_SETFL, flags) == 0 && direct);
}

/* A drive that is pulled while it works may say EIO first. */
static gboolean
is_gone (KlDriveSink *self)
{
  guint64 size = 0;

  if (ioctl (get_fd (self), BLKGETSIZE64, &size) == 0)
    return size == 0;
  return errno == ENODEV || errno == ENXIO || errno == ENOMEDIUM;
}

static void
set_error (KlDriveSink *self, int errnum, gboolean writing, guint64 offset, GError **error)
{
  int code;

  switch (errnum)
    {
    case ENODEV:
    case ENXIO:
    case ENOMEDIUM:
    case ESHUTDOWN:
      code = KL_ERROR_DEVICE_GONE;
      break;
    case EROFS:
    case EPERM:
    case EACCES:
    case EBADF:
      code = KL_ERROR_WRITE_PROTECTED;
      break;
    default: /* also ENOSPC: within its size a drive has space, or lies */
      code = is_gone (self) ? KL_ERROR_DEVICE_GONE : KL_ERROR_IO;
      break;
    }

  g_set_error (error, KL_ERROR, code,
               writing ? "Cannot write “%s” at byte %" G_GUINT64_FORMAT ": %s"
                       : "Cannot read “%s” at byte %" G_GUINT64_FORMAT ": %s",
               get_path (self), offset, g_strerror (errnum));
}

static gboolean
kl_drive_sink_prepare (KlSink *sink, guint64 size, GError **error)
{
  KlDriveSink *self = KL_DRIVE_SINK (sink);
  guint64 there = kl_drive_handle_get_size (self->handle);

  if (size == 0 || size > there)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_NO_SPACE,
                   "“%s” needs to hold %" G_GUINT64_FORMAT " bytes, and has %" G_GUINT64_FORMAT,
                   get_path (self), size, there);
      return FALSE;
    }

  self->size = size;
  return TRUE;
}

/* The last look before something is lost. */
static gboolean
check_allowed (KlDriveSink *self, guint64 offset, guint64 length, GError **error)
{
  if (offset > self->size || length > self->size - offset)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                   "Bytes %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT
                   " of “%s” are outside of the medium of %" G_GUINT64_FORMAT " bytes",
                   offset, offset + length, get_path (self), self->size);
      return FALSE;
    }
  if (get_fd (self) < 0)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT, "“%s” was closed", get_path (self));
      return FALSE;
    }
  if (self->confirmed)
    return TRUE;

  if (!kl_drive_handle_confirm (self->handle, error))
    return FALSE;
  self->confirmed = TRUE;
  set_direct (self, TRUE);
  return TRUE;
}

static gsize
block_of (KlDriveSink *self)
{
  return kl_drive_handle_get_block_size (self->handle);
}

/* All of it aligned as O_DIRECT wants it; a drive that refuses nevertheless is written through the
 * cache. */
static gboolean
write_aligned (KlDriveSink *self, const guint8 *data, gsize length, guint64 offset, GError **error)
{
  while (length > 0)
    {
      const gboolean direct = g_atomic_int_get (&self->direct);
      gssize n = pwrite (get_fd (self), data, MIN (length, KL_IO_BLOCK), (off_t) offset);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0 && errno == EINVAL && direct)
        {
          set_direct (self, FALSE);
          continue;
        }
      if (n <= 0)
        {
          set_error (self, n == 0 ? ENOSPC : errno, TRUE, offset, error);
          return FALSE;
        }
      data += n;
      offset += (guint64) n;
      length -= (gsize) n;
    }

  return TRUE;
}

static gboolean
read_aligned (KlDriveSink *self, guint8 *buffer, gsize length, guint64 offset, GError **error)
{
  while (length > 0)
    {
      const gboolean direct = g_atomic_int_get (&self->direct);
      gssize n = pread (get_fd (self), buffer, length, (off_t) offset);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0 && errno == EINVAL && direct)
        {
          set_direct (self, FALSE);
          continue;
        }
      if (n < 0)
        {
          set_error (self, errno, FALSE, offset, error);
          return FALSE;
        }
      if (n == 0)
        {
          g_set_error (error, KL_ERROR, KL_ERROR_FORMAT,
                       "“%s” ends early, at byte %" G_GUINT64_FORMAT, get_path (self), offset);
          return FALSE;
        }
      buffer += n;
      offset += (guint64) n;
      length -= (gsize) n;
    }

  return TRUE;
}

/* Within the bounce buffer: the blocks that are not wholly covered are read first. */
static gboolean
write_through_bounce (
    KlDriveSink *self, const guint8 *data, gsize length, guint64 offset, GError **error)
{
  const gsize block = block_of (self);
  const guint64 start = offset - offset % block;
  const gsize before = (gsize) (offset - start);
  const gsize covered = (before + length + block - 1) / block * block;
  const gsize last = covered - block;

  if (before > 0 && !read_aligned (self, self->bounce, block, start, error))
    return FALSE;
  if (covered > before + length && (before == 0 || last > 0)
      && !read_aligned (self, self->bounce + last, block, start + last, error))
    return FALSE;

  memcpy (self->bounce + before, data, length);
  return write_aligned (self, self->bounce, covered, start, error);
}

static gboolean
is_aligned (KlDriveSink *self, const void *data, gsize length, guint64 offset)
{
  return (guintptr) data % ALIGNMENT == 0 && length % block_of (self) == 0
         && offset % block_of (self) == 0;
}

static gboolean
kl_drive_sink_write (KlSink *sink, const void *data, gsize length, guint64 offset, GError **error)
{
  KlDriveSink *self = KL_DRIVE_SINK (sink);
  const guint8 *bytes = data;

  if (!check_allowed (self, offset, length, error))
    return FALSE;
  if (is_aligned (self, data, length, offset))
    return write_aligned (self, data, length, offset, error);

  while (length > 0)
    {
      /* So that the next piece begins with a block. */
      gsize n = MIN (length, KL_IO_BLOCK - (gsize) (offset % block_of (self)));

      if (!write_through_bounce (self, bytes, n, offset, error))
        return FALSE;
      bytes += n;
      offset += n;
      length -= n;
    }
  return TRUE;
}

/* Reading the source and writing go on at the same time, a block of the one during a block of the
 * other. */
static gboolean
kl_drive_sink_copy (KlSink *sink,
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
  KlDriveSink *self = KL_DRIVE_SINK (sink);
  g_autoptr (KlReadAhead) reader = NULL;

  if (!check_allowed (self, offset, length, error))
    return FALSE;

  if (crc32c != NULL)
    *crc32c = 0;
  reader = kl_read_ahead_new (source, source_name, source_offset, length,
                              KL_IO_BLOCK - (gsize) (offset % block_of (self)));
  while (length > 0)
    {
      const KlReadBlock *block = kl_read_ahead_next (reader, cancellable, error);

      if (block == NULL || !kl_drive_sink_write (sink, block->data, block->length, offset, error))
        return FALSE;
      if (crc32c != NULL)
        *crc32c = kl_crc32c_update (*crc32c, block->data, block->length);
      offset += block->length;
      length -= block->length;
      kl_progress_advance (progress, block->length);
    }
  return TRUE;
}

/* With O_DIRECT there is nothing left but what the drive itself keeps in its cache. */
static gboolean
kl_drive_sink_flush (KlSink *sink, KlProgress *progress, GCancellable *cancellable, GError **error)
{
  KlDriveSink *self = KL_DRIVE_SINK (sink);

  kl_progress_set_total (progress, self->size);
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (fsync (get_fd (self)) != 0)
    {
      const int saved = errno;
      int code = is_gone (self) ? KL_ERROR_DEVICE_GONE : KL_ERROR_IO;

      g_set_error (error, KL_ERROR, code, "Cannot flush “%s”: %s", get_path (self),
                   g_strerror (saved));
      return FALSE;
    }

  /* Where O_DIRECT did not work the pages are clean now and can be dropped; root can do more. */
  if (!g_atomic_int_get (&self->direct))
    {
      posix_fadvise (get_fd (self), 0, 0, POSIX_FADV_DONTNEED);
      if (ioctl (get_fd (self), BLKFLSBUF) != 0)
        g_debug ("BLKFLSBUF of %s: %s", get_path (self), g_strerror (errno));
    }
  kl_progress_advance (progress, self->size);
  return TRUE;
}

static gboolean
kl_drive_sink_read (KlSink *sink, void *buffer, gsize length, guint64 offset, GError **error)
{
  KlDriveSink *self = KL_DRIVE_SINK (sink);
  const gsize rest = length % block_of (self);
  guint8 *bytes = buffer;

  if (!self->confirmed && !g_atomic_int_get (&self->direct))
    set_direct (self, TRUE);
  if (length > rest && !read_aligned (self, bytes, length - rest, offset, error))
    return FALSE;
  if (rest == 0)
    return TRUE;

  if (!read_aligned (self, self->bounce, block_of (self), offset + length - rest, error))
    return FALSE;
  memcpy (bytes + length - rest, self->bounce, rest);
  return TRUE;
}

static gboolean
kl_drive_sink_commit (KlSink *sink, GError **error)
{
  KlDriveSink *self = KL_DRIVE_SINK (sink);

  if (!kl_drive_sink_flush (sink, NULL, NULL, error))
    return FALSE;

  kl_drive_handle_close (self->handle);
  return TRUE;
}

static void
kl_drive_sink_finalize (GObject *object)
{
  KlDriveSink *self = KL_DRIVE_SINK (object);

  if (self->handle != NULL)
    kl_drive_handle_close (self->handle);
  g_clear_object (&self->handle);
  g_aligned_free (self->bounce);

  G_OBJECT_CLASS (kl_drive_sink_parent_class)->finalize (object);
}

static void
kl_drive_sink_class_init (KlDriveSinkClass *klass)
{
  KlSinkClass *sink_class = KL_SINK_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = kl_drive_sink_finalize;
  sink_class->prepare = kl_drive_sink_prepare;
  sink_class->write = kl_drive_sink_write;
  sink_class->copy = kl_drive_sink_copy;
  sink_class->flush = kl_drive_sink_flush;
  sink_class->read = kl_drive_sink_read;
  sink_class->commit = kl_drive_sink_commit;
}

static void
kl_drive_sink_init (KlDriveSink *self)
{
  self->bounce = g_aligned_alloc (1, KL_IO_BLOCK, ALIGNMENT);
}

/**
 * kl_drive_sink_new:
 * @handle: (transfer none): an opened drive; closed by commit, or when the sink goes away
 *
 * A sink onto a drive. Writes need not be aligned; those that are not cost a read of the blocks at
 * their ends. Unlike a file, a drive is changed by the first write.
 *
 * Errors of the sink: KL_ERROR_WRONG_DRIVE before the first write; KL_ERROR_NO_SPACE in prepare;
 * KL_ERROR_DEVICE_GONE if the drive was pulled; KL_ERROR_WRITE_PROTECTED; KL_ERROR_IO with the byte
 * for a bad sector.
 *
 * Returns: (transfer full): the sink
 */
KlSink *
kl_drive_sink_new (KlDriveHandle *handle)
{
  KlDriveSink *self;

  g_return_val_if_fail (KL_IS_DRIVE_HANDLE (handle), NULL);

  self = g_object_new (KL_TYPE_DRIVE_SINK, NULL);
  self->handle = g_object_ref (handle);
  return KL_SINK (self);
}

/**
 * kl_drive_sink_has_written:
 *
 * Returns: whether a write was begun, so that the drive is no longer what it was
 */
gboolean
kl_drive_sink_has_written (KlDriveSink *self)
{
  g_return_val_if_fail (KL_IS_DRIVE_SINK (self), FALSE);

  return self->confirmed;
}
