/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-medium"

#include "media/medium.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/file-io.h"
#include "crypto/authenticode.h"
#include "crypto/pe-file.h"
#include "disk/partition-table.h"
#include "media/layout.h"
#include "source/media-source.h"
#include "source/iso-records.h"

#define MEDIA_LABEL_PATH "/MediaLabel.txt"
#define MEDIA_LABEL_KEY "label="

/* Limits for what comes from outside; bytes. */
#define MAX_MANIFEST ((gsize) 16 << 20)
#define MAX_LABEL ((gsize) 4096)
#define MAX_LOADER ((gsize) 32 << 20)

/* System area and volume descriptors, which name the boot catalogue; bytes. */
#define DESCRIPTORS_BYTES ((gsize) 80 * KL_ISO_BLOCK)

struct _KlMedium
{
  KlMediaSource *source; /* owned */
  gboolean is_folder;
  gboolean is_disk;
  char *label;
  KlIsoBootEntries entries; /* of the El Torito catalogue; both TRUE for a folder */
  KlManifest *manifest;     /* owned; NULL if there is none or it is broken */
  GError *manifest_error;   /* why there is no manifest */
};

/* The name by which firmware finds a loader on removable media (UEFI 2.10, 3.5.1.1). */
static const struct
{
  const char *path;
  const char *architecture;
} loaders[] = {
  { "/EFI/BOOT/BOOTX64.EFI", "x64" },
  { "/EFI/BOOT/BOOTAA64.EFI", "arm64" },
  { "/EFI/BOOT/BOOTIA32.EFI", "x86" },
  { "/EFI/BOOT/BOOTARM.EFI", "arm" },
};

static gboolean
has_file (KlMedium *self, const char *path)
{
  return kl_media_source_find (self->source, path) != NULL;
}

/* The label in \MediaLabel.txt, a line "label=LABEL" (media-formats.md 3), if it can be shown. */
static char *
read_label (KlMedium *self)
{
  g_autoptr (GBytes) bytes = NULL;
  g_autofree char *text = NULL;

  if (!has_file (self, MEDIA_LABEL_PATH))
    return NULL;

  bytes = kl_media_source_read (self->source, MEDIA_LABEL_PATH, MAX_LABEL, NULL);
  if (bytes == NULL)
    return NULL;

  text = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  if (g_str_has_prefix (text, "\xEF\xBB\xBF"))
    memmove (text, text + 3, strlen (text + 3) + 1);
  if (g_ascii_strncasecmp (text, MEDIA_LABEL_KEY, strlen (MEDIA_LABEL_KEY)) == 0)
    memmove (text, text + strlen (MEDIA_LABEL_KEY), strlen (text) - strlen (MEDIA_LABEL_KEY) + 1);
  g_strstrip (text);
  if (*text == '\0' || !g_utf8_validate (text, -1, NULL))
    return NULL;
  for (const char *at = text; *at != '\0'; at = g_utf8_next_char (at))
    if (g_unichar_iscntrl (g_utf8_get_char (at)))
      return NULL;

  return g_steal_pointer (&text);
}

static void
load_manifest (KlMedium *self)
{
  g_autoptr (GBytes) bytes = NULL;
  const char *path = kl_media_source_get_path (self->source);

  if (!has_file (self, KL_MANIFEST_PATH))
    {
      g_set_error (&self->manifest_error, KL_ERROR, KL_ERROR_NO_MANIFEST,
                   "“%s” has no file “%s”: it was not made by Kindling", path, KL_MANIFEST_PATH);
      return;
    }

  bytes
      = kl_media_source_read (self->source, KL_MANIFEST_PATH, MAX_MANIFEST, &self->manifest_error);
  if (bytes != NULL)
    self->manifest = kl_manifest_parse (bytes, &self->manifest_error);
  if (self->manifest == NULL)
    kl_translate_io_error (&self->manifest_error, "“%s”", path);
}

