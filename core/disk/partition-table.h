/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

#include "base/bytes.h"

G_BEGIN_DECLS

/* Sectors of 512 bytes throughout; partitions begin and end at whole MiB. */
#define KL_DISK_SECTOR 512
#define KL_DISK_MIB_SECTORS ((guint64) 2048)
#define KL_DISK_PARTITION_START KL_DISK_MIB_SECTORS

/* The first sector as it is while a medium is being written, and stays if that is broken off. */
/* What udev and blkid see of it, without rights to read the drive. */
#define KL_DISK_UNFINISHED_FS "jbd"
#define KL_DISK_UNFINISHED_LABEL "KINDLING-PARTIAL"
#define KL_DISK_UNFINISHED_BYTES ((gsize) 2048)

void kl_disk_mark_unfinished (guint8 sector[KL_DISK_SECTOR]);
void kl_disk_label_unfinished (guint8 head[KL_DISK_UNFINISHED_BYTES]);
gboolean kl_disk_is_unfinished (KlBytesView first_sector);

/* MBR (media-formats.md 9.1). */
#define KL_MBR_CODE_BYTES 440
#define KL_MBR_TYPE_FAT32_CHS 0x0b
#define KL_MBR_TYPE_FAT32_LBA 0x0c
#define KL_MBR_TYPE_EXFAT 0x07
#define KL_MBR_TYPE_GPT 0xee

guint64 kl_mbr_compute_partition (guint64 disk_sectors);
void kl_mbr_build (guint32 n_sectors,
                   guint32 signature,
                   const guint8 *code,
                   guint8 sector[KL_DISK_SECTOR]);

void kl_mbr_build_for_data (guint8 type,
                            guint32 n_sectors,
                            guint32 signature,
                            guint8 sector[KL_DISK_SECTOR]);

typedef struct
{
  guint8 type;
  gboolean active;
  guint32 start;     /* sectors */
  guint32 n_sectors; /* of the partition */
  gboolean has_code; /* before the table */
} KlMbrPartition;

gboolean kl_mbr_has_signature (KlBytesView first_sector);
gboolean kl_mbr_get_partition (KlBytesView first_sector, guint number, KlMbrPartition *partition);

/* GPT (UEFI 2.10, 5.3): one Basic Data partition. */
#define KL_GPT_HEAD_SECTORS 34
#define KL_GPT_TAIL_SECTORS 33

typedef struct
{
  guint8 bytes[16]; /* as on disk, the first three fields little-endian */
} KlGptGuid;

guint64 kl_gpt_compute_partition (guint64 disk_sectors);
void kl_gpt_build (guint64 disk_sectors,
                   guint64 n_sectors,
                   const KlGptGuid *disk_guid,
                   const KlGptGuid *partition_guid,
                   guint8 head[KL_GPT_HEAD_SECTORS * KL_DISK_SECTOR],
                   guint8 tail[KL_GPT_TAIL_SECTORS * KL_DISK_SECTOR]);
KlGptGuid kl_gpt_guid_new (void);
gboolean kl_gpt_find_partition (KlBytesView head, guint64 *start, guint64 *n_sectors);

G_END_DECLS
