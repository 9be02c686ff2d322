/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "drive/drive-monitor.h"

G_BEGIN_DECLS

/* Why a drive is no longer chosen. */
typedef enum
{
  KL_SELECTION_LOSS_REMOVED, /* it was pulled, or another one is there under its name */
  KL_SELECTION_LOSS_REFUSED, /* it may not be written to any more */
  KL_SELECTION_LOSS_CHANGED, /* what is on it is not what it was */
} KlSelectionLoss;

/*
 * The drives of a monitor that a person has chosen: a GListModel of KlDrive in the order in which
 * they were chosen. A drive is pinned by its identity and by what was on it. One that goes or
 * changes is dropped, and signal “lost” (KlDrive as it was chosen, int KlSelectionLoss) says so; of
 * one that changed and then goes it says so again. Nothing is ever chosen but by
 * kl_drive_selection_choose(). Belongs to the monitor's main context.
 */
#define KL_TYPE_DRIVE_SELECTION (kl_drive_selection_get_type ())
G_DECLARE_FINAL_TYPE (KlDriveSelection, kl_drive_selection, KL, DRIVE_SELECTION, GObject)

KlDriveSelection *kl_drive_selection_new (KlDriveMonitor *monitor);
KlDriveMonitor *kl_drive_selection_get_monitor (KlDriveSelection *self);
gboolean kl_drive_selection_choose (KlDriveSelection *self, KlDrive *drive, gboolean chosen);
gboolean kl_drive_selection_contains (KlDriveSelection *self, KlDrive *drive);
void kl_drive_selection_clear (KlDriveSelection *self);

G_END_DECLS
