/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "drive/drive-monitor.h"

G_BEGIN_DECLS

/*
 * The drives that are plugged in, as they come and go; disks that are built in are left out. The
 * menu of a row activates actions of the window with the path of the drive: win.create-on-drive,
 * win.check-drive, win.power-off-drive.
 */
#define KL_TYPE_DRIVES_PANE (kl_drives_pane_get_type ())
G_DECLARE_FINAL_TYPE (KlDrivesPane, kl_drives_pane, KL, DRIVES_PANE, AdwBin)

void kl_drives_pane_set_monitor (KlDrivesPane *self, KlDriveMonitor *monitor);

G_END_DECLS
