/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A window to drag from, as a file manager is: drag-source WHAT…, where WHAT is a path, an address
 * of a file elsewhere (with “://” in it), or text: and words. Says on standard output how each drag
 * ended. */

#include <gtk/gtk.h>
#include <string.h>

static GdkContentProvider *
prepare_cb (GtkDragSource *source, double x, double y, char **what)
{
  GSList *files = NULL;
  GdkContentProvider *provider;
  GdkFileList *list;

  if (g_str_has_prefix (what[0], "text:"))
    return gdk_content_provider_new_typed (G_TYPE_STRING, what[0] + strlen ("text:"));

  for (guint i = 0; what[i] != NULL; i++)
    files = g_slist_append (files, strstr (what[i], "://") ? g_file_new_for_uri (what[i])
                                                           : g_file_new_for_path (what[i]));
  list = gdk_file_list_new_from_list (files);
  provider = gdk_content_provider_new_typed (GDK_TYPE_FILE_LIST, list);
  g_boxed_free (GDK_TYPE_FILE_LIST, list);
  g_slist_free_full (files, g_object_unref);

  return provider;
}

static void
begin_cb (void)
{
  g_print ("begun\n");
}

/* Emitted before "drag-end", which tells nothing of how it went. */
static gboolean
cancel_cb (GtkDragSource *source, GdkDrag *drag, GdkDragCancelReason reason)
{
  g_print ("refused\n");
  return FALSE;
}

static void
end_cb (GtkDragSource *source, GdkDrag *drag)
{
  g_print ("ended, action %d\n", (int) gdk_drag_get_selected_action (drag));
}

int
main (int argc, char **argv)
{
  GtkDragSource *source;
  GtkWidget *window;
  GtkWidget *label;

  if (argc < 2)
    return 2;
  setvbuf (stdout, NULL, _IOLBF, 0);
  gtk_init ();

  window = gtk_window_new ();
  gtk_window_set_title (GTK_WINDOW (window), "Drag Source");
  gtk_window_set_default_size (GTK_WINDOW (window), 200, 160);
  label = gtk_label_new ("Drag from here");
  gtk_window_set_child (GTK_WINDOW (window), label);

  source = gtk_drag_source_new ();
  g_signal_connect (source, "prepare", G_CALLBACK (prepare_cb), argv + 1);
  g_signal_connect (source, "drag-begin", G_CALLBACK (begin_cb), NULL);
  g_signal_connect (source, "drag-cancel", G_CALLBACK (cancel_cb), NULL);
  g_signal_connect (source, "drag-end", G_CALLBACK (end_cb), NULL);
  gtk_widget_add_controller (label, GTK_EVENT_CONTROLLER (source));
  gtk_window_present (GTK_WINDOW (window));

  while (g_list_model_get_n_items (gtk_window_get_toplevels ()) > 0)
    g_main_context_iteration (NULL, TRUE);
  return 0;
}
