/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "drive/drive-monitor.h"
#include "image/catalog.h"

G_BEGIN_DECLS

/*
 * Monitors that refuse the drives that Kindling itself needs: those that hold the catalog, and the
 * files and folders that running jobs read or write. Main thread.
 */
KlDriveMonitor *kl_drive_watch_new (KlCatalog *catalog);
void kl_drive_watch_set_catalog (KlDriveMonitor *monitor, KlCatalog *catalog);
void kl_drive_watch_protect (const char *path);
void kl_drive_watch_release (const char *path); /* once for each kl_drive_watch_protect() */

G_END_DECLS
