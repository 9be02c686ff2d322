/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "edit/image-tree.h"

G_BEGIN_DECLS

/*
 * Compressed contents of drivers and other files that users named, kept in the catalog for the next
 * image that has them: CATALOG/.cache/blobs-CRC-SIZE.wim. Each pack is a WIM without names that
 * never changes once it has its own name, which says its size and CRC-32C: so nobody needs a lock,
 * the folder can be deleted at any time, and what was damaged is noticed.
 *
 * One object serves one preparation, and one thread at a time.
 */
typedef struct _KlContentCache KlContentCache;

KlContentCache *kl_content_cache_new (const char *catalog,
                                      const char *work,
                                      KlImageTree *tree,
                                      const char *private_folder);
void kl_content_cache_free (KlContentCache *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlContentCache, kl_content_cache_free)

void kl_content_cache_find (KlContentCache *self, GCancellable *cancellable);
gboolean kl_content_cache_compress (KlContentCache *self,
                                    guint level,
                                    KlProgress *progress,
                                    GCancellable *cancellable,
                                    GError **error);
GPtrArray *kl_content_cache_get_donors (KlContentCache *self); /* of paths of WIM files */
void kl_content_cache_store (KlContentCache *self);

G_END_DECLS
