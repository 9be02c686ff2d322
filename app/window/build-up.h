/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

void kl_build_up_hide (GtkWidget *page);
void kl_build_up_show (GtkWidget *page);

G_END_DECLS
