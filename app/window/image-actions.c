/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-image-actions"

#include "config.h"

#include "window/image-actions.h"

#include <glib/gi18n.h>

#include "bidi.h"
#include "job/export-job.h"
#include "window/failure-view.h"
#include "window/image-text.h"
#include "window/job-dialog.h"
#include "window/loss-question.h"

/* What an action carries through its dialogs and its thread. */
typedef struct
{
  GtkWindow *parent; /* weak; main thread */
  KlCatalog *catalog;
  KlBootImage *image;
  char *name;              /* renaming: the new name; exporting: the path */
  GtkWidget *entry;        /* renaming; borrowed from the dialog */
  KlJob *job;              /* exporting */
  KlJobDialog *job_dialog; /* exporting; weak */
} Work;

static Work *
work_new (GtkWindow *parent, KlCatalog *catalog, KlBootImage *image)
{
  Work *work = g_new0 (Work, 1);

  g_set_weak_pointer (&work->parent, parent);
  work->catalog = g_object_ref (catalog);
  work->image = g_object_ref (image);
  return work;
}

static void
work_free (Work *work)
{
  g_clear_weak_pointer (&work->parent);
  g_clear_weak_pointer (&work->job_dialog);
  g_object_unref (work->catalog);
  g_object_unref (work->image);
  g_clear_object (&work->job);
  g_free (work->name);
  g_free (work);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Work, work_free)

/* Shows a failure; the catalog itself shows what went well. */
static void
done_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Work *work = g_task_get_task_data (G_TASK (result));
  g_autoptr (GError) error = NULL;

  if (!g_task_propagate_boolean (G_TASK (result), &error) && work->parent != NULL)
    kl_failure_view_present (work->parent, error, kl_boot_image_get_folder (work->image));
}

static void
run_in_thread (Work *work, GTaskThreadFunc func)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, done_cb, NULL);

  g_task_set_task_data (task, work, (GDestroyNotify) work_free);
  g_task_run_in_thread (task, func);
}

