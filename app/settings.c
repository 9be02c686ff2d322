/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-settings"

#include "config.h"

#include "settings.h"

#include <glib/gstdio.h>

#include "data-path.h"
#include "settings-resources.h"

#define SCHEMA_FILE "gschemas.compiled"

/* GLib reads schemas from folders only; what is mapped of a file outlives its name. */
static GSettingsSchemaSource *
read_built_in (void)
{
  g_autoptr (GBytes) content = g_resource_lookup_data (
      kl_settings_get_resource (), "/org/kindling/Kindling/settings/" SCHEMA_FILE,
      G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
  g_autofree char *folder = g_dir_make_tmp ("kindling-XXXXXX", NULL);
  g_autofree char *path = folder ? g_build_filename (folder, SCHEMA_FILE, NULL) : NULL;
  GSettingsSchemaSource *source = NULL;

  if (folder == NULL)
    return NULL;

  if (g_file_set_contents (path, g_bytes_get_data (content, NULL), g_bytes_get_size (content),
                           NULL))
    source = g_settings_schema_source_new_from_directory (folder, NULL, TRUE, NULL);
  g_unlink (path);
  g_rmdir (folder);
  return source;
}

static GSettingsSchema *
look_up (GSettingsSchemaSource *source)
{
  return source ? g_settings_schema_source_lookup (source, KL_APPLICATION_ID, TRUE) : NULL;
}

/* The schema of the build tree goes before an installed one, so that a program that is not
 * installed finds its own. */
static GSettingsSchema *
find_schema (void)
{
  g_autofree char *compiled = kl_data_path_dup (SCHEMA_FILE);
  g_autoptr (GSettingsSchemaSource) source = NULL;
  GSettingsSchema *schema = NULL;

  if (compiled != NULL)
    {
      g_autofree char *folder = g_path_get_dirname (compiled);

      source = g_settings_schema_source_new_from_directory (folder, NULL, FALSE, NULL);
      schema = look_up (source);
    }
  if (schema == NULL)
    schema = look_up (g_settings_schema_source_get_default ());
  if (schema == NULL)
    {
      g_clear_pointer (&source, g_settings_schema_source_unref);
      source = read_built_in ();
      schema = look_up (source);
    }
  return schema;
}

/* NULL where the schema is neither installed nor could be unpacked. */
static GSettings *
find_settings (void)
{
  static GSettings *settings;
  g_autoptr (GSettingsSchema) schema = NULL;

  if (settings != NULL)
    return settings;

  schema = find_schema ();
  if (schema != NULL)
    settings = g_settings_new_full (schema, NULL, NULL);
  return settings;
}

/**
 * kl_settings_get:
 *
 * What the programs remember. Nothing in it is secret. Where the schema is not installed, that of
 * the program itself serves.
 *
 * Returns: (transfer none): the settings; the same object each time
 */
GSettings *
kl_settings_get (void)
{
  GSettings *settings = find_settings ();

  if (settings == NULL)
    g_error ("The schema of the settings is not installed, and “%s” takes no file",
             g_get_tmp_dir ());
  return settings;
}

/**
 * kl_settings_dup_catalog_folder:
 *
 * Returns: (transfer full) (nullable): absolute path of the catalog folder that was chosen in the
 *   preferences; %NULL where none was
 */
char *
kl_settings_dup_catalog_folder (void)
{
  GSettings *settings = find_settings ();
  g_autofree char *path = settings ? g_settings_get_string (settings, "catalog-folder") : NULL;

  if (path == NULL || !g_path_is_absolute (path))
    return NULL;
  return g_steal_pointer (&path);
}

/**
 * kl_settings_open_catalog:
 * @path: (nullable): the folder that the command line names
 *
 * The command line goes before the preferences, and they before the usual folder. A folder of the
 * preferences has to be there.
 *
 * Returns: (transfer full): the catalog; nothing is read yet
 */
KlCatalog *
kl_settings_open_catalog (const char *path)
{
  g_autofree char *chosen = path == NULL ? kl_settings_dup_catalog_folder () : NULL;
  g_autofree char *folder = NULL;
  KlCatalog *catalog;

  if (path != NULL)
    folder = g_canonicalize_filename (path, NULL);
  else
    folder = chosen != NULL ? g_strdup (chosen) : kl_catalog_dup_default_path ();

  catalog = kl_catalog_new (folder);
  if (chosen != NULL)
    kl_catalog_require (catalog);
  return catalog;
}
