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
  guint64 stamp;  /* from 1 on; the lowest one is the oldest */
  guint n_users;  /* who copy from it */
  guint8 *data;   /* owned; KL_IO_BLOCK bytes; NULL until first used */
} Slot;

struct _KlReadShare
{
  GMutex lock; /* guards all below, but for the data of slots, and the members */
  GCond changed;
  GPtrArray *members; /* borrowed; of KlReadMember */
  guint n_waiting;    /* for others */
  Slot slots[N_SLOTS];
  GHashTable *fronts; /* of owned File → owned guint64: where nobody has been yet */
  guint64 stamp;
  guint64 file_bytes;
};

struct _KlReadMember
{
  KlReadShare *share; /* owned */
  guint64 passed;     /* the highest stamp of blocks that it is done with, as everybody reads in the
                         same order */
  gint64 waited;      /* for how long it has waited for others; microseconds */
  gint64 held;        /* for how long others have waited for it up to charged_at; microseconds */
  gint64 charged_at;  /* monotonic time */
  guint n_waiting;    /* for it */
  gboolean patient;   /* waits for others that are */
  gboolean waits;     /* for others */
  gboolean finished;  /* nobody waits for it, and it for nobody */
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
  g_cond_init (&self->changed);
  self->members = g_ptr_array_new ();
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
  g_ptr_array_unref (self->members);
  g_cond_clear (&self->changed);
  g_mutex_clear (&self->lock);
}

void
kl_read_share_unref (KlReadShare *self)
{
  g_atomic_rc_box_release_full (self, clear);
}

/**
 * kl_read_share_join:
 * @patient: whether it and others that are patient, too, wait for each other, see KL_READ_PATIENCE;
 *   one that is not never waits for one behind
 *
 * One more reader; to be called before the first of several begins, so that it keeps what it reads.
 *
 * Returns: (transfer full): to be given to kl_read_member_leave()
 */
KlReadMember *
kl_read_share_join (KlReadShare *self, gboolean patient)
{
  KlReadMember *member = g_atomic_rc_box_new0 (KlReadMember);

  member->share = kl_read_share_ref (self);
  member->patient = patient;
  g_mutex_lock (&self->lock);
  g_ptr_array_add (self->members, member);
  g_mutex_unlock (&self->lock);
  return member;
}

KlReadMember *
kl_read_member_ref (KlReadMember *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
clear_member (gpointer data)
{
  kl_read_share_unref (((KlReadMember *) data)->share);
}

void
kl_read_member_unref (KlReadMember *self)
{
  g_atomic_rc_box_release_full (self, clear_member);
}

/**
 * kl_read_member_finish:
 * @self: (nullable)
 *
 * It reads no more, or wants to come to its end at once: nobody waits for it from now on, and it
 * waits for nobody, not even where it does at the moment. Any thread.
 */
void
kl_read_member_finish (KlReadMember *self)
{
  if (self == NULL)
    return;

  g_mutex_lock (&self->share->lock);
  self->finished = TRUE;
  g_cond_broadcast (&self->share->changed);
  g_mutex_unlock (&self->share->lock);
}

/**
 * kl_read_member_leave:
 * @self: (transfer full) (nullable)
 *
 * One fewer; the last one takes the memory with it.
 */
void
kl_read_member_leave (KlReadMember *self)
{
  KlReadShare *share;

  if (self == NULL)
    return;

  kl_read_member_finish (self);
  share = self->share;
  g_mutex_lock (&share->lock);
  if (!g_ptr_array_remove_fast (share->members, self))
    g_assert_not_reached ();
  if (share->members->len == 0)
    forget_blocks (share);
  g_mutex_unlock (&share->lock);
  kl_read_member_unref (self);
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
  g_cond_broadcast (&self->changed);
  return read;
}

/* ---- Waiting for those behind; with the lock held. ---- */

/* The time that others have waited for it, up to now. */
static void
charge (KlReadMember *self, gint64 now)
{
  if (self->n_waiting > 0)
    self->held += now - self->charged_at;
  self->charged_at = now;
}

/* Those to wait for, who have not had @slot yet. @deadline: (inout): when it will have been too
 * long for the first of them; monotonic time */
static GPtrArray *
find_behind (KlReadMember *self, const Slot *slot, gint64 now, gint64 *deadline)
{
  KlReadShare *share = self->share;
  g_autoptr (GPtrArray) behind
      = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_read_member_unref);

  for (guint i = 0; i < share->members->len; i++)
    {
      KlReadMember *other = share->members->pdata[i];

      if (other == self || !other->patient || other->finished || other->waits
          || other->passed >= slot->stamp)
        continue;
      charge (other, now);
      if (other->held >= KL_READ_PATIENCE_WITH_ONE)
        continue;
      *deadline = MIN (*deadline, now + KL_READ_PATIENCE_WITH_ONE - other->held);
      g_ptr_array_add (behind, kl_read_member_ref (other));
    }
  return g_steal_pointer (&behind);
}

/* Waits until something has changed, where @slot shall go and somebody is to be waited for.
 * Returns: whether it did */
static gboolean
wait_for_others (KlReadMember *self, const Slot *slot, GCancellable *cancellable)
{
  KlReadShare *share = self->share;
  g_autoptr (GPtrArray) behind = NULL;
  const gint64 start = g_get_monotonic_time ();
  gint64 deadline = start + KL_READ_PATIENCE - self->waited, now;

  if (slot->state != SLOT_FILLED || !self->patient || deadline <= start || self->finished
      || g_cancellable_is_cancelled (cancellable))
    return FALSE;
  behind = find_behind (self, slot, start, &deadline);
  if (behind->len == 0)
    return FALSE;

  for (guint i = 0; i < behind->len; i++)
    ((KlReadMember *) behind->pdata[i])->n_waiting++;
  self->waits = TRUE;
  share->n_waiting++;
  g_cond_wait_until (&share->changed, &share->lock, deadline);
  share->n_waiting--;
  self->waits = FALSE;

  now = g_get_monotonic_time ();
  self->waited += now - start;
  for (guint i = 0; i < behind->len; i++)
    {
      KlReadMember *other = behind->pdata[i];

      charge (other, now);
      other->n_waiting--;
    }
  return TRUE;
}

