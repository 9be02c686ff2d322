/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

/* @index: number of the chosen image, 0 when none was chosen */
typedef void (*KlIndexChosen) (guint index, gpointer user_data);

void kl_index_dialog_present (GtkWindow *parent,
                              const char *path,
                              const GError *error,
                              KlIndexChosen chosen,
                              gpointer user_data);

G_END_DECLS
