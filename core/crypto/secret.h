/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/*
 * Bytes that must not leak: in pages of their own that are locked, left out of core dumps, not
 * handed to child processes, and wiped when the last reference goes. While one lives the process
 * cannot be dumped or attached to. A NUL byte stands behind the bytes, so that text can be used as
 * a string.
 *
 * Nothing prints one. Immutable once shared, except through kl_secret_get_buffer() by the one who
 * made it; references may be taken and dropped in any thread.
 */
#define KL_TYPE_SECRET (kl_secret_get_type ())
typedef struct _KlSecret KlSecret;

/* The longest password that is read from a descriptor or a file; bytes of UTF-8. */
#define KL_SECRET_MAX_TEXT 1024

GType kl_secret_get_type (void);
KlSecret *kl_secret_new_sized (gsize length);
KlSecret *kl_secret_new (const void *data, gsize length);
KlSecret *kl_secret_new_text (const char *text);
KlSecret *kl_secret_new_from_fd (int fd, GError **error);
KlSecret *
kl_secret_new_from_fd_within (int fd, guint patience, GCancellable *cancellable, GError **error);
KlSecret *kl_secret_new_from_file (const char *path, GError **error);
KlSecret *kl_secret_new_utf16 (KlSecret *text);
KlSecret *kl_secret_new_from_utf16 (const guint8 *utf16, gsize length, GError **error);
KlSecret *kl_secret_new_guid (gboolean braces);
KlSecret *kl_secret_ref (KlSecret *self);
void kl_secret_unref (KlSecret *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlSecret, kl_secret_unref)

const char *kl_secret_get_text (KlSecret *self);
const guint8 *kl_secret_get_data (KlSecret *self);
gsize kl_secret_get_length (KlSecret *self);
guint8 *kl_secret_get_buffer (KlSecret *self);
void kl_secret_truncate (KlSecret *self, gsize length);
gboolean kl_secret_equal (KlSecret *a, KlSecret *b);
gboolean kl_secret_is_empty (KlSecret *self);

G_END_DECLS
