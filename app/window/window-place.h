/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

/* Where somebody was working when the window was closed: its size, the selected image, and in a
 * narrow window whether that or the list was shown. */
void kl_window_place_remember (GtkWindow *window, AdwLeaflet *leaflet, const char *image_id);
char *kl_window_place_restore (GtkWindow *window, AdwLeaflet *leaflet); /* the image's ID, or "" */

G_END_DECLS
