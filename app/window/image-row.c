/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-image-row"

#include "config.h"

#include "window/image-row.h"

#include "bidi.h"
#include "window/preparation-text.h"

/* Pixels. */
#define MARGIN 8
#define SPACING 2
#define ICON_SIZE 12
#define ICON_SPACING 6
#define LEAST_WIDTH 80
#define NATURAL_WIDTH 240

/* Points: what the style classes “heading” and “caption” have. */
#define HEADING_SIZE 11
#define CAPTION_SIZE 9

/* Of a line that is pale, as the style class “dim-label” has it. */
#define DIM_OPACITY 0.55
#define DIM_OPACITY_IN_HIGH_CONTRAST 0.9

/* At most, of the name. */
#define NAME_LINES 2

typedef enum
{
  LINE_NAME,
  LINE_IDENTITY,
  LINE_STATE,
  N_LINES
} Line;

/* It draws its three lines itself: GtkListView makes up to 200 rows anew when it jumps, and labels
 * in boxes take it four times as long as that. */
struct _KlImageRow
{
  GtkWidget parent_instance;

  KlPrepareQueue *queue;         /* owned */
  KlBootImage *image;            /* owned; nullable */
  char *texts[N_LINES];          /* owned; nullable */
  PangoLayout *layouts[N_LINES]; /* owned; NULL until they are needed */
  KlStateText style;             /* of the state */
};

G_DEFINE_FINAL_TYPE (KlImageRow, kl_image_row, GTK_TYPE_WIDGET)

/* GTK 4.8 does not name list items after their content. */
static void
name_list_item (KlImageRow *self)
{
  GtkWidget *item = gtk_widget_get_parent (GTK_WIDGET (self));
  g_autofree char *label = NULL;

  if (item == NULL)
    return;
  label = kl_bidi_join (", ", self->texts[LINE_NAME], self->texts[LINE_IDENTITY],
                        self->texts[LINE_STATE], NULL);
  gtk_accessible_update_property (GTK_ACCESSIBLE (item), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
}

static PangoLayout *
new_layout (KlImageRow *self, Line line)
{
  const char *text = self->texts[line] != NULL ? self->texts[line] : "";
  PangoLayout *layout = gtk_widget_create_pango_layout (GTK_WIDGET (self), text);
  PangoAttrList *attributes = pango_attr_list_new ();
  const gboolean rtl = gtk_widget_get_direction (GTK_WIDGET (self)) == GTK_TEXT_DIR_RTL;

  pango_attr_list_insert (
      attributes,
      pango_attr_size_new ((line == LINE_NAME ? HEADING_SIZE : CAPTION_SIZE) * PANGO_SCALE));
  if (line == LINE_NAME)
    pango_attr_list_insert (attributes, pango_attr_weight_new (PANGO_WEIGHT_BOLD));
  pango_layout_set_attributes (layout, attributes);
  pango_attr_list_unref (attributes);
  pango_layout_set_wrap (layout, PANGO_WRAP_WORD_CHAR);
  /* Pango's left is where a paragraph begins; here all begin where the window does. */
  if ((pango_layout_get_direction (layout, 0) == PANGO_DIRECTION_RTL) != rtl)
    pango_layout_set_alignment (layout, PANGO_ALIGN_RIGHT);
  if (line == LINE_NAME)
    {
      pango_layout_set_ellipsize (layout, PANGO_ELLIPSIZE_END);
      pango_layout_set_height (layout, -NAME_LINES);
    }
  return layout;
}

/* The line as it is in a row of @width pixels. */
static PangoLayout *
get_layout (KlImageRow *self, Line line, int width)
{
  const int indent = line == LINE_STATE ? ICON_SIZE + ICON_SPACING : 0;

  if (self->layouts[line] == NULL)
    self->layouts[line] = new_layout (self, line);
  pango_layout_set_width (self->layouts[line], MAX (width - indent, 1) * PANGO_SCALE);
  return self->layouts[line];
}

static int
get_line_height (KlImageRow *self, Line line, int width)
{
  int height;

  pango_layout_get_pixel_size (get_layout (self, line, width), NULL, &height);
  return line == LINE_STATE ? MAX (height, ICON_SIZE) : height;
}

static void
forget_layout (KlImageRow *self, Line line)
{
  g_clear_object (&self->layouts[line]);
  gtk_widget_queue_resize (GTK_WIDGET (self));
}

static void
set_text (KlImageRow *self, Line line, char *text)
{
  g_autofree char *taken = text;

  if (g_strcmp0 (self->texts[line], text) == 0)
    return;
  g_free (self->texts[line]);
  self->texts[line] = g_steal_pointer (&taken);
  forget_layout (self, line);
}

static void
show_state (KlImageRow *self)
{
  if (self->image == NULL)
    return;
  set_text (self, LINE_STATE,
            kl_preparation_text_dup_state (self->image, self->queue, &self->style));
  gtk_widget_queue_draw (GTK_WIDGET (self));
  name_list_item (self);
}

static GtkSizeRequestMode
kl_image_row_get_request_mode (GtkWidget *widget)
{
  return GTK_SIZE_REQUEST_HEIGHT_FOR_WIDTH;
}

static void
kl_image_row_measure (GtkWidget *widget,
                      GtkOrientation orientation,
                      int for_size,
                      int *minimum,
                      int *natural,
                      int *minimum_baseline,
                      int *natural_baseline)
{
  KlImageRow *self = KL_IMAGE_ROW (widget);
  const int width = for_size < 0 ? NATURAL_WIDTH : for_size;

  if (orientation == GTK_ORIENTATION_HORIZONTAL)
    {
      *minimum = LEAST_WIDTH;
      *natural = NATURAL_WIDTH;
      return;
    }
  *minimum = 2 * MARGIN + (N_LINES - 1) * SPACING;
  for (Line line = 0; line < N_LINES; line++)
    *minimum += get_line_height (self, line, width);
  *natural = *minimum;
}

/* A colour of the style by its name, such as “success”; as the text where there is none. */
static GdkRGBA
get_colour (KlImageRow *self, const char *name)
{
  GtkStyleContext *context = gtk_widget_get_style_context (GTK_WIDGET (self));
  g_autofree char *full = name != NULL ? g_strconcat (name, "_color", NULL) : NULL;
  GdkRGBA colour;

  if (full == NULL || !gtk_style_context_lookup_color (context, full, &colour))
    gtk_style_context_get_color (context, &colour);
  return colour;
}

static GdkRGBA
get_line_colour (KlImageRow *self, Line line)
{
  GdkRGBA colour = get_colour (self, line == LINE_STATE ? self->style.css_class : NULL);

  if (line == LINE_IDENTITY)
    colour.alpha *= adw_style_manager_get_high_contrast (adw_style_manager_get_default ())
                        ? (float) DIM_OPACITY_IN_HIGH_CONTRAST
                        : (float) DIM_OPACITY;
  return colour;
}

static void
draw_icon (KlImageRow *self, GtkSnapshot *snapshot, int x, int y, const GdkRGBA *colour)
{
  GtkWidget *widget = GTK_WIDGET (self);
  g_autoptr (GtkIconPaintable) icon = gtk_icon_theme_lookup_icon (
      gtk_icon_theme_get_for_display (gtk_widget_get_display (widget)), self->style.icon_name, NULL,
      ICON_SIZE, gtk_widget_get_scale_factor (widget), gtk_widget_get_direction (widget), 0);

  gtk_snapshot_save (snapshot);
  gtk_snapshot_translate (snapshot, &GRAPHENE_POINT_INIT ((float) x, (float) y));
  gtk_symbolic_paintable_snapshot_symbolic (GTK_SYMBOLIC_PAINTABLE (icon), snapshot, ICON_SIZE,
                                            ICON_SIZE, colour, 1);
  gtk_snapshot_restore (snapshot);
}

static void
kl_image_row_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  KlImageRow *self = KL_IMAGE_ROW (widget);
  const gboolean rtl = gtk_widget_get_direction (widget) == GTK_TEXT_DIR_RTL;
  const int width = gtk_widget_get_width (widget);
  int y = MARGIN;

  if (self->image == NULL)
    return;
  for (Line line = 0; line < N_LINES; line++)
    {
      const GdkRGBA colour = get_line_colour (self, line);
      const int height = get_line_height (self, line, width);
      const int x = line == LINE_STATE && !rtl ? ICON_SIZE + ICON_SPACING : 0;

      if (line == LINE_STATE)
        draw_icon (self, snapshot, rtl ? width - ICON_SIZE : 0, y + (height - ICON_SIZE) / 2,
                   &colour);
      gtk_snapshot_save (snapshot);
      gtk_snapshot_translate (snapshot, &GRAPHENE_POINT_INIT ((float) x, (float) y));
      gtk_snapshot_append_layout (snapshot, get_layout (self, line, width), &colour);
      gtk_snapshot_restore (snapshot);
      y += height + SPACING;
    }
}

