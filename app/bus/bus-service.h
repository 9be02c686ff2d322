/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "bus/bus-host.h"

G_BEGIN_DECLS

/*
 * Exports org.kindling.MediaCreator1 and org.kindling.BootImages1 on the bus of an application, and
 * keeps the application running while a client has something there. Main thread.
 */
#define KL_TYPE_BUS_SERVICE (kl_bus_service_get_type ())
G_DECLARE_FINAL_TYPE (KlBusService, kl_bus_service, KL, BUS_SERVICE, GObject)

KlBusService *kl_bus_service_new (KlBusHost *host, GDBusConnection *connection, GError **error);

G_END_DECLS
