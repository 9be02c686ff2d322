/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-drive"

#include "access/drive-power.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "access/access.h"
#include "base/error.h"
#include "base/file-io.h"

/* An automounter may look at a drive that was just written, and mount what it finds. */
#define ATTEMPTS 5
#define PAUSE (G_USEC_PER_SEC / 4)

/* Without UDisks2: the kernel flushes the caches of a SCSI disk (all USB sticks are) and lets go of
 * it. */
static gboolean
detach (const KlDriveFacts *facts, GError **error)
{
  g_autofree char *path
      = g_strdup_printf ("/sys/block/%s/device/delete", kl_drive_facts_get_kernel_name (facts));
  g_autofd int fd = open (path, O_WRONLY | O_CLOEXEC);

  if (fd < 0 && errno == ENOENT)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_FAILED, "“%s” cannot be switched off by software",
                   facts->path);
      return FALSE;
    }
  if (fd < 0 || write (fd, "1", 1) != 1)
    {
      kl_set_error_errno (error, errno, "Switching “%s” off failed", facts->path);
      return FALSE;
    }
  return TRUE;
}

static gboolean
try_once (const KlDriveFacts *facts,
          GDBusConnection *connection,
          GCancellable *cancellable,
          GError **error)
{
  g_autoptr (KlDriveIdentity) there
      = kl_drive_read_identity (facts, -1, connection, cancellable, error);

  if (there == NULL || !kl_drive_identity_check (facts->identity, there, facts->path, error)
      || !kl_drive_release (facts, connection, cancellable, error))
    return FALSE;
  return connection != NULL ? kl_udisks_power_off (
             connection, kl_drive_facts_get_kernel_name (facts), cancellable, error)
                            : detach (facts, error);
}

/**
 * kl_drive_power_off:
 * @drive: as it was chosen; closed, and everything on it flushed
 *
 * Makes a drive safe to be pulled: it is unmounted if something mounted it again, and switched off
 * by UDisks2, or has its medium ejected where it stays on (card readers); without UDisks2, which
 * needs root, the kernel lets go of it. Another drive that bears the name now is left alone.
 *
 * Errors: KL_ERROR_DRIVE_IN_USE, KL_ERROR_WRONG_DRIVE, KL_ERROR_PERMISSION; KL_ERROR_FAILED for a
 * drive that has no switch; G_IO_ERROR_CANCELLED. Blocks; any thread.
 */
gboolean
kl_drive_power_off (KlDrive *drive, GCancellable *cancellable, GError **error)
{
  g_autoptr (GDBusConnection) connection = NULL;

  g_return_val_if_fail (KL_IS_DRIVE (drive), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  connection = kl_udisks_connect (cancellable);
  for (guint attempt = 1;; attempt++)
    {
      g_autoptr (GError) problem = NULL;

      if (try_once (kl_drive_get_facts (drive), connection, cancellable, &problem))
        return TRUE;
      if (!g_error_matches (problem, KL_ERROR, KL_ERROR_BUSY) || attempt >= ATTEMPTS)
        {
          kl_drive_blame_users (&problem, kl_drive_get_facts (drive), NULL);
          g_propagate_error (error, g_steal_pointer (&problem));
          return FALSE;
        }
      g_usleep (PAUSE);
    }
}
