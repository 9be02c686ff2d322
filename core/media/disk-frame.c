/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-disk-frame"

#include "media/disk-frame.h"

#include <stdlib.h>
#include <string.h>

#include "base/checksum.h"
#include "disk/partition-table.h"
#include "sink/verifier.h"

#define MIB ((guint64) 1 << 20)

/* What drives with large sectors want memory, offsets and lengths to be multiples of; bytes. */
#define ALIGNMENT ((guint64) 4096)

/* What is cleared at once; bytes. */
#define CLEAR_BYTES ((gsize) 512 << 10)

static guint8 *
allocate (gsize length)
{
  guint8 *bytes = aligned_alloc (ALIGNMENT, length);

  if (bytes == NULL)
    g_error ("Cannot get %" G_GSIZE_FORMAT " bytes of memory", length);
  memset (bytes, 0, length);
  return bytes;
}

/* So that cancelling is asked while it goes on. */
static gboolean
write_pieces (KlSink *sink,
              const guint8 *bytes,
              gsize length,
              guint64 offset,
              GCancellable *cancellable,
              GError **error)
{
  for (gsize at = 0; at < length; at += CLEAR_BYTES)
    if (g_cancellable_set_error_if_cancelled (cancellable, error)
        || !kl_sink_write (sink, bytes + at, MIN (CLEAR_BYTES, length - at), offset + at, error))
      return FALSE;
  return TRUE;
}

/**
 * kl_disk_frame_begin:
 * @sink: prepared for @disk_bytes
 * @disk_bytes: of the whole disk with all that is behind it
 * @head_bytes: of the new file system, in which others may have had their marks; multiple of 4,096
 *
 * Marks the disk as unfinished (see kl_disk_is_unfinished()) and takes away what it was before:
 * partition tables at both ends, boot sectors, signatures of file systems and RAID. Flushes.
 *
 * Errors: those of the sink; G_IO_ERROR_CANCELLED.
 */
gboolean
kl_disk_frame_begin (
    KlSink *sink, guint64 disk_bytes, gsize head_bytes, GCancellable *cancellable, GError **error)
{
  const guint64 tail = (disk_bytes - MIB) / ALIGNMENT * ALIGNMENT;
  const gsize front_bytes = (gsize) KL_DISK_FRAME_PARTITION + head_bytes;
  guint8 *bytes = allocate (front_bytes);
  gboolean cleared;

  G_STATIC_ASSERT (KL_DISK_FRAME_PARTITION >= MIB);
  kl_disk_mark_unfinished (bytes);
  kl_disk_label_unfinished (bytes);
  cleared = write_pieces (sink, bytes, front_bytes, 0, cancellable, error);
  memset (bytes, 0, KL_DISK_FRAME_FIRST_BLOCK);
  cleared = cleared
            && write_pieces (sink, bytes, (gsize) (disk_bytes - tail), tail, cancellable, error)
            && kl_sink_flush (sink, NULL, cancellable, error);
  free (bytes);
  return cleared;
}

/**
 * kl_disk_frame_add_front:
 * @pieces: (element-type KlPiece): still empty
 * @front: what lies before the partition, of which all but the first block is written now
 * @head_bytes: of the file system's first sectors, which stay zeros until kl_disk_frame_end()
 */
void
kl_disk_frame_add_front (GPtrArray *pieces, GBytes *front, gsize head_bytes)
{
  kl_pieces_add_bytes (
      pieces, KL_DISK_FRAME_FIRST_BLOCK,
      g_bytes_new_from_bytes (front, KL_DISK_FRAME_FIRST_BLOCK,
                              (gsize) KL_DISK_FRAME_PARTITION - KL_DISK_FRAME_FIRST_BLOCK),
      "sectors before the partition");
  kl_pieces_add (pieces, KL_DISK_FRAME_PARTITION, KL_DISK_FRAME_PARTITION + head_bytes,
                 "file system structures")
      ->temporary
      = TRUE;
}

/**
 * kl_disk_frame_add_tail:
 * @pieces: (element-type KlPiece): all that lies before the tail
 * @disk_bytes: of the whole disk
 * @tail: (nullable): the second partition table, which ends the disk
 */
void
kl_disk_frame_add_tail (GPtrArray *pieces, guint64 disk_bytes, GBytes *tail)
{
  guint64 offset;

  if (tail == NULL)
    return;

  offset = disk_bytes - g_bytes_get_size (tail);
  kl_pieces_add (pieces, offset - offset % ALIGNMENT, offset, "padding");
  kl_pieces_add_bytes (pieces, offset, g_bytes_ref (tail), "second partition table");
}

/* What is written later lies before what was written earlier. */
static gboolean
write_last (KlSink *sink,
            GBytes *content,
            gsize length,
            guint64 offset,
            const char *name,
            GPtrArray *regions,
            GError **error)
{
  guint8 *bytes = allocate (length);
  gboolean written;

  memcpy (bytes, g_bytes_get_data (content, NULL), length);
  written = kl_sink_write (sink, bytes, length, offset, error)
            && kl_sink_flush (sink, NULL, NULL, error);
  if (written)
    g_ptr_array_insert (
        regions, 0,
        kl_region_new (offset, length, kl_crc32c_update (0, bytes, length), name, NULL));
  free (bytes);
  return written;
}

/**
 * kl_disk_frame_end:
 * @head: the first sectors of the file system; a multiple of 4,096 bytes
 * @front: what lies before the partition, of which the first block is written
 * @regions: (element-type KlRegion): gets what is written here, sorted by offset
 *
 * The volume's boot sectors, and when they are there for sure the partition table. Flushes.
 *
 * Errors: those of the sink.
 */
gboolean
kl_disk_frame_end (KlSink *sink, GBytes *head, GBytes *front, GPtrArray *regions, GError **error)
{
  return write_last (sink, head, g_bytes_get_size (head), KL_DISK_FRAME_PARTITION, "boot sectors",
                     regions, error)
         && write_last (sink, front, KL_DISK_FRAME_FIRST_BLOCK, 0, "partition table", regions,
                        error);
}

/**
 * kl_disk_frame_make_serial:
 *
 * Returns: a random number that is not 0, for disks and volumes
 */
guint32
kl_disk_frame_make_serial (void)
{
  guint32 number;

  do
    number = g_random_int ();
  while (number == 0);
  return number;
}
