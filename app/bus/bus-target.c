/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-bus"

#include "bus/bus-target.h"

#include "base/error.h"
#include "drive/volume-choice.h"

/* The choice that is going on; task data. */
typedef struct
{
  KlBusHost *host;             /* owned */
  GDBusConnection *connection; /* owned */
  char *client;                /* owned */
  KlMediaType type;
  char *destination;       /* owned; absolute */
  KlDriveMonitor *monitor; /* owned, nullable */
  KlBusTarget *target;     /* owned, nullable */
} Choice;

static void
choice_free (Choice *choice)
{
  g_clear_object (&choice->host);
  g_clear_object (&choice->connection);
  g_free (choice->client);
  g_free (choice->destination);
  g_clear_object (&choice->monitor);
  g_clear_pointer (&choice->target, kl_bus_target_free);
  g_free (choice);
}

void
kl_bus_target_free (KlBusTarget *self)
{
  g_clear_object (&self->drive);
  g_free (self->volume);
  g_free (self);
}

/* Nothing that breaks a line or turns the direction of the text about. */
static char *
dup_printable (const char *text)
{
  GString *printable = g_string_new (NULL);

  for (const char *at = text; *at != '\0'; at = g_utf8_next_char (at))
    g_string_append_unichar (printable,
                             g_unichar_isprint (g_utf8_get_char (at)) ? g_utf8_get_char (at) : ' ');
  return g_string_free (printable, FALSE);
}

/* Names can be made up; the number of the process, which the question says too, cannot. */
static char *
dup_process_name (guint32 pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%u/comm", pid);
  g_autofree char *comm = NULL;
  g_autofree char *name = NULL;

  if (pid == 0 || !g_file_get_contents (path, &comm, NULL, NULL))
    return g_strdup ("?");

  name = g_utf8_make_valid (g_strchomp (comm), -1);
  return dup_printable (name);
}

static void
asked_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Choice *choice = g_task_get_task_data (task);
  GError *error = NULL;

  if (kl_bus_host_ask_finish (KL_BUS_HOST (source), result, &error))
    g_task_return_pointer (task, g_steal_pointer (&choice->target),
                           (GDestroyNotify) kl_bus_target_free);
  else
    g_task_return_error (task, error);
}

static void
caller_known_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Choice *choice = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply
      = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  g_autofree char *caller = NULL;
  KlBusQuestion question = { choice->target->drive, choice->target->volume, choice->type };

  if (g_task_return_error_if_cancelled (task))
    return;

  if (reply != NULL)
    g_variant_get (reply, "(u)", &question.process);
  question.caller = caller = dup_process_name (question.process);
  kl_bus_host_ask_async (choice->host, &question, g_task_get_cancellable (task), asked_cb,
                         g_object_ref (task));
}

static void
ask (GTask *task)
{
  Choice *choice = g_task_get_task_data (task);

  g_dbus_connection_call (choice->connection, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                          "org.freedesktop.DBus", "GetConnectionUnixProcessID",
                          g_variant_new ("(s)", choice->client), G_VARIANT_TYPE ("(u)"),
                          G_DBUS_CALL_FLAGS_NONE, -1, g_task_get_cancellable (task),
                          caller_known_cb, g_object_ref (task));
}

/* UFD names a file system, by its node or where it is mounted; UFD+FORMAT names a whole drive. */
static KlBusTarget *
find_target (Choice *choice, GError **error)
{
  g_autoptr (KlBusTarget) target = g_new0 (KlBusTarget, 1);
  const char *reason = NULL;

  if (choice->type == KL_MEDIA_TYPE_UFD)
    target->drive = kl_drive_monitor_find_volume (choice->monitor, choice->destination,
                                                  &target->volume, error);
  else
    target->drive = kl_drive_monitor_find (choice->monitor, choice->destination);

  if (target->drive == NULL && choice->type != KL_MEDIA_TYPE_UFD)
    g_set_error (error, KL_ERROR, KL_ERROR_NOT_FOUND, "“%s” is no drive", choice->destination);
  if (target->drive == NULL)
    return NULL;
  if (kl_drive_get_refusal (target->drive, &reason) == KL_REFUSAL_NONE)
    return g_steal_pointer (&target);

  g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT, "“%s” is not written to: %s",
               kl_drive_get_path (target->drive), reason);
  return NULL;
}

static void
drives_known_cb (KlDriveMonitor *monitor, GParamSpec *pspec, GTask *task)
{
  Choice *choice = g_task_get_task_data (task);
  const GError *problem = kl_drive_monitor_get_error (monitor);
  GError *error = NULL;

  if (!kl_drive_monitor_is_ready (monitor) || choice->target != NULL || g_task_get_completed (task))
    return;

  if (problem != NULL)
    error = g_error_copy (problem);
  else
    choice->target = find_target (choice, &error);
  if (choice->target != NULL)
    ask (task);
  else
    g_task_return_error (task, error);
  g_signal_handlers_disconnect_by_data (monitor, task);
}

/**
 * kl_bus_target_choose_async:
 * @client: on whose behalf
 * @destination: what it named, absolute and without links
 *
 * Finds the drive and asks the person at the desktop. Nothing on the drive is touched.
 */
void
kl_bus_target_choose_async (KlBusHost *host,
                            GDBusConnection *connection,
                            const char *client,
                            KlMediaType type,
                            const char *destination,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  const char *const paths[] = { kl_catalog_get_path (kl_bus_host_get_catalog (host)), NULL };
  const KlDriveMonitorOptions options = { .protected_paths = paths };
  g_autoptr (GTask) task = g_task_new (host, cancellable, callback, user_data);
  Choice *choice = g_new0 (Choice, 1);

  choice->host = g_object_ref (host);
  choice->connection = g_object_ref (connection);
  choice->client = g_strdup (client);
  choice->type = type;
  choice->destination = g_strdup (destination);
  choice->monitor = kl_drive_monitor_new (&options);
  g_task_set_task_data (task, choice, (GDestroyNotify) choice_free);

  g_signal_connect_data (choice->monitor, "notify::ready", G_CALLBACK (drives_known_cb),
                         g_object_ref (task), (GClosureNotify) (void (*) (void)) g_object_unref, 0);
  drives_known_cb (choice->monitor, NULL, task);
}

/**
 * kl_bus_target_choose_finish:
 *
 * Errors: KL_ERROR_NOT_FOUND, KL_ERROR_INVALID_ARGUMENT with the reason for refusing the drive,
 * those of kl_drive_monitor_find_volume() and of kl_bus_host_ask_finish().
 *
 * Returns: (transfer full) (nullable): the drive that was agreed to
 */
KlBusTarget *
kl_bus_target_choose_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
