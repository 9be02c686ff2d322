/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "image/boot-image.h"

G_BEGIN_DECLS

/* The quick part of kl_boot_image_check(), for one that is being loaded. */
gboolean kl_boot_image_check_size (KlBootImage *self, const KlEntryFiles *seen, GError **error);

G_END_DECLS
