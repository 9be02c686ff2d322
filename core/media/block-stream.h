/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "media/layout.h"
#include "media/read-share.h"
#include "sink/sink.h"
#include "sink/verifier.h"

G_BEGIN_DECLS

typedef void (*KlPieceFunc) (
    gpointer data, guint number, guint64 offset, guint8 *bytes, gsize length);

/* A run of bytes on a medium and where they come from: an item of the layout, bytes in memory, a
 * function that makes them; else they are zeros. */
typedef struct
{
  guint64 offset;           /* bytes, on the medium */
  guint64 length;           /* bytes */
  char *name;               /* owned; for messages and the region */
  const KlLayoutItem *item; /* borrowed, nullable */
  GBytes *bytes;            /* owned, nullable; @length of them */
  KlPieceFunc make;         /* nullable; its offset counts from the beginning of the piece */
  gpointer data;            /* borrowed; for make */
  guint number;             /* for make */
  gboolean temporary;       /* overwritten later: no region */
} KlPiece;

GPtrArray *kl_pieces_new (void);
KlPiece *kl_pieces_add (GPtrArray *pieces, guint64 offset, guint64 end, const char *name);
void kl_pieces_add_bytes (GPtrArray *pieces, guint64 offset, GBytes *bytes, const char *name);

gboolean kl_pieces_write (GPtrArray *pieces,
                          KlMediaLayout *layout,
                          KlReadMember *member,
                          KlSink *sink,
                          GPtrArray *regions,
                          KlProgress *progress,
                          GCancellable *cancellable,
                          GError **error);

G_END_DECLS
