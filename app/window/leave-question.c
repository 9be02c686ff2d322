/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-leave-question"

#include "config.h"

#include "window/leave-question.h"

#include <glib/gi18n.h>

/* Set on a window that may close although media are being made. */
#define LEAVE_KEY "kl-leave"

/* What is asked, of its dialog. */
#define QUESTION_KEY "kl-leave-question"

/* The jobs that a window waits for before it closes. */
#define JOBS_KEY "kl-leave-jobs"

typedef struct
{
  GtkWindow *window; /* weak */
  GListModel *jobs;  /* owned */
  gboolean leaves;   /* it is about a window, not a dialog */
  gboolean failed;   /* whether one of them did, while it is asked */
} Question;

static guint n_leaving; /* windows that wait for the answer in order to close; main thread */

/* Other jobs have windows that ask for themselves. One that waits begins with the next frame. */
static gboolean
is_made (KlMediaJob *job)
{
  return kl_media_job_is_medium (job) && kl_media_job_is_open (job);
}

static guint
count_running (GListModel *jobs)
{
  guint n = 0;

  for (guint i = 0; i < g_list_model_get_n_items (jobs); i++)
    {
      g_autoptr (KlMediaJob) job = g_list_model_get_item (jobs, i);

      n += is_made (job);
    }
  return n;
}

static void
stop_asking (Question *question)
{
  n_leaving -= question->leaves;
  question->leaves = FALSE;
  g_clear_weak_pointer (&question->window);
}

static void
question_free (gpointer data)
{
  Question *question = data;

  stop_asking (question);
  g_object_unref (question->jobs);
  g_free (question);
}

static void
ended_cb (GObject *window)
{
  GListModel *jobs = g_object_get_data (window, JOBS_KEY);

  if (jobs != NULL && count_running (jobs) == 0)
    gtk_window_close (GTK_WINDOW (window));
}

static gboolean
close_cb (gpointer user_data)
{
  gtk_window_close (user_data);
  return G_SOURCE_REMOVE;
}

/* Closes the window when the last one has ended. */
static void
cancel_and_close (GtkWindow *window, GListModel *jobs)
{
  kl_leave_question_allow (window);
  g_object_set_data_full (G_OBJECT (window), JOBS_KEY, g_object_ref (jobs), g_object_unref);
  for (guint i = 0; i < g_list_model_get_n_items (jobs); i++)
    {
      g_autoptr (KlMediaJob) job = g_list_model_get_item (jobs, i);

      if (!is_made (job))
        continue;
      g_signal_connect_object (job, "notify::state", G_CALLBACK (ended_cb), window,
                               G_CONNECT_SWAPPED | G_CONNECT_AFTER);
      kl_media_job_cancel (job);
    }
  if (count_running (jobs) == 0)
    g_idle_add_full (G_PRIORITY_DEFAULT_IDLE, close_cb, g_object_ref (window), g_object_unref);
}

/* A window is closed once its dialog has gone: libadwaita 1.2 uses the dialog after this signal,
 * and the dialog goes with its window. */
static void
answered_cb (GtkWidget *dialog, const char *response, gpointer user_data)
{
  Question *question = user_data;
  GtkWindow *window = question->window;

  stop_asking (question);
  if (window == NULL || g_strcmp0 (response, "stay") == 0)
    return;
  if (g_strcmp0 (response, "cancel") == 0)
    {
      cancel_and_close (window, question->jobs);
      return;
    }
  kl_leave_question_allow (window);
  g_idle_add_full (G_PRIORITY_DEFAULT_IDLE, close_cb, g_object_ref (window), g_object_unref);
}

/* When all have ended there is nothing to ask any more. The window closes, as was wanted, unless
 * there is something to see: a failure, or in a dialog how they ended. */
static void
job_ended_cb (GtkWindow *dialog, GParamSpec *spec, KlMediaJob *job)
{
  Question *question = g_object_get_data (G_OBJECT (dialog), QUESTION_KEY);
  GtkWindow *window = question->window;

  question->failed |= kl_media_job_get_state (job) == KL_MEDIA_JOB_FAILED;
  if (window == NULL || count_running (question->jobs) > 0)
    return;
  if (question->leaves && !question->failed)
    g_idle_add_full (G_PRIORITY_DEFAULT_IDLE, close_cb, g_object_ref (window), g_object_unref);
  gtk_window_destroy (dialog);
}

static void
watch_jobs (GtkWidget *dialog, GListModel *jobs)
{
  for (guint i = 0; i < g_list_model_get_n_items (jobs); i++)
    {
      g_autoptr (KlMediaJob) job = g_list_model_get_item (jobs, i);

      if (is_made (job))
        g_signal_connect_object (job, "notify::state", G_CALLBACK (job_ended_cb), dialog,
                                 G_CONNECT_SWAPPED | G_CONNECT_AFTER);
    }
}

gboolean
kl_leave_question_ask (GtkWindow *window, GListModel *jobs)
{
  const guint n = jobs ? count_running (jobs) : 0;
  Question *question;
  GtkWidget *dialog;

  if (n == 0 || g_object_get_data (G_OBJECT (window), LEAVE_KEY) != NULL)
    return FALSE;

  dialog = adw_message_dialog_new (window, _ ("Media Are Still Being Made"), NULL);
  adw_message_dialog_format_body (
      ADW_MESSAGE_DIALOG (dialog),
      ngettext ("%u medium is not finished. It can go on in the background; a notification tells "
                "when it is done.",
                "%u media are not finished. They can go on in the background; a notification tells "
                "when they are done.",
                n),
      n);
  adw_message_dialog_add_responses (ADW_MESSAGE_DIALOG (dialog), "stay", _ ("_Keep Watching"),
                                    "cancel", _ ("_Cancel and Close"), "leave",
                                    _ ("_Run in Background"), NULL);
  adw_message_dialog_set_response_appearance (ADW_MESSAGE_DIALOG (dialog), "cancel",
                                              ADW_RESPONSE_DESTRUCTIVE);
  adw_message_dialog_set_response_appearance (ADW_MESSAGE_DIALOG (dialog), "leave",
                                              ADW_RESPONSE_SUGGESTED);
  adw_message_dialog_set_default_response (ADW_MESSAGE_DIALOG (dialog), "leave");
  adw_message_dialog_set_close_response (ADW_MESSAGE_DIALOG (dialog), "stay");

  question = g_new0 (Question, 1);
  g_set_weak_pointer (&question->window, window);
  question->jobs = g_object_ref (jobs);
  question->leaves = gtk_window_get_transient_for (window) == NULL;
  n_leaving += question->leaves;
  g_object_set_data_full (G_OBJECT (dialog), QUESTION_KEY, question, question_free);
  g_signal_connect (dialog, "response", G_CALLBACK (answered_cb), question);
  watch_jobs (dialog, jobs);
  gtk_window_present (GTK_WINDOW (dialog));
  return TRUE;
}

void
kl_leave_question_allow (GtkWindow *window)
{
  g_object_set_data (G_OBJECT (window), LEAVE_KEY, window);
}

gboolean
kl_leave_question_is_asked (void)
{
  return n_leaving > 0;
}
