/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "disk/volume-kind.h"

#include "disk/fat-format.h"

/* A boot sector of a FAT with so many clusters of one sector. @old: with the fields of FAT12 and
 * FAT16. */
static guint64
make_fat (guint8 sector[KL_FAT_SECTOR], guint32 n_clusters, gboolean old)
{
  KlFat32BootSector *boot = (KlFat32BootSector *) sector;
  guint32 fat_sectors = 600;
  guint32 n_sectors = 32 + 2 * fat_sectors + (old ? 32 : 0) + n_clusters;

  memset (sector, 0, KL_FAT_SECTOR);
  boot->jump[0] = 0xeb;
  kl_put_u16 ((guint8 *) &boot->sector_size, KL_FAT_SECTOR);
  boot->cluster_sectors = 1;
  kl_put_u16 ((guint8 *) &boot->reserved_sectors, 32);
  boot->n_fats = 2;
  boot->media = KL_FAT_MEDIA_FIXED;
  kl_put_u32 ((guint8 *) &boot->n_sectors, n_sectors);
  if (old)
    {
      kl_put_u16 ((guint8 *) &boot->n_root_entries, 512);
      kl_put_u16 ((guint8 *) &boot->fat_sectors_small, (guint16) fat_sectors);
    }
  else
    kl_put_u32 ((guint8 *) &boot->fat_sectors, fat_sectors);
  memcpy (boot->type_name, "FAT32   ", 8); /* says nothing */
  sector[0x1fe] = 0x55;
  sector[0x1ff] = 0xaa;
  return (guint64) n_sectors * KL_FAT_SECTOR;
}

static KlVolumeKind
detect (const guint8 *sector, guint64 bytes)
{
  guint64 n_clusters = 0;

  return kl_volume_kind_detect ((KlBytesView){ sector, KL_FAT_SECTOR }, bytes, &n_clusters);
}

