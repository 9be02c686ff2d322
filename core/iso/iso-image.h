/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "media/layout.h"

G_BEGIN_DECLS

/*
 * What libisofs makes of a layout: an ISO 9660 volume with Joliet and El Torito (media-formats.md
 * 8), as a stream of bytes from its beginning. Content of big files is not in it: they come last,
 * are followed only by KL_ISO_TAIL_BYTES of zeros, and are somebody else's to write. Only
 * iso-image.c and iso-content.c write with libisofs.
 */
typedef struct _KlIsoImage KlIsoImage;

/* Zeros that old read-ahead of CD drives may run into; all ISO writers have them. */
#define KL_ISO_TAIL_BYTES ((guint64) 150 * 2048)

char *kl_iso_image_dup_library_version (void); /* of libisofs, "1.5.4"; for reports of faults */

KlIsoImage *kl_iso_image_new (KlMediaLayout *layout, GCancellable *cancellable, GError **error);
void kl_iso_image_free (KlIsoImage *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlIsoImage, kl_iso_image_free)

guint64 kl_iso_image_get_size (KlIsoImage *self);
guint64 kl_iso_image_get_structures_size (KlIsoImage *self);
guint kl_iso_image_get_n_big (KlIsoImage *self);
const KlLayoutItem *kl_iso_image_get_big (KlIsoImage *self, guint position);
guint64 kl_iso_image_predict_offset (KlIsoImage *self, guint position);
int kl_iso_image_open_item (KlIsoImage *self, const KlLayoutItem *item, GError **error);
gboolean kl_iso_image_check_item (KlIsoImage *self,
                                  const KlLayoutItem *item,
                                  guint32 crc32c,
                                  GError **error);

gboolean kl_iso_image_start (KlIsoImage *self, GError **error);
gboolean kl_iso_image_read (KlIsoImage *self, guint8 *buffer, gsize length, GError **error);
void kl_iso_image_stop (KlIsoImage *self);

G_END_DECLS
