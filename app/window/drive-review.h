/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "window/target-draft.h"

G_BEGIN_DECLS

/*
 * The drives that are written to, each in a row that says which one it is and what happens to what
 * is on it. Follows the selection of the draft. To erase a disk that is built in its serial number
 * is typed. Signal “changed” when drives or what was typed changed.
 */
#define KL_TYPE_DRIVE_REVIEW (kl_drive_review_get_type ())
G_DECLARE_FINAL_TYPE (KlDriveReview, kl_drive_review, KL, DRIVE_REVIEW, AdwPreferencesGroup)

void kl_drive_review_set_target (KlDriveReview *self, KlTargetDraft *target);
void kl_drive_review_show (KlDriveReview *self); /* anew, nothing is typed */
gboolean kl_drive_review_is_confirmed (KlDriveReview *self);

G_END_DECLS
