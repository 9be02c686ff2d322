/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

guint kl_first_frame_add (GtkWidget *widget, GSourceFunc callback, gpointer data);

G_END_DECLS
