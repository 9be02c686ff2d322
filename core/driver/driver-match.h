/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "driver/driver-package.h"

G_BEGIN_DECLS

typedef enum
{
  KL_DRIVER_MATCH_HARDWARE,   /* serves the device by a hardware ID of the INF */
  KL_DRIVER_MATCH_COMPATIBLE, /* by a compatible ID on one side */
  KL_DRIVER_MATCH_NARROWER,   /* serves some of the devices that bear the ID: those with the
                                 subsystem or revision that the INF names */
} KlDriverMatchKind;

typedef struct
{
  KlDriverPackage *package; /* owned */
  KlDriverMatchKind kind;
  guint rank; /* as Plug and Play ranks: the lowest serves best */
  char *id;   /* owned; the ID in the INF */
} KlDriverMatch;

void kl_driver_match_free (KlDriverMatch *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlDriverMatch, kl_driver_match_free)

GPtrArray *kl_driver_find (GPtrArray *packages,
                           const char *hardware_id,
                           const char *architecture,
                           guint build,
                           GCancellable *cancellable,
                           GError **error);
char **kl_driver_expand_hardware_id (const char *hardware_id, guint *n_hardware);
const char *kl_driver_match_kind_to_string (KlDriverMatchKind kind);

G_END_DECLS
