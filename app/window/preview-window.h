/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "image/catalog.h"

G_BEGIN_DECLS

/* What preparing an image changes in it: each file that is added or replaced, each registry value,
 * and what is to be warned of. */
#define KL_TYPE_PREVIEW_WINDOW (kl_preview_window_get_type ())
G_DECLARE_FINAL_TYPE (KlPreviewWindow, kl_preview_window, KL, PREVIEW_WINDOW, AdwWindow)

/* @settings: (nullable): recipe key → value, changes that are not saved yet */
void kl_preview_window_open (GtkWindow *parent,
                             KlCatalog *catalog,
                             KlBootImage *image,
                             GHashTable *settings);

G_END_DECLS
