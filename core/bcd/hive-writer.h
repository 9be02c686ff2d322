/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * Makes a registry hive of format 1.3 from nothing (media-formats.md 7.4): a tree of keys with
 * values is described, then written as bytes. Names are ASCII. Same calls, same bytes. Any thread,
 * one at a time.
 */
typedef struct _KlHiveWriter KlHiveWriter;
typedef struct _KlHiveKey KlHiveKey; /* belongs to its writer */

typedef enum
{
  KL_HIVE_SZ = 1,
  KL_HIVE_BINARY = 3,
  KL_HIVE_DWORD = 4,
  KL_HIVE_MULTI_SZ = 7,
} KlHiveType;

KlHiveWriter *kl_hive_writer_new (const char *root_name, guint64 filetime);
void kl_hive_writer_free (KlHiveWriter *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlHiveWriter, kl_hive_writer_free)
KlHiveKey *kl_hive_writer_get_root (KlHiveWriter *self);
GBytes *kl_hive_writer_to_bytes (KlHiveWriter *self);

KlHiveKey *kl_hive_key_add (KlHiveKey *parent, const char *name);
void kl_hive_key_set_binary (KlHiveKey *key, const char *name, const void *data, gsize length);
void kl_hive_key_set_dword (KlHiveKey *key, const char *name, guint32 value);
void kl_hive_key_set_string (KlHiveKey *key, const char *name, const char *value);
void kl_hive_key_set_strings (KlHiveKey *key, const char *name, const char *const *values);

G_END_DECLS
