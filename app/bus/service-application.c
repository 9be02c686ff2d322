/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-bus"

#include "config.h"

#include "bus/service-application.h"

#include "bus/bus-service.h"
#include "bus/sleep-inhibitor.h"
#include "settings.h"

struct _KlServiceApplication
{
  GApplication parent_instance;

  KlCatalog *catalog;    /* owned */
  KlBusService *service; /* owned; while on the bus */
  KlFindSiteProfile find_site_profile;
};

static void bus_host_init (KlBusHostInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (KlServiceApplication,
                               kl_service_application,
                               G_TYPE_APPLICATION,
                               G_IMPLEMENT_INTERFACE (KL_TYPE_BUS_HOST, bus_host_init))

static KlCatalog *
get_catalog (KlBusHost *host)
{
  return KL_SERVICE_APPLICATION (host)->catalog;
}

static char *
dup_site_profile (KlBusHost *host, const char *site_code)
{
  return KL_SERVICE_APPLICATION (host)->find_site_profile (site_code);
}

static GObject *
work_began (KlBusHost *host, const KlBusWork *work)
{
  return G_OBJECT (kl_sleep_inhibitor_new ());
}

static void
work_ended (KlBusHost *host, GObject *entry, const GError *error)
{
  g_object_unref (entry);
}

static void
bus_host_init (KlBusHostInterface *iface)
{
  iface->get_catalog = get_catalog;
  iface->dup_site_profile = dup_site_profile;
  iface->work_began = work_began;
  iface->work_ended = work_ended;
}

static gboolean
kl_service_application_dbus_register (GApplication *application,
                                      GDBusConnection *connection,
                                      const char *object_path,
                                      GError **error)
{
  KlServiceApplication *self = KL_SERVICE_APPLICATION (application);

  self->service = kl_bus_service_new (KL_BUS_HOST (self), connection, error);
  return self->service != NULL;
}

static void
kl_service_application_dbus_unregister (GApplication *application,
                                        GDBusConnection *connection,
                                        const char *object_path)
{
  g_clear_object (&KL_SERVICE_APPLICATION (application)->service);
}

static void
kl_service_application_activate (GApplication *application)
{
  g_warning ("There is no display to open a window on");
}

static void
kl_service_application_finalize (GObject *object)
{
  KlServiceApplication *self = KL_SERVICE_APPLICATION (object);

  g_clear_object (&self->catalog);

  G_OBJECT_CLASS (kl_service_application_parent_class)->finalize (object);
}

static void
kl_service_application_class_init (KlServiceApplicationClass *klass)
{
  GApplicationClass *application_class = G_APPLICATION_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = kl_service_application_finalize;
  application_class->activate = kl_service_application_activate;
  application_class->dbus_register = kl_service_application_dbus_register;
  application_class->dbus_unregister = kl_service_application_dbus_unregister;
}

/* For what begins from now on; what is under way keeps the one it began with. */
static void
catalog_folder_changed_cb (KlServiceApplication *self)
{
  g_object_unref (self->catalog);
  self->catalog = kl_settings_open_catalog (NULL);
}

static void
kl_service_application_init (KlServiceApplication *self)
{
  self->catalog = kl_settings_open_catalog (NULL);
  g_signal_connect_object (kl_settings_get (), "changed::catalog-folder",
                           G_CALLBACK (catalog_folder_changed_cb), self, G_CONNECT_SWAPPED);
}

/**
 * kl_service_application_new:
 * @find_site_profile: the path of the profile of a site code, or %NULL
 *
 * Returns: (transfer full): an application that ends when no client has needed it for a while
 */
GApplication *
kl_service_application_new (KlFindSiteProfile find_site_profile)
{
  KlServiceApplication *self
      = g_object_new (KL_TYPE_SERVICE_APPLICATION, "application-id", KL_APPLICATION_ID,
                      "inactivity-timeout", KL_BUS_PATIENCE, NULL);

  self->find_site_profile = find_site_profile;
  return G_APPLICATION (self);
}
