/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-import"

#include "import/import.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "base/error.h"
#include "base/file-copy.h"
#include "base/file-io.h"
#include "image/catalog-entry.h"
#include "image/image-ini.h"
#include "import/import-record.h"
#include "import/import-source.h"
#include "source/media-source-kinds.h"
#include "wim/wim-header.h"

#define ID_PREFIX "KDL"
#define ID_NUMBERS 0x100000
#define WIM_HEADER_SIZE 208 /* bytes */

/* What boot files and records may need besides the WIM; bytes. A Windows image has 10 MB. */
#define SMALL_FILES_SPACE ((guint64) 32 << 20)

/* One import on its way. */
typedef struct
{
  KlCatalog *catalog;             /* borrowed */
  const KlImportOptions *options; /* borrowed */
  GCancellable *cancellable;      /* borrowed */

  KlImportSource source;
  gboolean may_export; /* as far as known before copying */

  char *staging;     /* the hidden folder; NULL before it is made and once it has its name */
  KlEntryLock *lock; /* of the staging folder */
  char *source_wim;  /* in it */
  char *boot_wim;    /* in it */
  KlWim *wim;        /* source_wim */
  guint index;       /* of the image that boots */
  KlBootFiles *files;
  KlFileRecord source_record;
  KlFileRecord boot_record;
  gboolean exported;

  KlProgress *copy_step, *check_step, *files_step, *export_step, *flush_step;
} Import;

static void
import_clear (Import *self)
{
  g_clear_pointer (&self->wim, kl_wim_free);
  g_clear_object (&self->files);
  if (self->staging != NULL)
    {
      g_autoptr (GError) error = NULL;

      if (!kl_remove_tree (self->staging, &error))
        g_message ("A leftover of the import stays: %s", error->message);
    }
  g_clear_pointer (&self->lock, kl_entry_lock_free);
  kl_import_source_clear (&self->source);
  g_free (self->staging);
  g_free (self->source_wim);
  g_free (self->boot_wim);
  g_free (self->source_record.sha256);
  g_free (self->boot_record.sha256);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Import, import_clear)

static gboolean
check_options (KlCatalog *catalog, const KlImportOptions *options, GError **error)
{
  g_autofree char *folder = NULL;

  if (options->name != NULL && !kl_entry_text_is_valid (options->name, 1, KL_NAME_MAX))
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                   "The name must be 1 to %d characters of UTF-8 without control characters",
                   KL_NAME_MAX);
      return FALSE;
    }
  if (options->id == NULL)
    return TRUE;

  if (!kl_catalog_is_valid_id (options->id))
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                   "“%s” is no ID of a boot image: three letters or digits and five hexadecimal "
                   "digits are expected, such as KDL00001",
                   options->id);
      return FALSE;
    }

  folder = g_build_filename (kl_catalog_get_path (catalog), options->id, NULL);
  if (g_file_test (folder, G_FILE_TEST_EXISTS))
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                   "A boot image %s already exists in the catalog “%s”", options->id,
                   kl_catalog_get_path (catalog));
      return FALSE;
    }
  return TRUE;
}

static gboolean
check_readable (Import *self, gboolean unreadable, const char *reason, GError **error)
{
  if (!unreadable || self->options->reexport)
    return TRUE;

  g_set_error (error, KL_ERROR, KL_ERROR_WIM_UNREADABLE,
               "Boot managers cannot read “%s”: %s Import it again with --reexport to have it "
               "compressed as LZX.",
               self->source.name, reason);
  return FALSE;
}

/* What an opened WIM tells at once. Sets index and may_export. */
static gboolean
examine (Import *self, KlWim *wim, GError **error)
{
  g_autofree char *reason = NULL;
  KlWimFitness fitness = kl_wim_get_fitness (wim, &reason);

  if (!kl_wim_choose_image (wim, self->options->index, &self->index, error))
    return FALSE;

  self->may_export = fitness != KL_WIM_FIT;
  return check_readable (self, fitness == KL_WIM_NEEDS_REEXPORT, reason, error);
}

/* Finds what is wrong with the input before anything is copied, as far as it can be seen there: a
 * WIM inside an ISO file shows its header only. */
static gboolean
examine_original (Import *self, GError **error)
{
  g_autoptr (KlWim) wim = NULL;
  guint8 bytes[WIM_HEADER_SIZE];
  KlWimHeader header;
  gssize n;

  if (self->source.file != NULL)
    {
      wim = kl_wim_open (self->source.file, error);
      return wim != NULL && examine (self, wim, error);
    }

  n = kl_media_source_peek (self->source.media, self->source.inside, bytes, sizeof bytes, error);
  if (n < 0
      || !kl_wim_header_parse ((KlBytesView){ bytes, (gsize) n }, self->source.size,
                               self->source.name, &header, error))
    return FALSE;

  self->may_export = header.n_images != 1 || header.boot_index == 0 || self->options->reexport;
  return check_readable (self, header.pipable, "It is pipable.", error);
}

