/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-bus"

#include "bus/bus-service.h"

#include <string.h>

#include "base/error.h"
#include "bus-interfaces.h"
#include "bus/bus-creator.h"
#include "bus/bus-error.h"
#include "bus/bus-export.h"
#include "bus/bus-images.h"

#define CREATOR_PATH "/org/kindling/Kindling/MediaCreator"
#define IMAGES_PATH "/org/kindling/Kindling/BootImages"

/* What one client, and all together, may have; more than a desktop has sockets for sticks. */
#define MAX_CREATORS_OF_CLIENT 16u
#define MAX_CREATORS 64u
#define MAX_BUSY 16u
#define MAX_NODE 64

/* The creators of one connection. */
typedef struct
{
  GHashTable *creators; /* owned; object path → KlBusCreator */
  guint watch;          /* of its name */
} Client;

struct _KlBusService
{
  GObject parent_instance;

  KlBusHost *host;             /* borrowed; it owns this */
  GDBusConnection *connection; /* owned */
  GHashTable *clients;         /* owned; unique name → Client */
  guint n_creators;            /* of all clients */
  guint n_busy;                /* also of clients that have gone */
  guint creators_id;           /* of the subtree; 0: not exported */
  guint images_id;             /* of the object; 0: not exported */
};

G_DEFINE_FINAL_TYPE (KlBusService, kl_bus_service, G_TYPE_OBJECT)

static void
client_free (gpointer data)
{
  Client *client = data;

  g_bus_unwatch_name (client->watch);
  g_hash_table_unref (client->creators);
  g_free (client);
}

static void
client_gone_cb (GDBusConnection *connection, const char *name, gpointer user_data)
{
  KlBusService *self = user_data;
  Client *client = g_hash_table_lookup (self->clients, name);
  GHashTableIter iter;
  gpointer creator;

  if (client == NULL)
    return;

  self->n_creators -= g_hash_table_size (client->creators);
  g_hash_table_iter_init (&iter, client->creators);
  while (g_hash_table_iter_next (&iter, NULL, &creator))
    kl_bus_creator_close (creator);
  g_hash_table_remove (self->clients, name);
  g_application_release (G_APPLICATION (self->host));
}

/* A client keeps the application from ending, for its creators hold what it has set. */
static Client *
add_client (KlBusService *self, const char *name)
{
  Client *client = g_new0 (Client, 1);

  client->creators = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);
  g_hash_table_insert (self->clients, g_strdup (name), client);
  g_application_hold (G_APPLICATION (self->host));
  client->watch = g_bus_watch_name_on_connection (
      self->connection, name, G_BUS_NAME_WATCHER_FLAGS_NONE, NULL, client_gone_cb, self, NULL);
  return client;
}

static void
busy_cb (KlBusCreator *creator, GParamSpec *pspec, KlBusService *self)
{
  if (kl_bus_creator_is_busy (creator))
    {
      self->n_busy++;
      g_application_hold (G_APPLICATION (self->host));
    }
  else
    {
      self->n_busy--;
      g_application_release (G_APPLICATION (self->host));
    }
}

static KlBusCreator *
find_creator (KlBusService *self, const char *name, const char *path)
{
  Client *client = g_hash_table_lookup (self->clients, name);

  return client != NULL ? g_hash_table_lookup (client->creators, path) : NULL;
}

/* Borrowed; NULL with an error where there are too many. */
static KlBusCreator *
add_creator (KlBusService *self, const char *name, const char *path, GError **error)
{
  Client *client = g_hash_table_lookup (self->clients, name);
  KlBusCreator *creator;

  if (self->n_creators >= MAX_CREATORS
      || (client != NULL && g_hash_table_size (client->creators) >= MAX_CREATORS_OF_CLIENT))
    {
      g_set_error (error, KL_ERROR, KL_ERROR_BUSY,
                   "There are %u creators, of %u at most, of which a client has %u at most",
                   self->n_creators, MAX_CREATORS, MAX_CREATORS_OF_CLIENT);
      return NULL;
    }

  if (client == NULL)
    client = add_client (self, name);
  creator = kl_bus_creator_new (self->host, self->connection, name, path);
  g_signal_connect_object (creator, "notify::busy", G_CALLBACK (busy_cb), self, 0);
  g_hash_table_insert (client->creators, g_strdup (path), creator);
  self->n_creators++;
  return creator;
}

/* Looking and cancelling need no creator that lasts. */
static gboolean
needs_creator (const char *method)
{
  return g_str_equal (method, "Set") || g_str_equal (method, "CreateBootMedia");
}

