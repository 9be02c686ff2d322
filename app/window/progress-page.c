/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-progress-page"

#include "config.h"

#include "window/progress-page.h"

#include <glib/gi18n.h>

#include "bidi.h"
#include "window/media-job-row.h"
#include "window/progress-voice.h"

struct _KlProgressPage
{
  AdwBin parent_instance;

  GListModel *jobs; /* owned; of KlMediaJob; nullable */
  gboolean busy;

  GtkImage *icon;
  GtkLabel *title_label;
  GtkListBox *list;
  GtkButton *next_button;
};

G_DEFINE_FINAL_TYPE (KlProgressPage, kl_progress_page, ADW_TYPE_BIN)

enum
{
  PROP_BUSY = 1,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

static guint
count (KlProgressPage *self, KlMediaJobState state)
{
  guint n = 0;

  for (guint i = 0; i < g_list_model_get_n_items (self->jobs); i++)
    {
      g_autoptr (KlMediaJob) job = g_list_model_get_item (self->jobs, i);

      n += kl_media_job_get_state (job) == state;
    }
  return n;
}

/* The title of one medium names it. */
static char *
dup_title_of_one (KlProgressPage *self)
{
  g_autoptr (KlMediaJob) job = g_list_model_get_item (self->jobs, 0);
  const char *name = kl_media_job_get_name (job);

  switch (kl_media_job_get_state (job))
    {
    case KL_MEDIA_JOB_DONE:
      /* Translators: %s is the name of a file or a drive. */
      return kl_bidi_printf (_ ("“%s” Is Ready"), name);
    case KL_MEDIA_JOB_FAILED:
      return kl_bidi_printf (_ ("“%s” Could Not Be Made"), name);
    case KL_MEDIA_JOB_CANCELLED:
      return g_strdup (_ ("Cancelled"));
    case KL_MEDIA_JOB_WAITING:
    case KL_MEDIA_JOB_RUNNING:
    default:
      return kl_bidi_printf (_ ("Creating “%s”"), name);
    }
}

static char *
dup_title (KlProgressPage *self)
{
  const guint n = g_list_model_get_n_items (self->jobs);
  const guint done = count (self, KL_MEDIA_JOB_DONE);

  if (n == 1)
    return dup_title_of_one (self);
  if (self->busy)
    return kl_bidi_printf (ngettext ("Creating %u Medium", "Creating %u Media", n), n);
  if (done == n)
    return kl_bidi_printf (ngettext ("%u Medium Is Ready", "All %u Media Are Ready", n), n);
  /* Translators: how many of several media were made. */
  return kl_bidi_printf (_ ("%u of %u Media Are Ready"), done, n);
}

static void
show_icon (KlProgressPage *self)
{
  const gboolean done = kl_progress_page_all_done (self);
  const gboolean failed = count (self, KL_MEDIA_JOB_FAILED) > 0;
  const char *classes[] = { done ? "success" : failed ? "error" : "warning", NULL };

  gtk_widget_set_visible (GTK_WIDGET (self->icon), !self->busy);
  gtk_image_set_from_icon_name (self->icon, done     ? "emblem-ok-symbolic"
                                            : failed ? "dialog-error-symbolic"
                                                     : "action-unavailable-symbolic");
  gtk_widget_set_css_classes (GTK_WIDGET (self->icon), classes);
}

static void
update (KlProgressPage *self)
{
  const gboolean busy = kl_media_job_count_open (self->jobs) > 0;
  const gboolean changed = busy != self->busy;
  g_autofree char *title = NULL;

  self->busy = busy;
  title = dup_title (self);
  gtk_label_set_label (self->title_label, title);
  show_icon (self);
  gtk_widget_set_visible (GTK_WIDGET (self->next_button),
                          !busy && count (self, KL_MEDIA_JOB_DONE) > 0);
  if (changed)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_BUSY]);
}

static GtkWidget *
new_row (gpointer item, gpointer user_data)
{
  return kl_media_job_row_new (item);
}

