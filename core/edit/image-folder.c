/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-image-folder"

#include "edit/image-tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "edit/image-name.h"

#define MAX_DEPTH 64

/* A walk through a folder that a user named. */
typedef struct
{
  KlImageTree *tree;
  char *root; /* real path of the folder that the user named */
  KlProgress *progress;
  GCancellable *cancellable;
} Walk;

/* The file that a link in the user's folder leads to. */
static gboolean
check_link (Walk *walk, const char *link, struct stat *info, GError **error)
{
  g_autofree char *real = realpath (link, NULL);
  gsize length = strlen (walk->root);

  if (real == NULL || stat (link, info) != 0)
    {
      kl_set_error_errno (error, errno, "The link “%s” leads nowhere", link);
      return FALSE;
    }
  if (strncmp (real, walk->root, length) != 0 || real[length] != '/')
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                   "The link “%s” leads out of the folder, to “%s”", link, real);
      return FALSE;
    }
  if (S_ISDIR (info->st_mode))
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                   "The link “%s” leads to a folder; only links to files are followed", link);
      return FALSE;
    }
  return TRUE;
}

static gboolean
walk_folder (Walk *walk, const char *path, const char *source, guint depth, GError **error);

static gboolean
walk_entry (Walk *walk, const char *path, const char *source, guint depth, GError **error)
{
  struct stat info;

  if (lstat (source, &info) != 0)
    {
      kl_set_error_errno (error, errno, "Cannot read “%s”", source);
      return kl_error_blame (error, source);
    }
  if (S_ISLNK (info.st_mode) && !check_link (walk, source, &info, error))
    return kl_error_blame (error, source);
  if (S_ISDIR (info.st_mode))
    return walk_folder (walk, path, source, depth + 1, error);
  if (!S_ISREG (info.st_mode))
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                   "“%s” is neither a file nor a folder", source);
      return kl_error_blame (error, source);
    }

  return kl_image_tree_add_file (walk->tree, path, source, walk->progress, walk->cancellable,
                                 error);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(char *const *) a, *(char *const *) b);
}

/* Sorted, no two equal but for their case. */
static GPtrArray *
read_names (const char *source, GError **error)
{
  g_autoptr (GDir) dir = g_dir_open (source, 0, error);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  const char *name;

  if (dir == NULL)
    {
      kl_translate_io_error (error, "Cannot read the folder “%s”", source);
      return NULL;
    }

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *folded = NULL;
      const char *other;

      if (!kl_image_name_check (name, error))
        {
          g_prefix_error (error, "In “%s”: ", source);
          return NULL;
        }
      folded = g_utf8_casefold (name, -1);
      other = g_hash_table_lookup (seen, folded);
      if (other != NULL)
        {
          g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                       "In “%s”: “%s” and “%s” differ only by case, and Windows takes them for one "
                       "name",
                       source, strcmp (name, other) < 0 ? name : other,
                       strcmp (name, other) < 0 ? other : name);
          return NULL;
        }
      g_hash_table_insert (seen, g_steal_pointer (&folded), g_strdup (name));
      g_ptr_array_add (names, g_strdup (name));
    }

  g_ptr_array_sort (names, compare_names);
  return g_steal_pointer (&names);
}

static gboolean
walk_folder (Walk *walk, const char *path, const char *source, guint depth, GError **error)
{
  g_autoptr (GPtrArray) names = NULL;

  if (g_cancellable_set_error_if_cancelled (walk->cancellable, error))
    return FALSE;
  if (depth > MAX_DEPTH)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                   "“%s” lies more than %d folders deep", source, MAX_DEPTH);
      return FALSE;
    }

  names = read_names (source, error);
  for (guint i = 0; names != NULL && i < names->len; i++)
    {
      const char *name = names->pdata[i];
      g_autofree char *child = g_strconcat (path, "\\", name, NULL);
      g_autofree char *child_source = g_build_filename (source, name, NULL);

      if (!walk_entry (walk, child, child_source, depth, error))
        return FALSE;
    }
  return names != NULL || kl_error_blame (error, source);
}

/**
 * kl_image_tree_add_folder:
 * @path: in the image; "" for its root
 * @source: a folder; all that is in it goes below @path
 *
 * Links to files inside the folder are followed; all others are refused.
 *
 * Errors: those of kl_image_tree_add_file(), for names that differ only by case, for links that
 * lead out. Blocks.
 */
gboolean
kl_image_tree_add_folder (KlImageTree *self,
                          const char *path,
                          const char *source,
                          KlProgress *progress,
                          GCancellable *cancellable,
                          GError **error)
{
  g_autofree char *root = realpath (source, NULL);
  Walk walk = { self, root, progress, cancellable };

  if (root == NULL)
    {
      kl_set_error_errno (error, errno, "Cannot read the folder “%s”", source);
      return kl_error_blame (error, source);
    }
  return walk_folder (&walk, path, source, 0, error);
}
