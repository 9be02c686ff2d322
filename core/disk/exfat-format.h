/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * exFAT on disk (Microsoft, exFAT file system specification, revision 1.00; the sections are
 * named). All integers are little-endian.
 */

#define KL_EXFAT_SECTOR 512
#define KL_EXFAT_SECTOR_SHIFT 9
#define KL_EXFAT_REVISION 0x0100

/* 3: sectors of the main boot region, and of the backup behind it. */
#define KL_EXFAT_BOOT_SECTORS 12
#define KL_EXFAT_EXTENDED_SECTORS 8 /* behind the boot sector */
#define KL_EXFAT_CHECKSUM_SECTOR 11

/* 3.1.19: what boot code is that there is none of. */
#define KL_EXFAT_HALT 0xf4

/* 4.1: entries of the FAT; those of free clusters mean nothing. */
#define KL_EXFAT_ENTRY_MEDIA 0xfffffff8u
#define KL_EXFAT_ENTRY_END 0xffffffffu
#define KL_EXFAT_FIRST_CLUSTER 2
#define KL_EXFAT_MAX_CLUSTERS 0xfffffff5u

/* 6.2.1, 7.1 to 7.3: kinds of entries of the root folder. */
#define KL_EXFAT_TYPE_BITMAP 0x81
#define KL_EXFAT_TYPE_UPCASE 0x82
#define KL_EXFAT_TYPE_LABEL 0x83
#define KL_EXFAT_TYPE_NO_LABEL 0x03 /* the same, not in use */

#define KL_EXFAT_MAX_LABEL 11 /* units of UTF-16 */

/* 7.2.5.1: "so many characters that stand for themselves" follows it. */
#define KL_EXFAT_UPCASE_SKIP 0xffff

/* 3.1 */
typedef struct
{
  guint8 jump[3];             /* +0x000: EB 76 90 */
  char name[8];               /* +0x003: "EXFAT   " */
  guint8 zero[53];            /* +0x00b: where FAT has its fields */
  guint64 partition_offset;   /* +0x040: sectors of the disk before the volume */
  guint64 n_sectors;          /* +0x048: of the volume */
  guint32 fat_offset;         /* +0x050: sectors */
  guint32 fat_sectors;        /* +0x054: of the FAT */
  guint32 heap_offset;        /* +0x058: sectors; where cluster 2 begins */
  guint32 n_clusters;         /* +0x05c */
  guint32 root_cluster;       /* +0x060 */
  guint32 serial;             /* +0x064 */
  guint16 revision;           /* +0x068 */
  guint16 flags;              /* +0x06a: not part of the checksum */
  guint8 sector_shift;        /* +0x06c */
  guint8 cluster_shift;       /* +0x06d: of the sectors of a cluster */
  guint8 n_fats;              /* +0x06e: 1 */
  guint8 drive;               /* +0x06f: INT 13h number */
  guint8 percent_used;        /* +0x070: not part of the checksum */
  guint8 spare[7];            /* +0x071 */
  guint8 code[0x1fe - 0x078]; /* +0x078 */
  guint8 signature[2];        /* +0x1fe: 55 AA */
} __attribute__ ((packed)) KlExfatBootSector;

G_STATIC_ASSERT (sizeof (KlExfatBootSector) == KL_EXFAT_SECTOR);
G_STATIC_ASSERT (G_STRUCT_OFFSET (KlExfatBootSector, partition_offset) == 0x40);
G_STATIC_ASSERT (G_STRUCT_OFFSET (KlExfatBootSector, flags) == 0x6a);
G_STATIC_ASSERT (G_STRUCT_OFFSET (KlExfatBootSector, percent_used) == 0x70);
G_STATIC_ASSERT (G_STRUCT_OFFSET (KlExfatBootSector, code) == 0x78);

/* 7.3 */
typedef struct
{
  guint8 type;                       /* +0x00 */
  guint8 n_units;                    /* +0x01: of the label */
  guint16 label[KL_EXFAT_MAX_LABEL]; /* +0x02: UTF-16 */
  guint8 spare[8];                   /* +0x18 */
} __attribute__ ((packed)) KlExfatLabelEntry;

G_STATIC_ASSERT (sizeof (KlExfatLabelEntry) == 32);

/* 7.1, 7.2 */
typedef struct
{
  guint8 type;      /* +0x00 */
  guint8 flags;     /* +0x01: of the bitmap: 0, the first one */
  guint16 spare;    /* +0x02 */
  guint32 checksum; /* +0x04: of the up-case table; 0 of the bitmap */
  guint8 zero[12];  /* +0x08 */
  guint32 cluster;  /* +0x14: the first one */
  guint64 size;     /* +0x18: bytes */
} __attribute__ ((packed)) KlExfatTableEntry;

G_STATIC_ASSERT (sizeof (KlExfatTableEntry) == 32);
G_STATIC_ASSERT (G_STRUCT_OFFSET (KlExfatTableEntry, cluster) == 0x14);
