/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-jobs-window"

#include "config.h"

#include "window/jobs-window.h"

#include <glib/gi18n.h>

#include "window/group-title.h"
#include "window/media-job-row.h"
#include "window/media-jobs.h"

struct _KlJobsWindow
{
  AdwWindow parent_instance;

  GtkStack *stack;
  GtkListBox *list;
  GtkWidget *clear_button;
};

G_DEFINE_FINAL_TYPE (KlJobsWindow, kl_jobs_window, ADW_TYPE_WINDOW)

static void
update (KlJobsWindow *self)
{
  KlMediaJobs *jobs = kl_media_jobs_get ();
  const guint n = g_list_model_get_n_items (G_LIST_MODEL (jobs));

  gtk_stack_set_visible_child_name (self->stack, n > 0 ? "list" : "nothing");
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "jobs.clear",
                                 n > kl_media_jobs_get_n_running (jobs));
}

/* Not the first button, which takes jobs off the list. */
static void
focus_list (KlJobsWindow *self)
{
  if (g_list_model_get_n_items (G_LIST_MODEL (kl_media_jobs_get ())) > 0)
    gtk_widget_child_focus (GTK_WIDGET (self->list), GTK_DIR_TAB_FORWARD);
}

static void
clear_activated (GtkWidget *widget, const char *action, GVariant *parameter)
{
  KlMediaJobs *jobs = kl_media_jobs_get ();

  kl_media_jobs_clear_ended (jobs);
  if (g_list_model_get_n_items (G_LIST_MODEL (jobs)) == 0)
    gtk_window_close (GTK_WINDOW (widget)); /* nothing is left to look at */
  else
    focus_list (KL_JOBS_WINDOW (widget));
}

static GtkWidget *
new_row (gpointer item, gpointer user_data)
{
  GtkWidget *row = kl_media_job_row_new (item);

  gtk_widget_set_focusable (row, TRUE); /* to go along the jobs, and not from button to button */
  return row;
}

static void
kl_jobs_window_class_init (KlJobsWindowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/kindling/Kindling/ui/jobs-window.ui");
  gtk_widget_class_bind_template_child (widget_class, KlJobsWindow, stack);
  gtk_widget_class_bind_template_child (widget_class, KlJobsWindow, list);
  gtk_widget_class_bind_template_child (widget_class, KlJobsWindow, clear_button);
  gtk_widget_class_install_action (widget_class, "jobs.clear", NULL, clear_activated);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
}

static void
kl_jobs_window_init (KlJobsWindow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  kl_group_title_wrap_button (self->clear_button);
  gtk_list_box_bind_model (self->list, G_LIST_MODEL (kl_media_jobs_get ()), new_row, NULL, NULL);
  g_signal_connect_object (kl_media_jobs_get (), "changed", G_CALLBACK (update), self,
                           G_CONNECT_SWAPPED);
  update (self);
  focus_list (self);
}

void
kl_jobs_window_present (GtkWindow *parent)
{
  GtkApplication *application = gtk_window_get_application (parent);

  for (GList *l = gtk_application_get_windows (application); l != NULL; l = l->next)
    if (KL_IS_JOBS_WINDOW (l->data))
      {
        gtk_window_present (l->data);
        return;
      }
  gtk_window_present (g_object_new (KL_TYPE_JOBS_WINDOW, "application", application,
                                    "transient-for", parent, NULL));
}
