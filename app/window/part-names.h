/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

/* Names for a screen reader that libadwaita 1.2 does not give to the parts of its rows. */
void kl_name_parts_of_combo_row (AdwComboRow *row);
void kl_name_parts_of_preferences_window (AdwPreferencesWindow *window);
void kl_name_parts_of_info_bar (GtkInfoBar *bar);
void kl_name_parts_of_expander_row (AdwExpanderRow *row, const char *name);
void kl_name_parts_of_split_button (GtkWidget *button, const char *name, const char *menu_name);
void kl_name_parts_of_drop_down (GtkDropDown *drop_down, const char *name);

G_END_DECLS
