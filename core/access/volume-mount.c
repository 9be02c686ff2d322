/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-volume"

#include "access/volume-mount.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "access/access.h"
#include "base/error.h"
#include "base/file-io.h"
#include "drive/block-tree.h"
#include "drive/mount-table.h"

struct _KlVolumeMount
{
  KlDrive *drive;              /* owned */
  const KlVolume *volume;      /* borrowed from drive */
  GDBusConnection *connection; /* owned; NULL without UDisks2 */
  int node;                    /* owned; descriptor of the volume's node, or -1 */
  int folder;                  /* owned; descriptor of the root folder, or -1 */
  char *where;                 /* owned; where it is mounted */
  gboolean read_only;          /* nothing will be written */
  gboolean mounted_here;       /* by this object, which unmounts it again */
};

static const char *
get_name (KlVolumeMount *self)
{
  return strrchr (self->volume->path, '/') + 1;
}

static const KlVolume *
find_volume (KlDrive *drive, const char *path, GError **error)
{
  guint n_volumes = kl_drive_get_n_volumes (drive);

  for (guint i = 0; i < n_volumes; i++)
    {
      const KlVolume *volume = kl_drive_get_volume (drive, i);

      if (path != NULL ? g_str_equal (volume->path, path) : n_volumes == 1)
        return volume;
    }

  if (path != NULL)
    g_set_error (error, KL_ERROR, KL_ERROR_NOT_FOUND, "“%s” is no volume of “%s”", path,
                 kl_drive_get_path (drive));
  else if (n_volumes == 0)
    g_set_error (error, KL_ERROR, KL_ERROR_UFD_FS_UNKNOWN,
                 "“%s” holds no file system; it must hold FAT32 or NTFS, or be formatted",
                 kl_drive_get_path (drive));
  else
    g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                 "“%s” holds %u volumes; choose one of them", kl_drive_get_path (drive), n_volumes);
  return NULL;
}

/**
 * kl_volume_mount_confirm:
 *
 * Compares the drive that is there with the one that was chosen, and the folder with the volume: to
 * be called right before the first byte is written.
 *
 * Errors: KL_ERROR_WRONG_DRIVE with both identities; KL_ERROR_DEVICE_GONE.
 */
gboolean
kl_volume_mount_confirm (KlVolumeMount *self, GError **error)
{
  const KlDriveFacts *facts = kl_drive_get_facts (self->drive);
  g_autoptr (KlDriveIdentity) found
      = kl_drive_read_identity (facts, -1, self->connection, NULL, error);
  g_autofree char *name = NULL;
  struct stat info;

  if (found == NULL || !kl_drive_identity_check (facts->identity, found, facts->path, error))
    return FALSE;
  if (self->folder < 0 || kl_drive_allow_plain_files)
    return TRUE;

  name = fstat (self->folder, &info) == 0 ? kl_block_tree_find_name (info.st_dev) : NULL;
  if (g_strcmp0 (name, get_name (self)) == 0)
    return TRUE;
  g_set_error (error, KL_ERROR, KL_ERROR_WRONG_DRIVE,
               "At “%s” there is not “%s”, which was chosen, but %s", self->where,
               self->volume->path, name != NULL ? name : "something else");
  return FALSE;
}

/**
 * kl_volume_mount_new:
 * @drive: pinned by its identity
 * @volume: (nullable): node of one of its volumes; %NULL where there is only one
 * @read_only: nothing will be written: any drive is good for that
 *
 * Looks whether the drive is the one that was chosen and may be written to. Opens and mounts
 * nothing.
 *
 * Errors: KL_ERROR_NOT_FOUND and KL_ERROR_INVALID_ARGUMENT where no volume can be chosen, or with
 * the reason for refusing the drive; KL_ERROR_UFD_FS_UNKNOWN where there is none at all;
 * KL_ERROR_WRONG_DRIVE, KL_ERROR_DEVICE_GONE, KL_ERROR_WRITE_PROTECTED.
 *
 * Returns: (transfer full) (nullable): free with kl_volume_mount_free()
 */
