/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-image-row"

#include "config.h"

#include "window/image-row.h"

#include <glib/gi18n.h>

#include "bidi.h"
#include "window/preparation-text.h"

struct _KlImageRow
{
  AdwBin parent_instance;

  KlPrepareQueue *queue; /* owned */
  KlBootImage *image;    /* owned; nullable */

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
  label = kl_bidi_join (", ", name, identity, state, NULL);
  gtk_accessible_update_property (GTK_ACCESSIBLE (item), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
}

static void
kl_image_row_dispose (GObject *object)
{
  KlImageRow *self = KL_IMAGE_ROW (object);

  g_clear_object (&self->queue);
  g_clear_object (&self->image);

  G_OBJECT_CLASS (kl_image_row_parent_class)->dispose (object);
}

static void
kl_image_row_class_init (KlImageRowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kl_image_row_dispose;

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

static void
show_state (KlImageRow *self)
{
  const char *const no_classes[] = { "caption", NULL };
  g_autofree char *name = NULL;
  g_autofree char *identity = NULL;
  g_autofree char *word = NULL;
  KlStateText style;

  if (self->image == NULL)
    return;

  name = kl_image_text_dup_name (self->image);
  identity = kl_image_text_dup_identity (self->image);
  word = kl_preparation_text_dup_state (self->image, self->queue, &style);
  gtk_label_set_label (self->state_label, word);
  gtk_image_set_from_icon_name (self->state_icon, style.icon_name);
  gtk_widget_set_css_classes (GTK_WIDGET (self->state_box), (const char **) no_classes);
  gtk_widget_add_css_class (GTK_WIDGET (self->state_box), style.css_class);
  name_list_item (self, name, identity, word);
}

GtkWidget *
kl_image_row_new (KlPrepareQueue *queue)
{
  KlImageRow *self = g_object_new (KL_TYPE_IMAGE_ROW, NULL);

  self->queue = g_object_ref (queue);
  g_signal_connect_object (queue, "changed", G_CALLBACK (show_state), self, G_CONNECT_SWAPPED);
  return GTK_WIDGET (self);
}

void
kl_image_row_set_image (KlImageRow *self, KlBootImage *image)
{
  g_autofree char *name = NULL;
  g_autofree char *identity = NULL;

  g_set_object (&self->image, image);
  if (image == NULL)
    return;

  name = kl_image_text_dup_name (image);
  identity = kl_image_text_dup_identity (image);
  gtk_label_set_label (self->name_label, name);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self), name);
  gtk_label_set_label (self->identity_label, identity);
  show_state (self);
}
