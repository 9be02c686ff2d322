/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/progress.h"
#include "edit/known-sums.h"

G_BEGIN_DECLS

/*
 * Sums up contents by SHA-1 in threads of its own, while files are being looked for. One thread at
 * a time.
 */
typedef struct _KlImageSums KlImageSums;

KlImageSums *kl_image_sums_new (KlKnownSums *known);
void kl_image_sums_free (KlImageSums *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlImageSums, kl_image_sums_free)

gboolean kl_image_sums_add (KlImageSums *self,
                            int fd,
                            const struct stat *info,
                            const char *source,
                            guint8 *sha1,
                            KlProgress *progress,
                            GCancellable *cancellable,
                            GError **error);
gboolean kl_image_sums_wait (KlImageSums *self, GError **error);

G_END_DECLS
