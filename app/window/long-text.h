/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

GtkWidget *kl_long_text_new (const char *text);
void kl_long_text_spell_exactly (GtkWidget *widget);

G_END_DECLS
