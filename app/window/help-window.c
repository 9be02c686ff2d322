/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-help-window"

#include "config.h"

#include "window/help-window.h"

#include <string.h>

#include "window/group-title.h"
#include "window/help-page.h"

#define CONTENTS "index"

/* Where a widget keeps the place that tells of it. */
#define PLACE_KEY "kl-help-place"

struct _KlHelpWindow
{
  AdwWindow parent_instance;

  GQueue history;        /* of owned places; the one that is shown last */
  GtkWindowGroup *group; /* owned; its own, so that it works beside modal dialogs */
  GtkWidget *target;     /* borrowed from the box; nullable; what to scroll to */
  guint scroll_source;   /* tick callback; 0 for none */

  GtkWidget *top;      /* borrowed from the box; nullable; what is seen first */
  double above;        /* how much of it is out of sight, 0–1 */
  int width;           /* for which that is so; pixels */
  guint return_source; /* tick callback; 0 for none */

  AdwWindowTitle *window_title;
  GtkScrolledWindow *scrolled;
  GtkBox *box;
};

G_DEFINE_FINAL_TYPE (KlHelpWindow, kl_help_window, ADW_TYPE_WINDOW)

/* What F1 opens where the focus is in a widget of this type, the nearest one of its ancestors. */
static const struct
{
  const char *type;
  const char *place;
} places[] = {
  { "KlCatalogGroup", "preferences#catalog" },
  { "KlCertificateGroup", "protection#certificate" },
  { "KlCreateDialog", "media" },
  { "KlDriveTarget", "drives" },
  { "KlDriversWindow", "drivers" },
  { "KlDrivesPane", "drives" },
  { "KlImagePage", "images" },
  { "KlJobsWindow", "media#progress" },
  { "KlPasswordGroup", "protection#password" },
  { "KlPreferencesWindow", "preferences" },
  { "KlPreparationGroup", "recipes" },
  { "KlPreviewWindow", "recipes" },
  { "KlProgressPage", "media#progress" },
  { "KlProtectionPage", "protection" },
  { "KlRecipeDialog", "recipes" },
  { "KlReviewPage", "media#review" },
  { "KlSiteEditor", "sites" },
  { "KlSitePage", "sites" },
  { "KlTargetPage", "media#target" },
  { "KlWindow", "images" },
};

static KlHelpWindow *shown; /* borrowed; nullable; main thread */

static void go_to (KlHelpWindow *self, const char *place);

static gboolean
link_cb (KlHelpWindow *self, const char *uri)
{
  const char *dot = strstr (uri, ".html");
  g_autofree char *name = dot ? g_strndup (uri, (gsize) (dot - uri)) : NULL;
  g_autofree char *place = NULL;

  if (name == NULL)
    return FALSE;
  place = g_strconcat (name, dot + strlen (".html"), NULL);
  go_to (self, place);
  return TRUE;
}

static const char *
get_css_class (KlHelpKind kind)
{
  switch (kind)
    {
    case KL_HELP_HEADING:
      return "title-1";
    case KL_HELP_SUBHEADING:
      return "title-4";
    case KL_HELP_TERM:
      return "heading";
    case KL_HELP_LISTING:
      return "listing";
    case KL_HELP_PARAGRAPH:
    case KL_HELP_ITEM:
    case KL_HELP_DEFINITION:
    default:
      return "body";
    }
}

/* It can be selected and copied, and the keyboard gets to it: a screen reader reads on by Tab. */
static GtkWidget *
new_label (KlHelpWindow *self, const KlHelpBlock *block)
{
  const gboolean heading = block->kind == KL_HELP_HEADING || block->kind == KL_HELP_SUBHEADING;
  GtkWidget *label
      = g_object_new (GTK_TYPE_LABEL, "accessible-role",
                      heading ? GTK_ACCESSIBLE_ROLE_HEADING : GTK_ACCESSIBLE_ROLE_LABEL, "label",
                      block->markup, "use-markup", TRUE, "xalign", 0.0, "wrap", TRUE, "wrap-mode",
                      PANGO_WRAP_WORD_CHAR, "selectable", TRUE, "hexpand", TRUE, NULL);

  gtk_widget_add_css_class (label, get_css_class (block->kind));
  g_signal_connect_object (label, "activate-link", G_CALLBACK (link_cb), self, G_CONNECT_SWAPPED);
  return label;
}

static GtkWidget *
new_item (GtkWidget *label, guint number)
{
  GtkWidget *row = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 9);
  g_autofree char *mark = number > 0 ? g_strdup_printf ("%u.", number) : g_strdup ("•");
  GtkWidget *mark_label = gtk_label_new (mark);

  gtk_widget_set_valign (mark_label, GTK_ALIGN_START);
  gtk_label_set_width_chars (GTK_LABEL (mark_label), 2);
  gtk_label_set_xalign (GTK_LABEL (mark_label), 1);
  gtk_box_append (GTK_BOX (row), mark_label);
  gtk_box_append (GTK_BOX (row), label);
  return row;
}

