/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/checksum.h"
#include "wim/wim.h"

G_BEGIN_DECLS

/* What a WIM of one image will be made of, in the order in which it stands in the file. */
typedef struct
{
  guint8 sha1[KL_SHA1_SIZE]; /* of the content */
  guint file;                /* that it is in: place in files */
  guint64 offset;            /* there */
  guint64 stored_size;       /* bytes in the file */
  guint64 size;              /* bytes when uncompressed */
  gboolean is_compressed;
  guint32 n_references;
} KlWimBlob;

typedef struct
{
  GPtrArray *files;  /* of paths: the source, then the donors */
  GHashTable *known; /* SHA-1 → KlWimBlob, owned: what the files hold */

  GBytes *header;
  GPtrArray *blobs; /* of KlWimBlob, borrowed */
  GBytes *metadata;
  GBytes *table;
  GBytes *xml;
  guint64 size; /* of all, bytes */
} KlWimLayout;

KlWimLayout *
kl_wim_layout_new (KlWim *wim, guint index, const KlWimOverlay *overlay, GError **error);
void kl_wim_layout_free (KlWimLayout *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlWimLayout, kl_wim_layout_free)

G_END_DECLS
