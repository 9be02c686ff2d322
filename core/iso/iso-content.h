/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "media/layout.h"

G_BEGIN_DECLS

/* What the streams of one volume share. The thread of libisofs works on them; the other side takes
 * the error, since what the library makes of it says less. */
typedef struct
{
  KlMediaLayout *layout;     /* borrowed */
  GCancellable *cancellable; /* borrowed, nullable */
  GMutex lock;
  GError *error; /* owned; the first one; guarded by lock */
} KlIsoReading;

/* libisofs's IsoStream, without its header. */
struct iso_stream;

struct iso_stream *
kl_iso_content_new (KlIsoReading *reading, const KlLayoutItem *item, gboolean big, guint number);
int kl_iso_content_open_item (KlMediaLayout *layout, const KlLayoutItem *item, GError **error);
gboolean kl_iso_content_check_item (KlMediaLayout *layout,
                                    const KlLayoutItem *item,
                                    guint32 crc32c,
                                    GError **error);

G_END_DECLS