/* On a disk, an active partition and start code before the table (media-formats.md 9.1, 9.3). UEFI
 * needs neither. */
static void
read_disk_entries (KlMedium *self)
{
  const char *path = kl_media_source_get_path (self->source);
  guint8 sector[KL_DISK_SECTOR];
  const KlBytesView view = { sector, sizeof sector };
  KlMbrPartition partition = { 0 };
  g_autofd int fd = kl_open_for_reading (path, NULL);

  self->entries.efi = TRUE;
  if (fd < 0 || !kl_read_at (fd, sector, sizeof sector, 0, path, NULL))
    return;

  for (guint i = 0; i < 4; i++)
    if (kl_mbr_get_partition (view, i, &partition) && partition.active && partition.has_code)
      self->entries.bios = TRUE;
}

/* Reads the El Torito catalogue of an ISO file; one that cannot be read offers nothing. */
static void
read_boot_entries (KlMedium *self)
{
  const char *path = kl_media_source_get_path (self->source);
  g_autofree guint8 *head = g_malloc0 (DESCRIPTORS_BYTES);
  guint8 catalog[KL_ISO_BLOCK];
  guint64 offset = 0;
  gssize n;
  g_autofd int fd = kl_open_for_reading (path, NULL);

  if (fd < 0)
    return;

  n = pread (fd, head, DESCRIPTORS_BYTES, 0);
  if (n > 0 && kl_iso_boot_catalog_find ((KlBytesView){ head, (gsize) n }, &offset)
      && kl_read_at (fd, catalog, sizeof catalog, offset, path, NULL))
    kl_iso_boot_catalog_parse ((KlBytesView){ catalog, sizeof catalog }, &self->entries);
}

/* What lies outside of a volume, and which file system it is, cannot be seen in its folder; of
 * files that were written into a volume the manifest says so. */
static void
believe_manifest (KlMedium *self)
{
  const char *ufd = kl_media_type_to_string (KL_MEDIA_TYPE_UFD);

  if (self->manifest != NULL && g_strcmp0 (self->manifest->media_type, ufd) == 0)
    self->entries = (KlIsoBootEntries){ self->manifest->bios, self->manifest->uefi[0] != '\0' };
}

/**
 * kl_medium_open:
 * @path: an ISO file, a disk image, or the folder where a medium is mounted
 *
 * Lists a finished medium. Folders on it that this user may not read are left out, see
 * kl_medium_get_unreadable(). Blocks; errors: KL_ERROR_* of opening it, KL_ERROR_FORMAT for a file
 * that is neither. A medium without a manifest opens; kl_medium_get_manifest() says so.
 *
 * Returns: (transfer full) (nullable): free with kl_medium_free()
 */
KlMedium *
kl_medium_open (const char *path, GError **error)
{
  g_autoptr (KlMedium) self = g_new0 (KlMedium, 1);

  g_return_val_if_fail (path != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  self->source = kl_media_source_open (path, error);
  if (self->source == NULL)
    return NULL;
  kl_media_source_forgive_unreadable (self->source);
  if (kl_media_source_list (self->source, error) == NULL)
    return NULL;

  self->is_folder = g_strcmp0 (kl_media_source_get_kind (self->source), "folder") == 0;
  self->entries = (KlIsoBootEntries){ self->is_folder, self->is_folder };
  self->is_disk = g_strcmp0 (kl_media_source_get_kind (self->source), "FAT32") == 0;
  if (self->is_disk)
    read_disk_entries (self);
  else if (!self->is_folder)
    read_boot_entries (self);
  self->label = read_label (self);
  load_manifest (self);
  if (self->is_folder)
    believe_manifest (self);
  return g_steal_pointer (&self);
}

void
kl_medium_free (KlMedium *self)
{
  if (self == NULL)
    return;

  g_clear_object (&self->source);
  g_clear_pointer (&self->manifest, kl_manifest_free);
  g_clear_error (&self->manifest_error);
  g_free (self->label);
  g_free (self);
}

/**
 * kl_medium_get_manifest:
 *
 * Errors: KL_ERROR_NO_MANIFEST for a medium that somebody else made; KL_ERROR_FORMAT for a manifest
 * that cannot be understood.
 *
 * Returns: (transfer none) (nullable): what the medium should hold
 */
const KlManifest *
kl_medium_get_manifest (KlMedium *self, GError **error)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (self->manifest == NULL && error != NULL)
    *error = g_error_copy (self->manifest_error);
  return self->manifest;
}

