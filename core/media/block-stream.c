/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-block-stream"

#include "media/block-stream.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/checksum.h"
#include "base/error.h"
#include "base/file-io.h"

/* One block is written while the next ones are read: 1.5 MiB in all. Larger blocks are no faster,
 * and cancelling is asked between two. */
#define BLOCK_BYTES ((gsize) 512 << 10)
#define N_BLOCKS 3

#define ALIGNMENT ((gsize) 4096)

typedef struct
{
  guint8 *data;     /* owned, aligned */
  gsize length;     /* bytes in it; 0: there are no more */
  guint64 offset;   /* bytes, on the medium */
  const char *name; /* borrowed; of the piece that it begins in */
} Block;

/* What the reading thread works on; only the queues and stop are shared while it runs. */
typedef struct
{
  GPtrArray *pieces; /* borrowed; of KlPiece */
  KlMediaLayout *layout;
  KlReadMember *member;      /* nullable */
  GCancellable *cancellable; /* borrowed, nullable */
  GPtrArray *regions;        /* borrowed; of KlRegion */
  GAsyncQueue *free;         /* of Block */
  GAsyncQueue *full;         /* of Block */
  gint stop;                 /* atomic */
  guint current;             /* index of the piece that comes next or goes on */
  guint64 done;              /* bytes of it so far */
  guint32 crc32c;            /* of them */
  int fd;                    /* owned; the item's file; -1 */
  GError *error;             /* owned; read after the thread has ended */
} Reader;

static void
piece_free (KlPiece *self)
{
  g_clear_pointer (&self->bytes, g_bytes_unref);
  g_free (self->name);
  g_free (self);
}

/**
 * kl_pieces_new:
 *
 * Returns: (transfer full) (element-type KlPiece): what is to be written, in ascending order; free
 * with g_ptr_array_unref()
 */
GPtrArray *
kl_pieces_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) piece_free);
}

/**
 * kl_pieces_add:
 * @offset: bytes from the beginning of the medium
 * @end: where it ends, likewise
 * @name: what it is, for messages
 *
 * Returns: (transfer none) (nullable): a piece of zeros until its content is set; %NULL where
 * nothing lies between @offset and @end
 */
KlPiece *
kl_pieces_add (GPtrArray *pieces, guint64 offset, guint64 end, const char *name)
{
  KlPiece *piece;

  if (offset >= end)
    return NULL;

  piece = g_new0 (KlPiece, 1);
  piece->offset = offset;
  piece->length = end - offset;
  piece->name = g_strdup (name);
  g_ptr_array_add (pieces, piece);
  return piece;
}

/**
 * kl_pieces_add_bytes:
 * @offset: bytes from the beginning of the medium
 * @bytes: (transfer full): not empty
 * @name: what it is, for messages
 */
void
kl_pieces_add_bytes (GPtrArray *pieces, guint64 offset, GBytes *bytes, const char *name)
{
  kl_pieces_add (pieces, offset, offset + g_bytes_get_size (bytes), name)->bytes = bytes;
}

static void
block_free (Block *self)
{
  free (self->data);
  g_free (self);
}

static Block *
block_new (void)
{
  Block *self = g_new0 (Block, 1);

  self->data = aligned_alloc (ALIGNMENT, BLOCK_BYTES);
  if (self->data == NULL)
    g_error ("Cannot get %" G_GSIZE_FORMAT " bytes of memory", BLOCK_BYTES);
  return self;
}

G_GNUC_PRINTF (3, 4)
static gboolean
set_changed_error (Reader *self, const KlLayoutItem *item, const char *format, ...)
{
  g_autofree char *how = NULL;
  va_list arguments;

  va_start (arguments, format);
  how = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_set_error (&self->error, KL_ERROR, KL_ERROR_MISSING_PACKAGE,
               "“%s” of boot image %s has changed since it was imported: %s", item->file,
               kl_media_layout_get_image_id (self->layout), how);
  kl_error_set_detail (self->error, kl_media_layout_get_image_id (self->layout));
  return FALSE;
}

