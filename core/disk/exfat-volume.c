/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-exfat-volume"

#include "disk/exfat-volume.h"

#include <string.h>

#include "base/bytes.h"

#define MIB_SECTORS ((guint64) 2048)
#define ENTRY_BYTES 4

struct _KlExfatVolume
{
  KlExfatGeometry geometry;
  guint32 serial;
  KlExfatLabelEntry label;
  GBytes *upcase;         /* owned */
  guint32 upcase_cluster; /* the first one; the bitmap lies before it */
  guint32 root_cluster;   /* the only one, and the last one in use */
};

static guint64
round_up (guint64 number, guint64 multiple)
{
  return (number + multiple - 1) / multiple * multiple;
}

static guint
choose_cluster_sectors (guint64 n_sectors)
{
  if (n_sectors <= 256 * MIB_SECTORS)
    return 8;
  return n_sectors <= (32 << 10) * MIB_SECTORS ? 64 : 256;
}

/**
 * kl_exfat_geometry_compute:
 * @n_sectors: of the volume
 *
 * Clusters of 4, 32 or 128 KiB by the size of the volume, as Windows chooses them; FAT and clusters
 * begin at whole MiB of the volume.
 *
 * Returns: FALSE for a volume below 4 MiB, or larger than clusters can be numbered
 */
gboolean
kl_exfat_geometry_compute (guint64 n_sectors, KlExfatGeometry *geometry)
{
  const guint cluster_sectors = choose_cluster_sectors (n_sectors);
  const guint64 fat_offset = MIB_SECTORS;
  guint64 fat_bytes, fat_sectors, heap_offset;

  if (n_sectors < 4 * MIB_SECTORS || n_sectors / cluster_sectors > KL_EXFAT_MAX_CLUSTERS)
    return FALSE;

  fat_bytes = ((n_sectors - fat_offset) / cluster_sectors + KL_EXFAT_FIRST_CLUSTER) * ENTRY_BYTES;
  fat_sectors = round_up (round_up (fat_bytes, KL_EXFAT_SECTOR) / KL_EXFAT_SECTOR, cluster_sectors);
  heap_offset = round_up (fat_offset + fat_sectors, MIB_SECTORS);
  *geometry = (KlExfatGeometry){
    .n_sectors = n_sectors,
    .cluster_sectors = cluster_sectors,
    .fat_offset = (guint32) fat_offset,
    .fat_sectors = (guint32) fat_sectors,
    .heap_offset = (guint32) heap_offset,
    .n_clusters = (guint32) ((n_sectors - heap_offset) / cluster_sectors),
  };
  return TRUE;
}

static guint64
get_cluster_bytes (KlExfatVolume *self)
{
  return (guint64) self->geometry.cluster_sectors * KL_EXFAT_SECTOR;
}

static guint64
get_bitmap_bytes (KlExfatVolume *self)
{
  return ((guint64) self->geometry.n_clusters + 7) / 8;
}

static guint32
count_clusters (KlExfatVolume *self, guint64 bytes)
{
  return (guint32) ((bytes + get_cluster_bytes (self) - 1) / get_cluster_bytes (self));
}

static void
set_label (KlExfatVolume *self, const char *label)
{
  glong n_units = 0;
  g_autofree gunichar2 *units = g_utf8_to_utf16 (label, -1, NULL, &n_units, NULL);

  n_units = CLAMP (n_units, 0, KL_EXFAT_MAX_LABEL);
  self->label.type = n_units > 0 ? KL_EXFAT_TYPE_LABEL : KL_EXFAT_TYPE_NO_LABEL;
  self->label.n_units = (guint8) n_units;
  for (glong i = 0; i < n_units; i++)
    self->label.label[i] = GUINT16_TO_LE (units[i]);
}

/**
 * kl_exfat_volume_new:
 * @geometry: computed by kl_exfat_geometry_compute()
 * @label: UTF-8; up to KL_EXFAT_MAX_LABEL units of UTF-16 of it; "" for none
 * @serial: of the volume
 */
KlExfatVolume *
kl_exfat_volume_new (const KlExfatGeometry *geometry, const char *label, guint32 serial)
{
  KlExfatVolume *self;

  g_return_val_if_fail (geometry != NULL && label != NULL, NULL);

  self = g_new0 (KlExfatVolume, 1);
  self->geometry = *geometry;
  self->serial = serial;
  set_label (self, label);
  self->upcase = kl_exfat_upcase_make ();
  self->upcase_cluster = KL_EXFAT_FIRST_CLUSTER + count_clusters (self, get_bitmap_bytes (self));
  self->root_cluster
      = self->upcase_cluster + count_clusters (self, g_bytes_get_size (self->upcase));
  return self;
}

