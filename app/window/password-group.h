/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "window/media-draft.h"

G_BEGIN_DECLS

/* Asks for the media password, twice, and says what it is worth. Property: complete. */
#define KL_TYPE_PASSWORD_GROUP (kl_password_group_get_type ())
G_DECLARE_FINAL_TYPE (KlPasswordGroup, kl_password_group, KL, PASSWORD_GROUP, AdwPreferencesGroup)

void kl_password_group_attach (KlPasswordGroup *self, KlMediaDraft *draft);
gboolean kl_password_group_is_complete (KlPasswordGroup *self);
gboolean kl_password_group_has_input (KlPasswordGroup *self);
void kl_password_group_focus (KlPasswordGroup *self);
void kl_password_group_hide_passphrase (KlPasswordGroup *self);
void kl_password_group_clear (KlPasswordGroup *self);

G_END_DECLS
