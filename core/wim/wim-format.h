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

#define KL_WIM_FLAG_SPANNED 0x00000008u
#define KL_WIM_FLAG_WRITE_IN_PROGRESS 0x00000040u

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

G_STATIC_ASSERT (sizeof (KlWimDiskResource) == 24);
G_STATIC_ASSERT (sizeof (KlWimDiskHeader) == 208);
G_STATIC_ASSERT (G_STRUCT_OFFSET (KlWimDiskHeader, part_number) == 0x28);
G_STATIC_ASSERT (G_STRUCT_OFFSET (KlWimDiskHeader, blob_table) == 0x30);
G_STATIC_ASSERT (G_STRUCT_OFFSET (KlWimDiskHeader, xml) == 0x48);
G_STATIC_ASSERT (G_STRUCT_OFFSET (KlWimDiskHeader, boot_metadata) == 0x60);
G_STATIC_ASSERT (G_STRUCT_OFFSET (KlWimDiskHeader, boot_index) == 0x78);
G_STATIC_ASSERT (G_STRUCT_OFFSET (KlWimDiskHeader, integrity) == 0x7c);
