/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-job-dialog"

#include "config.h"

#include "window/job-dialog.h"

#include <glib/gi18n.h>

#include "window/show-in-folder.h"

struct _KlJobDialog
{
  AdwWindow parent_instance;

  char *path; /* owned; nullable; of the file to show */

  KlJobView *view;
  GtkButton *close_button;
};

G_DEFINE_FINAL_TYPE (KlJobDialog, kl_job_dialog, ADW_TYPE_WINDOW)

static void
show_in_folder (GtkWidget *widget, const char *action, GVariant *parameter)
{
  KlJobDialog *self = KL_JOB_DIALOG (widget);

  if (self->path != NULL)
    kl_show_in_folder (GTK_WINDOW (self), self->path);
}

static void
ended_cb (KlJobDialog *self)
{
  gtk_widget_set_visible (GTK_WIDGET (self->close_button), TRUE);
  gtk_window_set_focus (GTK_WINDOW (self), GTK_WIDGET (self->close_button));
}

static gboolean
kl_job_dialog_close_request (GtkWindow *window)
{
  if (kl_job_view_ask_to_close (KL_JOB_DIALOG (window)->view, NULL))
    return GDK_EVENT_STOP;

  return GTK_WINDOW_CLASS (kl_job_dialog_parent_class)->close_request (window);
}

static void
kl_job_dialog_dispose (GObject *object)
{
  g_clear_pointer (&KL_JOB_DIALOG (object)->path, g_free);

  G_OBJECT_CLASS (kl_job_dialog_parent_class)->dispose (object);
}

static void
kl_job_dialog_class_init (KlJobDialogClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kl_job_dialog_dispose;
  GTK_WINDOW_CLASS (klass)->close_request = kl_job_dialog_close_request;

  g_type_ensure (KL_TYPE_JOB_VIEW);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/kindling/Kindling/ui/job-dialog.ui");
  gtk_widget_class_bind_template_child (widget_class, KlJobDialog, view);
  gtk_widget_class_bind_template_child (widget_class, KlJobDialog, close_button);
  gtk_widget_class_bind_template_callback (widget_class, ended_cb);
  gtk_widget_class_install_action (widget_class, "job.show-in-folder", NULL, show_in_folder);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
}

static void
kl_job_dialog_init (KlJobDialog *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  kl_job_view_set_end_button (self->view, GTK_WIDGET (self->close_button));
}

KlJobDialog *
kl_job_dialog_new (GtkWindow *parent, const char *title)
{
  return g_object_new (KL_TYPE_JOB_DIALOG, "application", gtk_window_get_application (parent),
                       "transient-for", parent, "title", title, NULL);
}

KlJobView *
kl_job_dialog_get_view (KlJobDialog *self)
{
  g_return_val_if_fail (KL_IS_JOB_DIALOG (self), NULL);

  return self->view;
}

/**
 * kl_job_dialog_set_file:
 * @path: the file that the job has made
 *
 * Offers to show @path in its folder.
 */
void
kl_job_dialog_set_file (KlJobDialog *self, const char *path)
{
  g_return_if_fail (KL_IS_JOB_DIALOG (self));

  g_free (self->path);
  self->path = g_strdup (path);
  kl_job_view_add_button (self->view, _ ("_Show in Folder"), "job.show-in-folder");
}
