/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-import-flow"

#include "config.h"

#include "window/import-flow.h"

#include <glib/gi18n.h>

#include "base/error.h"
#include "bidi.h"
#include "error-text.h"
#include "job/import-job.h"
#include "window/drive-watch.h"
#include "window/index-dialog.h"
#include "window/job-dialog.h"

/* A job that ends within this time shows no dialog, which would only flash; milliseconds. */
#define SHORT_JOB 250

struct _KlImportFlow
{
  GObject parent_instance;

  GtkWindow *parent;  /* weak */
  KlCatalog *catalog; /* owned */

  char *path;        /* owned; what is imported */
  char *boot_files;  /* owned; nullable; folder with boot files */
  guint index;       /* of the image; 0 until it was asked for */
  gboolean reexport; /* whether it may be converted */

  KlJobDialog *dialog;           /* weak; while the job is shown */
  KlImportJob *job;              /* owned */
  GtkFileChooserNative *chooser; /* owned while it is open */
  guint present_source;          /* shows the dialog when the job takes longer; 0 for none */
};

G_DEFINE_FINAL_TYPE (KlImportFlow, kl_import_flow, G_TYPE_OBJECT)

enum
{
  SIGNAL_ENDED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
end (KlImportFlow *self, KlBootImage *image)
{
  g_signal_emit (self, signals[SIGNAL_ENDED], 0, image);
}

static void
stop_waiting (KlImportFlow *self)
{
  if (self->present_source != 0)
    g_source_remove (self->present_source);
  self->present_source = 0;
}

static gboolean
present_cb (gpointer user_data)
{
  KlImportFlow *self = user_data;

  self->present_source = 0;
  if (self->dialog != NULL)
    gtk_window_present (GTK_WINDOW (self->dialog));

  return G_SOURCE_REMOVE;
}

static void
close_dialog (KlImportFlow *self)
{
  KlJobDialog *dialog = self->dialog;

  g_clear_weak_pointer (&self->dialog);
  if (dialog == NULL)
    return;
  g_signal_handlers_disconnect_by_data (dialog, self);
  gtk_window_destroy (GTK_WINDOW (dialog));
}

static void
index_chosen_cb (guint index, gpointer user_data)
{
  g_autoptr (KlImportFlow) self = user_data;

  self->index = index;
  if (index == 0)
    end (self, NULL);
  else
    kl_import_flow_start (self);
}

static void
folder_chosen_cb (KlImportFlow *self, int response)
{
  g_autoptr (GFile) folder = NULL;

  if (response == GTK_RESPONSE_ACCEPT)
    folder = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (self->chooser));
  g_clear_object (&self->chooser);

  if (folder == NULL || g_file_peek_path (folder) == NULL)
    {
      end (self, NULL);
      return;
    }
  g_free (self->boot_files);
  self->boot_files = g_file_get_path (folder);
  kl_import_flow_start (self);
}

static void
choose_boot_files (KlImportFlow *self)
{
  self->chooser
      = gtk_file_chooser_native_new (_ ("Choose a Folder with Boot Files"), self->parent,
                                     GTK_FILE_CHOOSER_ACTION_SELECT_FOLDER, _ ("_Choose"), NULL);
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (self->chooser), TRUE);
  g_signal_connect_object (self->chooser, "response", G_CALLBACK (folder_chosen_cb), self,
                           G_CONNECT_SWAPPED);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (self->chooser));
}

static void
answered_cb (KlImportFlow *self, const char *response)
{
  if (strcmp (response, "convert") == 0)
    {
      self->reexport = TRUE;
      kl_import_flow_start (self);
    }
  else if (strcmp (response, "choose") == 0)
    choose_boot_files (self);
  else
    end (self, NULL);
}

static void
ask (KlImportFlow *self, const GError *error, const char *body, const char *id, const char *label)
{
  GtkWidget *dialog;

  dialog = adw_message_dialog_new (self->parent, kl_error_text_get_title (error), body);
  adw_message_dialog_add_responses (ADW_MESSAGE_DIALOG (dialog), "cancel", _ ("_Cancel"), id, label,
                                    NULL);
  adw_message_dialog_set_response_appearance (ADW_MESSAGE_DIALOG (dialog), id,
                                              ADW_RESPONSE_SUGGESTED);
  adw_message_dialog_set_default_response (ADW_MESSAGE_DIALOG (dialog), id);
  adw_message_dialog_set_close_response (ADW_MESSAGE_DIALOG (dialog), "cancel");
  g_signal_connect_object (dialog, "response", G_CALLBACK (answered_cb), self, G_CONNECT_SWAPPED);
  gtk_window_present (GTK_WINDOW (dialog));
}

/* Some failures are questions. Each is asked once: the same failure after the answer is shown as
 * one. */
