/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-drive-watch"

#include "config.h"

#include "window/drive-watch.h"

static GPtrArray *paths; /* of owned strings, as often as they are protected */
static GList *monitors;  /* of KlDriveMonitor, borrowed */

/* Where a monitor keeps the path of its catalog. */
#define CATALOG_KEY "kl-catalog-path"

static void
update (KlDriveMonitor *monitor)
{
  g_autoptr (GPtrArray) all = g_ptr_array_new ();

  g_ptr_array_add (all, g_object_get_data (G_OBJECT (monitor), CATALOG_KEY));
  for (guint i = 0; paths != NULL && i < paths->len; i++)
    g_ptr_array_add (all, paths->pdata[i]);
  g_ptr_array_add (all, NULL);
  kl_drive_monitor_set_protected_paths (monitor, (const char *const *) all->pdata);
}

static void
update_all (void)
{
  g_autoptr (GList) copy = g_list_copy (monitors);

  for (GList *l = copy; l != NULL; l = l->next)
    update (l->data);
}

static void
gone_cb (gpointer user_data, GObject *monitor)
{
  monitors = g_list_remove (monitors, monitor);
}

/**
 * kl_drive_watch_new:
 *
 * Returns: (transfer full): a monitor whose protected paths are kept up to date
 */
KlDriveMonitor *
kl_drive_watch_new (KlCatalog *catalog)
{
  const char *const catalog_path[] = { kl_catalog_get_path (catalog), NULL };
  const KlDriveMonitorOptions options = { .protected_paths = catalog_path };
  KlDriveMonitor *monitor = kl_drive_monitor_new (&options);

  g_object_set_data_full (G_OBJECT (monitor), CATALOG_KEY, g_strdup (catalog_path[0]), g_free);
  g_object_weak_ref (G_OBJECT (monitor), gone_cb, NULL);
  monitors = g_list_prepend (monitors, monitor);
  update (monitor);
  return monitor;
}

/**
 * kl_drive_watch_set_catalog:
 *
 * Protects the drive of another catalog instead of that of the one before.
 */
void
kl_drive_watch_set_catalog (KlDriveMonitor *monitor, KlCatalog *catalog)
{
  g_object_set_data_full (G_OBJECT (monitor), CATALOG_KEY, g_strdup (kl_catalog_get_path (catalog)),
                          g_free);
  update (monitor);
}

void
kl_drive_watch_protect (const char *path)
{
  if (paths == NULL)
    paths = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (paths, g_strdup (path));
  update_all ();
}

void
kl_drive_watch_release (const char *path)
{
  guint position;

  if (paths == NULL || !g_ptr_array_find_with_equal_func (paths, path, g_str_equal, &position))
    return;
  g_ptr_array_remove_index_fast (paths, position);
  update_all ();
}