/* Another font, size of text or set of colours. */
static void
kl_image_row_css_changed (GtkWidget *widget, GtkCssStyleChange *change)
{
  GTK_WIDGET_CLASS (kl_image_row_parent_class)->css_changed (widget, change);

  for (Line line = 0; line < N_LINES; line++)
    forget_layout (KL_IMAGE_ROW (widget), line);
}

static void
kl_image_row_direction_changed (GtkWidget *widget, GtkTextDirection previous)
{
  for (Line line = 0; line < N_LINES; line++)
    forget_layout (KL_IMAGE_ROW (widget), line);
}

/* Asked for when the pointer rests. */
static gboolean
kl_image_row_query_tooltip (
    GtkWidget *widget, int x, int y, gboolean keyboard_mode, GtkTooltip *tooltip)
{
  gtk_tooltip_set_text (tooltip, KL_IMAGE_ROW (widget)->texts[LINE_NAME]);
  return TRUE;
}

static void
kl_image_row_dispose (GObject *object)
{
  KlImageRow *self = KL_IMAGE_ROW (object);

  g_clear_object (&self->queue);
  g_clear_object (&self->image);
  for (Line line = 0; line < N_LINES; line++)
    {
      g_clear_object (&self->layouts[line]);
      g_clear_pointer (&self->texts[line], g_free);
    }

  G_OBJECT_CLASS (kl_image_row_parent_class)->dispose (object);
}

static void
kl_image_row_class_init (KlImageRowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kl_image_row_dispose;
  widget_class->get_request_mode = kl_image_row_get_request_mode;
  widget_class->measure = kl_image_row_measure;
  widget_class->snapshot = kl_image_row_snapshot;
  widget_class->css_changed = kl_image_row_css_changed;
  widget_class->direction_changed = kl_image_row_direction_changed;
  widget_class->query_tooltip = kl_image_row_query_tooltip;
  /* The list item says it all. */
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_PRESENTATION);
}

static void
kl_image_row_init (KlImageRow *self)
{
  gtk_widget_set_has_tooltip (GTK_WIDGET (self), TRUE);
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
  g_set_object (&self->image, image);
  if (image == NULL)
    return;

  set_text (self, LINE_NAME, kl_image_text_dup_name (image));
  set_text (self, LINE_IDENTITY, kl_image_text_dup_identity (image));
  show_state (self);
}
