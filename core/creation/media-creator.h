/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "creation/media-request.h"
#include "creation/media-result.h"
#include "image/catalog.h"
#include "job/job.h"
#include "media/media-share.h"
#include "volume/folder-plan.h"

G_BEGIN_DECLS

/*
 * The one object that window, terminal and D-Bus drive to make media (interface.md 4): request →
 * layout → writer → sink → read-back. Read/write properties of the documented API: provider-name,
 * site-code, connection-options, distribution-points, media-label. The rest is KlJob.
 *
 * Several creators may run side by side, never two on one target: the second gets KL_ERROR_BUSY.
 */
#define KL_TYPE_MEDIA_CREATOR (kl_media_creator_get_type ())
G_DECLARE_FINAL_TYPE (KlMediaCreator, kl_media_creator, KL, MEDIA_CREATOR, KlJob)

KlMediaCreator *kl_media_creator_new (KlCatalog *catalog);

/* The request of the next run; replaced only while the creator is idle. */
void kl_media_creator_set_catalog (KlMediaCreator *self, KlCatalog *catalog);
void kl_media_creator_set_request (KlMediaCreator *self, KlMediaRequest *request);
KlMediaRequest *kl_media_creator_get_request (KlMediaCreator *self);

/* Several media of one boot image share work; KlMediaBatch does this. Only while idle. */
void kl_media_creator_set_share (KlMediaCreator *self, KlMediaShare *share);

/* The property connection-options without a copy of it in ordinary memory: one of the options is a
 * password. Only while the creator is idle. */
void kl_media_creator_set_connection_options (KlMediaCreator *self, KlSecret *options);

/* What would be written where, and how many bytes the medium needs; writes nothing. Blocks; any
 * thread. */
KlMediaLayout *kl_media_creator_plan (KlMediaCreator *self, guint64 *bytes_needed, GError **error);
KlMediaLayout *kl_media_creator_plan_changes (KlMediaCreator *self,
                                              guint64 *bytes_needed,
                                              KlFolderPlan **changes,
                                              GError **error);

const KlMediaResult *kl_media_creator_get_result (KlMediaCreator *self); /* NULL before success */
KlMediaState kl_media_creator_get_state (KlMediaCreator *self);

G_END_DECLS
