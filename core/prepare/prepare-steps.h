/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "edit/image-tree.h"
#include "prepare/recipe.h"

G_BEGIN_DECLS

/* What the steps of a preparation that fill the tree work on; preparer.c owns it. */
typedef struct
{
  const KlRecipe *recipe;
  KlWim *wim;
  guint index;
  const char *architecture; /* of the image */
  guint build;              /* of its Windows; 0 where it is unknown */
  KlImageTree *tree;
  GPtrArray *drivers;  /* of KlDriverPackage, to be loaded, in order; filled by step 3 */
  GPtrArray *archives; /* of KlDriverArchive, which step 5 copies from; filled by step 3 */
  GCancellable *cancellable;
} KlPrepareContext;

/* Steps 2 to 7 of image-customisation.md 2, in their order. */
gboolean kl_prepare_read_image (KlPrepareContext *context, KlProgress *progress, GError **error);
gboolean kl_prepare_check_drivers (KlPrepareContext *context, KlProgress *progress, GError **error);
gboolean
kl_prepare_add_deployment (KlPrepareContext *context, KlProgress *progress, GError **error);
gboolean kl_prepare_add_drivers (KlPrepareContext *context, KlProgress *progress, GError **error);
gboolean kl_prepare_add_startup (KlPrepareContext *context, KlProgress *progress, GError **error);
gboolean kl_prepare_set_registry (KlPrepareContext *context, KlProgress *progress, GError **error);

G_END_DECLS
