/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "drive/drive-facts.h"

G_BEGIN_DECLS

/*
 * Where a monitor learns about drives; inside core/drive and core/access only. A source lives in
 * the main context in which it was made. It emits “changed” when it is worth asking again, at once
 * or a moment later, and after it became ready.
 */
#define KL_TYPE_DRIVE_SOURCE (kl_drive_source_get_type ())
G_DECLARE_DERIVABLE_TYPE (KlDriveSource, kl_drive_source, KL, DRIVE_SOURCE, GObject)

struct _KlDriveSourceClass
{
  GObjectClass parent_class;

  /* Adds what is there now: drives of KlDriveFacts, mounts of KlMount. */
  void (*scan) (KlDriveSource *self, GPtrArray *drives, GPtrArray *mounts);
};

void kl_drive_source_scan (KlDriveSource *self, GPtrArray *drives, GPtrArray *mounts);
gboolean kl_drive_source_is_ready (KlDriveSource *self, const GError **error);
void kl_drive_source_set_ready (KlDriveSource *self, GError *error);
void kl_drive_source_changed (KlDriveSource *self);

KlDriveSource *kl_udev_source_new (const char *proc);
KlDriveSource *kl_udisks_source_new (void);

/* The drive behind a node as udev and the kernel describe it now; NULL if there is none. */
KlDriveFacts *kl_udev_read_drive (dev_t number);

G_END_DECLS
