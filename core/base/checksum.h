/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/progress.h"

G_BEGIN_DECLS

/* CRC-32C (Castagnoli), the fast one: start with 0, feed block after block. Any thread. */
guint32 kl_crc32c_update (guint32 crc, const void *data, gsize length);
guint32 kl_crc32c_shift (guint32 crc, guint64 length);
gboolean kl_crc32c_range (int fd,
                          const char *name,
                          guint64 offset,
                          guint64 length,
                          KlProgress *progress,
                          GCancellable *cancellable,
                          guint32 *crc,
                          GError **error);
gboolean kl_crc32c_file (const char *path,
                         KlProgress *progress,
                         GCancellable *cancellable,
                         guint64 *size,
                         guint32 *crc,
                         GError **error);

/* The CRC-32C of a file of which somebody else reads parts: what lies between them is read for it.
 * One thread at a time. */
typedef struct
{
  int fd;           /* borrowed */
  const char *name; /* for messages, borrowed */
  guint64 at;       /* bytes of the file that are in the sum so far */
  guint32 crc32c;
  gboolean is_lost; /* a part came twice, or too late */
} KlPartSum;

gboolean kl_part_sum_add (KlPartSum *self,
                          const void *data,
                          gsize length,
                          guint64 offset,
                          GCancellable *cancellable,
                          GError **error);
gboolean kl_part_sum_finish (KlPartSum *self, GCancellable *cancellable, GError **error);

/*
 * SHA-256 in a thread of its own, so that it runs beside the copying. kl_hasher_feed() takes the
 * data over and returns at once unless 4 blocks are waiting already.
 */
typedef struct _KlHasher KlHasher;

KlHasher *kl_hasher_new (void);
void kl_hasher_feed (KlHasher *self, GBytes *data);
char *kl_hasher_finish (KlHasher *self);
void kl_hasher_free (KlHasher *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlHasher, kl_hasher_free)

/* SHA-1, by which WIM files name their contents; not safe against intent. */
#define KL_SHA1_SIZE 20 /* bytes */

gboolean kl_sha1_fd (int fd,
                     guint64 size,
                     const char *name,
                     KlProgress *progress,
                     GCancellable *cancellable,
                     guint8 *digest,
                     GError **error);
void kl_sha1_data (const void *data, gsize length, guint8 *digest);

/* The same of what comes piece by piece. One thread at a time. */
typedef struct _KlSha1 KlSha1;

KlSha1 *kl_sha1_new (void);
void kl_sha1_update (KlSha1 *self, const void *data, gsize length);
void kl_sha1_finish (KlSha1 *self, guint8 *digest);
void kl_sha1_free (KlSha1 *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlSha1, kl_sha1_free)

char *
kl_sha256_file (const char *path, KlProgress *progress, GCancellable *cancellable, GError **error);
char *kl_sha256_data (const void *data, gsize length);

G_END_DECLS
