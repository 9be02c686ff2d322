/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "media/media-writer.h"

G_BEGIN_DECLS

typedef enum
{
  KL_BLANK_BY_SIZE, /* FAT32 up to 32 GiB, exFAT above, as sticks are sold */
  KL_BLANK_FAT32,
  KL_BLANK_EXFAT,
} KlBlankKind;

gboolean kl_blank_kind_from_string (const char *text, KlBlankKind *kind);
const char *kl_blank_kind_to_string (KlBlankKind kind); /* "fat32", "exfat" */
const char *kl_blank_kind_get_title (KlBlankKind kind); /* "FAT32", "exFAT" */
KlBlankKind kl_blank_kind_choose (guint64 disk_bytes);  /* never KL_BLANK_BY_SIZE */

gboolean kl_blank_check_label (KlBlankKind kind, const char *label, GError **error);

/* Disks with one empty volume. */
#define KL_TYPE_BLANK_WRITER (kl_blank_writer_get_type ())
G_DECLARE_FINAL_TYPE (KlBlankWriter, kl_blank_writer, KL, BLANK_WRITER, KlMediaWriter)

typedef struct
{
  guint64 disk_bytes; /* of the whole disk, multiple of 512 */
  KlBlankKind kind;
  const char *label;       /* nullable */
  gboolean probe_capacity; /* of a drive, which may hold less than it says */
} KlBlankOptions;

KlMediaWriter *kl_blank_writer_new (const KlBlankOptions *options, GError **error);
KlBlankKind kl_blank_writer_get_kind (KlBlankWriter *self); /* never KL_BLANK_BY_SIZE */
gboolean kl_blank_writer_has_gpt (KlBlankWriter *self);
guint64 kl_blank_writer_get_volume_bytes (KlBlankWriter *self);

G_END_DECLS
