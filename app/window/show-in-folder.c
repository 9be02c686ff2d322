/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-show-in-folder"

#include "config.h"

#include "window/show-in-folder.h"

typedef struct
{
  GtkWindow *parent; /* weak */
  char *path;
} Request;

static void
request_free (Request *request)
{
  g_clear_weak_pointer (&request->parent);
  g_free (request->path);
  g_free (request);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Request, request_free)

/* Where no file manager answers on the bus, the folder is opened by whatever opens folders. */
static void
shown_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Request) request = user_data;
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GFile) folder = NULL;
  g_autofree char *folder_path = NULL;
  g_autofree char *uri = NULL;

  reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, NULL);
  if (reply != NULL)
    return;

  folder_path = g_path_get_dirname (request->path);
  folder = g_file_new_for_path (folder_path);
  uri = g_file_get_uri (folder);
  gtk_show_uri (request->parent, uri, GDK_CURRENT_TIME);
}

/**
 * kl_show_in_folder:
 * @path: absolute path of a file
 *
 * Opens the file manager with the file selected.
 */
void
kl_show_in_folder (GtkWindow *parent, const char *path)
{
  GDBusConnection *bus = g_application_get_dbus_connection (g_application_get_default ());
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autofree char *uri = g_file_get_uri (file);
  const char *uris[] = { uri, NULL };
  Request *request;

  if (bus == NULL)
    {
      g_autofree char *folder_path = g_path_get_dirname (path);
      g_autofree char *folder_uri = g_filename_to_uri (folder_path, NULL, NULL);

      gtk_show_uri (parent, folder_uri, GDK_CURRENT_TIME);
      return;
    }

  request = g_new0 (Request, 1);
  g_set_weak_pointer (&request->parent, parent);
  request->path = g_strdup (path);
  g_dbus_connection_call (bus, "org.freedesktop.FileManager1", "/org/freedesktop/FileManager1",
                          "org.freedesktop.FileManager1", "ShowItems",
                          g_variant_new ("(^ass)", uris, ""), NULL, G_DBUS_CALL_FLAGS_NONE, -1,
                          NULL, shown_cb, request);
}
