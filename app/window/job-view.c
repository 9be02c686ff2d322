/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-job-view"

#include "config.h"

#include "window/job-view.h"

#include <glib/gi18n.h>

#include "error-text.h"
#include "window/fact-row.h"
#include "window/failure-view.h"
#include "window/first-frame.h"
#include "window/job-text.h"
#include "window/loss-question.h"
#include "window/media-jobs.h"
#include "window/progress-voice.h"

/* Between two looks at the progress; milliseconds. */
#define SHOW_INTERVAL 100

struct _KlJobView
{
  AdwBin parent_instance;

  KlJob *job;           /* owned; nullable */
  KlMediaJob *entry;    /* owned; of the list of jobs; while it runs */
  char *title;          /* owned; nullable; what is being done */
  char *subject;        /* owned; nullable; for the detail of a failure */
  char *cancelled_text; /* owned; nullable; what is left of the target */
  char *leaving_text;   /* owned; nullable; what would be left of it */

  GPtrArray *facts;       /* of KlFactRow, borrowed from the group */
  GtkWidget *end_button;  /* weak; what gets the focus when the job has ended */
  GtkWindow *question;    /* weak; whether the job may be cancelled, while it is asked */
  GtkWindow *also_closed; /* weak; a window that closes once the job has ended */
  gboolean close_at_end;
  guint begin_source; /* begins the job soon; 0 for none */
  guint show_source;  /* shows the progress soon; 0 for none */
  KlProgressVoice voice;

  GtkStack *stack;
  GtkLabel *title_label;
  GtkLabel *step_label;
  GtkProgressBar *progress_bar;
  GtkLabel *amount_label;
  GtkLabel *time_label;
  GtkButton *cancel_button;
  GtkImage *done_icon;
  GtkLabel *done_title;
  GtkLabel *done_description;
  AdwPreferencesGroup *facts_group;
  GtkBox *buttons_box;
  KlFailureView *failure_view;
  AdwStatusPage *cancelled_page;
};

G_DEFINE_FINAL_TYPE (KlJobView, kl_job_view, ADW_TYPE_BIN)

enum
{
  SIGNAL_ENDED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static GList *running; /* of KlJobView, borrowed; main thread */

static void
show_progress (KlJobView *self)
{
  g_autofree char *step = kl_job_text_dup_step (self->job);
  g_autofree char *amount = kl_job_text_dup_amount (self->job);
  g_autofree char *left = kl_job_text_dup_time (self->job);

  gtk_label_set_label (self->step_label, step);
  gtk_label_set_label (self->amount_label, amount);
  gtk_label_set_label (self->time_label, left);
  kl_progress_voice_show (&self->voice, self->job, self->progress_bar,
                          GTK_WIDGET (self->cancel_button));
}

static gboolean
show_cb (gpointer user_data)
{
  KlJobView *self = user_data;

  self->show_source = 0;
  if (gtk_widget_get_sensitive (GTK_WIDGET (self->cancel_button)))
    show_progress (self);

  return G_SOURCE_REMOVE;
}

/* A fast job reports thousands of times a second. */
static void
progress_cb (KlJobView *self)
{
  if (self->show_source == 0)
    self->show_source = g_timeout_add (SHOW_INTERVAL, show_cb, self);
}

static void
stop_showing (KlJobView *self)
{
  g_clear_handle_id (&self->show_source, g_source_remove);
  if (self->job != NULL)
    g_signal_handlers_disconnect_by_func (self->job, progress_cb, self);
}

static void
close_other_window (KlJobView *self)
{
  GtkWindow *also = self->also_closed;

  g_clear_weak_pointer (&self->also_closed);
  if (also != NULL)
    gtk_window_close (also);
}

static void
close_windows (KlJobView *self)
{
  g_autoptr (GtkRoot) root = gtk_widget_get_root (GTK_WIDGET (self));

  if (root != NULL)
    g_object_ref (root);
  close_other_window (self);
  if (GTK_IS_WINDOW (root))
    gtk_window_close (GTK_WINDOW (root));
}

static void
show_outcome (KlJobView *self, const GError *error)
{
  if (error == NULL)
    gtk_stack_set_visible_child_name (self->stack, "done");
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      adw_status_page_set_description (self->cancelled_page, self->cancelled_text);
      gtk_stack_set_visible_child_name (self->stack, "cancelled");
    }
  else
    {
      kl_failure_view_set_error (self->failure_view, error, self->subject);
      gtk_stack_set_visible_child_name (self->stack, "failed");
    }
}

