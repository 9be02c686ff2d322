/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/*
 * Reading of the same files by several writers at about the same time: a ring of blocks in memory.
 * Whoever comes first to a block reads it for all; one that falls back behind the ring reads for
 * itself and holds nobody up. The memory is the ring's, whatever the number of readers, and none
 * while there are fewer than two. Any thread.
 */
typedef struct _KlReadShare KlReadShare;

KlReadShare *kl_read_share_new (void);
KlReadShare *kl_read_share_ref (KlReadShare *self);
void kl_read_share_unref (KlReadShare *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlReadShare, kl_read_share_unref)

void kl_read_share_join (KlReadShare *self);
void kl_read_share_leave (KlReadShare *self);
gboolean kl_read_share_read (KlReadShare *self,
                             int fd,
                             guint8 *bytes,
                             gsize length,
                             guint64 offset,
                             const char *name,
                             GError **error);
guint64 kl_read_share_get_file_bytes (KlReadShare *self);

G_END_DECLS
