/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "prepare/content-cache.h"
#include "wim/wim.h"

G_BEGIN_DECLS

/* What step 8 writes, from what; preparer.c owns it all. */
typedef struct
{
  KlWim *wim; /* the source */
  guint index;
  const char *source; /* its path */
  KlImageTree *tree;  /* finished */
  KlContentCache *cache;
  guint level;        /* LZX */
  const char *work;   /* folder */
  const char *target; /* in it; must not exist */
  KlWimSums *sums;    /* of the target, filled in */
  GCancellable *cancellable;
} KlPrepareOutput;

gboolean kl_prepare_write (const KlPrepareOutput *output, KlProgress *progress, GError **error);

G_END_DECLS
