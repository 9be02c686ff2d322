/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-window-place"

#include "config.h"

#include "window/window-place.h"

#include "settings.h"

/* Of the leaflet. */
#define DETAILS_PAGE "details"

void
kl_window_place_remember (GtkWindow *window, AdwLeaflet *leaflet, const char *image_id)
{
  GSettings *settings = kl_settings_get ();
  const char *page = adw_leaflet_get_visible_child_name (leaflet);
  int width = 0;
  int height = 0;

  gtk_window_get_default_size (window, &width, &height);
  g_settings_set (settings, "window-size", "(ii)", width, height);
  g_settings_set_boolean (settings, "window-maximized", gtk_window_is_maximized (window));
  g_settings_set_string (settings, "selected-image", image_id);
  g_settings_set_boolean (settings, "details-shown", g_strcmp0 (page, DETAILS_PAGE) == 0);
}

char *
kl_window_place_restore (GtkWindow *window, AdwLeaflet *leaflet)
{
  GSettings *settings = kl_settings_get ();
  int width;
  int height;

  g_settings_get (settings, "window-size", "(ii)", &width, &height);
  gtk_window_set_default_size (window, width, height);
  if (g_settings_get_boolean (settings, "window-maximized"))
    gtk_window_maximize (window);
  if (g_settings_get_boolean (settings, "details-shown"))
    adw_leaflet_set_visible_child_name (leaflet, DETAILS_PAGE);
  return g_settings_get_string (settings, "selected-image");
}
