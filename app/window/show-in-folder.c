/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-show-in-folder"

#include "config.h"

#include "window/show-in-folder.h"

#include <adwaita.h>
#include <glib/gi18n.h>

#include "bidi.h"

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

static void
opened_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Request) request = user_data;
  g_autofree char *name = g_filename_display_name (request->path);
  g_autofree char *body = NULL;
  GtkWidget *dialog;

  if (request->parent == NULL || gtk_show_uri_full_finish (request->parent, result, NULL))
    return;

  /* Translators: %s is the path of a file. */
  body = kl_bidi_printf (_ ("No program here opens folders. The file is “%s”."), name);
  dialog = adw_message_dialog_new (request->parent, _ ("The Folder Cannot Be Shown"), body);
  adw_message_dialog_add_response (ADW_MESSAGE_DIALOG (dialog), "close", _ ("_Close"));
  gtk_window_present (GTK_WINDOW (dialog));
}

static void
open_folder (Request *request)
{
  g_autofree char *folder = g_path_get_dirname (request->path);
  g_autofree char *uri = g_filename_to_uri (folder, NULL, NULL);

  gtk_show_uri_full (request->parent, uri, GDK_CURRENT_TIME, NULL, opened_cb, request);
}

/* Where no file manager answers on the bus, the folder is opened by whatever opens folders. */
static void
shown_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Request) request = user_data;
  g_autoptr (GVariant) reply = NULL;

  reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, NULL);
  if (reply == NULL && request->parent != NULL)
    open_folder (g_steal_pointer (&request));
}

/**
 * kl_show_in_folder:
 * @path: absolute path of a file
 *
 * Opens the file manager with the file selected; else the folder; else says where the file is.
 */
void
kl_show_in_folder (GtkWindow *parent, const char *path)
{
  GDBusConnection *bus = g_application_get_dbus_connection (g_application_get_default ());
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autofree char *uri = g_file_get_uri (file);
  const char *uris[] = { uri, NULL };
  Request *request = g_new0 (Request, 1);

  g_set_weak_pointer (&request->parent, parent);
  request->path = g_strdup (path);
  if (bus == NULL)
    {
      open_folder (request);
      return;
    }

  g_dbus_connection_call (bus, "org.freedesktop.FileManager1", "/org/freedesktop/FileManager1",
                          "org.freedesktop.FileManager1", "ShowItems",
                          g_variant_new ("(^ass)", uris, ""), NULL, G_DBUS_CALL_FLAGS_NONE, -1,
                          NULL, shown_cb, request);
}
