/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-image-row"

#include "config.h"

#include "window/image-row.h"

#include <glib/gi18n.h>

#include "window/image-text.h"

struct _KlImageRow
{
  AdwBin parent_instance;

  GtkLabel *name_label;
  GtkLabel *identity_label;
  GtkBox *state_box;
  GtkImage *state_icon;
  GtkLabel *state_label;
};

G_DEFINE_FINAL_TYPE (KlImageRow, kl_image_row, ADW_TYPE_BIN)

/* GTK 4.8 does not name list items after their content. */
static void
name_list_item (KlImageRow *self, const char *name, const char *identity, const char *state)
{
  GtkWidget *item = gtk_widget_get_parent (GTK_WIDGET (self));
  g_autofree char *label = NULL;

  if (item == NULL)
    return;
  label = g_strdup_printf ("%s, %s, %s", name, identity, state);
  gtk_accessible_update_property (GTK_ACCESSIBLE (item), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
}

static void
kl_image_row_class_init (KlImageRowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/kindling/Kindling/ui/image-row.ui");
  gtk_widget_class_bind_template_child (widget_class, KlImageRow, name_label);
  gtk_widget_class_bind_template_child (widget_class, KlImageRow, identity_label);
  gtk_widget_class_bind_template_child (widget_class, KlImageRow, state_box);
  gtk_widget_class_bind_template_child (widget_class, KlImageRow, state_icon);
  gtk_widget_class_bind_template_child (widget_class, KlImageRow, state_label);
}

static void
kl_image_row_init (KlImageRow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWidget *
kl_image_row_new (void)
{
  return g_object_new (KL_TYPE_IMAGE_ROW, NULL);
}

void
kl_image_row_set_image (KlImageRow *self, KlBootImage *image)
{
  const char *const no_classes[] = { "caption", NULL };
  g_autofree char *name = NULL;
  g_autofree char *identity = NULL;
  KlStateText state;

  if (image == NULL)
    return;

  name = kl_image_text_dup_name (image);
  identity = kl_image_text_dup_identity (image);
  state = kl_image_text_get_state (image);

  gtk_label_set_label (self->name_label, name);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self), name);
  gtk_label_set_label (self->identity_label, identity);
  gtk_label_set_label (self->state_label, state.word);
  gtk_image_set_from_icon_name (self->state_icon, state.icon_name);
  gtk_widget_set_css_classes (GTK_WIDGET (self->state_box), (const char **) no_classes);
  gtk_widget_add_css_class (GTK_WIDGET (self->state_box), state.css_class);
  name_list_item (self, name, identity, state.word);
}
