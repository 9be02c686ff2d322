/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "window/driver-item.h"

G_BEGIN_DECLS

/* All about one driver folder or package. Signal "switched" (gboolean) when the admin turns it on
 * or off. The buttons use actions of the window: drivers.remove. */
#define KL_TYPE_DRIVER_DETAILS (kl_driver_details_get_type ())
G_DECLARE_FINAL_TYPE (KlDriverDetails, kl_driver_details, KL, DRIVER_DETAILS, AdwBin)

/* @item: nullable */
void kl_driver_details_set_item (KlDriverDetails *self, KlDriverItem *item, KlDriverSurvey *survey);
KlDriverItem *kl_driver_details_get_item (KlDriverDetails *self);
void kl_driver_details_grab_switch (KlDriverDetails *self);

G_END_DECLS
