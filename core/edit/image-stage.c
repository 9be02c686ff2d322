/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-image-stage"

#include "edit/image-tree-private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "base/error.h"
#include "base/file-copy.h"
#include "base/file-io.h"

#define MAX_FILE_SIZE ((guint64) G_MAXUINT32) /* bytes; what FAT32 and some boot loaders take */
#define MAX_READ_SIZE ((guint64) 1 << 20)     /* bytes; start-up files are small */

/* A smaller file is summed up at once: to hand it to another thread takes as long. */
#define MIN_ASIDE ((guint64) 32 << 10) /* bytes */

static gboolean
make_parent (const char *staged, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (staged);

  if (g_mkdir_with_parents (folder, 0700) == 0)
    return TRUE;

  kl_set_error_errno (error, errno, "Cannot make the folder “%s”", folder);
  return FALSE;
}

static int
open_staged (const char *staged, GError **error)
{
  int fd;

  if (!make_parent (staged, error))
    return -1;
  fd = open (staged, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0)
    kl_set_error_errno (error, errno, "Cannot make “%s”", staged);
  return fd;
}

static gboolean
add_plain_file (KlImageTree *self,
                const char *path,
                const char *source,
                KlProgress *progress,
                GCancellable *cancellable,
                GError **error)
{
  struct stat info;
  g_autofd int fd = kl_open_with_info (source, &info, error);
  KlTreeFile *file;

  if (fd < 0)
    return FALSE;
  if (!S_ISREG (info.st_mode))
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT, "“%s” is no plain file", source);
      return FALSE;
    }
  if ((guint64) info.st_size > MAX_FILE_SIZE)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                   "“%s” has %" G_GINT64_FORMAT
                   " bytes; a file in an image has at most %" G_GUINT64_FORMAT,
                   source, (gint64) info.st_size, MAX_FILE_SIZE);
      return FALSE;
    }

  file = kl_image_tree_place (self, path, source, (guint64) info.st_size, error);
  if (file == NULL)
    {
      g_prefix_error (error, "“%s”: ", source);
      return FALSE;
    }
  if (self->staging == NULL)
    return TRUE;
  return file->size < MIN_ASIDE
             ? kl_sha1_fd (fd, file->size, source, progress, cancellable, file->sha1, error)
             : kl_image_sums_add (self->sums, g_steal_fd (&fd), &info, source, file->sha1, progress,
                                  cancellable, error);
}

/**
 * kl_image_tree_add_file:
 * @path: in the image
 * @source: a plain file, which must stay as it is until the image is written
 * @progress: (nullable): advances by its bytes
 *
 * Errors: KL_ERROR_NOT_FOUND, KL_ERROR_PERMISSION, KL_ERROR_INVALID_ARGUMENT for what is no plain
 * file, above 4 GiB - 1 byte, or of a name that Windows cannot have; KL_ERROR_* of writing; those
 * of reading a file that was added before; G_IO_ERROR_CANCELLED. Blocks.
 */
gboolean
kl_image_tree_add_file (KlImageTree *self,
                        const char *path,
                        const char *source,
                        KlProgress *progress,
                        GCancellable *cancellable,
                        GError **error)
{
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;

  return add_plain_file (self, path, source, progress, cancellable, error)
         || kl_error_blame (error, source);
}

/**
 * kl_image_tree_add_bytes:
 *
 * Adds a file that was made here. Errors: as kl_image_tree_add_file().
 */
gboolean
kl_image_tree_add_bytes (KlImageTree *self, const char *path, GBytes *content, GError **error)
{
  gsize size;
  const void *data = g_bytes_get_data (content, &size);
  KlTreeFile *file = kl_image_tree_place (self, path, NULL, size, error);
  g_autofree char *staged = NULL;
  g_autofd int fd = -1;

  if (file == NULL)
    return FALSE;

  file->edited = TRUE;
  g_hash_table_insert (self->generated, g_utf8_casefold (file->path, -1), g_bytes_ref (content));
  if (self->staging == NULL)
    return TRUE;

  staged = kl_image_tree_dup_staged (self, file->path);
  fd = open_staged (staged, error);
  return fd >= 0 && kl_write_at (fd, data, size, 0, staged, error);
}

/* A path in the scratch folder that nothing has yet. */
static char *
dup_scratch_path (KlImageTree *self, const char *path, GError **error)
{
  g_autofree char *slashed = g_strdelimit (g_strdup (path), "\\", '/');
  g_autofree char *base = g_path_get_basename (slashed);
  g_autofree char *folder = NULL;

  if (self->scratch == NULL)
    self->scratch = g_dir_make_tmp ("kindling-XXXXXX", error);
  if (self->scratch == NULL)
    {
      kl_translate_io_error (error, "Cannot make a temporary folder");
      return NULL;
    }

  folder = g_strdup_printf ("%s/%u", self->scratch, g_hash_table_size (self->copies));
  if (g_mkdir (folder, 0700) != 0)
    {
      kl_set_error_errno (error, errno, "Cannot make the folder “%s”", folder);
      return NULL;
    }
  return g_build_filename (folder, base, NULL);
}

