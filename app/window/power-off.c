/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-power-off"

#include "config.h"

#include "window/power-off.h"

#include <glib/gi18n.h>

#include "access/drive-power.h"
#include "bidi.h"
#include "window/failure-view.h"

static void
power_off_in_thread (GTask *task, gpointer source, gpointer drive, GCancellable *cancellable)
{
  GError *error = NULL;

  if (kl_drive_power_off (drive, cancellable, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
powered_off_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GtkWindow *parent = GTK_WINDOW (source);
  KlDrive *drive = g_task_get_task_data (G_TASK (result));
  g_autofree char *name = kl_drive_dup_name (drive);
  g_autofree char *escaped = g_markup_escape_text (name, -1);
  /* Translators: %s is vendor and model of a drive. */
  g_autofree char *text = kl_bidi_printf (_ ("“%s” is off and can be pulled"), escaped);
  g_autoptr (GError) error = NULL;

  if (g_task_propagate_boolean (G_TASK (result), &error))
    gtk_widget_activate_action (GTK_WIDGET (parent), "win.announce", "s", text);
  else if (gtk_widget_get_visible (GTK_WIDGET (parent)))
    kl_failure_view_present (parent, error, kl_drive_get_path (drive));
}

void
kl_power_off (GtkWindow *parent, KlDrive *drive)
{
  g_autoptr (GTask) task = g_task_new (parent, NULL, powered_off_cb, NULL);

  g_task_set_source_tag (task, kl_power_off);
  g_task_set_task_data (task, g_object_ref (drive), g_object_unref);
  g_task_run_in_thread (task, power_off_in_thread);
}