static GtkWidget *
add_block (KlHelpWindow *self, const KlHelpBlock *block)
{
  GtkWidget *label = new_label (self, block);

  switch (block->kind)
    {
    case KL_HELP_ITEM:
      gtk_box_append (self->box, new_item (label, block->number));
      return label;
    case KL_HELP_DEFINITION:
      gtk_widget_set_margin_start (label, 24);
      break;
    case KL_HELP_SUBHEADING:
      gtk_widget_set_margin_top (label, 12);
      break;
    case KL_HELP_HEADING:
    case KL_HELP_PARAGRAPH:
    case KL_HELP_TERM:
    case KL_HELP_LISTING:
    default:
      break;
    }
  gtk_box_append (self->box, label);
  return label;
}

static gboolean
scroll_cb (GtkWidget *widget, GdkFrameClock *clock, gpointer user_data)
{
  KlHelpWindow *self = KL_HELP_WINDOW (widget);
  GtkAdjustment *adjustment = gtk_scrolled_window_get_vadjustment (self->scrolled);
  graphene_point_t point = GRAPHENE_POINT_INIT (0, 0);

  if (self->target != NULL && gtk_widget_get_height (self->target) == 0)
    return G_SOURCE_CONTINUE; /* it has no place yet */
  self->scroll_source = 0;
  if (self->target != NULL)
    {
      gtk_widget_grab_focus (self->target);
      if (gtk_widget_compute_point (self->target, GTK_WIDGET (self->box), &point, &point))
        gtk_adjustment_set_value (adjustment, point.y);
    }
  return G_SOURCE_REMOVE;
}

static void
scroll_to (KlHelpWindow *self, GtkWidget *target)
{
  self->target = target;
  if (self->scroll_source == 0)
    self->scroll_source = gtk_widget_add_tick_callback (GTK_WIDGET (self), scroll_cb, NULL, NULL);
}

/* What is seen first is remembered, unless it moves because the text has got another width. */
static void
scrolled_cb (KlHelpWindow *self)
{
  const double value
      = gtk_adjustment_get_value (gtk_scrolled_window_get_vadjustment (self->scrolled));
  GtkWidget *child = gtk_widget_get_first_child (GTK_WIDGET (self->box));
  graphene_rect_t at;

  if (self->return_source != 0
      || (self->top != NULL && gtk_widget_get_width (GTK_WIDGET (self->scrolled)) != self->width))
    return;
  for (; child != NULL; child = gtk_widget_get_next_sibling (child))
    if (gtk_widget_compute_bounds (child, GTK_WIDGET (self->box), &at)
        && at.origin.y + at.size.height > value)
      break;
  self->top = child;
  if (child == NULL)
    return;
  self->above = at.size.height > 0 ? (value - at.origin.y) / at.size.height : 0;
  self->width = gtk_widget_get_width (GTK_WIDGET (self->scrolled));
}

static gboolean
return_cb (GtkWidget *widget, GdkFrameClock *clock, gpointer user_data)
{
  KlHelpWindow *self = KL_HELP_WINDOW (widget);
  GtkAdjustment *adjustment = gtk_scrolled_window_get_vadjustment (self->scrolled);
  graphene_rect_t at;

  self->width = gtk_widget_get_width (GTK_WIDGET (self->scrolled));
  if (self->top != NULL && gtk_widget_compute_bounds (self->top, GTK_WIDGET (self->box), &at))
    gtk_adjustment_set_value (adjustment, at.origin.y + self->above * at.size.height);
  self->return_source = 0;
  return G_SOURCE_REMOVE;
}

/* In another width all is as high as it was not before: goes back to what was seen first, once it
 * has its new place. */
static void
measured_cb (KlHelpWindow *self)
{
  if (self->top != NULL && self->return_source == 0
      && gtk_widget_get_width (GTK_WIDGET (self->scrolled)) != self->width)
    self->return_source = gtk_widget_add_tick_callback (GTK_WIDGET (self), return_cb, NULL, NULL);
}

static void
clear (KlHelpWindow *self)
{
  GtkWidget *child;

  self->target = NULL;
  self->top = NULL;
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self->box))) != NULL)
    gtk_box_remove (self->box, child);
}

static void
update_actions (KlHelpWindow *self)
{
  const char *place = g_queue_peek_tail (&self->history);

  gtk_widget_action_set_enabled (GTK_WIDGET (self), "help.back",
                                 g_queue_get_length (&self->history) > 1);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "help.contents",
                                 g_strcmp0 (place, CONTENTS) != 0);
}

