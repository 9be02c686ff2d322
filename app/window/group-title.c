/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-group-title"

#include "config.h"

#include "window/group-title.h"

/* A word up to so long is not broken; characters. */
#define WORD_CHARS 8

/* A narrower window may have no room for the title of a window in one line; pixels, where text has
 * its usual size. */
#define ROOMY_WIDTH 480

/* libadwaita 1.2 has no property for it. Rows are not looked into. */
static int
get_longest_word (const char *text)
{
  g_auto (GStrv) words = g_strsplit (text, " ", -1);
  glong longest = 0;

  for (guint i = 0; words[i] != NULL; i++)
    longest = MAX (longest, g_utf8_strlen (words[i], -1));
  return (int) MIN (longest, WORD_CHARS);
}

/* What is told in whole where the pointer rests may be cut: the name of a file. */
static gboolean
is_told (GtkWidget *label)
{
  GtkWidget *title = gtk_widget_get_ancestor (label, ADW_TYPE_WINDOW_TITLE);

  return gtk_widget_has_css_class (label, "subtitle") && title != NULL
         && gtk_widget_get_has_tooltip (title);
}

static void
wrap_labels (GtkWidget *widget, gboolean wrap)
{
  if (GTK_IS_LABEL (widget) && !is_told (widget))
    {
      const char *text = gtk_label_get_label (GTK_LABEL (widget));

      gtk_label_set_width_chars (GTK_LABEL (widget), wrap ? get_longest_word (text) : -1);
      gtk_label_set_ellipsize (GTK_LABEL (widget),
                               wrap ? PANGO_ELLIPSIZE_NONE : PANGO_ELLIPSIZE_END);
      gtk_label_set_wrap (GTK_LABEL (widget), wrap);
      gtk_label_set_wrap_mode (GTK_LABEL (widget), PANGO_WRAP_WORD_CHAR);
      if (gtk_widget_has_css_class (widget, "title")
          || gtk_widget_has_css_class (widget, "subtitle"))
        gtk_label_set_justify (GTK_LABEL (widget), GTK_JUSTIFY_CENTER);
    }
  if (GTK_IS_LIST_BOX (widget) || GTK_IS_BUTTON (widget))
    return;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    wrap_labels (child, wrap);
}

/* A header bar asks how narrow its title can be at the height that it has, and gives it no more:
 * one that wraps would do so in the widest window, too. */
static void
wrap_where_narrow (GtkWidget *title)
{
  GtkRoot *root = gtk_widget_get_root (title);
  int width, height, dpi;

  if (root == NULL)
    return;
  g_object_get (gtk_widget_get_settings (title), "gtk-xft-dpi", &dpi, NULL);
  gtk_window_get_default_size (GTK_WINDOW (root), &width, &height);
  wrap_labels (title, width < ROOMY_WIDTH * MAX (dpi / 1024.0 / 96, 1));
}

/* A title is made before it is put into its window. */
static void
rooted_cb (GtkWidget *title)
{
  GtkRoot *root = gtk_widget_get_root (title);

  if (root == NULL)
    return;
  g_signal_connect_object (root, "notify::default-width", G_CALLBACK (wrap_where_narrow), title,
                           G_CONNECT_SWAPPED);
  wrap_where_narrow (title);
}

void
kl_group_title_wrap_button (GtkWidget *button)
{
  GtkLabel *label = GTK_LABEL (gtk_button_get_child (GTK_BUTTON (button)));

  gtk_label_set_wrap (label, TRUE);
  gtk_label_set_justify (label, GTK_JUSTIFY_CENTER);
}

void
kl_group_title_wrap_all (GtkWidget *widget)
{
  if (ADW_IS_WINDOW_TITLE (widget))
    {
      g_signal_connect (widget, "notify::root", G_CALLBACK (rooted_cb), NULL);
      rooted_cb (widget);
      return;
    }
  if (ADW_IS_PREFERENCES_GROUP (widget))
    {
      wrap_labels (widget, TRUE);
      return;
    }
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    kl_group_title_wrap_all (child);
}
