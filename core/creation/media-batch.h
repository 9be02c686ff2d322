/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "creation/media-creator.h"

G_BEGIN_DECLS

/*
 * Several media of one boot image, made side by side: a GListModel of KlMediaCreator. Each creator
 * is started, watched and cancelled for itself (KlJob), and one that fails or is cancelled does not
 * disturb the others. The boot image is prepared and checked once, its files are read once for all
 * that keep pace (KlReadShare), and one question for permission is asked, whose answer holds for
 * all.
 *
 * Property “busy” is TRUE while one of them runs. Signal “finished” when none does any more; one
 * that is started again later ends with another “finished”. Belongs to the main context of its
 * creators.
 */
#define KL_TYPE_MEDIA_BATCH (kl_media_batch_get_type ())
G_DECLARE_FINAL_TYPE (KlMediaBatch, kl_media_batch, KL, MEDIA_BATCH, GObject)

KlMediaBatch *kl_media_batch_new (KlCatalog *catalog);
KlMediaCreator *kl_media_batch_add (KlMediaBatch *self, KlMediaRequest *request); /* lent */
gboolean kl_media_batch_is_busy (KlMediaBatch *self);

G_END_DECLS
