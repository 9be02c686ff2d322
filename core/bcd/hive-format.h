/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * The registry hive, format 1.3, as far as a BCD store needs it (media-formats.md 7.4). All
 * integers are little-endian. "Cell" stands for the offset of a cell from the first bin; the cell
 * begins with its size.
 */

#define KL_HIVE_NO_CELL G_MAXUINT32
#define KL_HIVE_BIN_UNIT 4096 /* bytes; bins are multiples of it, and the base block is one */
#define KL_HIVE_CELL_UNIT 8   /* bytes */

#define KL_HIVE_NK_ROOT 0x2c  /* ASCII name, no delete, root */
#define KL_HIVE_NK_PLAIN 0x20 /* ASCII name */
#define KL_HIVE_VK_ASCII 1
#define KL_HIVE_VK_INLINE 0x80000000u /* up to 4 bytes of data stand in the cell field */

typedef struct
{
  char signature[4];         /* +0x000: "regf" */
  guint32 first_sequence;    /* +0x004: equal to the second one in a clean hive */
  guint32 second_sequence;   /* +0x008 */
  guint64 filetime;          /* +0x00c */
  guint32 major;             /* +0x014: 1 */
  guint32 minor;             /* +0x018: 3 */
  guint32 type;              /* +0x01c: 0, a primary file */
  guint32 format;            /* +0x020: 1 */
  guint32 root;              /* +0x024: cell of the root key */
  guint32 bins_size;         /* +0x028: bytes of all bins */
  guint32 clustering;        /* +0x02c: 1 */
  guint8 zero[460];          /* +0x030 */
  guint32 checksum;          /* +0x1fc: XOR of the 127 words before it */
  guint8 rest[4096 - 0x200]; /* +0x200 */
} __attribute__ ((packed)) KlHiveBase;

G_STATIC_ASSERT (sizeof (KlHiveBase) == KL_HIVE_BIN_UNIT);
G_STATIC_ASSERT (G_STRUCT_OFFSET (KlHiveBase, checksum) == 0x1fc);

typedef struct
{
  char signature[4]; /* +0x00: "hbin" */
  guint32 offset;    /* +0x04: of this bin from the first one */
  guint32 size;      /* +0x08: bytes of this bin */
  guint64 zero;      /* +0x0c */
  guint64 filetime;  /* +0x14 */
  guint32 spare;     /* +0x1c */
} __attribute__ ((packed)) KlHiveBin;

G_STATIC_ASSERT (sizeof (KlHiveBin) == 32);

/* A key; its name follows. */
typedef struct
{
  char signature[2];          /* +0x00: "nk" */
  guint16 flags;              /* +0x02 */
  guint64 filetime;           /* +0x04 */
  guint32 access_bits;        /* +0x0c: 0 */
  guint32 parent;             /* +0x10: cell */
  guint32 n_subkeys;          /* +0x14 */
  guint32 n_volatile_subkeys; /* +0x18: 0 */
  guint32 subkeys;            /* +0x1c: cell of an lf list, or none */
  guint32 volatile_subkeys;   /* +0x20: none */
  guint32 n_values;           /* +0x24 */
  guint32 values;             /* +0x28: cell of a list of vk cells, or none */
  guint32 security;           /* +0x2c: cell of an sk */
  guint32 class_name;         /* +0x30: none */
  guint32 longest_subkey;     /* +0x34: bytes of the longest name in UTF-16 */
  guint32 longest_class;      /* +0x38: 0 */
  guint32 longest_value;      /* +0x3c: bytes of the longest name in UTF-16 */
  guint32 largest_data;       /* +0x40: bytes */
  guint32 spare;              /* +0x44: 0 */
  guint16 name_length;        /* +0x48: bytes */
  guint16 class_length;       /* +0x4a: 0 */
} __attribute__ ((packed)) KlHiveNk;

G_STATIC_ASSERT (sizeof (KlHiveNk) == 0x4c);

/* A value; its name follows. */
typedef struct
{
  char signature[2];   /* +0x00: "vk" */
  guint16 name_length; /* +0x02: bytes */
  guint32 size;        /* +0x04: bytes of data, with KL_HIVE_VK_INLINE when they stand below */
  guint32 data;        /* +0x08: cell, or the data */
  guint32 type;        /* +0x0c */
  guint16 flags;       /* +0x10 */
  guint16 spare;       /* +0x12: 0 */
} __attribute__ ((packed)) KlHiveVk;

G_STATIC_ASSERT (sizeof (KlHiveVk) == 0x14);

/* A list of subkeys, sorted by upper-case name; its entries follow. */
typedef struct
{
  char signature[2]; /* +0x00: "lf" */
  guint16 n_entries; /* +0x02 */
} __attribute__ ((packed)) KlHiveLf;

G_STATIC_ASSERT (sizeof (KlHiveLf) == 4);

typedef struct
{
  guint32 key;  /* +0x00: cell of an nk */
  char hint[4]; /* +0x04: the first four characters of its name, filled up with zeros */
} __attribute__ ((packed)) KlHiveLfEntry;

G_STATIC_ASSERT (sizeof (KlHiveLfEntry) == 8);

/* A security descriptor, shared by keys; the descriptor follows. */
typedef struct
{
  char signature[2];  /* +0x00: "sk" */
  guint16 spare;      /* +0x02: 0 */
  guint32 next;       /* +0x04: cell of the next sk in a ring */
  guint32 previous;   /* +0x08: cell */
  guint32 references; /* +0x0c: number of keys */
  guint32 size;       /* +0x10: bytes of the descriptor */
} __attribute__ ((packed)) KlHiveSk;

G_STATIC_ASSERT (sizeof (KlHiveSk) == 0x14);
