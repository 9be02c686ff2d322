/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-label-check"

#include "config.h"

#include "window/label-check.h"

/* Names and paths are cut in the middle, and on purpose. */
static gboolean
may_be_cut (GtkLabel *label)
{
  return gtk_label_get_ellipsize (label) == PANGO_ELLIPSIZE_MIDDLE
         || gtk_label_get_ellipsize (label) == PANGO_ELLIPSIZE_START;
}

/* What a person cannot read of it, in a word; NULL where all can be read. */
static const char *
find_fault (GtkLabel *label)
{
  GtkWidget *widget = GTK_WIDGET (label);
  PangoLayout *layout = gtk_label_get_layout (label);
  GtkWidget *root = GTK_WIDGET (gtk_widget_get_root (widget));
  graphene_rect_t bounds;
  int width, height;

  pango_layout_get_pixel_size (layout, &width, &height);
  if (pango_layout_is_ellipsized (layout))
    return may_be_cut (label) ? NULL : "ellipsized";
  if (width > gtk_widget_get_width (widget) + 1)
    return "too narrow";
  if (height > gtk_widget_get_height (widget) + 1)
    return "too low";
  if (gtk_widget_compute_bounds (widget, root, &bounds)
      && (bounds.origin.x < -1
          || bounds.origin.x + bounds.size.width > (float) gtk_widget_get_width (root) + 1))
    return "beyond the edge";
  return NULL;
}

static guint
check_labels (GtkWidget *widget, const char *window, guint *n_faults)
{
  guint n = 0;

  if (!gtk_widget_get_mapped (widget))
    return 0;
  if (GTK_IS_LABEL (widget) && *gtk_label_get_label (GTK_LABEL (widget)) != '\0')
    {
      const char *fault = find_fault (GTK_LABEL (widget));

      n++;
      *n_faults += fault != NULL;
      if (fault != NULL)
        g_print ("label %s: “%s”, %s > %s, %d of %d pixels\n", fault,
                 gtk_label_get_text (GTK_LABEL (widget)), window,
                 G_OBJECT_TYPE_NAME (gtk_widget_get_parent (widget)), gtk_widget_get_width (widget),
                 gtk_widget_get_width (GTK_WIDGET (gtk_widget_get_root (widget))));
    }
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    n += check_labels (child, window, n_faults);
  return n;
}

static void
check_labels_activated (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  g_autoptr (GList) windows = gtk_window_list_toplevels ();
  guint n = 0, n_faults = 0;

  for (GList *at = windows; at != NULL; at = at->next)
    {
      const char *title = gtk_window_get_title (at->data);

      n += check_labels (at->data, title != NULL ? title : "", &n_faults);
    }
  g_print ("labels checked: %u, faults: %u\n", n, n_faults);
}

void
kl_label_check_start (GtkApplication *application)
{
  static const GActionEntry entries[] = { { "check-labels", check_labels_activated } };
  const char *wanted = g_getenv ("KINDLING_CHECK_LABELS");

  if (wanted == NULL)
    return;
  if (g_str_equal (wanted, "rtl"))
    gtk_widget_set_default_direction (GTK_TEXT_DIR_RTL);
  g_action_map_add_action_entries (G_ACTION_MAP (application), entries, G_N_ELEMENTS (entries),
                                   application);
}
