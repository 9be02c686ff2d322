/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Finds files in the primary tree of an ISO 9660 volume (ECMA-119), as boot managers do
 * (media-formats.md 8.2). Nothing of firmware or C library: the boot program and its unit test use
 * the same code. What is read is not trusted. */

#define ISO9660_SECTOR 2048 /* bytes */

typedef bool (*Iso9660Read) (void *context, uint64_t offset, void *buffer, uint32_t length);

typedef struct
{
  Iso9660Read read;
  void *context;
  uint64_t volume_bytes; /* of the whole disc; no extent may reach beyond */
  uint64_t root_offset;  /* bytes */
  uint32_t root_bytes;
} Iso9660;

typedef enum
{
  ISO9660_FOUND,
  ISO9660_MISSING,
  ISO9660_UNREADABLE, /* the medium could not be read */
  ISO9660_DAMAGED,    /* not ISO 9660, or an extent beyond the end of the volume */
  ISO9660_SPLIT,      /* several extents: boot managers skip such files (media-formats.md 8.3) */
} Iso9660Result;

Iso9660Result iso9660_open (Iso9660 *self, Iso9660Read read, void *context, uint64_t volume_bytes);
Iso9660Result
iso9660_find (const Iso9660 *self, const char *path, uint64_t *offset, uint32_t *bytes);
