/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-leave-question"

#include "config.h"

#include "window/leave-question.h"

#include <glib/gi18n.h>

/* Set on a window that may close although media are being made. */
#define LEAVE_KEY "kl-leave"

/* The jobs that a window waits for before it closes. */
#define JOBS_KEY "kl-leave-jobs"

typedef struct
{
  GtkWindow *window; /* weak */
  GListModel *jobs;  /* owned */
} Question;

/* Other jobs have windows that ask for themselves. */
static gboolean
is_made (KlMediaJob *job)
{
  return kl_media_job_is_medium (job) && kl_media_job_get_state (job) == KL_MEDIA_JOB_RUNNING;
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
question_free (gpointer data, GClosure *closure)
{
  Question *question = data;

  g_clear_weak_pointer (&question->window);
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
  g_signal_connect_data (dialog, "response", G_CALLBACK (answered_cb), question, question_free, 0);
  gtk_window_present (GTK_WINDOW (dialog));
  return TRUE;
}

void
kl_leave_question_allow (GtkWindow *window)
{
  g_object_set_data (G_OBJECT (window), LEAVE_KEY, window);
}
