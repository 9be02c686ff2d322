/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * FAT on disk (FAT: General Overview of On-Disk Format; media-formats.md 9.2). All integers are
 * little-endian.
 */

#define KL_FAT_SECTOR 512
#define KL_FAT_MEDIA_FIXED 0xf8
#define KL_FAT_ATTRIBUTE_LABEL 0x08
#define KL_FAT_ATTRIBUTE_DIRECTORY 0x10
#define KL_FAT_ATTRIBUTE_ARCHIVE 0x20
#define KL_FAT_ATTRIBUTE_LONG_NAME 0x0f

/* A short name whose part is shown in small letters (Windows NT). */
#define KL_FAT_CASE_LOWER_BASE 0x08
#define KL_FAT_CASE_LOWER_EXTENSION 0x10

/* The kind of a FAT follows from the number of clusters and from nothing else. */
#define KL_FAT16_MIN_CLUSTERS 4085
#define KL_FAT32_MIN_CLUSTERS 65525
#define KL_FAT32_MAX_CLUSTERS 0x0ffffff5

/* Entries of a FAT32; the upper four bits are not part of them. */
#define KL_FAT32_ENTRY_MASK 0x0fffffffu
#define KL_FAT32_ENTRY_MEDIA 0x0ffffff8u
#define KL_FAT32_ENTRY_END 0x0fffffffu
#define KL_FAT32_ENTRY_BAD 0x0ffffff7u

#define KL_FAT32_MAX_FILE (((guint64) 4 << 30) - 1)
#define KL_FAT_MAX_FOLDER_ENTRIES 65536

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

/* FAT32 has more fields before the code than its elders. */
typedef struct
{
  guint8 jump[3];             /* +0x000: EB 58 90 */
  char oem_name[8];           /* +0x003 */
  guint16 sector_size;        /* +0x00b: bytes */
  guint8 cluster_sectors;     /* +0x00d: power of two */
  guint16 reserved_sectors;   /* +0x00e: before the first FAT */
  guint8 n_fats;              /* +0x010: 2 */
  guint16 n_root_entries;     /* +0x011: 0 */
  guint16 n_sectors_small;    /* +0x013: 0 */
  guint8 media;               /* +0x015 */
  guint16 fat_sectors_small;  /* +0x016: 0 */
  guint16 track_sectors;      /* +0x018 */
  guint16 n_heads;            /* +0x01a */
  guint32 n_hidden_sectors;   /* +0x01c: before the volume */
  guint32 n_sectors;          /* +0x020: of the volume */
  guint32 fat_sectors;        /* +0x024: of one FAT */
  guint16 flags;              /* +0x028: 0, both FATs are kept alike */
  guint16 version;            /* +0x02a: 0 */
  guint32 root_cluster;       /* +0x02c: first cluster of the root directory */
  guint16 info_sector;        /* +0x030: 1 */
  guint16 backup_sector;      /* +0x032: 6 */
  guint8 spare[12];           /* +0x034 */
  guint8 drive;               /* +0x040: INT 13h number */
  guint8 spare_byte;          /* +0x041 */
  guint8 extended_signature;  /* +0x042: 29h, the next three fields are valid */
  guint32 serial;             /* +0x043 */
  char label[11];             /* +0x047: as in the root directory */
  char type_name[8];          /* +0x052: informative */
  guint8 code[0x1fe - 0x05a]; /* +0x05a */
  guint8 signature[2];        /* +0x1fe: 55 AA */
} __attribute__ ((packed)) KlFat32BootSector;

G_STATIC_ASSERT (sizeof (KlFat32BootSector) == KL_FAT_SECTOR);
G_STATIC_ASSERT (G_STRUCT_OFFSET (KlFat32BootSector, root_cluster) == 0x2c);
G_STATIC_ASSERT (G_STRUCT_OFFSET (KlFat32BootSector, serial) == 0x43);
G_STATIC_ASSERT (G_STRUCT_OFFSET (KlFat32BootSector, signature) == 0x1fe);

typedef struct
{
  char lead_signature[4];   /* +0x000: RRaA */
  guint8 spare[480];        /* +0x004 */
  char struct_signature[4]; /* +0x1e4: rrAa */
  guint32 n_free;           /* +0x1e8: clusters */
  guint32 next_free;        /* +0x1ec: where to look for one */
  guint8 spare_end[14];     /* +0x1f0 */
  guint8 signature[2];      /* +0x1fe: 55 AA */
} __attribute__ ((packed)) KlFat32InfoSector;

G_STATIC_ASSERT (sizeof (KlFat32InfoSector) == KL_FAT_SECTOR);
G_STATIC_ASSERT (G_STRUCT_OFFSET (KlFat32InfoSector, struct_signature) == 0x1e4);

/* One piece of a long name; the pieces stand before the short entry, the last one first. */
typedef struct
{
  guint8 order;      /* +0x00: 1, 2, …; the last one with 40h */
  guint8 first[10];  /* +0x01: 5 units of UTF-16 */
  guint8 attributes; /* +0x0b: 0Fh */
  guint8 type;       /* +0x0c: 0 */
  guint8 checksum;   /* +0x0d: of the short name */
  guint8 second[12]; /* +0x0e: 6 units */
  guint16 cluster;   /* +0x1a: 0 */
  guint8 third[4];   /* +0x1c: 2 units */
} __attribute__ ((packed)) KlFatLongEntry;

G_STATIC_ASSERT (sizeof (KlFatLongEntry) == sizeof (KlFatEntry));

#define KL_FAT_LONG_UNITS 13
#define KL_FAT_LONG_LAST 0x40
#define KL_FAT_MAX_NAME 255 /* units of UTF-16 */