KlVolumeMount *
kl_volume_mount_new (KlDrive *drive,
                     const char *volume,
                     gboolean read_only,
                     GCancellable *cancellable,
                     GError **error)
{
  g_autoptr (KlVolumeMount) self = g_new0 (KlVolumeMount, 1);
  g_autoptr (GPtrArray) mounts = kl_mount_table_new ();
  const KlDriveFacts *facts;

  g_return_val_if_fail (KL_IS_DRIVE (drive), NULL);

  facts = kl_drive_get_facts (drive);
  self->drive = g_object_ref (drive);
  self->node = self->folder = -1;
  self->read_only = read_only;
  self->volume = find_volume (drive, volume, error);
  if (self->volume == NULL)
    return NULL;

  self->connection = kl_udisks_connect (cancellable);
  if (!kl_volume_mount_confirm (self, error)
      || !kl_drive_read_mounts (facts, self->connection, mounts, cancellable, error)
      || (!read_only && !kl_drive_check_refusal (facts, mounts, error)))
    return NULL;
  return g_steal_pointer (&self);
}

/* Unmounts what was mounted here. */
void
kl_volume_mount_free (KlVolumeMount *self)
{
  if (self == NULL)
    return;

  kl_volume_mount_close (self);
  g_clear_object (&self->connection);
  g_clear_object (&self->drive);
  g_free (self->where);
  g_free (self);
}

/* What udev or UDisks2 say of the volume. */
const KlVolume *
kl_volume_mount_get_volume (KlVolumeMount *self)
{
  return self->volume;
}

static int
open_to_read (KlVolumeMount *self, const char *path, GCancellable *cancellable, GError **error)
{
  int fd = -1;

  if (kl_drive_get_facts (self->drive)->object_path == NULL)
    fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd >= 0)
    return fd;
  if (self->connection != NULL)
    return kl_udisks_open_quietly (self->connection, strrchr (path, '/') + 1, cancellable, error);

  kl_set_error_errno (error, errno, "Opening “%s” failed", path);
  return -1;
}

static gboolean
open_node (KlVolumeMount *self, GCancellable *cancellable, GError **error)
{
  if (self->node < 0)
    self->node = open_to_read (self, self->volume->path, cancellable, error);
  return self->node >= 0;
}

/**
 * kl_volume_mount_read_head:
 * @head: (out caller-allocates): the first bytes of the volume, past the file system
 *
 * Needs access rights to the node, or leave by polkit that is given without a question: nobody is
 * asked for a password in order to read.
 *
 * Errors: KL_ERROR_PERMISSION and others of opening and reading.
 */
gboolean
kl_volume_mount_read_head (
    KlVolumeMount *self, void *head, gsize length, GCancellable *cancellable, GError **error)
{
  return open_node (self, cancellable, error)
         && kl_read_at (self->node, head, length, 0, self->volume->path, error);
}

/* Likewise, of the whole drive. */
gboolean
kl_volume_mount_read_drive_head (
    KlVolumeMount *self, void *head, gsize length, GCancellable *cancellable, GError **error)
{
  const char *path = kl_drive_get_path (self->drive);
  g_autofd int fd = open_to_read (self, path, cancellable, error);

  return fd >= 0 && kl_read_at (fd, head, length, 0, path, error);
}

/* Where the volume begins on the drive, in sectors of 512 bytes; 0: it is all of the drive. */
guint64
kl_volume_mount_get_start (KlVolumeMount *self)
{
  return kl_block_tree_read_number (get_name (self), "start");
}

/* Where the volume is mounted now, all of it and not only a folder; NULL: nowhere */
static gboolean
find_mount (KlVolumeMount *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) mounts = kl_mount_table_new ();

  if (!kl_drive_read_mounts (kl_drive_get_facts (self->drive), self->connection, mounts,
                             cancellable, error))
    return FALSE;

  for (guint i = 0; i < mounts->len && self->where == NULL; i++)
    {
      const KlMount *mount = g_ptr_array_index (mounts, i);

      if (!mount->swap && !mount->partial && g_strcmp0 (mount->device, get_name (self)) == 0)
        self->where = g_strdup (mount->where);
    }
  return TRUE;
}

