/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-list-row"

#include "config.h"

#include "window/list-row.h"

#include "bidi.h"

struct _KlListRow
{
  AdwBin parent_instance;

  GtkWidget *icon;     /* in the row */
  GtkWidget *title;    /* in the row */
  GtkWidget *subtitle; /* in the row */
};

G_DEFINE_FINAL_TYPE (KlListRow, kl_list_row, ADW_TYPE_BIN)

static GtkWidget *
new_label (PangoEllipsizeMode ellipsize)
{
  GtkWidget *label = gtk_label_new (NULL);

  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_ellipsize (GTK_LABEL (label), ellipsize);
  return label;
}

/* Asked for when the pointer rests: to set it makes a trip to the X server for each row of a list.
 */
static gboolean
query_tooltip_cb (KlListRow *self, int x, int y, gboolean keyboard_mode, GtkTooltip *tooltip)
{
  g_autofree char *text = g_strjoin ("\n", gtk_label_get_label (GTK_LABEL (self->title)),
                                     gtk_label_get_label (GTK_LABEL (self->subtitle)), NULL);

  gtk_tooltip_set_text (tooltip, text);
  return TRUE;
}

static void
kl_list_row_class_init (KlListRowClass *klass)
{
}

static void
kl_list_row_init (KlListRow *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 12);
  GtkWidget *lines = gtk_box_new (GTK_ORIENTATION_VERTICAL, 2);

  self->icon = g_object_new (GTK_TYPE_IMAGE, "accessible-role", GTK_ACCESSIBLE_ROLE_PRESENTATION,
                             "valign", GTK_ALIGN_CENTER, NULL);
  self->title = new_label (PANGO_ELLIPSIZE_MIDDLE);
  self->subtitle = new_label (PANGO_ELLIPSIZE_MIDDLE);
  gtk_widget_add_css_class (self->subtitle, "caption");
  gtk_widget_add_css_class (self->subtitle, "dim-label");
  gtk_widget_set_hexpand (lines, TRUE);
  gtk_widget_set_margin_top (box, 6);
  gtk_widget_set_margin_bottom (box, 6);
  gtk_box_append (GTK_BOX (lines), self->title);
  gtk_box_append (GTK_BOX (lines), self->subtitle);
  gtk_box_append (GTK_BOX (box), self->icon);
  gtk_box_append (GTK_BOX (box), lines);
  adw_bin_set_child (ADW_BIN (self), box);
  gtk_widget_set_has_tooltip (GTK_WIDGET (self), TRUE);
  g_signal_connect (self, "query-tooltip", G_CALLBACK (query_tooltip_cb), NULL);
}

GtkWidget *
kl_list_row_new (void)
{
  return g_object_new (KL_TYPE_LIST_ROW, NULL);
}

void
kl_list_row_set (KlListRow *self,
                 const char *icon_name,
                 const char *css_class,
                 const char *title,
                 const char *subtitle,
                 const char *word)
{
  const char *classes[] = { css_class, NULL };
  GtkWidget *item = gtk_widget_get_parent (GTK_WIDGET (self));
  g_autofree char *label = kl_bidi_join (", ", title, subtitle, word, NULL);

  gtk_image_set_from_icon_name (GTK_IMAGE (self->icon), icon_name);
  gtk_widget_set_css_classes (self->icon, classes);
  gtk_label_set_label (GTK_LABEL (self->title), title);
  gtk_label_set_label (GTK_LABEL (self->subtitle), subtitle);
  if (item != NULL)
    gtk_accessible_update_property (GTK_ACCESSIBLE (item), GTK_ACCESSIBLE_PROPERTY_LABEL, label,
                                    -1);
}

void
kl_list_row_set_heading (KlListRow *self, gboolean heading)
{
  if (heading)
    gtk_widget_add_css_class (self->title, "heading");
  else
    gtk_widget_remove_css_class (self->title, "heading");
  gtk_widget_set_margin_start (gtk_widget_get_first_child (GTK_WIDGET (self)), heading ? 0 : 12);
}

void
kl_list_row_set_wrap (KlListRow *self, gboolean wrap)
{
  gtk_label_set_ellipsize (GTK_LABEL (self->title),
                           wrap ? PANGO_ELLIPSIZE_NONE : PANGO_ELLIPSIZE_MIDDLE);
  gtk_label_set_wrap (GTK_LABEL (self->title), wrap);
  gtk_label_set_wrap_mode (GTK_LABEL (self->title), PANGO_WRAP_WORD_CHAR);
}
