/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-bus"

#include "bus/bus-export.h"

#include <fcntl.h>

#include "base/error.h"
#include "base/file-kind.h"
#include "bus/bus-error.h"
#include "bus/bus-request.h"
#include "job/export-job.h"

#define MAX_ARCHITECTURE 16

/* The call that is going on. */
typedef struct
{
  KlBusHost *host;                   /* owned */
  GDBusMethodInvocation *invocation; /* owned */
  char *path;                        /* owned */
  GCancellable *cancellable;         /* owned */
  guint watch;                       /* of the client's name */
  KlJob *job;                        /* owned */
  GObject *entry;                    /* owned, nullable; of the host */
} Export;

/* One at a time, as the documented API has it; main thread. */
static gboolean exporting;

static void
end (Export *export, const GError *error)
{
  exporting = FALSE;
  if (error != NULL)
    kl_bus_return_error (export->invocation, error);
  else
    g_dbus_method_invocation_return_value (export->invocation, g_variant_new ("(i)", 0));

  g_bus_unwatch_name (export->watch);
  g_application_release (G_APPLICATION (export->host));
  g_object_unref (export->host);
  g_object_unref (export->cancellable);
  g_object_unref (export->job);
  g_free (export->path);
  g_free (export);
}

static void
exported_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Export *export = user_data;
  g_autoptr (GError) error = NULL;

  kl_job_run_finish (KL_JOB (source), result, &error);
  kl_bus_host_work_ended (export->host, g_steal_pointer (&export->entry), error);
  end (export, error);
}

static void
check_in_thread (GTask *task, gpointer source, gpointer path, GCancellable *cancellable)
{
  GError *error = NULL;

  if (kl_file_kind_check (AT_FDCWD, path, KL_FILE_KIND_WIM, path, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
checked_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Export *export = user_data;
  g_autoptr (GError) error = NULL;

  if (!g_task_propagate_boolean (G_TASK (result), &error))
    {
      end (export, error);
      return;
    }

  export->entry
      = kl_bus_host_work_began (export->host, &(KlBusWork){ export->job, export->path, NULL });
  kl_job_run_async (export->job, export->cancellable, exported_cb, export);
}

static void
start (Export *export)
{
  g_autoptr (GTask) task = g_task_new (export->host, export->cancellable, checked_cb, export);

  exporting = TRUE;
  g_application_hold (G_APPLICATION (export->host));
  export->watch = kl_bus_watch_caller (export->invocation, export->cancellable);
  g_task_set_task_data (task, g_strdup (export->path), g_free);
  g_task_run_in_thread (task, check_in_thread);
}

static gboolean
check_arguments (const KlDefaultImage *wanted, const char *path, GError **error)
{
  if (!kl_bus_check_text ("Architecture", wanted->architecture, MAX_ARCHITECTURE, error)
      || !kl_bus_check_path ("ExportImagePath", path, error))
    return FALSE;
  if (!exporting)
    return TRUE;

  g_set_error (error, KL_ERROR, KL_ERROR_BUSY, "Another boot image is being exported");
  return FALSE;
}

/**
 * kl_bus_export_call:
 * @invocation: (transfer full): of ExportDefaultBootImage
 *
 * Answers the call when the image is written. The application stays meanwhile, and the person at
 * the desktop sees the job. A client that goes cancels it.
 */
void
kl_bus_export_call (KlBusHost *host, GDBusMethodInvocation *invocation)
{
  GVariant *parameters = g_dbus_method_invocation_get_parameters (invocation);
  KlDefaultImage wanted = { .keep_other_files = TRUE };
  g_autoptr (GError) error = NULL;
  const char *path;
  Export *export;

  g_variant_get (parameters, "(&su&s)", &wanted.architecture, &wanted.index, &path);
  if (!check_arguments (&wanted, path, &error))
    {
      kl_bus_return_error (invocation, error);
      return;
    }

  export = g_new0 (Export, 1);
  export->host = g_object_ref (host);
  export->invocation = invocation;
  export->path = g_strdup (path);
  export->cancellable = g_cancellable_new ();
  export->job = KL_JOB (kl_export_job_new_default (kl_bus_host_get_catalog (host), &wanted, path));
  start (export);
}
