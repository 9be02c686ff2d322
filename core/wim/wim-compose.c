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
  guint64 offset; /* bytes written */
  Block *block;   /* the next to be written; NULL when all are gone */
  gsize filled;   /* bytes in it */
  guint32 crc32c;
  GAsyncQueue *spares; /* of Block */
  KlHasher *hasher;
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
  self->hasher = kl_hasher_new ();
  return TRUE;
}

static void
output_clear (Output *self)
{
  kl_close_fd (&self->fd);
  /* It gives its blocks back. */
  g_clear_pointer (&self->hasher, kl_hasher_free);
  g_clear_pointer (&self->block, block_free);
  g_clear_pointer (&self->spares, g_async_queue_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Output, output_clear)

static void
leave_direct (Output *self)
{
  int flags = fcntl (self->fd, F_GETFL);

  if (flags >= 0 && (flags & O_DIRECT) != 0)
    fcntl (self->fd, F_SETFL, flags & ~O_DIRECT);
}

static gboolean
write_block (Output *self, GError **error)
{
  g_autoptr (GError) wrong = NULL;

  if (self->filled % ALIGNMENT != 0)
    leave_direct (self);
  if (kl_write_at (self->fd, self->block->data, self->filled, self->offset, self->path, &wrong))
    return TRUE;

  /* Some file systems find out only now. */
  if (g_error_matches (wrong, KL_ERROR, KL_ERROR_INVALID_ARGUMENT))
    {
      leave_direct (self);
      return kl_write_at (self->fd, self->block->data, self->filled, self->offset, self->path,
                          error);
    }
  g_propagate_error (error, g_steal_pointer (&wrong));
  return FALSE;
}

/* Writes what has gathered, and gets the next block once one is summed up. */
static gboolean
flush_block (Output *self, GError **error)
{
  Block *block = self->block;
  g_autoptr (GBytes) bytes = NULL;

  if (self->filled == 0)
    return TRUE;
  if (g_cancellable_set_error_if_cancelled (self->cancellable, error) || !write_block (self, error))
    return FALSE;

  self->crc32c = kl_crc32c_update (self->crc32c, block->data, self->filled);
  bytes = g_bytes_new_with_free_func (block->data, self->filled, give_back, block);
  self->block = NULL;
  kl_hasher_feed (self->hasher, bytes);
  g_clear_pointer (&bytes, g_bytes_unref);
  kl_progress_advance (self->progress, self->filled);
  self->offset += self->filled;
  self->filled = 0;
  self->block = g_async_queue_pop (self->spares);
  return TRUE;
}

/* How much of @length the block takes, when it has been emptied where it was full. */
static gboolean
make_room (Output *self, guint64 length, gsize *n, GError **error)
{
  if (self->filled == BLOCK_SIZE && !flush_block (self, error))
    return FALSE;
  *n = (gsize) MIN (length, BLOCK_SIZE - self->filled);
  return TRUE;
}

static gboolean
put_bytes (Output *self, GBytes *bytes, GError **error)
{
  gsize size, n;
  const guint8 *data = g_bytes_get_data (bytes, &size);

  for (; size > 0; data += n, size -= n)
    {
      if (!make_room (self, size, &n, error))
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
      if (!make_room (self, length, &n, error)
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

  ok = ok && put_bytes (output, layout->header, error) && copy_blobs (output, layout, fds, error)
       && put_bytes (output, layout->metadata, error) && put_bytes (output, layout->table, error)
       && put_bytes (output, layout->xml, error) && flush_block (output, error);
  close_all (fds, n);
  return ok;
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
  if (!write_layout (&output, layout, error))
    {
      g_unlink (target);
      return FALSE;
    }

  g_assert (output.offset == layout->size);
  *sums = (KlWimSums){ output.offset, output.crc32c, kl_hasher_finish (output.hasher) };
  return TRUE;
}