static void
rename_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Work *work = data;
  GError *error = NULL;

  if (kl_catalog_set (work->catalog, kl_boot_image_get_id (work->image), "name", work->name,
                      &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
remove_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Work *work = data;
  g_autofree char *folder_name = g_path_get_basename (kl_boot_image_get_folder (work->image));
  GError *error = NULL;

  if (kl_catalog_remove (work->catalog, folder_name, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
rename_answered_cb (AdwMessageDialog *dialog, const char *response, gpointer user_data)
{
  g_autoptr (Work) work = user_data;

  if (strcmp (response, "rename") != 0)
    return;

  work->name = g_strstrip (g_strdup (gtk_editable_get_text (GTK_EDITABLE (work->entry))));
  if (*work->name != '\0')
    run_in_thread (g_steal_pointer (&work), rename_in_thread);
}

static void
name_changed_cb (GtkEditable *entry, AdwMessageDialog *dialog)
{
  g_autofree char *name = g_strstrip (g_strdup (gtk_editable_get_text (entry)));

  adw_message_dialog_set_response_enabled (dialog, "rename", *name != '\0');
}

static GtkWidget *
make_name_list (GtkWidget *row)
{
  GtkWidget *list = gtk_list_box_new ();

  gtk_list_box_set_selection_mode (GTK_LIST_BOX (list), GTK_SELECTION_NONE);
  gtk_widget_add_css_class (list, "boxed-list");
  gtk_list_box_append (GTK_LIST_BOX (list), row);
  gtk_accessible_update_property (GTK_ACCESSIBLE (list), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ ("New Name"), -1);
  return list;
}

void
kl_rename_image (GtkWindow *parent, KlCatalog *catalog, KlBootImage *image)
{
  Work *work = work_new (parent, catalog, image);
  g_autofree char *name = kl_image_text_dup_name (image);
  GtkWidget *dialog;

  dialog = adw_message_dialog_new (parent, _ ("Rename Boot Image"), NULL);
  adw_message_dialog_add_responses (ADW_MESSAGE_DIALOG (dialog), "cancel", _ ("_Cancel"), "rename",
                                    _ ("_Rename"), NULL);
  adw_message_dialog_set_response_appearance (ADW_MESSAGE_DIALOG (dialog), "rename",
                                              ADW_RESPONSE_SUGGESTED);
  adw_message_dialog_set_default_response (ADW_MESSAGE_DIALOG (dialog), "rename");
  adw_message_dialog_set_close_response (ADW_MESSAGE_DIALOG (dialog), "cancel");

  work->entry = adw_entry_row_new ();
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (work->entry), _ ("Name"));
  adw_entry_row_set_activates_default (ADW_ENTRY_ROW (work->entry), TRUE);
  gtk_editable_set_text (GTK_EDITABLE (work->entry), name);
  gtk_accessible_update_property (GTK_ACCESSIBLE (work->entry), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ ("Name"), -1);
  adw_message_dialog_set_extra_child (ADW_MESSAGE_DIALOG (dialog), make_name_list (work->entry));

  g_signal_connect_object (work->entry, "changed", G_CALLBACK (name_changed_cb), dialog, 0);
  g_signal_connect (dialog, "response", G_CALLBACK (rename_answered_cb), work);
  gtk_window_present (GTK_WINDOW (dialog));
  gtk_widget_grab_focus (work->entry);
}

static void
remove_answered_cb (AdwMessageDialog *dialog, const char *response, gpointer user_data)
{
  g_autoptr (Work) work = user_data;

  if (strcmp (response, "remove") == 0)
    run_in_thread (g_steal_pointer (&work), remove_in_thread);
}

void
kl_remove_image (GtkWindow *parent, KlCatalog *catalog, KlBootImage *image)
{
  g_autofree char *name = kl_image_text_dup_name (image);
  g_autofree char *size = g_format_size (kl_boot_image_get_size (image));
  g_autofree char *heading = NULL;
  g_autofree char *body = NULL;
  GtkWidget *dialog;

  /* Translators: %s is the name of a boot image. */
  heading = kl_bidi_printf (C_ ("boot image", "Remove “%s”?"), name);
  /* Translators: %s is a size, such as 473 MB. */
  body = kl_bidi_printf (_ ("Its files in the catalog (%s) are deleted and cannot be brought back. "
                            "The file it was imported from and media made from it stay."),
                         size);
  dialog = kl_loss_question_new (parent, heading, body, _ ("_Cancel"), "remove",
                                 C_ ("boot image", "_Remove"));
  g_signal_connect (dialog, "response", G_CALLBACK (remove_answered_cb),
                    work_new (parent, catalog, image));
  gtk_window_present (GTK_WINDOW (dialog));
}

static void
export_ended_cb (KlJobView *view, GError *error, gpointer user_data)
{
  Work *work = user_data;
  g_autofree char *name = g_filename_display_basename (work->name);
  g_autofree char *path = NULL;
  g_autofree char *title = NULL;

  if (error != NULL)
    return;
  /* Translators: %s is a file name. */
  title = kl_bidi_printf (_ ("“%s” Is Ready"), name);
  path = g_filename_display_name (work->name);
  kl_job_view_set_done (view, title, "");
  kl_job_view_add_fact (view, _ ("File"), path, NULL, NULL);
  kl_job_dialog_set_file (work->job_dialog, work->name);
}

static void
export_chosen_cb (GtkNativeDialog *chooser, int response, gpointer user_data)
{
  g_autoptr (Work) owned = user_data;
  Work *work = owned;
  g_autoptr (GtkNativeDialog) owned_chooser = chooser;
  g_autoptr (GFile) file = NULL;
  g_autofree char *name = NULL;
  g_autofree char *title = NULL;
  KlJobView *view;

  if (response == GTK_RESPONSE_ACCEPT)
    file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (chooser));
  if (file == NULL || g_file_peek_path (file) == NULL || work->parent == NULL)
    return;

  work->name = g_file_get_path (file);
  name = g_filename_display_basename (work->name);
  work->job
      = KL_JOB (kl_export_job_new (work->catalog, kl_boot_image_get_id (work->image), work->name));
  g_set_weak_pointer (&work->job_dialog, kl_job_dialog_new (work->parent, _ ("Export")));
  view = kl_job_dialog_get_view (work->job_dialog);
  kl_job_view_set_cancelled_text (view, _ ("Nothing was written, and an old file is as it was."));
  g_signal_connect_data (view, "ended", G_CALLBACK (export_ended_cb), g_steal_pointer (&owned),
                         (GClosureNotify) (void (*) (void)) work_free, 0);
  gtk_window_present (GTK_WINDOW (work->job_dialog));
  /* Translators: %s is a file name. */
  title = kl_bidi_printf (_ ("Exporting “%s”"), name);
  kl_job_view_start (view, work->job, title, work->name);
}

void
kl_export_image (GtkWindow *parent, KlCatalog *catalog, KlBootImage *image)
{
  GtkFileChooserNative *chooser;
  g_autofree char *name = g_strconcat (kl_boot_image_get_id (image), ".wim", NULL);

  chooser = gtk_file_chooser_native_new (_ ("Export Boot Image"), parent,
                                         GTK_FILE_CHOOSER_ACTION_SAVE, _ ("_Export"), NULL);
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (chooser), TRUE);
  gtk_file_chooser_set_current_name (GTK_FILE_CHOOSER (chooser), name);
  g_signal_connect (chooser, "response", G_CALLBACK (export_chosen_cb),
                    work_new (parent, catalog, image));
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (chooser));
}
