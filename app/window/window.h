/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "image/catalog.h"

G_BEGIN_DECLS

/* The one window: boot images at the left, the selected one at the right. */
#define KL_TYPE_WINDOW (kl_window_get_type ())
G_DECLARE_FINAL_TYPE (KlWindow, kl_window, KL, WINDOW, AdwApplicationWindow)

KlWindow *kl_window_new (GtkApplication *application, KlCatalog *catalog);
void kl_window_set_catalog (KlWindow *self, KlCatalog *catalog); /* while it is not busy */
gboolean kl_window_is_busy (KlWindow *self);                     /* imports or prepares */
void kl_window_import_file (KlWindow *self, GFile *file);
void kl_window_open_file (KlWindow *self, GFile *file);

G_END_DECLS
