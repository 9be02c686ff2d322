/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-sink"

#include "sink/read-ahead.h"

#include <stdlib.h>

#include "base/file-io.h"

#define ALIGNMENT 4096
#define N_BLOCKS 4

/* How often a waiting caller looks whether it was cancelled; microseconds. */
#define POLL (G_USEC_PER_SEC / 10)

typedef struct
{
  KlReadBlock block;
  GError *error; /* owned; instead of data */
} Slot;

struct _KlReadAhead
{
  int fd; /* borrowed */
  char *name;
  guint64 offset;    /* of the next block; bytes; reader thread only, as are the next two */
  guint64 length;    /* left to read; bytes */
  gsize next_length; /* of the next block; bytes */
  Slot slots[N_BLOCKS];
  GAsyncQueue *empty; /* of Slot, as is the next */
  GAsyncQueue *full;
  Slot *taken; /* what the caller works on; NULL before the first */
  gint stop;   /* atomic */
  GThread *thread;
};

static gpointer
read_blocks (gpointer user_data)
{
  KlReadAhead *self = user_data;

  while (self->length > 0)
    {
      Slot *slot = g_async_queue_pop (self->empty);
      gboolean failed;

      if (g_atomic_int_get (&self->stop))
        break;
      slot->block.length = (gsize) MIN (self->length, self->next_length);
      failed = !kl_read_at (self->fd, slot->block.data, slot->block.length, self->offset,
                            self->name, &slot->error);
      self->offset += slot->block.length;
      self->length -= slot->block.length;
      self->next_length = KL_IO_BLOCK;
      g_async_queue_push (self->full, slot);
      if (failed)
        break;
    }

  return NULL;
}

/**
 * kl_read_ahead_new:
 * @fd: borrowed until freed
 * @name: for messages
 * @first_block: bytes of the first block, 1 to KL_IO_BLOCK; all others are KL_IO_BLOCK but for the
 *   last
 *
 * Starts reading @length bytes from @offset on.
 */
KlReadAhead *
kl_read_ahead_new (int fd, const char *name, guint64 offset, guint64 length, gsize first_block)
{
  KlReadAhead *self = g_new0 (KlReadAhead, 1);

  g_return_val_if_fail (first_block > 0 && first_block <= KL_IO_BLOCK, NULL);

  self->fd = fd;
  self->name = g_strdup (name);
  self->offset = offset;
  self->length = length;
  self->next_length = first_block;
  self->empty = g_async_queue_new ();
  self->full = g_async_queue_new ();
  for (guint i = 0; i < N_BLOCKS; i++)
    {
      self->slots[i].block.data = g_aligned_alloc (1, KL_IO_BLOCK, ALIGNMENT);
      g_async_queue_push (self->empty, &self->slots[i]);
    }
  self->thread = g_thread_new ("read-ahead", read_blocks, self);
  return self;
}

/**
 * kl_read_ahead_next:
 *
 * To be called only while there is something left. Gives back the block that was taken before.
 *
 * Returns: (transfer none) (nullable): the next block; %NULL with an error of reading, or
 *   G_IO_ERROR_CANCELLED
 */
const KlReadBlock *
kl_read_ahead_next (KlReadAhead *self, GCancellable *cancellable, GError **error)
{
  if (self->taken != NULL)
    g_async_queue_push (self->empty, self->taken);
  self->taken = NULL;

  while (self->taken == NULL)
    {
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return NULL;
      self->taken = g_async_queue_timeout_pop (self->full, POLL);
    }
  if (self->taken->error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&self->taken->error));
      return NULL;
    }
  return &self->taken->block;
}

void
kl_read_ahead_free (KlReadAhead *self)
{
  if (self == NULL)
    return;

  g_atomic_int_set (&self->stop, TRUE);
  if (self->taken != NULL)
    g_async_queue_push (self->empty, self->taken);
  /* One more, in case all are full and the thread waits. */
  for (Slot *slot; (slot = g_async_queue_try_pop (self->full)) != NULL;)
    g_async_queue_push (self->empty, slot);
  g_thread_join (self->thread);

  for (guint i = 0; i < N_BLOCKS; i++)
    {
      g_aligned_free (self->slots[i].block.data);
      g_clear_error (&self->slots[i].error);
    }
  g_async_queue_unref (self->empty);
  g_async_queue_unref (self->full);
  g_free (self->name);
  g_free (self);
}
