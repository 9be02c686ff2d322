/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "image/catalog.h"

G_BEGIN_DECLS

/* What the files that change a catalog share. */

/* Hidden folders of the catalog, followed by random letters: an import under way, an image being
 * deleted. */
#define KL_IMPORT_PREFIX ".import-"
#define KL_REMOVED_PREFIX ".removed-"

/* Excludes other processes and other threads from changing one entry. Held until freed. */
typedef struct _KlEntryLock KlEntryLock;

KlEntryLock *
kl_entry_lock_new (const char *folder, const char *name, gboolean create, GError **error);
void kl_entry_lock_free (KlEntryLock *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlEntryLock, kl_entry_lock_free)

gboolean kl_entry_lock_is_held (const char *folder);

gboolean kl_entry_text_is_valid (const char *text, gsize min, gsize max);
char *kl_catalog_find_entry (KlCatalog *self, const char *id, GError **error);
void kl_catalog_explain (KlCatalog *self, GError **error);
void kl_catalog_sweep (KlCatalog *self);
void kl_catalog_wake (KlCatalog *self);
gboolean
kl_catalog_check_space (const char *folder, guint64 needed, const char *what, GError **error);

G_END_DECLS
