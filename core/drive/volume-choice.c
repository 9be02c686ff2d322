/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-drive"

#include "drive/volume-choice.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "drive/mount-table.h"

/**
 * kl_volume_may_fit:
 *
 * Whether the files of a medium can go into this volume, by what udev or UDisks2 found in it:
 * FAT32 or NTFS. The file system is judged again when it is opened.
 */
gboolean
kl_volume_may_fit (const KlVolume *volume)
{
  return g_strcmp0 (volume->fs_type, "ntfs") == 0
         || (g_strcmp0 (volume->fs_type, "vfat") == 0
             && g_strcmp0 (volume->fs_version, "FAT32") == 0);
}

static char *
list_volumes (KlDrive *drive)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < kl_drive_get_n_volumes (drive); i++)
    g_string_append_printf (text, "%s“%s”", i > 0 ? ", " : "",
                            kl_drive_get_volume (drive, i)->path);
  return g_string_free (text, FALSE);
}

/* The only one that fits, else the only one at all. */
static char *
choose_on_drive (KlDrive *drive, GError **error)
{
  guint n_volumes = kl_drive_get_n_volumes (drive), n_fitting = 0;
  const char *fitting = NULL;
  g_autofree char *names = NULL;

  for (guint i = 0; i < n_volumes; i++)
    if (kl_volume_may_fit (kl_drive_get_volume (drive, i)))
      {
        fitting = kl_drive_get_volume (drive, i)->path;
        n_fitting++;
      }
  if (n_fitting == 1)
    return g_strdup (fitting);
  if (n_volumes == 1)
    return g_strdup (kl_drive_get_volume (drive, 0)->path);

  if (n_volumes == 0)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_UFD_FS_UNKNOWN,
                   "“%s” holds no file system; it must hold FAT32 or NTFS",
                   kl_drive_get_path (drive));
      return NULL;
    }
  names = list_volumes (drive);
  g_set_error (error, KL_ERROR,
               n_fitting == 0 ? KL_ERROR_UFD_FS_UNKNOWN : KL_ERROR_INVALID_ARGUMENT,
               n_fitting == 0 ? "None of the volumes on “%s” is FAT32 or NTFS: %s"
                              : "“%s” holds several volumes; choose one of %s",
               kl_drive_get_path (drive), names);
  return NULL;
}

static gboolean
is_mounted_at (const KlVolume *volume, const char *folder)
{
  return g_strv_contains ((const char *const *) volume->mount_points, folder);
}

/* Where the volume is mounted that @path lies on; NULL if it is none of a drive. */
static const char *
find_mount_above (const KlVolume *volume, const char *path)
{
  for (guint i = 0; volume->mount_points[i] != NULL; i++)
    {
      gsize length = strlen (volume->mount_points[i]);

      if (length > 1 && strncmp (path, volume->mount_points[i], length) == 0 && path[length] == '/')
        return volume->mount_points[i];
    }
  return NULL;
}

/* @node: (nullable): what this process sees mounted at @path, which tells a volume from one that
 * holds the file behind it */
static gboolean
is_meant (const KlVolume *volume, const char *path, const char *node)
{
  if (g_str_equal (volume->path, path))
    return TRUE;
  return is_mounted_at (volume, path) && (node == NULL || g_str_equal (volume->path, node));
}

static KlDrive *
search (KlDriveMonitor *self, const char *path, const char *node, char **volume, const char **above)
{
  GListModel *drives = G_LIST_MODEL (self);

  for (guint i = 0; i < g_list_model_get_n_items (drives); i++)
    {
      g_autoptr (KlDrive) drive = g_list_model_get_item (drives, i);

      for (guint j = 0; j < kl_drive_get_n_volumes (drive); j++)
        {
          const KlVolume *candidate = kl_drive_get_volume (drive, j);

          if (is_meant (candidate, path, node))
            {
              *volume = g_strdup (candidate->path);
              return g_steal_pointer (&drive);
            }
          if (*above == NULL)
            *above = find_mount_above (candidate, path);
        }
    }
  return NULL;
}

/**
 * kl_drive_monitor_find_volume:
 * @path: a folder where a volume is mounted, the node of a volume, or that of a drive with one
 *   volume that fits; links to them too
 * @volume: (out): the node of the volume
 *
 * Errors: KL_ERROR_NOT_FOUND; KL_ERROR_INVALID_ARGUMENT where a drive has several volumes that fit,
 * or for a folder inside of a volume; KL_ERROR_UFD_FS_UNKNOWN for a drive without any that fits.
 *
 * Returns: (transfer full) (nullable): the drive, refused or not
 */
KlDrive *
kl_drive_monitor_find_volume (KlDriveMonitor *self, const char *path, char **volume, GError **error)
{
  g_autofree char *resolved = realpath (path, NULL);
  const char *wanted = resolved != NULL ? resolved : path;
  g_autofree char *node = kl_mount_table_find_source (wanted);
  const char *above = NULL;
  g_autoptr (KlDrive) drive = search (self, wanted, node, volume, &above);

  /* Else a volume that is stacked on a drive (LUKS), or one that only UDisks2 sees mounted. */
  if (drive == NULL)
    drive = search (self, wanted, NULL, volume, &above);
  if (drive != NULL)
    return g_steal_pointer (&drive);

  drive = kl_drive_monitor_find (self, wanted);
  if (drive != NULL)
    {
      *volume = choose_on_drive (drive, error);
      return *volume != NULL ? g_steal_pointer (&drive) : NULL;
    }

  if (above != NULL)
    g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                 "“%s” is a folder inside of a volume; the volume itself is mounted at “%s”", path,
                 above);
  else
    g_set_error (error, KL_ERROR, KL_ERROR_NOT_FOUND,
                 "“%s” is neither a folder where a volume of a drive is mounted, nor a volume or a "
                 "drive",
                 path);
  return NULL;
}
