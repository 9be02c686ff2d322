/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-about"

#include "config.h"

#include "window/about.h"

#include <glib/gi18n.h>
#include <string.h>
#include <sys/utsname.h>

#include "iso/iso-image.h"
#include "wim/wim.h"

/* The home folder's name is a person's. */
static char *
dup_anonymous_path (const char *path)
{
  const char *home = g_get_home_dir ();
  const gsize length = strlen (home);

  if (length > 1 && g_str_has_prefix (path, home)
      && (path[length] == '\0' || path[length] == G_DIR_SEPARATOR))
    return g_strconcat ("~", path + length, NULL);
  return g_strdup (path);
}

static const char *
get_variable (const char *name)
{
  const char *value = g_getenv (name);

  return value != NULL ? value : "–";
}

/* What a report of a fault needs. No names of people, machines or images, and nothing that was
 * typed. In English, for those who read it. @udisks: version, or why there is none. */
static char *
dup_debug_info (KlCatalog *catalog, const char *udisks)
{
  g_autofree char *system = g_get_os_info (G_OS_INFO_KEY_PRETTY_NAME);
  g_autofree char *path = dup_anonymous_path (kl_catalog_get_path (catalog));
  g_autofree char *wimlib = kl_wim_dup_library_version ();
  g_autofree char *libisofs = kl_iso_image_dup_library_version ();
  GdkDisplay *display = gdk_display_get_default ();
  struct utsname kernel;

  if (uname (&kernel) != 0)
    memset (&kernel, 0, sizeof kernel);
  return g_strdup_printf (
      "Kindling %s%s\n"
      "GTK %u.%u.%u, libadwaita %u.%u.%u, GLib %u.%u.%u\n"
      "wimlib %s, libisofs %s, UDisks2 %s\n"
      "System: %s, Linux %s, %s\n"
      "Desktop: %s, session %s, %s\n"
      "Language: %s\n"
      "Catalog: %s, %u entries\n"
      "Log: journalctl _COMM=kindling\n",
      KL_VERSION, g_file_test ("/.flatpak-info", G_FILE_TEST_EXISTS) ? ", in a Flatpak" : "",
      gtk_get_major_version (), gtk_get_minor_version (), gtk_get_micro_version (),
      adw_get_major_version (), adw_get_minor_version (), adw_get_micro_version (),
      glib_major_version, glib_minor_version, glib_micro_version, wimlib, libisofs, udisks,
      system != NULL ? system : "unknown", kernel.release, kernel.machine,
      get_variable ("XDG_CURRENT_DESKTOP"), get_variable ("XDG_SESSION_TYPE"),
      display != NULL ? G_OBJECT_TYPE_NAME (display) : "none", g_get_language_names ()[0], path,
      g_list_model_get_n_items (G_LIST_MODEL (catalog)));
}

/* Of a question that is asked while the window is shown already. */
typedef struct
{
  AdwAboutWindow *window; /* owned */
  KlCatalog *catalog;     /* owned */
} Asking;

static void
udisks_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Asking *asking = user_data;
  g_autoptr (GDBusProxy) proxy = g_dbus_proxy_new_for_bus_finish (result, NULL);
  g_autoptr (GVariant) version
      = proxy != NULL ? g_dbus_proxy_get_cached_property (proxy, "Version") : NULL;
  g_autofree char *info
      = dup_debug_info (asking->catalog, version != NULL ? g_variant_get_string (version, NULL)
                                                         : "not on the system bus");

  adw_about_window_set_debug_info (asking->window, info);
  g_object_unref (asking->window);
  g_object_unref (asking->catalog);
  g_free (asking);
}

/* The system bus may be slow to answer, or not be there. */
static void
ask_udisks (AdwAboutWindow *window, KlCatalog *catalog)
{
  Asking *asking = g_new0 (Asking, 1);

  asking->window = g_object_ref (window);
  asking->catalog = g_object_ref (catalog);
  g_dbus_proxy_new_for_bus (G_BUS_TYPE_SYSTEM, G_DBUS_PROXY_FLAGS_DO_NOT_CONNECT_SIGNALS, NULL,
                            "org.freedesktop.UDisks2", "/org/freedesktop/UDisks2/Manager",
                            "org.freedesktop.UDisks2.Manager", NULL, udisks_cb, asking);
}

static void
add_libraries (AdwAboutWindow *window)
{
  static const char *const libraries[] = {
    "wimlib https://wimlib.net",
    "libisofs https://www.libburnia-project.org",
    "libudfread https://code.videolan.org/videolan/libudfread",
    "hivex https://libguestfs.org/hivex.3.html",
    "libmspack https://www.cabextract.org.uk/libmspack",
    "OpenSSL https://www.openssl.org",
    "ISA-L https://github.com/intel/isa-l",
    "libpwquality https://github.com/libpwquality/libpwquality",
    "UDisks https://github.com/storaged-project/udisks",
    NULL,
  };

  adw_about_window_add_acknowledgement_section (
      window,
      /* Translators: title of a list of libraries in the About window. */
      _ ("Libraries"), (const char **) libraries);
}

/**
 * kl_about_show:
 *
 * Shows what this is, who made it, under which licence, and what to say in a report of a fault.
 */
void
kl_about_show (GtkApplication *application, KlCatalog *catalog)
{
  GtkWindow *parent = gtk_application_get_active_window (application);
  AdwAboutWindow *window = ADW_ABOUT_WINDOW (adw_about_window_new ());
  g_autofree char *debug_info = dup_debug_info (catalog, "not asked yet");

  g_object_set (
      window, "transient-for", parent, "modal", parent != NULL, "application", application,
      "application-name", _ ("Kindling"), "application-icon", KL_APPLICATION_ID, "version",
      KL_VERSION, "developer-name",
      /* Translators: shown in the About window below the name of the program. */
      _ ("The Kindling developers"), "license-type", GTK_LICENSE_GPL_3_0, "comments",
      _ ("Makes boot media for operating system deployment from Windows PE boot images."),
      /* Translators: put your names here, one a line; they are shown in the About window. */
      "translator-credits", _ ("translator-credits"), "debug-info", debug_info,
      "debug-info-filename", "kindling-debug-info.txt", NULL);
  ask_udisks (window, catalog);
  add_libraries (window);
  adw_about_window_add_legal_section (
      window,
      /* Translators: GNU GRUB is a program whose code starts media on PCs with BIOS. */
      _ ("Start Code for BIOS from GNU GRUB"),
      /* Translators: whose copyright it is. */
      _ ("© Free Software Foundation, Inc."), GTK_LICENSE_GPL_3_0, NULL);
  gtk_window_present (GTK_WINDOW (window));
}
