/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

/* A small picture of a file; nothing where the file is no picture. A thread reads it. */
#define KL_TYPE_THUMBNAIL (kl_thumbnail_get_type ())
G_DECLARE_FINAL_TYPE (KlThumbnail, kl_thumbnail, KL, THUMBNAIL, AdwBin)

KlThumbnail *kl_thumbnail_new (void);
void kl_thumbnail_set_path (KlThumbnail *self, const char *path);

G_END_DECLS
