/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "drive/drive-monitor.h"

G_BEGIN_DECLS

/*
 * Asks whether a drive may be given back to normal use, names what is lost, and does it. What is
 * asked about is pinned: a drive that goes or changes meanwhile is not erased any more.
 */
#define KL_TYPE_RESTORE_WINDOW (kl_restore_window_get_type ())
G_DECLARE_FINAL_TYPE (KlRestoreWindow, kl_restore_window, KL, RESTORE_WINDOW, AdwWindow)

void kl_restore_window_present (GtkWindow *parent, KlDriveMonitor *monitor, KlDrive *drive);

G_END_DECLS
