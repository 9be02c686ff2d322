/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-catalog-edit"

#include "image/catalog.h"

#include <errno.h>
#include <stdio.h>

#include <glib/gstdio.h>

#include "base/atomic-file.h"
#include "base/error.h"
#include "base/file-copy.h"
#include "base/file-io.h"
#include "image/catalog-entry.h"
#include "image/image-ini.h"
#include "source/media-source-kinds.h"

#define MAX_DESCRIPTION 1024 /* characters */

static gboolean
remove_locked (KlCatalog *self, const char *id, const char *folder, GError **error)
{
  g_autofree char *name = g_strdup_printf ("%s%s-%08x", KL_REMOVED_PREFIX, id, g_random_int ());
  g_autofree char *hidden = g_build_filename (kl_catalog_get_path (self), name, NULL);
  g_autoptr (GError) leftover = NULL;

  if (rename (folder, hidden) != 0)
    {
      kl_set_error_errno (error, errno, "Cannot remove the boot image %s", id);
      return FALSE;
    }

  /* It is out of the catalog now; what stays of it, the next import sweeps away. */
  if (!kl_sync_directory (kl_catalog_get_path (self), &leftover)
      || !kl_remove_tree (hidden, &leftover))
    g_message ("Files of the removed boot image %s stay: %s", id, leftover->message);
  return TRUE;
}

/**
 * kl_catalog_remove:
 *
 * Takes an image out of the catalog, by one rename, and deletes its files, and what a removal that
 * was killed left. A broken entry can be removed too. Any thread.
 *
 * Errors: KL_ERROR_MISSING_PACKAGE, KL_ERROR_BUSY, KL_ERROR_PERMISSION, KL_ERROR_WRITE_PROTECTED.
 */
gboolean
kl_catalog_remove (KlCatalog *self, const char *id, GError **error)
{
  g_autofree char *folder = NULL;
  g_autoptr (KlEntryLock) lock = NULL;

  g_return_val_if_fail (KL_IS_CATALOG (self), FALSE);

  kl_catalog_sweep (self);
  folder = kl_catalog_find_entry (self, id, error);
  if (folder == NULL)
    return FALSE;

  lock = kl_entry_lock_new (folder, id, TRUE, error);
  if (lock == NULL || !remove_locked (self, id, folder, error))
    {
      kl_catalog_explain (self, error);
      return FALSE;
    }

  kl_catalog_wake (self);
  return TRUE;
}

/* An export into an entry could replace what is exported. */
static gboolean
check_outside (KlCatalog *self, const char *path, GError **error)
{
  if (!kl_catalog_contains (self, path))
    return TRUE;

  g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
               "“%s” lies inside the catalog; export to another folder", path);
  return FALSE;
}

static gboolean
write_export (KlBootImage *image,
              const char *path,
              KlProgress *progress,
              GCancellable *cancellable,
              GError **error)
{
  g_autoptr (KlMediaSource) source = NULL;
  g_autoptr (KlAtomicFile) file = NULL;
  g_autofree char *name = g_path_get_basename (kl_boot_image_get_media_wim (image));
  g_autofree char *inside = g_strconcat ("/", name, NULL);
  guint32 crc = 0;

  source = kl_file_source_new (kl_boot_image_get_media_wim (image), error);
  file = source != NULL ? kl_atomic_file_new (path, KL_FILE_MODE, error) : NULL;
  if (file == NULL)
    return FALSE;

  kl_progress_set_total (progress, kl_boot_image_get_size (image));
  if (!kl_media_source_copy (source, inside, kl_atomic_file_get_fd (file), path, &crc, NULL,
                             progress, cancellable, error))
    return FALSE;
  if (crc != kl_boot_image_get_crc32c (image))
    {
      g_set_error (error, KL_ERROR, KL_ERROR_MISSING_PACKAGE,
                   "Boot image %s: “%s” has CRC-32C %08x; %08x is recorded",
                   kl_boot_image_get_id (image), kl_boot_image_get_media_wim (image), crc,
                   kl_boot_image_get_crc32c (image));
      if (error != NULL)
        kl_error_set_detail (*error, kl_boot_image_get_id (image));
      return FALSE;
    }

  return kl_flush_file (kl_atomic_file_get_fd (file), kl_boot_image_get_size (image), path, NULL,
                        cancellable, error)
         && kl_atomic_file_commit (file, error);
}