/* Whoever was asked whether to cancel has the answer when the job ends. A window that was to be
 * closed closes, unless there is a failure to be seen; a dialog shows how its job ended. */
static void
withdraw_question (KlJobView *self, const GError *error)
{
  GtkWindow *question = self->question;

  if (question == NULL)
    return;
  g_clear_weak_pointer (&self->question);
  g_signal_handlers_disconnect_by_data (question, self);
  gtk_window_destroy (question);
  if (error == NULL && self->also_closed != NULL)
    self->close_at_end = TRUE;
  else
    g_clear_weak_pointer (&self->also_closed);
}

/* How it ended is said at the button that has or gets the focus. */
static void
announce_outcome (KlJobView *self, const GError *error)
{
  GtkWidget *focus = self->end_button;
  g_autofree char *next_step = error != NULL ? kl_error_text_dup_next_step (error) : NULL;

  if (focus == NULL)
    return;
  if (error == NULL)
    kl_progress_voice_describe (focus, gtk_label_get_label (self->done_title),
                                gtk_label_get_label (self->done_description));
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    kl_progress_voice_describe (focus, kl_error_text_get_title (error), self->cancelled_text);
  else
    kl_progress_voice_describe (focus, kl_error_text_get_title (error), next_step);
}

static void
job_ended_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KlJobView) self = user_data;
  g_autoptr (KlJob) job = g_object_ref (KL_JOB (source));
  g_autoptr (GError) error = NULL;

  kl_job_run_finish (job, result, &error);
  kl_media_job_end (self->entry, error);
  g_clear_object (&self->entry);
  stop_showing (self);
  running = g_list_remove (running, self);
  if (self->facts == NULL)
    return; /* the window has gone */

  withdraw_question (self, error);
  show_outcome (self, error);
  if (self->close_at_end)
    close_other_window (self); /* before it starts the next import */
  if (self->facts == NULL)
    return; /* it has taken this window with it */

  g_signal_emit (self, signals[SIGNAL_ENDED], 0, error);
  if (self->close_at_end)
    close_windows (self);
  else
    announce_outcome (self, error);
}

/* The list of jobs has it, too. */
static gboolean
begin (gpointer user_data)
{
  KlJobView *self = user_data;
  const KlOtherJob entry = { .job = self->job, .name = self->title, .path = self->subject };

  self->begin_source = 0;
  self->entry = kl_media_jobs_begin_other (kl_media_jobs_get (), &entry);
  kl_job_run_async (self->job, NULL, job_ended_cb, g_object_ref (self));
  return G_SOURCE_REMOVE;
}

/* One that waits for its first frame. */
static void
begin_now (KlJobView *self)
{
  if (self->begin_source == 0)
    return;
  g_source_remove (self->begin_source);
  begin (self);
}

static void
cancel_clicked_cb (KlJobView *self)
{
  kl_job_view_cancel (self);
}

static void
kl_job_view_dispose (GObject *object)
{
  KlJobView *self = KL_JOB_VIEW (object);

  begin_now (self);
  stop_showing (self);
  g_clear_object (&self->job);
  g_clear_pointer (&self->title, g_free);
  g_clear_pointer (&self->subject, g_free);
  g_clear_pointer (&self->cancelled_text, g_free);
  g_clear_pointer (&self->leaving_text, g_free);
  g_clear_pointer (&self->facts, g_ptr_array_unref);
  g_clear_weak_pointer (&self->also_closed);
  g_clear_weak_pointer (&self->end_button);
  g_clear_weak_pointer (&self->question);

  G_OBJECT_CLASS (kl_job_view_parent_class)->dispose (object);
}

static void
bind_children (GtkWidgetClass *widget_class)
{
  gtk_widget_class_bind_template_child (widget_class, KlJobView, stack);
  gtk_widget_class_bind_template_child (widget_class, KlJobView, title_label);
  gtk_widget_class_bind_template_child (widget_class, KlJobView, step_label);
  gtk_widget_class_bind_template_child (widget_class, KlJobView, progress_bar);
  gtk_widget_class_bind_template_child (widget_class, KlJobView, amount_label);
  gtk_widget_class_bind_template_child (widget_class, KlJobView, time_label);
  gtk_widget_class_bind_template_child (widget_class, KlJobView, cancel_button);
  gtk_widget_class_bind_template_child (widget_class, KlJobView, done_icon);
  gtk_widget_class_bind_template_child (widget_class, KlJobView, done_title);
  gtk_widget_class_bind_template_child (widget_class, KlJobView, done_description);
  gtk_widget_class_bind_template_child (widget_class, KlJobView, facts_group);
  gtk_widget_class_bind_template_child (widget_class, KlJobView, buttons_box);
  gtk_widget_class_bind_template_child (widget_class, KlJobView, failure_view);
  gtk_widget_class_bind_template_child (widget_class, KlJobView, cancelled_page);
  gtk_widget_class_bind_template_callback (widget_class, cancel_clicked_cb);
}

