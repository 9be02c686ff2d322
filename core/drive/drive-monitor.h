/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "drive/drive.h"

G_BEGIN_DECLS

typedef enum
{
  KL_DRIVE_SOURCE_AUTOMATIC, /* udev; UDisks2 inside a Flatpak */
  KL_DRIVE_SOURCE_UDEV,
  KL_DRIVE_SOURCE_UDISKS,
} KlDriveSourceKind;

typedef struct
{
  KlDriveSourceKind source;
  const char *const *protected_paths; /* the catalog, sources of jobs; or NULL */
  gboolean allow_fixed;               /* offer fixed disks too; never the system's */
  const char *proc;                   /* NULL: "/proc"; for tests */
} KlDriveMonitorOptions;

/*
 * A live list of drives, refused ones included, sorted by name. A GListModel of KlDrive that
 * belongs to the main context in which it was made: a drive that changes is replaced by a new
 * object. Signals “drive-added” (KlDrive), “drive-changed” (KlDrive now, KlDrive before) and
 * “drive-removed” (KlDrive) tell the same; property “ready” is TRUE once the list was filled.
 */
#define KL_TYPE_DRIVE_MONITOR (kl_drive_monitor_get_type ())
G_DECLARE_FINAL_TYPE (KlDriveMonitor, kl_drive_monitor, KL, DRIVE_MONITOR, GObject)

KlDriveMonitor *kl_drive_monitor_new (const KlDriveMonitorOptions *options);
gboolean kl_drive_monitor_is_ready (KlDriveMonitor *self);
const GError *kl_drive_monitor_get_error (KlDriveMonitor *self);
gboolean kl_drive_monitor_wait (KlDriveMonitor *self, GError **error);
void kl_drive_monitor_set_allow_fixed (KlDriveMonitor *self, gboolean allow_fixed);
void kl_drive_monitor_set_protected_paths (KlDriveMonitor *self, const char *const *paths);
KlDrive *kl_drive_monitor_find (KlDriveMonitor *self, const char *path);

G_END_DECLS
