/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "drive/drive.h"

G_BEGIN_DECLS

/*
 * A drive that is opened for writing: nothing on it is mounted, nobody else has it open
 * exclusively, udev and automounters stay away, and it is the one that was chosen. Blocks; one
 * thread at a time.
 */
#define KL_TYPE_DRIVE_HANDLE (kl_drive_handle_get_type ())
G_DECLARE_FINAL_TYPE (KlDriveHandle, kl_drive_handle, KL, DRIVE_HANDLE, GObject)

KlDriveHandle *kl_drive_open (KlDrive *drive,
                              const KlDriveIdentity *pinned,
                              GCancellable *cancellable,
                              GError **error);
KlDriveHandle *kl_drive_open_beside (KlDrive *drive, GCancellable *cancellable, GError **error);
gboolean kl_drive_handle_lock (KlDriveHandle *self, GCancellable *cancellable, GError **error);
const char *kl_drive_handle_get_path (KlDriveHandle *self);
int kl_drive_handle_get_fd (KlDriveHandle *self);
guint64 kl_drive_handle_get_size (KlDriveHandle *self);
guint kl_drive_handle_get_block_size (KlDriveHandle *self);
gboolean kl_drive_handle_confirm (KlDriveHandle *self, GError **error);
void kl_drive_handle_close (KlDriveHandle *self);

G_END_DECLS
