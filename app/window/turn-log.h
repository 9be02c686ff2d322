/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

void kl_turn_log_start (void);
void kl_turn_log_watch (GtkWidget *window);

G_END_DECLS
