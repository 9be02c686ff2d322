/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

/* An entry for the path of a file or folder, with a button that looks for it. */
#define KL_TYPE_PATH_ROW (kl_path_row_get_type ())
G_DECLARE_FINAL_TYPE (KlPathRow, kl_path_row, KL, PATH_ROW, AdwEntryRow)

/* Properties: folder (whether a folder is chosen and not a file), several (whether a path that was
 * chosen goes behind the others, with “;” between), suffixes (of the names to show, “pfx;p12”). */
GtkWidget *
kl_path_row_new (const char *title, const char *suffixes, gboolean folder, gboolean several);

G_END_DECLS