static gboolean
copy_file (const char *source, const char *target, GCancellable *cancellable, GError **error)
{
  struct stat info;
  g_autofd int from = kl_open_with_info (source, &info, error);
  g_autofd int to = -1;

  if (from < 0)
    return FALSE;
  to = open_staged (target, error);
  if (to < 0)
    return FALSE;
  return kl_copy_range (from, 0, to, 0, (guint64) info.st_size, source, target, NULL, NULL,
                        cancellable, error);
}

static gboolean
find_in_image (KlImageTree *self, const char *path, guint64 *size, GError **error)
{
  gboolean exists;

  if (!kl_wim_find_file (self->wim, self->index, path, &exists, size, error))
    return FALSE;
  if (!exists)
    g_set_error (error, KL_ERROR, KL_ERROR_NOT_FOUND, "There is no “%s” in the image", path);
  return exists;
}

static gboolean
extract (KlImageTree *self,
         const char *path,
         const char *target,
         GCancellable *cancellable,
         GError **error)
{
  return find_in_image (self, path, NULL, error)
         && kl_wim_extract_file (self->wim, self->index, path, target, cancellable, error);
}

/* Where the content of a file of the tree stands; NULL for one that only the image has. */
static char *
dup_content_path (KlImageTree *self, const KlTreeFile *file)
{
  if (file == NULL || (file->edited && self->staging == NULL))
    return NULL;
  return file->edited ? kl_image_tree_dup_staged (self, file->path) : g_strdup (file->source);
}

/**
 * kl_image_tree_copy_file:
 * @path: of a file that the prepared image will have
 * @copy: (out) (transfer full): a copy of it, outside the tree; gone with the tree
 *
 * For what has to be read and is not changed. The same file has the same copy.
 *
 * Errors: as kl_image_tree_take_file().
 */
gboolean
kl_image_tree_copy_file (
    KlImageTree *self, const char *path, char **copy, GCancellable *cancellable, GError **error)
{
  g_autofree char *folded = g_utf8_casefold (path, -1);
  const char *known = g_hash_table_lookup (self->copies, folded);
  g_autofree char *content = dup_content_path (self, kl_image_tree_find (self, path));
  g_autofree char *target = NULL;

  if (known == NULL)
    {
      target = dup_scratch_path (self, path, error);
      if (target == NULL
          || (content != NULL ? !copy_file (content, target, cancellable, error)
                              : !extract (self, path, target, cancellable, error)))
        return FALSE;
      known = target;
      g_hash_table_insert (self->copies, g_steal_pointer (&folded), g_strdup (target));
    }
  *copy = g_strdup (known);
  return TRUE;
}

static gboolean
take_into_staging (KlImageTree *self,
                   const char *path,
                   KlTreeFile *file,
                   char **staged,
                   GCancellable *cancellable,
                   GError **error)
{
  g_autofree char *target = kl_image_tree_dup_staged (self, file->path);

  if (!file->edited
      && (!make_parent (target, error)
          || (file->source != NULL ? !copy_file (file->source, target, cancellable, error)
                                   : !extract (self, path, target, cancellable, error))))
    return FALSE;
  file->edited = TRUE;
  *staged = g_steal_pointer (&target);
  return TRUE;
}

/**
 * kl_image_tree_take_file:
 * @path: of a file that the prepared image will have
 * @staged: (out) (transfer full): its copy, to be edited in place; in a preview nobody sees what is
 *   done to it
 *
 * A file that was added before is edited instead of the image's.
 *
 * Errors: KL_ERROR_NOT_FOUND where the image has no such file, KL_ERROR_WIM_DAMAGED, KL_ERROR_* of
 * writing.
 */
gboolean
kl_image_tree_take_file (
    KlImageTree *self, const char *path, char **staged, GCancellable *cancellable, GError **error)
{
  g_autofree char *copy = NULL;
  KlTreeFile *file = kl_image_tree_find (self, path);
  guint64 size = 0;

  if (self->staging == NULL && !kl_image_tree_copy_file (self, path, &copy, cancellable, error))
    return FALSE;
  if (file == NULL && find_in_image (self, path, &size, error))
    file = kl_image_tree_place (self, path, NULL, size, error);
  if (file == NULL)
    return FALSE;
  if (self->staging != NULL)
    return take_into_staging (self, path, file, staged, cancellable, error);

  *staged = g_steal_pointer (&copy);
  return TRUE;
}

