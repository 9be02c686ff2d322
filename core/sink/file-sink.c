/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-file-sink"

#include "sink/file-sink.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/atomic-file.h"
#include "base/error.h"
#include "base/file-copy.h"
#include "base/file-io.h"

/* What O_DIRECT wants offsets, lengths and memory to be multiples of, on any disk; bytes. */
#define DIRECT_BLOCK ((gsize) 4096)

/* As many symbolic links in a row as the kernel follows. */
#define MAX_LINKS 40

struct _KlFileSink
{
  KlSink parent_instance;

  char *path;          /* of the file itself, symbolic links resolved */
  KlAtomicFile *file;  /* owned */
  guint64 size;        /* bytes; 0 before prepare */
  gboolean sparse;     /* what is never written, or is zero, takes no space */
  guint64 needed;      /* bytes that a sparse file takes in the end */
  GMutex lock;         /* for the next two, which the first read sets */
  gboolean past_cache; /* direct was tried, and the cache was dropped */
  int direct;          /* owned; the file opened past the page cache; -1: not open */
  gint direct_refused; /* atomic; the file system took the flag and does not read with it */
};

G_DEFINE_FINAL_TYPE (KlFileSink, kl_file_sink, KL_TYPE_SINK)

static gboolean
check_limit_of_process (KlFileSink *self, guint64 size, GError **error)
{
  struct rlimit limit;

  /* Going over it would end the program with SIGXFSZ. */
  if (getrlimit (RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY
      || size <= limit.rlim_cur)
    return TRUE;

  g_set_error (error, KL_ERROR, KL_ERROR_NO_SPACE,
               "“%s” needs %" G_GUINT64_FORMAT
               " bytes, and this program may not write a file of more than %" G_GUINT64_FORMAT
               " bytes (ulimit -f)",
               self->path, size, (guint64) limit.rlim_cur);
  return FALSE;
}

static gboolean
get_free_space (KlFileSink *self, guint64 *free_bytes)
{
  struct statvfs info;

  /* Some network file systems don't know their size and say 0. */
  if (fstatvfs (kl_atomic_file_get_fd (self->file), &info) != 0 || info.f_blocks == 0)
    return FALSE;

  *free_bytes = (guint64) info.f_bavail * info.f_frsize;
  return TRUE;
}

static void
set_no_space_error (KlFileSink *self, guint64 size, guint64 free_bytes, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (self->path);

  g_set_error (error, KL_ERROR, KL_ERROR_NO_SPACE,
               "“%s” needs %" G_GUINT64_FORMAT " bytes, and “%s” has %" G_GUINT64_FORMAT
               " bytes free",
               self->path, size, folder, free_bytes);
}

/* There, to take room is to fill it with zeros, which takes as long as to write. */
static gboolean
is_in_memory (int fd)
{
  struct statfs info;

  return fstatfs (fd, &info) == 0 && info.f_type == TMPFS_MAGIC;
}

static gboolean
set_size (KlFileSink *self, guint64 size, GError **error)
{
  int fd = kl_atomic_file_get_fd (self->file);
  gboolean take_none = self->sparse || is_in_memory (fd);
  int result, saved;
  guint64 free_bytes = 0;

  do
    result = take_none ? ftruncate (fd, (off_t) size) : fallocate (fd, 0, 0, (off_t) size);
  while (result != 0 && errno == EINTR);

  /* Without fallocate(2) the file is sparse until it is written; never emulate it with zeros. */
  if (result != 0 && !take_none && (errno == EOPNOTSUPP || errno == ENOSYS || errno == EINVAL))
    result = ftruncate (fd, (off_t) size);
  if (result == 0)
    return TRUE;

  saved = errno;
  if (saved == EFBIG)
    g_set_error (error, KL_ERROR, KL_ERROR_NO_SPACE,
                 "“%s” needs %" G_GUINT64_FORMAT
                 " bytes, and the file system there cannot hold a file of this size",
                 self->path, size);
  else if (saved == ENOSPC && get_free_space (self, &free_bytes))
    set_no_space_error (self, size, free_bytes, error);
  else
    kl_set_error_errno (error, saved, "Cannot make room for “%s” (%" G_GUINT64_FORMAT " bytes)",
                        self->path, size);
  return FALSE;
}

/* Gives the room back that an earlier call took for another size than @size. */
static gboolean
take_back (KlFileSink *self, guint64 size, GError **error)
{
  int result;

  if (self->size == 0)
    return TRUE;

  do
    result = ftruncate (kl_atomic_file_get_fd (self->file), 0);
  while (result != 0 && errno == EINTR);
  if (result != 0)
    {
      kl_set_error_errno (error, errno, "Cannot make room for “%s” (%" G_GUINT64_FORMAT " bytes)",
                          self->path, size);
      return FALSE;
    }

  self->size = 0;
  return TRUE;
}

static gboolean
kl_file_sink_prepare (KlSink *sink, guint64 size, GError **error)
{
  KlFileSink *self = KL_FILE_SINK (sink);
  guint64 needed = self->sparse ? MIN (self->needed, size) : size;
  guint64 free_bytes = 0;

  /* A second call finds the room that the first one took. */
  if (size > 0 && size == self->size)
    return TRUE;
  if (!take_back (self, size, error) || !check_limit_of_process (self, size, error))
    return FALSE;
  if (get_free_space (self, &free_bytes) && needed > free_bytes)
    {
      set_no_space_error (self, needed, free_bytes, error);
      return FALSE;
    }
  if (size > 0 && !set_size (self, size, error))
    return FALSE;

  self->size = size;
  return TRUE;
}

static gboolean
is_zero (const guint8 *data, gsize length)
{
  return length > 0 && data[0] == 0 && memcmp (data, data + 1, length - 1) == 0;
}

/* Zeros in a sparse file become a hole, where the file system has holes. */
static gboolean
make_hole (KlFileSink *self, const void *data, gsize length, guint64 offset)
{
  return self->sparse && is_zero (data, length)
         && fallocate (kl_atomic_file_get_fd (self->file),
                       FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t) offset, (off_t) length)
                == 0;
}

