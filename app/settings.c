/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-settings"

#include "config.h"

#include "settings.h"

#include "data-path.h"

/* The schema of the build tree goes before an installed one, so that a program that is not
 * installed finds its own. */
static GSettingsSchema *
find_schema (void)
{
  g_autofree char *compiled = kl_data_path_dup ("gschemas.compiled");
  GSettingsSchemaSource *installed = g_settings_schema_source_get_default ();
  g_autoptr (GSettingsSchemaSource) source = NULL;

  if (compiled != NULL)
    {
      g_autofree char *folder = g_path_get_dirname (compiled);

      source = g_settings_schema_source_new_from_directory (folder, installed, FALSE, NULL);
    }
  if (source == NULL && installed == NULL)
    return NULL;

  return g_settings_schema_source_lookup (source ? source : installed, KL_APPLICATION_ID, TRUE);
}

/**
 * kl_settings_get:
 *
 * What the programs remember. Nothing in it is secret.
 *
 * Returns: (transfer none) (nullable): the settings; the same object each time; %NULL where the
 *   schema is not installed
 */
GSettings *
kl_settings_get (void)
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
 * kl_settings_dup_catalog_folder:
 *
 * Returns: (transfer full) (nullable): absolute path of the catalog folder that was chosen in the
 *   preferences; %NULL where none was
 */
char *
kl_settings_dup_catalog_folder (void)
{
  GSettings *settings = kl_settings_get ();
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
