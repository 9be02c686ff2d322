/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-drive"

#include "access/access.h"

#include <errno.h>
#include <string.h>
#include <sys/mount.h>

#include "base/error.h"
#include "drive/block-tree.h"
#include "drive/mount-table.h"
#include "drive/refusal.h"

/* Mounts on top of mounts: so often the list is read anew. */
#define MAX_ROUNDS 8

/* What the system uses now: as udev's host sees it, or as UDisks2 says. @mounts: gets KlMount. */
gboolean
kl_drive_read_mounts (const KlDriveFacts *facts,
                      GDBusConnection *connection,
                      GPtrArray *mounts,
                      GCancellable *cancellable,
                      GError **error)
{
  g_autoptr (GPtrArray) drives = NULL;

  if (facts->object_path == NULL)
    {
      kl_mount_table_read (mounts, facts->proc != NULL ? facts->proc : "/proc");
      return TRUE;
    }
  if (connection == NULL)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_FAILED,
                   "“%s” cannot be used: UDisks2 is no longer there", facts->path);
      return FALSE;
    }

  drives = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_drive_facts_free);
  return kl_udisks_list (connection, drives, mounts, cancellable, error);
}

/* What the system began to use since the list was made is as untouchable as before. */
gboolean
kl_drive_check_refusal (const KlDriveFacts *facts, GPtrArray *mounts, GError **error)
{
  g_autofree char *reason = NULL;
  KlRefusal refusal = kl_refusal_find (facts, mounts, facts->refusal != KL_REFUSAL_FIXED, &reason);

  if (refusal == KL_REFUSAL_NONE)
    return TRUE;

  g_set_error (error, KL_ERROR,
               refusal == KL_REFUSAL_READ_ONLY   ? KL_ERROR_WRITE_PROTECTED
               : refusal == KL_REFUSAL_NO_MEDIUM ? KL_ERROR_DEVICE_GONE
                                                 : KL_ERROR_INVALID_ARGUMENT,
               "“%s” is not written to: %s", facts->path, reason);
  return FALSE;
}

static gboolean
unmount_one (const KlDriveFacts *facts,
             GDBusConnection *connection,
             const KlMount *mount,
             GCancellable *cancellable,
             GError **error)
{
  g_autoptr (GError) problem = NULL;

  if (connection != NULL)
    {
      if (kl_udisks_unmount (connection, mount->device, kl_udisks_limits.asking, cancellable,
                             &problem))
        return TRUE;
    }
  else if (umount2 (mount->where, UMOUNT_NOFOLLOW) == 0 || errno == EINVAL)
    return TRUE;
  else
    kl_set_error_errno (&problem, errno, "Unmounting “/dev/%s” failed", mount->device);

  if (problem->domain == KL_ERROR)
    {
      kl_drive_blame_users (&problem, facts, mount->where);
      g_prefix_error (&problem, "“%s” is mounted at “%s” and stays so. ", facts->path,
                      mount->where);
    }
  g_propagate_error (error, g_steal_pointer (&problem));
  return FALSE;
}

/* The last one first: what is mounted later may stand on what was before. Returns whether nothing
 * was mounted. */
static gboolean
unmount_all (const KlDriveFacts *facts,
             GDBusConnection *connection,
             GPtrArray *mounts,
             gboolean *clear,
             GCancellable *cancellable,
             GError **error)
{
  const char *name = kl_drive_facts_get_kernel_name (facts);
  g_autoptr (GError) first = NULL;
  guint n_mounted = 0, n_done = 0;

  for (guint i = mounts->len; i > 0; i--)
    {
      const KlMount *mount = g_ptr_array_index (mounts, i - 1);
      g_autoptr (GError) problem = NULL;

      if (mount->swap || !kl_mount_is_on (mount, name))
        continue;
      n_mounted++;
      if (unmount_one (facts, connection, mount, cancellable, &problem))
        n_done++;
      else if (problem->domain != KL_ERROR || first == NULL)
        {
          g_clear_error (&first);
          first = g_steal_pointer (&problem);
          if (first->domain != KL_ERROR)
            break;
        }
    }

  *clear = n_mounted == 0;
  if (first != NULL && (n_done == 0 || first->domain != KL_ERROR))
    {
      g_propagate_error (error, g_steal_pointer (&first));
      return FALSE;
    }
  return TRUE;
}

static gboolean
lock_container (GDBusConnection *connection,
                const char *device,
                GCancellable *cancellable,
                GError **error)
{
  g_auto (GStrv) holders = kl_block_tree_list_holders (device);

  for (guint i = 0; holders[i] != NULL; i++)
    {
      g_autofree char *kind = kl_block_tree_read (holders[i], "dm/uuid");

      if (kind != NULL && g_str_has_prefix (kind, "CRYPT-"))
        return kl_udisks_lock (connection, device, cancellable, error);
    }
  return TRUE;
}

/* What was inside is unmounted by now. Without UDisks2 opening the drive says who holds it. */
static gboolean
lock_containers (const KlDriveFacts *facts,
                 GDBusConnection *connection,
                 GCancellable *cancellable,
                 GError **error)
{
  for (guint i = 0; connection != NULL && i < facts->volumes->len; i++)
    {
      const KlVolume *volume = g_ptr_array_index (facts->volumes, i);

      if (!lock_container (connection, strrchr (volume->path, '/') + 1, cancellable, error))
        {
          kl_drive_blame_users (error, facts, NULL);
          return FALSE;
        }
    }
  return TRUE;
}

/**
 * kl_drive_release:
 *
 * Unmounts everything on the drive, after a last look at whether the system stands on it.
 *
 * Errors: KL_ERROR_INVALID_ARGUMENT, KL_ERROR_WRITE_PROTECTED or KL_ERROR_DEVICE_GONE with the
 * reason if the drive may not be used; KL_ERROR_DRIVE_IN_USE with the mount point and who uses it;
 * KL_ERROR_PERMISSION if it was denied, G_IO_ERROR_CANCELLED if the question was dismissed.
 */
gboolean
kl_drive_release (const KlDriveFacts *facts,
                  GDBusConnection *connection,
                  GCancellable *cancellable,
                  GError **error)
{
  gboolean clear = FALSE;

  for (guint round = 0; round < MAX_ROUNDS && !clear; round++)
    {
      g_autoptr (GPtrArray) mounts = kl_mount_table_new ();

      if (g_cancellable_set_error_if_cancelled (cancellable, error)
          || !kl_drive_read_mounts (facts, connection, mounts, cancellable, error)
          || !kl_drive_check_refusal (facts, mounts, error)
          || !unmount_all (facts, connection, mounts, &clear, cancellable, error))
        return FALSE;
    }

  if (!clear)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_BUSY,
                   "“%s” is mounted again as soon as it was unmounted", facts->path);
      kl_drive_blame_users (error, facts, NULL);
      return FALSE;
    }
  return lock_containers (facts, connection, cancellable, error);
}
