/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * A small text file of Windows in lines, changed line by line: whatever is not understood stays in
 * its place. Reads ANSI, UTF-8 and UTF-16 with a byte order mark; writes with CRLF and without a
 * mark. One thread at a time.
 */
typedef struct
{
  GPtrArray *lines; /* of strings without line ends; UTF-8 where the file said so, else bytes */
} KlIniText;

KlIniText *kl_ini_text_new (GBytes *content, const char *name, GError **error);
void kl_ini_text_free (KlIniText *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlIniText, kl_ini_text_free)
GBytes *kl_ini_text_to_bytes (KlIniText *self);

gboolean kl_ini_text_find_section (KlIniText *self, const char *section, guint *first, guint *end);
gboolean kl_ini_text_mentions (KlIniText *self, const char *word);
void kl_ini_text_insert (KlIniText *self, guint position, const char *line);
void kl_ini_text_set (KlIniText *self, const char *section, const char *key, const char *value);

G_END_DECLS