static void
call_creator (GDBusConnection *connection,
              const char *sender,
              const char *path,
              const char *interface,
              const char *method,
              GVariant *parameters,
              GDBusMethodInvocation *invocation,
              gpointer user_data)
{
  KlBusService *self = user_data;
  g_autoptr (KlBusCreator) creator = NULL;
  g_autoptr (GError) error = NULL;
  KlBusCreator *found = find_creator (self, sender, path);

  g_application_hold (G_APPLICATION (self->host));
  if (found == NULL && needs_creator (method))
    found = add_creator (self, sender, path, &error);
  if (found != NULL)
    creator = g_object_ref (found);
  else if (error == NULL)
    creator = kl_bus_creator_new (self->host, connection, sender, path);

  if (error == NULL && needs_creator (method) && !kl_bus_creator_is_busy (creator)
      && self->n_busy >= MAX_BUSY)
    g_set_error (&error, KL_ERROR, KL_ERROR_BUSY, "%u creators are busy, which is the most",
                 self->n_busy);
  if (error != NULL)
    kl_bus_return_error (invocation, error);
  else
    kl_bus_creator_call (creator, invocation);
  g_application_release (G_APPLICATION (self->host));
}

static void
call_images (GDBusConnection *connection,
             const char *sender,
             const char *path,
             const char *interface,
             const char *method,
             GVariant *parameters,
             GDBusMethodInvocation *invocation,
             gpointer user_data)
{
  KlBusService *self = user_data;

  if (g_str_equal (method, "ExportDefaultBootImage"))
    kl_bus_export_call (self->host, invocation);
  else
    kl_bus_images_call (self->host, invocation);
}

/* Properties have no functions of their own: they depend on who asks, and one is a descriptor. */
static const GDBusInterfaceVTable creator_vtable = { .method_call = call_creator };
static const GDBusInterfaceVTable images_vtable = { .method_call = call_images };

/* Those that the client has made. */
static char **
enumerate_creators (GDBusConnection *connection,
                    const char *sender,
                    const char *path,
                    gpointer user_data)
{
  KlBusService *self = user_data;
  Client *client = g_hash_table_lookup (self->clients, sender);
  g_autoptr (GStrvBuilder) nodes = g_strv_builder_new ();
  GHashTableIter iter;
  gpointer name;

  if (client != NULL)
    {
      g_hash_table_iter_init (&iter, client->creators);
      while (g_hash_table_iter_next (&iter, &name, NULL))
        if (strlen (name) > strlen (CREATOR_PATH))
          g_strv_builder_add (nodes, (const char *) name + strlen (CREATOR_PATH) + 1);
    }
  return g_strv_builder_end (nodes);
}

static GDBusInterfaceInfo **
introspect_creator (GDBusConnection *connection,
                    const char *sender,
                    const char *path,
                    const char *node,
                    gpointer user_data)
{
  GDBusInterfaceInfo **interfaces = g_new0 (GDBusInterfaceInfo *, 2);

  if (node == NULL || strlen (node) <= MAX_NODE)
    interfaces[0]
        = g_dbus_interface_info_ref ((GDBusInterfaceInfo *) &org_kindling_media_creator1_interface);
  return interfaces;
}

static const GDBusInterfaceVTable *
dispatch_creator (GDBusConnection *connection,
                  const char *sender,
                  const char *path,
                  const char *interface,
                  const char *node,
                  gpointer *out_user_data,
                  gpointer user_data)
{
  *out_user_data = user_data;
  return &creator_vtable;
}

static const GDBusSubtreeVTable creators_vtable
    = { enumerate_creators, introspect_creator, dispatch_creator };

static gboolean export(KlBusService *self, GError **error)
{
  self->creators_id = g_dbus_connection_register_subtree (
      self->connection, CREATOR_PATH, &creators_vtable,
      G_DBUS_SUBTREE_FLAGS_DISPATCH_TO_UNENUMERATED_NODES, self, NULL, error);
  if (self->creators_id == 0)
    return FALSE;

  self->images_id = g_dbus_connection_register_object (
      self->connection, IMAGES_PATH, (GDBusInterfaceInfo *) &org_kindling_boot_images1_interface,
      &images_vtable, self, NULL, error);
  return self->images_id != 0;
}

static void
kl_bus_service_dispose (GObject *object)
{
  KlBusService *self = KL_BUS_SERVICE (object);

  if (self->creators_id != 0)
    g_dbus_connection_unregister_subtree (self->connection, self->creators_id);
  if (self->images_id != 0)
    g_dbus_connection_unregister_object (self->connection, self->images_id);
  self->creators_id = self->images_id = 0;
  g_clear_pointer (&self->clients, g_hash_table_unref);
  g_clear_object (&self->connection);

  G_OBJECT_CLASS (kl_bus_service_parent_class)->dispose (object);
}

static void
kl_bus_service_class_init (KlBusServiceClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = kl_bus_service_dispose;
}

static void
kl_bus_service_init (KlBusService *self)
{
  self->clients = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, client_free);
}

/**
 * kl_bus_service_new:
 * @host: not referenced; drops the service when it leaves the bus
 *
 * For dbus_register() of the application: the objects are there before its name is.
 *
 * Errors: those of exporting an object
 *
 * Returns: (transfer full) (nullable): the service
 */
KlBusService *
kl_bus_service_new (KlBusHost *host, GDBusConnection *connection, GError **error)
{
  g_autoptr (KlBusService) self = g_object_new (KL_TYPE_BUS_SERVICE, NULL);

  self->host = host;
  self->connection = g_object_ref (connection);
  return export(self, error) ? g_steal_pointer (&self) : NULL;
}
