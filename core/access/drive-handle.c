/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-drive"

#include "access/drive-handle.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file-io.h"
#include "drive/block-tree.h"
#include "access/access.h"
#include "drive/drive-source.h"
#include "drive/mount-table.h"

/* udev looks at a drive for a moment after each event and holds the lock meanwhile. */
#define LOCK_ATTEMPTS 100
#define LOCK_PAUSE (G_USEC_PER_SEC / 20)

/* An automounter may be looking as well. */
#define OPEN_ATTEMPTS 20

struct _KlDriveHandle
{
  GObject parent_instance;

  KlDrive *drive;              /* owned */
  KlDriveIdentity *pinned;     /* owned */
  GDBusConnection *connection; /* owned; NULL without UDisks2 */
  int fd;                      /* owned; -1 once closed */
  guint64 size;                /* bytes */
  guint block_size;            /* bytes, of a logical block; power of two */
};

G_DEFINE_FINAL_TYPE (KlDriveHandle, kl_drive_handle, G_TYPE_OBJECT)

gboolean kl_drive_allow_plain_files = FALSE;

/* @fd: -1 for whatever bears the name @path now */
static gboolean
find_number (int fd, const char *path, dev_t *number, GError **error)
{
  struct stat info;

  if ((fd >= 0 && fstat (fd, &info) == 0 && S_ISBLK (info.st_mode))
      || ((fd < 0 || kl_drive_allow_plain_files) && stat (path, &info) == 0
          && S_ISBLK (info.st_mode)))
    {
      *number = info.st_rdev;
      return TRUE;
    }
  if (fd < 0)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_DEVICE_GONE, "“%s” is no longer there", path);
      return FALSE;
    }

  g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT, "“%s” is not a drive", path);
  return FALSE;
}

static KlDriveFacts *
find_in_udev (const KlDriveFacts *facts, int fd, GError **error)
{
  KlDriveFacts *there;
  dev_t number;

  if (!find_number (fd, facts->path, &number, error))
    return NULL;

  there = kl_udev_read_drive (number);
  if (there == NULL)
    g_set_error (error, KL_ERROR, KL_ERROR_DEVICE_GONE, "“%s” is no longer there", facts->path);
  return there;
}

/* A sandbox need not have the nodes of the host: by the object, and once there is a descriptor, by
 * its number. */
static gboolean
read_diskseq (KlDriveFacts *there, int fd, GError **error)
{
  g_autofree char *name = NULL;
  dev_t number;

  if (fd < 0)
    return TRUE;
  if (!find_number (fd, there->path, &number, error))
    return FALSE;

  name = kl_block_tree_find_name (number);
  if (name != NULL)
    there->identity->diskseq = kl_block_tree_read_number (name, "diskseq");
  return TRUE;
}

static KlDriveFacts *
find_in_udisks (const KlDriveFacts *facts,
                int fd,
                GDBusConnection *connection,
                GCancellable *cancellable,
                GError **error)
{
  g_autoptr (GPtrArray) drives
      = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_drive_facts_free);
  g_autoptr (GPtrArray) mounts = kl_mount_table_new ();

  if (connection == NULL)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_FAILED,
                   "“%s” cannot be used: UDisks2 is no longer there", facts->path);
      return NULL;
    }
  if (!kl_udisks_list (connection, drives, mounts, cancellable, error))
    return NULL;
  for (guint i = 0; i < drives->len; i++)
    {
      KlDriveFacts *there = g_ptr_array_index (drives, i);

      if (g_strcmp0 (there->object_path, facts->object_path) != 0)
        continue;
      if (!read_diskseq (there, fd, error))
        return NULL;
      return g_steal_pointer (&g_ptr_array_index (drives, i));
    }

  g_set_error (error, KL_ERROR, KL_ERROR_DEVICE_GONE, "“%s” is no longer there", facts->path);
  return NULL;
}

/**
 * kl_drive_read_identity:
 * @fd: the opened drive; -1 for the one that bears the name now
 *
 * Asks anew, whomever the drive was found by, for the drive that the descriptor stands for: size
 * and disk sequence number come from the kernel, by the number of the device.
 *
 * Returns: (transfer full) (nullable): the identity, or %NULL with KL_ERROR_DEVICE_GONE or others
 */
KlDriveIdentity *
kl_drive_read_identity (const KlDriveFacts *facts,
                        int fd,
                        GDBusConnection *connection,
                        GCancellable *cancellable,
                        GError **error)
{
  g_autoptr (KlDriveFacts) there = NULL;
  guint64 size = 0;

  there = facts->object_path != NULL ? find_in_udisks (facts, fd, connection, cancellable, error)
                                     : find_in_udev (facts, fd, error);
  if (there == NULL)
    return NULL;

  if (fd >= 0 && ioctl (fd, BLKGETSIZE64, &size) == 0)
    there->identity->size = size;
  return g_steal_pointer (&there->identity);
}

static gboolean
may_open_directly (const char *path)
{
  return access (path, R_OK | W_OK) == 0;
}

