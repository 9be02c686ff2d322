/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "edit/image-sums.h"
#include "edit/image-tree.h"

G_BEGIN_DECLS

/* What image-tree.c, which knows names and places, and image-stage.c, which knows contents, share.
 */
struct _KlImageTree
{
  KlWim *wim; /* borrowed */
  guint index;
  char *staging;         /* folder of what is made or edited; NULL for a preview */
  char *scratch;         /* temporary folder of files that are only looked at; NULL until needed */
  guint64 time;          /* of every file, 100 ns since 1601 */
  GHashTable *folders;   /* folded path → path as spelt in image or tree */
  GHashTable *places;    /* path, whatever its case → KlTreeFile, both borrowed from files */
  GHashTable *generated; /* folded path → GBytes */
  GHashTable *copies;    /* folded path → path in scratch */
  GPtrArray *files;
  KlWimAddition *additions; /* the files once more, for who writes them; NULL before */
  KlImageSums *sums;        /* of what was added last */
  GPtrArray *values;
  GPtrArray *warnings;
  guint64 size; /* bytes */
};

KlTreeFile *kl_image_tree_place (
    KlImageTree *self, const char *path, const char *source, guint64 size, GError **error);
KlTreeFile *kl_image_tree_find (KlImageTree *self, const char *path);
char *kl_image_tree_dup_staged (KlImageTree *self, const char *path);

G_END_DECLS
