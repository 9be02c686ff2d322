/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

/* A row of a long list: an icon, a line, a smaller line. */
#define KL_TYPE_LIST_ROW (kl_list_row_get_type ())
G_DECLARE_FINAL_TYPE (KlListRow, kl_list_row, KL, LIST_ROW, AdwBin)

GtkWidget *kl_list_row_new (void);
/* @css_class: of the icon; nullable. The row's list item is named after title, subtitle, word. */
void kl_list_row_set (KlListRow *self,
                      const char *icon_name,
                      const char *css_class,
                      const char *title,
                      const char *subtitle,
                      const char *word);
void kl_list_row_set_heading (KlListRow *self, gboolean heading);
/* A title that is a sentence is shown whole. */
void kl_list_row_set_wrap (KlListRow *self, gboolean wrap);

G_END_DECLS
