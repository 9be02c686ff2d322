/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Reads a range of a file in a thread of its own, some blocks ahead of whoever takes them. */
typedef struct _KlReadAhead KlReadAhead;

typedef struct
{
  guint8 *data; /* aligned to 4096 */
  gsize length; /* bytes */
} KlReadBlock;

KlReadAhead *
kl_read_ahead_new (int fd, const char *name, guint64 offset, guint64 length, gsize first_block);
const KlReadBlock *
kl_read_ahead_next (KlReadAhead *self, GCancellable *cancellable, GError **error);
void kl_read_ahead_free (KlReadAhead *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlReadAhead, kl_read_ahead_free)

G_END_DECLS
