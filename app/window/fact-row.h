/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

/* A row that states a fact: what it is in small type, the value below, and, where it has one, a
 * state with icon and word. Text from outside is never taken as markup. */
#define KL_TYPE_FACT_ROW (kl_fact_row_get_type ())
G_DECLARE_FINAL_TYPE (KlFactRow, kl_fact_row, KL, FACT_ROW, AdwActionRow)

GtkWidget *kl_fact_row_new (const char *title, const char *value);
void kl_fact_row_set_value (KlFactRow *self, const char *value);
/* @icon_name: NULL for none; @word: nullable */
void kl_fact_row_set_state (KlFactRow *self,
                            const char *icon_name,
                            const char *css_class,
                            const char *word);

void kl_fact_row_set_boots (KlFactRow *self, gboolean boots, const char *how, const char *why_not);

G_END_DECLS