/* A folder that nobody sees, with a lock in it that says that it is in use. */
static gboolean
make_staging (Import *self, GError **error)
{
  const char *catalog = kl_catalog_get_path (self->catalog);

  if (kl_catalog_is_required (self->catalog) ? access (catalog, F_OK) != 0
                                             : g_mkdir_with_parents (catalog, KL_FOLDER_MODE) != 0)
    {
      kl_set_error_errno (error, errno, "Cannot use the catalog folder “%s”", catalog);
      return FALSE;
    }

  kl_catalog_sweep (self->catalog);
  for (;;)
    {
      g_autofree char *name = g_strdup_printf ("%s%08x", KL_IMPORT_PREFIX, g_random_int ());
      g_autofree char *staging = g_build_filename (catalog, name, NULL);
      g_autoptr (GError) lock_error = NULL;

      if (g_mkdir (staging, KL_FOLDER_MODE) != 0)
        {
          if (errno == EEXIST)
            continue;
          kl_set_error_errno (error, errno, "Cannot make a folder in the catalog “%s”", catalog);
          return FALSE;
        }

      self->lock = kl_entry_lock_new (staging, name, TRUE, &lock_error);
      if (self->lock != NULL)
        {
          self->staging = g_steal_pointer (&staging);
          break;
        }

      /* Another import swept it away between making and locking it. */
      if (g_error_matches (lock_error, KL_ERROR, KL_ERROR_BUSY)
          || g_error_matches (lock_error, KL_ERROR, KL_ERROR_NOT_FOUND))
        continue;
      kl_remove_tree (staging, NULL);
      g_propagate_error (error, g_steal_pointer (&lock_error));
      return FALSE;
    }

  self->source_wim = g_build_filename (self->staging, KL_SOURCE_WIM_FILE, NULL);
  self->boot_wim = g_build_filename (self->staging, KL_BOOT_WIM_FILE, NULL);
  return TRUE;
}

static gboolean
check_space (Import *self, GError **error)
{
  guint64 needed = self->source.size * (self->may_export ? 2 : 1) + SMALL_FILES_SPACE;

  return kl_catalog_check_space (kl_catalog_get_path (self->catalog), needed, "The import", error);
}

/* Byte for byte; the sums are taken on the way. */
static gboolean
copy_wim (Import *self, GError **error)
{
  g_autofd int fd = open (self->source_wim, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, KL_FILE_MODE);

  if (fd < 0)
    {
      kl_set_error_errno (error, errno, "Cannot make “%s”", self->source_wim);
      return FALSE;
    }

  kl_progress_start (self->copy_step);
  kl_progress_set_total (self->copy_step, self->source.size);
  self->source_record.size = self->source.size;
  if (!kl_media_source_copy (self->source.media, self->source.inside, fd, self->source_wim,
                             &self->source_record.crc32c, &self->source_record.sha256,
                             self->copy_step, self->cancellable, error))
    return FALSE;

  kl_progress_finish (self->copy_step);
  return TRUE;
}

/* The copy, down to each blob: what is damaged is found now and not when a PC starts from it. */
static gboolean
check_copy (Import *self, GError **error)
{
  kl_progress_start (self->check_step);
  self->wim = kl_wim_open (self->source_wim, error);
  if (self->wim == NULL || !examine (self, self->wim, error)
      || !kl_wim_verify (self->wim, TRUE, self->check_step, self->cancellable, error))
    return FALSE;

  kl_progress_finish (self->check_step);
  return TRUE;
}

static gboolean
collect_boot_files (Import *self, GError **error)
{
  g_autofree char *folder = g_build_filename (self->staging, KL_BOOT_FILES_FOLDER, NULL);

  if (g_mkdir (folder, KL_FOLDER_MODE) != 0)
    {
      kl_set_error_errno (error, errno, "Cannot make the folder “%s”", folder);
      return FALSE;
    }

  kl_progress_start (self->files_step);
  self->files = kl_boot_files_collect (self->wim, self->index, self->source.beside, folder,
                                       self->files_step, self->cancellable, error);
  if (self->files == NULL || !kl_boot_files_check_any (self->files, error))
    return FALSE;

  kl_progress_finish (self->files_step);
  return TRUE;
}

