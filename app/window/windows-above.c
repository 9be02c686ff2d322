/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-windows-above"

#include "config.h"

#include "window/windows-above.h"

/**
 * kl_windows_above_close:
 * @window: a window that is about to go
 *
 * Closes the windows above it that go with it, from the top down. GTK 4.8 does that too, but leaves
 * each with a pointer to @window, which it follows when the last reference to that one is given
 * back: by a key that is still being handled, or a task.
 */
void
kl_windows_above_close (GtkWindow *window)
{
  GList *windows = gtk_window_list_toplevels ();

  g_list_foreach (windows, (GFunc) (void (*) (void)) g_object_ref, NULL);
  for (GList *l = windows; l != NULL; l = l->next)
    if (gtk_window_get_transient_for (l->data) == window
        && gtk_window_get_destroy_with_parent (l->data))
      {
        kl_windows_above_close (l->data);
        gtk_window_set_transient_for (l->data, NULL);
        gtk_window_destroy (l->data);
      }
  g_list_free_full (windows, g_object_unref);
}
