/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-image-tree"

#include "edit/image-tree.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "base/error.h"
#include "base/file-io.h"
#include "edit/image-name.h"

#define MAX_FILES 200000
#define MAX_FILE_SIZE ((guint64) G_MAXUINT32) /* bytes; what FAT32 and some boot loaders take */
#define MAX_READ_SIZE ((guint64) 1 << 20)     /* bytes; start-up files are small */

/* Without a time in the image: 2020-01-01. 100 ns since 1601. */
#define DEFAULT_TIME ((guint64) 132223104000000000)
#define UNIX_EPOCH ((guint64) 116444736000000000)

struct _KlImageTree
{
  KlWim *wim; /* borrowed */
  guint index;
  char *staging;         /* NULL for a preview */
  char *scratch;         /* temporary folder of files that are only looked at; NULL until needed */
  struct timespec time;  /* of every file */
  GHashTable *folders;   /* folded path → path as spelt in image or tree */
  GHashTable *places;    /* folded path → KlTreeFile, borrowed from files */
  GHashTable *generated; /* folded path → GBytes */
  GHashTable *copies;    /* folded path → path in scratch */
  GPtrArray *files;
  GPtrArray *values;
  GPtrArray *warnings;
  guint64 size; /* bytes */
};

static void
tree_file_free (gpointer data)
{
  KlTreeFile *file = data;

  g_free (file->path);
  g_free (file->source);
  g_free (file);
}

static void
registry_value_free (gpointer data)
{
  KlTreeRegistryValue *value = data;

  g_free (value->hive);
  g_free (value->key);
  g_free (value->name);
  g_free (value->value);
  g_free (value);
}

/**
 * kl_image_tree_new:
 * @wim: stays until the tree is freed
 * @staging: (nullable): an empty folder; %NULL for a preview
 *
 * Returns: (transfer full): an empty tree
 */
KlImageTree *
kl_image_tree_new (KlWim *wim, guint index, const char *staging)
{
  KlImageTree *self = g_new0 (KlImageTree, 1);
  guint64 time = kl_wim_get_time (wim, index);

  if (time < UNIX_EPOCH || time / 10000000 > G_MAXUINT32 * (guint64) 4)
    time = DEFAULT_TIME;
  self->wim = wim;
  self->index = index;
  self->staging = g_strdup (staging);
  self->time.tv_sec = (time_t) ((time - UNIX_EPOCH) / 10000000);
  self->folders = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->places = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->generated
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_bytes_unref);
  self->copies = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->files = g_ptr_array_new_with_free_func (tree_file_free);
  self->values = g_ptr_array_new_with_free_func (registry_value_free);
  self->warnings = g_ptr_array_new_with_free_func (g_free);
  return self;
}

void
kl_image_tree_free (KlImageTree *self)
{
  g_autoptr (GError) error = NULL;

  if (self == NULL)
    return;

  if (self->scratch != NULL && !kl_remove_tree (self->scratch, &error))
    g_message ("A temporary folder stays: %s", error->message);
  g_free (self->scratch);
  g_hash_table_unref (self->folders);
  g_hash_table_unref (self->places);
  g_hash_table_unref (self->generated);
  g_hash_table_unref (self->copies);
  g_ptr_array_unref (self->files);
  g_ptr_array_unref (self->values);
  g_ptr_array_unref (self->warnings);
  g_free (self->staging);
  g_free (self);
}

static char *
fold (const char *path)
{
  return g_utf8_casefold (path, -1);
}

static char *
staged_path (KlImageTree *self, const char *path)
{
  g_autofree char *below = g_strdelimit (g_strdup (path), "\\", '/');

  return g_strconcat (self->staging, below, NULL);
}

