/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-long-text"

#include "config.h"

#include "window/long-text.h"

/* What is laid out in one frame. */
#define LINES_AT_ONCE 10

/* Some lines. A label that wraps lays its text out for every width that a container asks for, and
 * again for each frame in which something beside it changes; this one knows its heights. */
#define KL_TYPE_TEXT_BLOCK (kl_text_block_get_type ())
G_DECLARE_FINAL_TYPE (KlTextBlock, kl_text_block, KL, TEXT_BLOCK, GtkWidget)

struct _KlTextBlock
{
  GtkWidget parent_instance;

  GtkWidget *label; /* child */

  GHashTable *heights; /* owned; width → height, in pixels */
  int width;           /* that the longest line needs; pixels */
  guint serial;        /* of the font that these are for; 0 before the first */
};

G_DEFINE_FINAL_TYPE (KlTextBlock, kl_text_block, GTK_TYPE_WIDGET)

/* Where no line wraps, the height is the same for every width. */
static int
get_height (KlTextBlock *self, int width)
{
  const guint serial = pango_context_get_serial (gtk_widget_get_pango_context (self->label));
  gpointer height;
  int pixels;

  if (serial != self->serial)
    {
      g_hash_table_remove_all (self->heights);
      gtk_widget_measure (self->label, GTK_ORIENTATION_HORIZONTAL, -1, NULL, &self->width, NULL,
                          NULL);
      self->serial = serial;
    }
  width = width < 0 ? self->width : MIN (width, self->width);
  if (g_hash_table_lookup_extended (self->heights, GINT_TO_POINTER (width), NULL, &height))
    return GPOINTER_TO_INT (height);

  gtk_widget_measure (self->label, GTK_ORIENTATION_VERTICAL, width, &pixels, NULL, NULL, NULL);
  g_hash_table_insert (self->heights, GINT_TO_POINTER (width), GINT_TO_POINTER (pixels));
  return pixels;
}

/* As wide as it is made. */
static void
kl_text_block_measure (GtkWidget *widget,
                       GtkOrientation orientation,
                       int for_size,
                       int *minimum,
                       int *natural,
                       int *minimum_baseline,
                       int *natural_baseline)
{
  if (orientation == GTK_ORIENTATION_VERTICAL)
    *minimum = *natural = get_height (KL_TEXT_BLOCK (widget), for_size);
}

static GtkSizeRequestMode
kl_text_block_get_request_mode (GtkWidget *widget)
{
  return GTK_SIZE_REQUEST_HEIGHT_FOR_WIDTH;
}

static void
kl_text_block_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  gtk_widget_allocate (KL_TEXT_BLOCK (widget)->label, width, height, baseline, NULL);
}

static void
kl_text_block_dispose (GObject *object)
{
  g_clear_pointer (&KL_TEXT_BLOCK (object)->label, gtk_widget_unparent);

  G_OBJECT_CLASS (kl_text_block_parent_class)->dispose (object);
}

static void
kl_text_block_finalize (GObject *object)
{
  g_hash_table_unref (KL_TEXT_BLOCK (object)->heights);

  G_OBJECT_CLASS (kl_text_block_parent_class)->finalize (object);
}

static void
kl_text_block_class_init (KlTextBlockClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kl_text_block_dispose;
  G_OBJECT_CLASS (klass)->finalize = kl_text_block_finalize;
  widget_class->measure = kl_text_block_measure;
  widget_class->get_request_mode = kl_text_block_get_request_mode;
  widget_class->size_allocate = kl_text_block_size_allocate;
}

static void
kl_text_block_init (KlTextBlock *self)
{
  self->heights = g_hash_table_new (NULL, NULL);
  self->label = g_object_new (GTK_TYPE_LABEL, "xalign", 0.0f, "selectable", TRUE, "wrap", TRUE,
                              "wrap-mode", PANGO_WRAP_CHAR, NULL);
  gtk_widget_set_parent (self->label, GTK_WIDGET (self));
  kl_long_text_spell_exactly (self->label);
}

static void
add_block (GtkBox *box, const char *text, gsize length)
{
  KlTextBlock *block = g_object_new (KL_TYPE_TEXT_BLOCK, NULL);
  g_autofree char *lines = g_strndup (text, length);

  gtk_label_set_label (GTK_LABEL (block->label), lines);
  gtk_box_append (box, GTK_WIDGET (block));
}

/* Returns the end of what was added: the end of the text, or a line's. */
static const char *
add_some (GtkBox *box, const char *text)
{
  const char *end = text;

  for (guint i = 0; i < LINES_AT_ONCE && *end != '\0'; i++)
    {
      const char *line = strchr (end, '\n');

      if (line == NULL)
        {
          add_block (box, text, strlen (text));
          return end + strlen (end);
        }
      end = line + 1;
    }
  if (end > text)
    add_block (box, text, (gsize) (end - text) - 1);
  return end;
}

/* The rest of the text belongs to the box. */
static gboolean
add_cb (GtkWidget *box, GdkFrameClock *clock, gpointer user_data)
{
  g_autofree char *text = g_object_steal_data (G_OBJECT (box), "text-left");
  const char *left = add_some (GTK_BOX (box), text);

  if (*left == '\0')
    return G_SOURCE_REMOVE;
  g_object_set_data_full (G_OBJECT (box), "text-left", g_strdup (left), g_free);
  return G_SOURCE_CONTINUE;
}

/**
 * kl_long_text_new:
 * @text: any number of lines, UTF-8
 *
 * Lines to read and to copy, which wrap anywhere: hundreds of them appear bit by bit, so that the
 * window does not stop.
 */
GtkWidget *
kl_long_text_new (const char *text)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);
  const char *left = add_some (GTK_BOX (box), text);

  if (*left == '\0')
    return box;
  g_object_set_data_full (G_OBJECT (box), "text-left", g_strdup (left), g_free);
  gtk_widget_add_tick_callback (box, add_cb, NULL, NULL);
  return box;
}

/**
 * kl_long_text_spell_exactly:
 * @widget: a label, or what holds labels
 *
 * Where a line ends inside a word, Pango adds a hyphen. In a path or in the name of a variable it
 * would be read as a part of it: these labels get none.
 */
void
kl_long_text_spell_exactly (GtkWidget *widget)
{
  if (GTK_IS_LABEL (widget))
    {
      g_autoptr (PangoAttrList) attributes = pango_attr_list_new ();

      pango_attr_list_insert (attributes, pango_attr_insert_hyphens_new (FALSE));
      gtk_label_set_attributes (GTK_LABEL (widget), attributes);
      return;
    }
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    kl_long_text_spell_exactly (child);
}
