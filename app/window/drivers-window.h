/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "image/catalog.h"

G_BEGIN_DECLS

/* The driver packages of a boot image: what each is, what is wrong with it, whether it is loaded.
 * Actions: drivers.add-folder, drivers.add-cabinet, drivers.remove, drivers.back,
 * drivers.switch-off. */
#define KL_TYPE_DRIVERS_WINDOW (kl_drivers_window_get_type ())
G_DECLARE_FINAL_TYPE (KlDriversWindow, kl_drivers_window, KL, DRIVERS_WINDOW, AdwWindow)

KlDriversWindow *kl_drivers_window_new (GtkWindow *parent, KlCatalog *catalog, KlBootImage *image);

G_END_DECLS
