/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "media/block-stream.h"

G_BEGIN_DECLS

/* Where the one partition of a disk begins; bytes. */
#define KL_DISK_FRAME_PARTITION ((guint64) 1 << 20)

/* The first block of the disk is written last: until then it holds the mark of an unfinished
 * medium. */
#define KL_DISK_FRAME_FIRST_BLOCK ((gsize) 4096)

/* What comes first and last where a disk gets a new file system, whichever it is. Blocks. */
gboolean kl_disk_frame_begin (
    KlSink *sink, guint64 disk_bytes, gsize head_bytes, GCancellable *cancellable, GError **error);
void kl_disk_frame_add_front (GPtrArray *pieces, GBytes *front, gsize head_bytes);
void kl_disk_frame_add_tail (GPtrArray *pieces, guint64 disk_bytes, GBytes *tail);
gboolean
kl_disk_frame_end (KlSink *sink, GBytes *head, GBytes *front, GPtrArray *regions, GError **error);
guint32 kl_disk_frame_make_serial (void);

G_END_DECLS