/* One more part of a folder's path, as spelt in the image where it is there. */
static char *
spell_folder (KlImageTree *self, const char *parent, const char *name, GError **error)
{
  g_autofree char *path = g_strconcat (parent, "\\", name, NULL);
  g_autofree char *folded = fold (path);
  g_autofree char *spelt = NULL;
  const char *known = g_hash_table_lookup (self->folders, folded);
  char *result;
  gboolean is_folder;

  if (known != NULL)
    return g_strdup (known);
  if (g_hash_table_contains (self->places, folded))
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                   "“%s” would be a file and a folder in the image", path);
      return NULL;
    }
  if (!kl_wim_find_spelling (self->wim, self->index, path, &spelt, &is_folder, error))
    return NULL;
  if (spelt != NULL && !is_folder)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                   "“%s” is a file in the image and cannot become a folder", path);
      return NULL;
    }

  result = g_strconcat (parent, "\\", spelt != NULL && *spelt != '\0' ? spelt : name, NULL);
  if (self->staging != NULL)
    {
      g_autofree char *staged = staged_path (self, result);

      if (g_mkdir (staged, 0700) != 0 && errno != EEXIST)
        {
          kl_set_error_errno (error, errno, "Cannot make the folder “%s”", staged);
          g_free (result);
          return NULL;
        }
    }
  g_hash_table_insert (self->folders, g_steal_pointer (&folded), g_strdup (result));
  return result;
}

/* The path of a file with the spelling of the image; its folders exist from now on. */
static char *
spell_path (KlImageTree *self, const char *path, gboolean *replaces, GError **error)
{
  g_auto (GStrv) parts = NULL;
  g_autofree char *folder = g_strdup ("");
  g_autofree char *folded = NULL;
  g_autofree char *spelt = NULL;
  guint n, first;
  gboolean is_folder;

  if (!kl_image_path_check (path, error))
    return NULL;

  parts = g_strsplit (path, "\\", -1);
  n = g_strv_length (parts);
  first = *parts[0] == '\0' ? 1 : 0;
  for (guint i = first; i + 1 < n; i++)
    {
      char *next = spell_folder (self, folder, parts[i], error);

      if (next == NULL)
        return NULL;
      g_free (folder);
      folder = next;
    }

  folded = fold (path);
  if (g_hash_table_contains (self->folders, folded))
    spelt = g_strdup ("");
  else if (!kl_wim_find_spelling (self->wim, self->index, path, &spelt, &is_folder, error))
    return NULL;
  if (spelt != NULL && (*spelt == '\0' || is_folder))
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                   "“%s” is a folder in the image and cannot become a file", path);
      return NULL;
    }

  *replaces = spelt != NULL;
  return g_strconcat (folder, "\\", spelt != NULL ? spelt : parts[n - 1], NULL);
}

/* Registers a file; what was added under its path before is replaced. */
static KlTreeFile *
place_file (KlImageTree *self, const char *path, const char *source, guint64 size, GError **error)
{
  gboolean replaces = FALSE;
  g_autofree char *spelt = spell_path (self, path, &replaces, error);
  g_autofree char *folded = spelt != NULL ? fold (spelt) : NULL;
  KlTreeFile *file;

  if (spelt == NULL)
    return NULL;
  if (self->files->len >= MAX_FILES)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                   "More than %d files would be added to the image", MAX_FILES);
      return NULL;
    }

  g_hash_table_remove (self->generated, folded);
  file = g_hash_table_lookup (self->places, folded);
  if (file == NULL)
    {
      file = g_new0 (KlTreeFile, 1);
      file->path = g_steal_pointer (&spelt);
      g_ptr_array_add (self->files, file);
      g_hash_table_insert (self->places, g_steal_pointer (&folded), file);
    }
  self->size += size - file->size;
  g_free (file->source);
  file->source = g_strdup (source);
  file->size = size;
  file->replaces = replaces;
  return file;
}

static gboolean
set_time (KlImageTree *self, const char *staged, GError **error)
{
  const struct timespec times[2] = { self->time, self->time };

  if (utimensat (AT_FDCWD, staged, times, AT_SYMLINK_NOFOLLOW) == 0)
    return TRUE;

  kl_set_error_errno (error, errno, "Cannot set the time of “%s”", staged);
  return FALSE;
}

