/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-failure-view"

#include "config.h"

#include "window/failure-view.h"

#include <glib/gi18n.h>
#include <string.h>

#include "base/error.h"
#include "bidi.h"
#include "core-text.h"
#include "error-text.h"
#include "window/flow-layout.h"
#include "window/help-window.h"
#include "window/progress-voice.h"

/* Height of a window that shows the details; pixels. */
#define ROOM_FOR_DETAILS 580

struct _KlFailureView
{
  AdwBin parent_instance;

  AdwClamp *clamp;
  GtkWidget *box;
  GtkWidget *icon;
  GtkLabel *title_label;
  GtkLabel *next_step_label;
  GtkWidget *preferences_button;
  GtkWidget *help_button;
  GtkExpander *expander;
  GtkLabel *detail_label;
  char *english; /* owned; the message as it is in logs, and as others can search for it */
  GtkButton *copy_button;
};

G_DEFINE_FINAL_TYPE (KlFailureView, kl_failure_view, ADW_TYPE_BIN)

enum
{
  PROP_COMPACT = 1,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

static char *
describe (const GError *error, const char *subject)
{
  const char *symbol = kl_error_get_symbol (error);
  const char *detail = kl_error_get_detail (error);
  g_autofree char *reason = kl_core_text_translate (error->message);
  /* Translators: the detail of a failure. */
  g_autofree char *message = kl_bidi_printf (_ ("Message: %s"), reason);
  GString *text = g_string_new (message);

  if (subject != NULL)
    g_string_append_printf (text, "\n%s %s", _ ("File:"), subject);
  g_string_append_printf (text, "\n%s %s (0x%08X)", _ ("Code:"),
                          symbol ? symbol : g_quark_to_string (error->domain),
                          kl_error_get_hresult (error));
  if (detail != NULL && *detail != '\0')
    g_string_append_printf (text, "\n%s %s", _ ("About:"), detail);
  g_string_append_printf (text, "\n%s kindling %s", _ ("Program:"), KL_VERSION);
  /* Translators: a command that prints what the program has logged follows. */
  g_string_append_printf (text, "\n%s journalctl _COMM=kindling", _ ("Log:"));

  return g_string_free (text, FALSE);
}

/* Whether the next step is taken in the site profile. */
static gboolean
is_of_site (const GError *error)
{
  return g_error_matches (error, KL_ERROR, KL_ERROR_NO_DEFAULT_MP)
         || g_error_matches (error, KL_ERROR, KL_ERROR_NO_MP_CERTS)
         || g_error_matches (error, KL_ERROR, KL_ERROR_NO_CA_CERT)
         || g_error_matches (error, KL_ERROR, KL_ERROR_NO_SITE_SIGN_CERT);
}

/* Whether what is to be corrected stands there and nowhere else. */
static gboolean
is_in_details (const GError *error)
{
  return g_error_matches (error, KL_ERROR, KL_ERROR_INJECTION);
}

static void
copy_clicked_cb (KlFailureView *self)
{
  const char *detail = gtk_label_get_label (self->detail_label);
  const gboolean translated = strstr (detail, self->english) == NULL;
  g_autofree char *text
      = g_strdup_printf ("%s\n%s\n%s%s", gtk_label_get_label (self->title_label), detail,
                         translated ? self->english : "", translated ? "\n" : "");

  gdk_clipboard_set_text (gtk_widget_get_clipboard (GTK_WIDGET (self)), text);
  gtk_button_set_label (self->copy_button, _ ("Copied"));
}

/* The details want room; a window that is too low for them grows. */
static void
expanded_cb (KlFailureView *self)
{
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));
  int width;

  if (!GTK_IS_WINDOW (root) || !gtk_expander_get_expanded (self->expander)
      || gtk_widget_get_height (GTK_WIDGET (root)) >= ROOM_FOR_DETAILS)
    return;
  width = gtk_widget_get_width (GTK_WIDGET (root));
  if (width == 0)
    return; /* it is not shown yet, and gets the room that it needs */
  gtk_window_set_default_size (GTK_WINDOW (root), width, ROOM_FOR_DETAILS);
}

/* Among the lines of a row: to the left, as wide as there is room, without a picture. */
static void
make_compact (KlFailureView *self)
{
  GtkLabel *const labels[] = { self->title_label, self->next_step_label };

  for (guint i = 0; i < G_N_ELEMENTS (labels); i++)
    {
      gtk_label_set_xalign (labels[i], 0);
      gtk_label_set_justify (labels[i], GTK_JUSTIFY_LEFT);
    }
  adw_clamp_set_maximum_size (self->clamp, G_MAXINT16);
  gtk_box_set_spacing (GTK_BOX (self->box), 6);
  gtk_widget_set_margin_top (self->box, 0);
  gtk_widget_set_margin_bottom (self->box, 0);
  gtk_widget_set_margin_start (self->box, 0);
  gtk_widget_set_margin_end (self->box, 0);
  gtk_widget_set_margin_top (GTK_WIDGET (self->expander), 0);
  gtk_widget_set_visible (self->icon, FALSE);
  gtk_widget_set_css_classes (GTK_WIDGET (self->title_label), (const char *[]){ "heading", NULL });
}

