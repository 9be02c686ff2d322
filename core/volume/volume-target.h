/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/progress.h"
#include "drive/drive.h"
#include "volume/folder-plan.h"
#include "volume/folder-writer.h"

G_BEGIN_DECLS

/*
 * A volume that is there, as the target of a medium: its files are written through its mount, and
 * start code for BIOS beside it on request. The order of calls is: new, judge, plan, then write,
 * flush, verify, commit. Nothing changes before write. Blocks; one thread at a time.
 */
typedef struct _KlVolumeTarget KlVolumeTarget;

typedef struct
{
  KlDrive *drive;               /* pinned by its identity */
  const char *volume;           /* node; NULL: the only one */
  gboolean bios_start;          /* write start code for BIOS */
  const char *bios_code_folder; /* where KlBiosCode lies; nullable without bios_start */
  gboolean verify;
  gboolean read_only; /* only to plan: nothing will be written */
} KlVolumeOptions;

KlVolumeTarget *
kl_volume_target_new (const KlVolumeOptions *options, GCancellable *cancellable, GError **error);
void kl_volume_target_free (KlVolumeTarget *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlVolumeTarget, kl_volume_target_free)

gboolean kl_volume_target_judge (KlVolumeTarget *self, GCancellable *cancellable, GError **error);
const char *kl_volume_target_get_bios_obstacle (KlVolumeTarget *self);
const char *kl_volume_target_get_uefi_obstacle (KlVolumeTarget *self);
gboolean kl_volume_target_plan (KlVolumeTarget *self,
                                KlMediaLayout *layout,
                                KlReadMember *member,
                                GCancellable *cancellable,
                                GError **error);
KlFolderPlan *kl_volume_target_get_plan (KlVolumeTarget *self);
KlFolderPlan *kl_volume_target_steal_plan (KlVolumeTarget *self);

gboolean kl_volume_target_write (KlVolumeTarget *self,
                                 KlProgress *progress,
                                 GCancellable *cancellable,
                                 GError **error);
gboolean kl_volume_target_flush (KlVolumeTarget *self, GCancellable *cancellable, GError **error);
gboolean kl_volume_target_verify (KlVolumeTarget *self,
                                  KlProgress *progress,
                                  GCancellable *cancellable,
                                  GError **error);
gboolean kl_volume_target_commit (KlVolumeTarget *self, GError **error);
KlFolderState kl_volume_target_say_state (KlVolumeTarget *self, GError **error);

G_END_DECLS
