/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

void kl_bus_return_error (GDBusMethodInvocation *invocation, const GError *error);
char *kl_bus_error_dup_message (const GError *error);

G_END_DECLS
