/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-group-title"

#include "config.h"

#include "window/group-title.h"

/* libadwaita 1.2 has no property for it. Rows are not looked into. */
static void
wrap_labels (GtkWidget *widget)
{
  if (GTK_IS_LABEL (widget))
    {
      gtk_label_set_ellipsize (GTK_LABEL (widget), PANGO_ELLIPSIZE_NONE);
      gtk_label_set_wrap (GTK_LABEL (widget), TRUE);
      gtk_label_set_wrap_mode (GTK_LABEL (widget), PANGO_WRAP_WORD_CHAR);
      if (gtk_widget_has_css_class (widget, "title")
          || gtk_widget_has_css_class (widget, "subtitle"))
        gtk_label_set_justify (GTK_LABEL (widget), GTK_JUSTIFY_CENTER);
    }
  if (GTK_IS_LIST_BOX (widget) || GTK_IS_BUTTON (widget))
    return;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    wrap_labels (child);
}

void
kl_group_title_wrap_all (GtkWidget *widget)
{
  if (ADW_IS_PREFERENCES_GROUP (widget) || ADW_IS_WINDOW_TITLE (widget))
    {
      wrap_labels (widget);
      return;
    }
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    kl_group_title_wrap_all (child);
}