static gboolean
open_item (Reader *self, const KlLayoutItem *item)
{
  struct stat info;

  self->fd = kl_open_with_info (item->file, &info, &self->error);
  if (self->fd < 0)
    return FALSE;
  if ((guint64) info.st_size == item->size)
    return TRUE;
  return set_changed_error (self, item, "%" G_GUINT64_FORMAT " bytes and not %" G_GUINT64_FORMAT,
                            (guint64) info.st_size, item->size);
}

static gboolean
read_item (Reader *self, const KlLayoutItem *item, guint8 *bytes, gsize length)
{
  if (self->member != NULL)
    return kl_read_member_read (self->member, self->fd, bytes, length, self->done, item->file,
                                self->cancellable, &self->error);
  return kl_read_at (self->fd, bytes, length, self->done, item->file, &self->error);
}

/* The part of the current piece from done on. */
static gboolean
fill (Reader *self, const KlPiece *piece, guint8 *bytes, gsize length)
{
  const KlLayoutItem *item = piece->item;
  GBytes *content = item != NULL ? item->bytes : piece->bytes;

  if (content != NULL)
    memcpy (bytes, (const guint8 *) g_bytes_get_data (content, NULL) + self->done, length);
  else if (item != NULL)
    return (self->fd >= 0 || open_item (self, item)) && read_item (self, item, bytes, length);
  else if (piece->make != NULL)
    piece->make (piece->data, piece->number, self->done, bytes, length);
  else
    memset (bytes, 0, length);
  return TRUE;
}

/* Closes a piece that is complete. */
static gboolean
end_piece (Reader *self, const KlPiece *piece)
{
  const char *source = piece->item != NULL ? piece->item->file : NULL;

  if (piece->item != NULL && self->crc32c != piece->item->crc32c && source != NULL)
    return set_changed_error (self, piece->item, "its checksum differs");

  if (!piece->temporary && piece->length > 0)
    g_ptr_array_add (self->regions, kl_region_new (piece->offset, piece->length, self->crc32c,
                                                   piece->name, source));
  kl_close_fd (&self->fd);
  self->current++;
  self->done = 0;
  self->crc32c = 0;
  return TRUE;
}

/* How far the next block may go from @offset: to the next whole block of the medium, or to a gap.
 */
static gsize
choose_length (Reader *self, guint64 offset)
{
  guint64 limit = (offset / BLOCK_BYTES + 1) * BLOCK_BYTES;
  guint64 end = offset;

  for (guint i = self->current; i < self->pieces->len && end < limit; i++)
    {
      const KlPiece *piece = self->pieces->pdata[i];

      if (piece->offset > end)
        break;
      end = piece->offset + piece->length;
    }
  return (gsize) (MIN (end, limit) - offset);
}

/* Fills a block with what comes next; its length is 0 behind the last piece. */
static gboolean
fill_block (Reader *self, Block *block)
{
  const KlPiece *piece;
  gsize at = 0;

  block->length = 0;
  if (self->current == self->pieces->len)
    return TRUE;

  piece = self->pieces->pdata[self->current];
  block->offset = piece->offset + self->done;
  block->name = piece->name;
  block->length = choose_length (self, block->offset);
  while (at < block->length)
    {
      gsize n;

      piece = self->pieces->pdata[self->current];
      n = (gsize) MIN (MIN (piece->length - self->done, block->length - at), KL_IO_BLOCK);
      if (g_atomic_int_get (&self->stop) || !fill (self, piece, block->data + at, n))
        return FALSE;
      self->crc32c = kl_crc32c_update (self->crc32c, block->data + at, n);
      self->done += n;
      at += n;
      if (self->done == piece->length && !end_piece (self, piece))
        return FALSE;
    }
  return TRUE;
}

