/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-bus"

#include "bus/bus-error.h"

#include "base/error.h"

/**
 * kl_bus_error_dup_message:
 *
 * Returns: (transfer full): what happened, in English and fit for the bus
 */
char *
kl_bus_error_dup_message (const GError *error)
{
  return g_utf8_make_valid (error->message, -1);
}

/**
 * kl_bus_return_error:
 * @invocation: (transfer full): ends with the error
 *
 * The name of the error on the bus is the symbol of the HRESULT, and its message begins with the
 * number, so that a client can go by either.
 */
void
kl_bus_return_error (GDBusMethodInvocation *invocation, const GError *error)
{
  g_autofree char *name = g_strconcat ("org.kindling.Error.", kl_error_get_symbol (error), NULL);
  g_autofree char *text = kl_bus_error_dup_message (error);
  g_autofree char *message = g_strdup_printf ("0x%08X: %s", kl_error_get_hresult (error), text);

  g_dbus_method_invocation_return_dbus_error (invocation, name, message);
}
