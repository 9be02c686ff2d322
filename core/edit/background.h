/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The background picture: JPEG, PNG or BMP, told by content, at most 16 MB. */
gboolean kl_background_check (const char *path, GError **error);
GBytes *kl_background_load_jpeg (const char *path, GError **error);

G_END_DECLS
