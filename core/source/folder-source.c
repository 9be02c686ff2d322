/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-folder-source"

#include "source/media-source-kinds.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file-io.h"

#define KL_TYPE_FOLDER_SOURCE (kl_folder_source_get_type ())
G_DECLARE_FINAL_TYPE (KlFolderSource, kl_folder_source, KL, FOLDER_SOURCE, KlMediaSource)

struct _KlFolderSource
{
  KlMediaSource parent_instance;

  char *root; /* canonical, without symbolic links */
  char *only; /* the one name that is seen, or NULL */
};

G_DEFINE_FINAL_TYPE (KlFolderSource, kl_folder_source, KL_TYPE_MEDIA_SOURCE)

/* A folder being listed and those above it; a symbolic link back to one of them is not followed. */
typedef struct _Level Level;

struct _Level
{
  const Level *above;
  guint depth;
  dev_t device;
  ino_t inode;
};

static void
close_folder (DIR *folder)
{
  closedir (folder);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DIR, close_folder)

/* Whether what was opened lies below the root. Asked of the descriptor and not of the path, so that
 * nobody can exchange a link in between. */
static gboolean
is_inside (KlFolderSource *self, int fd)
{
  g_autofree char *link = g_strdup_printf ("/proc/self/fd/%d", fd);
  char target[PATH_MAX];
  ssize_t length = readlink (link, target, sizeof target - 1);
  gsize root = strlen (self->root);

  if (length < 0)
    return FALSE;

  target[length] = '\0';
  if (strcmp (self->root, "/") == 0)
    return TRUE;
  return strncmp (target, self->root, root) == 0 && (target[root] == '/' || target[root] == '\0');
}

static gboolean
is_above (const Level *level, const struct stat *info)
{
  for (; level != NULL; level = level->above)
    if (level->device == info->st_dev && level->inode == info->st_ino)
      return TRUE;
  return FALSE;
}

static gboolean list_folder (KlFolderSource *self,
                             int fd,
                             const char *path,
                             const Level *above,
                             KlMediaListing *listing,
                             GError **error);

/* Whether the folder may be left out. */
static gboolean
forgive (KlFolderSource *self, int errnum, const char *path)
{
  GPtrArray *unreadable = kl_media_source_get_unreadable (KL_MEDIA_SOURCE (self));

  if (unreadable == NULL || (errnum != EACCES && errnum != EPERM))
    return FALSE;

  g_ptr_array_add (unreadable, g_utf8_make_valid (path, -1));
  return TRUE;
}

