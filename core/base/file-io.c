/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-file-io"

#include "base/file-io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

void
kl_close_fd (int *fd)
{
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
}

/**
 * kl_open_for_reading:
 *
 * Opens a regular file or a block device. A directory, a socket or a FIFO is refused, without
 * waiting.
 *
 * Returns: a descriptor to close, or -1 with @error set (KL_ERROR_* of open(2);
 *   KL_ERROR_INVALID_ARGUMENT for another kind of file)
 */
int
kl_open_for_reading (const char *path, GError **error)
{
  struct stat info;

  return kl_open_with_info (path, &info, error);
}

/**
 * kl_open_with_info:
 * @info: (out): of the file, where it was opened
 *
 * As kl_open_for_reading().
 */
int
kl_open_with_info (const char *path, struct stat *info, GError **error)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

  if (fd < 0)
    {
      kl_set_error_errno (error, errno, "Cannot open “%s”", path);
      return -1;
    }

  if (fstat (fd, info) != 0 || !(S_ISREG (info->st_mode) || S_ISBLK (info->st_mode)))
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT, "“%s” is not a file", path);
      close (fd);
      return -1;
    }

  return fd;
}

/**
 * kl_try_malloc:
 * @size: bytes, from a file; the caller has bounded it
 * @name: what is to be read into it, for the message
 *
 * Errors: KL_ERROR_OUT_OF_MEMORY.
 *
 * Returns: (transfer full) (nullable): memory for g_free(), with room for one byte more
 */
gpointer
kl_try_malloc (guint64 size, const char *name, GError **error)
{
  gpointer memory = size < G_MAXSIZE ? g_try_malloc ((gsize) size + 1) : NULL;

  if (memory == NULL)
    g_set_error (error, KL_ERROR, KL_ERROR_OUT_OF_MEMORY,
                 "No memory for %" G_GUINT64_FORMAT " bytes of “%s”", size, name);
  return memory;
}

/**
 * kl_read_some:
 * @name: the file's name, for the error message
 *
 * Returns: bytes read, 0 at the end, -1 with @error set
 */
gssize
kl_read_some (
    int fd, void *buffer, gsize length, const char *name, GCancellable *cancellable, GError **error)
{
  gssize n;

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return -1;

  do
    n = read (fd, buffer, length);
  while (n < 0 && errno == EINTR);

  if (n < 0)
    kl_set_error_errno (error, errno, "Cannot read “%s”", name);
  return n;
}

/**
 * kl_read_at:
 *
 * Reads exactly @length bytes at @offset. Errors: KL_ERROR_* of pread(2); KL_ERROR_FORMAT at an
 * early end.
 */
gboolean
kl_read_at (int fd, void *buffer, gsize length, guint64 offset, const char *name, GError **error)
{
  guint8 *bytes = buffer;

  while (length > 0)
    {
      gssize n = pread (fd, bytes, length, (off_t) offset);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        {
          kl_set_error_errno (error, errno, "Cannot read “%s” at byte %" G_GUINT64_FORMAT, name,
                              offset);
          return FALSE;
        }
      if (n == 0)
        {
          g_set_error (error, KL_ERROR, KL_ERROR_FORMAT,
                       "“%s” ends early, at byte %" G_GUINT64_FORMAT, name, offset);
          return FALSE;
        }
      bytes += n;
      offset += (guint64) n;
      length -= (gsize) n;
    }

  return TRUE;
}

/**
 * kl_read_all:
 * @size: bytes of the file; the caller has bounded it
 *
 * Errors: those of kl_try_malloc() and kl_read_at(). Blocks; any thread.
 *
 * Returns: (transfer full) (nullable): the bytes from the beginning on, with a NUL behind them
 */
gpointer
kl_read_all (int fd, guint64 size, const char *name, GError **error)
{
  g_autofree char *data = kl_try_malloc (size, name, error);

  if (data == NULL || !kl_read_at (fd, data, (gsize) size, 0, name, error))
    return NULL;

  data[size] = '\0';
  return g_steal_pointer (&data);
}

/**
 * kl_write_at:
 *
 * Writes all of @data at @offset. Errors: KL_ERROR_* of pwrite(2).
 */
gboolean
kl_write_at (
    int fd, const void *data, gsize length, guint64 offset, const char *name, GError **error)
{
  const guint8 *bytes = data;

  while (length > 0)
    {
      gssize n = pwrite (fd, bytes, length, (off_t) offset);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        {
          kl_set_error_errno (error, n == 0 ? ENOSPC : errno,
                              "Cannot write “%s” at byte %" G_GUINT64_FORMAT, name, offset);
          return FALSE;
        }
      bytes += n;
      offset += (guint64) n;
      length -= (gsize) n;
    }

  return TRUE;
}

/**
 * kl_sync_folder:
 * @fd: of the folder; -1 with errno set where it could not be opened
 *
 * As kl_sync_directory().
 */
gboolean
kl_sync_folder (int fd, const char *path, GError **error)
{
  /* Some network file systems can't sync a folder: there the rename is as durable as it gets. */
  if (fd >= 0 && (fsync (fd) == 0 || errno == EINVAL || errno == ENOTSUP))
    return TRUE;

  kl_set_error_errno (error, errno, "Cannot sync the folder “%s”", path);
  return FALSE;
}

/**
 * kl_sync_directory:
 *
 * Makes renames and new names in a folder durable.
 */
gboolean
kl_sync_directory (const char *path, GError **error)
{
  g_autofd int fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  return kl_sync_folder (fd, path, error);
}

/**
 * kl_remove_tree:
 *
 * Removes a file, or a folder with all it holds; symbolic links are removed and not followed. A
 * path that does not exist is no error.
 */
gboolean
kl_remove_tree (const char *path, GError **error)
{
  struct stat info;

  if (lstat (path, &info) != 0)
    {
      if (errno == ENOENT)
        return TRUE;
      kl_set_error_errno (error, errno, "Cannot remove “%s”", path);
      return FALSE;
    }

  if (S_ISDIR (info.st_mode))
    {
      g_autoptr (GDir) folder = g_dir_open (path, 0, error);
      const char *name;

      if (folder == NULL)
        {
          kl_translate_io_error (error, "Cannot remove “%s”", path);
          return FALSE;
        }

      while ((name = g_dir_read_name (folder)) != NULL)
        {
          g_autofree char *child = g_build_filename (path, name, NULL);

          if (!kl_remove_tree (child, error))
            return FALSE;
        }
    }

  if (remove (path) != 0 && errno != ENOENT)
    {
      kl_set_error_errno (error, errno, "Cannot remove “%s”", path);
      return FALSE;
    }

  return TRUE;
}