/* The one image that boots into a WIM of its own, where media can't take the file as it is. */
static gboolean
export_image (Import *self, GError **error)
{
  g_autoptr (KlMediaSource) source = NULL;
  GPtrArray *entries;
  KlMediaEntry *entry;

  if (self->may_export)
    {
      kl_progress_start (self->export_step);
      if (!kl_wim_export (self->wim, self->index, self->boot_wim, self->export_step,
                          self->cancellable, error))
        return FALSE;

      source = kl_file_source_new (self->boot_wim, error);
      entries = source != NULL ? kl_media_source_list (source, error) : NULL;
      if (entries == NULL)
        return FALSE;
      entry = entries->pdata[0];
      self->boot_record.size = entry->size;
      if (!kl_media_source_copy (source, entry->path, -1, self->boot_wim, &self->boot_record.crc32c,
                                 &self->boot_record.sha256, NULL, self->cancellable, error))
        return FALSE;
      self->exported = TRUE;
    }

  kl_progress_finish (self->export_step);
  return TRUE;
}

static gboolean
write_record (Import *self, GError **error)
{
  const KlWimImage *image = kl_wim_get_image (self->wim, self->index);
  g_autoptr (GError) unknown = NULL;
  g_autofree char *detected = NULL;
  KlImportRecord record = { .name = self->options->name,
                            .source_path = self->options->path,
                            .source_name = self->source.name,
                            .image = image,
                            .architecture = image->architecture,
                            .source = &self->source_record,
                            .boot = self->exported ? &self->boot_record : NULL,
                            .files = self->files };

  if (record.architecture == NULL)
    record.architecture = detected = kl_wim_detect_architecture (self->wim, self->index, &unknown);
  if (record.architecture == NULL)
    record.architecture = kl_boot_files_get_uefi_architecture (self->files);
  return kl_import_record_save (&record, self->staging, error);
}

static gboolean flush_folder (Import *self, const char *path, GError **error);

static gboolean
flush_path (Import *self, const char *path, GError **error)
{
  if (g_file_test (path, G_FILE_TEST_IS_DIR))
    return flush_folder (self, path, error);

  return kl_flush_path (path, self->flush_step, self->cancellable, error);
}

