/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "image/catalog.h"

G_BEGIN_DECLS

/* What can be done with one boot image beside making media; each asks what it needs to know. */
void kl_rename_image (GtkWindow *parent, KlCatalog *catalog, KlBootImage *image);
void kl_remove_image (GtkWindow *parent, KlCatalog *catalog, KlBootImage *image);
void kl_export_image (GtkWindow *parent, KlCatalog *catalog, KlBootImage *image);

G_END_DECLS
