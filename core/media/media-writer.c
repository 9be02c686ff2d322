/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-media-writer"

#include "media/media-writer.h"

G_DEFINE_ABSTRACT_TYPE (KlMediaWriter, kl_media_writer, G_TYPE_OBJECT)

static void
kl_media_writer_class_init (KlMediaWriterClass *klass)
{
}

static void
kl_media_writer_init (KlMediaWriter *self)
{
}

/**
 * kl_media_writer_measure:
 * @size: (out): bytes of the whole medium, exactly as many as kl_media_writer_write() writes
 *
 * Lays the medium out without writing it. Blocks shortly; no file's content is read.
 *
 * Errors: KL_ERROR_PACKAGE_TOO_LARGE, detail: the boot image ID.
 */
gboolean
kl_media_writer_measure (KlMediaWriter *self, guint64 *size, GError **error)
{
  g_return_val_if_fail (KL_IS_MEDIA_WRITER (self), FALSE);
  g_return_val_if_fail (size != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return KL_MEDIA_WRITER_GET_CLASS (self)->measure (self, size, error);
}

/**
 * kl_media_writer_write:
 * @sink: a new sink
 * @progress: (nullable): gets its total here and advances by the bytes of the medium
 *
 * Prepares the sink and writes everything but what kl_media_writer_finish() writes; does not flush
 * at its end, or commit. Once per writer.
 *
 * Errors: those of kl_media_writer_measure() and of the sink; of reading the layout's files;
 * KL_ERROR_MISSING_PACKAGE, detail: the boot image ID, if one of them is no longer what the layout
 * says; G_IO_ERROR_CANCELLED.
 */
gboolean
kl_media_writer_write (KlMediaWriter *self,
                       KlSink *sink,
                       KlProgress *progress,
                       GCancellable *cancellable,
                       GError **error)
{
  g_return_val_if_fail (KL_IS_MEDIA_WRITER (self), FALSE);
  g_return_val_if_fail (KL_IS_SINK (sink), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return KL_MEDIA_WRITER_GET_CLASS (self)->write (self, sink, progress, cancellable, error);
}

/**
 * kl_media_writer_finish:
 * @sink: the one that was written to, and flushed since
 * @regions: (element-type KlRegion): gets what is written here and must be read back, sorted by
 *   offset
 *
 * Writes what turns the bytes on the sink into a medium that starts, and flushes that.
 *
 * Errors: those of the sink; G_IO_ERROR_CANCELLED.
 */
gboolean
kl_media_writer_finish (KlMediaWriter *self,
                        KlSink *sink,
                        GPtrArray *regions,
                        GCancellable *cancellable,
                        GError **error)
{
  KlMediaWriterClass *klass;

  g_return_val_if_fail (KL_IS_MEDIA_WRITER (self), FALSE);
  g_return_val_if_fail (KL_IS_SINK (sink), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  klass = KL_MEDIA_WRITER_GET_CLASS (self);
  return klass->finish == NULL || klass->finish (self, sink, regions, cancellable, error);
}

/**
 * kl_media_writer_get_regions:
 *
 * Returns: (transfer none) (element-type KlRegion): what must be read back, sorted by offset: every
 *   byte that kl_media_writer_write() wrote; empty before that
 */
GPtrArray *
kl_media_writer_get_regions (KlMediaWriter *self)
{
  g_return_val_if_fail (KL_IS_MEDIA_WRITER (self), NULL);

  return KL_MEDIA_WRITER_GET_CLASS (self)->get_regions (self);
}
