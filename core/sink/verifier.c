/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-verifier"

#include "sink/verifier.h"

#include <stdlib.h>
#include <string.h>

#include "base/checksum.h"
#include "base/error.h"
#include "base/file-io.h"

/* One block is read while the other is summed, which is faster than any disk: 4 MiB in all. */
#define BLOCK_BYTES ((gsize) 2 << 20)
#define N_BLOCKS 2

#define ALIGNMENT ((gsize) 4096)

typedef struct
{
  guint8 *data;   /* owned, aligned */
  gsize length;   /* bytes in it; 0 ends the summing */
  guint64 offset; /* bytes, on the medium */
} Block;

typedef struct
{
  GPtrArray *regions; /* borrowed, of KlRegion */
  GAsyncQueue *free;  /* of Block */
  GAsyncQueue *full;  /* of Block */
  guint current;      /* index of the region that is being summed; summing thread only */
  guint32 crc;        /* of it so far; summing thread only */
  gint mismatch;      /* atomic; index of the first region that differs, or -1 */
} Check;

/**
 * kl_region_new:
 * @offset: bytes from the beginning of the medium
 * @length: bytes
 * @crc32c: of the bytes that should be there
 * @name: what they are, for the error message
 * @source_path: (nullable): the file that holds the same bytes
 *
 * Returns: (transfer full): free with kl_region_free()
 */
KlRegion *
kl_region_new (
    guint64 offset, guint64 length, guint32 crc32c, const char *name, const char *source_path)
{
  KlRegion *self = g_new0 (KlRegion, 1);

  self->offset = offset;
  self->length = length;
  self->crc32c = crc32c;
  self->name = g_strdup (name);
  self->source_path = g_strdup (source_path);
  return self;
}

