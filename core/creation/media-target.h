/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "creation/media-request.h"
#include "image/catalog.h"
#include "iso/iso-writer.h"
#include "media/read-share.h"
#include "volume/folder-plan.h"

G_BEGIN_DECLS

/*
 * Where one medium goes, and the writer that makes it there: the one place that knows which writer
 * and which sink serve which request. The order of calls is: open, write ahead where that can be,
 * judge, plan, then write, flush, verify, commit. Nothing that has a name changes before write.
 * Blocks; one thread at a time.
 */
typedef struct _KlMediaTarget KlMediaTarget;

/* Keeps a target for one job of this process: KL_ERROR_BUSY if another has it. */
gboolean kl_media_target_reserve (const char *destination, GError **error);
void kl_media_target_release (const char *destination);

gboolean kl_media_target_check_place (KlMediaRequest *request, KlCatalog *catalog, GError **error);
KlMediaTarget *kl_media_target_open (KlMediaRequest *request,
                                     KlCatalog *catalog,
                                     GCancellable *cancellable,
                                     GError **error);
void kl_media_target_free (KlMediaTarget *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlMediaTarget, kl_media_target_free)

void kl_media_target_write_ahead (KlMediaTarget *self,
                                  KlMediaLayout *draft,
                                  KlEnoughFunc enough,
                                  gpointer user_data,
                                  KlProgress *progress,
                                  GCancellable *cancellable);
gboolean kl_media_target_judge (KlMediaTarget *self, GCancellable *cancellable, GError **error);
const char *kl_media_target_get_bios_obstacle (KlMediaTarget *self);
const char *kl_media_target_get_uefi_obstacle (KlMediaTarget *self);
gboolean kl_media_target_plan (KlMediaTarget *self,
                               KlMediaLayout *layout,
                               KlReadMember *member,
                               GCancellable *cancellable,
                               GError **error);
KlFolderPlan *kl_media_target_get_changes (KlMediaTarget *self);
KlFolderPlan *kl_media_target_steal_changes (KlMediaTarget *self);
guint64 kl_media_target_get_bytes (KlMediaTarget *self);
gboolean kl_media_target_write (KlMediaTarget *self,
                                KlProgress *writing,
                                KlProgress *flushing,
                                GCancellable *cancellable,
                                GError **error);
gboolean kl_media_target_verify (KlMediaTarget *self,
                                 KlProgress *progress,
                                 GCancellable *cancellable,
                                 GError **error);
gboolean kl_media_target_commit (KlMediaTarget *self, GError **error);
KlMediaState kl_media_target_say_state (KlMediaTarget *self, GError **error);

KlMediaTarget *
kl_media_target_peek (KlMediaRequest *request, GCancellable *cancellable, GError **error);
gboolean kl_media_target_measure (KlMediaRequest *request,
                                  KlMediaLayout *layout,
                                  guint64 *bytes,
                                  GError **error);

G_END_DECLS