static gboolean
kl_file_sink_write (KlSink *sink, const void *data, gsize length, guint64 offset, GError **error)
{
  KlFileSink *self = KL_FILE_SINK (sink);
  int fd = kl_atomic_file_get_fd (self->file);

  if (make_hole (self, data, length, offset))
    return TRUE;
  if (!kl_write_at (fd, data, length, offset, self->path, error))
    return FALSE;

  /* The disk begins its work at once, so that there is less to wait for when flushing. */
  if (length >= KL_IO_BLOCK)
    sync_file_range (fd, (off64_t) offset, (off64_t) length, SYNC_FILE_RANGE_WRITE);
  return TRUE;
}

static gboolean
kl_file_sink_copy (KlSink *sink,
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
  KlFileSink *self = KL_FILE_SINK (sink);

  return kl_copy_range (source, source_offset, kl_atomic_file_get_fd (self->file), offset, length,
                        source_name, self->path, crc32c, progress, cancellable, error);
}

static int
open_direct (KlFileSink *self)
{
  g_autofree char *link = g_strdup_printf ("/proc/self/fd/%d", kl_atomic_file_get_fd (self->file));

  return open (link, O_RDONLY | O_DIRECT | O_CLOEXEC);
}

/* So that what is read back comes from the disk: the pages are clean now and are dropped, for the
 * parts and the file systems that O_DIRECT does not serve. */
static void
leave_cache (KlFileSink *self)
{
  g_mutex_lock (&self->lock);
  if (!self->past_cache)
    {
      self->past_cache = TRUE;
      self->direct = open_direct (self);
      posix_fadvise (kl_atomic_file_get_fd (self->file), 0, 0, POSIX_FADV_DONTNEED);
    }
  g_mutex_unlock (&self->lock);
}

static gboolean
kl_file_sink_flush (KlSink *sink, KlProgress *progress, GCancellable *cancellable, GError **error)
{
  KlFileSink *self = KL_FILE_SINK (sink);

  kl_progress_set_total (progress, self->size);
  return kl_flush_file (kl_atomic_file_get_fd (self->file), self->size, self->path, progress,
                        cancellable, error);
}

/* Returns the bytes that O_DIRECT delivered into the whole blocks of @buffer; the rest is left to
 * the other way. A file system may take the flag and refuse to read with it. */
static gsize
read_direct (KlFileSink *self, guint8 *buffer, gsize length, guint64 offset)
{
  gsize done = 0;

  length -= length % DIRECT_BLOCK;
  while (self->direct >= 0 && done < length && !g_atomic_int_get (&self->direct_refused))
    {
      gssize n = pread (self->direct, buffer + done, length - done, (off_t) (offset + done));

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0 && errno == EINVAL)
        g_atomic_int_set (&self->direct_refused, TRUE);
      if (n <= 0 || (gsize) n % DIRECT_BLOCK != 0)
        break;
      done += (gsize) n;
    }

  return done;
}

