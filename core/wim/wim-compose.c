/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-wim-compose"

#include "wim/wim.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>

#include <glib/gstdio.h>

#include "base/checksum.h"
#include "base/error.h"
#include "base/file-copy.h"
#include "base/file-io.h"
#include "wim/wim-compress.h"
#include "wim/wim-library.h"

/* What is written at once, and how much of that waits to be written and summed up; bytes and
 * blocks.
 */
#define BLOCK_SIZE KL_IO_BLOCK
#define N_BLOCKS 6

/* Less than that is not worth the calls that it takes to share it; bytes. */
#define MIN_SHARED ((guint64) 64 << 10)

/* What is copied at once where it goes through the page cache; bytes. */
#define COPY_SIZE ((gsize) 128 << 10)

/* How much is written through the page cache before its write-back begins; bytes. */
#define WRITE_BACK ((guint64) 8 << 20)

typedef struct
{
  guint8 *data;        /* BLOCK_SIZE bytes, owned */
  gsize filled;        /* bytes in it; 0 ends the writing */
  gboolean is_there;   /* in the file already: it is only summed up */
  GAsyncQueue *spares; /* that it belongs to, borrowed */
} Block;

/* From … to, bytes in the target. */
typedef struct
{
  guint64 start;
  guint64 end;
} Range;

/* A file that is being written from its first byte to its last, and summed up on the way. What was
 * compressed, or shares blocks with another file, is there before and only summed up. The rest goes
 * past the page cache where that can be: to put it there, and to start its write-back, costs more
 * time of processors than all the rest. */
typedef struct
{
  const char *path;
  int fd;              /* past the page cache; the writer's */
  int plain_fd;        /* through the page cache */
  GArray *shared;      /* of Range, ascending */
  guint next_shared;   /* the first that does not lie before what is written */
  Block *block;        /* that is being filled, owned; NULL before the first */
  guint64 at;          /* bytes that went into blocks so far */
  KlPartSum source;    /* of the file that is kept */
  GAsyncQueue *spares; /* of Block */

  /* A thread writes what another reads meanwhile, and a third sums it up. */
  GThread *writer;
  GAsyncQueue *full;   /* of Block */
  guint64 written;     /* bytes; the writer's, as all below */
  guint64 fresh_start; /* bytes */
  guint32 crc32c;
  guint32 fresh_crc32c;
  KlHasher *hasher;
  GError *failure; /* read once it has ended */
  gint has_failed; /* atomic */
  KlProgress *progress;
  GCancellable *cancellable;
} Output;

static void
block_free (gpointer data)
{
  free (((Block *) data)->data);
  g_free (data);
}

static void
give_back (gpointer data)
{
  g_async_queue_push (((Block *) data)->spares, data);
}

static void
leave_direct (Output *self)
{
  int flags = fcntl (self->fd, F_GETFL);

  if (flags >= 0 && (flags & O_DIRECT) != 0)
    fcntl (self->fd, F_SETFL, flags & ~O_DIRECT);
}

static gboolean
write_bytes (Output *self, const void *data, gsize size, GError **error)
{
  g_autoptr (GError) wrong = NULL;

  if (size % KL_WIM_ALIGNMENT != 0)
    leave_direct (self);
  if (kl_write_at (self->fd, data, size, self->written, self->path, &wrong))
    return TRUE;

  /* Some file systems find out only now. */
  if (g_error_matches (wrong, KL_ERROR, KL_ERROR_INVALID_ARGUMENT))
    {
      leave_direct (self);
      return kl_write_at (self->fd, data, size, self->written, self->path, error);
    }
  g_propagate_error (error, g_steal_pointer (&wrong));
  return FALSE;
}

/* @length bytes of the file from @offset on, as far as they count for what is new. */
static void
sum_up_fresh (Output *self, const guint8 *data, guint64 offset, gsize length)
{
  gsize skip = offset < self->fresh_start ? (gsize) MIN (self->fresh_start - offset, length) : 0;

  if (offset == 0)
    self->fresh_crc32c
        = kl_crc32c_update (self->fresh_crc32c, data, MIN (length, KL_WIM_HEADER_SIZE));
  self->fresh_crc32c = kl_crc32c_update (self->fresh_crc32c, data + skip, length - skip);
}

