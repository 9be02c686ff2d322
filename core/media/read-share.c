/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-read-share"

#include "media/read-share.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file-io.h"

/* How far one reader may be behind another: 16 MiB. */
#define N_SLOTS 16

/* The content of a file, whatever its name; of one that changes, the content at one time. */
typedef struct
{
  guint64 device;
  guint64 inode;
  guint64 size;    /* bytes */
  gint64 seconds;  /* of the last change */
  gint64 fraction; /* nanoseconds */
} File;

typedef enum
{
  SLOT_EMPTY,
  SLOT_FILLING, /* by the one reader that took it */
  SLOT_FILLED,
} SlotState;

typedef struct
{
  SlotState state;
  File file;
  guint64 offset; /* bytes; multiple of KL_IO_BLOCK */
  guint64 stamp;  /* the lowest one is the oldest */
  guint n_users;  /* who copy from it */
  guint8 *data;   /* owned; KL_IO_BLOCK bytes; NULL until first used */
} Slot;

struct _KlReadShare
{
  GMutex lock; /* guards all below, but for the data of slots */
  GCond filled;
  guint n_members;
  Slot slots[N_SLOTS];
  GHashTable *fronts; /* of owned File → owned guint64: where nobody has been yet */
  guint64 stamp;
  guint64 file_bytes;
};

static guint
file_hash (gconstpointer key)
{
  const File *file = key;

  return g_int64_hash (&file->inode) ^ g_int64_hash (&file->device);
}

static gboolean
file_equal (gconstpointer a, gconstpointer b)
{
  const File *first = a, *second = b;

  return first->inode == second->inode && first->device == second->device
         && first->size == second->size && first->seconds == second->seconds
         && first->fraction == second->fraction;
}

/**
 * kl_read_share_new:
 *
 * Returns: (transfer full): a share without members
 */
KlReadShare *
kl_read_share_new (void)
{
  KlReadShare *self = g_atomic_rc_box_new0 (KlReadShare);

  g_mutex_init (&self->lock);
  g_cond_init (&self->filled);
  self->fronts = g_hash_table_new_full (file_hash, file_equal, g_free, g_free);
  return self;
}

