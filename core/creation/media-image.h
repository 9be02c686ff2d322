/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "image/catalog.h"
#include "media/media-share.h"

G_BEGIN_DECLS

/*
 * The boot image of one medium, on its way from the catalog: looked up, prepared where the recipe
 * asks for it, and compared with its record. Where the catalog's WIM is gone or another, content
 * folders are searched for it (media-api.md 3, row 0x80040003). Blocks; one thread at a time.
 */
typedef struct _KlMediaImage KlMediaImage;

KlMediaImage *kl_media_image_find (KlCatalog *catalog,
                                   const char *id,
                                   const char *const *folders,
                                   GCancellable *cancellable,
                                   GError **error);
void kl_media_image_free (KlMediaImage *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlMediaImage, kl_media_image_free)

gboolean kl_media_image_needs_preparing (KlMediaImage *self, gboolean *needed, GError **error);
gboolean kl_media_image_prepare (KlMediaImage *self,
                                 KlProgress *progress,
                                 GCancellable *cancellable,
                                 GError **error);
gboolean kl_media_image_has_stand_ins (KlMediaImage *self);
gboolean kl_media_image_check (KlMediaImage *self,
                               KlMediaShare *share,
                               KlProgress *progress,
                               GCancellable *cancellable,
                               GError **error);

KlBootImage *kl_media_image_get_image (KlMediaImage *self);
const char *kl_media_image_get_notice (KlMediaImage *self); /* nullable */

G_END_DECLS
