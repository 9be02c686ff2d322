/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-partition-table"

#include "disk/partition-table.h"

#define MARK_OFFSET 16
#define MARK "KINDLING: THIS MEDIUM IS UNFINISHED"

#define SIGNATURE_OFFSET 0x1b8
#define TABLE_OFFSET 0x1be
#define ENTRY_BYTES 16
#define N_ENTRIES 4

/* The geometry that BIOSes assume for drives of today. */
#define N_HEADS 255
#define TRACK_SECTORS 63
#define MAX_CYLINDER 1023

#define GPT_ENTRY_BYTES 128
#define GPT_N_ENTRIES 128
#define GPT_HEADER_BYTES 92
#define GPT_ENTRIES_SECTORS (GPT_N_ENTRIES * GPT_ENTRY_BYTES / KL_DISK_SECTOR)

static const guint8 basic_data[16] = { 0xa2, 0xa0, 0xd0, 0xeb, 0xe5, 0xb9, 0x33, 0x44,
                                       0x87, 0xc0, 0x68, 0xb6, 0xb7, 0x26, 0x99, 0xc7 };
static const guint8 efi_system[16] = { 0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11,
                                       0xba, 0x4b, 0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b };

/**
 * kl_disk_mark_unfinished:
 * @sector: (out caller-allocates): LBA 0 of a medium that is being written
 *
 * No 55 AA: neither firmware nor an operating system takes it for a partition table. Code that is
 * run nevertheless says "try the next device" (INT 18h).
 */
void
kl_disk_mark_unfinished (guint8 sector[KL_DISK_SECTOR])
{
  static const guint8 code[] = { 0xcd, 0x18, 0xeb, 0xfe };

  memset (sector, 0, KL_DISK_SECTOR);
  memcpy (sector, code, sizeof code);
  memcpy (sector + MARK_OFFSET, MARK, sizeof MARK);
}

/**
 * kl_disk_label_unfinished:
 * @head: the beginning of such a medium; the second half is overwritten
 *
 * A superblock that blkid, and so udev and UDisks2, know and nobody mounts or starts on its own:
 * that of an external ext4 journal (documentation of ext4, "The Super Block": s_magic at 38h,
 * s_rev_level at 4Ch, s_feature_incompat at 60h with INCOMPAT_JOURNAL_DEV, s_volume_name at 78h).
 * Its label tells everybody who lists drives what this is, whether or not they may read it.
 */
void
kl_disk_label_unfinished (guint8 head[KL_DISK_UNFINISHED_BYTES])
{
  guint8 *superblock = head + 1024;

  G_STATIC_ASSERT (sizeof KL_DISK_UNFINISHED_LABEL - 1 == 16);

  memset (superblock, 0, 1024);
  kl_put_u16 (superblock + 0x38, 0xef53);
  kl_put_u32 (superblock + 0x4c, 1);
  kl_put_u32 (superblock + 0x60, 0x8);
  memcpy (superblock + 0x78, KL_DISK_UNFINISHED_LABEL, 16);
}

/**
 * kl_disk_is_unfinished:
 * @first_sector: LBA 0 of a drive or disk image
 *
 * Whether Kindling began to write this medium and did not come to its end.
 */
gboolean
kl_disk_is_unfinished (KlBytesView first_sector)
{
  return kl_view_equals (first_sector, MARK_OFFSET, MARK, sizeof MARK)
         && !kl_mbr_has_signature (first_sector);
}

static void
put_chs (guint8 *at, guint64 lba)
{
  guint64 cylinder = lba / (N_HEADS * TRACK_SECTORS);
  guint head = (guint) (lba / TRACK_SECTORS % N_HEADS);
  guint sector = (guint) (lba % TRACK_SECTORS) + 1;

  if (cylinder > MAX_CYLINDER)
    {
      at[0] = 0xfe;
      at[1] = at[2] = 0xff;
      return;
    }
  at[0] = (guint8) head;
  at[1] = (guint8) (sector | ((cylinder >> 2) & 0xc0));
  at[2] = (guint8) (cylinder & 0xff);
}

static void
put_entry (guint8 *at, gboolean active, guint8 type, guint32 start, guint32 n_sectors)
{
  at[0] = active ? 0x80 : 0;
  put_chs (at + 1, start);
  at[4] = type;
  put_chs (at + 5, (guint64) start + n_sectors - 1);
  kl_put_u32 (at + 8, start);
  kl_put_u32 (at + 12, n_sectors);
}

static guint64
round_down (guint64 sectors)
{
  return sectors / KL_DISK_MIB_SECTORS * KL_DISK_MIB_SECTORS;
}

/**
 * kl_mbr_compute_partition:
 * @disk_sectors: of the whole disk
 *
 * Returns: sectors of the one partition: whole MiB up to the end of the disk, or of its first
 *   2 TiB; 0 where there is no room
 */