KlReadShare *
kl_read_share_ref (KlReadShare *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
forget_blocks (KlReadShare *self)
{
  for (guint i = 0; i < N_SLOTS; i++)
    {
      self->slots[i].state = SLOT_EMPTY;
      g_clear_pointer (&self->slots[i].data, g_free);
    }
  g_hash_table_remove_all (self->fronts);
}

static void
clear (gpointer data)
{
  KlReadShare *self = data;

  forget_blocks (self);
  g_hash_table_unref (self->fronts);
  g_cond_clear (&self->filled);
  g_mutex_clear (&self->lock);
}

void
kl_read_share_unref (KlReadShare *self)
{
  g_atomic_rc_box_release_full (self, clear);
}

/**
 * kl_read_share_join:
 *
 * One more reader; to be called before the first of several begins, so that it keeps what it reads.
 */
void
kl_read_share_join (KlReadShare *self)
{
  g_mutex_lock (&self->lock);
  self->n_members++;
  g_mutex_unlock (&self->lock);
}

/* One fewer; the last one takes the memory with it. */
void
kl_read_share_leave (KlReadShare *self)
{
  g_mutex_lock (&self->lock);
  g_assert (self->n_members > 0);
  if (--self->n_members == 0)
    forget_blocks (self);
  g_mutex_unlock (&self->lock);
}

static Slot *
find_slot (KlReadShare *self, const File *file, guint64 offset)
{
  for (guint i = 0; i < N_SLOTS; i++)
    {
      Slot *slot = &self->slots[i];

      if (slot->state != SLOT_EMPTY && slot->offset == offset && file_equal (&slot->file, file))
        return slot;
    }
  return NULL;
}

/* The oldest one that nobody is at; NULL where all are in use. */
static Slot *
find_oldest (KlReadShare *self)
{
  Slot *oldest = NULL;

  for (guint i = 0; i < N_SLOTS; i++)
    {
      Slot *slot = &self->slots[i];

      if (slot->state == SLOT_FILLING || slot->n_users > 0)
        continue;
      if (slot->state == SLOT_EMPTY)
        return slot;
      if (oldest == NULL || slot->stamp < oldest->stamp)
        oldest = slot;
    }
  return oldest;
}

static guint64 *
find_front (KlReadShare *self, const File *file)
{
  guint64 *front = g_hash_table_lookup (self->fronts, file);

  if (front == NULL)
    {
      front = g_new0 (guint64, 1);
      g_hash_table_insert (self->fronts, g_memdup2 (file, sizeof *file), front);
    }
  return front;
}

/* With the lock held, which is given up meanwhile. After a failure the block is again one that
 * nobody has been at: the next reader tries for itself. */
static gboolean
fill (KlReadShare *self, Slot *slot, int fd, gsize length, const char *name, GError **error)
{
  gboolean read;

  slot->state = SLOT_FILLING;
  slot->stamp = ++self->stamp;
  if (slot->data == NULL)
    slot->data = g_malloc (KL_IO_BLOCK);
  g_mutex_unlock (&self->lock);

  read = kl_read_at (fd, slot->data, length, slot->offset, name, error);

  g_mutex_lock (&self->lock);
  slot->state = read ? SLOT_FILLED : SLOT_EMPTY;
  if (read)
    self->file_bytes += length;
  else
    *find_front (self, &slot->file) = slot->offset;
  g_cond_broadcast (&self->filled);
  return read;
}

/* The slot with the block, in use by the caller; NULL without error for one who reads for itself:
 * behind the ring, alone, or where all slots are busy. */
static Slot *
take_slot (KlReadShare *self,
           int fd,
           const File *file,
           guint64 offset,
           gsize length,
           const char *name,
           GError **error)
{
  Slot *slot;
  guint64 *front;

  while ((slot = find_slot (self, file, offset)) != NULL && slot->state == SLOT_FILLING)
    g_cond_wait (&self->filled, &self->lock);

  if (slot == NULL)
    {
      front = find_front (self, file);
      slot = self->n_members > 1 && offset >= *front ? find_oldest (self) : NULL;
      if (slot == NULL)
        return NULL;
      *front = offset + length;
      slot->file = *file;
      slot->offset = offset;
      if (!fill (self, slot, fd, length, name, error))
        return NULL;
    }
  slot->n_users++;
  return slot;
}

/* A part of one block. @block_length: less than KL_IO_BLOCK at the end of the file */
static gboolean
read_part (KlReadShare *self,
           int fd,
           const File *file,
           guint64 block,
           gsize block_length,
           gsize skip,
           guint8 *bytes,
           gsize length,
           const char *name,
           GError **error)
{
  GError *problem = NULL;
  Slot *slot;

  g_mutex_lock (&self->lock);
  slot = take_slot (self, fd, file, block, block_length, name, &problem);
  if (slot == NULL && problem == NULL)
    self->file_bytes += length;
  g_mutex_unlock (&self->lock);
  if (problem != NULL)
    {
      g_propagate_error (error, problem);
      return FALSE;
    }
  if (slot == NULL)
    return kl_read_at (fd, bytes, length, block + skip, name, error);

  memcpy (bytes, slot->data + skip, length);
  g_mutex_lock (&self->lock);
  slot->n_users--;
  g_mutex_unlock (&self->lock);
  return TRUE;
}

/**
 * kl_read_share_read:
 * @fd: the caller's own descriptor of the file; @bytes are its @length bytes from @offset on
 * @name: of the file, for messages
 *
 * As kl_read_at(), from the ring where another member has read the block already, and into the ring
 * where the caller is the first. Waits only for a block that another one is reading at the moment.
 *
 * Errors: those of kl_read_at(). One reader's failure is not the others': each tries for itself.
 */
gboolean
kl_read_share_read (KlReadShare *self,
                    int fd,
                    guint8 *bytes,
                    gsize length,
                    guint64 offset,
                    const char *name,
                    GError **error)
{
  struct stat info;
  guint64 size;
  File file;

  if (fstat (fd, &info) != 0)
    {
      kl_set_error_errno (error, errno, "Cannot read “%s”", name);
      return FALSE;
    }
  file = (File){ info.st_dev, info.st_ino, (guint64) info.st_size, info.st_ctim.tv_sec,
                 info.st_ctim.tv_nsec };
  size = (guint64) info.st_size;
  if (offset > size || length > size - offset)
    return kl_read_at (fd, bytes, length, offset, name, error);

  while (length > 0)
    {
      gsize skip = (gsize) (offset % KL_IO_BLOCK);
      guint64 block = offset - skip;
      gsize block_length = (gsize) MIN (KL_IO_BLOCK, size - block);
      gsize n = MIN (length, block_length - skip);

      if (!read_part (self, fd, &file, block, block_length, skip, bytes, n, name, error))
        return FALSE;
      bytes += n;
      offset += n;
      length -= n;
    }
  return TRUE;
}

/**
 * kl_read_share_get_file_bytes:
 *
 * Returns: what was read from files so far, by all members; bytes
 */
guint64
kl_read_share_get_file_bytes (KlReadShare *self)
{
  guint64 bytes;

  g_mutex_lock (&self->lock);
  bytes = self->file_bytes;
  g_mutex_unlock (&self->lock);
  return bytes;
}
