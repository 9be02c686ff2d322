/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "wim/wim-layout.h"

G_BEGIN_DECLS

/*
 * Compresses contents of files on all processors: it reads ahead, also into the files that come
 * next, while they are written one after the other. One thread at a time.
 */
typedef struct _KlWimCompressor KlWimCompressor;

KlWimCompressor *kl_wim_compressor_new (GPtrArray *blobs, guint level, GError **error);
void kl_wim_compressor_free (KlWimCompressor *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlWimCompressor, kl_wim_compressor_free)

gboolean kl_wim_compressor_write (KlWimCompressor *self,
                                  int fd,
                                  const char *name,
                                  guint64 offset,
                                  KlProgress *progress,
                                  GCancellable *cancellable,
                                  GError **error);

GBytes *kl_wim_compress (const GByteArray *plain, guint level, GError **error);
GBytes *kl_wim_decompress (GBytes *resource, guint64 size, const char *name, GError **error);

G_END_DECLS