static gboolean
list_sub_folder (KlFolderSource *self,
                 int parent,
                 const char *path,
                 const char *name,
                 const Level *level,
                 KlMediaListing *listing,
                 GError **error)
{
  g_autofree char *child = g_strconcat (path, "/", name, NULL);
  int fd = openat (parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  if (fd < 0 && forgive (self, errno, child))
    return TRUE;
  if (fd < 0)
    {
      kl_set_error_errno (error, errno, "Cannot read the folder “%s%s”", self->root, child);
      return FALSE;
    }
  if (!is_inside (self, fd))
    {
      close (fd);
      return TRUE;
    }

  return list_folder (self, fd, child, level, listing, error);
}

static gboolean
list_name (KlFolderSource *self,
           int parent,
           const char *path,
           const char *name,
           const Level *level,
           KlMediaListing *listing,
           GError **error)
{
  struct stat info;
  gboolean linked;

  if (!kl_media_listing_is_name (name))
    return TRUE;
  if (!kl_media_listing_count (listing, path, level->depth, error))
    return FALSE;

  if (fstatat (parent, name, &info, AT_SYMLINK_NOFOLLOW) != 0)
    return TRUE;
  linked = S_ISLNK (info.st_mode);
  if (linked && fstatat (parent, name, &info, 0) != 0)
    return TRUE; /* A link to nowhere. */

  if (S_ISDIR (info.st_mode))
    return is_above (level, &info)
           || list_sub_folder (self, parent, path, name, level, listing, error);
  if (!S_ISREG (info.st_mode))
    return TRUE;

  if (linked)
    {
      g_autofd int fd = openat (parent, name, O_PATH | O_CLOEXEC);

      if (fd < 0 || !is_inside (self, fd))
        return TRUE;
    }
  return kl_media_listing_add (listing, path, name, (guint64) info.st_size, error);
}

/* Takes @fd over. */
static gboolean
list_folder (KlFolderSource *self,
             int fd,
             const char *path,
             const Level *above,
             KlMediaListing *listing,
             GError **error)
{
  g_autoptr (DIR) folder = fdopendir (fd);
  Level level = { above, above != NULL ? above->depth + 1 : 0, 0, 0 };
  struct dirent *item;
  struct stat info;

  if (folder == NULL || fstat (fd, &info) != 0)
    {
      kl_set_error_errno (error, errno, "Cannot read the folder “%s%s”", self->root, path);
      if (folder == NULL)
        close (fd);
      return FALSE;
    }

  level.device = info.st_dev;
  level.inode = info.st_ino;
  while ((errno = 0, item = readdir (folder)) != NULL)
    if (!list_name (self, fd, path, item->d_name, &level, listing, error))
      return FALSE;

  if (errno != 0)
    {
      kl_set_error_errno (error, errno, "Cannot read the folder “%s%s”", self->root, path);
      return FALSE;
    }
  return TRUE;
}

static GPtrArray *
kl_folder_source_list (KlMediaSource *source, GError **error)
{
  KlFolderSource *self = KL_FOLDER_SOURCE (source);
  g_auto (KlMediaListing) listing = { 0 };
  int fd = open (self->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  if (fd < 0)
    {
      kl_set_error_errno (error, errno, "Cannot read the folder “%s”", self->root);
      return NULL;
    }

  kl_media_listing_init (&listing, self->root);
  if (self->only != NULL)
    {
      Level level = { 0 };
      gboolean listed = list_name (self, fd, "", self->only, &level, &listing, error);

      close (fd);
      return listed ? g_steal_pointer (&listing.entries) : NULL;
    }
  if (!list_folder (self, fd, "", NULL, &listing, error))
    return NULL;
  return g_steal_pointer (&listing.entries);
}

static gboolean
kl_folder_source_open (KlMediaSource *source,
                       const KlMediaEntry *entry,
                       gpointer *handle,
                       GError **error)
{
  KlFolderSource *self = KL_FOLDER_SOURCE (source);
  g_autofree char *path = g_strconcat (self->root, entry->path, NULL);
  g_autofd int fd = kl_open_for_reading (path, error);

  if (fd < 0)
    return FALSE;
  if (!is_inside (self, fd))
    {
      g_set_error (error, KL_ERROR, KL_ERROR_NOT_FOUND, "“%s” leads out of the folder “%s”", path,
                   self->root);
      return FALSE;
    }

  *handle = GINT_TO_POINTER (fd);
  fd = -1;
  return TRUE;
}

static gssize
kl_folder_source_read (
    KlMediaSource *source, gpointer handle, void *buffer, gsize length, GError **error)
{
  return kl_read_some (GPOINTER_TO_INT (handle), buffer, length, KL_FOLDER_SOURCE (source)->root,
                       NULL, error);
}

static void
kl_folder_source_close (KlMediaSource *source, gpointer handle)
{
  close (GPOINTER_TO_INT (handle));
}

static int
kl_folder_source_get_fd (KlMediaSource *source, gpointer handle)
{
  return GPOINTER_TO_INT (handle);
}

static void
kl_folder_source_finalize (GObject *object)
{
  g_free (KL_FOLDER_SOURCE (object)->root);
  g_free (KL_FOLDER_SOURCE (object)->only);

  G_OBJECT_CLASS (kl_folder_source_parent_class)->finalize (object);
}

static void
kl_folder_source_class_init (KlFolderSourceClass *klass)
{
  KlMediaSourceClass *source_class = KL_MEDIA_SOURCE_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = kl_folder_source_finalize;
  source_class->list = kl_folder_source_list;
  source_class->open = kl_folder_source_open;
  source_class->read = kl_folder_source_read;
  source_class->close = kl_folder_source_close;
  source_class->get_fd = kl_folder_source_get_fd;
}

static void
kl_folder_source_init (KlFolderSource *self)
{
}

/*
 * kl_folder_source_new:
 *
 * A folder; symbolic links in it are followed where they stay inside.
 */
KlMediaSource *
kl_folder_source_new (const char *path, GError **error)
{
  g_autoptr (KlFolderSource) self = g_object_new (KL_TYPE_FOLDER_SOURCE, NULL);

  self->root = realpath (path, NULL);
  if (self->root == NULL || access (self->root, R_OK | X_OK) != 0)
    {
      kl_set_error_errno (error, errno, "Cannot read the folder “%s”", path);
      return NULL;
    }

  kl_media_source_describe (KL_MEDIA_SOURCE (self), path, "folder", "");
  return KL_MEDIA_SOURCE (g_steal_pointer (&self));
}

/*
 * kl_file_source_new:
 *
 * One file, as a source of its own: "/" and its name. A symbolic link is followed first, wherever
 * it leads: the user named it.
 */
KlMediaSource *
kl_file_source_new (const char *path, GError **error)
{
  g_autoptr (KlFolderSource) self = g_object_new (KL_TYPE_FOLDER_SOURCE, NULL);
  g_autofree char *real = realpath (path, NULL);

  if (real == NULL)
    {
      kl_set_error_errno (error, errno, "Cannot open “%s”", path);
      return NULL;
    }

  self->only = g_path_get_basename (real);
  self->root = g_path_get_dirname (real);
  kl_media_source_describe (KL_MEDIA_SOURCE (self), path, "file", "");
  return KL_MEDIA_SOURCE (g_steal_pointer (&self));
}
