/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-default-image"

#include "prepare/default-image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <glib/gstdio.h>

#include "base/error.h"
#include "base/file-io.h"
#include "base/file-kind.h"
#include "image/catalog-entry.h"
#include "image/image-ini.h"
#include "import/import-source.h"
#include "wim/wim-header.h"
#include "wim/wim.h"

/* Room for tables and records; bytes. */
#define SMALL_FILES_SPACE ((guint64) 4 << 20)

static GMutex turn_lock;
static GCond turn_free;
static gboolean turn_is_taken; /* guarded by turn_lock */

/**
 * kl_image_turn_take:
 *
 * Waits until nothing else in this process prepares or exports an image: the documented API says
 * that these are not to run at once (media-api.md 2). Other processes are kept out of an entry by
 * its lock alone.
 *
 * Errors: G_IO_ERROR_CANCELLED. Blocks; any thread, but not one that has the turn.
 */
gboolean
kl_image_turn_take (GCancellable *cancellable, GError **error)
{
  gboolean cancelled = g_cancellable_is_cancelled (cancellable);

  g_mutex_lock (&turn_lock);
  while (!cancelled && turn_is_taken)
    {
      g_cond_wait_until (&turn_free, &turn_lock, g_get_monotonic_time () + G_USEC_PER_SEC / 5);
      cancelled = g_cancellable_is_cancelled (cancellable);
    }
  if (!cancelled)
    turn_is_taken = TRUE;
  g_mutex_unlock (&turn_lock);

  return !cancelled || !g_cancellable_set_error_if_cancelled (cancellable, error);
}

void
kl_image_turn_release (void)
{
  g_mutex_lock (&turn_lock);
  turn_is_taken = FALSE;
  g_cond_signal (&turn_free);
  g_mutex_unlock (&turn_lock);
}

/* What goes on while a default image is exported. */
typedef struct
{
  int folder;        /* owned; of the target, even if its path leads elsewhere meanwhile */
  char *work;        /* hidden folder beside the target, removed in the end */
  char *source_path; /* of a WIM file */
  guint index;       /* 0 to choose */
  KlWim *wim;
} Export;

static void
export_clear (Export *self)
{
  g_autoptr (GError) error = NULL;

  kl_close_fd (&self->folder);
  g_clear_pointer (&self->wim, kl_wim_free);
  if (self->work != NULL && !kl_remove_tree (self->work, &error))
    g_message ("A leftover stays: %s", error->message);
  g_free (self->work);
  g_free (self->source_path);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Export, export_clear)

/* As the catalog calls it; NULL for none. */
static const char *
normalize_architecture (const char *architecture)
{
  static const char *const names[][2]
      = { { "x86", "x86" },     { "i386", "x86" },  { "x64", "x64" }, { "amd64", "x64" },
          { "arm64", "arm64" }, { "ia64", "ia64" }, { "arm", "arm" } };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_ascii_strcasecmp (names[i][0], architecture) == 0)
      return names[i][1];
  return NULL;
}

/* The first usable image of the catalog, by its ID. */
static KlBootImage *
find_default (KlCatalog *catalog, const char *architecture, GError **error)
{
  const char *path = kl_catalog_get_path (catalog);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  KlBootImage *found = NULL;
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *folder = g_build_filename (path, name, NULL);
      g_autoptr (KlBootImage) image = NULL;

      if (!kl_catalog_is_valid_id (name)
          || (found != NULL && strcmp (name, kl_boot_image_get_id (found)) > 0))
        continue;
      image = kl_boot_image_load (folder, NULL);
      if (image != NULL && kl_boot_image_get_error (image) == NULL
          && strcmp (kl_boot_image_get_architecture (image), architecture) == 0)
        g_set_object (&found, image);
    }

  if (found == NULL)
    g_set_error (error, KL_ERROR, KL_ERROR_NOT_FOUND,
                 "There is no boot image for %s in the catalog “%s”; import one, or name a WIM "
                 "file, folder or ISO file with one",
                 architecture, path);
  return found;
}

