/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * What tells one drive from every other. A drive that is chosen is pinned by it, and it is compared
 * again before anything is destroyed: names such as /dev/sdb are given to the next drive as soon as
 * this one is pulled. What a drive does not say is NULL or 0, and must then stay unsaid.
 */
typedef struct
{
  char *name;      /* vendor and model, for messages; not compared */
  char *serial;    /* or NULL */
  char *wwn;       /* World Wide Name; or NULL */
  char *port_path; /* where it is plugged in: udev's ID_PATH; or NULL */
  guint64 size;    /* bytes */
  guint64 diskseq; /* the kernel's count of disks and media that came; 0 where it has none */
} KlDriveIdentity;

KlDriveIdentity *kl_drive_identity_copy (const KlDriveIdentity *self);
void kl_drive_identity_free (KlDriveIdentity *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlDriveIdentity, kl_drive_identity_free)

char *kl_drive_identity_to_string (const KlDriveIdentity *self);
gboolean kl_drive_identity_check (const KlDriveIdentity *pinned,
                                  const KlDriveIdentity *found,
                                  const char *path,
                                  GError **error);

G_END_DECLS