static void
test_clusters (void)
{
  static const struct
  {
    guint32 n_clusters;
    KlVolumeKind kind;
  } rows[] = {
    { 1, KL_VOLUME_FAT12 },     { 4084, KL_VOLUME_FAT12 },  { 4085, KL_VOLUME_FAT16 },
    { 65524, KL_VOLUME_FAT16 }, { 65525, KL_VOLUME_FAT32 }, { 76544, KL_VOLUME_FAT32 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      guint8 sector[KL_FAT_SECTOR];
      guint64 bytes = make_fat (sector, rows[i].n_clusters, FALSE);
      guint64 n_clusters = 0;

      g_assert_cmpint (
          kl_volume_kind_detect ((KlBytesView){ sector, sizeof sector }, bytes, &n_clusters), ==,
          rows[i].kind);
      g_assert_cmpuint (n_clusters, ==, rows[i].n_clusters);
      g_assert_cmpint (kl_volume_kind_of_clusters (rows[i].n_clusters), ==, rows[i].kind);
    }
}

/* The fields of the older kinds count as well; with as many clusters as only FAT32 has they
 * contradict themselves. */
static void
test_old_fields (void)
{
  guint8 sector[KL_FAT_SECTOR];

  make_fat (sector, 4084, TRUE);
  g_assert_cmpint (detect (sector, 0), ==, KL_VOLUME_FAT12);
  make_fat (sector, 65524, TRUE);
  g_assert_cmpint (detect (sector, 0), ==, KL_VOLUME_FAT16);
  make_fat (sector, 65525, TRUE);
  g_assert_cmpint (detect (sector, 0), ==, KL_VOLUME_UNKNOWN);
}

/* Each byte that a boot sector cannot do without. */
static void
test_damaged (void)
{
  static const struct
  {
    guint offset;
    guint8 value;
  } damages[] = {
    { 0x1fe, 0 },                  /* signature */
    { 0x000, 0 },                  /* jump */
    { 0x00b, 1 },                  /* sector size, no power of two */
    { 0x00c, 0 },                  /* sector size 0 */
    { 0x00c, 64 },                 /* and of 16 KiB */
    { 0x00d, 0 },                  /* sectors of a cluster */
    { 0x00d, 3 },    { 0x00e, 0 }, /* reserved sectors */
    { 0x010, 0 },                  /* FATs */
    { 0x015, 0xef },               /* media */
    { 0x021, 0 },                  /* sectors, too few for the FATs */
  };

  for (guint i = 0; i < G_N_ELEMENTS (damages); i++)
    {
      guint8 sector[KL_FAT_SECTOR];

      make_fat (sector, 65525, FALSE);
      sector[0x22] = damages[i].offset == 0x21 ? 0 : sector[0x22];
      sector[damages[i].offset] = damages[i].value;
      g_test_message ("%03x", damages[i].offset);
      g_assert_cmpint (detect (sector, 0), ==, KL_VOLUME_UNKNOWN);
    }
}

static void
test_cut_off (void)
{
  guint8 sector[KL_FAT_SECTOR];
  guint64 bytes = make_fat (sector, 70000, FALSE);
  guint64 n_clusters = 0;

  g_assert_cmpint (detect (sector, bytes), ==, KL_VOLUME_FAT32);
  g_assert_cmpint (detect (sector, bytes - 512), ==, KL_VOLUME_UNKNOWN);
  for (gsize length = 0; length < KL_FAT_SECTOR; length++)
    g_assert_cmpint (kl_volume_kind_detect ((KlBytesView){ sector, length }, 0, &n_clusters), ==,
                     KL_VOLUME_UNKNOWN);
}

/* As mkntfs writes it, as far as it is read. */
static void
make_ntfs (guint8 sector[KL_FAT_SECTOR])
{
  memset (sector, 0, KL_FAT_SECTOR);
  memcpy (sector, "\xeb\x52\x90NTFS    ", 11);
  kl_put_u16 (sector + 0x0b, 512);
  sector[0x0d] = 8;
  sector[0x15] = 0xf8;
  kl_put_u64 (sector + 0x28, 200000);
  kl_put_u64 (sector + 0x30, 4);
  sector[0x1fe] = 0x55;
  sector[0x1ff] = 0xaa;
}

static void
test_ntfs (void)
{
  guint8 sector[KL_FAT_SECTOR];

  make_ntfs (sector);
  g_assert_cmpint (detect (sector, 0), ==, KL_VOLUME_NTFS);
  g_assert_cmpint (detect (sector, (guint64) 200000 * 512), ==, KL_VOLUME_NTFS);
  g_assert_cmpint (detect (sector, (guint64) 199999 * 512), ==, KL_VOLUME_UNKNOWN);
  sector[0x0d] = 0xf4; /* 2 to the power of 12 sectors */
  g_assert_cmpint (detect (sector, 0), ==, KL_VOLUME_NTFS);
  sector[0x0d] = 0xf3;
  g_assert_cmpint (detect (sector, 0), ==, KL_VOLUME_UNKNOWN);
  make_ntfs (sector);
  kl_put_u64 (sector + 0x30, 25000); /* its table would lie behind the end */
  g_assert_cmpint (detect (sector, 0), ==, KL_VOLUME_UNKNOWN);
  make_ntfs (sector);
  memcpy (sector + 3, "EXFAT   ", 8);
  sector[0x0e] = 0;
  g_assert_cmpint (detect (sector, 0), ==, KL_VOLUME_UNKNOWN);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/volume-kind/follows-from-the-number-of-clusters", test_clusters);
  g_test_add_func ("/volume-kind/fields-of-older-kinds", test_old_fields);
  g_test_add_func ("/volume-kind/damaged-boot-sector-is-unknown", test_damaged);
  g_test_add_func ("/volume-kind/cut-off-volume-is-unknown", test_cut_off);
  g_test_add_func ("/volume-kind/ntfs-and-exfat", test_ntfs);
  return g_test_run ();
}