/**
 * kl_medium_get_kind:
 *
 * Returns: (transfer none): "ISO 9660", "UDF", "FAT32" or "folder"
 */
const char *
kl_medium_get_kind (KlMedium *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return kl_media_source_get_kind (self->source);
}

/**
 * kl_medium_get_label:
 *
 * Returns: (transfer none): what \MediaLabel.txt says, else the name of the volume, else ""
 */
const char *
kl_medium_get_label (KlMedium *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->label != NULL ? self->label : kl_media_source_get_label (self->source);
}

/**
 * kl_medium_has_bios:
 *
 * Whether the files that a BIOS start needs are there, and on an ISO file its entry in the boot
 * catalogue, on a disk start code (media-formats.md 5.1, 8.1, 9.1). Of a folder the boot sector
 * cannot be seen; that of UFD is what the manifest says.
 */
gboolean
kl_medium_has_bios (KlMedium *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->entries.bios && has_file (self, "/bootmgr") && has_file (self, "/Boot/BCD");
}

/* The boot manager for one architecture; NULL if it is not there, or is a program for another. */
static GBytes *
load_loader (KlMedium *self, guint i, KlPeFile *pe)
{
  g_autoptr (GBytes) bytes = NULL;

  if (!has_file (self, loaders[i].path))
    return NULL;

  bytes = kl_media_source_read (self->source, loaders[i].path, MAX_LOADER, NULL);
  if (bytes == NULL || !kl_pe_parse (bytes, loaders[i].path, pe, NULL)
      || g_strcmp0 (kl_pe_machine_to_architecture (pe->machine), loaders[i].architecture) != 0)
    return NULL;

  return g_steal_pointer (&bytes);
}

/**
 * kl_medium_dup_uefi:
 *
 * Judged by the boot manager that firmware looks for and its BCD store, and on an ISO file by the
 * entry in the boot catalogue (media-formats.md 5.1, 8.1).
 *
 * Returns: (transfer full) (nullable): the architecture whose UEFI firmware starts the medium:
 *   "x64", "arm64", "x86" or "arm"; %NULL for none
 */
char *
kl_medium_dup_uefi (KlMedium *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  if (!self->entries.efi || !has_file (self, "/EFI/Microsoft/Boot/BCD"))
    return NULL;

  for (guint i = 0; i < G_N_ELEMENTS (loaders); i++)
    {
      KlPeFile pe;
      g_autoptr (GBytes) loader = load_loader (self, i, &pe);

      if (loader != NULL)
        return g_strdup (loaders[i].architecture);
    }

  return NULL;
}

/**
 * kl_medium_read_file:
 * @path: on the medium, "/SMS/data/Variables.dat"
 * @limit: bytes; a larger file is refused
 *
 * Errors: KL_ERROR_NOT_FOUND, KL_ERROR_FORMAT and those of reading.
 *
 * Returns: (transfer full) (nullable): the content
 */
GBytes *
kl_medium_read_file (KlMedium *self, const char *path, gsize limit, GError **error)
{
  g_return_val_if_fail (self != NULL && path != NULL, NULL);

  if (!has_file (self, path))
    {
      g_set_error (error, KL_ERROR, KL_ERROR_NOT_FOUND, "“%s” has no file “%s”",
                   kl_media_source_get_path (self->source), path);
      return NULL;
    }

  return kl_media_source_read (self->source, path, limit, error);
}

