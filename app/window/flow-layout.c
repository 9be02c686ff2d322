/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-flow-layout"

#include "config.h"

#include "window/flow-layout.h"

/* Between children, and between lines; pixels. */
#define SPACING 6

/* Buttons side by side, and in as many lines as they need where the window is narrow: translated
 * words may be long. */
struct _KlFlowLayout
{
  GtkLayoutManager parent_instance;
};

G_DEFINE_FINAL_TYPE (KlFlowLayout, kl_flow_layout, GTK_TYPE_LAYOUT_MANAGER)

static int
get_natural (GtkWidget *child, GtkOrientation orientation, int for_size)
{
  int natural;

  gtk_widget_measure (child, orientation, for_size, NULL, &natural, NULL, NULL);
  return natural;
}

/* Lets the children flow into @width. Returns the height of all lines; @place puts them there. */
static int
flow (GtkWidget *widget, int width, gboolean place)
{
  const gboolean rtl = gtk_widget_get_direction (widget) == GTK_TEXT_DIR_RTL;
  int x = 0, y = 0, line_height = 0;

  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    {
      GtkAllocation at;

      if (!gtk_widget_should_layout (child))
        continue;
      at.width = MIN (get_natural (child, GTK_ORIENTATION_HORIZONTAL, -1), width);
      at.height = get_natural (child, GTK_ORIENTATION_VERTICAL, at.width);
      if (x > 0 && x + at.width > width)
        {
          y += line_height + SPACING;
          x = line_height = 0;
        }
      at.x = rtl ? width - x - at.width : x;
      at.y = y;
      if (place)
        gtk_widget_size_allocate (child, &at, -1);
      x += at.width + SPACING;
      line_height = MAX (line_height, at.height);
    }
  return y + line_height;
}

static GtkSizeRequestMode
kl_flow_layout_get_request_mode (GtkLayoutManager *manager, GtkWidget *widget)
{
  return GTK_SIZE_REQUEST_HEIGHT_FOR_WIDTH;
}

static void
measure_width (GtkWidget *widget, int *minimum, int *natural)
{
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    {
      int child_minimum, child_natural;

      if (!gtk_widget_should_layout (child))
        continue;
      gtk_widget_measure (child, GTK_ORIENTATION_HORIZONTAL, -1, &child_minimum, &child_natural,
                          NULL, NULL);
      *minimum = MAX (*minimum, child_minimum);
      *natural += child_natural + (*natural > 0 ? SPACING : 0);
    }
}

static void
kl_flow_layout_measure (GtkLayoutManager *manager,
                        GtkWidget *widget,
                        GtkOrientation orientation,
                        int for_size,
                        int *minimum,
                        int *natural,
                        int *minimum_baseline,
                        int *natural_baseline)
{
  int least = 0, wanted = 0;

  measure_width (widget, &least, &wanted);
  if (orientation == GTK_ORIENTATION_VERTICAL)
    least = wanted = flow (widget, for_size < 0 ? wanted : for_size, FALSE);
  *minimum = least;
  *natural = wanted;
}

static void
kl_flow_layout_allocate (
    GtkLayoutManager *manager, GtkWidget *widget, int width, int height, int baseline)
{
  flow (widget, width, TRUE);
}

static void
kl_flow_layout_class_init (KlFlowLayoutClass *klass)
{
  GtkLayoutManagerClass *manager_class = GTK_LAYOUT_MANAGER_CLASS (klass);

  manager_class->get_request_mode = kl_flow_layout_get_request_mode;
  manager_class->measure = kl_flow_layout_measure;
  manager_class->allocate = kl_flow_layout_allocate;
}

static void
kl_flow_layout_init (KlFlowLayout *self)
{
}
