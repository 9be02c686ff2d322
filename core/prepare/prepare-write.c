/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-prepare-write"

#include "prepare/prepare-write.h"

#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file-copy.h"
#include "base/file-io.h"
#include "image/catalog-entry.h"

/* Room for records and tables; bytes. */
#define SMALL_FILES_SPACE ((guint64) 4 << 20)

static const KlTreeFile *
find_file (GPtrArray *files, const char *path)
{
  for (guint i = 0; i < files->len; i++)
    if (strcmp (((const KlTreeFile *) files->pdata[i])->path, path) == 0)
      return files->pdata[i];
  g_assert_not_reached ();
}

/* By its sum, a file that changed between the looks at it is noticed too. */
static gboolean
set_different (const KlPrepareOutput *self, const KlWimAddition *file, GError **error)
{
  const KlTreeFile *added = find_file (kl_image_tree_get_files (self->tree), file->path);

  g_set_error (error, KL_ERROR, KL_ERROR_WIM_DAMAGED,
               "“%s” in the prepared WIM is not what was to be added, %" G_GUINT64_FORMAT
               " bytes; “%s” may have changed meanwhile: prepare again",
               file->path, file->size, added->source != NULL ? added->source : file->path);
  if (error != NULL && added->source != NULL)
    kl_error_set_detail (*error, added->source);
  return FALSE;
}

/* Everything that was added must be in the new WIM as it was meant to be. */
static gboolean
verify (const KlPrepareOutput *self, GPtrArray *files, GError **error)
{
  g_autoptr (KlWim) wim = kl_wim_open (self->target, error);
  const KlWimAddition *different = NULL;

  if (wim == NULL)
    return FALSE;
  if (kl_wim_get_fitness (wim, NULL) != KL_WIM_FIT)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_WIM_DAMAGED, "The prepared WIM cannot be started");
      return FALSE;
    }

  return kl_wim_compare (wim, files, &different, error)
         && (different == NULL || set_different (self, different, error));
}

/* Runs beside verify(). */
static gpointer
flush_thread (gpointer data)
{
  const KlPrepareOutput *self = data;
  GError *error = NULL;

  kl_flush_path (self->target, NULL, self->cancellable, &error);
  return error;
}

static gboolean
verify_and_flush (const KlPrepareOutput *self, GPtrArray *files, GError **error)
{
  GThread *thread = g_thread_new ("kl-flush", flush_thread, (gpointer) self);
  gboolean verified = verify (self, files, error);
  GError *failure = g_thread_join (thread);

  if (failure == NULL)
    return verified;

  if (verified)
    g_propagate_error (error, failure);
  else
    g_error_free (failure);
  return FALSE;
}

static gboolean
check_space (const KlPrepareOutput *self, GError **error)
{
  guint64 needed = SMALL_FILES_SPACE + kl_image_tree_get_size (self->tree);
  struct stat info;

  if (stat (self->source, &info) == 0)
    needed += (guint64) info.st_size * (kl_wim_can_compose (self->wim) ? 1 : 2);
  return kl_catalog_check_space (self->work, needed, "The prepared WIM", error);
}

/* The source as a WIM that can be copied from: itself, or a copy that is compressed anew where boot
 * managers could not read it. */
static gboolean
compose (const KlPrepareOutput *self,
         const KlWimOverlay *overlay,
         KlProgress *exporting,
         KlProgress *writing,
         GError **error)
{
  g_autofree char *path = g_build_filename (self->work, "source.wim", NULL);
  g_autoptr (KlWim) copy = NULL;
  gboolean fits = kl_wim_can_compose (self->wim);

  if (!fits)
    {
      kl_progress_start (exporting);
      if (!kl_wim_export (self->wim, self->index, path, exporting, self->cancellable, error))
        return FALSE;
      kl_progress_finish (exporting);
      copy = kl_wim_open (path, error);
      if (copy == NULL)
        return FALSE;
    }

  kl_progress_start (writing);
  return kl_wim_compose (fits ? self->wim : copy, fits ? self->index : 1, overlay, self->target,
                         self->sums, writing, self->cancellable, error);
}

/**
 * kl_prepare_write:
 * @progress: (nullable): gets steps of its own
 *
 * Step 8: writes the image from the source, from what other prepared WIM files have compressed, and
 * from what it compresses itself, and compares every added file with what it was meant to be while
 * the image is flushed.
 *
 * Errors: KL_ERROR_NO_SPACE with both numbers, KL_ERROR_WIM_DAMAGED where a file has changed
 * meanwhile, those of kl_wim_export() and kl_wim_compose(), G_IO_ERROR_CANCELLED. Blocks.
 */
gboolean
kl_prepare_write (const KlPrepareOutput *self, KlProgress *progress, GError **error)
{
  gboolean fits = kl_wim_can_compose (self->wim);
  KlProgress *exporting = fits ? NULL : kl_progress_add_step (progress, 5, NULL);
  KlProgress *writing = kl_progress_add_step (progress, 5, NULL);
  KlWimOverlay overlay = { .level = self->level };
  g_autoptr (GPtrArray) files = NULL;

  if (!check_space (self, error))
    return FALSE;

  kl_image_tree_get_overlay (self->tree, &overlay);
  files = overlay.files;
  overlay.donors = kl_content_cache_find (self->cache, self->tree, self->cancellable);
  if (!compose (self, &overlay, exporting, writing, error)
      || !verify_and_flush (self, files, error))
    return FALSE;
  kl_progress_finish (writing);
  return TRUE;
}