static gboolean
make_work_folder (Export *self, const char *path, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *name = g_path_get_basename (path);

  self->folder = open (folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
  self->work = g_strdup_printf ("%s/.%s-XXXXXX", folder, name);
  if (self->folder >= 0 && g_mkdtemp (self->work) != NULL)
    return TRUE;

  kl_set_error_errno (error, errno, "Cannot write into the folder “%s”", folder);
  g_clear_pointer (&self->work, g_free);
  return FALSE;
}

/* A WIM inside an ISO file has to come out of it first. */
static gboolean
unpack (Export *self,
        KlImportSource *source,
        KlProgress *progress,
        GCancellable *cancellable,
        GError **error)
{
  g_autofd int fd = -1;

  self->source_path = g_build_filename (self->work, KL_SOURCE_WIM_FILE, NULL);
  if (!kl_catalog_check_space (self->work, 2 * source->size, "The export", error))
    return FALSE;

  fd = open (self->source_path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0)
    {
      kl_set_error_errno (error, errno, "Cannot make “%s”", self->source_path);
      return FALSE;
    }
  kl_progress_set_total (progress, source->size);
  return kl_media_source_copy (source->media, source->inside, fd, self->source_path, NULL, NULL,
                               progress, cancellable, error);
}

static gboolean
find_given_source (
    Export *self, const char *path, KlProgress *progress, GCancellable *cancellable, GError **error)
{
  KlImportSource source;
  gboolean ok = kl_import_source_find (path, NULL, &source, error);

  if (ok && source.file != NULL)
    self->source_path = g_strdup (source.file);
  else if (ok)
    ok = unpack (self, &source, progress, cancellable, error);
  kl_import_source_clear (&source);
  return ok;
}

static gboolean
find_source (Export *self,
             KlCatalog *catalog,
             const char *architecture,
             const KlDefaultImage *wanted,
             KlProgress *progress,
             GCancellable *cancellable,
             GError **error)
{
  g_autoptr (KlBootImage) image = NULL;

  self->index = wanted->index;
  if (wanted->source != NULL)
    return find_given_source (self, wanted->source, progress, cancellable, error);

  image = find_default (catalog, architecture, error);
  if (image == NULL)
    return FALSE;
  self->source_path = g_build_filename (kl_boot_image_get_folder (image), KL_SOURCE_WIM_FILE, NULL);
  if (self->index == 0)
    self->index = kl_boot_image_get_source_index (image);
  return TRUE;
}

static gboolean
open_image (Export *self, const char *architecture, GError **error)
{
  const KlWimImage *image;
  g_autofree char *detected = NULL;
  const char *found;

  self->wim = kl_wim_open (self->source_path, error);
  if (self->wim == NULL || !kl_wim_choose_image (self->wim, self->index, &self->index, error))
    return FALSE;

  image = kl_wim_get_image (self->wim, self->index);
  found = image->architecture;
  if (found == NULL)
    found = detected = kl_wim_detect_architecture (self->wim, self->index, NULL);
  if (g_strcmp0 (found, architecture) == 0)
    return TRUE;

  g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
               "Image %u of “%s” is for %s, and one for %s was asked for", self->index,
               self->source_path, found != NULL ? found : "an unknown architecture", architecture);
  return FALSE;
}

/* Under its name only when it is whole and on the disk. */
static gboolean
write_target (Export *self,
              const KlDefaultImage *wanted,
              const char *path,
              KlProgress *progress,
              GCancellable *cancellable,
              GError **error)
{
  const KlFileKind kind = wanted->keep_other_files ? KL_FILE_KIND_WIM : KL_FILE_KIND_ANY;
  g_autofree char *name = g_path_get_basename (path);
  g_autofree char *made = g_build_filename (self->work, KL_BOOT_WIM_FILE, NULL);
  g_autofree char *folder = g_path_get_dirname (path);
  guint64 size = kl_wim_get_image (self->wim, self->index)->total_bytes;
  g_autoptr (KlWim) exported = NULL;
  GStatBuf info;

  /* The image is hardly larger than the file that it comes from, nor than its content. */
  if (g_stat (self->source_path, &info) == 0)
    size = MIN (size, (guint64) info.st_size);
  if (!kl_catalog_check_space (self->work, size + SMALL_FILES_SPACE, "The export", error)
      || !kl_wim_export (self->wim, self->index, made, progress, cancellable, error))
    return FALSE;

  exported = kl_wim_open (made, error);
  if (exported == NULL)
    return FALSE;
  if (kl_wim_get_fitness (exported, NULL) != KL_WIM_FIT)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_WIM_DAMAGED, "The exported image cannot be started");
      return FALSE;
    }
  if (!kl_file_kind_check (self->folder, name, kind, path, error))
    return FALSE;
  if (renameat (AT_FDCWD, made, self->folder, name) != 0)
    {
      kl_set_error_errno (error, errno, "Cannot write “%s”", path);
      return FALSE;
    }
  return kl_sync_directory (folder, error);
}

