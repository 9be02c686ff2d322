/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>

#include <efi.h>

#include "iso9660.h"

/* The medium that the firmware started this program from, and files on it. On an optical medium the
 * program comes out of the El Torito image, and the files are in the ISO 9660 tree around it, which
 * firmware has no driver for: it is read through Block I/O of the whole disc
 * (media-formats.md 8.4). On a stick or disk the firmware's own FAT driver reads them. */

typedef struct
{
  bool optical;
  EFI_BLOCK_IO *disc; /* optical: the whole disc */
  UINT8 *block;       /* optical: buffer of one block */
  Iso9660 iso;
  EFI_FILE_HANDLE root; /* else: root folder of the volume */
} Medium;

typedef struct
{
  UINT64 size;      /* bytes */
  UINT64 offset;    /* optical: of the content, bytes */
  EFI_FILE *handle; /* else */
} MediumFile;

typedef enum
{
  MEDIUM_OK,
  MEDIUM_MISSING,
  MEDIUM_UNREADABLE,
  MEDIUM_DAMAGED, /* no ISO 9660, or content beyond the end of the disc */
  MEDIUM_SPLIT,   /* a file in several extents */
  MEDIUM_UNKNOWN, /* not started from a disc or volume */
} MediumResult;

MediumResult medium_open (Medium *self, EFI_HANDLE image);
MediumResult medium_open_file (Medium *self, const char *path, MediumFile *file);
bool medium_read (Medium *self, MediumFile *file, UINT64 offset, void *buffer, UINTN length);
void medium_close_file (MediumFile *file);
