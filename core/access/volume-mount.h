/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "drive/drive.h"

G_BEGIN_DECLS

/*
 * One volume of the drive that was chosen, and the folder where it is mounted: its files are
 * written through that, and what else is on the drive stays. Blocks; one thread at a time.
 *
 * As long as the folder is open, the volume cannot be unmounted, and nobody can open the drive
 * exclusively or change its partitions; a drive that is pulled and comes back is another one.
 */
typedef struct _KlVolumeMount KlVolumeMount;

KlVolumeMount *kl_volume_mount_new (KlDrive *drive,
                                    const char *volume,
                                    gboolean read_only,
                                    GCancellable *cancellable,
                                    GError **error);
void kl_volume_mount_free (KlVolumeMount *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlVolumeMount, kl_volume_mount_free)

const KlVolume *kl_volume_mount_get_volume (KlVolumeMount *self);
gboolean kl_volume_mount_read_head (
    KlVolumeMount *self, void *head, gsize length, GCancellable *cancellable, GError **error);
gboolean kl_volume_mount_read_drive_head (
    KlVolumeMount *self, void *head, gsize length, GCancellable *cancellable, GError **error);
guint64 kl_volume_mount_get_start (KlVolumeMount *self);
gboolean kl_volume_mount_open (KlVolumeMount *self, GCancellable *cancellable, GError **error);
int kl_volume_mount_get_fd (KlVolumeMount *self);
const char *kl_volume_mount_get_folder (KlVolumeMount *self);
gboolean kl_volume_mount_is_stand_in (KlVolumeMount *self);
gboolean kl_volume_mount_confirm (KlVolumeMount *self, GError **error);
void kl_volume_mount_drop_cached (KlVolumeMount *self);
void kl_volume_mount_close (KlVolumeMount *self);

G_END_DECLS