void
kl_exfat_volume_free (KlExfatVolume *self)
{
  if (self == NULL)
    return;

  g_bytes_unref (self->upcase);
  g_free (self);
}

static guint64
get_offset (KlExfatVolume *self, guint32 cluster)
{
  return (guint64) self->geometry.heap_offset * KL_EXFAT_SECTOR
         + (cluster - KL_EXFAT_FIRST_CLUSTER) * get_cluster_bytes (self);
}

guint64
kl_exfat_volume_get_bitmap_offset (KlExfatVolume *self)
{
  return get_offset (self, KL_EXFAT_FIRST_CLUSTER);
}

guint64
kl_exfat_volume_get_upcase_offset (KlExfatVolume *self)
{
  return get_offset (self, self->upcase_cluster);
}

guint64
kl_exfat_volume_get_root_offset (KlExfatVolume *self)
{
  return get_offset (self, self->root_cluster);
}

/**
 * kl_exfat_volume_get_used_bytes:
 *
 * Returns: bytes from the beginning of the volume to the end of its last used cluster
 */
guint64
kl_exfat_volume_get_used_bytes (KlExfatVolume *self)
{
  return get_offset (self, self->root_cluster + 1);
}

/**
 * kl_exfat_sum:
 * @sum: of the bytes before; 0 at the beginning
 *
 * The sum of boot regions and up-case tables (3.4, 7.2.2).
 */
guint32
kl_exfat_sum (guint32 sum, const guint8 *bytes, gsize length)
{
  for (gsize i = 0; i < length; i++)
    sum = ((sum & 1) << 31) + (sum >> 1) + bytes[i];
  return sum;
}

static void
fill_boot_sector (KlExfatVolume *self, guint64 partition_offset, guint8 *at)
{
  static const guint8 jump[] = { 0xeb, 0x76, 0x90 };
  const KlExfatGeometry *geometry = &self->geometry;
  KlExfatBootSector sector = { 0 };

  memcpy (sector.jump, jump, sizeof jump);
  memcpy (sector.name, "EXFAT   ", sizeof sector.name);
  sector.partition_offset = GUINT64_TO_LE (partition_offset);
  sector.n_sectors = GUINT64_TO_LE (geometry->n_sectors);
  sector.fat_offset = GUINT32_TO_LE (geometry->fat_offset);
  sector.fat_sectors = GUINT32_TO_LE (geometry->fat_sectors);
  sector.heap_offset = GUINT32_TO_LE (geometry->heap_offset);
  sector.n_clusters = GUINT32_TO_LE (geometry->n_clusters);
  sector.root_cluster = GUINT32_TO_LE (self->root_cluster);
  sector.serial = GUINT32_TO_LE (self->serial);
  sector.revision = GUINT16_TO_LE (KL_EXFAT_REVISION);
  sector.sector_shift = KL_EXFAT_SECTOR_SHIFT;
  sector.cluster_shift = (guint8) g_bit_nth_lsf (geometry->cluster_sectors, -1);
  sector.n_fats = 1;
  sector.drive = 0x80;
  sector.percent_used = (guint8) ((guint64) (self->root_cluster - 1) * 100 / geometry->n_clusters);
  memset (sector.code, KL_EXFAT_HALT, sizeof sector.code);
  sector.signature[0] = 0x55;
  sector.signature[1] = 0xaa;
  memcpy (at, &sector, sizeof sector);
}

/* 3.4: all sectors before it, without the fields that change in use. */
static guint32
sum_boot_region (const guint8 *region)
{
  const gsize flags = G_STRUCT_OFFSET (KlExfatBootSector, flags);
  const gsize percent = G_STRUCT_OFFSET (KlExfatBootSector, percent_used);
  guint32 sum = kl_exfat_sum (0, region, flags);

  sum = kl_exfat_sum (sum, region + flags + 2, percent - flags - 2);
  return kl_exfat_sum (sum, region + percent + 1,
                       KL_EXFAT_CHECKSUM_SECTOR * KL_EXFAT_SECTOR - percent - 1);
}

