/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

#define KL_TYPE_TEXT_COLUMN (kl_text_column_get_type ())
G_DECLARE_FINAL_TYPE (KlTextColumn, kl_text_column, KL, TEXT_COLUMN, GtkLayoutManager)

void kl_text_column_use (GtkWidget *widget);

G_END_DECLS
