/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What names and paths a file in a Windows image can have (image-customisation.md 6). */
gboolean kl_image_name_check (const char *name, GError **error);
gboolean kl_image_path_check (const char *path, GError **error);

G_END_DECLS
