/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/*
 * The metadata resource of an image: its security descriptors and the tree of its folders and
 * files, as bytes to which files can be added. What was there stays byte for byte, but for the
 * offsets. One thread at a time.
 */
typedef struct _KlWimMetadata KlWimMetadata;

KlWimMetadata *kl_wim_metadata_new (GBytes *bytes, const char *name, GError **error);
void kl_wim_metadata_free (KlWimMetadata *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlWimMetadata, kl_wim_metadata_free)

gboolean kl_wim_metadata_put (
    KlWimMetadata *self, const char *path, const guint8 *sha1, guint64 time, GError **error);
const guint8 *kl_wim_metadata_find (KlWimMetadata *self, const char *path);

/* @sha1: of a content, 20 bytes; @is_link: it is one more name of a file that came before */
typedef void (*KlWimMetadataFunc) (const guint8 *sha1, gboolean is_link, gpointer user_data);

void kl_wim_metadata_foreach (KlWimMetadata *self, KlWimMetadataFunc func, gpointer user_data);
guint kl_wim_metadata_get_n_files (KlWimMetadata *self);
guint kl_wim_metadata_get_n_folders (KlWimMetadata *self); /* with the root */
GByteArray *kl_wim_metadata_write (KlWimMetadata *self);

G_END_DECLS
