/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-drive"

#include "drive/drive-identity.h"

#include "base/error.h"

/**
 * kl_drive_identity_copy:
 *
 * Returns: (transfer full): a copy, for instance to pin a drive by
 */
KlDriveIdentity *
kl_drive_identity_copy (const KlDriveIdentity *self)
{
  KlDriveIdentity *copy = g_new (KlDriveIdentity, 1);

  *copy = (KlDriveIdentity){
    .name = g_strdup (self->name),
    .serial = g_strdup (self->serial),
    .wwn = g_strdup (self->wwn),
    .port_path = g_strdup (self->port_path),
    .size = self->size,
    .diskseq = self->diskseq,
  };
  return copy;
}

void
kl_drive_identity_free (KlDriveIdentity *self)
{
  if (self == NULL)
    return;

  g_free (self->name);
  g_free (self->serial);
  g_free (self->wwn);
  g_free (self->port_path);
  g_free (self);
}

/**
 * kl_drive_identity_to_string:
 *
 * Returns: (transfer full): everything that is known, in a line, for error messages
 */
char *
kl_drive_identity_to_string (const KlDriveIdentity *self)
{
  GString *text = g_string_new (self->name != NULL ? self->name : "drive without a name");

  if (self->serial != NULL)
    g_string_append_printf (text, ", serial %s", self->serial);
  if (self->wwn != NULL)
    g_string_append_printf (text, ", WWN %s", self->wwn);
  if (self->port_path != NULL)
    g_string_append_printf (text, ", at %s", self->port_path);
  g_string_append_printf (text, ", %" G_GUINT64_FORMAT " bytes", self->size);
  if (self->diskseq != 0)
    g_string_append_printf (text, ", disk sequence %" G_GUINT64_FORMAT, self->diskseq);
  return g_string_free (text, FALSE);
}

static const char *
find_difference (const KlDriveIdentity *pinned, const KlDriveIdentity *found)
{
  if (g_strcmp0 (pinned->serial, found->serial) != 0)
    return "the serial number";
  if (g_strcmp0 (pinned->wwn, found->wwn) != 0)
    return "the WWN";
  if (pinned->size != found->size)
    return "the size";
  if (g_strcmp0 (pinned->port_path, found->port_path) != 0)
    return "the port";
  if (pinned->diskseq != found->diskseq)
    return "the disk sequence number";
  return NULL;
}

/**
 * kl_drive_identity_check:
 * @pinned: the drive that was chosen
 * @found: the drive that is there now
 * @path: under this name, for the message
 *
 * Returns: whether both are the same drive, plugged in once; else KL_ERROR_WRONG_DRIVE with what
 *   differs and both identities. A drive that was pulled and plugged in again is another one, even
 *   if only its disk sequence number says so. Any thread.
 */
gboolean
kl_drive_identity_check (const KlDriveIdentity *pinned,
                         const KlDriveIdentity *found,
                         const char *path,
                         GError **error)
{
  const char *difference;
  g_autofree char *chosen = NULL;
  g_autofree char *there = NULL;

  g_return_val_if_fail (pinned != NULL && found != NULL, FALSE);

  difference = find_difference (pinned, found);
  if (difference == NULL)
    return TRUE;

  chosen = kl_drive_identity_to_string (pinned);
  there = kl_drive_identity_to_string (found);
  g_set_error (error, KL_ERROR, KL_ERROR_WRONG_DRIVE,
               "“%s” is not the drive that was chosen: %s differs. Chosen: %s. There now: %s", path,
               difference, chosen, there);
  return FALSE;
}
