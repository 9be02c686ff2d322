/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-prepare-queue"

#include "config.h"

#include "window/prepare-queue.h"

#include <adwaita.h>
#include <glib/gi18n.h>

#include "bidi.h"
#include "window/image-text.h"
#include "window/loss-question.h"
#include "window/media-jobs.h"

struct _KlPrepareQueue
{
  GObject parent_instance;

  KlCatalog *catalog; /* owned */
  GQueue waiting;     /* of owned IDs */
  char *running_id;   /* owned; nullable */
  KlJob *job;         /* owned; nullable */
  KlMediaJob *entry;  /* owned; nullable; of the list of jobs */
  GHashTable *errors; /* ID → GError of its last run */
  GtkWindow *closing; /* weak; closes once nothing runs */
};

G_DEFINE_FINAL_TYPE (KlPrepareQueue, kl_prepare_queue, G_TYPE_OBJECT)

enum
{
  SIGNAL_CHANGED,
  SIGNAL_PROGRESS,
  SIGNAL_ENDED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
error_free (gpointer data)
{
  g_error_free (data);
}

static void
kl_prepare_queue_dispose (GObject *object)
{
  KlPrepareQueue *self = KL_PREPARE_QUEUE (object);

  g_queue_clear_full (&self->waiting, g_free);
  g_clear_object (&self->job);
  g_clear_object (&self->catalog);
  g_clear_pointer (&self->running_id, g_free);
  g_clear_pointer (&self->errors, g_hash_table_unref);
  g_clear_weak_pointer (&self->closing);

  G_OBJECT_CLASS (kl_prepare_queue_parent_class)->dispose (object);
}

static void
kl_prepare_queue_class_init (KlPrepareQueueClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = kl_prepare_queue_dispose;

  signals[SIGNAL_CHANGED] = g_signal_new ("changed", KL_TYPE_PREPARE_QUEUE, G_SIGNAL_RUN_LAST, 0,
                                          NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_PROGRESS] = g_signal_new ("progress", KL_TYPE_PREPARE_QUEUE, G_SIGNAL_RUN_LAST, 0,
                                           NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_ENDED]
      = g_signal_new ("ended", KL_TYPE_PREPARE_QUEUE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                      G_TYPE_NONE, 3, G_TYPE_STRING, G_TYPE_STRV, G_TYPE_ERROR);
}

static void
kl_prepare_queue_init (KlPrepareQueue *self)
{
  g_queue_init (&self->waiting);
  self->errors = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, error_free);
}

KlPrepareQueue *
kl_prepare_queue_new (KlCatalog *catalog)
{
  KlPrepareQueue *self = g_object_new (KL_TYPE_PREPARE_QUEUE, NULL);

  self->catalog = g_object_ref (catalog);
  return self;
}

/**
 * kl_prepare_queue_set_catalog:
 *
 * The images are those of another catalog from now on. Nothing may be waiting or running.
 */
void
kl_prepare_queue_set_catalog (KlPrepareQueue *self, KlCatalog *catalog)
{
  g_return_if_fail (KL_IS_PREPARE_QUEUE (self));
  g_return_if_fail (self->job == NULL);

  g_set_object (&self->catalog, catalog);
  g_hash_table_remove_all (self->errors);
}

static void start_next (KlPrepareQueue *self);

static void
progress_cb (KlPrepareQueue *self)
{
  g_signal_emit (self, signals[SIGNAL_PROGRESS], 0);
}

static void
job_ended_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KlPrepareQueue) self = user_data;
  g_autoptr (KlJob) job = g_object_ref (KL_JOB (source));
  g_autofree char *id = NULL;
  g_autoptr (GError) error = NULL;
  const KlPreparation *outcome = NULL;

  if (kl_job_run_finish (job, result, &error))
    outcome = kl_prepare_job_get_result (KL_PREPARE_JOB (job));
  kl_media_job_end (self->entry, error);
  g_clear_object (&self->entry);
  if (self->catalog == NULL)
    return; /* the window has gone */

  g_signal_handlers_disconnect_by_data (job, self);
  g_clear_object (&self->job);
  id = g_steal_pointer (&self->running_id);
  if (error != NULL)
    g_hash_table_replace (self->errors, g_strdup (id), g_error_copy (error));

  start_next (self);
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
  g_signal_emit (self, signals[SIGNAL_ENDED], 0, id, outcome ? outcome->warnings : NULL, error);
  if (self->job == NULL && self->closing != NULL)
    gtk_window_close (self->closing);
}

/* Of the list, not of the disk; the ID where it is not there. */
static char *
dup_name (KlPrepareQueue *self, const char *id)
{
  GListModel *images = G_LIST_MODEL (self->catalog);

  for (guint i = 0; i < g_list_model_get_n_items (images); i++)
    {
      g_autoptr (KlBootImage) image = g_list_model_get_item (images, i);

      if (g_strcmp0 (kl_boot_image_get_id (image), id) == 0)
        return kl_image_text_dup_name (image);
    }
  return g_strdup (id);
}

