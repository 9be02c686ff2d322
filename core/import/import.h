/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "image/catalog.h"

G_BEGIN_DECLS

typedef struct
{
  const char *path;       /* WIM file, folder or ISO file */
  guint index;            /* 0: choose (kl_wim_choose_image) */
  const char *id;         /* in any letter case; NULL: the next free KDLxxxxx */
  const char *name;       /* NULL: from the image */
  const char *boot_files; /* folder or ISO with boot files, or NULL */
  gboolean reexport;      /* allow compressing a WIM anew that boot managers can't read */
} KlImportOptions;

KlBootImage *kl_catalog_import (KlCatalog *self,
                                const KlImportOptions *options,
                                KlProgress *progress,
                                GCancellable *cancellable,
                                GError **error);

G_END_DECLS
