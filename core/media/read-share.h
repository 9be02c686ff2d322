/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/*
 * Reading of the same files by several writers at about the same time: a ring of blocks in memory.
 * Whoever comes first to a block reads it for all. Before a block goes that a member behind has not
 * had, the ones ahead wait for it: for KL_READ_PATIENCE in all for each member, whatever the number
 * of files. One that is too slow for that falls back behind the ring, reads for itself and holds
 * nobody up any more. The memory is the ring's, whatever the number of members, and none while
 * there are fewer than two. Any thread.
 */
typedef struct _KlReadShare KlReadShare;

/* One of those who read; used by one thread at a time, but for kl_read_member_finish(). */
typedef struct _KlReadMember KlReadMember;

/* For how long others wait for one member, in all; microseconds. */
#define KL_READ_PATIENCE ((gint64) 2 * G_USEC_PER_SEC)

KlReadShare *kl_read_share_new (void);
KlReadShare *kl_read_share_ref (KlReadShare *self);
void kl_read_share_unref (KlReadShare *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlReadShare, kl_read_share_unref)

KlReadMember *kl_read_share_join (KlReadShare *self);
guint64 kl_read_share_get_file_bytes (KlReadShare *self);

KlReadMember *kl_read_member_ref (KlReadMember *self);
void kl_read_member_unref (KlReadMember *self);
gboolean kl_read_member_read (KlReadMember *self,
                              int fd,
                              guint8 *bytes,
                              gsize length,
                              guint64 offset,
                              const char *name,
                              GCancellable *cancellable,
                              GError **error);
void kl_read_member_finish (KlReadMember *self);
void kl_read_member_leave (KlReadMember *self);

G_END_DECLS
