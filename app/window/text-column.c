/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-text-column"

#include "config.h"

#include "window/text-column.h"

/* Lays a vertical box of labels out as the box does, but says the same width whatever the height.
 * A horizontal box around it asks for the width that goes with a height, and GTK 4.8 finds that by
 * trying: each label is laid out in some twenty widths, which took most of the time that the first
 * frame of a page took. The answer is the natural width, or is not needed. */
struct _KlTextColumn
{
  GtkLayoutManager parent_instance;

  GtkLayoutManager *box; /* owned; that of the box itself */
};

G_DEFINE_FINAL_TYPE (KlTextColumn, kl_text_column, GTK_TYPE_LAYOUT_MANAGER)

static GtkSizeRequestMode
kl_text_column_get_request_mode (GtkLayoutManager *manager, GtkWidget *widget)
{
  return GTK_SIZE_REQUEST_HEIGHT_FOR_WIDTH;
}

static void
kl_text_column_measure (GtkLayoutManager *manager,
                        GtkWidget *widget,
                        GtkOrientation orientation,
                        int for_size,
                        int *minimum,
                        int *natural,
                        int *minimum_baseline,
                        int *natural_baseline)
{
  gtk_layout_manager_measure (KL_TEXT_COLUMN (manager)->box, widget, orientation,
                              orientation == GTK_ORIENTATION_HORIZONTAL ? -1 : for_size, minimum,
                              natural, minimum_baseline, natural_baseline);
}

static void
kl_text_column_allocate (
    GtkLayoutManager *manager, GtkWidget *widget, int width, int height, int baseline)
{
  gtk_layout_manager_allocate (KL_TEXT_COLUMN (manager)->box, widget, width, height, baseline);
}

static void
kl_text_column_dispose (GObject *object)
{
  g_clear_object (&KL_TEXT_COLUMN (object)->box);

  G_OBJECT_CLASS (kl_text_column_parent_class)->dispose (object);
}

static void
kl_text_column_class_init (KlTextColumnClass *klass)
{
  GtkLayoutManagerClass *manager_class = GTK_LAYOUT_MANAGER_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kl_text_column_dispose;
  manager_class->get_request_mode = kl_text_column_get_request_mode;
  manager_class->measure = kl_text_column_measure;
  manager_class->allocate = kl_text_column_allocate;
}

static void
kl_text_column_init (KlTextColumn *self)
{
}

static gboolean
is_text_column (GtkWidget *widget)
{
  GtkWidget *parent = gtk_widget_get_parent (widget);

  return GTK_IS_BOX (widget) && parent != NULL && gtk_widget_has_css_class (parent, "header")
         && (gtk_widget_has_css_class (widget, "title")
             || gtk_widget_has_css_class (widget, "labels"));
}

/**
 * kl_text_column_use:
 * @widget: what holds rows of lists and groups of them
 *
 * Has the title and subtitle of each row, and the title and description of each group, laid out
 * quickly.
 */
void
kl_text_column_use (GtkWidget *widget)
{
  if (is_text_column (widget) && GTK_IS_BOX_LAYOUT (gtk_widget_get_layout_manager (widget)))
    {
      KlTextColumn *self = g_object_new (KL_TYPE_TEXT_COLUMN, NULL);

      self->box = g_object_ref (gtk_widget_get_layout_manager (widget));
      gtk_widget_set_layout_manager (widget, GTK_LAYOUT_MANAGER (self));
      return;
    }
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    kl_text_column_use (child);
}
