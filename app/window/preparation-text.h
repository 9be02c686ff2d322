/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "prepare/driver-survey.h"
#include "window/image-text.h"
#include "window/prepare-queue.h"

G_BEGIN_DECLS

/* How the preparation of a boot image reads in the window. @style gets icon and colour. */
char *kl_preparation_text_dup_state (KlBootImage *image, KlPrepareQueue *queue, KlStateText *style);
char *kl_preparation_text_dup_drivers (const KlRecipe *recipe, const KlDriverSurvey *survey);
char *kl_preparation_text_dup_files (const KlRecipe *recipe);
char *kl_preparation_text_dup_startup (const KlRecipe *recipe);
gboolean kl_preparation_text_is_cancelled (KlBootImage *image);

G_END_DECLS