static gboolean
ask_for_more (KlImportFlow *self, const GError *error)
{
  g_autofree char *name = g_filename_display_basename (self->path);
  g_autofree char *body = NULL;

  if (g_error_matches (error, KL_ERROR, KL_ERROR_WIM_INDEX) && self->index == 0)
    {
      close_dialog (self);
      kl_index_dialog_present (self->parent, self->path, error, index_chosen_cb,
                               g_object_ref (self));
      return TRUE;
    }

  if (g_error_matches (error, KL_ERROR, KL_ERROR_WIM_UNREADABLE) && !self->reexport)
    {
      close_dialog (self);
      /* Translators: %s is a file name. */
      body = kl_bidi_printf (_ ("Kindling can import a converted copy of “%s” that boot managers "
                                "can read. The file itself stays as it is. This takes a while."),
                             name);
      ask (self, error, body, "convert", _ ("Con_vert and Import"));
      return TRUE;
    }

  if (g_error_matches (error, KL_ERROR, KL_ERROR_NO_BOOT_FILES) && self->boot_files == NULL)
    {
      close_dialog (self);
      /* Translators: %s is a file name. */
      body = kl_bidi_printf (_ ("“%s” does not hold the files that start it. Choose a folder that "
                                "has them, such as Windows installation media or the Media folder "
                                "of the ADK."),
                             name);
      ask (self, error, body, "choose", _ ("Choose _Folder with Boot Files…"));
      return TRUE;
    }

  return FALSE;
}

static void
job_ended_cb (KlImportFlow *self, GError *error)
{
  stop_waiting (self);
  if (error == NULL)
    {
      g_autoptr (KlBootImage) image = g_object_ref (kl_import_job_get_image (self->job));

      close_dialog (self);
      end (self, image);
    }
  else if (!ask_for_more (self, error))
    gtk_window_present (GTK_WINDOW (self->dialog));
}

/* The person closed the dialog that showed how it failed. */
static gboolean
dialog_closed_cb (KlImportFlow *self)
{
  if (kl_job_view_is_running (kl_job_dialog_get_view (self->dialog)))
    return GDK_EVENT_PROPAGATE;

  g_signal_handlers_disconnect_by_data (self->dialog, self);
  g_clear_weak_pointer (&self->dialog);
  end (self, NULL);
  return GDK_EVENT_PROPAGATE;
}

static void
kl_import_flow_finalize (GObject *object)
{
  KlImportFlow *self = KL_IMPORT_FLOW (object);

  stop_waiting (self);
  g_clear_weak_pointer (&self->parent);
  g_clear_weak_pointer (&self->dialog);
  g_clear_object (&self->catalog);
  g_clear_object (&self->job);
  g_clear_object (&self->chooser);
  kl_drive_watch_release (self->path);
  g_free (self->path);
  g_free (self->boot_files);

  G_OBJECT_CLASS (kl_import_flow_parent_class)->finalize (object);
}

static void
kl_import_flow_class_init (KlImportFlowClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = kl_import_flow_finalize;

  signals[SIGNAL_ENDED] = g_signal_new ("ended", KL_TYPE_IMPORT_FLOW, G_SIGNAL_RUN_LAST, 0, NULL,
                                        NULL, NULL, G_TYPE_NONE, 1, KL_TYPE_BOOT_IMAGE);
}

static void
kl_import_flow_init (KlImportFlow *self)
{
}

KlImportFlow *
kl_import_flow_new (GtkWindow *parent, KlCatalog *catalog, const char *path)
{
  KlImportFlow *self = g_object_new (KL_TYPE_IMPORT_FLOW, NULL);

  g_set_weak_pointer (&self->parent, parent);
  self->catalog = g_object_ref (catalog);
  self->path = g_strdup (path);
  kl_drive_watch_protect (path);
  return self;
}

/**
 * kl_import_flow_start:
 *
 * Imports with what is known by now; also called again with each answer.
 */
void
kl_import_flow_start (KlImportFlow *self)
{
  const KlImportOptions options = {
    .path = self->path,
    .index = self->index,
    .boot_files = self->boot_files,
    .reexport = self->reexport,
  };
  g_autofree char *name = g_filename_display_basename (self->path);
  g_autofree char *title = NULL;
  KlJobView *view;

  g_return_if_fail (KL_IS_IMPORT_FLOW (self));

  if (self->parent == NULL)
    return;
  g_clear_object (&self->job);
  self->job = kl_import_job_new (self->catalog, &options);
  g_set_weak_pointer (&self->dialog, kl_job_dialog_new (self->parent, _ ("Import")));
  view = kl_job_dialog_get_view (self->dialog);
  kl_job_view_set_cancelled_text (view, _ ("Nothing was added to the catalog."));
  g_signal_connect_object (view, "ended", G_CALLBACK (job_ended_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->dialog, "close-request", G_CALLBACK (dialog_closed_cb), self,
                           G_CONNECT_SWAPPED);

  /* Translators: %s is the name of a file or folder. */
  title = kl_bidi_printf (_ ("Importing “%s”"), name);
  stop_waiting (self);
  self->present_source = g_timeout_add (SHORT_JOB, present_cb, self);
  kl_job_view_start (view, KL_JOB (self->job), title, self->path);
}