/**
 * kl_exfat_volume_fill_head:
 * @partition_offset: sectors of the disk before the volume
 * @head: (out caller-allocates): the first sectors of the volume
 *
 * Makes what turns the other structures into a volume: the boot region and its backup.
 */
void
kl_exfat_volume_fill_head (KlExfatVolume *self,
                           guint64 partition_offset,
                           guint8 head[KL_EXFAT_HEAD_BYTES])
{
  const gsize region = KL_EXFAT_BOOT_SECTORS * KL_EXFAT_SECTOR;
  guint8 *checksum = head + KL_EXFAT_CHECKSUM_SECTOR * KL_EXFAT_SECTOR;
  guint32 sum;

  memset (head, 0, KL_EXFAT_HEAD_BYTES);
  fill_boot_sector (self, partition_offset, head);
  for (guint i = 1; i <= KL_EXFAT_EXTENDED_SECTORS; i++)
    kl_put_u32 (head + (i + 1) * KL_EXFAT_SECTOR - 4, 0xaa550000);

  sum = sum_boot_region (head);
  for (guint i = 0; i < KL_EXFAT_SECTOR; i += 4)
    kl_put_u32 (checksum + i, sum);
  memcpy (head + region, head, region);
}

/* Whether the chain of one of the three ends with this cluster. */
static gboolean
is_last (KlExfatVolume *self, guint32 cluster)
{
  return cluster + 1 == self->upcase_cluster || cluster + 1 == self->root_cluster
         || cluster == self->root_cluster;
}

/**
 * kl_exfat_volume_fill_fat:
 * @offset: bytes from the beginning of the FAT, a multiple of 4
 * @length: bytes, a multiple of 4
 *
 * Makes a part of the FAT.
 */
void
kl_exfat_volume_fill_fat (KlExfatVolume *self, guint64 offset, guint8 *bytes, gsize length)
{
  const guint64 first = offset / ENTRY_BYTES;
  const guint64 end = MIN ((offset + length) / ENTRY_BYTES, (guint64) self->root_cluster + 1);

  memset (bytes, 0, length);
  for (guint64 i = first; i < end; i++)
    {
      guint32 entry = (guint32) i + 1;

      if (i == 0)
        entry = KL_EXFAT_ENTRY_MEDIA;
      else if (i == 1 || is_last (self, (guint32) i))
        entry = KL_EXFAT_ENTRY_END;
      kl_put_u32 (bytes + (i - first) * ENTRY_BYTES, entry);
    }
}

/**
 * kl_exfat_volume_fill_bitmap:
 * @offset: bytes from the beginning of the allocation bitmap
 *
 * Makes a part of the bitmap; zeros behind its end.
 */
void
kl_exfat_volume_fill_bitmap (KlExfatVolume *self, guint64 offset, guint8 *bytes, gsize length)
{
  const guint64 n_used = self->root_cluster + 1 - KL_EXFAT_FIRST_CLUSTER;

  memset (bytes, 0, length);
  for (guint64 i = offset * 8; i < MIN (n_used, (offset + length) * 8); i++)
    bytes[i / 8 - offset] |= (guint8) (1u << (i % 8));
}

/**
 * kl_exfat_volume_make_root:
 *
 * Returns: (transfer full): the entries of the root folder
 */
GBytes *
kl_exfat_volume_make_root (KlExfatVolume *self)
{
  gsize upcase_bytes = 0;
  const guint8 *upcase = g_bytes_get_data (self->upcase, &upcase_bytes);
  const KlExfatTableEntry bitmap = {
    .type = KL_EXFAT_TYPE_BITMAP,
    .cluster = GUINT32_TO_LE (KL_EXFAT_FIRST_CLUSTER),
    .size = GUINT64_TO_LE (get_bitmap_bytes (self)),
  };
  const KlExfatTableEntry table = {
    .type = KL_EXFAT_TYPE_UPCASE,
    .checksum = GUINT32_TO_LE (kl_exfat_sum (0, upcase, upcase_bytes)),
    .cluster = GUINT32_TO_LE (self->upcase_cluster),
    .size = GUINT64_TO_LE (upcase_bytes),
  };
  guint8 *entries = g_malloc (3 * sizeof bitmap);

  memcpy (entries, &self->label, sizeof self->label);
  memcpy (entries + sizeof bitmap, &bitmap, sizeof bitmap);
  memcpy (entries + 2 * sizeof bitmap, &table, sizeof table);
  return g_bytes_new_take (entries, 3 * sizeof bitmap);
}
