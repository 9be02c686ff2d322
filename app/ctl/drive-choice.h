/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "command.h"
#include "drive/drive-monitor.h"

G_BEGIN_DECLS

KlDriveMonitor *kl_ctl_new_drive_monitor (const KlCtlOptions *options);
char *kl_ctl_describe_content (KlDrive *drive);
GPtrArray *kl_ctl_choose_drives (
    const KlCtlOptions *options, char **paths, guint n_paths, GPtrArray *volumes, GError **error);
gboolean kl_ctl_confirm_drives (const KlCtlOptions *options, GPtrArray *drives, GError **error);

G_END_DECLS
