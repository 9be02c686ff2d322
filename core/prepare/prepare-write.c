/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-prepare-write"

#include "prepare/prepare-write.h"

#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file-io.h"
#include "image/catalog-entry.h"
#include "source/media-source-kinds.h"

#define LEVEL_NORMAL 20
#define LEVEL_SMALLER 50

/* Room for records and tables; bytes. */
#define SMALL_FILES_SPACE ((guint64) 4 << 20)

/* By its sum, a file that changed between the looks at it is noticed too. */
static gboolean
verify_file (KlWim *wim, const KlTreeFile *file, GError **error)
{
  static const guint8 empty[KL_SHA1_SIZE];
  guint8 sha1[KL_SHA1_SIZE];
  gboolean exists;
  guint64 size = 0;

  if (!kl_wim_find_file (wim, 1, file->path, &exists, &size, error)
      || !kl_wim_find_sha1 (wim, 1, file->path, sha1, error))
    return FALSE;
  if (exists && size == file->size
      && memcmp (sha1, size > 0 ? file->sha1 : empty, sizeof sha1) == 0)
    return TRUE;

  g_set_error (error, KL_ERROR, KL_ERROR_WIM_DAMAGED,
               "“%s” in the prepared WIM is not what was to be added: it has %" G_GUINT64_FORMAT
               " bytes and should have %" G_GUINT64_FORMAT
               "; “%s” may have changed meanwhile: prepare again",
               file->path, size, file->size, file->source != NULL ? file->source : file->path);
  if (error != NULL && file->source != NULL)
    kl_error_set_detail (*error, file->source);
  return FALSE;
}

/* Everything that was added must be in the new WIM as it was meant to be. */
static gboolean
verify (const KlPrepareOutput *self, GError **error)
{
  g_autoptr (KlWim) wim = kl_wim_open (self->target, error);
  GPtrArray *files = kl_image_tree_get_files (self->tree);

  if (wim == NULL)
    return FALSE;
  if (kl_wim_get_fitness (wim, NULL) != KL_WIM_FIT)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_WIM_DAMAGED, "The prepared WIM cannot be started");
      return FALSE;
    }

  for (guint i = 0; i < files->len; i++)
    if (!verify_file (wim, files->pdata[i], error))
      return FALSE;
  return TRUE;
}

/* Size and sums of the new WIM as it was written. */
static gboolean
measure (const KlPrepareOutput *self, KlProgress *progress, GError **error)
{
  g_autoptr (KlMediaSource) source = kl_file_source_new (self->target, error);
  GPtrArray *entries = source != NULL ? kl_media_source_list (source, error) : NULL;
  KlMediaEntry *entry;

  if (entries == NULL)
    return FALSE;
  entry = entries->pdata[0];
  self->record->size = entry->size;
  kl_progress_set_total (progress, entry->size);
  return kl_media_source_copy (source, entry->path, -1, self->target, &self->record->crc32c,
                               &self->record->sha256, progress, self->cancellable, error);
}

/* Runs beside measure(). */
static gpointer
flush_thread (gpointer data)
{
  const KlPrepareOutput *self = data;
  GError *error = NULL;
  g_autofd int fd = kl_open_for_reading (self->target, &error);
  struct stat info;

  if (fd >= 0 && fstat (fd, &info) == 0)
    kl_flush_file (fd, (guint64) info.st_size, self->target, NULL, self->cancellable, &error);
  return error;
}

static gboolean
measure_and_flush (const KlPrepareOutput *self, KlProgress *progress, GError **error)
{
  GThread *thread = g_thread_new ("kl-flush", flush_thread, (gpointer) self);
  gboolean measured = measure (self, progress, error);
  GError *failure = g_thread_join (thread);

  if (failure == NULL)
    return measured;

  if (measured)
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
    needed += (guint64) info.st_size;
  return kl_catalog_check_space (self->work, needed, "The prepared WIM", error);
}

/* What the cache has is not compressed again. */
static gboolean
compress (const KlPrepareOutput *self, guint level, KlProgress *progress, GError **error)
{
  /* What is to be smaller is not taken from where it may be larger. */
  if (!self->smaller)
    kl_content_cache_find (self->cache, self->cancellable);
  return kl_content_cache_compress (self->cache, level, progress, self->cancellable, error);
}

static gboolean
export_image (const KlPrepareOutput *self, guint level, KlProgress *progress, GError **error)
{
  KlWimOverlay overlay
      = { .level = level, .donors = kl_content_cache_get_donors (self->cache), .unflushed = TRUE };
  g_autoptr (GPtrArray) links = NULL;

  kl_image_tree_get_overlay (self->tree, &overlay);
  links = overlay.links;
  return kl_wim_export_with (self->wim, self->index, &overlay, self->target, progress,
                             self->cancellable, error);
}

/**
 * kl_prepare_write:
 * @progress: (nullable): gets steps of its own
 *
 * Step 8: writes the image with what the tree holds, compares every added file with what it was
 * meant to be, and takes size and sums of the result while it is flushed.
 *
 * Errors: KL_ERROR_NO_SPACE with both numbers, KL_ERROR_WIM_DAMAGED where a file has changed
 * meanwhile, those of kl_wim_export_with(), KL_ERROR_* of reading back, G_IO_ERROR_CANCELLED.
 * Blocks.
 */
gboolean
kl_prepare_write (const KlPrepareOutput *self, KlProgress *progress, GError **error)
{
  KlProgress *compressing = kl_progress_add_step (progress, 6, NULL);
  KlProgress *writing = kl_progress_add_step (progress, 2, NULL);
  KlProgress *reading = kl_progress_add_step (progress, 2, NULL);
  guint level = self->smaller ? LEVEL_SMALLER : LEVEL_NORMAL;
  guint64 time = kl_wim_get_time (self->wim, self->index);

  if (!check_space (self, error))
    return FALSE;

  kl_progress_start (compressing);
  if (!compress (self, level, compressing, error))
    return FALSE;
  kl_progress_finish (compressing);

  kl_progress_start (writing);
  if (!kl_wim_forget (self->wim, error) || !export_image (self, level, writing, error)
      || !kl_wim_stamp (self->target, time, error) || !verify (self, error))
    return FALSE;
  kl_progress_finish (writing);

  kl_progress_start (reading);
  if (!measure_and_flush (self, reading, error))
    return FALSE;
  kl_progress_finish (reading);
  return TRUE;
}
