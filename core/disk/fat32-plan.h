/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

#include "disk/fat-format.h"

G_BEGIN_DECLS

#define KL_FAT32_HEAD_BYTES ((gsize) 16 * KL_FAT_SECTOR)

/* Sectors of 512 bytes throughout. */
typedef struct
{
  guint32 n_sectors;      /* of the volume */
  guint cluster_sectors;  /* power of two */
  guint reserved_sectors; /* before the first FAT */
  guint32 fat_sectors;    /* of one of the two FATs */
  guint32 n_clusters;
} KlFat32Geometry;

gboolean kl_fat32_geometry_compute (guint64 n_sectors, KlFat32Geometry *geometry);
guint64 kl_fat32_geometry_get_data_offset (const KlFat32Geometry *geometry);

/* A file or a folder of the volume, in one piece. */
typedef struct
{
  guint64 offset; /* bytes from the beginning of the volume */
  guint64 length; /* bytes, without the rest of the last cluster */
  gboolean is_folder;
  guint number; /* of a folder: for kl_fat32_plan_make_folder(); of a file: as it was given */
} KlFat32Extent;

/*
 * Where everything lies on a FAT32 volume, decided before anything is written: files are added in
 * the order in which they shall lie, then the volume is laid out for a size, then its structures
 * are made piece by piece. A value without I/O; one thread at a time.
 */
typedef struct _KlFat32Plan KlFat32Plan;

KlFat32Plan *kl_fat32_plan_new (const char *label, GDateTime *created);
void kl_fat32_plan_free (KlFat32Plan *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlFat32Plan, kl_fat32_plan_free)

gboolean kl_fat32_plan_add_file (
    KlFat32Plan *self, const char *path, guint64 size, guint number, GError **error);
gboolean kl_fat32_plan_finish (KlFat32Plan *self, GError **error);
guint64 kl_fat32_plan_get_min_sectors (KlFat32Plan *self);
gboolean kl_fat32_plan_lay_out (KlFat32Plan *self, guint64 n_sectors);

const KlFat32Geometry *kl_fat32_plan_get_geometry (KlFat32Plan *self);
guint64 kl_fat32_plan_get_used_bytes (KlFat32Plan *self);
guint kl_fat32_plan_get_n_extents (KlFat32Plan *self);
KlFat32Extent kl_fat32_plan_get_extent (KlFat32Plan *self, guint position);

void kl_fat32_plan_fill_head (KlFat32Plan *self,
                              guint32 hidden_sectors,
                              guint32 serial,
                              guint8 head[KL_FAT32_HEAD_BYTES]);
void kl_fat32_plan_fill_fat (KlFat32Plan *self, guint64 offset, guint8 *bytes, gsize length);
GBytes *kl_fat32_plan_make_folder (KlFat32Plan *self, guint number);

G_END_DECLS
