/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "drive/drive-monitor.h"

G_BEGIN_DECLS

gboolean kl_volume_may_fit (const KlVolume *volume);
KlDrive *kl_drive_monitor_find_volume (KlDriveMonitor *self,
                                       const char *path,
                                       char **volume,
                                       GError **error);

G_END_DECLS
