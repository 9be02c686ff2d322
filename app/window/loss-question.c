/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-loss-question"

#include "config.h"

#include "window/loss-question.h"

#include <glib/gi18n.h>

/* What is known of a window that asks before it loses something. */
#define GUARD_KEY "kl-loss-guard"

typedef struct
{
  KlHasChanges has_changes;
  const char *body;      /* of the question; translated */
  gboolean discards;     /* it was asked, and may close */
  GtkWindow *question;   /* weak; while it is asked */
  GtkWindow *also_close; /* weak; what was to be closed, and is once this one has */
} Guard;

/**
 * kl_loss_question_new:
 * @parent: (nullable): window that is asked about
 * @keep_label: of the answer by which nothing is lost, "keep"; Enter and Escape give it
 * @response: ID of the other answer
 * @response_label: what it is called
 *
 * Returns: (transfer none): an AdwMessageDialog, which is to be presented
 */
GtkWidget *
kl_loss_question_new (GtkWindow *parent,
                      const char *heading,
                      const char *body,
                      const char *keep_label,
                      const char *response,
                      const char *response_label)
{
  GtkWidget *widget = adw_message_dialog_new (parent, heading, body);
  AdwMessageDialog *self = ADW_MESSAGE_DIALOG (widget);

  adw_message_dialog_add_responses (self, "keep", keep_label, response, response_label, NULL);
  adw_message_dialog_set_response_appearance (self, response, ADW_RESPONSE_DESTRUCTIVE);
  adw_message_dialog_set_default_response (self, "keep");
  adw_message_dialog_set_close_response (self, "keep");
  return widget;
}

static void
guard_free (gpointer data)
{
  Guard *guard = data;

  g_clear_weak_pointer (&guard->question);
  g_clear_weak_pointer (&guard->also_close);
  g_free (guard);
}

static gboolean
close_cb (gpointer user_data)
{
  gtk_window_close (user_data);
  return G_SOURCE_REMOVE;
}

/* libadwaita 1.2 uses a dialog after its answer, and the dialog goes with its window. */
static void
close_soon (GtkWindow *window)
{
  g_idle_add_full (G_PRIORITY_DEFAULT_IDLE, close_cb, g_object_ref (window), g_object_unref);
}

static void
answered_cb (GtkWindow *window, const char *response)
{
  Guard *guard = g_object_get_data (G_OBJECT (window), GUARD_KEY);

  if (g_str_equal (response, "discard"))
    {
      guard->discards = TRUE;
      close_soon (window);
      if (guard->also_close != NULL)
        close_soon (guard->also_close);
    }
  g_clear_weak_pointer (&guard->also_close);
}

static gboolean
close_request_cb (GtkWindow *window, Guard *guard)
{
  GtkWidget *dialog;

  if (guard->discards || !guard->has_changes (window))
    return GDK_EVENT_PROPAGATE;
  if (guard->question == NULL)
    {
      dialog = kl_loss_question_new (window, _ ("Discard Changes?"), guard->body,
                                     _ ("_Keep Editing"), "discard", _ ("_Discard"));
      g_set_weak_pointer (&guard->question, GTK_WINDOW (dialog));
      g_signal_connect_object (dialog, "response", G_CALLBACK (answered_cb), window,
                               G_CONNECT_SWAPPED);
    }
  gtk_window_present (guard->question);
  return GDK_EVENT_STOP;
}

/**
 * kl_loss_question_guard:
 * @window: an editor
 * @body: (nullable): what is lost, a static string; NULL says that it has not been saved
 *
 * Lets @window close only when @has_changes says that nothing is lost, or the person does.
 */
void
kl_loss_question_guard (GtkWindow *window, KlHasChanges has_changes, const char *body)
{
  Guard *guard = g_new0 (Guard, 1);

  guard->has_changes = has_changes;
  guard->body = body != NULL ? body : _ ("What was changed here has not been saved.");
  g_object_set_data_full (G_OBJECT (window), GUARD_KEY, guard, guard_free);
  g_signal_connect (window, "close-request", G_CALLBACK (close_request_cb), guard);
}

static gboolean
is_above (GtkWindow *above, GtkWindow *window)
{
  while (above != NULL && above != window)
    above = gtk_window_get_transient_for (above);
  return above != NULL;
}

/**
 * kl_loss_question_ask_above:
 * @window: a window that is to be closed
 *
 * Returns: whether an editor above @window asks whether its changes may be lost; if so, @window
 *   closes too
 */
gboolean
kl_loss_question_ask_above (GtkWindow *window)
{
  g_autoptr (GList) windows = gtk_window_list_toplevels ();

  for (GList *l = windows; l != NULL; l = l->next)
    {
      Guard *guard = g_object_get_data (l->data, GUARD_KEY);

      if (guard == NULL || !is_above (l->data, window) || !gtk_widget_get_visible (l->data)
          || guard->discards || !guard->has_changes (l->data))
        continue;
      g_set_weak_pointer (&guard->also_close, window);
      gtk_window_close (l->data);
      return TRUE;
    }
  return FALSE;
}
