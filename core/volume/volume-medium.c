/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-volume-medium"

#include "volume/volume-medium.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file-io.h"
#include "disk/partition-table.h"
#include "drive/drive-monitor.h"
#include "drive/volume-choice.h"

static gboolean
is_node (const char *path)
{
  struct stat info;

  return stat (path, &info) == 0 && S_ISBLK (info.st_mode);
}

/* A look at the drives that are there, in a main context of its own. */
static KlDrive *
find_drive (const char *path, char **volume, GError **error)
{
  const KlDriveMonitorOptions options = { .allow_fixed = TRUE };
  GMainContext *context = g_main_context_new ();
  KlDriveMonitor *monitor;
  KlDrive *drive = NULL;

  g_main_context_push_thread_default (context);
  monitor = kl_drive_monitor_new (&options);
  if (kl_drive_monitor_wait (monitor, error))
    drive = kl_drive_monitor_find_volume (monitor, path, volume, error);
  g_object_unref (monitor);
  g_main_context_pop_thread_default (context);
  g_main_context_unref (context);
  return drive;
}

static KlVolumeMount *
mount_volume (const char *path, GCancellable *cancellable, GError **error)
{
  g_autofree char *volume = NULL;
  g_autoptr (KlDrive) drive = find_drive (path, &volume, error);
  g_autoptr (KlVolumeMount) mount = NULL;

  if (drive == NULL)
    return NULL;
  if (kl_drive_is_unfinished (drive))
    {
      g_set_error (error, KL_ERROR, KL_ERROR_FORMAT,
                   "“%s” is an unfinished medium: writing it was cancelled or failed", path);
      return NULL;
    }
  mount = kl_volume_mount_new (drive, volume, TRUE, cancellable, error);
  if (mount == NULL || !kl_volume_mount_open (mount, cancellable, error))
    return NULL;
  return g_steal_pointer (&mount);
}

/* What the drive itself says: udev and UDisks2 may not have looked at it again yet. */
static gboolean
is_unfinished (const char *path)
{
  guint8 head[KL_DISK_SECTOR];
  g_autofd int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

  return fd >= 0 && kl_read_at (fd, head, sizeof head, 0, path, NULL)
         && kl_disk_is_unfinished ((KlBytesView){ head, sizeof head });
}

/**
 * kl_medium_open_anywhere:
 * @path: an ISO file, a disk image, a folder, or the node of a drive or of a volume
 * @mount: (out) (nullable): what holds the folder that is read, to be freed after the medium; %NULL
 *   where @path itself is read
 *
 * As kl_medium_open(), and nodes that cannot be read themselves are read where they are mounted:
 * NTFS, and drives of which this user may only read the files. A volume that is not mounted is
 * mounted read-only until @mount is freed. Blocks; any thread.
 *
 * Errors: those of kl_medium_open(); of kl_drive_monitor_find_volume() and kl_volume_mount_open();
 * KL_ERROR_FORMAT for an unfinished medium, also where this user may not read it.
 *
 * Returns: (transfer full) (nullable): free with kl_medium_free()
 */
KlMedium *
kl_medium_open_anywhere (const char *path,
                         KlVolumeMount **mount,
                         GCancellable *cancellable,
                         GError **error)
{
  g_autoptr (GError) first = NULL;
  g_autoptr (GError) second = NULL;
  g_autoptr (KlVolumeMount) mounted = NULL;
  KlMedium *medium = kl_medium_open (path, &first);

  if (medium == NULL && is_node (path) && !is_unfinished (path))
    {
      mounted = mount_volume (path, cancellable, &second);
      if (mounted != NULL)
        medium = kl_medium_open (kl_volume_mount_get_folder (mounted), &second);
      /* What is no volume of a drive is spoken of as what it is. */
      if (medium == NULL && !g_error_matches (second, KL_ERROR, KL_ERROR_NOT_FOUND))
        {
          g_propagate_error (error, g_steal_pointer (&second));
          return NULL;
        }
    }
  if (medium == NULL)
    {
      g_propagate_error (error, g_steal_pointer (&first));
      return NULL;
    }

  *mount = g_steal_pointer (&mounted);
  return medium;
}
