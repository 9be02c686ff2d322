/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-wim-compose"

#include "wim/wim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include <glib/gstdio.h>

#include "base/checksum.h"
#include "base/error.h"
#include "base/file-io.h"
#include "wim/wim-layout.h"
#include "wim/wim-library.h"
#include "wim/wim-metadata.h"

/* What is written at once, and how much of that waits for the sum; bytes and blocks. */
#define BLOCK_SIZE (2 * KL_IO_BLOCK)
#define N_BLOCKS 5

/* What O_DIRECT wants memory, lengths and offsets to be multiples of, on any disk; bytes. */
#define ALIGNMENT 4096

typedef struct
{
  guint8 *data;        /* BLOCK_SIZE bytes, owned */
  GAsyncQueue *spares; /* that it belongs to, borrowed */
} Block;

/* A file that is being written from its first byte to its last, and summed up on the way. It goes
 * past the page cache where that can be: to put it there, and to start its write-back, costs more
 * time of processors than all the rest. */
typedef struct
{
  const char *path;
  int fd;
  Block *block;        /* that is being filled, owned */
  gsize filled;        /* bytes in it */
  GAsyncQueue *spares; /* of Block */

  /* A thread writes what another reads meanwhile, and a third sums it up. */
  GThread *writer;
  GAsyncQueue *full; /* of GBytes; an empty one ends it */
  guint64 written;   /* bytes; the writer's */
  guint32 crc32c;    /* likewise */
  KlHasher *hasher;
  GError *failure; /* the writer's, read once it has ended */
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

  if (size % ALIGNMENT != 0)
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

/* After a failure or a cancel it goes on taking blocks, so that nobody waits for one. */
static gpointer
write_thread (gpointer user_data)
{
  Output *self = user_data;

  for (;;)
    {
      g_autoptr (GBytes) bytes = g_async_queue_pop (self->full);
      gsize size;
      const void *data = g_bytes_get_data (bytes, &size);

      if (size == 0)
        return NULL;
      if (self->failure != NULL)
        continue;
      if (g_cancellable_set_error_if_cancelled (self->cancellable, &self->failure)
          || !write_bytes (self, data, size, &self->failure))
        {
          g_atomic_int_set (&self->has_failed, TRUE);
          continue;
        }
      self->crc32c = kl_crc32c_update (self->crc32c, data, size);
      self->written += size;
      kl_hasher_feed (self->hasher, bytes);
      kl_progress_advance (self->progress, size);
    }
}

static gboolean
output_open (Output *self, guint64 size, GError **error)
{
  const int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;

  self->fd = open (self->path, flags | O_DIRECT, KL_FILE_MODE);
  if (self->fd < 0 && errno == EINVAL)
    self->fd
        = open (self->path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, KL_FILE_MODE);
  if (self->fd < 0)
    {
      kl_set_error_errno (error, errno, "Cannot create “%s”", self->path);
      return FALSE;
    }

  /* A full disk is found out now. */
  if (fallocate (self->fd, 0, 0, (off_t) size) != 0
      && (errno == ENOSPC || errno == EDQUOT || errno == EFBIG))
    {
      kl_set_error_errno (error, errno, "Cannot write “%s”, which has %" G_GUINT64_FORMAT " bytes",
                          self->path, size);
      g_unlink (self->path);
      return FALSE;
    }

  self->spares = g_async_queue_new_full (block_free);
  for (guint i = 0; i < N_BLOCKS; i++)
    {
      Block *block = g_new0 (Block, 1);

      block->data = aligned_alloc (ALIGNMENT, BLOCK_SIZE);
      block->spares = self->spares;
      g_assert (block->data != NULL);
      g_async_queue_push (self->spares, block);
    }
  self->block = g_async_queue_pop (self->spares);
  self->full = g_async_queue_new_full ((GDestroyNotify) g_bytes_unref);
  self->hasher = kl_hasher_new ();
  self->writer = g_thread_new ("kl-write", write_thread, self);
  return TRUE;
}

static void
stop_writer (Output *self)
{
  if (self->writer == NULL)
    return;

  g_async_queue_push (self->full, g_bytes_new_static ("", 0));
  g_thread_join (g_steal_pointer (&self->writer));
}

static void
output_clear (Output *self)
{
  stop_writer (self);
  /* They give their blocks back. */
  g_clear_pointer (&self->full, g_async_queue_unref);
  g_clear_pointer (&self->hasher, kl_hasher_free);
  g_clear_pointer (&self->block, block_free);
  g_clear_pointer (&self->spares, g_async_queue_unref);
  g_clear_error (&self->failure);
  kl_close_fd (&self->fd);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Output, output_clear)

/* Hands over what has gathered, and gets the next block once one is written and summed up. */
static gboolean
flush_block (Output *self)
{
  Block *block = self->block;

  /* What failed is told once the writer has ended. */
  if (g_atomic_int_get (&self->has_failed))
    return FALSE;
  if (self->filled == 0)
    return TRUE;

  g_async_queue_push (self->full,
                      g_bytes_new_with_free_func (block->data, self->filled, give_back, block));
  self->filled = 0;
  self->block = g_async_queue_pop (self->spares);
  return TRUE;
}

/* How much of @length the block takes, when it has been emptied where it was full. */
static gboolean
make_room (Output *self, guint64 length, gsize *n)
{
  if (self->filled == BLOCK_SIZE && !flush_block (self))
    return FALSE;
  *n = (gsize) MIN (length, BLOCK_SIZE - self->filled);
  return TRUE;
}

static gboolean
put_bytes (Output *self, GBytes *bytes)
{
  gsize size, n;
  const guint8 *data = g_bytes_get_data (bytes, &size);

  for (; size > 0; data += n, size -= n)
    {
      if (!make_room (self, size, &n))
        return FALSE;
      memcpy (self->block->data + self->filled, data, n);
      self->filled += n;
    }
  return TRUE;
}

static gboolean
copy_run (Output *self, int fd, const char *name, guint64 offset, guint64 length, GError **error)
{
  gsize n;

  for (; length > 0; offset += n, length -= n)
    {
      if (!make_room (self, length, &n)
          || !kl_read_at (fd, self->block->data + self->filled, n, offset, name, error))
        return FALSE;
      self->filled += n;
    }
  return TRUE;
}

/* What stands together in one file is copied as one. */
static gboolean
copy_blobs (Output *output, const KlWimLayout *layout, const int *fds, GError **error)
{
  for (guint i = 0; i < layout->blobs->len;)
    {
      const KlWimBlob *first = layout->blobs->pdata[i];
      guint64 end = first->offset + first->stored_size;

      for (i++; i < layout->blobs->len; i++)
        {
          const KlWimBlob *next = layout->blobs->pdata[i];

          if (next->file != first->file || next->offset != end)
            break;
          end += next->stored_size;
        }
      if (!copy_run (output, fds[first->file], layout->files->pdata[first->file], first->offset,
                     end - first->offset, error))
        return FALSE;
    }
  return TRUE;
}

static void
close_all (int *fds, guint n)
{
  for (guint i = 0; i < n; i++)
    kl_close_fd (&fds[i]);
  g_free (fds);
}

static gboolean
write_layout (Output *output, KlWimLayout *layout, GError **error)
{
  int *fds = g_new (int, layout->files->len);
  guint n = 0;
  gboolean ok = TRUE;

  for (; ok && n < layout->files->len; n++)
    ok = (fds[n] = kl_open_for_reading (layout->files->pdata[n], error)) >= 0;

  ok = ok && put_bytes (output, layout->header) && copy_blobs (output, layout, fds, error)
       && put_bytes (output, layout->metadata) && put_bytes (output, layout->table)
       && put_bytes (output, layout->xml) && flush_block (output);
  close_all (fds, n);
  return ok;
}

static gboolean
write_all (Output *output, KlWimLayout *layout, GError **error)
{
  gboolean ok = write_layout (output, layout, error);

  stop_writer (output);
  if (output->failure == NULL)
    {
      g_assert (!ok || output->written == layout->size);
      return ok;
    }

  g_clear_error (error);
  g_propagate_error (error, g_steal_pointer (&output->failure));
  return FALSE;
}

/**
 * kl_wim_compose:
 * @self: fit, see kl_wim_can_compose()
 * @target: must not exist; removed on failure
 * @sums: (out caller-allocates): of the target; its sha256 is to be freed
 * @progress: (nullable): counts bytes of the target
 *
 * Writes one image and what is laid over it into a WIM of its own with boot index 1
 * (media-formats.md 10). Nothing is compressed: contents are copied as they stand in the source and
 * in the donors, which have to hold all that is new, in whole runs and once; nothing else of those
 * files gets into the target. Its size and all its tables are known before the first byte is
 * written, so that it is summed up while it is written. The same input gives the same bytes. The
 * target is complete, and not flushed.
 *
 * Errors: KL_ERROR_WIM_DAMAGED, with a file of the overlay as detail where no donor has its
 * content; KL_ERROR_INVALID_ARGUMENT or another of open(2), KL_ERROR_NO_SPACE, KL_ERROR_IO,
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
  g_auto (Output) output
      = { .path = target, .fd = -1, .progress = progress, .cancellable = cancellable };

  g_return_val_if_fail (index >= 1 && index <= self->images->len, FALSE);

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  layout = kl_wim_layout_new (self, index, overlay, error);
  if (layout == NULL || !output_open (&output, layout->size, error))
    return FALSE;

  kl_progress_set_total (progress, layout->size);
  if (!write_all (&output, layout, error))
    {
      g_unlink (target);
      return FALSE;
    }

  *sums = (KlWimSums){ output.written, output.crc32c, kl_hasher_finish (output.hasher) };
  return TRUE;
}
