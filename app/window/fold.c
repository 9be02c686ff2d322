/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-fold"

#include "config.h"

#include "window/fold.h"

#include <string.h>

static void
folded_cb (AdwLeaflet *leaflet, GParamSpec *spec, gpointer header)
{
  g_autofree char *layout = NULL;

  g_object_get (gtk_widget_get_settings (GTK_WIDGET (leaflet)), "gtk-decoration-layout", &layout,
                NULL);
  if (!adw_leaflet_get_folded (leaflet) || layout == NULL)
    adw_header_bar_set_decoration_layout (header, NULL);
  else
    adw_header_bar_set_decoration_layout (
        header,
        g_strstr_len (layout, (gssize) strcspn (layout, ":"), "close") ? "close:" : ":close");
}

/**
 * kl_fold_leave_only_close:
 * @leaflet: what is folded in a narrow window
 * @header: of the page that is seen first
 *
 * As narrow as a telephone a header with several buttons has no room for more than closing the
 * window, on the side where the desktop has it.
 */
void
kl_fold_leave_only_close (AdwLeaflet *leaflet, AdwHeaderBar *header)
{
  g_signal_connect_object (leaflet, "notify::folded", G_CALLBACK (folded_cb), header, 0);
}

/**
 * kl_fold_wrap_buttons:
 * @widget: what holds buttons
 *
 * Lets what the big ones say stand on several lines where one is too long.
 */
void
kl_fold_wrap_buttons (GtkWidget *widget)
{
  GtkWidget *label = GTK_IS_BUTTON (widget) ? gtk_button_get_child (GTK_BUTTON (widget)) : NULL;

  if (GTK_IS_LABEL (label) && gtk_widget_has_css_class (widget, "pill"))
    {
      gtk_label_set_wrap (GTK_LABEL (label), TRUE);
      gtk_label_set_wrap_mode (GTK_LABEL (label), PANGO_WRAP_WORD_CHAR);
      gtk_label_set_justify (GTK_LABEL (label), GTK_JUSTIFY_CENTER);
      return;
    }
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    kl_fold_wrap_buttons (child);
}

/**
 * kl_fold_new_toast:
 * @markup: what it says
 *
 * Returns: (transfer full): a toast of as many lines as it takes: the title of its own would be cut
 *   where the window is narrow
 */
AdwToast *
kl_fold_new_toast (const char *markup)
{
  AdwToast *toast = adw_toast_new (markup);
  GtkWidget *label = gtk_label_new (NULL);

  gtk_label_set_markup (GTK_LABEL (label), markup);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_wrap_mode (GTK_LABEL (label), PANGO_WRAP_WORD_CHAR);
  gtk_widget_add_css_class (label, "heading");
  adw_toast_set_custom_title (toast, label);
  return toast;
}
