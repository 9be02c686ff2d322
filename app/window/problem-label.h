/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

gboolean kl_problem_label_show (GtkLabel *self, GtkWidget *row, const char *problem);

G_END_DECLS
