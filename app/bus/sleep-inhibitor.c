/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-bus"

#include "bus/sleep-inhibitor.h"

#include <gio/gunixfdlist.h>

#include "base/file-io.h"

struct _KlSleepInhibitor
{
  GObject parent_instance;

  GCancellable *cancellable; /* owned; of the call to logind */
  int fd;                    /* owned; the lock; -1: not held */
};

G_DEFINE_FINAL_TYPE (KlSleepInhibitor, kl_sleep_inhibitor, G_TYPE_OBJECT)

static void
kl_sleep_inhibitor_finalize (GObject *object)
{
  KlSleepInhibitor *self = KL_SLEEP_INHIBITOR (object);

  g_cancellable_cancel (self->cancellable);
  g_object_unref (self->cancellable);
  kl_close_fd (&self->fd);

  G_OBJECT_CLASS (kl_sleep_inhibitor_parent_class)->finalize (object);
}

static void
kl_sleep_inhibitor_class_init (KlSleepInhibitorClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = kl_sleep_inhibitor_finalize;
}

static void
kl_sleep_inhibitor_init (KlSleepInhibitor *self)
{
  self->cancellable = g_cancellable_new ();
  self->fd = -1;
}

/* @self is gone where the call was cancelled. */
static void
inhibited_cb (GObject *bus, GAsyncResult *result, gpointer user_data)
{
  KlSleepInhibitor *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GUnixFDList) fds = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_with_unix_fd_list_finish (
      G_DBUS_CONNECTION (bus), &fds, result, &error);
  gint32 handle;

  if (reply == NULL)
    {
      g_debug ("The machine may go to sleep: %s", error->message);
      return;
    }

  g_variant_get (reply, "(h)", &handle);
  if (fds != NULL)
    self->fd = g_unix_fd_list_get (fds, handle, NULL);
}

static void
connected_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KlSleepInhibitor *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusConnection) bus = g_bus_get_finish (result, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (bus == NULL)
    {
      g_debug ("The machine may go to sleep: %s", error->message);
      return;
    }

  g_dbus_connection_call_with_unix_fd_list (
      bus, "org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager",
      "Inhibit", g_variant_new ("(ssss)", "sleep", "Kindling", "A job is running", "block"),
      G_VARIANT_TYPE ("(h)"), G_DBUS_CALL_FLAGS_NONE, -1, NULL, self->cancellable, inhibited_cb,
      self);
}

/**
 * kl_sleep_inhibitor_new:
 *
 * Returns: (transfer full): asks at once, and waits for no answer
 */
KlSleepInhibitor *
kl_sleep_inhibitor_new (void)
{
  KlSleepInhibitor *self = g_object_new (KL_TYPE_SLEEP_INHIBITOR, NULL);

  g_bus_get (G_BUS_TYPE_SYSTEM, self->cancellable, connected_cb, self);
  return self;
}
