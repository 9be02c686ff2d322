/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "media/layout.h"
#include "sink/sink.h"
#include "sink/verifier.h"

G_BEGIN_DECLS

/* Layout → blocks on a sink. One object makes one medium; blocks; one thread at a time. */
#define KL_TYPE_MEDIA_WRITER (kl_media_writer_get_type ())
G_DECLARE_DERIVABLE_TYPE (KlMediaWriter, kl_media_writer, KL, MEDIA_WRITER, GObject)

struct _KlMediaWriterClass
{
  GObjectClass parent_class;

  gboolean (*measure) (KlMediaWriter *self, guint64 *size, GError **error);
  gboolean (*write) (KlMediaWriter *self,
                     KlSink *sink,
                     KlProgress *progress,
                     GCancellable *cancellable,
                     GError **error);
  GPtrArray *(*get_regions) (KlMediaWriter *self);
  /* Optional: what must be on the medium last. */
  gboolean (*finish) (KlMediaWriter *self,
                      KlSink *sink,
                      GPtrArray *regions,
                      GCancellable *cancellable,
                      GError **error);
};

/* The size of the whole medium in bytes, known before anything is written. Errors:
 * KL_ERROR_PACKAGE_TOO_LARGE. */
gboolean kl_media_writer_measure (KlMediaWriter *self, guint64 *size, GError **error);
/* Writes everything but what must be last onto a sink that was prepared for the measured size; does
 * not flush or commit at its end. */
gboolean kl_media_writer_write (KlMediaWriter *self,
                                KlSink *sink,
                                KlProgress *progress,
                                GCancellable *cancellable,
                                GError **error);
/* After write and a flush, and after what was written has been read back: what makes the medium
 * start, so that one that is broken off never half starts; flushes. Nothing for an ISO file. */
gboolean kl_media_writer_finish (KlMediaWriter *self,
                                 KlSink *sink,
                                 GPtrArray *regions,
                                 GCancellable *cancellable,
                                 GError **error);
/* After write: what must be read back, sorted; borrowed, of KlRegion. */
GPtrArray *kl_media_writer_get_regions (KlMediaWriter *self);

G_END_DECLS