/* ---- Reading. ---- */

/* One block, or a part. */
typedef struct
{
  int fd;
  File file;
  guint64 offset; /* bytes; of the block */
  gsize length;   /* bytes; less than KL_IO_BLOCK at the end of the file */
  gsize skip;     /* bytes from the block's beginning to what is wanted */
  gsize wanted;   /* bytes */
  const char *name;
} Part;

/* The slot with the block, in use by the caller; NULL without error for one who reads for itself:
 * behind the ring, alone, or where all slots are busy. With the lock held. */
static Slot *
take_slot (KlReadMember *self, const Part *part, GCancellable *cancellable, GError **error)
{
  KlReadShare *share = self->share;
  Slot *slot;
  guint64 *front;

  for (;;)
    {
      slot = find_slot (share, &part->file, part->offset);
      if (slot != NULL && slot->state == SLOT_FILLED)
        break;
      if (slot != NULL)
        {
          g_cond_wait (&share->changed, &share->lock);
          continue;
        }

      front = find_front (share, &part->file);
      slot = share->members->len > 1 && part->offset >= *front ? find_oldest (share) : NULL;
      if (slot == NULL)
        return NULL;
      if (wait_for_others (self, slot, cancellable))
        continue;
      *front = part->offset + part->length;
      slot->file = part->file;
      slot->offset = part->offset;
      if (!fill (share, slot, part->fd, part->length, part->name, error))
        return NULL;
      break;
    }
  slot->n_users++;
  return slot;
}

/* With the lock held. */
static void
give_back (KlReadMember *self, Slot *slot, gboolean whole)
{
  slot->n_users--;
  self->passed = MAX (self->passed, slot->stamp - (whole ? 0 : 1));
  if (self->share->n_waiting > 0)
    g_cond_broadcast (&self->share->changed);
}

static gboolean
read_part (
    KlReadMember *self, const Part *part, guint8 *bytes, GCancellable *cancellable, GError **error)
{
  KlReadShare *share = self->share;
  GError *problem = NULL;
  Slot *slot;

  g_mutex_lock (&share->lock);
  slot = take_slot (self, part, cancellable, &problem);
  if (slot == NULL && problem == NULL)
    share->file_bytes += part->wanted;
  g_mutex_unlock (&share->lock);
  if (problem != NULL)
    {
      g_propagate_error (error, problem);
      return FALSE;
    }
  if (slot == NULL)
    return kl_read_at (part->fd, bytes, part->wanted, part->offset + part->skip, part->name, error);

  memcpy (bytes, slot->data + part->skip, part->wanted);
  g_mutex_lock (&share->lock);
  give_back (self, slot, part->skip + part->wanted == part->length);
  g_mutex_unlock (&share->lock);
  return TRUE;
}

static gboolean
read_parts (KlReadMember *self,
            Part *part,
            guint8 *bytes,
            gsize length,
            guint64 offset,
            GCancellable *cancellable,
            GError **error)
{
  while (length > 0)
    {
      part->skip = (gsize) (offset % KL_IO_BLOCK);
      part->offset = offset - part->skip;
      part->length = (gsize) MIN (KL_IO_BLOCK, part->file.size - part->offset);
      part->wanted = MIN (length, part->length - part->skip);
      if (!read_part (self, part, bytes, cancellable, error))
        return FALSE;
      bytes += part->wanted;
      offset += part->wanted;
      length -= part->wanted;
    }
  return TRUE;
}

static void
wake_cb (GCancellable *cancellable, KlReadShare *self)
{
  g_mutex_lock (&self->lock);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

/**
 * kl_read_member_read:
 * @fd: the caller's own descriptor of the file; @bytes are its @length bytes from @offset on
 * @name: of the file, for messages
 * @cancellable: (nullable): ends waiting for other members, and is no error here
 *
 * As kl_read_at(), from the ring where another member has read the block already, and into the ring
 * where the caller is the first. Waits for a block that another one is reading at the moment, and,
 * if it is patient, for patient members that are more than the ring behind: in all for
 * KL_READ_PATIENCE at most, and nobody for longer than for KL_READ_PATIENCE_WITH_ONE.
 *
 * Errors: those of kl_read_at(). One reader's failure is not the others': each tries for itself.
 */
gboolean
kl_read_member_read (KlReadMember *self,
                     int fd,
                     guint8 *bytes,
                     gsize length,
                     guint64 offset,
                     const char *name,
                     GCancellable *cancellable,
                     GError **error)
{
  Part part = { .fd = fd, .name = name };
  struct stat info;
  gulong handler = 0;
  gboolean read;

  if (fstat (fd, &info) != 0)
    {
      kl_set_error_errno (error, errno, "Cannot read “%s”", name);
      return FALSE;
    }
  part.file = (File){ info.st_dev, info.st_ino, (guint64) info.st_size, info.st_ctim.tv_sec,
                      info.st_ctim.tv_nsec };
  if (offset > part.file.size || length > part.file.size - offset)
    return kl_read_at (fd, bytes, length, offset, name, error);

  if (cancellable != NULL)
    handler = g_cancellable_connect (cancellable, G_CALLBACK (wake_cb), self->share, NULL);
  read = read_parts (self, &part, bytes, length, offset, cancellable, error);
  g_cancellable_disconnect (cancellable, handler);
  return read;
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