static void
show_place (KlHelpWindow *self, const char *place)
{
  g_auto (GStrv) parts = g_strsplit (place, "#", 2);
  g_autofree char *title = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) blocks = kl_help_page_load (parts[0], &title, &error);
  GtkWidget *target = NULL;

  if (blocks == NULL)
    {
      g_warning ("The manual's page “%s” cannot be shown: %s", place, error->message);
      return;
    }

  clear (self);
  for (guint i = 0; i < blocks->len; i++)
    {
      const KlHelpBlock *block = blocks->pdata[i];
      GtkWidget *label = add_block (self, block);

      if (i == 0 || (parts[1] != NULL && g_strcmp0 (block->id, parts[1]) == 0))
        target = label;
    }
  adw_window_title_set_subtitle (self->window_title, title);
  update_actions (self);
  scroll_to (self, target);
}

static void
go_to (KlHelpWindow *self, const char *place)
{
  if (g_strcmp0 (g_queue_peek_tail (&self->history), place) != 0)
    g_queue_push_tail (&self->history, g_strdup (place));
  show_place (self, g_queue_peek_tail (&self->history));
}

static void
back_activated (GtkWidget *widget, const char *action, GVariant *parameter)
{
  KlHelpWindow *self = KL_HELP_WINDOW (widget);

  if (g_queue_get_length (&self->history) < 2)
    return;
  g_free (g_queue_pop_tail (&self->history));
  show_place (self, g_queue_peek_tail (&self->history));
}

static void
contents_activated (GtkWidget *widget, const char *action, GVariant *parameter)
{
  go_to (KL_HELP_WINDOW (widget), CONTENTS);
}

static void
kl_help_window_dispose (GObject *object)
{
  KlHelpWindow *self = KL_HELP_WINDOW (object);

  if (shown == self)
    shown = NULL;
  g_queue_clear_full (&self->history, g_free);
  g_clear_object (&self->group);

  G_OBJECT_CLASS (kl_help_window_parent_class)->dispose (object);
}

static void
kl_help_window_class_init (KlHelpWindowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kl_help_window_dispose;

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/kindling/Kindling/ui/help-window.ui");
  gtk_widget_class_bind_template_child (widget_class, KlHelpWindow, window_title);
  gtk_widget_class_bind_template_child (widget_class, KlHelpWindow, scrolled);
  gtk_widget_class_bind_template_child (widget_class, KlHelpWindow, box);
  gtk_widget_class_install_action (widget_class, "help.back", NULL, back_activated);
  gtk_widget_class_install_action (widget_class, "help.contents", NULL, contents_activated);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Left, GDK_ALT_MASK, "help.back", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Home, GDK_ALT_MASK, "help.contents",
                                       NULL);
}

static void
kl_help_window_init (KlHelpWindow *self)
{
  GtkAdjustment *adjustment;

  g_queue_init (&self->history);
  gtk_widget_init_template (GTK_WIDGET (self));
  kl_group_title_wrap_all (GTK_WIDGET (self->window_title));
  adjustment = gtk_scrolled_window_get_vadjustment (self->scrolled);
  g_signal_connect_object (adjustment, "value-changed", G_CALLBACK (scrolled_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (adjustment, "changed", G_CALLBACK (measured_cb), self,
                           G_CONNECT_SWAPPED);
  self->group = gtk_window_group_new ();
  gtk_window_group_add_window (self->group, GTK_WINDOW (self));
  /* A paragraph that gets the focus is read, not selected. */
  g_object_set (gtk_widget_get_settings (GTK_WIDGET (self)), "gtk-label-select-on-focus", FALSE,
                NULL);
}

/**
 * kl_help_show:
 * @place: “page” or “page#id”
 *
 * Shows a place of the manual, in the window that is open or in a new one.
 */
void
kl_help_show (GtkApplication *application, const char *place)
{
  if (shown == NULL)
    shown = g_object_new (KL_TYPE_HELP_WINDOW, "application", application, NULL);
  go_to (shown, place);
  gtk_window_present (GTK_WINDOW (shown));
}

/* For a place that is not that of the widget's type; NULL: it is again. */
void
kl_help_set_place (GtkWidget *widget, const char *place)
{
  g_object_set_data_full (G_OBJECT (widget), PLACE_KEY, g_strdup (place), g_free);
}

static const char *
get_place (GtkWidget *widget)
{
  const char *place = g_object_get_data (G_OBJECT (widget), PLACE_KEY);

  for (guint i = 0; place == NULL && i < G_N_ELEMENTS (places); i++)
    if (g_str_equal (places[i].type, G_OBJECT_TYPE_NAME (widget)))
      place = places[i].place;
  return place;
}

/**
 * kl_help_find_place:
 * @window: (nullable): the one in use
 *
 * Returns: (transfer none): the place of the manual that tells of what has the focus, else of its
 *   window, else the contents
 */
const char *
kl_help_find_place (GtkWindow *window)
{
  GtkWidget *widget = window != NULL ? gtk_window_get_focus (window) : NULL;

  if (widget == NULL)
    widget = GTK_WIDGET (window);
  for (; widget != NULL; widget = gtk_widget_get_parent (widget))
    if (get_place (widget) != NULL)
      return get_place (widget);

  return CONTENTS;
}