static gboolean
kl_file_sink_read (KlSink *sink, void *buffer, gsize length, guint64 offset, GError **error)
{
  KlFileSink *self = KL_FILE_SINK (sink);
  int fd = kl_atomic_file_get_fd (self->file);
  gsize done;

  leave_cache (self);
  /* A read error comes again below, and is reported with its place. */
  done = read_direct (self, buffer, length, offset);

  return kl_read_at (fd, (guint8 *) buffer + done, length - done, offset + done, self->path, error);
}

static gboolean
kl_file_sink_commit (KlSink *sink, GError **error)
{
  KlFileSink *self = KL_FILE_SINK (sink);

  return kl_atomic_file_commit (self->file, error);
}

static void
kl_file_sink_finalize (GObject *object)
{
  KlFileSink *self = KL_FILE_SINK (object);

  g_mutex_clear (&self->lock);
  kl_close_fd (&self->direct);
  g_clear_pointer (&self->file, kl_atomic_file_free);
  g_free (self->path);

  G_OBJECT_CLASS (kl_file_sink_parent_class)->finalize (object);
}

static void
kl_file_sink_class_init (KlFileSinkClass *klass)
{
  KlSinkClass *sink_class = KL_SINK_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = kl_file_sink_finalize;
  sink_class->prepare = kl_file_sink_prepare;
  sink_class->write = kl_file_sink_write;
  sink_class->copy = kl_file_sink_copy;
  sink_class->flush = kl_file_sink_flush;
  sink_class->read = kl_file_sink_read;
  sink_class->commit = kl_file_sink_commit;
}

static void
kl_file_sink_init (KlFileSink *self)
{
  g_mutex_init (&self->lock);
  self->direct = -1;
}

/* Follows the last component of @path by hand, since realpath(3) fails where the file that a link
 * names is not there yet. */
static char *
resolve_links (const char *path, GError **error)
{
  g_autofree char *current = g_strdup (path);

  for (guint i = 0; i < MAX_LINKS; i++)
    {
      g_autofree char *target = g_file_read_link (current, NULL);
      g_autofree char *folder = NULL;

      if (target == NULL)
        return g_steal_pointer (&current);

      folder = g_path_get_dirname (current);
      g_free (current);
      current = g_path_is_absolute (target) ? g_steal_pointer (&target)
                                            : g_build_filename (folder, target, NULL);
    }

  g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
               "“%s” is a symbolic link that leads nowhere: more than %d links in a row", path,
               MAX_LINKS);
  return NULL;
}

/**
 * kl_file_sink_new:
 * @path: the file to make; its folder must exist and be writable
 *
 * A sink into a file that gets its name only with kl_sink_commit(). Where @path is a symbolic link,
 * the file that it names is replaced and the link stays: somebody put it there to have the file on
 * another disk.
 *
 * Errors, before anything is written: KL_ERROR_INVALID_ARGUMENT if @path is a folder, a device or a
 * link that leads nowhere; KL_ERROR_NOT_FOUND, KL_ERROR_PERMISSION and others of open(2), naming
 * the folder.
 *
 * Returns: (transfer full) (nullable): the sink
 */
KlSink *
kl_file_sink_new (const char *path, GError **error)
{
  g_autoptr (KlFileSink) self = NULL;

  g_return_val_if_fail (path != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  self = g_object_new (KL_TYPE_FILE_SINK, NULL);
  self->path = resolve_links (path, error);
  if (self->path == NULL)
    return NULL;

  self->file = kl_atomic_file_new (self->path, KL_FILE_MODE, error);
  if (self->file == NULL)
    return NULL;

  return KL_SINK (g_steal_pointer (&self));
}

/**
 * kl_file_sink_get_path:
 *
 * Returns: (transfer none): of the file that will be replaced: where a symbolic link leads, if the
 *   path was one
 */
const char *
kl_file_sink_get_path (KlFileSink *self)
{
  g_return_val_if_fail (KL_IS_FILE_SINK (self), NULL);

  return self->path;
}

/**
 * kl_file_sink_set_kind:
 *
 * Commit replaces a file only if it is empty or of this kind, see kl_atomic_file_set_kind().
 */
void
kl_file_sink_set_kind (KlFileSink *self, KlFileKind kind)
{
  g_return_if_fail (KL_IS_FILE_SINK (self));

  kl_atomic_file_set_kind (self->file, kind);
}

/**
 * kl_file_sink_set_sparse:
 * @needed: bytes of the medium that will be written; free space is checked for these
 *
 * Makes a file with holes where nothing or zeros are written: a disk image. Before
 * kl_sink_prepare().
 */
void
kl_file_sink_set_sparse (KlFileSink *self, guint64 needed)
{
  g_return_if_fail (KL_IS_FILE_SINK (self) && self->size == 0);

  self->sparse = TRUE;
  self->needed = needed;
}
