/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-wim-extract"

#include "wim/wim.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include <glib/gstdio.h>

#include "base/confine.h"
#include "base/error.h"
#include "base/file-io.h"
#include "wim/wim-private.h"

/**
 * kl_wim_find_file:
 * @path: "\Windows\System32\winload.exe"; the case does not matter
 * @exists: (out): whether it is a plain file: no folder, link or encrypted file
 * @size: (out) (optional): bytes, where it is
 *
 * Errors: KL_ERROR_WIM_DAMAGED. Blocks while the metadata of the image is read for the first time.
 */
gboolean
kl_wim_find_file (
    KlWim *self, guint index, const char *path, gboolean *exists, guint64 *size, GError **error)
{
  g_autofree char *name = NULL;
  guint64 found_size;

  if (!kl_wim_lookup (self, index, path, &name, &found_size, error))
    return FALSE;

  *exists = name != NULL;
  if (*exists && size != NULL)
    *size = found_size;
  return TRUE;
}

/* One file of an extraction. */
typedef struct
{
  const char *path;   /* borrowed, as asked for */
  const char *target; /* borrowed */
  char *name;         /* base name as spelt in the image */
  char *folded;       /* for comparing names */
  gboolean done;
} Wanted;

static void
wanted_free (Wanted *wanted)
{
  g_free (wanted->name);
  g_free (wanted->folded);
  g_free (wanted);
}

static GPtrArray *
find_wanted (
    KlWim *self, guint index, const char *const *paths, const char *const *targets, GError **error)
{
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func ((GDestroyNotify) wanted_free);

  for (guint i = 0; paths[i] != NULL; i++)
    {
      Wanted *wanted;
      char *name;
      guint64 size;

      if (!kl_wim_lookup (self, index, paths[i], &name, &size, error))
        return NULL;
      if (name == NULL)
        {
          g_set_error (error, KL_ERROR, KL_ERROR_NOT_FOUND,
                       "There is no file “%s” in image %u of “%s”", paths[i], index,
                       kl_wim_get_path (self));
          return NULL;
        }

      wanted = g_new0 (Wanted, 1);
      wanted->path = paths[i];
      wanted->target = targets[i];
      wanted->name = name;
      wanted->folded = g_utf8_casefold (name, -1);
      g_ptr_array_add (all, wanted);
    }

  return g_steal_pointer (&all);
}

/* wimlib gives each file the name it has in the image. The staging folder is ours and empty, no
 * folders are made in it, and what is there in the end must be a plain file: so no name and no link
 * of the image leads anywhere else. */
static gboolean
move_to_target (KlWim *self, const char *staging, Wanted *wanted, GError **error)
{
  g_autofree char *staged = g_build_filename (staging, wanted->name, NULL);
  struct stat info;

  if (lstat (staged, &info) != 0 || !S_ISREG (info.st_mode))
    {
      g_set_error (error, KL_ERROR, KL_ERROR_WIM_DAMAGED,
                   "“%s” in “%s” did not come out as a plain file", wanted->path,
                   kl_wim_get_path (self));
      return FALSE;
    }
  if (rename (staged, wanted->target) != 0)
    {
      kl_set_error_errno (error, errno, "Cannot write “%s”", wanted->target);
      return FALSE;
    }

  wanted->done = TRUE;
  return TRUE;
}

typedef struct
{
  KlWim *wim;
  guint index;
  GPtrArray *paths;
  const char *folder;
  KlProgress *progress;
  GCancellable *cancellable;
} Extraction;

static gboolean
extract_confined (gpointer data, GError **error)
{
  const Extraction *self = data;

  return kl_wim_extract_flat (self->wim, self->index, self->paths, self->folder, self->progress,
                              self->cancellable, error);
}

/* Extracts as many of the files as have different names, which is all of them in most cases. */
static gboolean
extract_batch (KlWim *self,
               guint index,
               GPtrArray *all,
               const char *staging,
               KlProgress *progress,
               GCancellable *cancellable,
               GError **error)
{
  g_autoptr (GHashTable) names = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GPtrArray) paths = g_ptr_array_new ();
  g_autoptr (GPtrArray) batch = g_ptr_array_new ();
  Extraction extraction = { self, index, paths, staging, progress, cancellable };

  for (guint i = 0; i < all->len; i++)
    {
      Wanted *wanted = g_ptr_array_index (all, i);

      if (!wanted->done && g_hash_table_add (names, wanted->folded))
        {
          g_ptr_array_add (paths, (gpointer) wanted->path);
          g_ptr_array_add (batch, wanted);
        }
    }

  /* Names of an image lead nowhere but into the folder. */
  if (!kl_confine_run (extract_confined, &extraction, staging, error))
    return FALSE;

  for (guint i = 0; i < batch->len; i++)
    if (!move_to_target (self, staging, g_ptr_array_index (batch, i), error))
      return FALSE;

  return TRUE;
}

static gboolean
all_done (GPtrArray *all)
{
  for (guint i = 0; i < all->len; i++)
    if (!((Wanted *) g_ptr_array_index (all, i))->done)
      return FALSE;

  return TRUE;
}

/**
 * kl_wim_extract_files:
 * @paths: (array zero-terminated=1): files of the image, without case
 * @targets: (array zero-terminated=1): where each goes; in one folder, which exists
 * @progress: (nullable): counts bytes
 *
 * Extracts files in one pass through the WIM, or in a few where base names repeat. On failure
 * none of the targets remains.
 *
 * Errors: KL_ERROR_NOT_FOUND (no such plain file), KL_ERROR_WIM_DAMAGED, KL_ERROR_* of writing,
 * G_IO_ERROR_CANCELLED. Blocks.
 */
gboolean
kl_wim_extract_files (KlWim *self,
                      guint index,
                      const char *const *paths,
                      const char *const *targets,
                      KlProgress *progress,
                      GCancellable *cancellable,
                      GError **error)
{
  g_autoptr (GPtrArray) all = NULL;
  g_autofree char *folder = NULL;
  g_autofree char *staging = NULL;
  gboolean ok = TRUE;

  if (paths[0] == NULL)
    return TRUE;
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;

  all = find_wanted (self, index, paths, targets, error);
  if (all == NULL)
    return FALSE;

  folder = g_path_get_dirname (targets[0]);
  staging = g_build_filename (folder, ".extract-XXXXXX", NULL);
  if (g_mkdtemp (staging) == NULL)
    {
      kl_set_error_errno (error, errno, "Cannot write into the folder “%s”", folder);
      return FALSE;
    }

  while (ok && !all_done (all))
    ok = extract_batch (self, index, all, staging, progress, cancellable, error);

  kl_remove_tree (staging, NULL);
  for (guint i = 0; !ok && targets[i] != NULL; i++)
    if (((Wanted *) g_ptr_array_index (all, i))->done)
      g_unlink (targets[i]);
  return ok;
}

/**
 * kl_wim_extract_file:
 *
 * kl_wim_extract_files() for one file.
 */
gboolean
kl_wim_extract_file (KlWim *self,
                     guint index,
                     const char *path,
                     const char *target,
                     GCancellable *cancellable,
                     GError **error)
{
  const char *const paths[] = { path, NULL };
  const char *const targets[] = { target, NULL };

  return kl_wim_extract_files (self, index, paths, targets, NULL, cancellable, error);
}
