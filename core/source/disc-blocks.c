/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-disc-blocks"

#include "source/media-source-kinds.h"

#include <errno.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file-io.h"

#define WINDOW_BLOCKS 32 /* 64 KiB */

struct _KlDiscBlocks
{
  char *path;
  int fd;             /* owned */
  guint64 size;       /* bytes; whole blocks, a rest at the end counts as one */
  GError *failure;    /* the first failed read since it was asked for, or NULL */
  guint64 window;     /* first block in the window */
  guint window_count; /* blocks in the window */
  guint8 data[WINDOW_BLOCKS * KL_DISC_BLOCK];
};

/*
 * kl_disc_blocks_open:
 *
 * Errors: those of kl_open_for_reading(); KL_ERROR_FORMAT for an empty file.
 */
KlDiscBlocks *
kl_disc_blocks_open (const char *path, GError **error)
{
  g_autoptr (KlDiscBlocks) self = g_new0 (KlDiscBlocks, 1);
  off_t end;

  self->path = g_strdup (path);
  self->fd = kl_open_for_reading (path, error);
  if (self->fd < 0)
    return NULL;

  end = lseek (self->fd, 0, SEEK_END);
  if (end < 0)
    {
      kl_set_error_errno (error, errno, "Cannot find the size of “%s”", path);
      return NULL;
    }
  if (end == 0)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_FORMAT, "“%s” is empty", path);
      return NULL;
    }

  self->size = (guint64) end;
  return g_steal_pointer (&self);
}

void
kl_disc_blocks_free (KlDiscBlocks *self)
{
  if (self == NULL)
    return;

  kl_close_fd (&self->fd);
  g_clear_error (&self->failure);
  g_free (self->path);
  g_free (self);
}

guint32
kl_disc_blocks_get_count (KlDiscBlocks *self)
{
  return (guint32) MIN ((self->size + KL_DISC_BLOCK - 1) / KL_DISC_BLOCK, G_MAXUINT32);
}

/* A last block that the file holds only in part is filled up with zeros: a file may end where its
 * last file's content ends. */
static gboolean
fill (KlDiscBlocks *self, guint64 block, void *buffer, guint count)
{
  guint64 at = block * KL_DISC_BLOCK;
  gsize length = (gsize) count * KL_DISC_BLOCK;
  gsize present = (gsize) MIN (length, self->size - at);

  memset ((guint8 *) buffer + present, 0, length - present);
  return kl_read_at (self->fd, buffer, present, at, self->path,
                     self->failure == NULL ? &self->failure : NULL);
}

/*
 * kl_disc_blocks_read:
 *
 * Returns: blocks read; fewer than @count at the end of the file or after a failure, which
 * kl_disc_blocks_failed() tells
 */
guint
kl_disc_blocks_read (KlDiscBlocks *self, guint32 block, void *buffer, guint count)
{
  guint32 total = kl_disc_blocks_get_count (self);

  if (block >= total || count > total - block)
    {
      if (self->failure == NULL)
        g_set_error (&self->failure, KL_ERROR, KL_ERROR_FORMAT,
                     "“%s” is damaged or incomplete: block %u is asked for and the file has %u "
                     "blocks of %d bytes",
                     self->path, block, total, KL_DISC_BLOCK);
      if (block >= total)
        return 0;
      count = total - block;
    }

  if (count >= WINDOW_BLOCKS)
    return fill (self, block, buffer, count) ? count : 0;

  if (block < self->window || block + count > self->window + self->window_count)
    {
      guint ahead = MIN (WINDOW_BLOCKS, total - block);

      self->window_count = 0;
      if (!fill (self, block, self->data, ahead))
        return 0;
      self->window = block;
      self->window_count = ahead;
    }

  memcpy (buffer, self->data + (block - self->window) * KL_DISC_BLOCK,
          (gsize) count * KL_DISC_BLOCK);
  return count;
}

/*
 * kl_disc_blocks_failed:
 *
 * Says whether a read failed since this was last asked, and why. Libraries above pass on only that
 * something failed, or nothing at all.
 */
gboolean
kl_disc_blocks_failed (KlDiscBlocks *self, GError **error)
{
  if (self->failure == NULL)
    return FALSE;

  g_propagate_error (error, g_steal_pointer (&self->failure));
  return TRUE;
}
