/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "drive/drive.h"

G_BEGIN_DECLS

gboolean kl_drive_power_off (KlDrive *drive, GCancellable *cancellable, GError **error);

G_END_DECLS
