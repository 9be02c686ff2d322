/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-atomic-file"

#include "base/atomic-file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file-io.h"

/* Of the hidden name: the file's own, random digits in between. */
#define HIDDEN_START ".%.200s."
#define HIDDEN_SUFFIX ".part"
#define HIDDEN_DIGITS 8
#define HIDDEN_ATTEMPTS 5

struct _KlAtomicFile
{
  char *path;      /* of the file, for messages */
  char *name;      /* final one, in the folder */
  char *temporary; /* the hidden name while there is one; NULL for a file without a name */
  int folder;      /* owned; where both names are, even if its path leads elsewhere meanwhile */
  int fd;          /* owned; -1 once closed */
  KlFileKind kind; /* of a file that may be replaced */
};

/* A file without its final name is locked by whoever writes it. One that nobody locks is left of a
 * program that was killed: ours, and a plain file, or it is none of our business. */
static void
sweep_one (const char *path)
{
  struct stat info;
  g_autofd int fd = open (path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

  if (fd >= 0 && fstat (fd, &info) == 0 && S_ISREG (info.st_mode) && info.st_uid == geteuid ()
      && flock (fd, LOCK_EX | LOCK_NB) == 0)
    unlink (path);
}

/* Whether @name is one that hidden_name() gives; @start: what it begins with, "." for any */
static gboolean
is_hidden_name (const char *name, const char *start)
{
  const gsize tail = HIDDEN_DIGITS + strlen (HIDDEN_SUFFIX);
  const gsize length = strlen (name), least = strlen (start);
  const char *digits;

  if (!g_str_has_prefix (name, start) || length < least + tail)
    return FALSE;

  digits = name + length - tail;
  return (digits == name + least || g_str_equal (start, ".")) && digits[-1] == '.'
         && strspn (digits, "0123456789abcdef") == HIDDEN_DIGITS
         && g_str_has_suffix (name, HIDDEN_SUFFIX);
}

static void
sweep_hidden (const char *folder, const char *start)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (is_hidden_name (name, start))
      {
        g_autofree char *leftover = g_build_filename (folder, name, NULL);

        sweep_one (leftover);
      }
}

/**
 * kl_atomic_file_sweep:
 * @folder: one of ours
 *
 * Removes what attempts to write any file in it left: for folders whose files have other names each
 * time. kl_atomic_file_new() does so for the file that it writes.
 */
void
kl_atomic_file_sweep (const char *folder)
{
  sweep_hidden (folder, ".");
}

/* What earlier attempts to write @path left. */
static void
sweep_for (const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *base = g_path_get_basename (path);
  g_autofree char *start = g_strdup_printf (HIDDEN_START, base);

  sweep_hidden (folder, start);
}

static char *
hidden_name (KlAtomicFile *self)
{
  return g_strdup_printf (HIDDEN_START "%08x" HIDDEN_SUFFIX, self->name, g_random_int ());
}

/* For file systems that know only files with names. Another program may take the new file for a
 * leftover before it is locked: then there is another one. */
static void
open_hidden (KlAtomicFile *self, int mode)
{
  struct stat info = { .st_nlink = 0 };

  for (guint attempt = 0; attempt < HIDDEN_ATTEMPTS && info.st_nlink == 0; attempt++)
    {
      kl_close_fd (&self->fd);
      g_free (self->temporary);
      self->temporary = hidden_name (self);
      self->fd
          = openat (self->folder, self->temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode);
      if (self->fd < 0)
        {
          int saved = errno;

          g_clear_pointer (&self->temporary, g_free);
          errno = saved;
          return;
        }
      flock (self->fd, LOCK_EX | LOCK_NB);
      if (fstat (self->fd, &info) != 0)
        return;
    }
}

/**
 * kl_atomic_file_new:
 * @path: the final name; its folder must exist and be writable
 * @mode: permissions of the new file, before the umask: 0666 or 0600
 *
 * Errors: KL_ERROR_* of open(2), naming the folder; KL_ERROR_INVALID_ARGUMENT if @path is there and
 * is not a regular file.
 *
 * Returns: (transfer full) (nullable): the file, open for reading and writing
 */
