/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "bus/bus-host.h"

G_BEGIN_DECLS

void kl_bus_export_call (KlBusHost *host, GDBusMethodInvocation *invocation);

G_END_DECLS