/**
 * kl_medium_get_files:
 *
 * Returns: (transfer none) (element-type KlMediaEntry): all files that are there, sorted by path
 */
GPtrArray *
kl_medium_get_files (KlMedium *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return kl_media_source_list (self->source, NULL);
}

/**
 * kl_medium_get_unreadable:
 *
 * Returns: (transfer none) (element-type utf8): paths of folders that this user may not read
 */
GPtrArray *
kl_medium_get_unreadable (KlMedium *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return kl_media_source_get_unreadable (self->source);
}

/**
 * kl_medium_dup_signer:
 *
 * Returns: (transfer full) (nullable): the common name of the issuer of the certificate with which
 *   the UEFI boot manager on the medium is signed; %NULL where there is none or it is not signed
 */
char *
kl_medium_dup_signer (KlMedium *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (loaders); i++)
    {
      KlPeFile pe;
      g_autoptr (GBytes) loader = load_loader (self, i, &pe);
      g_autoptr (GBytes) signature = NULL;

      if (loader == NULL)
        continue;
      if (pe.signature_size == 0)
        return NULL;
      signature = g_bytes_new_from_bytes (loader, pe.signature_offset, pe.signature_size);
      return kl_authenticode_dup_signer (signature, NULL);
    }

  return NULL;
}

static void
difference_free (KlMediumDifference *self)
{
  g_free (self->path);
  g_free (self->problem);
  g_free (self);
}

void
kl_medium_check_free (KlMediumCheck *check)
{
  if (check == NULL)
    return;

  g_ptr_array_unref (check->differences);
  g_free (check);
}

static void G_GNUC_PRINTF (3, 4)
    add_difference (KlMediumCheck *check, const char *path, const char *format, ...)
{
  KlMediumDifference *difference = g_new0 (KlMediumDifference, 1);
  va_list args;

  va_start (args, format);
  difference->path = g_strdup (path);
  difference->problem = g_strdup_vprintf (format, args);
  va_end (args);
  g_ptr_array_add (check->differences, difference);
}

/* What is read next comes from the disk and not from memory. Files that were written a moment ago
 * go to the disk first, since only clean pages are dropped. */
static void
drop_cached (const char *path)
{
  g_autofd int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);

  if (fd < 0)
    return;

  fdatasync (fd);
  posix_fadvise (fd, 0, 0, POSIX_FADV_DONTNEED);
}

static void
drop_cached_entry (KlMedium *self, const KlMediaEntry *entry)
{
  g_autofree char *path = NULL;

  if (!self->is_folder)
    return;

  path = g_build_filename (kl_media_source_get_path (self->source), entry->path, NULL);
  drop_cached (path);
}

