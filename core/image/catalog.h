/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "image/boot-image.h"

G_BEGIN_DECLS

/*
 * The folder with one sub-folder per boot image (interface.md 1), as a live GListModel of
 * KlBootImage sorted by ID. Emits items-changed in the thread-default main context of the thread
 * that made it, within a second of a change by any process, once kl_catalog_watch() was called.
 * Broken entries are items with an error.
 *
 * The blocking functions (kl_catalog_import(), remove, export, set) may be called from any thread,
 * also while the model is in use. They take IDs in any letter case; entries have them in upper
 * case.
 */
#define KL_TYPE_CATALOG (kl_catalog_get_type ())
G_DECLARE_FINAL_TYPE (KlCatalog, kl_catalog, KL, CATALOG, GObject)

char *kl_catalog_dup_default_path (void); /* $XDG_DATA_HOME/kindling/catalog */

KlCatalog *kl_catalog_new (const char *path); /* reads nothing yet */
const char *kl_catalog_get_path (KlCatalog *self);
void kl_catalog_require (KlCatalog *self); /* an absent folder is an error, not an empty catalog */
gboolean kl_catalog_is_required (KlCatalog *self);
gboolean kl_catalog_probe (KlCatalog *self, GError **error); /* whether the folder can be used */
gboolean
kl_catalog_contains (KlCatalog *self, const char *path); /* a file that may not exist yet */
gboolean
kl_catalog_load (KlCatalog *self, GError **error); /* fills the model; an absent folder is empty */
void kl_catalog_load_async (KlCatalog *self,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data);
gboolean kl_catalog_load_finish (KlCatalog *self, GAsyncResult *result, GError **error);
void kl_catalog_watch (KlCatalog *self);
KlBootImage *
kl_catalog_lookup (KlCatalog *self,
                   const char *id,
                   GError **error); /* full; reads it afresh; KL_ERROR_MISSING_PACKAGE */

gboolean kl_catalog_is_valid_id (
    const char *id); /* three letters or digits, five hexadecimal digits; upper case */

gboolean kl_catalog_remove (KlCatalog *self, const char *id, GError **error);
/* Writes the media WIM of an image to a file, atomically. */
gboolean kl_catalog_export (KlCatalog *self,
                            const char *id,
                            const char *path,
                            KlProgress *progress,
                            GCancellable *cancellable,
                            GError **error);
/* Keys: name, description, version, boot-manager (2011, 2023 or empty). Others:
 * KL_ERROR_INVALID_ARGUMENT. */
gboolean kl_catalog_set (
    KlCatalog *self, const char *id, const char *key, const char *value, GError **error);

G_END_DECLS
