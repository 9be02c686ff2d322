/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

#include "disk/exfat-format.h"

G_BEGIN_DECLS

/* Both boot regions. */
#define KL_EXFAT_HEAD_BYTES ((gsize) 2 * KL_EXFAT_BOOT_SECTORS * KL_EXFAT_SECTOR)

/* Sectors of 512 bytes throughout. */
typedef struct
{
  guint64 n_sectors;     /* of the volume */
  guint cluster_sectors; /* power of two */
  guint32 fat_offset;    /* from the beginning of the volume */
  guint32 fat_sectors;
  guint32 heap_offset; /* where cluster 2 begins */
  guint32 n_clusters;
} KlExfatGeometry;

gboolean kl_exfat_geometry_compute (guint64 n_sectors, KlExfatGeometry *geometry);

/*
 * An empty exFAT volume: its structures, made piece by piece. What lies between the boot regions,
 * the FAT and the clusters is zero, as is everything behind the last piece, which nobody reads. A
 * value without I/O; one thread at a time.
 */
typedef struct _KlExfatVolume KlExfatVolume;

KlExfatVolume *
kl_exfat_volume_new (const KlExfatGeometry *geometry, const char *label, guint32 serial);
void kl_exfat_volume_free (KlExfatVolume *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlExfatVolume, kl_exfat_volume_free)

/* Bytes from the beginning of the volume, and of their length: one of whole clusters. */
guint64 kl_exfat_volume_get_bitmap_offset (KlExfatVolume *self);
guint64 kl_exfat_volume_get_upcase_offset (KlExfatVolume *self);
guint64 kl_exfat_volume_get_root_offset (KlExfatVolume *self);
guint64 kl_exfat_volume_get_used_bytes (KlExfatVolume *self);

void kl_exfat_volume_fill_head (KlExfatVolume *self,
                                guint64 partition_offset,
                                guint8 head[KL_EXFAT_HEAD_BYTES]);
void kl_exfat_volume_fill_fat (KlExfatVolume *self, guint64 offset, guint8 *bytes, gsize length);
void kl_exfat_volume_fill_bitmap (KlExfatVolume *self, guint64 offset, guint8 *bytes, gsize length);
GBytes *kl_exfat_volume_make_root (KlExfatVolume *self);

/* The up-case table, compressed, and the sum of bytes that its entry has. */
GBytes *kl_exfat_upcase_make (void);
guint32 kl_exfat_sum (guint32 sum, const guint8 *bytes, gsize length);

G_END_DECLS
