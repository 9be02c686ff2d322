/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-verifier"

#include "sink/verifier.h"

#include <stdlib.h>
#include <string.h>

#include "base/checksum.h"
#include "base/error.h"
#include "base/file-io.h"

/* Each thread has one: 4 MiB in all. */
#define BLOCK_BYTES ((gsize) 2 << 20)

#define ALIGNMENT ((gsize) 4096)

typedef struct
{
  guint8 *data;   /* owned, aligned */
  gsize length;   /* bytes in it */
  guint64 offset; /* bytes, on the medium */
  guint region;   /* index of the first one that does not end before */
} Block;

typedef struct
{
  GPtrArray *regions; /* borrowed, of KlRegion */
  KlSink *sink;       /* borrowed */
  KlProgress *progress;
  GCancellable *cancellable;
  guint64 end; /* bytes, of the last region */

  GMutex lock;     /* for all that follows */
  guint64 offset;  /* bytes, of the next block to read */
  guint region;    /* index of the first one that does not end before */
  guint32 *found;  /* of each region: what its parts read so far add to its CRC-32C */
  guint64 *left;   /* of each region: bytes not read yet */
  gboolean ended;  /* somewhere something was wrong */
  guint64 problem; /* bytes; where error came from */
  GError *error;   /* owned, nullable; the one of the lowest offset */
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

/* Where to read on: what lies between two regions is left out. Lock held. */
static void
skip_gap (Check *self)
{
  const KlRegion *region = g_ptr_array_index (self->regions, self->region);

  while (region->offset + region->length <= self->offset && self->region + 1 < self->regions->len)
    region = g_ptr_array_index (self->regions, ++self->region);
  self->offset = MAX (self->offset, region->offset - region->offset % ALIGNMENT);
}

/* Gives a thread the next block to read; %FALSE at the end. */
static gboolean
take_block (Check *self, Block *block)
{
  gboolean taken;

  g_mutex_lock (&self->lock);
  skip_gap (self);
  taken = !self->ended && self->offset < self->end;
  if (taken)
    {
      block->offset = self->offset;
      block->length = (gsize) MIN (BLOCK_BYTES, self->end - self->offset);
      block->region = self->region;
      self->offset += block->length;
    }
  g_mutex_unlock (&self->lock);
  return taken;
}

static void
fail (Check *self, guint64 offset, GError *error)
{
  g_mutex_lock (&self->lock);
  if (self->error == NULL || offset < self->problem)
    {
      g_clear_error (&self->error);
      self->error = g_steal_pointer (&error);
      self->problem = offset;
    }
  self->ended = TRUE;
  g_mutex_unlock (&self->lock);
  g_clear_error (&error);
}

/* Parts of a region come in any order: each counts by itself, as if zeros stood for the others. */
static void
add_part (Check *self, guint number, guint32 crc, guint64 length, guint64 behind)
{
  const KlRegion *region = g_ptr_array_index (self->regions, number);
  const guint32 counts = kl_crc32c_shift (crc, behind);

  g_mutex_lock (&self->lock);
  self->found[number] ^= counts;
  self->left[number] -= length;
  if (self->left[number] == 0 && self->found[number] != region->crc32c)
    self->ended = TRUE;
  g_mutex_unlock (&self->lock);
}

/* Sums the parts of a block that lie in regions. Bytes between two regions count for nothing. */
static void
sum_block (Check *self, const Block *block)
{
  const guint64 end = block->offset + block->length;

  for (guint i = block->region; i < self->regions->len; i++)
    {
      const KlRegion *region = g_ptr_array_index (self->regions, i);
      const guint64 region_end = region->offset + region->length;
      const guint64 from = MAX (block->offset, region->offset);
      const guint64 to = MIN (end, region_end);

      if (region->offset >= end)
        return;
      if (from < to)
        add_part (self, i, kl_crc32c_update (0, block->data + (from - block->offset), to - from),
                  to - from, region_end - to);
    }
}

static gpointer
check_blocks (gpointer data)
{
  Check *self = data;
  Block *block = block_new ();

  while (take_block (self, block))
    {
      GError *error = NULL;

      if (g_cancellable_set_error_if_cancelled (self->cancellable, &error)
          || !kl_sink_read (self->sink, block->data, block->length, block->offset, &error))
        {
          fail (self, block->offset, error);
          break;
        }
      sum_block (self, block);
      kl_progress_advance (self->progress, block->length);
    }

  block_free (block);
  return NULL;
}

/* Returns the first region that was read and differs, or %NULL. */
static const KlRegion *
find_mismatch (const Check *self)
{
  for (guint i = 0; i < self->regions->len; i++)
    {
      const KlRegion *region = g_ptr_array_index (self->regions, i);

      if (self->left[i] == 0 && self->found[i] != region->crc32c)
        return region;
    }
  return NULL;
}

static guint64
sum_lengths (GPtrArray *regions)
{
  guint64 sum = 0;

  for (guint i = 0; i < regions->len; i++)
    sum += ((const KlRegion *) g_ptr_array_index (regions, i))->length;
  return sum;
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
 * Reads a medium back from the disk and compares CRC-32Cs: this thread and one more take blocks of
 * 2 MiB in turn and sum up what they have read, so that the disk has always something to do
 * (SHA-256 would be slower than most disks). 4 MiB of memory, whatever the size. Stops at the first
 * region that differs.
 *
 * Errors: KL_ERROR_MISMATCH, naming the region and, where its source is known, the first byte that
 * differs; those of kl_sink_read(); G_IO_ERROR_CANCELLED. Blocks; any thread.
 */
gboolean
kl_verify_regions (KlSink *sink,
                   GPtrArray *regions,
                   KlProgress *progress,
                   GCancellable *cancellable,
                   GError **error)
{
  Check check
      = { .regions = regions, .sink = sink, .progress = progress, .cancellable = cancellable };
  g_autofree guint32 *found = NULL;
  g_autofree guint64 *left = NULL;
  const KlRegion *last, *differs;
  GThread *helper;

  g_return_val_if_fail (KL_IS_SINK (sink), FALSE);
  g_return_val_if_fail (regions != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (regions->len == 0)
    return TRUE;

  last = g_ptr_array_index (regions, regions->len - 1);
  check.end = last->offset + last->length;
  check.found = found = g_new0 (guint32, regions->len);
  check.left = left = g_new0 (guint64, regions->len);
  for (guint i = 0; i < regions->len; i++)
    left[i] = ((const KlRegion *) g_ptr_array_index (regions, i))->length;

  kl_progress_set_total (progress, sum_lengths (regions));
  g_mutex_init (&check.lock);
  helper = g_thread_try_new ("kl-verifier", check_blocks, &check, NULL);
  check_blocks (&check);
  if (helper != NULL)
    g_thread_join (helper);
  g_mutex_clear (&check.lock);

  differs = find_mismatch (&check);
  if (check.error != NULL
      && (differs == NULL || differs->offset > check.problem
          || g_error_matches (check.error, G_IO_ERROR, G_IO_ERROR_CANCELLED)))
    {
      g_propagate_error (error, check.error);
      return FALSE;
    }
  g_clear_error (&check.error);
  if (differs != NULL)
    set_mismatch (sink, differs, check.end, cancellable, error);
  return differs == NULL;
}
