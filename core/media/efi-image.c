/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-efi-image"

#include "media/efi-image.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/checksum.h"
#include "base/error.h"
#include "base/file-io.h"
#include "disk/fat-format.h"

/* A cluster is one block of a CD. With it the smallest volume has about 1,000 clusters, and the
 * largest one is far from the end of FAT16. */
#define CLUSTER_SECTORS 4
#define CLUSTER_BYTES ((gsize) CLUSTER_SECTORS * KL_FAT_SECTOR)
#define N_FATS 2
#define N_ROOT_ENTRIES 512
#define ROOT_SECTORS (N_ROOT_ENTRIES * sizeof (KlFatEntry) / KL_FAT_SECTOR)
#define RESERVED_SECTORS 1

/* A megabyte is one cylinder of this geometry; tools want whole tracks. */
#define TRACK_SECTORS 32
#define N_HEADS 64
#define MIB ((guint64) 1 << 20)
#define MIB_SECTORS (MIB / KL_FAT_SECTOR)

/* The sector count of an El Torito entry has 16 bits: 32 MiB would be 0 (media-formats.md 8.1). */
#define MAX_VOLUME (31 * MIB)

/* Some drivers are off by a few in the limit between FAT12 and FAT16: keep this away from it. */
#define KIND_MARGIN 16

#define SERIAL 0x4b4c0001u
#define LABEL "KINDLING   "
#define DATE ((20 << 9) | (1 << 5) | 1) /* 2000-01-01 */

#define EFI_CLUSTER 2
#define BOOT_CLUSTER 3
#define LOADER_CLUSTER 4

typedef struct
{
  guint32 n_sectors;   /* of the volume */
  guint32 fat_sectors; /* of one FAT */
  guint32 n_clusters;
  gboolean fat16;
} Geometry;

/* An image that is being made. */
typedef struct
{
  Geometry geometry;
  guint8 *data; /* owned; the volume */
} Volume;

static gsize
root_offset (const Geometry *geometry)
{
  return (RESERVED_SECTORS + N_FATS * (gsize) geometry->fat_sectors) * KL_FAT_SECTOR;
}

static gsize
cluster_offset (const Geometry *geometry, guint cluster)
{
  return root_offset (geometry) + ROOT_SECTORS * KL_FAT_SECTOR + (cluster - 2) * CLUSTER_BYTES;
}

static guint32
fat_bytes (guint32 n_clusters, gboolean fat16)
{
  guint32 n_entries = n_clusters + 2;

  return fat16 ? n_entries * 2 : (n_entries * 3 + 1) / 2;
}

/* The FAT is sized for all sectors as if it took none itself: a sector too large at most. */
static gboolean
compute_geometry (guint32 n_sectors, Geometry *geometry)
{
  guint32 most = n_sectors / CLUSTER_SECTORS;
  gboolean fat16 = most >= KL_FAT16_MIN_CLUSTERS;
  guint32 fat_sectors = (fat_bytes (most, fat16) + KL_FAT_SECTOR - 1) / KL_FAT_SECTOR;
  guint32 overhead = RESERVED_SECTORS + N_FATS * fat_sectors + ROOT_SECTORS;
  guint32 n_clusters = (n_sectors - overhead) / CLUSTER_SECTORS;

  *geometry = (Geometry){ n_sectors, fat_sectors, n_clusters, fat16 };
  return fat16 ? n_clusters >= KL_FAT16_MIN_CLUSTERS + KIND_MARGIN
               : n_clusters < KL_FAT16_MIN_CLUSTERS - KIND_MARGIN;
}

/*
 * The loader rounded up to the next MiB and one MiB of slack for the tables: 2 MiB at the least,
 * 3 MiB for the boot managers seen so far (1.5 to 1.9 MB). Media-formats.md 8.3 says 4 to 8 MB, but
 * nothing needs the room: Microsoft's own image has 1.44 MB, both FAT12 and FAT16 are part of the
 * UEFI specification, and the image lies in memory while the ISO is written.
 */
static gboolean
choose_geometry (guint64 loader_size, Geometry *geometry)
{
  guint64 mib = (loader_size + MIB - 1) / MIB + 1;

  while (mib * MIB <= MAX_VOLUME)
    {
      if (compute_geometry ((guint32) (mib * MIB_SECTORS), geometry))
        return TRUE;
      mib++;
    }
  return FALSE;
}