static gboolean
flush_folder (Import *self, const char *path, GError **error)
{
  g_autoptr (GDir) folder = g_dir_open (path, 0, error);
  const char *name;

  if (folder == NULL)
    {
      kl_translate_io_error (error, "Cannot read the folder “%s”", path);
      return FALSE;
    }

  while ((name = g_dir_read_name (folder)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      if (!flush_path (self, child, error))
        return FALSE;
    }
  return kl_sync_directory (path, error);
}

/* The number behind the highest one in use, so that an ID is not used again lightly. */
static guint
find_first_number (KlCatalog *catalog)
{
  g_autoptr (GDir) dir = g_dir_open (kl_catalog_get_path (catalog), 0, NULL);
  guint64 highest = 0, number = 0;
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (kl_catalog_is_valid_id (name) && g_str_has_prefix (name, ID_PREFIX)
        && g_ascii_string_to_unsigned (name + 3, 16, 0, ID_NUMBERS - 1, &number, NULL))
      highest = MAX (highest, number);

  return (guint) ((highest + 1) % ID_NUMBERS);
}

/* FALSE with errno: EEXIST where the name is taken. A folder does not replace one with files in it,
 * even where the file system knows no RENAME_NOREPLACE. */
static gboolean
rename_to_new (const char *from, const char *to)
{
  if (renameat2 (AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
    return TRUE;
  if ((errno == EINVAL || errno == ENOSYS || errno == ENOTSUP) && rename (from, to) == 0)
    return TRUE;
  if (errno == ENOTEMPTY || errno == ENOTDIR)
    errno = EEXIST;
  return FALSE;
}

/* By one rename the entry is there, whole. */
static char *
give_id (Import *self, GError **error)
{
  const char *wanted = self->options->id;
  guint first = wanted == NULL ? find_first_number (self->catalog) : 0;

  for (guint i = 0; i < (wanted == NULL ? ID_NUMBERS : 1); i++)
    {
      g_autofree char *id = wanted != NULL
                                ? g_strdup (wanted)
                                : g_strdup_printf (ID_PREFIX "%05X", (first + i) % ID_NUMBERS);
      g_autofree char *folder = g_build_filename (kl_catalog_get_path (self->catalog), id, NULL);

      if (rename_to_new (self->staging, folder))
        {
          g_clear_pointer (&self->staging, g_free);
          return g_steal_pointer (&folder);
        }
      if (errno != EEXIST)
        {
          kl_set_error_errno (error, errno, "Cannot make the catalog entry “%s”", folder);
          return NULL;
        }
    }

  g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
               "A boot image %s already exists in the catalog “%s”",
               wanted != NULL ? wanted : "of each number", kl_catalog_get_path (self->catalog));
  return NULL;
}

static char *
commit (Import *self, GError **error)
{
  g_autoptr (GError) unsynced = NULL;
  char *folder;

  kl_progress_start (self->flush_step);
  kl_progress_set_total (self->flush_step, self->source_record.size + self->boot_record.size);
  g_clear_pointer (&self->wim, kl_wim_free);
  if (!flush_folder (self, self->staging, error)
      || g_cancellable_set_error_if_cancelled (self->cancellable, error))
    return NULL;

  folder = give_id (self, error);
  if (folder == NULL)
    return NULL;

  /* It is visible now, and whole; only a power cut in the next seconds could undo it. */
  if (!kl_sync_directory (kl_catalog_get_path (self->catalog), &unsynced))
    g_message ("%s", unsynced->message);
  kl_progress_finish (self->flush_step);
  return folder;
}

/* Speaks of the file that the user named, and not of our copy that is gone by then. */
static void
name_original (Import *self, GError **error)
{
  g_autoptr (GString) message = NULL;

  if (error == NULL || *error == NULL || self->source_wim == NULL)
    return;

  message = g_string_new ((*error)->message);
  if (g_string_replace (message, self->source_wim, self->source.name, 0) > 0)
    {
      g_free ((*error)->message);
      (*error)->message = g_string_free (g_steal_pointer (&message), FALSE);
    }
}

static void
add_steps (Import *self, KlProgress *progress)
{
  g_autofree char *base = g_path_get_basename (self->source.inside);
  g_autofree char *copying = g_strdup_printf ("Copying %s", base);
  g_autofree char *checking = g_strdup_printf ("Checking %s", base);

  self->copy_step = kl_progress_add_step (progress, 10, copying);
  self->check_step = kl_progress_add_step (progress, 20, checking);
  self->files_step = kl_progress_add_step (progress, 1, "Collecting boot files");
  if (self->may_export)
    self->export_step = kl_progress_add_step (progress, 15, "Exporting the image");
  self->flush_step = kl_progress_add_step (progress, 5, "Writing to the disk");
}

static char *
run (Import *self, KlProgress *progress, GError **error)
{
  if (!check_options (self->catalog, self->options, error)
      || !kl_import_source_find (self->options->path, self->options->boot_files, &self->source,
                                 error)
      || !examine_original (self, error))
    return NULL;

  add_steps (self, progress);
  if (!make_staging (self, error))
    {
      kl_catalog_explain (self->catalog, error);
      return NULL;
    }
  if (!check_space (self, error) || !copy_wim (self, error) || !check_copy (self, error)
      || !collect_boot_files (self, error) || !export_image (self, error)
      || !write_record (self, error))
    return NULL;

  return commit (self, error);
}

/**
 * kl_catalog_import:
 * @options: what to import, see #KlImportOptions
 * @progress: (nullable): gets the steps of the import
 *
 * Takes a boot image into the catalog: copies its WIM as it is, checks the copy down to each blob,
 * collects its boot files, and exports the image to a file of its own where boot managers can't
 * take the WIM as it is. All of it happens in a hidden folder, which becomes the entry by one
 * rename at the end. Whatever goes wrong before leaves nothing.
 *
 * Errors: KL_ERROR_INVALID_ARGUMENT (ID, name, ID taken, several WIM files), KL_ERROR_NOT_FOUND,
 * KL_ERROR_FORMAT, all KL_ERROR_WIM_*, KL_ERROR_NO_BOOT_FILES, KL_ERROR_NO_SPACE with both numbers,
 * KL_ERROR_WRITE_PROTECTED, KL_ERROR_PERMISSION, G_IO_ERROR_CANCELLED within a second. Blocks; any
 * thread; several imports may run at once.
 *
 * Returns: (transfer full): the new boot image
 */
KlBootImage *
kl_catalog_import (KlCatalog *self,
                   const KlImportOptions *options,
                   KlProgress *progress,
                   GCancellable *cancellable,
                   GError **error)
{
  g_auto (Import) import = { .catalog = self, .cancellable = cancellable };
  KlImportOptions own_options;
  g_autofree char *id = NULL;
  g_autofree char *folder = NULL;

  g_return_val_if_fail (KL_IS_CATALOG (self), NULL);
  g_return_val_if_fail (options != NULL && options->path != NULL, NULL);

  own_options = *options;
  id = options->id != NULL ? g_ascii_strup (options->id, -1) : NULL;
  if (id != NULL && kl_catalog_is_valid_id (id))
    own_options.id = id;
  import.options = &own_options;

  folder = run (&import, progress, error);
  if (folder == NULL)
    {
      name_original (&import, error);
      return NULL;
    }

  kl_catalog_wake (self);
  return kl_boot_image_load (folder, error);
}