static gboolean
export_in_turn (KlCatalog *catalog,
                const char *architecture,
                const KlDefaultImage *wanted,
                const char *path,
                KlProgress *progress,
                GCancellable *cancellable,
                GError **error)
{
  g_auto (Export) export = { .folder = -1 };
  KlProgress *reading = kl_progress_add_step (progress, 1, NULL);
  KlProgress *writing = kl_progress_add_step (progress, 4, NULL);

  if (!make_work_folder (&export, path, error))
    return FALSE;

  kl_progress_start (reading);
  if (!find_source (&export, catalog, architecture, wanted, reading, cancellable, error)
      || !open_image (&export, architecture, error))
    return FALSE;
  kl_progress_finish (reading);

  kl_progress_start (writing);
  if (!write_target (&export, wanted, path, writing, cancellable, error))
    return FALSE;
  kl_progress_finish (writing);
  return TRUE;
}

/**
 * kl_default_image_export:
 * @wanted: without a source, the image of that architecture that comes first in the catalog, as it
 *   was imported: nothing that was prepared is in it
 * @path: of the WIM file to write; a file there is replaced once the new one is whole
 * @progress: (nullable): counts bytes
 *
 * ExportDefaultBootImage (media-api.md 4.2): one image into a WIM of its own, marked to boot. Waits
 * for its turn, see kl_image_turn_take().
 *
 * Errors: KL_ERROR_INVALID_ARGUMENT for an unknown architecture, an image that is for another one,
 * a target that is a folder, lies in the catalog or is to be kept; KL_ERROR_NOT_FOUND where the
 * catalog has no such image; KL_ERROR_WIM_INDEX and others of opening a WIM; KL_ERROR_NO_SPACE,
 * KL_ERROR_* of writing; G_IO_ERROR_CANCELLED. Blocks; any thread.
 */
gboolean
kl_default_image_export (KlCatalog *catalog,
                         const KlDefaultImage *wanted,
                         const char *path,
                         KlProgress *progress,
                         GCancellable *cancellable,
                         GError **error)
{
  const char *architecture = normalize_architecture (wanted->architecture);
  gboolean ok;

  g_return_val_if_fail (KL_IS_CATALOG (catalog), FALSE);

  if (architecture == NULL)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                   "“%s” is no architecture of boot images; there are x86, x64, arm64, arm and "
                   "ia64",
                   wanted->architecture);
      return FALSE;
    }
  if (kl_catalog_contains (catalog, path) || g_file_test (path, G_FILE_TEST_IS_DIR))
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                   "“%s” is a folder or lies inside the catalog; export to a file elsewhere", path);
      return FALSE;
    }
  if (!kl_image_turn_take (cancellable, error))
    return FALSE;

  ok = export_in_turn (catalog, architecture, wanted, path, progress, cancellable, error);
  kl_image_turn_release ();
  return ok;
}

/* What media of an image get. */
static char *
find_media_wim (KlCatalog *catalog, const char *id, GError **error)
{
  g_autoptr (KlBootImage) image = kl_catalog_lookup (catalog, id, error);

  if (image == NULL)
    return NULL;
  if (kl_boot_image_get_error (image) != NULL)
    {
      g_propagate_error (error, g_error_copy (kl_boot_image_get_error (image)));
      return NULL;
    }
  return g_strdup (kl_boot_image_get_media_wim (image));
}

/**
 * kl_image_properties_read:
 * @source: path of a WIM file, or an ID of the catalog
 *
 * GetImageProperties (media-api.md 4.3): the metadata of a WIM, without importing it. Header and
 * XML are read and nothing else, so it takes as long for a large file as for a small one.
 *
 * Errors: KL_ERROR_NOT_FOUND, KL_ERROR_FORMAT for what is no WIM, KL_ERROR_WIM_*,
 * KL_ERROR_MISSING_PACKAGE. Blocks; any thread.
 *
 * Returns: (transfer full): the XML as it is in the file, in UTF-8
 */
char *
kl_image_properties_read (KlCatalog *catalog, const char *source, GError **error)
{
  g_autofree char *id = g_ascii_strup (source, -1);
  g_autofree char *path = NULL;

  g_return_val_if_fail (KL_IS_CATALOG (catalog), NULL);

  if (kl_catalog_is_valid_id (id) && !g_file_test (source, G_FILE_TEST_EXISTS))
    path = find_media_wim (catalog, id, error);
  else
    path = g_strdup (source);
  return path != NULL ? kl_wim_header_read_xml (path, error) : NULL;
}