static gboolean
take_block (Output *self, Block *block, GError **error)
{
  g_autoptr (GBytes) bytes
      = g_bytes_new_with_free_func (block->data, block->filled, give_back, block);

  if (self->failure != NULL)
    return FALSE;
  if (g_cancellable_set_error_if_cancelled (self->cancellable, error)
      || (!block->is_there && !write_bytes (self, block->data, block->filled, error)))
    return FALSE;

  self->crc32c = kl_crc32c_update (self->crc32c, block->data, block->filled);
  sum_up_fresh (self, block->data, self->written, block->filled);
  self->written += block->filled;
  kl_hasher_feed (self->hasher, bytes);
  kl_progress_advance (self->progress, block->filled);
  return TRUE;
}

/* After a failure or a cancel it goes on taking blocks, so that nobody waits for one. */
static gpointer
write_thread (gpointer user_data)
{
  Output *self = user_data;
  Block *block;

  while ((block = g_async_queue_pop (self->full))->filled > 0)
    if (!take_block (self, block, self->failure == NULL ? &self->failure : NULL))
      g_atomic_int_set (&self->has_failed, TRUE);
  return NULL;
}

/* A full disk is found out now, as far as it is known what will be written. In memory that would
 * take as long as to write it. */
static gboolean
reserve (Output *self, guint64 offset, guint64 size, GError **error)
{
  struct statfs info;

  if (fstatfs (self->plain_fd, &info) == 0 && info.f_type == TMPFS_MAGIC)
    return TRUE;
  if (fallocate (self->plain_fd, 0, (off_t) offset, (off_t) size) == 0
      || !(errno == ENOSPC || errno == EDQUOT || errno == EFBIG))
    return TRUE;

  kl_set_error_errno (error, errno, "Cannot write “%s”, which has %" G_GUINT64_FORMAT " bytes",
                      self->path, offset + size);
  return FALSE;
}

static gboolean
output_create (Output *self, GError **error)
{
  self->plain_fd = open (self->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, KL_FILE_MODE);
  if (self->plain_fd < 0)
    {
      kl_set_error_errno (error, errno, "Cannot create “%s”", self->path);
      return FALSE;
    }
  return TRUE;
}

