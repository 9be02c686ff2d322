/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-fold"

#include "config.h"

#include "window/fold.h"

#include <string.h>

#include "window/first-frame.h"

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

/* A toast of as many lines as it takes: the title of its own would be cut where the window is
 * narrow. */
static AdwToast *
new_toast (const char *markup)
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

typedef struct
{
  AdwToastOverlay *overlay; /* weak */
  char *markup;             /* owned */
} Word;

static gboolean
show_word_cb (gpointer user_data)
{
  Word *word = user_data;

  if (word->overlay != NULL)
    adw_toast_overlay_add_toast (word->overlay, new_toast (word->markup));
  g_clear_weak_pointer (&word->overlay);
  g_free (word->markup);
  g_free (word);
  return G_SOURCE_REMOVE;
}

/**
 * kl_fold_show_toast:
 * @overlay: in the window that it is about
 * @markup: what it says
 *
 * Shows a toast once what it is about is drawn: the frame in which both come would take too long.
 * It does not dismiss an older one: libadwaita 1.2 crashes where the animation of that has not
 * ended.
 */
void
kl_fold_show_toast (AdwToastOverlay *overlay, const char *markup)
{
  Word *word = g_new0 (Word, 1);

  g_set_weak_pointer (&word->overlay, overlay);
  word->markup = g_strdup (markup);
  kl_first_frame_add (GTK_WIDGET (overlay), show_word_cb, word);
}