static gboolean
read_from_image (KlImageTree *self, const char *path, GBytes **content, GError **error)
{
  g_autofree char *folder = g_dir_make_tmp ("kindling-XXXXXX", error);
  g_autofree char *target = NULL;
  char *data = NULL;
  gsize size = 0;
  gboolean ok;

  if (folder == NULL)
    {
      kl_translate_io_error (error, "Cannot make a temporary folder");
      return FALSE;
    }

  target = g_build_filename (folder, "file", NULL);
  ok = kl_wim_extract_file (self->wim, self->index, path, target, NULL, error);
  if (ok && !g_file_get_contents (target, &data, &size, error))
    {
      kl_translate_io_error (error, "Cannot read “%s”", target);
      ok = FALSE;
    }
  if (ok)
    *content = g_bytes_new_take (data, size);
  kl_remove_tree (folder, NULL);
  return ok;
}

static gboolean
check_read_size (const char *path, guint64 size, GError **error)
{
  if (size <= MAX_READ_SIZE)
    return TRUE;

  g_set_error (error, KL_ERROR, KL_ERROR_FORMAT,
               "“%s” has %" G_GUINT64_FORMAT
               " bytes; a start-up file has at most %" G_GUINT64_FORMAT,
               path, size, MAX_READ_SIZE);
  return FALSE;
}

/**
 * kl_image_tree_read:
 * @content: (out) (transfer full) (nullable): of a small file that the prepared image has; %NULL
 *   where it has none
 *
 * Errors: KL_ERROR_FORMAT above 1 MiB, KL_ERROR_WIM_DAMAGED, KL_ERROR_* of reading.
 */
gboolean
kl_image_tree_read (KlImageTree *self, const char *path, GBytes **content, GError **error)
{
  g_autofree char *folded = g_utf8_casefold (path, -1);
  GBytes *made = g_hash_table_lookup (self->generated, folded);
  const KlTreeFile *file = kl_image_tree_find (self, path);
  g_autofree char *place = dup_content_path (self, file);
  gboolean exists;
  guint64 size = 0;
  char *data;
  gsize length;

  *content = NULL;
  if (made != NULL)
    {
      *content = g_bytes_ref (made);
      return TRUE;
    }
  if (place != NULL)
    {
      if (!check_read_size (path, file->size, error))
        return FALSE;
      if (!g_file_get_contents (place, &data, &length, error))
        {
          kl_translate_io_error (error, "Cannot read “%s”", place);
          return FALSE;
        }
      *content = g_bytes_new_take (data, length);
      return TRUE;
    }

  if (!kl_wim_find_file (self->wim, self->index, path, &exists, &size, error))
    return FALSE;
  return !exists
         || (check_read_size (path, size, error) && read_from_image (self, path, content, error));
}

/* What was made or edited has its size and sum only now. */
static gboolean
measure (KlTreeFile *file, const char *staged, GError **error)
{
  struct stat info;
  g_autofd int fd = kl_open_with_info (staged, &info, error);

  if (fd < 0)
    return FALSE;
  file->size = (guint64) info.st_size;
  return kl_sha1_fd (fd, file->size, staged, NULL, NULL, file->sha1, error);
}

/**
 * kl_image_tree_finish:
 *
 * Finds size, sum and place of every content. To be called when nothing more is added.
 *
 * Errors: KL_ERROR_* of reading. Blocks.
 */
gboolean
kl_image_tree_finish (KlImageTree *self, GError **error)
{
  if (self->staging == NULL)
    return TRUE;
  if (!kl_image_tree_settle (self, error))
    return FALSE;

  for (guint i = 0; i < self->files->len; i++)
    {
      KlTreeFile *file = self->files->pdata[i];

      g_clear_pointer (&file->content, g_free);
      if (!file->edited)
        continue;
      file->content = kl_image_tree_dup_staged (self, file->path);
      if (!measure (file, file->content, error))
        return FALSE;
    }
  return TRUE;
}

/**
 * kl_image_tree_get_overlay:
 * @overlay: (out caller-allocates): files of a finished tree, for kl_wim_compose(), each with the
 *   time of the source image, so that the same input gives the same image (image-customisation.md
 *   6), which belong to the tree; the array is freed by g_ptr_array_unref()
 */
void
kl_image_tree_get_overlay (KlImageTree *self, KlWimOverlay *overlay)
{
  overlay->time = self->time;
  overlay->files = g_ptr_array_sized_new (self->files->len);
  g_free (self->additions);
  self->additions = g_new (KlWimAddition, self->files->len);
  for (guint i = 0; i < self->files->len; i++)
    {
      const KlTreeFile *file = self->files->pdata[i];
      self->additions[i]
          = (KlWimAddition){ file->path, file->content != NULL ? file->content : file->source,
                             file->size, file->sha1 };
      g_ptr_array_add (overlay->files, &self->additions[i]);
    }
}