static void
kl_progress_page_get_property (GObject *object, guint id, GValue *value, GParamSpec *spec)
{
  if (id == PROP_BUSY)
    g_value_set_boolean (value, KL_PROGRESS_PAGE (object)->busy);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
}

static void
kl_progress_page_dispose (GObject *object)
{
  g_clear_object (&KL_PROGRESS_PAGE (object)->jobs);

  G_OBJECT_CLASS (kl_progress_page_parent_class)->dispose (object);
}

static void
kl_progress_page_class_init (KlProgressPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->get_property = kl_progress_page_get_property;
  G_OBJECT_CLASS (klass)->dispose = kl_progress_page_dispose;

  properties[PROP_BUSY]
      = g_param_spec_boolean ("busy", NULL, NULL, FALSE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (G_OBJECT_CLASS (klass), N_PROPS, properties);

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/kindling/Kindling/ui/progress-page.ui");
  gtk_widget_class_bind_template_child (widget_class, KlProgressPage, icon);
  gtk_widget_class_bind_template_child (widget_class, KlProgressPage, title_label);
  gtk_widget_class_bind_template_child (widget_class, KlProgressPage, list);
  gtk_widget_class_bind_template_child (widget_class, KlProgressPage, next_button);
}

static void
kl_progress_page_init (KlProgressPage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

/**
 * kl_progress_page_set_jobs:
 * @jobs: of KlMediaJob, at least one; it does not change any more
 */
void
kl_progress_page_set_jobs (KlProgressPage *self, GListModel *jobs)
{
  g_return_if_fail (KL_IS_PROGRESS_PAGE (self));

  g_set_object (&self->jobs, jobs);
  gtk_list_box_bind_model (self->list, jobs, new_row, NULL, NULL);
  if (g_list_model_get_n_items (jobs) == 1)
    kl_media_job_row_expand (KL_MEDIA_JOB_ROW (gtk_list_box_get_row_at_index (self->list, 0)));
  for (guint i = 0; i < g_list_model_get_n_items (jobs); i++)
    {
      g_autoptr (KlMediaJob) job = g_list_model_get_item (jobs, i);

      g_signal_connect_object (job, "notify::state", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
    }
  update (self);
}

gboolean
kl_progress_page_is_busy (KlProgressPage *self)
{
  g_return_val_if_fail (KL_IS_PROGRESS_PAGE (self), FALSE);

  return self->busy;
}

/* Whether at least one medium was made. */
gboolean
kl_progress_page_has_done (KlProgressPage *self)
{
  g_return_val_if_fail (KL_IS_PROGRESS_PAGE (self), FALSE);

  return count (self, KL_MEDIA_JOB_DONE) > 0;
}

gboolean
kl_progress_page_all_done (KlProgressPage *self)
{
  g_return_val_if_fail (KL_IS_PROGRESS_PAGE (self), FALSE);

  return self->jobs != NULL
         && count (self, KL_MEDIA_JOB_DONE) == g_list_model_get_n_items (self->jobs);
}

/**
 * kl_progress_page_describe:
 * @button: which gets the focus now
 *
 * Lets a screen reader say how all ended when it comes to @button.
 */
void
kl_progress_page_describe (KlProgressPage *self, GtkWidget *button)
{
  GtkListBoxRow *row = gtk_list_box_get_row_at_index (self->list, 0);
  g_autofree char *text = NULL;

  g_return_if_fail (KL_IS_PROGRESS_PAGE (self));

  if (g_list_model_get_n_items (self->jobs) == 1)
    text = kl_media_job_row_dup_outcome (KL_MEDIA_JOB_ROW (row));
  kl_progress_voice_describe (button, gtk_label_get_label (self->title_label), text);
}

void
kl_progress_page_set_next (KlProgressPage *self, const char *label, const char *action_name)
{
  g_return_if_fail (KL_IS_PROGRESS_PAGE (self));

  gtk_button_set_label (self->next_button, label);
  gtk_actionable_set_action_name (GTK_ACTIONABLE (self->next_button), action_name);
}
