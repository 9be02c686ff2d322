/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "image/injection-status.h"
#include "edit/image-tree.h"
#include "prepare/recipe.h"

G_BEGIN_DECLS

/* What a preparation came to. */
typedef struct
{
  char *context_id;
  gboolean changed; /* FALSE: the prepared WIM was up to date */
  char **warnings;
} KlPreparation;

void kl_preparation_free (KlPreparation *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlPreparation, kl_preparation_free)

KlPreparation *kl_prepare_image (KlCatalog *catalog,
                                 const char *id,
                                 KlProgress *progress,
                                 GCancellable *cancellable,
                                 GError **error);

/* Whether media of an image must wait for its preparation. */
gboolean
kl_prepare_is_needed (KlCatalog *catalog, const char *id, gboolean *needed, GError **error);

/* The state of an image with a look at the input of its recipe. */
KlImageState kl_prepare_find_state (KlBootImage *image, GHashTable *known);

/* What preparing an image would change; nothing is written. */
typedef struct
{
  KlWim *wim;        /* owned */
  KlImageTree *tree; /* owned */
} KlPreview;

KlPreview *kl_prepare_preview (KlCatalog *catalog,
                               const char *id,
                               const KlRecipeSetting *settings,
                               gsize n_settings,
                               GCancellable *cancellable,
                               GError **error);
void kl_preview_free (KlPreview *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlPreview, kl_preview_free)

G_END_DECLS
