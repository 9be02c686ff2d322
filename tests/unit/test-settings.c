/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <glib/gstdio.h>

#include "settings.h"

/* As where the program is started from a folder that it was only copied to. */
static void
test_without_an_installed_schema (void)
{
  g_autofree char *folder = g_dir_make_tmp ("kl-settings-XXXXXX", NULL);
  g_autoptr (GDir) left = NULL;
  g_autofree char *chosen = NULL;
  GSettings *settings;

  g_assert_nonnull (folder);
  /* GLib keeps what it found of both at the first look. */
  g_setenv ("XDG_DATA_DIRS", folder, TRUE);
  g_setenv ("XDG_DATA_HOME", folder, TRUE);
  g_setenv ("TMPDIR", folder, TRUE);
  g_unsetenv ("GSETTINGS_SCHEMA_DIR");

  settings = kl_settings_get ();
  g_assert_true (G_IS_SETTINGS (settings));
  g_assert_true (settings == kl_settings_get ());
  g_assert_true (g_settings_get_boolean (settings, "verify-media"));
  g_assert_null (kl_settings_dup_catalog_folder ());
  g_assert_true (g_settings_set_string (settings, "catalog-folder", "/elsewhere"));
  chosen = kl_settings_dup_catalog_folder ();
  g_assert_cmpstr (chosen, ==, "/elsewhere");

  left = g_dir_open (folder, 0, NULL);
  g_assert_null (g_dir_read_name (left));
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

int
main (int argc, char **argv)
{
  g_setenv ("GSETTINGS_BACKEND", "memory", TRUE);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/settings/without-an-installed-schema", test_without_an_installed_schema);
  return g_test_run ();
}