static int
open_once (KlDriveHandle *self, int flags, GCancellable *cancellable, GError **error)
{
  const KlDriveFacts *facts = kl_drive_get_facts (self->drive);
  int fd;

  if (facts->object_path != NULL || (self->connection != NULL && !may_open_directly (facts->path)))
    return kl_udisks_open (self->connection, kl_drive_facts_get_kernel_name (facts), flags,
                           cancellable, error);

  fd = open (facts->path, O_RDWR | flags);
  if (fd < 0)
    kl_set_error_errno (error, errno, "Opening “%s” failed", facts->path);
  return fd;
}

static gboolean
open_exclusively (KlDriveHandle *self, GCancellable *cancellable, GError **error)
{
  const KlDriveFacts *facts = kl_drive_get_facts (self->drive);

  for (guint attempt = 1;; attempt++)
    {
      g_autoptr (GError) problem = NULL;

      self->fd = open_once (self, O_EXCL | O_CLOEXEC, cancellable, &problem);
      if (self->fd >= 0)
        return TRUE;
      if (!g_error_matches (problem, KL_ERROR, KL_ERROR_BUSY) || attempt >= OPEN_ATTEMPTS)
        {
          kl_drive_blame_users (&problem, facts, NULL);
          g_propagate_error (error, g_steal_pointer (&problem));
          return FALSE;
        }
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      g_usleep (LOCK_PAUSE);
    }
}

/**
 * kl_drive_handle_lock:
 *
 * Takes the lock that udev and others respect: https://systemd.io/BLOCK_DEVICE_LOCKING/
 *
 * Errors: KL_ERROR_DRIVE_IN_USE with who has it; G_IO_ERROR_CANCELLED.
 */
gboolean
kl_drive_handle_lock (KlDriveHandle *self, GCancellable *cancellable, GError **error)
{
  const KlDriveFacts *facts = kl_drive_get_facts (self->drive);

  for (guint attempt = 0; attempt < LOCK_ATTEMPTS; attempt++)
    {
      if (flock (self->fd, LOCK_EX | LOCK_NB) == 0)
        return TRUE;
      if (errno != EWOULDBLOCK && errno != EINTR)
        {
          kl_set_error_errno (error, errno, "Locking “%s” failed", facts->path);
          return FALSE;
        }
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      g_usleep (LOCK_PAUSE);
    }

  g_set_error (error, KL_ERROR, KL_ERROR_BUSY, "“%s” is locked by another program", facts->path);
  kl_drive_blame_users (error, facts, NULL);
  return FALSE;
}

static gboolean
read_geometry (KlDriveHandle *self, GError **error)
{
  const char *path = kl_drive_get_path (self->drive);
  struct stat info;
  int block_size = 0, read_only = 0;

  self->size = 0;
  if (ioctl (self->fd, BLKGETSIZE64, &self->size) != 0 && fstat (self->fd, &info) == 0)
    self->size = (guint64) info.st_size;
  if (ioctl (self->fd, BLKSSZGET, &block_size) != 0 || block_size < 512)
    block_size = 512;
  self->block_size = (guint) block_size;

  if (ioctl (self->fd, BLKROGET, &read_only) == 0 && read_only)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_WRITE_PROTECTED, "“%s” is write-protected", path);
      return FALSE;
    }
  if (self->size == 0)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_DEVICE_GONE, "There is no medium in “%s”", path);
      return FALSE;
    }
  return TRUE;
}

static void
kl_drive_handle_finalize (GObject *object)
{
  KlDriveHandle *self = KL_DRIVE_HANDLE (object);

  kl_close_fd (&self->fd);
  g_clear_object (&self->drive);
  g_clear_object (&self->connection);
  g_clear_pointer (&self->pinned, kl_drive_identity_free);

  G_OBJECT_CLASS (kl_drive_handle_parent_class)->finalize (object);
}

static void
kl_drive_handle_class_init (KlDriveHandleClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = kl_drive_handle_finalize;
}

static void
kl_drive_handle_init (KlDriveHandle *self)
{
  self->fd = -1;
}

/**
 * kl_drive_open:
 * @drive: where to find it
 * @pinned: what was chosen; usually the drive's own identity, from the moment of choosing
 *
 * Opens a drive to write on it: compares identities, unmounts everything on the drive, opens it
 * exclusively, locks it, and compares identities again on the descriptor.
 *
 * Unmounting goes through UDisks2 where it runs, else it needs root; so does opening the node,
 * unless this user may open it anyway. polkit may ask a person for a password meanwhile, for as
 * long as that takes.
 *
 * Errors: KL_ERROR_WRONG_DRIVE with both identities; KL_ERROR_INVALID_ARGUMENT and others with the
 * reason for refusing the drive; KL_ERROR_DRIVE_IN_USE with who uses it; KL_ERROR_PERMISSION;
 * KL_ERROR_DEVICE_GONE; KL_ERROR_WRITE_PROTECTED; G_IO_ERROR_CANCELLED, also if the person
 * dismissed the question. Nothing was written then. Blocks; any thread.
 *
 * Returns: (transfer full) (nullable): the opened drive
 */
