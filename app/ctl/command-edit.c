/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-ctl"

#include "config.h"

#include "command.h"

#include <string.h>

#include <glib/gi18n.h>

#include "output.h"
#include "prepare/recipe.h"

static int
print_done (const KlCtlOptions *options, const char *id, const char *text)
{
  if (options->json)
    {
      JsonBuilder *builder = kl_ctl_json_new ("done");

      kl_ctl_json_add_text (builder, "id", id);
      kl_ctl_json_print (builder);
    }
  else if (!options->quiet)
    g_print ("%s\n", text);
  return KL_CTL_EXIT_DONE;
}

static int
run_remove (KlCtlOptions *options)
{
  g_autoptr (KlCatalog) catalog = kl_ctl_open_catalog (options);
  g_autofree char *id = g_ascii_strup (options->arguments[0], -1);
  g_autofree char *text = g_strdup_printf (_ ("Removed %s."), id);
  g_autoptr (GError) error = NULL;

  if (!kl_catalog_remove (catalog, id, &error))
    return kl_ctl_print_error (options, error);

  return print_done (options, id, text);
}

/* All are looked at before the first one is set. */
static int
check_settings (const KlCtlOptions *options)
{
  for (guint i = 1; options->arguments[i] != NULL; i++)
    {
      const char *setting = options->arguments[i];

      if (strchr (setting, '=') == NULL || *setting == '=')
        return kl_ctl_print_usage_error (options, _ ("“%s” is not of the form KEY=VALUE"), setting);
      if (!g_utf8_validate (setting, -1, NULL))
        return kl_ctl_print_usage_error (options, _ ("Argument %u is not valid UTF-8"), i + 1);
    }
  return KL_CTL_EXIT_DONE;
}

static int
run_set (KlCtlOptions *options)
{
  g_autoptr (KlCatalog) catalog = kl_ctl_open_catalog (options);
  g_autofree char *id = g_ascii_strup (options->arguments[0], -1);
  g_autofree char *text = g_strdup_printf (_ ("Changed %s."), id);
  g_autoptr (GError) error = NULL;
  int status = check_settings (options);

  if (status != KL_CTL_EXIT_DONE)
    return status;

  for (guint i = 1; options->arguments[i] != NULL; i++)
    {
      g_auto (GStrv) parts = g_strsplit (options->arguments[i], "=", 2);

      if (kl_recipe_is_key (parts[0]) ? !kl_recipe_set (catalog, id, parts[0], parts[1], &error)
                                      : !kl_catalog_set (catalog, id, parts[0], parts[1], &error))
        return kl_ctl_print_error (options, error);
    }
  return print_done (options, id, text);
}

const KlCtlCommand kl_ctl_edit_commands[] = {
  { "image", "set", "ID KEY=VALUE…", N_ ("Change what an image is called, and its recipe"),
    "  kindlingctl image set KDL00001 name=\"Windows PE\" version=7\n"
    "  kindlingctl image set KDL00001 boot-manager=2023\n"
    "  kindlingctl image set KDL00001 scratch-space=512 background=company.png\n"
    "  kindlingctl image set KDL00001 lab-shell=\n\n"
    "Keys: name, description, version, boot-manager (2011, 2023); for preparation: binaries,\n"
    "extra-files, prestart-files (folders), background (JPEG, PNG, BMP), start-command,\n"
    "prestart-command, organization-name, lab-shell (true, false), scratch-space (32 … 512 MB),\n"
    "time-zone (as Windows calls it), input-locale, user-locale (such as de-DE),\n"
    "compression (normal, smaller), skip-faulty-drivers (true, false), driver.NAME (on, off).\n"
    "An empty value leaves the thing as it is in the source image.",
    2, G_MAXUINT, NULL, run_set },
  { "image", "remove", "ID", N_ ("Remove a boot image from the catalog"),
    "  kindlingctl image remove KDL00001", 1, 1, NULL, run_remove },
  { NULL },
};
