/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "base/progress.h"

G_BEGIN_DECLS

/*
 * Where blocks go: a file or a drive. Offsets and lengths in bytes. The order of calls is:
 * prepare, any number of writes and copies, flush, any number of reads, commit. A sink that is
 * dropped without commit leaves the target as it was; a drive is changed by the first write.
 * Blocks; one thread at a time, but for reads: those of several threads may go on together, as long
 * as one of them alone reads the last piece. A test derives a sink that fails on the n-th write.
 */
#define KL_TYPE_SINK (kl_sink_get_type ())
G_DECLARE_DERIVABLE_TYPE (KlSink, kl_sink, KL, SINK, GObject)

struct _KlSinkClass
{
  GObjectClass parent_class;

  gboolean (*prepare) (KlSink *self, guint64 size, GError **error);
  gboolean (*write) (KlSink *self, const void *data, gsize length, guint64 offset, GError **error);
  gboolean (*copy) (KlSink *self,
                    int source,
                    const char *source_name,
                    guint64 source_offset,
                    guint64 length,
                    guint64 offset,
                    guint32 *crc32c,
                    KlProgress *progress,
                    GCancellable *cancellable,
                    GError **error);
  gboolean (*flush) (KlSink *self, KlProgress *progress, GCancellable *cancellable, GError **error);
  gboolean (*read) (KlSink *self, void *buffer, gsize length, guint64 offset, GError **error);
  gboolean (*commit) (KlSink *self, GError **error);
};

gboolean kl_sink_prepare (KlSink *self, guint64 size, GError **error);
gboolean
kl_sink_write (KlSink *self, const void *data, gsize length, guint64 offset, GError **error);
gboolean kl_sink_copy (KlSink *self,
                       int source,
                       const char *source_name,
                       guint64 source_offset,
                       guint64 length,
                       guint64 offset,
                       guint32 *crc32c,
                       KlProgress *progress,
                       GCancellable *cancellable,
                       GError **error);
gboolean
kl_sink_flush (KlSink *self, KlProgress *progress, GCancellable *cancellable, GError **error);
/* Past the page cache. @buffer aligned to 4096, @offset and @length multiples of 4096 but for the
 * last piece. */
gboolean kl_sink_read (KlSink *self, void *buffer, gsize length, guint64 offset, GError **error);
gboolean kl_sink_commit (KlSink *self, GError **error);

G_END_DECLS
