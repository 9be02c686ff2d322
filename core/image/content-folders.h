/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "image/boot-image.h"

G_BEGIN_DECLS

/*
 * Where else the WIM of a boot image may lie: the distribution points of the documented API, which
 * are folders here, a share that is mounted or a local one (media-api.md 1.1). In each of them, for
 * an image ABC00001: ABC00001/boot.ABC00001.wim and boot.ABC00001.wim, which are the names at a
 * site; ABC00001/boot.wim and ABC00001/source.wim, those of a catalog.
 */
KlBootImage *kl_content_folders_find (const char *const *folders,
                                      KlBootImage *image,
                                      GCancellable *cancellable,
                                      GError **error);
char **kl_content_folders_parse (const char *list, GError **error);

G_END_DECLS
