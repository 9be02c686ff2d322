/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * Device elements of a boot configuration store (media-formats.md 7.3). All integers are
 * little-endian.
 */

#define KL_BCD_DEVICE_RAM_DISK 0 /* with KL_BCD_DEVICE_HAS_OPTIONS */
#define KL_BCD_DEVICE_BOOT 5
#define KL_BCD_DEVICE_HAS_OPTIONS 1 /* flags: the GUID before the descriptor names an object */
#define KL_BCD_LOCATION_RAM_DISK 3
#define KL_BCD_PATH_ON_DEVICE 5

/* A device without anything of its own: the one that the boot manager was started from. */
typedef struct
{
  guint32 type;    /* +0x00: KL_BCD_DEVICE_BOOT */
  guint32 flags;   /* +0x04: 0 */
  guint32 size;    /* +0x08: 0x48, from type on */
  guint32 spare;   /* +0x0c: 0 */
  guint8 zero[56]; /* +0x10 */
} __attribute__ ((packed)) KlBcdDevice;

G_STATIC_ASSERT (sizeof (KlBcdDevice) == 0x48);

/* The element "boot". */
typedef struct
{
  guint8 options[16]; /* +0x00: GUID of an options object, zero */
  KlBcdDevice device; /* +0x10 */
} __attribute__ ((packed)) KlBcdBootElement;

G_STATIC_ASSERT (sizeof (KlBcdBootElement) == 88);

/* A RAM disk that is loaded from a file; the file's path follows, UTF-16 with a closing NUL. */
typedef struct
{
  guint8 options[16];   /* +0x00: GUID of the RAM-disk options object, first three fields LE */
  guint32 type;         /* +0x10: KL_BCD_DEVICE_RAM_DISK */
  guint32 flags;        /* +0x14: KL_BCD_DEVICE_HAS_OPTIONS */
  guint32 size;         /* +0x18: from type to the end */
  guint32 spare;        /* +0x1c: 0 */
  guint32 location;     /* +0x20: KL_BCD_LOCATION_RAM_DISK */
  guint64 image_base;   /* +0x24: 0, set when loaded */
  guint64 image_size;   /* +0x2c: 0 */
  guint32 image_offset; /* +0x34: 0 */
  guint32 version;      /* +0x38: 1 */
  guint32 length;       /* +0x3c: from version to the end */
  guint32 path_type;    /* +0x40: KL_BCD_PATH_ON_DEVICE */
  KlBcdDevice parent;   /* +0x44: where the file is */
} __attribute__ ((packed)) KlBcdRamDiskElement;

G_STATIC_ASSERT (sizeof (KlBcdRamDiskElement) == 0x8c);
G_STATIC_ASSERT (G_STRUCT_OFFSET (KlBcdRamDiskElement, version) == 0x38);
