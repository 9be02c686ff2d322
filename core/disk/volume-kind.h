/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

#include "base/bytes.h"

G_BEGIN_DECLS

/* What a volume holds, judged by its boot sector and never by a label. */
typedef enum
{
  KL_VOLUME_UNKNOWN,
  KL_VOLUME_FAT12,
  KL_VOLUME_FAT16,
  KL_VOLUME_FAT32,
  KL_VOLUME_NTFS,
} KlVolumeKind;

const char *kl_volume_kind_to_string (KlVolumeKind kind); /* "FAT32" */
KlVolumeKind kl_volume_kind_of_clusters (guint64 n_clusters);
KlVolumeKind
kl_volume_kind_detect (KlBytesView boot_sector, guint64 volume_bytes, guint64 *n_clusters);

G_END_DECLS
