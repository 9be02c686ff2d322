/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "driver/driver-package.h"

G_BEGIN_DECLS

typedef enum
{
  KL_DRIVER_NOTE,
  KL_DRIVER_WARNING,
  KL_DRIVER_ERROR,
} KlDriverSeverity;

typedef struct
{
  KlDriverPackage *package; /* owned */
  const char *code;         /* "D01" … "D16", static */
  KlDriverSeverity severity;
  char *text; /* owned; English, one sentence without the INF's name */
} KlDriverFinding;

void kl_driver_finding_free (KlDriverFinding *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlDriverFinding, kl_driver_finding_free)

GPtrArray *kl_driver_check (GPtrArray *packages,
                            const char *architecture,
                            guint build,
                            GCancellable *cancellable,
                            GError **error);
const char *kl_driver_severity_to_string (KlDriverSeverity severity);

G_END_DECLS
