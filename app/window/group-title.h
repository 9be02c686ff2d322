/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

/* Titles of groups below @widget take a second line instead of being cut, as they would where the
 * language or the window leaves no room; those of windows, which @widget is in, where it is narrow.
 */
void kl_group_title_wrap_all (GtkWidget *widget);

/* A button beside a title, which has a label, takes a second line, too. */
void kl_group_title_wrap_button (GtkWidget *button);

G_END_DECLS
