/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "crypto/secret.h"

G_BEGIN_DECLS

/*
 * A row that takes a password. AdwPasswordEntryRow looks better and tells assistive technology that
 * it is any text, which a screen reader then speaks; a GtkPasswordEntry is a password to it, too.
 * Its buffer is locked memory and wiped. Signals: changed, entry-activated.
 */
#define KL_TYPE_PASSWORD_ROW (kl_password_row_get_type ())
G_DECLARE_FINAL_TYPE (KlPasswordRow, kl_password_row, KL, PASSWORD_ROW, AdwActionRow)

const char *kl_password_row_get_text (KlPasswordRow *self);
void kl_password_row_set_text (KlPasswordRow *self, const char *text);
void kl_password_row_set_secret (KlPasswordRow *self, KlSecret *value);
GtkWidget *kl_password_row_get_entry (KlPasswordRow *self);

G_END_DECLS