/* FALSE only where the medium cannot be read. One that ends early or has a damaged tree differs. */
static gboolean
check_content (KlMedium *self,
               KlMediumCheck *check,
               const KlManifestFile *file,
               const KlMediaEntry *entry,
               KlProgress *progress,
               GCancellable *cancellable,
               GError **error)
{
  g_autoptr (GError) failure = NULL;
  g_autofree char *sha256 = NULL;

  drop_cached_entry (self, entry);
  if (kl_media_source_copy (self->source, entry->path, -1, NULL, NULL, &sha256, progress,
                            cancellable, &failure))
    {
      check->bytes += entry->size;
      if (g_ascii_strcasecmp (sha256, file->sha256) != 0)
        add_difference (check, file->path, "content differs");
      return TRUE;
    }

  if (g_error_matches (failure, KL_ERROR, KL_ERROR_FORMAT))
    {
      add_difference (check, file->path, "cannot be read: %s", failure->message);
      return TRUE;
    }

  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

/* The folder that cannot be read in which the file would lie; NULL where there is none. */
static const char *
find_unreadable (KlMedium *self, const char *path)
{
  GPtrArray *unreadable = kl_medium_get_unreadable (self);

  for (guint i = 0; i < unreadable->len; i++)
    {
      const char *folder = unreadable->pdata[i];
      const gsize length = strlen (folder);

      if (g_ascii_strncasecmp (path, folder, length) == 0 && path[length] == '/')
        return folder;
    }
  return NULL;
}

static gboolean
check_file (KlMedium *self,
            KlMediumCheck *check,
            const KlManifestFile *file,
            KlProgress *progress,
            GCancellable *cancellable,
            GError **error)
{
  const KlMediaEntry *entry = kl_media_source_find (self->source, file->path);
  const char *unreadable = entry == NULL ? find_unreadable (self, file->path) : NULL;

  if (unreadable != NULL)
    add_difference (check, file->path, "cannot be read: no permission for the folder %s",
                    unreadable);
  else if (entry == NULL)
    add_difference (check, file->path, "missing");
  else if (entry->size != file->size)
    add_difference (check, file->path, "%" G_GUINT64_FORMAT " bytes, should be %" G_GUINT64_FORMAT,
                    entry->size, file->size);
  else
    {
      kl_progress_set_info (progress, "Reading %s", entry->path + 1);
      return check_content (self, check, file, entry, progress, cancellable, error);
    }

  kl_progress_advance (progress, file->size);
  return !g_cancellable_set_error_if_cancelled (cancellable, error);
}

/* A stick is its owner's, who may keep more on it, and so are disk images, which machines write to;
 * nobody adds to an ISO file by accident. */
static void
find_strangers (KlMedium *self, KlMediumCheck *check)
{
  g_autoptr (GHashTable) known = NULL;
  GPtrArray *entries = kl_media_source_list (self->source, NULL);

  if (self->is_folder || self->is_disk || entries == NULL)
    return;

  known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_hash_table_add (known, g_utf8_casefold (KL_MANIFEST_PATH, -1));
  for (guint i = 0; i < self->manifest->files->len; i++)
    {
      const KlManifestFile *file = g_ptr_array_index (self->manifest->files, i);

      g_hash_table_add (known, g_utf8_casefold (file->path, -1));
    }

  for (guint i = 0; i < entries->len; i++)
    {
      const KlMediaEntry *entry = g_ptr_array_index (entries, i);
      g_autofree char *folded = g_utf8_casefold (entry->path, -1);

      if (!g_hash_table_contains (known, folded))
        add_difference (check, entry->path, "not in the manifest");
    }
}

/**
 * kl_medium_check:
 * @progress: (nullable): gets its total here and advances by bytes
 *
 * Reads every file of the manifest from the disk, not from the page cache, and compares size and
 * SHA-256. On an ISO file, files that are not in the manifest are differences too.
 *
 * Errors: KL_ERROR_NO_MANIFEST and others of kl_medium_get_manifest(); KL_ERROR_IO and others of
 * reading; G_IO_ERROR_CANCELLED. Blocks.
 *
 * Returns: (transfer full) (nullable): what was found; free with kl_medium_check_free()
 */
KlMediumCheck *
kl_medium_check (KlMedium *self, KlProgress *progress, GCancellable *cancellable, GError **error)
{
  g_autoptr (KlMediumCheck) check = NULL;
  guint64 total = 0;

  g_return_val_if_fail (self != NULL, NULL);

  if (kl_medium_get_manifest (self, error) == NULL)
    return NULL;

  check = g_new0 (KlMediumCheck, 1);
  check->files = self->manifest->files->len;
  check->differences = g_ptr_array_new_with_free_func ((GDestroyNotify) difference_free);
  for (guint i = 0; i < check->files; i++)
    total += ((const KlManifestFile *) g_ptr_array_index (self->manifest->files, i))->size;
  kl_progress_set_total (progress, total);
  if (!self->is_folder)
    drop_cached (kl_media_source_get_path (self->source));

  for (guint i = 0; i < check->files; i++)
    if (!check_file (self, check, g_ptr_array_index (self->manifest->files, i), progress,
                     cancellable, error))
      return NULL;

  find_strangers (self, check);
  return g_steal_pointer (&check);
}