static void
fill_boot_sector (Volume *volume)
{
  static const guint8 jump[] = { 0xeb, 0x3c, 0x90 };
  /* Started by a BIOS by mistake: INT 18h, "try the next device", then stand still. */
  static const guint8 code[] = { 0xcd, 0x18, 0xeb, 0xfe };
  const Geometry *geometry = &volume->geometry;
  KlFatBootSector *sector = (KlFatBootSector *) volume->data;

  memcpy (sector->jump, jump, sizeof jump);
  memcpy (sector->oem_name, "MSWIN4.1", sizeof sector->oem_name);
  sector->sector_size = GUINT16_TO_LE (KL_FAT_SECTOR);
  sector->cluster_sectors = CLUSTER_SECTORS;
  sector->reserved_sectors = GUINT16_TO_LE (RESERVED_SECTORS);
  sector->n_fats = N_FATS;
  sector->n_root_entries = GUINT16_TO_LE (N_ROOT_ENTRIES);
  /* MAX_VOLUME keeps the count within 16 bits. */
  sector->n_sectors_small = GUINT16_TO_LE ((guint16) geometry->n_sectors);
  sector->media = KL_FAT_MEDIA_FIXED;
  sector->fat_sectors = GUINT16_TO_LE ((guint16) geometry->fat_sectors);
  sector->track_sectors = GUINT16_TO_LE (TRACK_SECTORS);
  sector->n_heads = GUINT16_TO_LE (N_HEADS);
  sector->drive = 0x80;
  sector->extended_signature = 0x29;
  sector->serial = GUINT32_TO_LE (SERIAL);
  memcpy (sector->label, LABEL, sizeof sector->label);
  memcpy (sector->type_name, geometry->fat16 ? "FAT16   " : "FAT12   ", sizeof sector->type_name);
  memcpy (sector->code, code, sizeof code);
  sector->signature[0] = 0x55;
  sector->signature[1] = 0xaa;
}

/* FAT12 packs two entries into three bytes: an even one has the first byte and the low half of the
 * second. */
static void
set_fat_entry (Volume *volume, guint cluster, guint16 value)
{
  guint8 *fat = volume->data + RESERVED_SECTORS * KL_FAT_SECTOR;
  guint8 *at = fat + cluster + cluster / 2;

  if (volume->geometry.fat16)
    {
      fat[2 * cluster] = (guint8) value;
      fat[2 * cluster + 1] = (guint8) (value >> 8);
    }
  else if (cluster % 2 == 0)
    {
      at[0] = (guint8) value;
      at[1] = (guint8) ((at[1] & 0xf0) | ((value >> 8) & 0x0f));
    }
  else
    {
      at[0] = (guint8) ((at[0] & 0x0f) | (value << 4));
      at[1] = (guint8) (value >> 4);
    }
}

static void
fill_fats (Volume *volume, guint64 loader_size)
{
  gsize length = (gsize) volume->geometry.fat_sectors * KL_FAT_SECTOR;
  guint8 *first = volume->data + RESERVED_SECTORS * KL_FAT_SECTOR;
  guint last = LOADER_CLUSTER + (guint) ((loader_size - 1) / CLUSTER_BYTES);
  guint cluster;

  set_fat_entry (volume, 0, 0xff00 | KL_FAT_MEDIA_FIXED);
  set_fat_entry (volume, 1, 0xffff);
  set_fat_entry (volume, EFI_CLUSTER, 0xffff);
  set_fat_entry (volume, BOOT_CLUSTER, 0xffff);
  for (cluster = LOADER_CLUSTER; cluster < last; cluster++)
    set_fat_entry (volume, cluster, (guint16) (cluster + 1));
  set_fat_entry (volume, last, 0xffff);
  memcpy (first + length, first, length);
}

/* @name has 11 characters as on disk. */
static void
fill_entry (guint8 *at, const char *name, guint8 attributes, guint cluster, guint32 size)
{
  KlFatEntry entry = { { 0 } };

  memcpy (entry.name, name, sizeof entry.name);
  entry.attributes = attributes;
  entry.created_date = GUINT16_TO_LE (DATE);
  entry.accessed_date = GUINT16_TO_LE (DATE);
  entry.modified_date = GUINT16_TO_LE (DATE);
  entry.cluster = GUINT16_TO_LE ((guint16) cluster);
  entry.size = GUINT32_TO_LE (size);
  memcpy (at, &entry, sizeof entry);
}

