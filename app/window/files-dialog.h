/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

GtkFileChooserNative *kl_files_dialog_new (GtkWindow *parent,
                                           const char *title,
                                           GtkFileChooserAction action,
                                           const char *accept_label);
void kl_file_dialog_add_filter (GtkFileChooserNative *self,
                                const char *name,
                                const char *const *suffixes);
GListModel *kl_files_dialog_take (GtkFileChooserNative **self, int response);

G_END_DECLS
