/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-catalog-entry"

#include "image/catalog-entry.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "base/error.h"
#include "base/file-io.h"
#include "image/image-ini.h"

/* A hidden folder that has no lock file, when it is this old, belongs to nobody; seconds. */
#define ABANDONED_AGE (60 * 60)

struct _KlEntryLock
{
  int fd; /* owned */
};

static gboolean
lock_fd (int fd)
{
  struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

  /* Of the open file description: excludes threads too, and works on NFS. */
  return fcntl (fd, F_OFD_SETLK, &lock) == 0;
}

/**
 * kl_entry_lock_new:
 * @folder: the entry
 * @name: the image's ID, for messages
 * @create: makes the lock file where it is not there
 *
 * Takes the entry's lock without waiting. Readers need no lock: whatever they can see is whole.
 *
 * Errors: KL_ERROR_BUSY where another process or thread holds it, KL_ERROR_NOT_FOUND where the
 * entry is gone, KL_ERROR_* of open(2).
 *
 * Returns: (transfer full): the lock
 */
KlEntryLock *
kl_entry_lock_new (const char *folder, const char *name, gboolean create, GError **error)
{
  g_autofree char *path = g_build_filename (folder, KL_LOCK_FILE, NULL);
  g_autofd int fd
      = open (path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | (create ? O_CREAT : 0), KL_FILE_MODE);
  KlEntryLock *self;
  struct stat held, there;

  if (fd < 0)
    {
      kl_set_error_errno (error, errno, "Cannot lock the boot image %s by “%s”", name, path);
      return NULL;
    }
  if (!lock_fd (fd))
    {
      if (errno == EAGAIN || errno == EACCES)
        {
          g_set_error (error, KL_ERROR, KL_ERROR_BUSY,
                       "The boot image %s is being changed by another process", name);
          if (error != NULL)
            kl_error_set_detail (*error, name);
        }
      else
        kl_set_error_errno (error, errno, "Cannot lock the boot image %s by “%s”", name, path);
      return NULL;
    }

  /* Whoever held the lock before may have removed the entry. */
  if (fstat (fd, &held) != 0 || stat (path, &there) != 0 || held.st_ino != there.st_ino
      || held.st_dev != there.st_dev)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_NOT_FOUND,
                   "The boot image %s was removed by another process", name);
      return NULL;
    }

  self = g_new0 (KlEntryLock, 1);
  self->fd = fd;
  fd = -1;
  return self;
}

void
kl_entry_lock_free (KlEntryLock *self)
{
  if (self == NULL)
    return;

  kl_close_fd (&self->fd);
  g_free (self);
}

/**
 * kl_entry_lock_is_held:
 *
 * Returns: whether any process or thread holds the lock of an entry at this moment
 */