static void
begin_entry (KlPrepareQueue *self)
{
  g_autofree char *name = dup_name (self, self->running_id);
  /* Translators: %s is the name of a boot image. */
  g_autofree char *title = kl_bidi_printf (_ ("Preparing “%s”"), name);
  const KlOtherJob other = { .job = self->job, .name = title, .path = NULL };

  self->entry = kl_media_jobs_begin_other (kl_media_jobs_get (), &other);
}

static void
start_next (KlPrepareQueue *self)
{
  if (self->job != NULL || g_queue_is_empty (&self->waiting))
    return;

  self->running_id = g_queue_pop_head (&self->waiting);
  self->job = KL_JOB (kl_prepare_job_new (self->catalog, self->running_id));
  g_signal_connect_object (self->job, "progress", G_CALLBACK (progress_cb), self,
                           G_CONNECT_SWAPPED);
  begin_entry (self);
  kl_job_run_async (self->job, NULL, job_ended_cb, g_object_ref (self));
}

static GList *
find_waiting (KlPrepareQueue *self, const char *id)
{
  return g_queue_find_custom (&self->waiting, id, (GCompareFunc) strcmp);
}

void
kl_prepare_queue_add (KlPrepareQueue *self, const char *id)
{
  g_return_if_fail (KL_IS_PREPARE_QUEUE (self));

  if (kl_prepare_queue_look_up (self, id, NULL) != KL_QUEUED_NOT)
    return;
  g_hash_table_remove (self->errors, id);
  g_queue_push_tail (&self->waiting, g_strdup (id));
  start_next (self);
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}

/**
 * kl_prepare_queue_cancel:
 *
 * An image that waits does so no more; one that is being prepared stops within a second, and the
 * next one begins.
 */
void
kl_prepare_queue_cancel (KlPrepareQueue *self, const char *id)
{
  GList *link;

  g_return_if_fail (KL_IS_PREPARE_QUEUE (self));

  link = find_waiting (self, id);
  if (link != NULL)
    {
      g_free (link->data);
      g_queue_delete_link (&self->waiting, link);
      g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
    }
  else if (g_strcmp0 (self->running_id, id) == 0)
    kl_job_cancel (self->job);
}

KlQueued
kl_prepare_queue_look_up (KlPrepareQueue *self, const char *id, guint *n_before)
{
  GList *link;

  g_return_val_if_fail (KL_IS_PREPARE_QUEUE (self), KL_QUEUED_NOT);

  if (g_strcmp0 (self->running_id, id) == 0)
    return KL_QUEUED_RUNNING;
  link = find_waiting (self, id);
  if (link == NULL)
    return KL_QUEUED_NOT;
  if (n_before != NULL)
    *n_before = (guint) g_queue_link_index (&self->waiting, link) + 1;
  return KL_QUEUED_WAITING;
}

KlJob *
kl_prepare_queue_get_job (KlPrepareQueue *self)
{
  g_return_val_if_fail (KL_IS_PREPARE_QUEUE (self), NULL);

  return self->job;
}

/**
 * kl_prepare_queue_get_error:
 *
 * Returns: (transfer none) (nullable): why the last run of this window failed, for an image that
 *   was not begun again since
 */
const GError *
kl_prepare_queue_get_error (KlPrepareQueue *self, const char *id)
{
  g_return_val_if_fail (KL_IS_PREPARE_QUEUE (self), NULL);

  return g_hash_table_lookup (self->errors, id);
}

static void
close_answered_cb (KlPrepareQueue *self, const char *response)
{
  if (strcmp (response, "cancel") != 0)
    {
      g_clear_weak_pointer (&self->closing);
      return;
    }

  g_queue_clear_full (&self->waiting, g_free);
  if (self->job != NULL)
    kl_job_cancel (self->job);
  else if (self->closing != NULL)
    gtk_window_close (self->closing);
}

/**
 * kl_prepare_queue_ask_to_close:
 *
 * Asks whether preparations may be cancelled, and closes @window once they have ended.
 *
 * Returns: %TRUE if it asks, so that the window must stay for now; %FALSE if nothing runs
 */
gboolean
kl_prepare_queue_ask_to_close (KlPrepareQueue *self, GtkWindow *window)
{
  GtkWidget *dialog;

  g_return_val_if_fail (KL_IS_PREPARE_QUEUE (self), FALSE);

  if (self->job == NULL)
    return FALSE;

  g_set_weak_pointer (&self->closing, window);
  dialog = kl_loss_question_new (window, _ ("Cancel the Preparation?"),
                                 _ ("A boot image is being prepared. If that is cancelled, the "
                                    "image that was prepared before stays in use."),
                                 _ ("_Keep Working"), "cancel", _ ("_Cancel It and Close"));
  g_signal_connect_object (dialog, "response", G_CALLBACK (close_answered_cb), self,
                           G_CONNECT_SWAPPED);
  gtk_window_present (GTK_WINDOW (dialog));
  return TRUE;
}