static gpointer
read_thread (gpointer data)
{
  Reader *self = data;
  gboolean more = TRUE;

  while (more)
    {
      Block *block = g_async_queue_pop (self->free);

      if (!fill_block (self, block))
        block->length = 0;
      more = block->length > 0;
      g_async_queue_push (self->full, block);
    }
  kl_close_fd (&self->fd);
  return NULL;
}

static gboolean
write_block (const Block *block,
             KlSink *sink,
             KlProgress *progress,
             GCancellable *cancellable,
             GError **error)
{
  const char *name = block->name[0] == '/' ? block->name + 1 : block->name;

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;

  kl_progress_set_info (progress, "Writing %s", name);
  if (!kl_sink_write (sink, block->data, block->length, block->offset, error))
    return FALSE;
  kl_progress_advance (progress, block->length);
  return TRUE;
}

/* Takes blocks until there are no more; after a failure they go back unwritten. */
static gboolean
write_blocks (
    Reader *reader, KlSink *sink, KlProgress *progress, GCancellable *cancellable, GError **error)
{
  gboolean written = TRUE;

  for (;;)
    {
      Block *block = g_async_queue_pop (reader->full);
      gboolean last = block->length == 0;

      if (!last && written && !write_block (block, sink, progress, cancellable, error))
        {
          written = FALSE;
          g_atomic_int_set (&reader->stop, TRUE);
          kl_read_member_finish (reader->member);
        }
      g_async_queue_push (reader->free, block);
      if (last)
        return written;
    }
}

static guint64
sum_lengths (GPtrArray *pieces)
{
  guint64 total = 0;

  for (guint i = 0; i < pieces->len; i++)
    total += ((const KlPiece *) pieces->pdata[i])->length;
  return total;
}

/**
 * kl_pieces_write:
 * @pieces: (element-type KlPiece): sorted by offset, not overlapping, none empty; what lies between
 *   them is not written. Offsets and lengths of contiguous ones together are multiples of 4,096
 *   where the sink wants that
 * @layout: (nullable): needed for pieces that are items of it
 * @member: (nullable): through which files are read that others write at the same time; is finished
 *   afterwards
 * @regions: (element-type KlRegion): gets what was written, with its sums
 * @progress: (nullable): gets its total here and advances by the bytes written
 *
 * Writes pieces in one ascending pass of blocks of 512 KiB that begin at multiples of 512 KiB,
 * reading ahead in a thread of its own. 1.5 MiB of memory, whatever the sizes.
 *
 * Errors: those of reading and of the sink; KL_ERROR_MISSING_PACKAGE, detail: the boot image ID,
 * where a file is no longer what the layout says; G_IO_ERROR_CANCELLED.
 */
gboolean
kl_pieces_write (GPtrArray *pieces,
                 KlMediaLayout *layout,
                 KlReadMember *member,
                 KlSink *sink,
                 GPtrArray *regions,
                 KlProgress *progress,
                 GCancellable *cancellable,
                 GError **error)
{
  Reader reader = { .pieces = pieces,
                    .layout = layout,
                    .member = member,
                    .cancellable = cancellable,
                    .regions = regions,
                    .fd = -1 };
  gboolean written;
  GThread *thread;

  reader.free = g_async_queue_new_full ((GDestroyNotify) block_free);
  reader.full = g_async_queue_new_full ((GDestroyNotify) block_free);
  for (guint i = 0; i < N_BLOCKS; i++)
    g_async_queue_push (reader.free, block_new ());

  kl_progress_set_total (progress, sum_lengths (pieces));
  thread = g_thread_new ("kl-block-stream", read_thread, &reader);
  written = write_blocks (&reader, sink, progress, cancellable, error);
  g_thread_join (thread);
  kl_read_member_finish (member);
  g_async_queue_unref (reader.free);
  g_async_queue_unref (reader.full);

  if (!written)
    g_clear_error (&reader.error);
  else if (reader.error != NULL)
    {
      g_propagate_error (error, reader.error);
      return FALSE;
    }
  return written;
}