/**
 * kl_catalog_export:
 * @path: the target; a file there is replaced once the new one is whole
 *
 * Errors: KL_ERROR_MISSING_PACKAGE (no such image, or its WIM differs from the record),
 * KL_ERROR_IMAGE_BROKEN, KL_ERROR_INVALID_ARGUMENT for a folder, a device or a place in the catalog
 * itself, KL_ERROR_NO_SPACE with both numbers, KL_ERROR_* of writing, G_IO_ERROR_CANCELLED. Any
 * thread.
 */
gboolean
kl_catalog_export (KlCatalog *self,
                   const char *id,
                   const char *path,
                   KlProgress *progress,
                   GCancellable *cancellable,
                   GError **error)
{
  g_autoptr (KlBootImage) image = NULL;
  g_autofree char *folder = NULL;

  g_return_val_if_fail (KL_IS_CATALOG (self), FALSE);

  image = kl_catalog_lookup (self, id, error);
  if (image == NULL)
    return FALSE;
  if (kl_boot_image_get_error (image) != NULL)
    {
      g_propagate_error (error, g_error_copy (kl_boot_image_get_error (image)));
      return FALSE;
    }

  folder = g_path_get_dirname (path);
  return check_outside (self, path, error)
         && kl_catalog_check_space (folder, kl_boot_image_get_size (image), "The exported WIM file",
                                    error)
         && write_export (image, path, progress, cancellable, error);
}

static gboolean
check_text (const char *key, const char *value, gsize min, gsize max, GError **error)
{
  if (kl_entry_text_is_valid (value, min, max))
    return TRUE;

  g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
               "The %s must be %" G_GSIZE_FORMAT " to %" G_GSIZE_FORMAT
               " characters of UTF-8 without control characters",
               key, min, max);
  return FALSE;
}

static gboolean
check_boot_manager (KlBootImage *image, const char *value, GError **error)
{
  gboolean newer = strcmp (value, "2023") == 0;

  if (*value == '\0')
    return TRUE;
  if (!newer && strcmp (value, "2011") != 0)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                   "“%s” is no boot manager; give 2011, 2023 or nothing", value);
      return FALSE;
    }
  if (kl_boot_image_has_boot_manager (image, newer ? KL_BOOT_MANAGER_2023 : KL_BOOT_MANAGER_2011))
    return TRUE;

  g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
               "Boot image %s has no UEFI boot manager of %s: there is no %s in it, nor was one "
               "beside it at import",
               kl_boot_image_get_id (image), value,
               newer ? "\\Windows\\Boot\\EFI_EX\\bootmgfw_EX.efi"
                     : "\\Windows\\Boot\\EFI\\bootmgfw.efi");
  return FALSE;
}

/* The key in the record, after the value was found fit. */
static const char *
find_key (KlBootImage *image, const char *key, const char *value, GError **error)
{
  if (strcmp (key, "name") == 0)
    return check_text (key, value, 1, KL_NAME_MAX, error) ? KL_INI_NAME : NULL;
  if (strcmp (key, "description") == 0)
    return check_text (key, value, 0, MAX_DESCRIPTION, error) ? KL_INI_DESCRIPTION : NULL;
  if (strcmp (key, "version") == 0)
    return check_text (key, value, 0, KL_NAME_MAX, error) ? KL_INI_VERSION : NULL;
  if (strcmp (key, "boot-manager") == 0)
    return check_boot_manager (image, value, error) ? KL_INI_BOOT_MANAGER : NULL;

  g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
               "“%s” is not a setting of a boot image; there are name, description, version, "
               "boot-manager and those of its recipe",
               key);
  return NULL;
}