static void
kl_job_view_class_init (KlJobViewClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kl_job_view_dispose;

  signals[SIGNAL_ENDED] = g_signal_new ("ended", KL_TYPE_JOB_VIEW, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                        NULL, G_TYPE_NONE, 1, G_TYPE_ERROR);

  g_type_ensure (KL_TYPE_FAILURE_VIEW);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/kindling/Kindling/ui/job-view.ui");
  bind_children (widget_class);
}

static void
kl_job_view_init (KlJobView *self)
{
  self->facts = g_ptr_array_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
}

static void
clear_outcome (KlJobView *self)
{
  GtkWidget *button;

  for (guint i = 0; i < self->facts->len; i++)
    adw_preferences_group_remove (self->facts_group, g_ptr_array_index (self->facts, i));
  g_ptr_array_set_size (self->facts, 0);
  adw_status_page_set_description (self->cancelled_page, "");
  gtk_label_set_label (self->done_title, "");
  gtk_widget_set_visible (GTK_WIDGET (self->facts_group), FALSE);

  while ((button = gtk_widget_get_first_child (GTK_WIDGET (self->buttons_box))) != NULL)
    gtk_box_remove (self->buttons_box, button);
}

/**
 * kl_job_view_start:
 * @job: an idle job; the view holds a reference until it runs the next one
 * @title: what is being done, "Creating “Windows PE.iso”"
 * @subject: (nullable): the file it is about, for the detail of a failure
 *
 * Shows the progress of @job and runs it, once that is drawn where it can be seen.
 */
void
kl_job_view_start (KlJobView *self, KlJob *job, const char *title, const char *subject)
{
  g_return_if_fail (KL_IS_JOB_VIEW (self));
  g_return_if_fail (!kl_job_view_is_running (self));

  clear_outcome (self);
  self->close_at_end = FALSE;
  g_set_object (&self->job, job);
  g_free (self->subject);
  self->subject = g_strdup (subject);
  g_free (self->title);
  self->title = g_strdup (title);

  self->voice = (KlProgressVoice){ 0 };
  gtk_label_set_label (self->title_label, title);
  gtk_widget_set_sensitive (GTK_WIDGET (self->cancel_button), TRUE);
  gtk_stack_set_visible_child_name (self->stack, "progress");
  show_progress (self);

  g_signal_connect_object (job, "progress", G_CALLBACK (progress_cb), self, G_CONNECT_SWAPPED);
  running = g_list_prepend (running, self);
  gtk_widget_grab_focus (GTK_WIDGET (self->cancel_button));
  if (gtk_widget_get_mapped (GTK_WIDGET (self)))
    self->begin_source = kl_first_frame_add (GTK_WIDGET (self), begin, self);
  else
    begin (self);
}

/* The button that gets the focus when a job has ended: a screen reader says there how. */
void
kl_job_view_set_end_button (KlJobView *self, GtkWidget *button)
{
  g_return_if_fail (KL_IS_JOB_VIEW (self));

  g_set_weak_pointer (&self->end_button, button);
}

gboolean
kl_job_view_is_running (KlJobView *self)
{
  g_return_val_if_fail (KL_IS_JOB_VIEW (self), FALSE);

  return g_list_find (running, self) != NULL;
}

/**
 * kl_job_view_get_running:
 *
 * Returns: (transfer none) (nullable): a view whose job runs, whatever window it is in
 */
KlJobView *
kl_job_view_get_running (void)
{
  return running ? running->data : NULL;
}

static void
close_answered_cb (KlJobView *self, const char *response)
{
  g_clear_weak_pointer (&self->question);
  if (strcmp (response, "cancel") != 0)
    {
      g_clear_weak_pointer (&self->also_closed);
      return;
    }

  self->close_at_end = TRUE;
  if (kl_job_view_is_running (self))
    kl_job_view_cancel (self);
  else
    close_windows (self);
}

/**
 * kl_job_view_ask_to_close:
 * @also_closed: (nullable): another window that is closed with the one that holds the view
 *
 * Asks whether the running job may be cancelled, and closes its window once it has ended.
 *
 * Returns: %TRUE if it asks, so that the window must stay for now; %FALSE if nothing runs
 */