static void
fill_folders (Volume *volume, const char *disk_name, guint32 loader_size)
{
  const gsize step = sizeof (KlFatEntry);
  guint8 *root = volume->data + root_offset (&volume->geometry);
  guint8 *efi = volume->data + cluster_offset (&volume->geometry, EFI_CLUSTER);
  guint8 *boot = volume->data + cluster_offset (&volume->geometry, BOOT_CLUSTER);

  fill_entry (root, LABEL, KL_FAT_ATTRIBUTE_LABEL, 0, 0);
  fill_entry (root + step, "EFI        ", KL_FAT_ATTRIBUTE_DIRECTORY, EFI_CLUSTER, 0);
  fill_entry (efi, ".          ", KL_FAT_ATTRIBUTE_DIRECTORY, EFI_CLUSTER, 0);
  fill_entry (efi + step, "..         ", KL_FAT_ATTRIBUTE_DIRECTORY, 0, 0);
  fill_entry (efi + 2 * step, "BOOT       ", KL_FAT_ATTRIBUTE_DIRECTORY, BOOT_CLUSTER, 0);
  fill_entry (boot, ".          ", KL_FAT_ATTRIBUTE_DIRECTORY, BOOT_CLUSTER, 0);
  fill_entry (boot + step, "..         ", KL_FAT_ATTRIBUTE_DIRECTORY, EFI_CLUSTER, 0);
  fill_entry (boot + 2 * step, disk_name, KL_FAT_ATTRIBUTE_ARCHIVE, LOADER_CLUSTER, loader_size);
}

/* "BOOTX64.EFI" → "BOOTX64 EFI"; FALSE for what is no upper-case 8.3 name. */
static gboolean
make_disk_name (const char *name, char disk_name[11])
{
  const char *allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
  gsize base = strspn (name, allowed);
  gsize extension;

  if (base < 1 || base > 8 || name[base] != '.')
    return FALSE;
  extension = strspn (name + base + 1, allowed);
  if (extension < 1 || extension > 3 || name[base + 1 + extension] != '\0')
    return FALSE;
  memset (disk_name, ' ', 11);
  memcpy (disk_name, name, base);
  memcpy (disk_name + 8, name + base + 1, extension);
  return TRUE;
}

static gboolean
open_loader (const char *path, int *fd, guint64 *size, GError **error)
{
  struct stat status;

  *fd = kl_open_with_info (path, &status, error);
  if (*fd < 0)
    return FALSE;
  *size = (guint64) status.st_size;
  return TRUE;
}

/**
 * kl_efi_image_build:
 * @name: "BOOTX64.EFI", an upper-case 8.3 name
 * @loader_path: the boot manager
 * @crc32c: (out) (optional): of the loader as it was read
 *
 * Makes the FAT volume that firmware starts from a CD (media-formats.md 8.4): \EFI\BOOT\@name and
 * nothing else, for the loader sees the whole disc. Serial, label and dates are fixed: the same
 * loader gives the same bytes. The loader is read straight to its place, once.
 *
 * Errors: KL_ERROR_FORMAT for an empty loader or one too large for 31 MiB; those of reading.
 *
 * Returns: (transfer full): whole MiB
 */
GBytes *
kl_efi_image_build (const char *name, const char *loader_path, guint32 *crc32c, GError **error)
{
  g_autofree guint8 *data = NULL;
  g_autofd int fd = -1;
  Volume volume = { { 0 } };
  char disk_name[11];
  guint64 size = 0;
  guint8 *content;
  gsize length;

  g_return_val_if_fail (name != NULL && make_disk_name (name, disk_name), NULL);
  g_return_val_if_fail (loader_path != NULL, NULL);

  if (!open_loader (loader_path, &fd, &size, error))
    return NULL;
  if (size == 0 || !choose_geometry (size, &volume.geometry))
    {
      g_set_error (error, KL_ERROR, KL_ERROR_FORMAT,
                   "%s: %" G_GUINT64_FORMAT
                   " bytes; a boot manager that fits an EFI boot image has 1 byte to 30 MiB",
                   loader_path, size);
      return NULL;
    }
  length = (gsize) volume.geometry.n_sectors * KL_FAT_SECTOR;
  data = g_malloc0 (length);
  volume.data = data;
  content = data + cluster_offset (&volume.geometry, LOADER_CLUSTER);
  if (!kl_read_at (fd, content, (gsize) size, 0, loader_path, error))
    return NULL;
  if (crc32c != NULL)
    *crc32c = kl_crc32c_update (0, content, (gsize) size);
  fill_boot_sector (&volume);
  fill_fats (&volume, size);
  fill_folders (&volume, disk_name, (guint32) size);
  return g_bytes_new_take (g_steal_pointer (&data), length);
}
