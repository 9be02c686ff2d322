/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * The WIM header as it lies on the disk, little-endian without alignment (Microsoft's "Windows
 * Imaging File Format" paper; wimlib's header.h for what came later). It stands at byte 0; a
 * pipable WIM has a copy in its last 208 bytes, and only that copy knows where the tables are.
 */

#define KL_WIM_MAGIC "MSWIM\0\0\0"
#define KL_WIM_PIPABLE_MAGIC "WLPWM\0\0\0"
#define KL_WIM_MAGIC_SIZE 8

#define KL_WIM_VERSION 0x00010d00u
#define KL_WIM_FLAG_COMPRESSED 0x00000002u
#define KL_WIM_FLAG_SPANNED 0x00000008u
#define KL_WIM_FLAG_WRITE_IN_PROGRESS 0x00000040u
#define KL_WIM_FLAG_RELATIVE_JUNCTIONS 0x00000080u
#define KL_WIM_FLAG_LZX 0x00040000u

#define KL_WIM_RESOURCE_METADATA 0x02u
#define KL_WIM_RESOURCE_COMPRESSED 0x04u

typedef struct
{
  guint8 size[7];          /* +0x00: bytes in the file */
  guint8 flags;            /* +0x07 */
  guint8 offset[8];        /* +0x08: first byte in the file */
  guint8 original_size[8]; /* +0x10: bytes when uncompressed */
} KlWimDiskResource;

typedef struct
{
  guint8 magic[8];                 /* +0x00: "MSWIM" or "WLPWM" */
  guint8 header_size[4];           /* +0x08: 208 */
  guint8 version[4];               /* +0x0c: 0x10d00, solid ones 0xe00 */
  guint8 flags[4];                 /* +0x10 */
  guint8 chunk_size[4];            /* +0x14: bytes; 0 when uncompressed */
  guint8 guid[16];                 /* +0x18 */
  guint8 part_number[2];           /* +0x28: 1 … */
  guint8 n_parts[2];               /* +0x2a: more than 1 in a split WIM */
  guint8 n_images[4];              /* +0x2c */
  KlWimDiskResource blob_table;    /* +0x30 */
  KlWimDiskResource xml;           /* +0x48 */
  KlWimDiskResource boot_metadata; /* +0x60 */
  guint8 boot_index[4];            /* +0x78: 0 for none */
  KlWimDiskResource integrity;     /* +0x7c */
  guint8 reserved[60];             /* +0x94 */
} KlWimDiskHeader;

/* The blob table is an array of these (wimlib's blob_table.c). */
typedef struct
{
  KlWimDiskResource resource; /* +0x00 */
  guint8 part_number[2];      /* +0x18: 1 … */
  guint8 n_references[4];     /* +0x1a */
  guint8 sha1[20];            /* +0x1e: of the uncompressed content */
} KlWimDiskBlob;

/* A file or folder in the metadata of an image (wimlib's dentry.c). Behind it, without alignment,
 * come its name and its short name, if it has them, each with a zero, then what only later programs
 * know; and then, each at a multiple of 8 bytes, its streams. */
typedef struct
{
  guint8 length[8];          /* +0x00: bytes, without the streams; at most 8 ends a folder */
  guint8 attributes[4];      /* +0x08: as Windows has them */
  guint8 security[4];        /* +0x0c: number of the security descriptor, -1 for none */
  guint8 children[8];        /* +0x10: where those of a folder are, from the start of all; or 0 */
  guint8 reserved[16];       /* +0x18 */
  guint8 created[8];         /* +0x28: 100 ns since 1601, as all times here */
  guint8 read[8];            /* +0x30 */
  guint8 changed[8];         /* +0x38 */
  guint8 sha1[20];           /* +0x40: of the content; 0 for none, or if there are streams */
  guint8 unknown[4];         /* +0x54 */
  guint8 group[8];           /* +0x58: the same for all names of one file, or 0; no reparse point */
  guint8 n_streams[2];       /* +0x60 */
  guint8 short_name_size[2]; /* +0x62: bytes of UTF-16 without the zero */
  guint8 name_size[2];       /* +0x64: likewise; 0 for the root */
} KlWimDiskEntry;

typedef struct
{
  guint8 length[8];    /* +0x00: bytes */
  guint8 reserved[8];  /* +0x08 */
  guint8 sha1[20];     /* +0x10 */
  guint8 name_size[2]; /* +0x24: bytes of UTF-16; 0 for the content of the file itself */
} KlWimDiskStream;

G_STATIC_ASSERT (sizeof (KlWimDiskResource) == 24);
G_STATIC_ASSERT (sizeof (KlWimDiskBlob) == 50);
G_STATIC_ASSERT (sizeof (KlWimDiskEntry) == 0x66);
G_STATIC_ASSERT (sizeof (KlWimDiskStream) == 0x26);
G_STATIC_ASSERT (sizeof (KlWimDiskHeader) == 208);
G_STATIC_ASSERT (G_STRUCT_OFFSET (KlWimDiskHeader, part_number) == 0x28);
G_STATIC_ASSERT (G_STRUCT_OFFSET (KlWimDiskHeader, blob_table) == 0x30);
G_STATIC_ASSERT (G_STRUCT_OFFSET (KlWimDiskHeader, xml) == 0x48);
G_STATIC_ASSERT (G_STRUCT_OFFSET (KlWimDiskHeader, boot_metadata) == 0x60);
G_STATIC_ASSERT (G_STRUCT_OFFSET (KlWimDiskHeader, boot_index) == 0x78);
G_STATIC_ASSERT (G_STRUCT_OFFSET (KlWimDiskHeader, integrity) == 0x7c);
