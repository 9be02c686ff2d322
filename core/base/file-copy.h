/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/progress.h"

G_BEGIN_DECLS

gboolean kl_copy_range (int source,
                        guint64 source_offset,
                        int target,
                        guint64 target_offset,
                        guint64 length,
                        const char *source_name,
                        const char *target_name,
                        guint32 *crc32c,
                        KlProgress *progress,
                        GCancellable *cancellable,
                        GError **error);
gboolean kl_share_range (
    int source, guint64 source_offset, int target, guint64 target_offset, guint64 length);
gboolean kl_flush_file (int fd,
                        guint64 size,
                        const char *name,
                        KlProgress *progress,
                        GCancellable *cancellable,
                        GError **error);
gboolean
kl_flush_path (const char *path, KlProgress *progress, GCancellable *cancellable, GError **error);

G_END_DECLS
