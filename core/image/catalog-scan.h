/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "image/boot-image.h"

G_BEGIN_DECLS

/* Remembers what a catalog's entries looked like and reads those anew that changed. Any thread; one
 * scan at a time. */
typedef struct _KlCatalogScan KlCatalogScan;

typedef struct
{
  char *id;
  KlBootImage *image; /* owned; NULL where the entry is gone */
} KlCatalogChange;

void kl_catalog_change_free (KlCatalogChange *self);

KlCatalogScan *kl_catalog_scan_new (const char *path);
KlCatalogScan *kl_catalog_scan_ref (KlCatalogScan *self);
void kl_catalog_scan_unref (KlCatalogScan *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlCatalogScan, kl_catalog_scan_unref)

void kl_catalog_scan_require (KlCatalogScan *self); /* an absent folder is an error from now on */
gboolean kl_catalog_scan_is_required (KlCatalogScan *self);
gboolean kl_catalog_scan_run (KlCatalogScan *self, GError **error);
gboolean kl_catalog_scan_has_changes (KlCatalogScan *self);
GPtrArray *kl_catalog_scan_take_changes (KlCatalogScan *self);

G_END_DECLS
