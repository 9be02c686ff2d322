/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "bus/bus-host.h"

G_BEGIN_DECLS

#define KL_BUS_CREATOR_INTERFACE "org.kindling.MediaCreator1"

/*
 * The twin on the bus of a KlMediaCreator: what one client sees at one path. It makes one medium at
 * a time. Signals go to that client alone, for they tell what is on its media.
 *
 * Property “busy”, read-only, is TRUE while there is something to wait for. Main thread.
 */
#define KL_TYPE_BUS_CREATOR (kl_bus_creator_get_type ())
G_DECLARE_FINAL_TYPE (KlBusCreator, kl_bus_creator, KL, BUS_CREATOR, GObject)

KlBusCreator *kl_bus_creator_new (KlBusHost *host,
                                  GDBusConnection *connection,
                                  const char *client,
                                  const char *path);
gboolean kl_bus_creator_is_busy (KlBusCreator *self);
void kl_bus_creator_call (KlBusCreator *self, GDBusMethodInvocation *invocation);
void kl_bus_creator_close (KlBusCreator *self);

G_END_DECLS
