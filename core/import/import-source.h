/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "source/media-source.h"

G_BEGIN_DECLS

/* Where an import takes its WIM and its boot files from. */
typedef struct
{
  KlMediaSource *media;  /* what holds the WIM */
  char *inside;          /* the WIM's path in it */
  guint64 size;          /* of the WIM; bytes */
  char *file;            /* the WIM's path where it is a plain file; NULL in an ISO file */
  char *name;            /* for messages and as a last resort for the image's name */
  KlMediaSource *beside; /* where boot files may lie; NULL for nowhere */
} KlImportSource;

gboolean kl_import_source_find (const char *path,
                                const char *boot_files,
                                KlImportSource *source,
                                GError **error);
void kl_import_source_clear (KlImportSource *self);

G_END_DECLS
