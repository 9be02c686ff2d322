/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "bus/bus-host.h"

G_BEGIN_DECLS

/* The drive behind a destination, which a person has agreed to have written to. */
typedef struct
{
  KlDrive *drive; /* owned */
  char *volume;   /* owned; UFD: node of the file system; NULL for the whole drive */
} KlBusTarget;

void kl_bus_target_free (KlBusTarget *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlBusTarget, kl_bus_target_free)

void kl_bus_target_choose_async (KlBusHost *host,
                                 GDBusConnection *connection,
                                 const char *client,
                                 KlMediaType type,
                                 const char *destination,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);
KlBusTarget *kl_bus_target_choose_finish (GAsyncResult *result, GError **error);

G_END_DECLS
