/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/checksum.h"
#include "wim/wim.h"

G_BEGIN_DECLS

/* What can be shared between files on disks that have that, and what O_DIRECT wants offsets and
 * lengths to be multiples of, on any disk; bytes. */
#define KL_WIM_ALIGNMENT ((guint64) 4096)

/* The first such place from @offset on. */
static inline guint64
kl_wim_align (guint64 offset)
{
  return (offset + KL_WIM_ALIGNMENT - 1) & ~(KL_WIM_ALIGNMENT - 1);
}

/* Of contents that stand in no file yet. */
#define KL_WIM_NO_FILE G_MAXUINT

typedef struct
{
  guint8 sha1[KL_SHA1_SIZE]; /* of the content */
  guint file;                /* that it is in: place in files; or KL_WIM_NO_FILE */
  guint64 offset;            /* there */
  guint64 stored_size;       /* bytes in a WIM; known once it is in one */
  guint64 size;              /* bytes when uncompressed */
  guint32 n_references;
  guint is_compressed : 1;
  guint is_fresh : 1;  /* it is among what is new */
  const char *content; /* borrowed: path of a file with the content, where it is in no WIM yet */
  guint64 place;       /* in the new file */
} KlWimBlob;

/* What a WIM of one image will be made of, in the order in which it stands in the file: the header,
 * what is kept of the source, what is new, the tables. What is kept stays at its offset, as long as
 * that leaves few gaps; what is new begins at a multiple of KL_WIM_ALIGNMENT, and so do its larger
 * contents and the tables: so all of it can be shared with the source, and with the next image. */
typedef struct
{
  GPtrArray *files;  /* of paths: the source, then the donors */
  GHashTable *known; /* SHA-1 → KlWimBlob, owned: what the files hold, and what is new */

  GPtrArray *kept;     /* of KlWimBlob, borrowed */
  GPtrArray *fresh;    /* likewise */
  guint64 fresh_start; /* bytes, as all below */

  /* Once all sizes are known. */
  guint64 tail_start;
  GBytes *header;
  GBytes *metadata;
  GBytes *table;
  GBytes *xml;
  guint64 size; /* of all */

  /* What the tables are made from. */
  guint64 plain_size;              /* of the metadata when uncompressed */
  guint8 plain_sha1[KL_SHA1_SIZE]; /* of the same */
  GString *text;                   /* XML */
  guint64 content_size;
  guint64 link_size;
  guint n_files;
  guint n_folders;
  guint32 flags;
} KlWimLayout;

KlWimLayout *
kl_wim_layout_new (KlWim *wim, guint index, const KlWimOverlay *overlay, GError **error);
guint64 kl_wim_layout_place (KlWimLayout *self, guint fresh);
gboolean kl_wim_layout_finish (KlWimLayout *self, GError **error);
void kl_wim_layout_free (KlWimLayout *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlWimLayout, kl_wim_layout_free)

G_END_DECLS
