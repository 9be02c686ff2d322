/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-volume-kind"

#include "disk/volume-kind.h"

#include "disk/fat-format.h"
#include "disk/partition-table.h"

#define FAT_ENTRY_BYTES 32

/* NTFS: places in its boot sector. */
#define NTFS_NAME_OFFSET 3
#define NTFS_NAME "NTFS    "
#define NTFS_SECTORS_OFFSET 0x28
#define NTFS_MFT_OFFSET 0x30

/* A cluster of more sectors than this is written as the negative of its logarithm. */
#define NTFS_MAX_PLAIN_CLUSTER 0x80
#define NTFS_MAX_CLUSTER_SHIFT 12

typedef struct
{
  guint16 sector_size; /* bytes */
  guint8 cluster_sectors;
  guint16 reserved_sectors;
  guint8 n_fats;
  guint16 n_root_entries;
  guint16 n_sectors_small;
  guint8 media;
  guint16 fat_sectors_small;
  guint32 n_sectors_large;
  guint32 fat_sectors_large; /* FAT32 only */
} FatFields;

const char *
kl_volume_kind_to_string (KlVolumeKind kind)
{
  static const char *const names[] = {
    [KL_VOLUME_UNKNOWN] = "unknown", [KL_VOLUME_FAT12] = "FAT12", [KL_VOLUME_FAT16] = "FAT16",
    [KL_VOLUME_FAT32] = "FAT32",     [KL_VOLUME_NTFS] = "NTFS",
  };

  return names[kind];
}

/**
 * kl_volume_kind_of_clusters:
 * @n_clusters: of a FAT volume, without the two entries at the beginning that stand for none
 *
 * Which FAT it is follows from that number and from nothing else (FAT: General Overview of On-Disk
 * Format, "FAT Type Determination"; media-api.md 3, 0x8004000A).
 */
KlVolumeKind
kl_volume_kind_of_clusters (guint64 n_clusters)
{
  if (n_clusters < KL_FAT16_MIN_CLUSTERS)
    return KL_VOLUME_FAT12;
  return n_clusters < KL_FAT32_MIN_CLUSTERS ? KL_VOLUME_FAT16 : KL_VOLUME_FAT32;
}

static gboolean
is_power_of_two (guint number)
{
  return number > 0 && (number & (number - 1)) == 0;
}

static gboolean
is_sector_size (guint size)
{
  return is_power_of_two (size) && size >= 512 && size <= 4096;
}

static gboolean
read_fat_fields (KlBytesView view, FatFields *fields)
{
  return kl_view_u16 (view, G_STRUCT_OFFSET (KlFat32BootSector, sector_size), &fields->sector_size)
         && kl_view_u8 (view, G_STRUCT_OFFSET (KlFat32BootSector, cluster_sectors),
                        &fields->cluster_sectors)
         && kl_view_u16 (view, G_STRUCT_OFFSET (KlFat32BootSector, reserved_sectors),
                         &fields->reserved_sectors)
         && kl_view_u8 (view, G_STRUCT_OFFSET (KlFat32BootSector, n_fats), &fields->n_fats)
         && kl_view_u16 (view, G_STRUCT_OFFSET (KlFat32BootSector, n_root_entries),
                         &fields->n_root_entries)
         && kl_view_u16 (view, G_STRUCT_OFFSET (KlFat32BootSector, n_sectors_small),
                         &fields->n_sectors_small)
         && kl_view_u8 (view, G_STRUCT_OFFSET (KlFat32BootSector, media), &fields->media)
         && kl_view_u16 (view, G_STRUCT_OFFSET (KlFat32BootSector, fat_sectors_small),
                         &fields->fat_sectors_small)
         && kl_view_u32 (view, G_STRUCT_OFFSET (KlFat32BootSector, n_sectors),
                         &fields->n_sectors_large)
         && kl_view_u32 (view, G_STRUCT_OFFSET (KlFat32BootSector, fat_sectors),
                         &fields->fat_sectors_large);
}