/* An automounter may be quicker: then it stays mounted. */
static gboolean
mount_it (KlVolumeMount *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) problem = NULL;

  if (self->connection == NULL)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_FAILED,
                   "“%s” is not mounted, and UDisks2 is not there to mount it: mount it first",
                   self->volume->path);
      return FALSE;
    }

  self->where
      = kl_udisks_mount (self->connection, get_name (self), self->read_only, cancellable, &problem);
  self->mounted_here = self->where != NULL;
  if (!self->mounted_here && !find_mount (self, cancellable, NULL))
    self->where = NULL;
  if (self->where == NULL)
    g_propagate_error (error, g_steal_pointer (&problem));
  return self->where != NULL;
}

static gboolean
open_folder (KlVolumeMount *self, GError **error)
{
  self->folder = open (self->where, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (self->folder < 0)
    {
      kl_set_error_errno (error, errno, "The folder “%s”, where “%s” is mounted, cannot be read",
                          self->where, self->volume->path);
      return FALSE;
    }

  /* Two programs that write into one volume would undo each other's work. */
  if (flock (self->folder, (self->read_only ? LOCK_SH : LOCK_EX) | LOCK_NB) != 0
      && errno == EWOULDBLOCK)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_BUSY, "“%s” is being written by another program",
                   self->where);
      return FALSE;
    }
  return TRUE;
}

/**
 * kl_volume_mount_open:
 *
 * Opens the root folder of the volume where it is mounted, and mounts it before if need be.
 *
 * Errors: KL_ERROR_BUSY if another program writes there in this way; KL_ERROR_WRONG_DRIVE;
 * KL_ERROR_PERMISSION, KL_ERROR_FAILED and others of mounting; G_IO_ERROR_CANCELLED.
 */
gboolean
kl_volume_mount_open (KlVolumeMount *self, GCancellable *cancellable, GError **error)
{
  if (self->folder >= 0)
    return TRUE;

  if (!find_mount (self, cancellable, error)
      || (self->where == NULL && !mount_it (self, cancellable, error)))
    return FALSE;
  return open_folder (self, error) && kl_volume_mount_confirm (self, error);
}

/* The root folder of the volume; borrowed. -1 before it was opened. */
int
kl_volume_mount_get_fd (KlVolumeMount *self)
{
  return self->folder;
}

/* Where the volume is mounted; NULL before it was opened. */
const char *
kl_volume_mount_get_folder (KlVolumeMount *self)
{
  return self->where;
}

/* Whether a folder of a test stands for the volume, which is then on another file system. */
gboolean
kl_volume_mount_is_stand_in (KlVolumeMount *self)
{
  return kl_drive_allow_plain_files;
}

/* File systems that run as a program (ntfs-3g) read through the page cache of the node. What is
 * there is dropped, where this user may; everything must have been flushed before. */
void
kl_volume_mount_drop_cached (KlVolumeMount *self)
{
  if (open_node (self, NULL, NULL))
    posix_fadvise (self->node, 0, 0, POSIX_FADV_DONTNEED);
}

/* Gives the volume back, and unmounts it if it was mounted here, also after cancelling; that it is
 * in use again meanwhile, or that UDisks2 does not answer, is no error, since everything was
 * flushed. */
void
kl_volume_mount_close (KlVolumeMount *self)
{
  g_autoptr (GError) problem = NULL;

  kl_close_fd (&self->folder);
  kl_close_fd (&self->node);
  if (self->mounted_here
      && !kl_udisks_unmount (self->connection, get_name (self), kl_udisks_limits.quiet, NULL,
                             &problem))
    g_info ("%s stays mounted: %s", self->volume->path, problem->message);
  self->mounted_here = FALSE;
}
