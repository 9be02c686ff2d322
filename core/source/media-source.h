/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "base/checksum.h"
#include "base/progress.h"

G_BEGIN_DECLS

/*
 * Read access to a tree of files that came from outside: a folder, an ISO file with ISO 9660
 * (Joliet where there is) or UDF, a disk image or drive with FAT32. Paths are absolute with "/",
 * looked up without case, given back as spelt. Used by import (ADK or Windows media) and by check
 * and inspect. One thread at a time.
 */
#define KL_TYPE_MEDIA_SOURCE (kl_media_source_get_type ())
G_DECLARE_DERIVABLE_TYPE (KlMediaSource, kl_media_source, KL, MEDIA_SOURCE, GObject)

typedef struct
{
  char *path;   /* "/sources/boot.wim" */
  guint64 size; /* bytes */
} KlMediaEntry;

void kl_media_entry_free (KlMediaEntry *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlMediaEntry, kl_media_entry_free)

struct _KlMediaSourceClass
{
  GObjectClass parent_class;

  GPtrArray *(*list) (KlMediaSource *self, GError **error);
  gboolean (*open) (KlMediaSource *self,
                    const KlMediaEntry *entry,
                    gpointer *handle,
                    GError **error);
  gssize (*read) (KlMediaSource *self, gpointer handle, void *buffer, gsize length, GError **error);
  void (*close) (KlMediaSource *self, gpointer handle);
  /* Optional: the descriptor behind @handle, borrowed, where the file can be copied by the kernel.
   */
  int (*get_fd) (KlMediaSource *self, gpointer handle);
};

/* Opens a folder, an ISO file or a disk image, whichever @path is. */
KlMediaSource *kl_media_source_open (const char *path, GError **error);
const char *kl_media_source_get_path (KlMediaSource *self);
const char *
kl_media_source_get_kind (KlMediaSource *self); /* "folder", "ISO 9660", "UDF", "FAT32" */
const char *kl_media_source_get_label (KlMediaSource *self); /* volume name, "" for a folder */

/* Before the first list: folders that this user may not read are left out and not an error.
 * get_unreadable: their paths, borrowed; NULL unless it was forgiven. */
void kl_media_source_forgive_unreadable (KlMediaSource *self);
GPtrArray *kl_media_source_get_unreadable (KlMediaSource *self);

/* Borrowed, of KlMediaEntry, sorted by path; read once. kl_media_source_find() reads it too. */
GPtrArray *kl_media_source_list (KlMediaSource *self, GError **error);
const KlMediaEntry *
kl_media_source_find (KlMediaSource *self, const char *path); /* NULL: not there */
GBytes *kl_media_source_read (KlMediaSource *self, const char *path, gsize limit, GError **error);

/* Copies one file out of the source; each output is optional. Reflink or copy_file_range for a
 * folder. */
gboolean kl_media_source_copy (KlMediaSource *self,
                               const char *path,
                               int target, /* -1: only the checksums */
                               const char *target_name,
                               guint32 *crc32c,
                               char **sha256,
                               KlProgress *progress,
                               GCancellable *cancellable,
                               GError **error);

G_END_DECLS
