/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * A registry hive of an image that is changed in place. Keys are paths from the hive's root,
 * "ControlSet001\Services", whatever their case. One thread at a time.
 */
typedef struct _KlHive KlHive;

/* As the registry numbers them. */
typedef enum
{
  KL_HIVE_VALUE_STRING = 1, /* REG_SZ: UTF-16LE with an end */
  KL_HIVE_VALUE_BINARY = 3,
  KL_HIVE_VALUE_NUMBER = 4, /* REG_DWORD */
} KlHiveValueType;

KlHive *kl_hive_open (const char *path, GError **error);
void kl_hive_free (KlHive *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlHive, kl_hive_free)
gboolean kl_hive_save (KlHive *self, GError **error);

gboolean kl_hive_has_key (KlHive *self, const char *key);
char **kl_hive_list_keys (KlHive *self, const char *key);
GBytes *kl_hive_get_value (KlHive *self, const char *key, const char *name, KlHiveValueType type);
char *kl_hive_get_string (KlHive *self, const char *key, const char *name);

gboolean kl_hive_set_value (KlHive *self,
                            const char *parent,
                            const char *child,
                            const char *name,
                            KlHiveValueType type,
                            gconstpointer data,
                            gsize length,
                            GError **error);
gboolean kl_hive_set_number (KlHive *self,
                             const char *parent,
                             const char *child,
                             const char *name,
                             guint32 number,
                             GError **error);
gboolean kl_hive_set_string (KlHive *self,
                             const char *parent,
                             const char *child,
                             const char *name,
                             const char *text,
                             GError **error);

gboolean kl_hive_set_damaged (KlHive *self, const char *what, GError **error);

G_END_DECLS
