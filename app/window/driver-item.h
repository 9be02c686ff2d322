/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "driver/driver-match.h"
#include "prepare/driver-survey.h"
#include "window/image-text.h"

G_BEGIN_DECLS

/* A driver folder or a package in it, as one row of the list. Signal "changed": its state has. */
#define KL_TYPE_DRIVER_ITEM (kl_driver_item_get_type ())
G_DECLARE_FINAL_TYPE (KlDriverItem, kl_driver_item, KL, DRIVER_ITEM, GObject)

KlDriverItem *kl_driver_item_new (KlDriverSurvey *survey,
                                  const KlSurveyFolder *folder,
                                  const KlSurveyPackage *package);
const KlSurveyFolder *kl_driver_item_get_folder (KlDriverItem *self);
const KlSurveyPackage *kl_driver_item_get_package (KlDriverItem *self); /* NULL for a folder */
char *kl_driver_item_dup_key (KlDriverItem *self);                      /* for kl_recipe_set() */
gboolean kl_driver_item_is_on (KlDriverItem *self);
KlStateText kl_driver_item_get_state (KlDriverItem *self);
char *kl_driver_item_dup_title (KlDriverItem *self);
char *kl_driver_item_dup_subtitle (KlDriverItem *self);
gboolean kl_driver_item_matches (KlDriverItem *self, const char *key); /* case-folded */
void kl_driver_item_refresh (KlDriverItem *self);

G_END_DECLS