gboolean
kl_entry_lock_is_held (const char *folder)
{
  g_autofree char *path = g_build_filename (folder, KL_LOCK_FILE, NULL);
  g_autofd int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

  return fd >= 0 && fcntl (fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

/**
 * kl_entry_text_is_valid:
 * @min: characters
 * @max: characters
 *
 * Whether a text from a user can be recorded: UTF-8, one line, of fitting length. A text that must
 * be there is more than spaces.
 */
gboolean
kl_entry_text_is_valid (const char *text, gsize min, gsize max)
{
  gboolean blank = TRUE;
  glong length;

  if (strlen (text) > max * 4 || !g_utf8_validate (text, -1, NULL))
    return FALSE;
  for (const char *at = text; *at != '\0'; at = g_utf8_next_char (at))
    {
      if (g_unichar_iscntrl (g_utf8_get_char (at)))
        return FALSE;
      blank = blank && g_unichar_isspace (g_utf8_get_char (at));
    }
  if (min > 0 && blank)
    return FALSE;

  length = g_utf8_strlen (text, -1);
  return (gsize) length >= min && (gsize) length <= max;
}

/**
 * kl_catalog_find_entry:
 * @id: in any letter case
 *
 * Errors: KL_ERROR_MISSING_PACKAGE with @id as its detail (media-api.md 3, row 0x80040003).
 *
 * Returns: (transfer full): the folder of an image that is there, broken or not
 */
char *
kl_catalog_find_entry (KlCatalog *self, const char *id, GError **error)
{
  g_autofree char *upper = id != NULL ? g_ascii_strup (id, -1) : NULL;
  g_autofree char *folder = NULL;

  if (upper != NULL && kl_catalog_is_valid_id (upper))
    {
      folder = g_build_filename (kl_catalog_get_path (self), upper, NULL);
      if (g_file_test (folder, G_FILE_TEST_IS_DIR))
        return g_steal_pointer (&folder);
    }

  g_set_error (error, KL_ERROR, KL_ERROR_MISSING_PACKAGE,
               "There is no boot image %s in the catalog “%s”", id != NULL ? id : "",
               kl_catalog_get_path (self));
  if (error != NULL)
    kl_error_set_detail (*error, id);
  return NULL;
}

/**
 * kl_catalog_explain:
 * @error: (inout): of writing into the catalog
 *
 * Says which catalog cannot be written and what to do about it, where that is the fault.
 */
void
kl_catalog_explain (KlCatalog *self, GError **error)
{
  const char *path = kl_catalog_get_path (self);

  if (error == NULL || *error == NULL)
    return;

  if (g_error_matches (*error, KL_ERROR, KL_ERROR_WRITE_PROTECTED))
    g_prefix_error (error,
                    "The catalog “%s” is on a read-only file system; make it writable or choose "
                    "another catalog folder: ",
                    path);
  else if (g_error_matches (*error, KL_ERROR, KL_ERROR_PERMISSION))
    g_prefix_error (error,
                    "There is no permission to change the catalog “%s”; change the folder's "
                    "permissions or choose another catalog folder: ",
                    path);
  else if (g_error_matches (*error, KL_ERROR, KL_ERROR_NO_SPACE))
    g_prefix_error (error, "There is no space left for the catalog “%s”: ", path);
}

static void
sweep_folder (const char *folder, const char *name)
{
  g_autoptr (KlEntryLock) lock = NULL;
  g_autoptr (GError) error = NULL;
  struct stat info;

  lock = kl_entry_lock_new (folder, name, FALSE, &error);
  if (lock == NULL)
    {
      /* Without a lock file, an import may have been made this moment; a removal has lost it. */
      if (!g_error_matches (error, KL_ERROR, KL_ERROR_NOT_FOUND) || lstat (folder, &info) != 0
          || !S_ISDIR (info.st_mode)
          || (g_str_has_prefix (name, KL_IMPORT_PREFIX)
              && info.st_mtim.tv_sec > g_get_real_time () / G_USEC_PER_SEC - ABANDONED_AGE))
        return;
    }

  g_clear_error (&error);
  if (!kl_remove_tree (folder, &error))
    g_message ("A leftover in the catalog stays: %s", error->message);
}

/**
 * kl_catalog_sweep:
 *
 * Removes what imports and removals that were killed left behind: the hidden folders whose lock
 * nobody holds.
 */
void
kl_catalog_sweep (KlCatalog *self)
{
  g_autoptr (GDir) dir = g_dir_open (kl_catalog_get_path (self), 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_prefix (name, KL_IMPORT_PREFIX) || g_str_has_prefix (name, KL_REMOVED_PREFIX))
      {
        g_autofree char *folder = g_build_filename (kl_catalog_get_path (self), name, NULL);

        sweep_folder (folder, name);
      }
}

/**
 * kl_catalog_check_space:
 * @what: what needs it, for the message
 *
 * Errors: KL_ERROR_NO_SPACE with both numbers. A file system that does not tell has enough.
 */
gboolean
kl_catalog_check_space (const char *folder, guint64 needed, const char *what, GError **error)
{
  struct statvfs info;
  guint64 available;

  if (statvfs (folder, &info) != 0 || info.f_blocks == 0)
    return TRUE;

  available = (guint64) info.f_bavail * info.f_frsize;
  if (available >= needed)
    return TRUE;

  g_set_error (error, KL_ERROR, KL_ERROR_NO_SPACE,
               "%s needs %" G_GUINT64_FORMAT " bytes and “%s” has %" G_GUINT64_FORMAT
               " bytes available",
               what, needed, folder, available);
  return FALSE;
}
