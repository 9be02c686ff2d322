/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * FAT12 and FAT16 on disk (FAT: General Overview of On-Disk Format). All integers are
 * little-endian.
 */

#define KL_FAT_SECTOR 512
#define KL_FAT_MEDIA_FIXED 0xf8
#define KL_FAT_ATTRIBUTE_LABEL 0x08
#define KL_FAT_ATTRIBUTE_DIRECTORY 0x10
#define KL_FAT_ATTRIBUTE_ARCHIVE 0x20

/* The kind of a FAT follows from the number of clusters and from nothing else. */
#define KL_FAT16_MIN_CLUSTERS 4085
#define KL_FAT32_MIN_CLUSTERS 65525

typedef struct
{
  guint8 jump[3];             /* +0x000: EB 3C 90, over the fields to the code */
  char oem_name[8];           /* +0x003 */
  guint16 sector_size;        /* +0x00b: bytes */
  guint8 cluster_sectors;     /* +0x00d: power of two */
  guint16 reserved_sectors;   /* +0x00e: 1, the boot sector */
  guint8 n_fats;              /* +0x010: 2 */
  guint16 n_root_entries;     /* +0x011: of 32 bytes, whole sectors */
  guint16 n_sectors_small;    /* +0x013: of the volume, 0 where it does not fit */
  guint8 media;               /* +0x015: first byte of the FAT too */
  guint16 fat_sectors;        /* +0x016: of one FAT */
  guint16 track_sectors;      /* +0x018 */
  guint16 n_heads;            /* +0x01a */
  guint32 n_hidden_sectors;   /* +0x01c: before the volume */
  guint32 n_sectors_large;    /* +0x020: of the volume, where the small field is 0 */
  guint8 drive;               /* +0x024: INT 13h number */
  guint8 spare;               /* +0x025: 0 */
  guint8 extended_signature;  /* +0x026: 29h, the next three fields are valid */
  guint32 serial;             /* +0x027 */
  char label[11];             /* +0x02b: as in the root directory */
  char type_name[8];          /* +0x036: informative */
  guint8 code[0x1fe - 0x03e]; /* +0x03e */
  guint8 signature[2];        /* +0x1fe: 55 AA */
} __attribute__ ((packed)) KlFatBootSector;

G_STATIC_ASSERT (sizeof (KlFatBootSector) == KL_FAT_SECTOR);
G_STATIC_ASSERT (G_STRUCT_OFFSET (KlFatBootSector, serial) == 0x27);
G_STATIC_ASSERT (G_STRUCT_OFFSET (KlFatBootSector, signature) == 0x1fe);

typedef struct
{
  char name[11];         /* +0x00: 8 + 3 characters, upper case, filled up with spaces */
  guint8 attributes;     /* +0x0b */
  guint8 case_flags;     /* +0x0c: 0 */
  guint8 created_tenths; /* +0x0d */
  guint16 created_time;  /* +0x0e */
  guint16 created_date;  /* +0x10: year - 1980, month, day as 7, 4, 5 bits */
  guint16 accessed_date; /* +0x12 */
  guint16 cluster_high;  /* +0x14: 0 before FAT32 */
  guint16 modified_time; /* +0x16 */
  guint16 modified_date; /* +0x18 */
  guint16 cluster;       /* +0x1a: the first one */
  guint32 size;          /* +0x1c: bytes, 0 for folders */
} __attribute__ ((packed)) KlFatEntry;

G_STATIC_ASSERT (sizeof (KlFatEntry) == 32);
