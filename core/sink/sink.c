/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-sink"

#include "sink/sink.h"

G_DEFINE_ABSTRACT_TYPE (KlSink, kl_sink, G_TYPE_OBJECT)

static void
kl_sink_class_init (KlSinkClass *klass)
{
}

static void
kl_sink_init (KlSink *self)
{
}

/**
 * kl_sink_prepare:
 * @size: bytes of the whole medium
 *
 * Makes room for the medium. Called again it changes nothing, unless for another size: what was
 * written before is then lost.
 *
 * Errors: KL_ERROR_NO_SPACE with the bytes that are needed and those that are there; others of the
 * kind of sink. Blocks; one thread at a time, as all functions of a sink but
 * kl_sink_read().
 */
gboolean
kl_sink_prepare (KlSink *self, guint64 size, GError **error)
{
  g_return_val_if_fail (KL_IS_SINK (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return KL_SINK_GET_CLASS (self)->prepare (self, size, error);
}

/**
 * kl_sink_write:
 * @data: (array length=length): what to write
 * @offset: bytes from the beginning of the medium
 *
 * Errors: KL_ERROR_* of pwrite(2), naming target and byte.
 */
gboolean
kl_sink_write (KlSink *self, const void *data, gsize length, guint64 offset, GError **error)
{
  g_return_val_if_fail (KL_IS_SINK (self), FALSE);
  g_return_val_if_fail (data != NULL || length == 0, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return KL_SINK_GET_CLASS (self)->write (self, data, length, offset, error);
}

/**
 * kl_sink_copy:
 * @source: descriptor of a file, open for reading
 * @source_name: its name, for messages
 * @source_offset: bytes from its beginning
 * @length: bytes
 * @offset: bytes from the beginning of the medium
 * @crc32c: (out) (optional): the CRC-32C of the bytes copied
 * @progress: (nullable): advances by the bytes copied
 *
 * Copies from a file, by the shortest way there is.
 *
 * Errors: KL_ERROR_* of reading and writing; KL_ERROR_FORMAT if the source ends early;
 * G_IO_ERROR_CANCELLED.
 */
gboolean
kl_sink_copy (KlSink *self,
              int source,
              const char *source_name,
              guint64 source_offset,
              guint64 length,
              guint64 offset,
              guint32 *crc32c,
              KlProgress *progress,
              GCancellable *cancellable,
              GError **error)
{
  g_return_val_if_fail (KL_IS_SINK (self), FALSE);
  g_return_val_if_fail (source >= 0 && source_name != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return KL_SINK_GET_CLASS (self)->copy (self, source, source_name, source_offset, length, offset,
                                         crc32c, progress, cancellable, error);
}

/**
 * kl_sink_flush:
 * @progress: (nullable): gets the bytes of the medium as its total and advances by those on the
 * disk
 *
 * Returns when everything written is on the disk.
 *
 * Errors: KL_ERROR_IO and others of fsync(2); G_IO_ERROR_CANCELLED.
 */
gboolean
kl_sink_flush (KlSink *self, KlProgress *progress, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (KL_IS_SINK (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return KL_SINK_GET_CLASS (self)->flush (self, progress, cancellable, error);
}

/**
 * kl_sink_read:
 * @buffer: aligned to 4096 bytes
 * @length: bytes, a multiple of 4096 but for the last piece of the medium
 * @offset: bytes from the beginning of the medium, a multiple of 4096
 *
 * Reads what the disk holds, not what the page cache remembers; call after kl_sink_flush().
 *
 * Errors: KL_ERROR_* of pread(2); KL_ERROR_FORMAT at an early end.
 */
gboolean
kl_sink_read (KlSink *self, void *buffer, gsize length, guint64 offset, GError **error)
{
  g_return_val_if_fail (KL_IS_SINK (self), FALSE);
  g_return_val_if_fail (buffer != NULL && (guintptr) buffer % 4096 == 0, FALSE);
  g_return_val_if_fail (offset % 4096 == 0, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return KL_SINK_GET_CLASS (self)->read (self, buffer, length, offset, error);
}

/**
 * kl_sink_commit:
 *
 * Puts the finished medium in the place of what was there before. The last call to a sink.
 *
 * Errors: those of the kind of sink; what was there before is then still there.
 */
gboolean
kl_sink_commit (KlSink *self, GError **error)
{
  g_return_val_if_fail (KL_IS_SINK (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return KL_SINK_GET_CLASS (self)->commit (self, error);
}
