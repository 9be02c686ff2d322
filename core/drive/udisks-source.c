/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-drive"

#include "drive/drive-source.h"

#include "base/error.h"
#include "drive/udisks-objects.h"

#define OBJECT_MANAGER "org.freedesktop.DBus.ObjectManager"

/* UDisks2 may have to be started first; milliseconds. */
#define CALL_TIMEOUT 30000

/* Signals are answered together; milliseconds. */
#define BURST 40

#define KL_TYPE_UDISKS_SOURCE (kl_udisks_source_get_type ())
G_DECLARE_FINAL_TYPE (KlUdisksSource, kl_udisks_source, KL, UDISKS_SOURCE, KlDriveSource)

struct _KlUdisksSource
{
  KlDriveSource parent_instance;

  GDBusConnection *connection; /* owned; NULL until the bus answers */
  GCancellable *cancellable;   /* owned; cancelled when the source goes away */
  GVariant *reply;             /* owned; the last answer to GetManagedObjects */
  GSource *burst;              /* owned; runs while a burst of signals is collected */
  gboolean asking;             /* an answer is under way */
  gboolean ask_again;          /* something changed since it was asked for */
  guint subscriptions[3];
};

G_DEFINE_FINAL_TYPE (KlUdisksSource, kl_udisks_source, KL_TYPE_DRIVE_SOURCE)

static void ask (KlUdisksSource *self);

static void
kl_udisks_source_scan (KlDriveSource *source, GPtrArray *drives, GPtrArray *mounts)
{
  KlUdisksSource *self = KL_UDISKS_SOURCE (source);

  if (self->reply != NULL)
    kl_udisks_parse (self->reply, drives, mounts);
}

static void
take_reply (KlUdisksSource *self, GVariant *reply, GError *error)
{
  self->asking = FALSE;
  g_clear_pointer (&self->reply, g_variant_unref);
  self->reply = reply;
  if (error != NULL)
    {
      g_dbus_error_strip_remote_error (error);
      kl_translate_io_error (&error, "UDisks2 cannot be asked about drives");
    }
  kl_drive_source_set_ready (KL_DRIVE_SOURCE (self), error);
  if (self->ask_again)
    ask (self);
}

static void
objects_cb (GObject *connection, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;
  GVariant *reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (connection), result, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_error_free (error); /* and the source with it */
  else
    take_reply (user_data, reply, error);
}

static void
ask (KlUdisksSource *self)
{
  if (self->asking)
    {
      self->ask_again = TRUE;
      return;
    }

  self->asking = TRUE;
  self->ask_again = FALSE;
  g_dbus_connection_call (self->connection, KL_UDISKS_NAME, KL_UDISKS_PATH, OBJECT_MANAGER,
                          "GetManagedObjects", NULL, G_VARIANT_TYPE ("(a{oa{sa{sv}}})"),
                          G_DBUS_CALL_FLAGS_NONE, CALL_TIMEOUT, self->cancellable, objects_cb,
                          self);
}

static gboolean
burst_cb (gpointer user_data)
{
  KlUdisksSource *self = user_data;

  g_clear_pointer (&self->burst, g_source_unref);
  ask (self);
  return G_SOURCE_REMOVE;
}

/* Signals come in bursts; the first answer is as good as one for each. */
static void
signal_cb (GDBusConnection *connection,
           const char *sender,
           const char *path,
           const char *interface,
           const char *name,
           GVariant *parameters,
           gpointer user_data)
{
  KlUdisksSource *self = user_data;

  if (self->burst != NULL)
    return;

  self->burst = g_timeout_source_new (BURST);
  g_source_set_callback (self->burst, burst_cb, self, NULL);
  g_source_attach (self->burst, g_main_context_get_thread_default ());
}

static guint
subscribe (KlUdisksSource *self, const char *sender, const char *interface, const char *argument)
{
  return g_dbus_connection_signal_subscribe (self->connection, sender, interface, NULL, NULL,
                                             argument, G_DBUS_SIGNAL_FLAGS_NONE, signal_cb, self,
                                             NULL);
}

static void
bus_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KlUdisksSource *self = user_data;
  GError *error = NULL;
  GDBusConnection *connection = g_bus_get_finish (result, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      g_error_free (error); /* and the source with it */
      return;
    }
  if (connection == NULL)
    {
      take_reply (self, NULL, error);
      return;
    }

  self->connection = connection;
  self->subscriptions[0] = subscribe (self, KL_UDISKS_NAME, OBJECT_MANAGER, NULL);
  self->subscriptions[1]
      = subscribe (self, KL_UDISKS_NAME, "org.freedesktop.DBus.Properties", NULL);
  self->subscriptions[2]
      = subscribe (self, "org.freedesktop.DBus", "org.freedesktop.DBus", KL_UDISKS_NAME);
  ask (self);
}

static void
kl_udisks_source_finalize (GObject *object)
{
  KlUdisksSource *self = KL_UDISKS_SOURCE (object);

  g_cancellable_cancel (self->cancellable);
  g_object_unref (self->cancellable);
  if (self->connection != NULL)
    for (guint i = 0; i < G_N_ELEMENTS (self->subscriptions); i++)
      g_dbus_connection_signal_unsubscribe (self->connection, self->subscriptions[i]);
  g_clear_object (&self->connection);
  if (self->burst != NULL)
    g_source_destroy (self->burst);
  g_clear_pointer (&self->burst, g_source_unref);
  g_clear_pointer (&self->reply, g_variant_unref);

  G_OBJECT_CLASS (kl_udisks_source_parent_class)->finalize (object);
}

static void
kl_udisks_source_class_init (KlUdisksSourceClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = kl_udisks_source_finalize;
  KL_DRIVE_SOURCE_CLASS (klass)->scan = kl_udisks_source_scan;
}

static void
kl_udisks_source_init (KlUdisksSource *self)
{
  self->cancellable = g_cancellable_new ();
}

/* The source for sandboxes, where udev's messages do not arrive. Ready once UDisks2 answered. */
KlDriveSource *
kl_udisks_source_new (void)
{
  KlUdisksSource *self = g_object_new (KL_TYPE_UDISKS_SOURCE, NULL);

  g_bus_get (G_BUS_TYPE_SYSTEM, self->cancellable, bus_cb, self);
  return KL_DRIVE_SOURCE (self);
}
