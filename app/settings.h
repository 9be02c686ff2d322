/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "image/catalog.h"

G_BEGIN_DECLS

GSettings *kl_settings_get (void);           /* borrowed; main thread */
char *kl_settings_dup_catalog_folder (void); /* that was chosen; NULL for the usual one */
KlCatalog *kl_settings_open_catalog (const char *path); /* @path: nullable: not asked for */

G_END_DECLS
