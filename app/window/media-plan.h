/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "creation/media-request.h"
#include "image/catalog.h"
#include "media/layout.h"

G_BEGIN_DECLS

/* What a request comes to, as it stood when it was asked: a value, made in a thread of its own. */
typedef struct
{
  KlMediaLayout *layout;
  guint64 bytes_needed;     /* of the medium */
  gboolean free_known;      /* whether the next number means anything */
  guint64 bytes_free;       /* where the target is; of a drive its size */
  gboolean replaces;        /* whether there is a file of that name */
  guint64 replaced_size;    /* bytes */
  GDateTime *replaced_date; /* nullable */
} KlMediaPlan;

void kl_media_plan_free (KlMediaPlan *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlMediaPlan, kl_media_plan_free)

void kl_media_plan_new_async (KlCatalog *catalog,
                              GPtrArray *requests,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data);
KlMediaPlan *kl_media_plan_new_finish (GAsyncResult *result, GError **error);
gboolean kl_media_plan_fits (KlMediaPlan *self);

G_END_DECLS
