/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "window/prepare-queue.h"

G_BEGIN_DECLS

/* The preparation of one boot image: how it stands, whoever prepares it, and what leads to its
 * recipe. Actions: preparation.prepare, cancel, drivers, files, startup, preview, details.
 * Property: can-prepare, whether there is something to prepare and nobody does so. */
#define KL_TYPE_PREPARATION_GROUP (kl_preparation_group_get_type ())
G_DECLARE_FINAL_TYPE (KlPreparationGroup, kl_preparation_group, KL, PREPARATION_GROUP, AdwBin)

void kl_preparation_group_set_queue (KlPreparationGroup *self,
                                     KlCatalog *catalog,
                                     KlPrepareQueue *queue);
void kl_preparation_group_set_catalog (KlPreparationGroup *self, KlCatalog *catalog);
void kl_preparation_group_set_image (KlPreparationGroup *self, KlBootImage *image);
gboolean kl_preparation_group_get_can_prepare (KlPreparationGroup *self);
void kl_preparation_group_prepare (KlPreparationGroup *self);

G_END_DECLS