KlAtomicFile *
kl_atomic_file_new (const char *path, int mode, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_autoptr (KlAtomicFile) self = g_new0 (KlAtomicFile, 1);
  struct stat info;

  self->fd = self->folder = -1;
  self->path = g_strdup (path);
  self->name = g_path_get_basename (path);

  if (lstat (path, &info) == 0 && !S_ISREG (info.st_mode) && !S_ISLNK (info.st_mode))
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT, "“%s” is %s and not a file", path,
                   S_ISDIR (info.st_mode) ? "a folder" : "a device or special file");
      return NULL;
    }

  sweep_for (path);
  self->folder = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (self->folder >= 0)
    self->fd = openat (self->folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, mode);
  if (self->folder >= 0 && self->fd < 0
      && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL))
    open_hidden (self, mode);
  if (self->fd < 0)
    {
      kl_set_error_errno (error, errno, "Cannot write into the folder “%s”", folder);
      return NULL;
    }

  /* Where locks are not to be had, nobody sweeps, either. */
  flock (self->fd, LOCK_EX | LOCK_NB);
  return g_steal_pointer (&self);
}

/**
 * kl_atomic_file_set_kind:
 *
 * For a path that somebody else chose, and may change meanwhile: kl_atomic_file_commit() replaces
 * nothing but an empty file or one of this kind, in the very folder that kl_atomic_file_new()
 * found.
 */
void
kl_atomic_file_set_kind (KlAtomicFile *self, KlFileKind kind)
{
  self->kind = kind;
}

/**
 * kl_atomic_file_get_fd:
 *
 * Returns: the descriptor, owned by @self
 */
int
kl_atomic_file_get_fd (KlAtomicFile *self)
{
  return self->fd;
}

/* A file without a name gets a hidden one first, since linkat() cannot replace a name. */
static gboolean
give_name (KlAtomicFile *self)
{
  g_autofree char *link = g_strdup_printf ("/proc/self/fd/%d", self->fd);
  g_autofree char *name = hidden_name (self);

  if (linkat (AT_FDCWD, link, self->folder, name, AT_SYMLINK_FOLLOW) != 0)
    return FALSE;

  self->temporary = g_steal_pointer (&name);
  return TRUE;
}

/**
 * kl_atomic_file_commit:
 *
 * Flushes the file, gives it its name in place of whatever bore it, and flushes the folder.
 *
 * Errors: KL_ERROR_* of fsync(2) and rename(2), those of kl_file_kind_check(). The old file is then
 * still there.
 */
gboolean
kl_atomic_file_commit (KlAtomicFile *self, GError **error)
{
  if (fsync (self->fd) != 0)
    {
      kl_set_error_errno (error, errno, "Cannot flush “%s” to the disk", self->path);
      return FALSE;
    }
  if (!kl_file_kind_check (self->folder, self->name, self->kind, self->path, error))
    return FALSE;
  if ((self->temporary == NULL && !give_name (self))
      || renameat (self->folder, self->temporary, self->folder, self->name) != 0)
    {
      kl_set_error_errno (error, errno, "Cannot give “%s” its name", self->path);
      return FALSE;
    }

  g_clear_pointer (&self->temporary, g_free);
  return kl_sync_folder (self->folder, self->path, error);
}

void
kl_atomic_file_free (KlAtomicFile *self)
{
  if (self == NULL)
    return;

  if (self->temporary != NULL)
    unlinkat (self->folder, self->temporary, 0);
  kl_close_fd (&self->fd);
  kl_close_fd (&self->folder);
  g_free (self->temporary);
  g_free (self->name);
  g_free (self->path);
  g_free (self);
}

/**
 * kl_replace_file:
 *
 * Writes a small file beside @path, flushes it and renames it over @path.
 */
gboolean
kl_replace_file (const char *path, const void *data, gsize length, GError **error)
{
  g_autoptr (KlAtomicFile) file = kl_atomic_file_new (path, KL_FILE_MODE, error);

  return file != NULL && kl_write_at (file->fd, data, length, 0, path, error)
         && kl_atomic_file_commit (file, error);
}