guint64
kl_mbr_compute_partition (guint64 disk_sectors)
{
  guint64 end = round_down (MIN (disk_sectors, (guint64) 1 << 32));

  return end > KL_DISK_PARTITION_START ? end - KL_DISK_PARTITION_START : 0;
}

/**
 * kl_mbr_build:
 * @n_sectors: of the partition, which begins at KL_DISK_PARTITION_START
 * @signature: of the disk; not 0, since the boot library knows disks by it
 * @code: (nullable): KL_MBR_CODE_BYTES of start code
 * @sector: (out caller-allocates): the MBR
 *
 * One active FAT32 partition (media-formats.md 9.1).
 */
void
kl_mbr_build (guint32 n_sectors,
              guint32 signature,
              const guint8 *code,
              guint8 sector[KL_DISK_SECTOR])
{
  memset (sector, 0, KL_DISK_SECTOR);
  if (code != NULL)
    memcpy (sector, code, KL_MBR_CODE_BYTES);
  kl_put_u32 (sector + SIGNATURE_OFFSET, signature);
  put_entry (sector + TABLE_OFFSET, TRUE, KL_MBR_TYPE_FAT32_LBA, KL_DISK_PARTITION_START,
             n_sectors);
  sector[0x1fe] = 0x55;
  sector[0x1ff] = 0xaa;
}

/**
 * kl_mbr_build_for_data:
 * @type: KL_MBR_TYPE_FAT32_LBA, KL_MBR_TYPE_EXFAT
 * @n_sectors: of the partition, which begins at KL_DISK_PARTITION_START
 * @signature: of the disk; not 0
 * @sector: (out caller-allocates): the MBR
 *
 * One partition from which nothing starts: not active, and without start code.
 */
void
kl_mbr_build_for_data (guint8 type,
                       guint32 n_sectors,
                       guint32 signature,
                       guint8 sector[KL_DISK_SECTOR])
{
  memset (sector, 0, KL_DISK_SECTOR);
  kl_put_u32 (sector + SIGNATURE_OFFSET, signature);
  put_entry (sector + TABLE_OFFSET, FALSE, type, KL_DISK_PARTITION_START, n_sectors);
  sector[0x1fe] = 0x55;
  sector[0x1ff] = 0xaa;
}

gboolean
kl_mbr_has_signature (KlBytesView first_sector)
{
  static const guint8 signature[] = { 0x55, 0xaa };

  return kl_view_equals (first_sector, 0x1fe, signature, sizeof signature);
}

/**
 * kl_mbr_get_partition:
 * @number: 0 to 3
 *
 * Returns: FALSE for an entry that is empty or none: the sector may be a boot sector
 */
gboolean
kl_mbr_get_partition (KlBytesView first_sector, guint number, KlMbrPartition *partition)
{
  KlMbrPartition found = { 0 };
  guint64 at = TABLE_OFFSET + (guint64) number * ENTRY_BYTES;
  guint8 flag = 0, code = 0;

  if (number >= N_ENTRIES || !kl_mbr_has_signature (first_sector)
      || !kl_view_u8 (first_sector, at, &flag) || !kl_view_u8 (first_sector, at + 4, &found.type)
      || !kl_view_u32 (first_sector, at + 8, &found.start)
      || !kl_view_u32 (first_sector, at + 12, &found.n_sectors)
      || !kl_view_u8 (first_sector, 0, &code))
    return FALSE;
  if ((flag & 0x7f) != 0 || found.type == 0 || found.start == 0 || found.n_sectors == 0)
    return FALSE;

  found.active = flag == 0x80;
  found.has_code = code != 0;
  *partition = found;
  return TRUE;
}

/**
 * kl_gpt_compute_partition:
 *
 * Returns: sectors of the one partition: whole MiB up to the second header at the end of the disk,
 *   however large that is; 0 where there is no room
 */
guint64
kl_gpt_compute_partition (guint64 disk_sectors)
{
  guint64 end;

  if (disk_sectors <= KL_GPT_TAIL_SECTORS)
    return 0;
  end = round_down (disk_sectors - KL_GPT_TAIL_SECTORS);
  return end > KL_DISK_PARTITION_START ? end - KL_DISK_PARTITION_START : 0;
}

/* A random GUID (RFC 4122, version 4). */
KlGptGuid
kl_gpt_guid_new (void)
{
  KlGptGuid guid;

  for (guint i = 0; i < sizeof guid.bytes; i += 4)
    kl_put_u32 (guid.bytes + i, g_random_int ());
  guid.bytes[7] = (guint8) ((guid.bytes[7] & 0x0f) | 0x40);
  guid.bytes[8] = (guint8) ((guid.bytes[8] & 0x3f) | 0x80);
  return guid;
}

