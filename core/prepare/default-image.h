/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "image/catalog.h"

G_BEGIN_DECLS

/* ExportDefaultBootImage and GetImageProperties of the documented API (media-api.md 4.2). */

typedef struct
{
  const char *architecture;  /* "x86", "x64", "arm64", "ia64"; also "i386", "amd64" */
  guint index;               /* of the image in its source, 1 …; 0 to choose */
  const char *source;        /* WIM file, folder or ISO file; NULL: the catalog's image */
  gboolean keep_other_files; /* replace nothing but a WIM file */
} KlDefaultImage;

gboolean kl_default_image_export (KlCatalog *catalog,
                                  const KlDefaultImage *wanted,
                                  const char *path,
                                  KlProgress *progress,
                                  GCancellable *cancellable,
                                  GError **error);

char *kl_image_properties_read (KlCatalog *catalog, const char *source, GError **error);

/* One at a time in a process: preparing images, and exporting default ones. */
gboolean kl_image_turn_take (GCancellable *cancellable, GError **error);
void kl_image_turn_release (void);

G_END_DECLS
