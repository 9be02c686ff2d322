/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-drive-row"

#include "config.h"

#include "window/drive-row.h"

#include <glib/gi18n.h>

#include "bidi.h"
#include "core-text.h"
#include "window/drive-text.h"

struct _KlDriveRow
{
  GtkListBoxRow parent_instance;

  KlDrive *drive; /* owned */

  GtkBox *row_box;
  GtkBox *text_box;
  GtkImage *icon;
  GtkLabel *name_label;
  GtkLabel *identity_label;
  GtkLabel *content_label;
  GtkBox *state_box;
  GtkImage *state_icon;
  GtkLabel *state_label;
};

G_DEFINE_FINAL_TYPE (KlDriveRow, kl_drive_row, GTK_TYPE_LIST_BOX_ROW)

static void
name_row (KlDriveRow *self)
{
  const char *state = gtk_label_get_label (self->state_label);
  g_autofree char *name = kl_bidi_join (
      ", ", gtk_label_get_label (self->name_label), gtk_label_get_label (self->identity_label),
      gtk_label_get_label (self->content_label), *state != '\0' ? state : NULL, NULL);

  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
}

static void
show_drive (KlDriveRow *self)
{
  g_autofree char *name = kl_drive_dup_name (self->drive);
  g_autofree char *identity = kl_drive_text_dup_identity (self->drive);
  g_autofree char *content = kl_drive_text_dup_content (self->drive);
  const char *refusal = kl_drive_text_get_refusal (self->drive);
  const char *reason = NULL;
  g_autofree char *detail = NULL;

  gtk_image_set_from_icon_name (self->icon, kl_drive_text_get_icon_name (self->drive));
  gtk_label_set_label (self->name_label, name);
  gtk_label_set_label (self->identity_label, identity);
  gtk_label_set_label (self->content_label, content);
  gtk_widget_set_visible (GTK_WIDGET (self->content_label), kl_drive_get_size (self->drive) > 0);
  kl_drive_row_set_state (self, "dialog-warning-symbolic", "warning", refusal);

  kl_drive_get_refusal (self->drive, &reason);
  detail = reason != NULL ? kl_core_text_translate (reason) : NULL;
  gtk_widget_set_tooltip_text (GTK_WIDGET (self), detail ? detail : identity);
}

static void
kl_drive_row_dispose (GObject *object)
{
  g_clear_object (&KL_DRIVE_ROW (object)->drive);

  G_OBJECT_CLASS (kl_drive_row_parent_class)->dispose (object);
}

static void
kl_drive_row_class_init (KlDriveRowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kl_drive_row_dispose;

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/kindling/Kindling/ui/drive-row.ui");
  gtk_widget_class_bind_template_child (widget_class, KlDriveRow, row_box);
  gtk_widget_class_bind_template_child (widget_class, KlDriveRow, text_box);
  gtk_widget_class_bind_template_child (widget_class, KlDriveRow, icon);
  gtk_widget_class_bind_template_child (widget_class, KlDriveRow, name_label);
  gtk_widget_class_bind_template_child (widget_class, KlDriveRow, identity_label);
  gtk_widget_class_bind_template_child (widget_class, KlDriveRow, content_label);
  gtk_widget_class_bind_template_child (widget_class, KlDriveRow, state_box);
  gtk_widget_class_bind_template_child (widget_class, KlDriveRow, state_icon);
  gtk_widget_class_bind_template_child (widget_class, KlDriveRow, state_label);
}

static void
kl_drive_row_init (KlDriveRow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWidget *
kl_drive_row_new (KlDrive *drive)
{
  KlDriveRow *self = g_object_new (KL_TYPE_DRIVE_ROW, NULL);

  self->drive = g_object_ref (drive);
  show_drive (self);
  return GTK_WIDGET (self);
}

KlDrive *
kl_drive_row_get_drive (KlDriveRow *self)
{
  g_return_val_if_fail (KL_IS_DRIVE_ROW (self), NULL);

  return self->drive;
}

void
kl_drive_row_set_state (KlDriveRow *self,
                        const char *icon_name,
                        const char *css_class,
                        const char *text)
{
  const char *classes[] = { "caption", "drive-state", css_class, NULL };

  g_return_if_fail (KL_IS_DRIVE_ROW (self));

  gtk_widget_set_visible (GTK_WIDGET (self->state_box), text != NULL);
  gtk_label_set_label (self->state_label, text ? text : "");
  gtk_image_set_from_icon_name (self->state_icon, icon_name);
  gtk_widget_set_css_classes (GTK_WIDGET (self->state_box), classes);
  name_row (self);
}

/* In place of what is on the drive. */
void
kl_drive_row_set_content (KlDriveRow *self, const char *text)
{
  g_return_if_fail (KL_IS_DRIVE_ROW (self));

  gtk_label_set_label (self->content_label, text);
  gtk_widget_set_visible (GTK_WIDGET (self->content_label), *text != '\0');
  name_row (self);
}

void
kl_drive_row_add_prefix (KlDriveRow *self, GtkWidget *widget)
{
  g_return_if_fail (KL_IS_DRIVE_ROW (self));

  gtk_box_prepend (self->row_box, widget);
}

void
kl_drive_row_add_suffix (KlDriveRow *self, GtkWidget *widget)
{
  g_return_if_fail (KL_IS_DRIVE_ROW (self));

  gtk_box_append (self->row_box, widget);
}

/* Below the lines of text. */
void
kl_drive_row_add_below (KlDriveRow *self, GtkWidget *widget)
{
  g_return_if_fail (KL_IS_DRIVE_ROW (self));

  gtk_box_append (self->text_box, widget);
}