static gboolean
output_open (Output *self, GError **error)
{
  self->fd = open (self->path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC | O_DIRECT);
  if (self->fd < 0 && errno == EINVAL)
    self->fd = open (self->path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
  if (self->fd < 0)
    {
      kl_set_error_errno (error, errno, "Cannot open “%s”", self->path);
      return FALSE;
    }
  self->shared = g_array_new (FALSE, FALSE, sizeof (Range));
  return TRUE;
}

static void
start_writer (Output *self)
{
  self->spares = g_async_queue_new_full (block_free);
  for (guint i = 0; i < N_BLOCKS; i++)
    {
      Block *block = g_new0 (Block, 1);

      block->data = aligned_alloc (KL_WIM_ALIGNMENT, BLOCK_SIZE);
      block->spares = self->spares;
      g_assert (block->data != NULL);
      g_async_queue_push (self->spares, block);
    }
  self->full = g_async_queue_new ();
  self->hasher = kl_hasher_new ();
  self->writer = g_thread_new ("kl-write", write_thread, self);
}

static void
stop_writer (Output *self)
{
  Block end = { 0 };

  if (self->writer == NULL)
    return;

  g_async_queue_push (self->full, &end);
  g_thread_join (g_steal_pointer (&self->writer));
}

static void
output_clear (Output *self)
{
  stop_writer (self);
  g_clear_pointer (&self->full, g_async_queue_unref);
  /* Its blocks come back. */
  g_clear_pointer (&self->hasher, kl_hasher_free);
  g_clear_pointer (&self->block, block_free);
  g_clear_pointer (&self->spares, g_async_queue_unref);
  g_clear_pointer (&self->shared, g_array_unref);
  g_clear_error (&self->failure);
  kl_close_fd (&self->fd);
  kl_close_fd (&self->plain_fd);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Output, output_clear)

static void
flush_block (Output *self)
{
  if (self->block == NULL)
    return;
  if (self->block->filled > 0)
    g_async_queue_push (self->full, self->block);
  else
    give_back (self->block);
  self->block = NULL;
}

/* Room for up to @length bytes in a block that is all there already, or all not. */
static gboolean
make_room (Output *self, gboolean is_there, guint64 length, gsize *n)
{
  /* What failed is told once the writer has ended. */
  if (g_atomic_int_get (&self->has_failed))
    return FALSE;
  if (self->block != NULL
      && (self->block->filled == BLOCK_SIZE || self->block->is_there != is_there))
    flush_block (self);
  if (self->block == NULL)
    {
      self->block = g_async_queue_pop (self->spares);
      self->block->filled = 0;
      self->block->is_there = is_there;
    }
  *n = (gsize) MIN (length, BLOCK_SIZE - self->block->filled);
  return TRUE;
}

static void
fill (Output *self, gsize n)
{
  self->block->filled += n;
  self->at += n;
}

static gboolean
put_bytes (Output *self, GBytes *bytes)
{
  gsize size, n;
  const guint8 *data = g_bytes_get_data (bytes, &size);

  for (; size > 0; data += n, size -= n)
    {
      if (!make_room (self, FALSE, size, &n))
        return FALSE;
      memcpy (self->block->data + self->block->filled, data, n);
      fill (self, n);
    }
  return TRUE;
}

/* Zeros up to a place in the file. */
static gboolean
put_gap (Output *self, guint64 end)
{
  gsize n;

  while (self->at < end)
    {
      if (!make_room (self, FALSE, end - self->at, &n))
        return FALSE;
      memset (self->block->data + self->block->filled, 0, n);
      fill (self, n);
    }
  return TRUE;
}

static gboolean
put_part (Output *self,
          gboolean is_there,
          int fd,
          const char *name,
          guint64 offset,
          guint64 length,
          GError **error)
{
  gsize n;

  for (; length > 0; offset += n, length -= n)
    {
      if (!make_room (self, is_there, length, &n)
          || !kl_read_at (fd, self->block->data + self->block->filled, n, offset, name, error)
          || (fd == self->source.fd
              && !kl_part_sum_add (&self->source, self->block->data + self->block->filled, n,
                                   offset, self->cancellable, error)))
        return FALSE;
      fill (self, n);
    }
  return TRUE;
}

/* Contents that stand together, here and in the file that they come from. */
typedef struct
{
  guint file;
  guint64 offset; /* in that file */
  guint64 length;
  guint64 place; /* in the target */
} Run;

/* The longest run from @first on. */
static guint
find_run (GPtrArray *blobs, guint first, Run *run)
{
  const KlWimBlob *blob = blobs->pdata[first];
  guint i = first + 1;

  *run = (Run){ blob->file, blob->offset, blob->stored_size, blob->place };
  for (; i < blobs->len; i++)
    {
      const KlWimBlob *next = blobs->pdata[i];

      if (next->file != run->file || next->offset != run->offset + run->length
          || next->place != run->place + run->length)
        break;
      run->length += next->stored_size;
    }
  return i;
}

/* What of a run shares its blocks is only read to be summed up. */
static gboolean
put_run (Output *self, const Run *run, int fd, const char *name, GError **error)
{
  guint64 done = 0;

  if (!put_gap (self, run->place))
    return FALSE;
  while (done < run->length)
    {
      const Range *shared = self->next_shared < self->shared->len
                                ? &g_array_index (self->shared, Range, self->next_shared)
                                : NULL;
      gboolean is_there = shared != NULL && shared->start <= self->at;
      guint64 length = run->length - done;

      if (shared != NULL)
        length = MIN (length, (is_there ? shared->end : shared->start) - self->at);
      if (!put_part (self, is_there, fd, name, run->offset + done, length, error))
        return FALSE;
      done += length;
      if (is_there && self->at == shared->end)
        self->next_shared++;
    }
  return TRUE;
}

static gboolean
put_blobs (Output *self, GPtrArray *blobs, GPtrArray *files, const int *fds, GError **error)
{
  Run run;

  for (guint i = 0; i < blobs->len;)
    {
      i = find_run (blobs, i, &run);
      if (!put_run (self, &run, fds[run.file], files->pdata[run.file], error))
        return FALSE;
    }
  return TRUE;
}

/* The blocks in the middle of a run, where both files have them at the same distance from the
 * beginning of a block. */
static gboolean
share (Output *self, const Run *run, int fd, Range *shared)
{
  shared->start = kl_wim_align (run->place);
  shared->end = (run->place + run->length) & ~(KL_WIM_ALIGNMENT - 1);
  return (run->place - run->offset) % KL_WIM_ALIGNMENT == 0
         && shared->end >= shared->start + MIN_SHARED
         && kl_share_range (fd, run->offset + (shared->start - run->place), self->plain_fd,
                            shared->start, shared->end - shared->start);
}

/* Shares what is kept with the source. Where that cannot be with the first run, it cannot with any.
 */
static void
share_kept (Output *self, KlWimLayout *layout, const int *fds)
{
  Range shared;
  Run run;

  for (guint i = 0; i < layout->kept->len;)
    {
      i = find_run (layout->kept, i, &run);
      if (share (self, &run, fds[0], &shared))
        g_array_append_val (self->shared, shared);
      else if (self->shared->len == 0 && run.length >= 2 * MIN_SHARED)
        return;
    }
}

static gboolean
copy_part (Output *self,
           const Run *run,
           guint64 start,
           guint64 end,
           int fd,
           const char *name,
           GError **error)
{
  g_autofree guint8 *buffer = g_malloc (COPY_SIZE);
  gsize n;

  for (guint64 at = start; at < end; at += n)
    {
      n = (gsize) MIN (end - at, COPY_SIZE);
      if (g_cancellable_set_error_if_cancelled (self->cancellable, error)
          || !kl_read_at (fd, buffer, n, run->offset + at, name, error)
          || !kl_write_at (self->plain_fd, buffer, n, run->place + at, self->path, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
copy_run (Output *self, const Run *run, int fd, const char *name, GError **error)
{
  Range shared;

  if (!share (self, run, fd, &shared))
    return copy_part (self, run, 0, run->length, fd, name, error);
  return copy_part (self, run, 0, shared.start - run->place, fd, name, error)
         && copy_part (self, run, shared.end - run->place, run->length, fd, name, error);
}

/* Starts the write-back of what will not change any more, up to @end. */
static void
write_back (Output *self, guint64 *begun, guint64 end)
{
  end &= ~(KL_WIM_ALIGNMENT - 1);
  if (end < *begun + WRITE_BACK)
    return;
  sync_file_range (self->plain_fd, (off64_t) *begun, (off64_t) (end - *begun),
                   SYNC_FILE_RANGE_WRITE);
  *begun = end;
}

/* What is to be compressed. */
static GPtrArray *
find_unpacked (KlWimLayout *layout)
{
  GPtrArray *blobs = g_ptr_array_new ();

  for (guint i = 0; i < layout->fresh->len; i++)
    if (((KlWimBlob *) layout->fresh->pdata[i])->file == KL_WIM_NO_FILE)
      g_ptr_array_add (blobs, layout->fresh->pdata[i]);
  return blobs;
}

static guint64
add_sizes (GPtrArray *blobs)
{
  guint64 size = 0;

  for (guint i = 0; i < blobs->len; i++)
    size += ((KlWimBlob *) blobs->pdata[i])->size;
  return size;
}

/* Whether there are only zeros before what comes next in a donor, as there are here. */
static gboolean
gap_is_empty (int fd, guint64 offset, guint64 length, const char *name)
{
  static const guint8 zeros[KL_WIM_ALIGNMENT];
  guint8 gap[KL_WIM_ALIGNMENT];

  return length < sizeof gap && kl_read_at (fd, gap, (gsize) length, offset, name, NULL)
         && memcmp (gap, zeros, (gsize) length) == 0;
}

/* A run of what a donor has, with the gaps in it: what this wrote has the same ones. */
static guint
place_run (KlWimLayout *layout, guint first, const int *fds, Run *run)
{
  const KlWimBlob *blob = layout->fresh->pdata[first];
  guint i = first + 1;

  *run = (Run){ blob->file, blob->offset, blob->stored_size, blob->place };
  for (; i < layout->fresh->len; i++)
    {
      const KlWimBlob *next = layout->fresh->pdata[i];
      guint64 ahead = kl_wim_layout_place (layout, i) - run->place;

      if (next->file != run->file || next->offset != run->offset + ahead
          || !gap_is_empty (fds[run->file], run->offset + run->length, ahead - run->length,
                            layout->files->pdata[run->file]))
        break;
      run->length = ahead + next->stored_size;
    }
  return i;
}

/* Everything new, before the rest: compressed, or out of the donors. */
static gboolean
write_fresh (Output *self,
             KlWimLayout *layout,
             const int *fds,
             GPtrArray *unpacked,
             guint level,
             KlProgress *progress,
             GError **error)
{
  guint64 begun = layout->fresh_start;
  g_autoptr (KlWimCompressor) compressor
      = unpacked->len > 0 ? kl_wim_compressor_new (unpacked, level, error) : NULL;

  if (unpacked->len > 0 && compressor == NULL)
    return FALSE;
  kl_progress_set_total (progress, add_sizes (unpacked));
  for (guint i = 0; i < layout->fresh->len;)
    {
      KlWimBlob *blob = layout->fresh->pdata[i];
      guint64 place = kl_wim_layout_place (layout, i);
      Run run;

      write_back (self, &begun, place);
      if (blob->file == KL_WIM_NO_FILE)
        {
          if (!kl_wim_compressor_write (compressor, self->plain_fd, self->path, place, progress,
                                        self->cancellable, error))
            return FALSE;
          i++;
          continue;
        }
      i = place_run (layout, i, fds, &run);
      if (!copy_run (self, &run, fds[run.file], layout->files->pdata[run.file], error))
        return FALSE;
    }
  return TRUE;
}

static void
place_fresh (KlWimLayout *layout)
{
  for (guint i = 0; i < layout->fresh->len; i++)
    kl_wim_layout_place (layout, i);
}

/* All that can be in the file before the header is known. @is_there: whether what is new is. */
static gboolean
write_ahead (Output *self,
             KlWimLayout *layout,
             const int *fds,
             guint level,
             KlProgress *progress,
             gboolean *is_there,
             GError **error)
{
  g_autoptr (GPtrArray) unpacked = find_unpacked (layout);

  share_kept (self, layout, fds);
  *is_there = self->shared->len > 0 || unpacked->len > 0;
  if (self->shared->len == 0 && !reserve (self, 0, layout->fresh_start, error))
    return FALSE;
  if (!*is_there)
    {
      place_fresh (layout);
      return kl_wim_layout_finish (layout, error)
             && reserve (self, layout->fresh_start, layout->size - layout->fresh_start, error);
    }

  if (!write_fresh (self, layout, fds, unpacked, level, progress, error)
      || !kl_wim_layout_finish (layout, error))
    return FALSE;
  if (ftruncate (self->plain_fd, (off_t) layout->tail_start) == 0)
    return TRUE;
  kl_set_error_errno (error, errno, "Cannot write “%s”", self->path);
  return FALSE;
}

static gboolean
put_all (Output *self, KlWimLayout *layout, const int *fds, gboolean is_there, GError **error)
{
  self->source = (KlPartSum){ .fd = fds[0], .name = layout->files->pdata[0] };
  if (!put_bytes (self, layout->header)
      || !put_blobs (self, layout->kept, layout->files, fds, error)
      || !kl_part_sum_finish (&self->source, self->cancellable, error)
      || !put_gap (self, layout->fresh_start))
    return FALSE;
  if (is_there ? !put_part (self, TRUE, self->plain_fd, self->path, self->at,
                            layout->tail_start - self->at, error)
               : !put_blobs (self, layout->fresh, layout->files, fds, error))
    return FALSE;
  if (!put_gap (self, layout->tail_start) || !put_bytes (self, layout->metadata)
      || !put_bytes (self, layout->table) || !put_bytes (self, layout->xml))
    return FALSE;
  flush_block (self);
  return TRUE;
}

static gboolean
write_through (Output *self, KlWimLayout *layout, const int *fds, gboolean is_there, GError **error)
{
  gboolean ok;

  self->fresh_start = layout->fresh_start;
  kl_progress_set_total (self->progress, layout->size);
  start_writer (self);
  ok = put_all (self, layout, fds, is_there, error);
  stop_writer (self);
  if (self->failure == NULL)
    {
      g_assert (!ok || self->written == layout->size);
      return ok;
    }

  g_clear_error (error);
  g_propagate_error (error, g_steal_pointer (&self->failure));
  return FALSE;
}

static void
close_all (int *fds, guint n)
{
  for (guint i = 0; i < n; i++)
    kl_close_fd (&fds[i]);
  g_free (fds);
}

static gboolean
write_layout (
    Output *self, KlWimLayout *layout, guint level, KlProgress *compressing, GError **error)
{
  int *fds = g_new (int, layout->files->len);
  guint n = 0;
  gboolean is_there, ok = TRUE;

  for (; ok && n < layout->files->len; n++)
    ok = (fds[n] = kl_open_for_reading (layout->files->pdata[n], error)) >= 0;

  ok = ok && write_ahead (self, layout, fds, level, compressing, &is_there, error);
  kl_progress_finish (compressing);
  kl_progress_start (self->progress);
  ok = ok && write_through (self, layout, fds, is_there, error);
  close_all (fds, n);
  return ok;
}

/**
 * kl_wim_compose:
 * @self: fit, see kl_wim_can_compose()
 * @target: must not exist; removed on failure
 * @sums: (out caller-allocates): of the target; its sha256 is to be freed
 * @progress: (nullable): gets two steps, which count bytes of files and of the target
 *
 * Writes one image and what is laid over it into a WIM of its own with boot index 1
 * (media-formats.md 10). Contents are copied as they stand in the source and in the donors, in
 * whole runs and once, or share their blocks where the file system can do that; what none of them
 * has is compressed. Nothing else of those files gets into the target. The same input gives the
 * same bytes, whatever the donors have, if they were compressed alike. The target is complete, and
 * not flushed.
 *
 * Errors: KL_ERROR_WIM_DAMAGED, with a file of the overlay as detail where its content is not what
 * its sum says; KL_ERROR_INVALID_ARGUMENT or another of open(2), KL_ERROR_NO_SPACE, KL_ERROR_IO,
 * G_IO_ERROR_CANCELLED. Blocks.
 */
gboolean
kl_wim_compose (KlWim *self,
                guint index,
                const KlWimOverlay *overlay,
                const char *target,
                KlWimSums *sums,
                KlProgress *progress,
                GCancellable *cancellable,
                GError **error)
{
  g_autoptr (KlWimLayout) layout = NULL;
  g_auto (Output) output = { .path = target, .fd = -1, .plain_fd = -1, .cancellable = cancellable };
  KlProgress *compressing = kl_progress_add_step (progress, 5, NULL);

  g_return_val_if_fail (index >= 1 && index <= self->images->len, FALSE);

  output.progress = kl_progress_add_step (progress, 4, NULL);
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  kl_progress_start (compressing);
  layout = kl_wim_layout_new (self, index, overlay, error);
  if (layout == NULL || !output_create (&output, error))
    return FALSE;
  if (!output_open (&output, error)
      || !write_layout (&output, layout, overlay->level, compressing, error))
    {
      g_unlink (target);
      return FALSE;
    }

  kl_progress_finish (output.progress);
  *sums = (KlWimSums){ output.written,      output.crc32c,       kl_hasher_finish (output.hasher),
                       layout->fresh_start, output.fresh_crc32c, output.source.at,
                       output.source.crc32c };
  return TRUE;
}
