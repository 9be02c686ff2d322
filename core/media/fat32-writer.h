/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "disk/bios-code.h"
#include "media/media-writer.h"
#include "media/read-share.h"

G_BEGIN_DECLS

/* Disks with one FAT32 volume (UFD+FORMAT): drives and disk images. */
#define KL_TYPE_FAT32_WRITER (kl_fat32_writer_get_type ())
G_DECLARE_FINAL_TYPE (KlFat32Writer, kl_fat32_writer, KL, FAT32_WRITER, KlMediaWriter)

typedef struct
{
  guint64 disk_bytes; /* of the whole disk, multiple of 512; 0: as small as can be */
  gboolean vhd;       /* a footer of 512 bytes behind the disk; disk_bytes are whole MiB then */
  gboolean gpt;       /* instead of MBR; UEFI only */
  const KlBiosCode *bios_code; /* copied; needed where the layout starts on BIOS, unless gpt */
  gboolean probe_capacity;     /* of a drive, which may hold less than it says; not of a file */
  KlReadMember *member;        /* nullable; a reference is taken; see kl_pieces_write() */
} KlFat32Options;

KlMediaWriter *
kl_fat32_writer_new (KlMediaLayout *layout, const KlFat32Options *options, GError **error);
guint64 kl_fat32_writer_get_min_bytes (KlFat32Writer *self);
guint64 kl_fat32_writer_get_written_bytes (KlFat32Writer *self);

G_END_DECLS
