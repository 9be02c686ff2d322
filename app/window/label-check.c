/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-label-check"

#include "config.h"

#include "window/label-check.h"

/* A telephone; pixels. */
#define NARROW_WIDTH 360
#define NARROW_HEIGHT 640
#define FRAMES_TO_LAY_OUT 5
/* For a width that the window may not be able to have. */
#define FRAMES_TO_WAIT 40
/* For one in which nothing has changed since it was drawn, such as a cursor that blinks. */
#define FRAMES_TO_DRAW 80

/* Names and paths are cut in the middle, and on purpose. */
static gboolean
may_be_cut (GtkLabel *label)
{
  return gtk_label_get_ellipsize (label) == PANGO_ELLIPSIZE_MIDDLE
         || gtk_label_get_ellipsize (label) == PANGO_ELLIPSIZE_START;
}

/* Titles of entries cannot wrap; the whole text is told when the pointer rests. */
static gboolean
has_tooltip (GtkLabel *label)
{
  const char *text = gtk_label_get_text (label);

  for (GtkWidget *widget = GTK_WIDGET (label); widget != NULL;
       widget = gtk_widget_get_parent (widget))
    if (g_strcmp0 (gtk_widget_get_tooltip_text (widget), text) == 0)
      return TRUE;
  return FALSE;
}

