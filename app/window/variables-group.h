/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "window/media-draft.h"

G_BEGIN_DECLS

/* The person's own media variables: rows of name and value. Property: complete. */
#define KL_TYPE_VARIABLES_GROUP (kl_variables_group_get_type ())
G_DECLARE_FINAL_TYPE (
    KlVariablesGroup, kl_variables_group, KL, VARIABLES_GROUP, AdwPreferencesGroup)

void kl_variables_group_attach (KlVariablesGroup *self, KlMediaDraft *draft);
gboolean kl_variables_group_is_complete (KlVariablesGroup *self);
gboolean kl_variables_group_has_input (KlVariablesGroup *self);
void kl_variables_group_clear (KlVariablesGroup *self);

G_END_DECLS