/**
 * kl_catalog_set:
 * @key: name, description, version or boot-manager
 * @value: UTF-8; for boot-manager 2011, 2023 or ""
 *
 * Errors: KL_ERROR_INVALID_ARGUMENT for a key or value that cannot be, KL_ERROR_MISSING_PACKAGE,
 * KL_ERROR_IMAGE_BROKEN, KL_ERROR_BUSY, KL_ERROR_* of writing. Any thread.
 */
gboolean
kl_catalog_set (KlCatalog *self, const char *id, const char *key, const char *value, GError **error)
{
  g_autoptr (KlBootImage) image = NULL;
  g_autoptr (KlEntryLock) lock = NULL;
  g_autoptr (GKeyFile) ini = NULL;
  const char *folder, *ini_key;

  g_return_val_if_fail (KL_IS_CATALOG (self), FALSE);

  image = kl_catalog_lookup (self, id, error);
  ini_key = image != NULL ? find_key (image, key, value, error) : NULL;
  if (ini_key == NULL)
    return FALSE;

  folder = kl_boot_image_get_folder (image);
  lock = kl_entry_lock_new (folder, id, TRUE, error);
  ini = lock != NULL ? kl_image_ini_load (folder, KL_INI_IMAGE_FILE, error) : NULL;
  if (ini != NULL)
    g_key_file_set_string (ini, KL_INI_IMAGE, ini_key, value);
  if (ini == NULL || !kl_image_ini_save (ini, folder, KL_INI_IMAGE_FILE, error))
    {
      kl_catalog_explain (self, error);
      return FALSE;
    }

  kl_catalog_wake (self);
  return TRUE;
}

/* An entry of a catalog is taken for a catalog by who looks one folder too deep. */
static gboolean
check_is_no_entry (const char *path, GError **error)
{
  g_autofree char *ini = g_build_filename (path, KL_INI_IMAGE_FILE, NULL);

  if (!g_file_test (ini, G_FILE_TEST_EXISTS))
    return TRUE;

  g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
               "“%s” is one boot image of a catalog; choose the folder that it lies in", path);
  return FALSE;
}

/* What an import does first: a hidden folder with a lock in it. */
static gboolean
try_writing (KlCatalog *self, GError **error)
{
  g_autofree char *name = g_strdup_printf ("%s%08x", KL_IMPORT_PREFIX, g_random_int ());
  g_autofree char *folder = g_build_filename (kl_catalog_get_path (self), name, NULL);
  g_autoptr (KlEntryLock) lock = NULL;

  if (g_mkdir (folder, 0777) != 0)
    {
      kl_set_error_errno (error, errno, "Cannot make a folder in the catalog “%s”",
                          kl_catalog_get_path (self));
      return FALSE;
    }

  lock = kl_entry_lock_new (folder, name, TRUE, error);
  if (lock == NULL)
    {
      kl_remove_tree (folder, NULL);
      return FALSE;
    }
  return kl_remove_tree (folder, error);
}

/**
 * kl_catalog_probe:
 *
 * Finds out whether the folder, which has to be there, can be read, written to and locked, as a
 * catalog must; nothing stays in it. Blocks. Any thread.
 *
 * Errors: KL_ERROR_NOT_FOUND, KL_ERROR_INVALID_ARGUMENT where it is an entry of another catalog,
 * KL_ERROR_PERMISSION, KL_ERROR_WRITE_PROTECTED, KL_ERROR_* of the file system.
 */
gboolean
kl_catalog_probe (KlCatalog *self, GError **error)
{
  const char *path;
  g_autoptr (GDir) dir = NULL;
  g_autoptr (GError) unreadable = NULL;

  g_return_val_if_fail (KL_IS_CATALOG (self), FALSE);

  path = kl_catalog_get_path (self);
  dir = g_dir_open (path, 0, &unreadable);
  if (dir == NULL)
    {
      g_propagate_error (error, g_steal_pointer (&unreadable));
      kl_translate_io_error (error, "Cannot read the catalog “%s”", path);
      return FALSE;
    }

  if (!check_is_no_entry (path, error))
    return FALSE;
  if (!try_writing (self, error))
    {
      kl_catalog_explain (self, error);
      return FALSE;
    }
  return TRUE;
}