static gboolean
copy_to_staging (KlImageTree *self,
                 const KlTreeFile *file,
                 int source,
                 KlProgress *progress,
                 GCancellable *cancellable,
                 GError **error)
{
  g_autofree char *staged = staged_path (self, file->path);
  g_autofd int target = open (staged, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

  if (target < 0)
    {
      kl_set_error_errno (error, errno, "Cannot make “%s”", staged);
      return FALSE;
    }
  return kl_copy_range (source, 0, target, 0, file->size, file->source, staged, progress,
                        cancellable, error)
         && set_time (self, staged, error);
}

static gboolean
add_plain_file (KlImageTree *self,
                const char *path,
                const char *source,
                KlProgress *progress,
                GCancellable *cancellable,
                GError **error)
{
  g_autofd int fd = kl_open_for_reading (source, error);
  KlTreeFile *file;
  struct stat info;

  if (fd < 0)
    return FALSE;
  if (fstat (fd, &info) != 0 || !S_ISREG (info.st_mode))
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

  file = place_file (self, path, source, (guint64) info.st_size, error);
  if (file == NULL)
    {
      g_prefix_error (error, "“%s”: ", source);
      return FALSE;
    }
  return self->staging == NULL || copy_to_staging (self, file, fd, progress, cancellable, error);
}

/**
 * kl_image_tree_add_file:
 * @path: in the image
 * @source: a plain file
 * @progress: (nullable): advances by its bytes
 *
 * Errors: KL_ERROR_NOT_FOUND, KL_ERROR_PERMISSION, KL_ERROR_INVALID_ARGUMENT for what is no plain
 * file, above 4 GiB - 1 byte, or of a name that Windows cannot have; KL_ERROR_* of writing;
 * G_IO_ERROR_CANCELLED. Blocks.
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
  KlTreeFile *file = place_file (self, path, NULL, size, error);
  g_autofree char *staged = NULL;

  if (file == NULL)
    return FALSE;

  g_hash_table_insert (self->generated, fold (file->path), g_bytes_ref (content));
  if (self->staging == NULL)
    return TRUE;

  staged = staged_path (self, file->path);
  return kl_replace_file (staged, data, size, error) && set_time (self, staged, error);
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
  g_autofd int from = kl_open_for_reading (source, error);
  g_autofd int to = -1;
  struct stat info;

  if (from < 0)
    return FALSE;
  to = open (target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (to < 0 || fstat (from, &info) != 0)
    {
      kl_set_error_errno (error, errno, "Cannot make “%s”", target);
      return FALSE;
    }
  return kl_copy_range (from, 0, to, 0, (guint64) info.st_size, source, target, NULL, cancellable,
                        error);
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
  g_autofree char *folded = fold (path);
  const KlTreeFile *file = g_hash_table_lookup (self->places, folded);
  const char *known = g_hash_table_lookup (self->copies, folded);
  g_autofree char *target = NULL;
  guint64 size;

  if (known == NULL && file != NULL && self->staging != NULL)
    {
      *copy = staged_path (self, file->path);
      return TRUE;
    }
  if (known == NULL)
    {
      target = dup_scratch_path (self, path, error);
      if (target == NULL)
        return FALSE;
      if (file != NULL && file->source != NULL
              ? !copy_file (file->source, target, cancellable, error)
              : !find_in_image (self, path, &size, error)
                    || !kl_wim_extract_file (self->wim, self->index, path, target, cancellable,
                                             error))
        return FALSE;
      known = target;
      g_hash_table_insert (self->copies, g_steal_pointer (&folded), g_strdup (target));
    }
  *copy = g_strdup (known);
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
  g_autofree char *folded = fold (path);
  KlTreeFile *file = g_hash_table_lookup (self->places, folded);
  g_autofree char *target = NULL;
  guint64 size = 0;

  if (self->staging == NULL && !kl_image_tree_copy_file (self, path, staged, cancellable, error))
    return FALSE;
  if (file != NULL)
    {
      if (self->staging != NULL)
        *staged = staged_path (self, file->path);
      return TRUE;
    }

  file = find_in_image (self, path, &size, error) ? place_file (self, path, NULL, size, error)
                                                  : NULL;
  if (file == NULL || self->staging == NULL)
    return file != NULL;

  target = staged_path (self, file->path);
  if (!kl_wim_extract_file (self->wim, self->index, path, target, cancellable, error))
    return FALSE;
  *staged = g_steal_pointer (&target);
  return TRUE;
}

/**
 * kl_image_tree_has_file:
 * @exists: (out): whether the prepared image has such a file
 */
gboolean
kl_image_tree_has_file (KlImageTree *self, const char *path, gboolean *exists, GError **error)
{
  g_autofree char *folded = fold (path);

  if (g_hash_table_contains (self->places, folded))
    {
      *exists = TRUE;
      return TRUE;
    }
  return kl_wim_find_file (self->wim, self->index, path, exists, NULL, error);
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
  g_autofree char *folded = fold (path);
  GBytes *made = g_hash_table_lookup (self->generated, folded);
  const KlTreeFile *file = g_hash_table_lookup (self->places, folded);
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
  if (file != NULL && file->source != NULL)
    {
      if (!check_read_size (path, file->size, error))
        return FALSE;
      if (!g_file_get_contents (file->source, &data, &length, error))
        {
          kl_translate_io_error (error, "Cannot read “%s”", file->source);
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

/**
 * kl_image_tree_find_name:
 * @folder: where to look, with all below it
 * @name: base name
 *
 * Returns: (transfer full) (nullable): the path of the first file of that name that the prepared
 *   image has; %NULL without @error where there is none
 */
char *
kl_image_tree_find_name (KlImageTree *self, const char *folder, const char *name, GError **error)
{
  g_autofree char *end = g_strconcat ("\\", name, NULL);
  g_autofree char *folded_end = fold (end);
  g_autofree char *folded_folder = fold (folder);
  g_autoptr (GPtrArray) listed = NULL;

  for (guint i = 0; i < self->files->len; i++)
    {
      const KlTreeFile *file = self->files->pdata[i];
      g_autofree char *folded = fold (file->path);

      if (g_str_has_prefix (folded, folded_folder) && g_str_has_suffix (folded, folded_end))
        return g_strdup (file->path);
    }

  listed = kl_wim_list_files (self->wim, self->index, folder, error);
  for (guint i = 0; listed != NULL && i < listed->len; i++)
    {
      const KlWimEntry *entry = listed->pdata[i];
      g_autofree char *folded = fold (entry->path);

      if (g_str_has_suffix (folded, folded_end))
        return g_strdup (entry->path);
    }
  return NULL;
}

/* Notes what is changed in a hive, for the preview. */
void
kl_image_tree_note_value (
    KlImageTree *self, const char *hive, const char *key, const char *name, const char *value)
{
  KlTreeRegistryValue *noted = g_new0 (KlTreeRegistryValue, 1);

  noted->hive = g_strdup (hive);
  noted->key = g_strdup (key);
  noted->name = g_strdup (name);
  noted->value = g_strdup (value);
  g_ptr_array_add (self->values, noted);
}

void
kl_image_tree_warn (KlImageTree *self, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  g_ptr_array_add (self->warnings, g_strdup_vprintf (format, args));
  va_end (args);
}

GPtrArray *
kl_image_tree_get_files (KlImageTree *self)
{
  return self->files;
}

GPtrArray *
kl_image_tree_get_values (KlImageTree *self)
{
  return self->values;
}

GPtrArray *
kl_image_tree_get_warnings (KlImageTree *self)
{
  return self->warnings;
}

guint64
kl_image_tree_get_size (KlImageTree *self)
{
  return self->size;
}

/**
 * kl_image_tree_finish:
 *
 * Gives everything in the staging folder the time of the source image, so that the same input gives
 * the same image (image-customisation.md 6). To be called when nothing more is added.
 */
gboolean
kl_image_tree_finish (KlImageTree *self, GError **error)
{
  GHashTableIter iter;
  gpointer folder;

  if (self->staging == NULL)
    return TRUE;

  for (guint i = 0; i < self->files->len; i++)
    {
      KlTreeFile *file = self->files->pdata[i];
      g_autofree char *staged = staged_path (self, file->path);
      struct stat info;

      if (!set_time (self, staged, error))
        return FALSE;
      if (stat (staged, &info) == 0)
        file->size = (guint64) info.st_size;
    }

  g_hash_table_iter_init (&iter, self->folders);
  while (g_hash_table_iter_next (&iter, NULL, &folder))
    {
      g_autofree char *staged = staged_path (self, folder);

      if (!set_time (self, staged, error))
        return FALSE;
    }
  return set_time (self, self->staging, error);
}
