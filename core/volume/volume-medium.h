/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "access/volume-mount.h"
#include "media/medium.h"

G_BEGIN_DECLS

KlMedium *kl_medium_open_anywhere (const char *path,
                                   KlVolumeMount **mount,
                                   GCancellable *cancellable,
                                   GError **error);

G_END_DECLS
