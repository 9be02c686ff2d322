/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "drive/drive-facts.h"

G_BEGIN_DECLS

/* What kl_drive_open() is made of; inside core/access, and for its tests. */

/* A stand-in's descriptor is a plain file. A test may allow that; the node's number is then taken
 * for the descriptor's. */
extern gboolean kl_drive_allow_plain_files;

/* How long UDisks2 is waited for; milliseconds. Tests are less patient. */
typedef struct
{
  guint asking; /* a person may be asked for a password */
  guint quiet;
} KlUdisksLimits;

extern KlUdisksLimits kl_udisks_limits;

/* UDisks2, by blocking calls. KL_ERROR_FAILED with what to do if it does not answer in time. */
GDBusConnection *kl_udisks_connect (GCancellable *cancellable);
gboolean kl_udisks_list (GDBusConnection *connection,
                         GPtrArray *drives,
                         GPtrArray *mounts,
                         GCancellable *cancellable,
                         GError **error);
gboolean kl_udisks_unmount (GDBusConnection *connection,
                            const char *device,
                            guint limit,
                            GCancellable *cancellable,
                            GError **error);
gboolean kl_udisks_lock (GDBusConnection *connection,
                         const char *device,
                         GCancellable *cancellable,
                         GError **error);
int kl_udisks_open (GDBusConnection *connection,
                    const char *device,
                    int flags,
                    GCancellable *cancellable,
                    GError **error);
gboolean kl_udisks_power_off (GDBusConnection *connection,
                              const char *device,
                              GCancellable *cancellable,
                              GError **error);
int kl_udisks_open_quietly (GDBusConnection *connection,
                            const char *device,
                            GCancellable *cancellable,
                            GError **error);
char *kl_udisks_mount (GDBusConnection *connection,
                       const char *device,
                       gboolean read_only,
                       GCancellable *cancellable,
                       GError **error);
void kl_udisks_rescan (GDBusConnection *connection, const char *device);
void kl_udisks_translate_error (GError **error, const char *what, const char *device, guint limit);

/* Who keeps a drive busy. */
void kl_drive_blame_users (GError **error, const KlDriveFacts *facts, const char *mount_point);

/* @connection: (nullable): without UDisks2 everything is done by system calls */
gboolean kl_drive_read_mounts (const KlDriveFacts *facts,
                               GDBusConnection *connection,
                               GPtrArray *mounts,
                               GCancellable *cancellable,
                               GError **error);
gboolean kl_drive_check_refusal (const KlDriveFacts *facts, GPtrArray *mounts, GError **error);
gboolean kl_drive_release (const KlDriveFacts *facts,
                           GDBusConnection *connection,
                           GCancellable *cancellable,
                           GError **error);
KlDriveIdentity *kl_drive_read_identity (const KlDriveFacts *facts,
                                         int fd,
                                         GDBusConnection *connection,
                                         GCancellable *cancellable,
                                         GError **error);

G_END_DECLS