gboolean
kl_job_view_ask_to_close (KlJobView *self, GtkWindow *also_closed)
{
  GtkWidget *dialog;

  g_return_val_if_fail (KL_IS_JOB_VIEW (self), FALSE);

  if (!kl_job_view_is_running (self))
    return FALSE;

  g_set_weak_pointer (&self->also_closed, also_closed);
  dialog = kl_loss_question_new (
      GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (self))), _ ("Cancel the Running Job?"),
      self->leaving_text != NULL
          ? self->leaving_text
          : _ ("The job has not ended. If it is cancelled, nothing of it remains."),
      _ ("_Keep Working"), "cancel", _ ("_Cancel the Job and Close"));
  g_set_weak_pointer (&self->question, GTK_WINDOW (dialog));
  g_signal_connect_object (dialog, "response", G_CALLBACK (close_answered_cb), self,
                           G_CONNECT_SWAPPED);
  gtk_window_present (GTK_WINDOW (dialog));

  return TRUE;
}

void
kl_job_view_cancel (KlJobView *self)
{
  g_return_if_fail (KL_IS_JOB_VIEW (self));

  if (!kl_job_view_is_running (self))
    return;
  begin_now (self);
  gtk_widget_set_sensitive (GTK_WIDGET (self->cancel_button), FALSE);
  gtk_label_set_label (self->step_label, _ ("Cancelling"));
  gtk_label_set_label (self->time_label, "");
  kl_job_cancel (self->job);
}

void
kl_job_view_set_cancelled_text (KlJobView *self, const char *text)
{
  g_return_if_fail (KL_IS_JOB_VIEW (self));

  g_free (self->cancelled_text);
  self->cancelled_text = g_strdup (text);
  adw_status_page_set_description (self->cancelled_page, text);
}

void
kl_job_view_set_leaving_text (KlJobView *self, const char *text)
{
  g_return_if_fail (KL_IS_JOB_VIEW (self));

  g_free (self->leaving_text);
  self->leaving_text = g_strdup (text);
}

static void
set_outcome (KlJobView *self,
             const char *icon_name,
             const char *css_class,
             const char *title,
             const char *description)
{
  const char *classes[] = { css_class, NULL };

  gtk_image_set_from_icon_name (self->done_icon, icon_name);
  gtk_widget_set_css_classes (GTK_WIDGET (self->done_icon), classes);
  gtk_label_set_label (self->done_title, title);
  gtk_label_set_label (self->done_description, description);
  gtk_widget_set_visible (GTK_WIDGET (self->done_description), *description != '\0');
}

void
kl_job_view_set_done (KlJobView *self, const char *title, const char *description)
{
  g_return_if_fail (KL_IS_JOB_VIEW (self));

  set_outcome (self, "emblem-ok-symbolic", "success", title, description);
}

void
kl_job_view_set_warned (KlJobView *self, const char *title, const char *description)
{
  g_return_if_fail (KL_IS_JOB_VIEW (self));

  set_outcome (self, "dialog-warning-symbolic", "warning", title, description);
}

void
kl_job_view_add_fact (KlJobView *self,
                      const char *title,
                      const char *value,
                      const char *icon_name,
                      const char *css_class)
{
  GtkWidget *row = kl_fact_row_new (title, value);

  if (icon_name != NULL)
    kl_fact_row_set_state (KL_FACT_ROW (row), icon_name, css_class, NULL);
  kl_job_view_add_row (self, row);
}

/**
 * kl_job_view_add_row:
 * @row: a row of the outcome
 */
void
kl_job_view_add_row (KlJobView *self, GtkWidget *row)
{
  g_return_if_fail (KL_IS_JOB_VIEW (self));

  adw_preferences_group_add (self->facts_group, row);
  gtk_accessible_update_property (GTK_ACCESSIBLE (gtk_widget_get_parent (row)),
                                  GTK_ACCESSIBLE_PROPERTY_LABEL, _ ("Result"), -1);
  g_ptr_array_add (self->facts, row);
  gtk_widget_set_visible (GTK_WIDGET (self->facts_group), TRUE);
}

/**
 * kl_job_view_add_button:
 * @action_name: of an action of the window that holds the view
 *
 * Adds what can be done after a good end.
 */
void
kl_job_view_add_button (KlJobView *self, const char *label, const char *action_name)
{
  GtkWidget *button;

  g_return_if_fail (KL_IS_JOB_VIEW (self));

  button = gtk_button_new_with_mnemonic (label);
  gtk_actionable_set_action_name (GTK_ACTIONABLE (button), action_name);
  gtk_box_append (self->buttons_box, button);
}
