/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

/* The manual: a window of its own that stays usable beside any dialog. */
#define KL_TYPE_HELP_WINDOW (kl_help_window_get_type ())
G_DECLARE_FINAL_TYPE (KlHelpWindow, kl_help_window, KL, HELP_WINDOW, AdwWindow)

/* Places are written “page” or “page#id”. */
void kl_help_show (GtkApplication *application, const char *place);
/* What F1 opens while the focus is in @widget; else its type says it. */
void kl_help_set_place (GtkWidget *widget, const char *place);
const char *kl_help_find_place (GtkWindow *window);

G_END_DECLS
