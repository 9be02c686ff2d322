/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

/* Preferences: which folder the catalog is. A folder is tried before it is taken, and the window
 * shows it at once. */
#define KL_TYPE_CATALOG_GROUP (kl_catalog_group_get_type ())
G_DECLARE_FINAL_TYPE (KlCatalogGroup, kl_catalog_group, KL, CATALOG_GROUP, AdwPreferencesGroup)

G_END_DECLS
