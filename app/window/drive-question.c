/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-drive-question"

#include "config.h"

#include "window/drive-question.h"

#include <adwaita.h>
#include <glib/gi18n.h>

#include "base/error.h"
#include "bidi.h"
#include "window/drive-text.h"
#include "window/loss-question.h"

/* Nobody sits there who has not answered by then; seconds. */
#define PATIENCE 120

/* A program may have several media made at once, but shall not bury the screen in questions. */
#define MAX_QUESTIONS 4u

static guint n_questions; /* on display; main thread */

/* What the question is about, and what becomes of it; task data. */
typedef struct
{
  GtkWindow *dialog; /* borrowed; NULL once it was answered */
  char *path;        /* owned; of the drive */
  guint timeout;     /* source; 0: none */
  gulong cancelled;  /* handler; 0: none */
} Question;

static void
question_free (Question *question)
{
  g_free (question->path);
  g_free (question);
}

/* The first answer counts, whoever gives it. */
static void
take_answer (GTask *task, GError *error)
{
  g_autoptr (GTask) held = g_object_ref (task); /* the dialog's reference goes with it */
  Question *question = g_task_get_task_data (task);
  GtkWindow *dialog = g_steal_pointer (&question->dialog);

  if (dialog == NULL)
    {
      g_clear_error (&error);
      return;
    }

  n_questions--;
  g_clear_handle_id (&question->timeout, g_source_remove);
  if (question->cancelled != 0)
    g_signal_handler_disconnect (g_task_get_cancellable (task), question->cancelled);
  question->cancelled = 0;
  gtk_window_destroy (dialog);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

static void
response_cb (AdwMessageDialog *dialog, const char *response, GTask *task)
{
  Question *question = g_task_get_task_data (task);

  if (g_strcmp0 (response, "write") == 0)
    take_answer (task, NULL);
  else
    take_answer (task, g_error_new (G_IO_ERROR, G_IO_ERROR_CANCELLED,
                                    "“%s” was left as it is: the answer was no", question->path));
}

/* With the window that it belongs to. */
static void
destroy_cb (GtkWidget *dialog, GTask *task)
{
  response_cb (ADW_MESSAGE_DIALOG (dialog), "cancel", task);
}

static gboolean
timeout_cb (gpointer user_data)
{
  GTask *task = user_data;
  Question *question = g_task_get_task_data (task);

  question->timeout = 0;
  take_answer (task, g_error_new (KL_ERROR, KL_ERROR_PERMISSION,
                                  "“%s” was left as it is: nobody answered within %d seconds",
                                  question->path, PATIENCE));
  return G_SOURCE_REMOVE;
}

static gboolean
withdraw_cb (gpointer user_data)
{
  Question *question = g_task_get_task_data (user_data);

  take_answer (user_data, g_error_new (G_IO_ERROR, G_IO_ERROR_CANCELLED,
                                       "“%s” was left as it is: the program that wanted to write "
                                       "to it cancelled",
                                       question->path));
  return G_SOURCE_REMOVE;
}

/* Not from within the signal, which holds a lock that disconnecting needs. */
static void
cancelled_cb (GCancellable *cancellable, GTask *task)
{
  g_idle_add_full (G_PRIORITY_DEFAULT, withdraw_cb, g_object_ref (task), g_object_unref);
}

/* The file system that was named, of maybe several on the drive: “/dev/sdb1 · NTFS “STICK””. */
static char *
dup_volume (const KlBusQuestion *asked)
{
  for (guint i = 0; i < kl_drive_get_n_volumes (asked->drive); i++)
    {
      const KlVolume *volume = kl_drive_get_volume (asked->drive, i);

      if (g_str_equal (volume->path, asked->volume))
        {
          g_autofree char *content = kl_drive_text_dup_volume (volume);

          return kl_bidi_join (" · ", volume->path, content, NULL);
        }
    }
  return g_strdup (asked->volume);
}

/* What the medium meets there. */
static char *
dup_target (const KlBusQuestion *asked)
{
  g_autofree char *content = asked->type == KL_MEDIA_TYPE_UFD
                                 ? dup_volume (asked)
                                 : kl_drive_text_dup_content (asked->drive);

  if (asked->type == KL_MEDIA_TYPE_UFD)
    return kl_bidi_printf (_ ("Files are added to: %s"), content);
  /* Translators: what a drive holds, such as “FAT32 “PHOTOS””. */
  return kl_bidi_printf (_ ("On it now: %s"), content);
}

static char *
dup_body (const KlBusQuestion *asked)
{
  g_autofree char *identity = kl_drive_text_dup_identity (asked->drive);
  g_autofree char *target = dup_target (asked);
  g_autofree char *wish = NULL;

  if (asked->type == KL_MEDIA_TYPE_UFD)
    wish = kl_bidi_printf (
        /* Translators: a program's name and its number. */
        _ ("The program “%s” (process %u) wants to put the files of a boot medium on this drive. "
           "Files of the same names will be replaced."),
        asked->caller, asked->process);
  else
    wish = kl_bidi_printf (
        /* Translators: a program's name and its number. */
        _ ("The program “%s” (process %u) wants to make a boot medium of this drive. Everything "
           "on it will be lost."),
        asked->caller, asked->process);
  return g_strdup_printf ("%s\n\n%s\n%s", wish, identity, target);
}

/* The window that goes with the question on the screen, but no other question: those come and go
 * for themselves. */
static GtkWindow *
find_parent (GtkApplication *application)
{
  GtkWindow *window = gtk_application_get_active_window (application);

  while (window != NULL && gtk_window_get_transient_for (window) != NULL)
    window = gtk_window_get_transient_for (window);
  return window != NULL && !ADW_IS_MESSAGE_DIALOG (window) ? window : NULL;
}

static GtkWindow *
make_dialog (GtkApplication *application, const KlBusQuestion *asked)
{
  const gboolean erase = asked->type != KL_MEDIA_TYPE_UFD;
  g_autofree char *name = kl_drive_dup_name (asked->drive);
  g_autofree char *heading
      = g_strdup_printf (erase ? _ ("Erase “%s”?") : _ ("Write to “%s”?"), name);
  g_autofree char *body = dup_body (asked);
  GtkWidget *dialog
      = kl_loss_question_new (find_parent (application), heading, body, _ ("_Cancel"), "write",
                              /* Translators: what happens to a drive. */
                              erase ? _ ("_Erase and Create") : _ ("_Write Files"));

  gtk_window_set_title (GTK_WINDOW (dialog), heading);
  gtk_window_set_application (GTK_WINDOW (dialog), application);
  return GTK_WINDOW (dialog);
}

/**
 * kl_drive_question_ask_async:
 *
 * Asks in a window that names the program that wants it, and the drive: nobody but the person at
 * the desktop can answer. Enter and Escape say no. Implements ask of KlBusHost.
 */
void
kl_drive_question_ask_async (KlBusHost *host,
                             const KlBusQuestion *asked,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (host, cancellable, callback, user_data);
  Question *question = g_new0 (Question, 1);

  g_task_set_task_data (task, question, (GDestroyNotify) question_free);
  if (g_task_return_error_if_cancelled (task))
    return;
  if (n_questions >= MAX_QUESTIONS)
    {
      g_task_return_new_error (task, KL_ERROR, KL_ERROR_BUSY,
                               "%u questions of this kind wait for an answer already", n_questions);
      return;
    }

  n_questions++;
  question->path = g_strdup (kl_drive_get_path (asked->drive));
  question->dialog = make_dialog (GTK_APPLICATION (host), asked);
  question->timeout = g_timeout_add_seconds (PATIENCE, timeout_cb, task);
  if (cancellable != NULL)
    question->cancelled
        = g_signal_connect (cancellable, "cancelled", G_CALLBACK (cancelled_cb), task);
  g_signal_connect_data (question->dialog, "response", G_CALLBACK (response_cb),
                         g_object_ref (task), (GClosureNotify) (void (*) (void)) g_object_unref, 0);
  g_signal_connect (question->dialog, "destroy", G_CALLBACK (destroy_cb), task);
  gtk_window_present (question->dialog);
}

/**
 * kl_drive_question_ask_finish:
 *
 * Errors: G_IO_ERROR_CANCELLED for a no; KL_ERROR_PERMISSION where nobody answered.
 *
 * Returns: %TRUE only if the person agreed
 */
gboolean
kl_drive_question_ask_finish (KlBusHost *host, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