KlDriveHandle *
kl_drive_open (KlDrive *drive,
               const KlDriveIdentity *pinned,
               GCancellable *cancellable,
               GError **error)
{
  g_autoptr (KlDriveHandle) self = NULL;
  const KlDriveFacts *facts;

  g_return_val_if_fail (KL_IS_DRIVE (drive) && pinned != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  facts = kl_drive_get_facts (drive);
  self = g_object_new (KL_TYPE_DRIVE_HANDLE, NULL);
  self->drive = g_object_ref (drive);
  self->pinned = kl_drive_identity_copy (pinned);
  if (!kl_drive_identity_check (pinned, facts->identity, facts->path, error)
      || g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;

  /* Before anything is unmounted, too: the name may have gone to another drive. */
  self->connection = kl_udisks_connect (cancellable);
  if (!kl_drive_handle_confirm (self, error)
      || !kl_drive_release (facts, self->connection, cancellable, error)
      || !open_exclusively (self, cancellable, error)
      || !kl_drive_handle_lock (self, cancellable, error) || !kl_drive_handle_confirm (self, error)
      || !read_geometry (self, error))
    return NULL;

  return g_steal_pointer (&self);
}

/**
 * kl_drive_open_beside:
 * @drive: pinned by its identity
 *
 * Opens a drive to write between its partitions and not on them: nothing is unmounted, and nobody
 * is locked out. What is mounted from the drive must be held open by the caller, which keeps others
 * from opening it exclusively. kl_drive_handle_lock() is to be called right before writing. Dropped
 * without kl_drive_handle_close(): the partition table has not changed.
 *
 * Errors: as kl_drive_open(), but for those of unmounting and locking.
 *
 * Returns: (transfer full) (nullable): the opened drive
 */
KlDriveHandle *
kl_drive_open_beside (KlDrive *drive, GCancellable *cancellable, GError **error)
{
  g_autoptr (KlDriveHandle) self = g_object_new (KL_TYPE_DRIVE_HANDLE, NULL);

  g_return_val_if_fail (KL_IS_DRIVE (drive), NULL);

  self->drive = g_object_ref (drive);
  self->pinned = kl_drive_identity_copy (kl_drive_get_identity (drive));
  self->connection = kl_udisks_connect (cancellable);
  if (!kl_drive_handle_confirm (self, error))
    return NULL;
  self->fd = open_once (self, O_CLOEXEC, cancellable, error);
  if (self->fd < 0 || !kl_drive_handle_confirm (self, error) || !read_geometry (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

/**
 * kl_drive_handle_get_path:
 *
 * Returns: the node's name, for messages
 */
const char *
kl_drive_handle_get_path (KlDriveHandle *self)
{
  g_return_val_if_fail (KL_IS_DRIVE_HANDLE (self), NULL);

  return kl_drive_get_path (self->drive);
}

/**
 * kl_drive_handle_get_fd:
 *
 * Returns: the descriptor, owned by @self; -1 once closed
 */
int
kl_drive_handle_get_fd (KlDriveHandle *self)
{
  g_return_val_if_fail (KL_IS_DRIVE_HANDLE (self), -1);

  return self->fd;
}

/* Bytes. */
guint64
kl_drive_handle_get_size (KlDriveHandle *self)
{
  g_return_val_if_fail (KL_IS_DRIVE_HANDLE (self), 0);

  return self->size;
}

/**
 * kl_drive_handle_get_block_size:
 *
 * Returns: bytes of a logical block, which offsets and lengths of O_DIRECT are multiples of
 */
guint
kl_drive_handle_get_block_size (KlDriveHandle *self)
{
  g_return_val_if_fail (KL_IS_DRIVE_HANDLE (self), 0);

  return self->block_size;
}

/**
 * kl_drive_handle_confirm:
 *
 * Compares the opened drive with the one that was chosen, once more: to be called right before the
 * first byte that destroys something, and before a retry.
 *
 * Errors: KL_ERROR_WRONG_DRIVE with both identities; KL_ERROR_DEVICE_GONE.
 */
gboolean
kl_drive_handle_confirm (KlDriveHandle *self, GError **error)
{
  const KlDriveFacts *facts;
  g_autoptr (KlDriveIdentity) found = NULL;

  g_return_val_if_fail (KL_IS_DRIVE_HANDLE (self), FALSE);

  facts = kl_drive_get_facts (self->drive);
  found = kl_drive_read_identity (facts, self->fd, self->connection, NULL, error);
  return found != NULL && kl_drive_identity_check (self->pinned, found, facts->path, error);
}

/**
 * kl_drive_handle_close:
 *
 * Has the kernel read the new partition table, and gives the drive back to udev and everybody.
 */
void
kl_drive_handle_close (KlDriveHandle *self)
{
  gboolean reread;

  g_return_if_fail (KL_IS_DRIVE_HANDLE (self));

  if (self->fd < 0)
    return;

  /* The kernel does it for root; UDisks2 does it for others. */
  reread = ioctl (self->fd, BLKRRPART) == 0;
  kl_close_fd (&self->fd);
  if (!reread && self->connection != NULL)
    kl_udisks_rescan (self->connection,
                      kl_drive_facts_get_kernel_name (kl_drive_get_facts (self->drive)));
}
