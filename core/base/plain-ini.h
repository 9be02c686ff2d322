/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * A key file that is as plain as those that programs write: groups and keys that come once, values
 * of printable ASCII without escapes, and nothing else. GKeyFile reads the same from it, and takes
 * ten times as long. Does not change once it is made; any thread.
 */
typedef struct _KlPlainIni KlPlainIni;

KlPlainIni *kl_plain_ini_new (const char *data, gsize length);
void kl_plain_ini_free (KlPlainIni *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlPlainIni, kl_plain_ini_free)

gboolean kl_plain_ini_has_group (KlPlainIni *self, const char *group);
const char *kl_plain_ini_get (KlPlainIni *self, const char *group, const char *key);
gboolean kl_plain_ini_get_line (
    KlPlainIni *self, guint n, const char **group, const char **key, const char **value);

G_END_DECLS