static void
kl_failure_view_set_property (GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
  if (id != PROP_COMPACT)
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
  else if (g_value_get_boolean (value))
    make_compact (KL_FAILURE_VIEW (object));
}

static void
kl_failure_view_finalize (GObject *object)
{
  g_free (KL_FAILURE_VIEW (object)->english);

  G_OBJECT_CLASS (kl_failure_view_parent_class)->finalize (object);
}

static void
kl_failure_view_class_init (KlFailureViewClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = kl_failure_view_finalize;
  G_OBJECT_CLASS (klass)->set_property = kl_failure_view_set_property;

  properties[PROP_COMPACT] = g_param_spec_boolean ("compact", NULL, NULL, FALSE,
                                                   G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (G_OBJECT_CLASS (klass), N_PROPS, properties);

  g_type_ensure (KL_TYPE_FLOW_LAYOUT);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/kindling/Kindling/ui/failure-view.ui");
  gtk_widget_class_bind_template_child (widget_class, KlFailureView, clamp);
  gtk_widget_class_bind_template_child (widget_class, KlFailureView, box);
  gtk_widget_class_bind_template_child (widget_class, KlFailureView, icon);
  gtk_widget_class_bind_template_child (widget_class, KlFailureView, title_label);
  gtk_widget_class_bind_template_child (widget_class, KlFailureView, next_step_label);
  gtk_widget_class_bind_template_child (widget_class, KlFailureView, preferences_button);
  gtk_widget_class_bind_template_child (widget_class, KlFailureView, help_button);
  gtk_widget_class_bind_template_child (widget_class, KlFailureView, expander);
  gtk_widget_class_bind_template_child (widget_class, KlFailureView, detail_label);
  gtk_widget_class_bind_template_child (widget_class, KlFailureView, copy_button);
  gtk_widget_class_bind_template_callback (widget_class, copy_clicked_cb);
  gtk_widget_class_bind_template_callback (widget_class, expanded_cb);
}

static void
kl_failure_view_init (KlFailureView *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

/* The manual has a place for every code; what was cancelled has none. */
static void
set_help (KlFailureView *self, const GError *error)
{
  const char *symbol = error->domain == KL_ERROR ? kl_error_get_symbol (error) : NULL;
  g_autofree char *place = g_strconcat ("codes", symbol ? "#" : NULL, symbol, NULL);

  gtk_actionable_set_action_target (GTK_ACTIONABLE (self->help_button), "s", place);
  kl_help_set_place (GTK_WIDGET (self), place);
}

void
kl_failure_view_set_error (KlFailureView *self, const GError *error, const char *subject)
{
  g_autofree char *detail = NULL;
  g_autofree char *next_step = NULL;

  g_return_if_fail (KL_IS_FAILURE_VIEW (self));
  g_return_if_fail (error != NULL);

  detail = describe (error, subject);
  g_free (self->english);
  self->english = g_strdup (error->message);
  gtk_label_set_label (self->title_label, kl_error_text_get_title (error));
  next_step = kl_error_text_dup_next_step (error);
  gtk_label_set_label (self->next_step_label, next_step);
  gtk_label_set_label (self->detail_label, detail);
  gtk_widget_set_visible (self->preferences_button, is_of_site (error));
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->box), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  kl_error_text_get_title (error), -1);
  set_help (self, error);
  gtk_expander_set_expanded (self->expander, is_in_details (error));
  gtk_button_set_label (self->copy_button, _ ("_Copy Details"));
}

void
kl_failure_view_present (GtkWindow *parent, const GError *error, const char *subject)
{
  g_autoptr (GtkBuilder) builder
      = gtk_builder_new_from_resource ("/org/kindling/Kindling/ui/failure-window.ui");
  GtkWindow *window = GTK_WINDOW (gtk_builder_get_object (builder, "window"));
  GtkWidget *view = GTK_WIDGET (gtk_builder_get_object (builder, "view"));
  g_autofree char *next_step = kl_error_text_dup_next_step (error);

  gtk_window_set_title (window, kl_error_text_get_title (error));
  gtk_window_set_application (window, gtk_window_get_application (parent));
  gtk_window_set_transient_for (window, parent);
  kl_failure_view_set_error (KL_FAILURE_VIEW (view), error, subject);
  kl_progress_voice_describe (GTK_WIDGET (gtk_builder_get_object (builder, "close_button")),
                              kl_error_text_get_title (error), next_step);
  gtk_window_present (window);
}
