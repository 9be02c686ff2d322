/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Labels of media: 1 to 32 characters, none of "*+,./:;<=>?[\]| and no control characters. */
gboolean kl_label_check (const char *label, GError **error);
char *kl_label_dup_default (const char *image_name);
char *kl_label_dup_volume_id (const char *label);

G_END_DECLS