void
kl_region_free (KlRegion *self)
{
  if (self == NULL)
    return;

  g_free (self->name);
  g_free (self->source_path);
  g_free (self);
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

/* Closes the region that is complete; FALSE once one differs. */
static gboolean
close_region (Check *check)
{
  const KlRegion *region = g_ptr_array_index (check->regions, check->current);

  if (check->crc != region->crc32c)
    {
      g_atomic_int_set (&check->mismatch, (gint) check->current);
      return FALSE;
    }

  check->current++;
  check->crc = 0;
  return TRUE;
}

/* Sums the parts of a block that lie in regions. Bytes between two regions count for nothing. */
static gboolean
sum_block (Check *check, const Block *block)
{
  guint64 end = block->offset + block->length;

  while (check->current < check->regions->len)
    {
      const KlRegion *region = g_ptr_array_index (check->regions, check->current);
      guint64 region_end = region->offset + region->length;
      guint64 from = MAX (block->offset, region->offset);
      guint64 to = MIN (end, region_end);

      if (from < to)
        check->crc = kl_crc32c_update (check->crc, block->data + (from - block->offset), to - from);
      if (end < region_end)
        return TRUE;
      if (!close_region (check))
        return FALSE;
    }

  return TRUE;
}

static gpointer
sum_thread (gpointer data)
{
  Check *check = data;
  gboolean same = TRUE;

  for (;;)
    {
      Block *block = g_async_queue_pop (check->full);
      gboolean last = block->length == 0;

      same = same && (last || sum_block (check, block));
      g_async_queue_push (check->free, block);
      if (last)
        return NULL;
    }
}

static guint64
end_of (GPtrArray *regions)
{
  const KlRegion *last = g_ptr_array_index (regions, regions->len - 1);

  return last->offset + last->length;
}

/* Where to read on from @offset: what lies between two regions is left out. @next: index of the
 * first region that does not end before. */
static guint64
skip_gap (GPtrArray *regions, guint *next, guint64 offset)
{
  const KlRegion *region = g_ptr_array_index (regions, *next);

  while (region->offset + region->length <= offset && *next + 1 < regions->len)
    region = g_ptr_array_index (regions, ++*next);
  return MAX (offset, region->offset - region->offset % ALIGNMENT);
}

static guint64
sum_lengths (GPtrArray *regions)
{
  guint64 sum = 0;

  for (guint i = 0; i < regions->len; i++)
    sum += ((const KlRegion *) g_ptr_array_index (regions, i))->length;
  return sum;
}

/* Reads from the first region to the end of the last, and hands the blocks on. */
static gboolean
read_blocks (
    Check *check, KlSink *sink, KlProgress *progress, GCancellable *cancellable, GError **error)
{
  const KlRegion *first = g_ptr_array_index (check->regions, 0);
  guint64 end = end_of (check->regions);
  guint64 offset = first->offset - first->offset % ALIGNMENT;
  guint next = 0;

  kl_progress_set_total (progress, sum_lengths (check->regions));
  while (offset < end && g_atomic_int_get (&check->mismatch) < 0)
    {
      gsize length = (gsize) MIN (BLOCK_BYTES, end - offset);
      Block *block;

      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;

      block = g_async_queue_pop (check->free);
      block->offset = offset;
      block->length = length;
      if (!kl_sink_read (sink, block->data, length, offset, error))
        {
          g_async_queue_push (check->free, block);
          return FALSE;
        }
      g_async_queue_push (check->full, block);
      kl_progress_advance (progress, length);
      offset = skip_gap (check->regions, &next, offset + length);
    }

  return TRUE;
}

/* Reads and sums at once; the mismatch, if any, is in @check afterwards. */
static gboolean
run_check (
    Check *check, KlSink *sink, KlProgress *progress, GCancellable *cancellable, GError **error)
{
  GThread *thread;
  Block *end;
  gboolean read;

  for (guint i = 0; i < N_BLOCKS; i++)
    g_async_queue_push (check->free, block_new ());

  thread = g_thread_new ("kl-verifier", sum_thread, check);
  read = read_blocks (check, sink, progress, cancellable, error);
  end = g_async_queue_pop (check->free);
  end->length = 0;
  g_async_queue_push (check->full, end);
  g_thread_join (thread);
  return read;
}

/* Compares a piece of a region, which lies in @block from @skip on, with the same bytes of its
 * source. Returns the first byte that differs, counted from @skip; @length for none; -1 where the
 * source cannot be read. */
static gint64
compare_piece (const Block *block,
               gsize skip,
               gsize length,
               int source,
               guint64 source_offset,
               const char *source_path,
               guint8 *buffer)
{
  if (!kl_read_at (source, buffer, length, source_offset, source_path, NULL))
    return -1;

  for (gsize i = 0; i < length; i++)
    if (block->data[skip + i] != buffer[i])
      return (gint64) i;

  return (gint64) length;
}

/* Compares a region with the file that its bytes came from. @medium_end: how far may be read, since
 * reading goes by whole blocks. Returns the first byte that differs, the region's length for none,
 * -1 where it cannot be compared. */
static gint64
find_difference (KlSink *sink,
                 const KlRegion *region,
                 guint64 medium_end,
                 GCancellable *cancellable)
{
  Block *block = block_new ();
  g_autofree guint8 *buffer = g_malloc (BLOCK_BYTES);
  guint64 end = region->offset + region->length;
  gint64 found = -1;
  gboolean same = TRUE;
  g_autofd int fd = kl_open_for_reading (region->source_path, NULL);

  for (guint64 at = region->offset - region->offset % ALIGNMENT; fd >= 0 && same && at < end;
       at += BLOCK_BYTES)
    {
      gsize to_read = (gsize) MIN (BLOCK_BYTES, medium_end - at);
      gsize skip = at < region->offset ? (gsize) (region->offset - at) : 0;
      gsize length = (gsize) MIN (to_read, end - at) - skip;
      guint64 in_region = at + skip - region->offset;
      gint64 differs = -1;

      if (!g_cancellable_is_cancelled (cancellable)
          && kl_sink_read (sink, block->data, to_read, at, NULL))
        differs = compare_piece (block, skip, length, fd, in_region, region->source_path, buffer);
      same = differs == (gint64) length;
      found = differs < 0 ? -1 : (gint64) in_region + differs;
    }

  block_free (block);
  return found;
}

static void
set_mismatch (KlSink *sink,
              const KlRegion *region,
              guint64 medium_end,
              GCancellable *cancellable,
              GError **error)
{
  gint64 at = -1;

  if (region->source_path != NULL)
    at = find_difference (sink, region, medium_end, cancellable);

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return;
  if (at < 0)
    g_set_error (error, KL_ERROR, KL_ERROR_MISMATCH,
                 "“%s” reads back differently, between byte %" G_GUINT64_FORMAT
                 " and byte %" G_GUINT64_FORMAT " of the medium",
                 region->name, region->offset, region->offset + region->length);
  else if ((guint64) at < region->length)
    g_set_error (error, KL_ERROR, KL_ERROR_MISMATCH,
                 "“%s” reads back differently from “%s”, first at byte %" G_GINT64_FORMAT
                 " (byte %" G_GUINT64_FORMAT " of the medium)",
                 region->name, region->source_path, at, region->offset + (guint64) at);
  else
    g_set_error (error, KL_ERROR, KL_ERROR_MISMATCH,
                 "“%s” on the medium (%" G_GUINT64_FORMAT
                 " bytes) is what its source “%s” holds now, and that has not the recorded "
                 "checksum %08x",
                 region->name, region->length, region->source_path, region->crc32c);
}

/**
 * kl_verify_regions:
 * @regions: (element-type KlRegion): sorted by offset, not overlapping
 * @progress: (nullable): gets its total here and advances by the bytes read
 *
 * Reads a medium back from the disk and compares CRC-32Cs: one thread reads blocks of 2 MiB, a
 * second one sums them (SHA-256 would be the slower of the two by a factor of three). 4 MiB of
 * memory, whatever the size. Stops at the first region that differs.
 *
 * Errors: KL_ERROR_MISMATCH, naming the region and, where its source is known, the first byte that
 * differs; those of kl_sink_read(); G_IO_ERROR_CANCELLED. Blocks; the sink is used in the calling
 * thread only.
 */
gboolean
kl_verify_regions (KlSink *sink,
                   GPtrArray *regions,
                   KlProgress *progress,
                   GCancellable *cancellable,
                   GError **error)
{
  Check check = { .regions = regions, .mismatch = -1 };
  gboolean verified;

  g_return_val_if_fail (KL_IS_SINK (sink), FALSE);
  g_return_val_if_fail (regions != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (regions->len == 0)
    return TRUE;

  check.free = g_async_queue_new_full ((GDestroyNotify) block_free);
  check.full = g_async_queue_new_full ((GDestroyNotify) block_free);
  verified = run_check (&check, sink, progress, cancellable, error);
  g_async_queue_unref (check.free);
  g_async_queue_unref (check.full);

  if (verified && check.mismatch >= 0)
    {
      set_mismatch (sink, g_ptr_array_index (regions, (guint) check.mismatch), end_of (regions),
                    cancellable, error);
      verified = FALSE;
    }
  return verified;
}
