/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/*
 * Reading of the same files by several writers at about the same time: a ring of blocks in memory.
 * Whoever comes first to a block reads it for all; one that falls back behind the ring reads for
 * itself and holds nobody up. The memory is the ring's, whatever the number of members, and none
 * while there are fewer than two.
 *
 * Patient members, and no others, wait for each other, and for no others: before a block goes that
 * one behind has not had. They are those whose pace varies by the file, as flushes into a mounted
 * volume make it, and who would never catch up at equal speed. The time is bounded by
 * KL_READ_PATIENCE, whatever the number of members and files. Any thread.
 */
typedef struct _KlReadShare KlReadShare;

/* One of those who read; used by one thread at a time, but for kl_read_member_finish(). */
typedef struct _KlReadMember KlReadMember;

/* For how long a patient member waits for others, in all; microseconds. */
#define KL_READ_PATIENCE ((gint64) 2 * G_USEC_PER_SEC)

/* For how long others wait for one member, in all: one that is stuck leaves them patience with the
 * rest; microseconds. */
#define KL_READ_PATIENCE_WITH_ONE (KL_READ_PATIENCE / 2)

KlReadShare *kl_read_share_new (void);
KlReadShare *kl_read_share_ref (KlReadShare *self);
void kl_read_share_unref (KlReadShare *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlReadShare, kl_read_share_unref)

KlReadMember *kl_read_share_join (KlReadShare *self, gboolean patient);
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
