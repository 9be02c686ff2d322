/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "sink/sink.h"

G_BEGIN_DECLS

/* What must be read back: a run of bytes on the medium and its CRC-32C, named for the error
 * message. */
typedef struct
{
  guint64 offset; /* bytes, on the medium */
  guint64 length; /* bytes */
  guint32 crc32c;
  char *name;        /* "/sources/boot.wim", "file system structures" */
  char *source_path; /* file whose bytes these are, to find the first difference; or NULL */
} KlRegion;

KlRegion *kl_region_new (
    guint64 offset, guint64 length, guint32 crc32c, const char *name, const char *source_path);
void kl_region_free (KlRegion *self);

/* Reads all regions (GPtrArray of KlRegion, sorted by offset) back past the page cache, in two
 * threads. A difference is KL_ERROR_MISMATCH naming file and byte. */
gboolean kl_verify_regions (KlSink *sink,
                            GPtrArray *regions,
                            KlProgress *progress,
                            GCancellable *cancellable,
                            GError **error);

G_END_DECLS