/* CRC-32 of IEEE 802.3, as the GPT has it; bit by bit, for 16 KiB. */
static guint32
sum_crc32 (const guint8 *data, gsize length)
{
  guint32 crc = G_MAXUINT32;

  for (gsize i = 0; i < length; i++)
    {
      crc ^= data[i];
      for (guint bit = 0; bit < 8; bit++)
        crc = (crc >> 1) ^ (crc & 1 ? 0xedb88320u : 0);
    }
  return ~crc;
}

static void
put_header (guint8 *at,
            guint64 own,
            guint64 other,
            guint64 disk_sectors,
            guint64 entries,
            const KlGptGuid *guid,
            guint32 entries_crc)
{
  memset (at, 0, KL_DISK_SECTOR);
  memcpy (at, "EFI PART", 8);
  kl_put_u32 (at + 8, 0x00010000);
  kl_put_u32 (at + 12, GPT_HEADER_BYTES);
  kl_put_u64 (at + 24, own);
  kl_put_u64 (at + 32, other);
  kl_put_u64 (at + 40, KL_GPT_HEAD_SECTORS);
  kl_put_u64 (at + 48, disk_sectors - KL_GPT_TAIL_SECTORS - 1);
  memcpy (at + 56, guid->bytes, 16);
  kl_put_u64 (at + 72, entries);
  kl_put_u32 (at + 80, GPT_N_ENTRIES);
  kl_put_u32 (at + 84, GPT_ENTRY_BYTES);
  kl_put_u32 (at + 88, entries_crc);
  kl_put_u32 (at + 16, sum_crc32 (at, GPT_HEADER_BYTES));
}

/**
 * kl_gpt_build:
 * @n_sectors: of the partition, which begins at KL_DISK_PARTITION_START
 * @head: (out caller-allocates): protective MBR, header, entries
 * @tail: (out caller-allocates): entries, second header: the last sectors of the disk
 *
 * One Basic Data partition; an EFI system partition would be hidden by Windows.
 */
void
kl_gpt_build (guint64 disk_sectors,
              guint64 n_sectors,
              const KlGptGuid *disk_guid,
              const KlGptGuid *partition_guid,
              guint8 head[KL_GPT_HEAD_SECTORS * KL_DISK_SECTOR],
              guint8 tail[KL_GPT_TAIL_SECTORS * KL_DISK_SECTOR])
{
  guint64 last = disk_sectors - 1;
  guint8 *entries = head + 2 * KL_DISK_SECTOR;
  guint32 crc;

  memset (head, 0, KL_GPT_HEAD_SECTORS * KL_DISK_SECTOR);
  put_entry (head + TABLE_OFFSET, FALSE, KL_MBR_TYPE_GPT, 1, (guint32) MIN (last, G_MAXUINT32));
  head[0x1fe] = 0x55;
  head[0x1ff] = 0xaa;

  memcpy (entries, basic_data, 16);
  memcpy (entries + 16, partition_guid->bytes, 16);
  kl_put_u64 (entries + 32, KL_DISK_PARTITION_START);
  kl_put_u64 (entries + 40, KL_DISK_PARTITION_START + n_sectors - 1);
  crc = sum_crc32 (entries, GPT_N_ENTRIES * GPT_ENTRY_BYTES);

  put_header (head + KL_DISK_SECTOR, 1, last, disk_sectors, 2, disk_guid, crc);
  memcpy (tail, entries, GPT_N_ENTRIES * GPT_ENTRY_BYTES);
  put_header (tail + GPT_ENTRIES_SECTORS * KL_DISK_SECTOR, last, 1, disk_sectors,
              last - GPT_ENTRIES_SECTORS, disk_guid, crc);
}

/**
 * kl_gpt_find_partition:
 * @head: the first sectors of a disk
 *
 * Returns: whether there is a GPT with a Basic Data or EFI system partition, the first of which
 *   @start and @n_sectors then tell. Entries elsewhere than behind the header are not looked for.
 */
gboolean
kl_gpt_find_partition (KlBytesView head, guint64 *start, guint64 *n_sectors)
{
  if (!kl_view_equals (head, KL_DISK_SECTOR, "EFI PART", 8))
    return FALSE;

  for (guint i = 0; i < GPT_N_ENTRIES; i++)
    {
      guint64 at = 2 * KL_DISK_SECTOR + (guint64) i * GPT_ENTRY_BYTES;
      guint64 first = 0, last = 0;

      if (!kl_view_equals (head, at, basic_data, 16) && !kl_view_equals (head, at, efi_system, 16))
        continue;
      if (!kl_view_u64 (head, at + 32, &first) || !kl_view_u64 (head, at + 40, &last) || first < 2
          || last < first || last == G_MAXUINT64)
        continue;
      *start = first;
      *n_sectors = last - first + 1;
      return TRUE;
    }
  return FALSE;
}