/* What a person cannot read of it, in a word; NULL where all can be read. */
static const char *
find_fault (GtkLabel *label)
{
  GtkWidget *widget = GTK_WIDGET (label);
  PangoLayout *layout = gtk_label_get_layout (label);
  GtkWidget *native = GTK_WIDGET (gtk_widget_get_native (widget)); /* menus reach out of a window */
  graphene_rect_t bounds;
  int width, height;

  pango_layout_get_pixel_size (layout, &width, &height);
  if (pango_layout_is_ellipsized (layout))
    return may_be_cut (label) || has_tooltip (label) ? NULL : "ellipsized";
  if (width > gtk_widget_get_width (widget) + 1)
    return "too narrow";
  if (height > gtk_widget_get_height (widget) + 1)
    return "too low";
  if (gtk_widget_compute_bounds (widget, native, &bounds)
      && (bounds.origin.x < -1
          || bounds.origin.x + bounds.size.width > (float) gtk_widget_get_width (native) + 1))
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

/* One window, first in its own width and then as wide as a telephone. */
typedef struct
{
  GtkWindow *window; /* owned */
  char *picture;     /* owned; start of the paths of the pictures, or NULL */
  int width, height; /* its own, with its frame; pixels */
  gboolean narrow;
  guint n_frames; /* that it has had its present width for, or has waited for it */
} Look;

static void
look_free (gpointer data)
{
  Look *look = data;

  g_object_unref (look->window);
  g_free (look->picture);
  g_free (look);
}

static const char *
get_width_name (const Look *look)
{
  return look->narrow ? "narrow" : "wide";
}

/* Without what the window manager draws around it. Returns: FALSE while it is to be drawn anew */
static gboolean
keep_picture (const Look *look)
{
  g_autofree char *path = g_strdup_printf ("%s-%s.png", look->picture, get_width_name (look));
  g_autoptr (GdkPaintable) paintable = gtk_widget_paintable_new (GTK_WIDGET (look->window));
  g_autoptr (GtkSnapshot) snapshot = gtk_snapshot_new ();
  g_autoptr (GskRenderNode) node = NULL;
  g_autoptr (GdkTexture) texture = NULL;

  gdk_paintable_snapshot (paintable, snapshot, gtk_widget_get_width (GTK_WIDGET (look->window)),
                          gtk_widget_get_height (GTK_WIDGET (look->window)));
  node = gtk_snapshot_free_to_node (g_steal_pointer (&snapshot));
  if (node == NULL)
    return FALSE;
  texture = gsk_renderer_render_texture (gtk_native_get_renderer (GTK_NATIVE (look->window)), node,
                                         NULL);
  if (!gdk_texture_save_to_png (texture, path))
    g_warning ("Cannot write “%s”", path);
  return TRUE;
}

static int
get_minimum (GtkWidget *widget)
{
  int minimum;

  gtk_widget_measure (widget, GTK_ORIENTATION_HORIZONTAL, -1, &minimum, NULL, NULL, NULL);
  return minimum;
}

/* What keeps a window from being narrow: from the outside to the inside the widest of each, with
 * the least width of each in pixels. */
static void
print_widest (GtkWidget *widget)
{
  GtkWidget *widest = NULL;

  g_print ("label fault: … %s %d\n", G_OBJECT_TYPE_NAME (widget), get_minimum (widget));
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    if (gtk_widget_get_visible (child)
        && (widest == NULL || get_minimum (child) > get_minimum (widest)))
      widest = child;
  if (widest != NULL)
    print_widest (widest);
}

static void
judge (const Look *look)
{
  const int width = gtk_widget_get_width (GTK_WIDGET (look->window));
  guint n_faults = 0;
  guint n;

  if (look->narrow && width > NARROW_WIDTH)
    {
      n_faults++;
      g_print ("label fault: the window is %d pixels wide at least\n", width);
      print_widest (GTK_WIDGET (look->window));
    }
  n = check_labels (GTK_WIDGET (look->window), get_width_name (look), &n_faults);
  g_print ("labels checked %s: %u, faults: %u\n", get_width_name (look), n, n_faults);
}

/* Where nothing is drawn around a window, its frame is part of the size that it asks for. */
static GdkSurface *
get_surface (const Look *look)
{
  return gtk_native_get_surface (GTK_NATIVE (look->window));
}

/* A page that has just been switched to has no size yet. */
static gboolean
is_laid_out (GtkWidget *widget)
{
  if (!gtk_widget_get_mapped (widget))
    return TRUE;
  if (GTK_IS_LABEL (widget) && *gtk_label_get_label (GTK_LABEL (widget)) != '\0'
      && gtk_widget_get_width (widget) == 0)
    return FALSE;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    if (!is_laid_out (child))
      return FALSE;
  return TRUE;
}

/* A new width comes by way of the window manager, and the layout of what is inside one frame
 * later. */
static gboolean
look_cb (GtkWidget *widget, GdkFrameClock *clock, gpointer user_data)
{
  Look *look = user_data;
  const int wanted = look->narrow ? NARROW_WIDTH : look->width;
  const gboolean fits
      = gdk_surface_get_width (get_surface (look)) == wanted && is_laid_out (widget);

  if (++look->n_frames < (fits ? FRAMES_TO_LAY_OUT : FRAMES_TO_WAIT))
    return G_SOURCE_CONTINUE;
  if (look->picture != NULL && !keep_picture (look) && look->n_frames < FRAMES_TO_DRAW)
    return G_SOURCE_CONTINUE;
  judge (look);
  look->n_frames = 0;
  if (look->narrow || !gtk_window_get_resizable (look->window))
    {
      gtk_window_set_default_size (look->window, look->width, look->height);
      g_print ("labels checked\n");
      return G_SOURCE_REMOVE;
    }
  look->narrow = TRUE;
  gtk_window_set_default_size (look->window, NARROW_WIDTH, NARROW_HEIGHT);
  return G_SOURCE_CONTINUE;
}

/* As it goes by on the accessibility bus. */
static const char *
get_title (GtkWindow *window)
{
  const char *title = gtk_window_get_title (window);

  return title != NULL ? title : G_OBJECT_TYPE_NAME (window);
}

/* The title of the window, and the start of the paths of its pictures or nothing. */
static void
check_labels_activated (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  g_autoptr (GList) windows = gtk_window_list_toplevels ();
  const char *title, *picture;

  g_variant_get (parameter, "(&s&s)", &title, &picture);
  for (GList *at = windows; at != NULL; at = at->next)
    {
      Look *look;

      if (!gtk_widget_get_mapped (at->data) || !g_str_equal (get_title (at->data), title))
        continue;
      look = g_new0 (Look, 1);
      look->window = g_object_ref (at->data);
      look->picture = *picture != '\0' ? g_strdup (picture) : NULL;
      look->width = gdk_surface_get_width (get_surface (look));
      look->height = gdk_surface_get_height (get_surface (look));
      gtk_widget_add_tick_callback (at->data, look_cb, look, look_free);
      return;
    }
  g_print ("label fault: there is no window “%s”\nlabels checked\n", title);
}

void
kl_label_check_start (GtkApplication *application)
{
  static const GActionEntry entries[] = { { "check-labels", check_labels_activated, "(ss)" } };
  const char *wanted = g_getenv ("KINDLING_CHECK_LABELS");

  if (wanted == NULL)
    return;
  if (g_str_equal (wanted, "rtl"))
    gtk_widget_set_default_direction (GTK_TEXT_DIR_RTL);
  g_action_map_add_action_entries (G_ACTION_MAP (application), entries, G_N_ELEMENTS (entries),
                                   application);
}
