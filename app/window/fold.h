/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

void kl_fold_leave_only_close (AdwLeaflet *leaflet, AdwHeaderBar *header);
void kl_fold_wrap_buttons (GtkWidget *widget);
void kl_fold_show_toast (AdwToastOverlay *overlay, const char *markup);

G_END_DECLS
