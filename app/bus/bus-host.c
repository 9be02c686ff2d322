/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-bus"

#include "bus/bus-host.h"

#include "base/error.h"

G_DEFINE_INTERFACE (KlBusHost, kl_bus_host, G_TYPE_APPLICATION)

static void
kl_bus_host_default_init (KlBusHostInterface *iface)
{
}

/**
 * kl_bus_host_get_catalog:
 *
 * Returns: (transfer none): the catalog that media are made from
 */
KlCatalog *
kl_bus_host_get_catalog (KlBusHost *self)
{
  return KL_BUS_HOST_GET_IFACE (self)->get_catalog (self);
}

/**
 * kl_bus_host_dup_site_profile:
 *
 * Returns: (transfer full) (nullable): the path of the profile of this site code
 */
char *
kl_bus_host_dup_site_profile (KlBusHost *self, const char *site_code)
{
  return KL_BUS_HOST_GET_IFACE (self)->dup_site_profile (self, site_code);
}

/**
 * kl_bus_host_ask_async:
 * @question: read before this returns
 *
 * Asks the person at the desktop, in a window of the application, whether a program may have its
 * medium written to a drive.
 */
void
kl_bus_host_ask_async (KlBusHost *self,
                       const KlBusQuestion *question,
                       GCancellable *cancellable,
                       GAsyncReadyCallback callback,
                       gpointer user_data)
{
  g_autoptr (GTask) task = NULL;

  if (KL_BUS_HOST_GET_IFACE (self)->ask_async != NULL)
    {
      KL_BUS_HOST_GET_IFACE (self)->ask_async (self, question, cancellable, callback, user_data);
      return;
    }

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_return_new_error (task, KL_ERROR, KL_ERROR_PERMISSION,
                           "“%s” was left as it is: there is no display on which to ask whether it "
                           "may be written to",
                           kl_drive_get_path (question->drive));
}

/**
 * kl_bus_host_ask_finish:
 *
 * Errors: G_IO_ERROR_CANCELLED for a no; KL_ERROR_PERMISSION where nobody could be asked or nobody
 * answered.
 *
 * Returns: %TRUE only if the person agreed
 */
gboolean
kl_bus_host_ask_finish (KlBusHost *self, GAsyncResult *result, GError **error)
{
  if (KL_BUS_HOST_GET_IFACE (self)->ask_finish != NULL)
    return KL_BUS_HOST_GET_IFACE (self)->ask_finish (self, result, error);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * kl_bus_host_work_began:
 * @work: read before this returns; its job is about to run
 *
 * Lets the person at the desktop see it, and cancel it.
 *
 * Returns: (transfer full) (nullable): for kl_bus_host_work_ended()
 */
GObject *
kl_bus_host_work_began (KlBusHost *self, const KlBusWork *work)
{
  KlBusHostInterface *iface = KL_BUS_HOST_GET_IFACE (self);

  return iface->work_began != NULL ? iface->work_began (self, work) : NULL;
}

/**
 * kl_bus_host_work_ended:
 * @entry: (transfer full) (nullable)
 * @error: (nullable): why it failed
 */
void
kl_bus_host_work_ended (KlBusHost *self, GObject *entry, const GError *error)
{
  if (entry != NULL)
    KL_BUS_HOST_GET_IFACE (self)->work_ended (self, entry, error);
}
