/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "drive/drive.h"

G_BEGIN_DECLS

/* Switches a drive off so that it can be pulled, in a thread; says why where that fails. */
void kl_power_off (GtkWindow *parent, KlDrive *drive);

G_END_DECLS
