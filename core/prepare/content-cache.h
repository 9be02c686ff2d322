/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "edit/image-tree.h"

G_BEGIN_DECLS

/* Of a catalog: what may be deleted at any time. */
#define KL_CACHE_FOLDER ".cache"

/*
 * Finds contents that are compressed already: in the prepared WIM files of the catalog, whose own
 * and whosever. CATALOG/.cache holds an empty file for each of them, whose name says of which image
 * it is, how it was compressed, what part of it is new, and the CRC-32C of that. So nothing is kept
 * twice, nobody needs a lock, the folder can be deleted at any time, and what was damaged or
 * replaced is noticed. Beside them lie the sums of files, see KlKnownSums.
 *
 * One object serves one preparation, and one thread at a time.
 */
typedef struct _KlContentCache KlContentCache;

KlContentCache *kl_content_cache_new (const char *catalog, const char *work, guint level);
void kl_content_cache_free (KlContentCache *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlContentCache, kl_content_cache_free)

GPtrArray *
kl_content_cache_find (KlContentCache *self, KlImageTree *tree, GCancellable *cancellable);
void kl_content_cache_store (KlContentCache *self, const char *id, const KlWimSums *sums);

G_END_DECLS
