/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "wim/wim.h"

G_BEGIN_DECLS

/* What wim.c, which knows wimlib, gives to wim-image.c and wim-extract.c, and the other way. */

const char *kl_wim_get_property (KlWim *self, guint index, const char *property);
gboolean kl_wim_lookup (
    KlWim *self, guint index, const char *path, char **name, guint64 *size, GError **error);
gboolean kl_wim_extract_flat (KlWim *self,
                              guint index,
                              GPtrArray *paths,
                              const char *folder,
                              KlProgress *progress,
                              GCancellable *cancellable,
                              GError **error);

KlWimImage *kl_wim_image_read (KlWim *self, guint index);
void kl_wim_image_free (KlWimImage *image);

G_END_DECLS
