/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "source/media-source.h"

G_BEGIN_DECLS

/* What the kinds of media sources share; for the files of core/source that implement one. */

/* Limits on trees from outside. A Windows medium has about 1,000 files, 8 levels deep. */
#define KL_MEDIA_MAX_DEPTH 32
#define KL_MEDIA_MAX_ENTRIES 200000
#define KL_MEDIA_MAX_PATH 4096 /* bytes */

KlMediaSource *kl_folder_source_new (const char *path, GError **error);
/* A folder of which only one file is seen; nothing else in it is read. */
KlMediaSource *kl_file_source_new (const char *path, GError **error);
/* Both: KL_ERROR_FORMAT where the file holds no such file system. */
KlMediaSource *kl_udf_source_new (const char *path, GError **error);
KlMediaSource *kl_iso9660_source_new (const char *path, GError **error);
KlMediaSource *kl_disk_source_new (const char *path, gboolean *recognised, GError **error);

/* libisofs is started once, here, also for the writer of ISO files. */
void kl_libisofs_start (void);

void kl_media_source_describe (KlMediaSource *self,
                               const char *path,
                               const char *kind, /* a literal */
                               const char *label);

gssize kl_media_source_peek (
    KlMediaSource *self, const char *path, void *buffer, gsize length, GError **error);

/* A list being made, held to the limits above. */
typedef struct
{
  const char *source; /* borrowed; for messages */
  GPtrArray *entries; /* of KlMediaEntry; owned */
  guint n_seen;       /* files and folders */
} KlMediaListing;

void kl_media_listing_init (KlMediaListing *self, const char *source);
void kl_media_listing_clear (KlMediaListing *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (KlMediaListing, kl_media_listing_clear)
gboolean kl_media_listing_is_name (const char *name);
gboolean
kl_media_listing_count (KlMediaListing *self, const char *folder, guint depth, GError **error);
gboolean kl_media_listing_add (
    KlMediaListing *self, const char *folder, const char *name, guint64 size, GError **error);

/* The 2,048-byte blocks of a disc image in a file, with a window read ahead. */
#define KL_DISC_BLOCK 2048

typedef struct _KlDiscBlocks KlDiscBlocks;

KlDiscBlocks *kl_disc_blocks_open (const char *path, GError **error);
void kl_disc_blocks_free (KlDiscBlocks *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlDiscBlocks, kl_disc_blocks_free)
guint32 kl_disc_blocks_get_count (KlDiscBlocks *self);
guint kl_disc_blocks_read (KlDiscBlocks *self, guint32 block, void *buffer, guint count);
gboolean kl_disc_blocks_failed (KlDiscBlocks *self, GError **error);

G_END_DECLS
