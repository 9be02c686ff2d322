/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-image-tree"

#include "edit/image-tree-private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "base/error.h"
#include "base/file-io.h"
#include "edit/image-name.h"

#define MAX_FILES 200000

/* Without a time in the image: 2020-01-01. 100 ns since 1601. */
#define DEFAULT_TIME ((guint64) 132223104000000000)
#define UNIX_EPOCH ((guint64) 116444736000000000)

static void
tree_file_free (gpointer data)
{
  KlTreeFile *file = data;

  g_free (file->path);
  g_free (file->source);
  g_free (file->content);
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

static gboolean
make_staging (KlImageTree *self, const char *work, GError **error)
{
  self->staging = g_build_filename (work, "tree", NULL);
  if (g_mkdir (self->staging, 0700) == 0)
    return TRUE;

  kl_set_error_errno (error, errno, "Cannot make a folder in “%s”", work);
  return FALSE;
}

static char *
fold (const char *path)
{
  return g_utf8_casefold (path, -1);
}

static guint
hash_text (const char *text)
{
  guint hash = 5381;

  for (; *text != '\0'; text++)
    hash = hash * 33 + (guchar) g_ascii_tolower (*text);
  return hash;
}

/* Of what fold() makes of a path, which for most is the same with small letters. */
static guint
path_hash (gconstpointer key)
{
  g_autofree char *folded = g_str_is_ascii (key) ? NULL : fold (key);

  return hash_text (folded != NULL ? folded : key);
}

static gboolean
path_equal (gconstpointer a, gconstpointer b)
{
  g_autofree char *folded_a = NULL;
  g_autofree char *folded_b = NULL;

  if (g_str_is_ascii (a) && g_str_is_ascii (b))
    return g_ascii_strcasecmp (a, b) == 0;
  folded_a = fold (a);
  folded_b = fold (b);
  return strcmp (folded_a, folded_b) == 0;
}

/**
 * kl_image_tree_new:
 * @wim: stays until the tree is freed
 * @work: (nullable): an empty folder, which the caller removes; %NULL for a preview
 * @known: (nullable): sums of files that were added before; stays as @wim does
 *
 * Errors: KL_ERROR_* of writing.
 *
 * Returns: (transfer full): an empty tree
 */
KlImageTree *
kl_image_tree_new (KlWim *wim, guint index, const char *work, KlKnownSums *known, GError **error)
{
  g_autoptr (KlImageTree) self = g_new0 (KlImageTree, 1);
  guint64 time = kl_wim_get_time (wim, index);

  if (time < UNIX_EPOCH || time / 10000000 > G_MAXUINT32 * (guint64) 4)
    time = DEFAULT_TIME;
  self->wim = wim;
  self->index = index;
  self->time = time;
  self->folders = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->places = g_hash_table_new (path_hash, path_equal);
  self->generated
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_bytes_unref);
  self->copies = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->files = g_ptr_array_new_with_free_func (tree_file_free);
  self->sums = kl_image_sums_new (known);
  self->values = g_ptr_array_new_with_free_func (registry_value_free);
  self->warnings = g_ptr_array_new_with_free_func (g_free);
  if (work != NULL && !make_staging (self, work, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
kl_image_tree_free (KlImageTree *self)
{
  g_autoptr (GError) error = NULL;

  if (self == NULL)
    return;

  /* They go into the files. */
  kl_image_sums_free (self->sums);
  if (self->scratch != NULL && !kl_remove_tree (self->scratch, &error))
    g_message ("A temporary folder stays: %s", error->message);
  g_free (self->scratch);
  g_hash_table_unref (self->folders);
  g_hash_table_unref (self->places);
  g_hash_table_unref (self->generated);
  g_hash_table_unref (self->copies);
  g_ptr_array_unref (self->files);
  g_free (self->additions);
  g_ptr_array_unref (self->values);
  g_ptr_array_unref (self->warnings);
  g_free (self->staging);
  g_free (self);
}

/* Where a file or folder of the tree stands. */
char *
kl_image_tree_dup_staged (KlImageTree *self, const char *path)
{
  g_autofree char *below = g_strdelimit (g_strdup (path), "\\", '/');

  return g_strconcat (self->staging, below, NULL);
}

/* A file that was added, whatever the case of @path; NULL where there is none. */
KlTreeFile *
kl_image_tree_find (KlImageTree *self, const char *path)
{
  return g_hash_table_lookup (self->places, path);
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
  if (g_hash_table_contains (self->places, path))
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

/**
 * kl_image_tree_settle:
 *
 * Waits until all that was added is read, but for files whose sums are known: so a file that cannot
 * be read fails the step that it belongs to.
 *
 * Errors: as kl_image_tree_add_file(). Blocks.
 */
gboolean
kl_image_tree_settle (KlImageTree *self, GError **error)
{
  return kl_image_sums_wait (self->sums, error);
}

/* Registers a file; what was added under its path before is replaced. */
KlTreeFile *
kl_image_tree_place (
    KlImageTree *self, const char *path, const char *source, guint64 size, GError **error)
{
  gboolean replaces = FALSE;
  g_autofree char *spelt = spell_path (self, path, &replaces, error);
  KlTreeFile *file;

  if (spelt == NULL)
    return NULL;
  if (self->files->len >= MAX_FILES)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                   "More than %d files would be added to the image", MAX_FILES);
      return NULL;
    }

  if (g_hash_table_size (self->generated) > 0)
    {
      g_autofree char *folded = fold (spelt);

      g_hash_table_remove (self->generated, folded);
    }
  file = g_hash_table_lookup (self->places, spelt);
  if (file == NULL)
    {
      file = g_new0 (KlTreeFile, 1);
      file->path = g_steal_pointer (&spelt);
      g_ptr_array_add (self->files, file);
      g_hash_table_insert (self->places, file->path, file);
    }
  else if (!kl_image_tree_settle (self, error))
    return NULL;
  self->size += size - file->size;
  g_free (file->source);
  file->source = g_strdup (source);
  file->size = size;
  file->replaces = replaces;
  file->edited = FALSE;
  return file;
}

/**
 * kl_image_tree_has_file:
 * @exists: (out): whether the prepared image has such a file
 */
gboolean
kl_image_tree_has_file (KlImageTree *self, const char *path, gboolean *exists, GError **error)
{
  if (g_hash_table_contains (self->places, path))
    {
      *exists = TRUE;
      return TRUE;
    }
  return kl_wim_find_file (self->wim, self->index, path, exists, NULL, error);
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
