/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-part-names"

#include "config.h"

#include "window/part-names.h"

#include <glib/gi18n.h>

static void
name_all (GtkWidget *widget, GType type, const char *name)
{
  if (g_type_is_a (G_OBJECT_TYPE (widget), type))
    gtk_accessible_update_property (GTK_ACCESSIBLE (widget), GTK_ACCESSIBLE_PROPERTY_LABEL, name,
                                    -1);
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    name_all (child, type, name);
}

static void
setup_cb (GtkSignalListItemFactory *factory, GtkListItem *item)
{
  GtkWidget *label = gtk_label_new (NULL);

  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_list_item_set_child (item, label);
}

static void
bind_cb (GtkSignalListItemFactory *factory, GtkListItem *item)
{
  const char *text = gtk_string_object_get_string (gtk_list_item_get_item (item));
  GtkWidget *label = gtk_list_item_get_child (item);
  GtkWidget *parent = gtk_widget_get_parent (label);

  gtk_label_set_label (GTK_LABEL (label), text);
  if (parent != NULL)
    gtk_accessible_update_property (GTK_ACCESSIBLE (parent), GTK_ACCESSIBLE_PROPERTY_LABEL, text,
                                    -1);
}

/**
 * kl_name_parts_of_combo_row:
 * @row: of a GtkStringList
 *
 * Names its lists after the row and their items after what they say.
 */
void
kl_name_parts_of_combo_row (AdwComboRow *row)
{
  g_autoptr (GtkListItemFactory) factory = gtk_signal_list_item_factory_new ();
  const char *title = adw_preferences_row_get_title (ADW_PREFERENCES_ROW (row));
  const gboolean mnemonic = adw_preferences_row_get_use_underline (ADW_PREFERENCES_ROW (row));
  g_auto (GStrv) parts = g_strsplit (title, "_", mnemonic ? 2 : 1);
  g_autofree char *name = g_strjoinv ("", parts);

  g_signal_connect (factory, "setup", G_CALLBACK (setup_cb), NULL);
  g_signal_connect (factory, "bind", G_CALLBACK (bind_cb), NULL);
  adw_combo_row_set_factory (row, factory);
  name_all (GTK_WIDGET (row), GTK_TYPE_LIST_VIEW, name);
}

/* What closes it. */
void
kl_name_parts_of_info_bar (GtkInfoBar *bar)
{
  name_all (GTK_WIDGET (bar), GTK_TYPE_BUTTON, _ ("Close"));
}

/* The lists inside it, and its own head. */
void
kl_name_parts_of_expander_row (AdwExpanderRow *row, const char *name)
{
  name_all (GTK_WIDGET (row), GTK_TYPE_LIST_BOX, name);
  name_all (GTK_WIDGET (row), GTK_TYPE_LIST_BOX_ROW, name);
}

/* For a window that does not yet hold its pages: what it has of its own is the search. */
void
kl_name_parts_of_preferences_window (AdwPreferencesWindow *window)
{
  name_all (GTK_WIDGET (window), GTK_TYPE_SEARCH_ENTRY, _ ("Search"));
  name_all (GTK_WIDGET (window), GTK_TYPE_LIST_BOX, _ ("Search Results"));
}

/* AdwSplitButton gives its two halves no names of their own. */
void
kl_name_parts_of_split_button (GtkWidget *button, const char *name, const char *menu_name)
{
  for (GtkWidget *half = gtk_widget_get_first_child (button); half != NULL;
       half = gtk_widget_get_next_sibling (half))
    {
      const gboolean menu = GTK_IS_MENU_BUTTON (half);

      gtk_accessible_update_property (GTK_ACCESSIBLE (half), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                      menu ? menu_name : name, -1);
      if (menu)
        gtk_accessible_update_property (GTK_ACCESSIBLE (gtk_widget_get_first_child (half)),
                                        GTK_ACCESSIBLE_PROPERTY_LABEL, menu_name, -1);
    }
}

/* Its button and its list; GTK 4.8 gives them no names. */
void
kl_name_parts_of_drop_down (GtkDropDown *drop_down, const char *name)
{
  name_all (GTK_WIDGET (drop_down), GTK_TYPE_TOGGLE_BUTTON, name);
  name_all (GTK_WIDGET (drop_down), GTK_TYPE_LIST_VIEW, name);
}