static KlVolumeKind
detect_fat (KlBytesView view, guint64 volume_bytes, guint64 *n_clusters)
{
  FatFields fields = { 0 };
  guint64 n_sectors, root_sectors, overhead;
  KlVolumeKind kind;

  if (!read_fat_fields (view, &fields) || !is_sector_size (fields.sector_size)
      || !is_power_of_two (fields.cluster_sectors) || fields.reserved_sectors == 0
      || fields.n_fats == 0 || (fields.media != 0xf0 && fields.media < KL_FAT_MEDIA_FIXED))
    return KL_VOLUME_UNKNOWN;

  n_sectors = fields.n_sectors_small > 0 ? fields.n_sectors_small : fields.n_sectors_large;
  root_sectors = ((guint64) fields.n_root_entries * FAT_ENTRY_BYTES + fields.sector_size - 1)
                 / fields.sector_size;
  overhead = fields.reserved_sectors + root_sectors
             + (guint64) fields.n_fats
                   * (fields.fat_sectors_small > 0 ? fields.fat_sectors_small
                                                   : fields.fat_sectors_large);
  if (overhead >= n_sectors || (volume_bytes > 0 && n_sectors > volume_bytes / fields.sector_size))
    return KL_VOLUME_UNKNOWN;

  *n_clusters = (n_sectors - overhead) / fields.cluster_sectors;
  kind = kl_volume_kind_of_clusters (*n_clusters);
  /* Only FAT32 has the large field, and has no root directory of fixed size. */
  if (kind == KL_VOLUME_FAT32
      && (fields.fat_sectors_small > 0 || fields.n_root_entries > 0
          || *n_clusters >= KL_FAT32_MAX_CLUSTERS))
    return KL_VOLUME_UNKNOWN;
  return kind;
}

static KlVolumeKind
detect_ntfs (KlBytesView view, guint64 volume_bytes)
{
  guint16 sector_size = 0;
  guint8 cluster = 0;
  guint64 n_sectors = 0, mft = 0, cluster_sectors;

  if (!kl_view_u16 (view, 0x0b, &sector_size) || !is_sector_size (sector_size)
      || !kl_view_u8 (view, 0x0d, &cluster) || !kl_view_u64 (view, NTFS_SECTORS_OFFSET, &n_sectors)
      || !kl_view_u64 (view, NTFS_MFT_OFFSET, &mft) || n_sectors == 0)
    return KL_VOLUME_UNKNOWN;

  if (cluster > NTFS_MAX_PLAIN_CLUSTER && 256u - cluster <= NTFS_MAX_CLUSTER_SHIFT)
    cluster_sectors = (guint64) 1 << (256u - cluster);
  else if (is_power_of_two (cluster))
    cluster_sectors = cluster;
  else
    return KL_VOLUME_UNKNOWN;

  if (mft >= n_sectors / cluster_sectors
      || (volume_bytes > 0 && n_sectors > volume_bytes / sector_size))
    return KL_VOLUME_UNKNOWN;
  return KL_VOLUME_NTFS;
}

/**
 * kl_volume_kind_detect:
 * @boot_sector: the first 512 bytes of a volume, or fewer
 * @volume_bytes: its size, to notice a file system that was cut off; 0 where it is not known
 * @n_clusters: (out): of a FAT; untouched for everything else
 *
 * A sector that is damaged, or was cut off, gives %KL_VOLUME_UNKNOWN, and so does exFAT. Sources:
 * FAT: General Overview of On-Disk Format; the layout of NTFS' boot sector is that which mkntfs
 * writes.
 */
KlVolumeKind
kl_volume_kind_detect (KlBytesView boot_sector, guint64 volume_bytes, guint64 *n_clusters)
{
  guint8 jump = 0;

  g_return_val_if_fail (n_clusters != NULL, KL_VOLUME_UNKNOWN);

  if (!kl_mbr_has_signature (boot_sector) || !kl_view_u8 (boot_sector, 0, &jump)
      || (jump != 0xeb && jump != 0xe9))
    return KL_VOLUME_UNKNOWN;
  if (kl_view_equals (boot_sector, NTFS_NAME_OFFSET, NTFS_NAME, strlen (NTFS_NAME)))
    return detect_ntfs (boot_sector, volume_bytes);
  return detect_fat (boot_sector, volume_bytes, n_clusters);
}
