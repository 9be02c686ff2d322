/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-files-dialog"

#include "config.h"

#include "window/files-dialog.h"

/**
 * kl_files_dialog_new:
 *
 * Returns: (transfer full): a modal file chooser in which several files or folders may be chosen;
 * its "response" is for kl_files_dialog_take()
 */
GtkFileChooserNative *
kl_files_dialog_new (GtkWindow *parent,
                     const char *title,
                     GtkFileChooserAction action,
                     const char *accept_label)
{
  GtkFileChooserNative *self
      = gtk_file_chooser_native_new (title, parent, action, accept_label, NULL);

  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (self), TRUE);
  gtk_file_chooser_set_select_multiple (GTK_FILE_CHOOSER (self), TRUE);
  return self;
}

/**
 * kl_file_dialog_add_filter:
 * @suffixes: of file names, without the dot; a "*" stands for all files; ends with %NULL
 */
void
kl_file_dialog_add_filter (GtkFileChooserNative *self,
                           const char *name,
                           const char *const *suffixes)
{
  g_autoptr (GtkFileFilter) filter = gtk_file_filter_new ();

  gtk_file_filter_set_name (filter, name);
  for (guint i = 0; suffixes[i] != NULL; i++)
    if (*suffixes[i] == '*')
      gtk_file_filter_add_pattern (filter, suffixes[i]);
    else
      gtk_file_filter_add_suffix (filter, suffixes[i]);
  gtk_file_chooser_add_filter (GTK_FILE_CHOOSER (self), filter);
}

/**
 * kl_files_dialog_take:
 * @self: (inout): is given up
 *
 * Returns: (transfer full) (element-type GFile): what was chosen; empty where nothing was
 */
GListModel *
kl_files_dialog_take (GtkFileChooserNative **self, int response)
{
  GListModel *files = response == GTK_RESPONSE_ACCEPT
                          ? gtk_file_chooser_get_files (GTK_FILE_CHOOSER (*self))
                          : G_LIST_MODEL (g_list_store_new (G_TYPE_FILE));

  g_clear_object (self);
  return files;
}
