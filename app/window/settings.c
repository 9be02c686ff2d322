/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-settings"

#include "config.h"

#include "window/settings.h"

#include "data-path.h"

/**
 * kl_settings_get:
 *
 * What the program remembers. The schema of the build tree goes before an installed one, so that a
 * program that is not installed finds its own.
 *
 * Returns: (transfer none): the settings; the same object each time
 */
GSettings *
kl_settings_get (void)
{
  static GSettings *settings;
  g_autofree char *compiled = NULL;
  g_autoptr (GSettingsSchemaSource) source = NULL;
  g_autoptr (GSettingsSchema) schema = NULL;

  if (settings != NULL)
    return settings;

  compiled = kl_data_path_dup ("gschemas.compiled");
  if (compiled != NULL)
    {
      g_autofree char *folder = g_path_get_dirname (compiled);

      source = g_settings_schema_source_new_from_directory (
          folder, g_settings_schema_source_get_default (), FALSE, NULL);
    }
  if (source != NULL)
    schema = g_settings_schema_source_lookup (source, KL_APPLICATION_ID, TRUE);

  settings = schema ? g_settings_new_full (schema, NULL, NULL) : g_settings_new (KL_APPLICATION_ID);
  return settings;
}
