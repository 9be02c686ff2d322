/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "command.h"
#include "drive/drive-monitor.h"

G_BEGIN_DECLS

KlDriveMonitor *kl_ctl_new_drive_monitor (const KlCtlOptions *options);
char *kl_ctl_describe_content (KlDrive *drive);
KlDrive *kl_ctl_choose_drive (const KlCtlOptions *options, const char *path, GError **error);
gboolean kl_ctl_confirm_drive (const KlCtlOptions *options, KlDrive *drive, GError **error);

G_END_DECLS
