/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-prepare-steps"

#include "prepare/prepare-steps.h"

#include <string.h>

#include "base/error.h"
#include "edit/hive-settings.h"
#include "prepare/osd-files.h"
#include "prepare/startup-files.h"

/* As Windows calls the control set that it was started with. */
#define CONTROL_SET "CurrentControlSet\\"

/* Only DISM can add them; without them the deployment agent fails (image-customisation.md 1). */
static gboolean
warn_of_components (KlPrepareContext *context, GError **error)
{
  static const char *const components[]
      = { "WinPE-WMI", "WinPE-Scripting", "WinPE-WDS-Tools", "WinPE-SecureStartup" };
  g_autoptr (GPtrArray) packages
      = kl_wim_list_files (context->wim, context->index, "\\Windows\\servicing\\Packages", error);

  if (packages == NULL)
    return FALSE;

  for (gsize i = 0; i < G_N_ELEMENTS (components); i++)
    {
      g_autofree char *wanted = g_strdup_printf ("\\%s-package~", components[i]);
      g_autofree char *folded = g_utf8_casefold (wanted, -1);
      gboolean found = FALSE;

      for (guint j = 0; !found && j < packages->len; j++)
        {
          g_autofree char *path = g_utf8_casefold (((KlWimEntry *) packages->pdata[j])->path, -1);

          found = strstr (path, folded) != NULL;
        }
      if (!found)
        kl_image_tree_warn (context->tree,
                            "The image lacks the component %s, which the deployment agent needs; "
                            "add it with DISM on Windows",
                            components[i]);
    }
  return TRUE;
}

gboolean
kl_prepare_read_image (KlPrepareContext *context, KlProgress *progress, GError **error)
{
  return *context->recipe->binaries == '\0' || warn_of_components (context, error);
}

gboolean
kl_prepare_add_deployment (KlPrepareContext *context, KlProgress *progress, GError **error)
{
  const KlRecipe *recipe = context->recipe;

  if (*recipe->binaries != '\0'
      && (!kl_osd_files_add (context->tree, recipe->binaries, context->architecture, progress,
                             context->cancellable, error)
          || !kl_osd_files_check (context->tree, context->architecture, error)))
    return FALSE;
  return *recipe->extra_files == '\0'
         || kl_image_tree_add_folder (context->tree, "", recipe->extra_files, progress,
                                      context->cancellable, error);
}

gboolean
kl_prepare_add_startup (KlPrepareContext *context, KlProgress *progress, GError **error)
{
  return kl_startup_files_add (context->tree, context->recipe, context->architecture,
                               context->drivers->len > 0, progress, context->cancellable, error);
}

static void
note (KlPrepareContext *context,
      const char *hive,
      const char *key,
      const char *name,
      const char *value)
{
  kl_image_tree_note_value (context->tree, hive, key, name, value);
}

static gboolean
set_scratch_space (KlPrepareContext *context, GError **error)
{
  guint megabytes = context->recipe->scratch_space;
  g_autofree char *value = g_strdup_printf ("%u", megabytes);
  g_autofree char *system = NULL;

  if (megabytes == 0)
    return TRUE;

  note (context, "SYSTEM", CONTROL_SET KL_HIVE_SCRATCH_KEY, KL_HIVE_SCRATCH_NAME, value);
  return kl_image_tree_take_file (context->tree, KL_HIVE_SYSTEM, &system, context->cancellable,
                                  error)
         && kl_hive_set_scratch_space (system, megabytes, error);
}

/* What the names of time zones mean stands in that hive. */
static void
set_without_list (const char *name, GError **error)
{
  g_clear_error (error);
  g_set_error (error, KL_ERROR, KL_ERROR_TIME_ZONE,
               "The image has no registry hive SOFTWARE and so no list of time zones: “%s” cannot "
               "be set; UTC can",
               name);
}

static KlTimeZone *
find_time_zone (KlPrepareContext *context, GError **error)
{
  const char *name = context->recipe->time_zone;
  g_autofree char *software = NULL;
  KlTimeZone *zone;

  if (g_ascii_strcasecmp (name, KL_TIME_ZONE_UTC) == 0)
    return kl_time_zone_new_utc ();
  if (!kl_image_tree_copy_file (context->tree, KL_HIVE_SOFTWARE, &software, context->cancellable,
                                error))
    {
      if (error != NULL && g_error_matches (*error, KL_ERROR, KL_ERROR_NOT_FOUND))
        set_without_list (name, error);
      kl_error_blame (error, "SOFTWARE");
      return NULL;
    }
  zone = kl_hive_read_time_zone (software, name, error);
  if (zone == NULL)
    kl_error_blame (error, "SOFTWARE");
  return zone;
}

static gboolean
set_time_zone (KlPrepareContext *context, GError **error)
{
  g_autoptr (KlTimeZone) zone = NULL;
  g_autofree char *system = NULL;

  if (*context->recipe->time_zone == '\0')
    return TRUE;

  zone = find_time_zone (context, error);
  if (zone == NULL)
    return FALSE;
  note (context, "SYSTEM", CONTROL_SET KL_HIVE_TIME_ZONE_KEY, KL_HIVE_TIME_ZONE_NAME,
        zone->key_name);
  return kl_image_tree_take_file (context->tree, KL_HIVE_SYSTEM, &system, context->cancellable,
                                  error)
         && kl_hive_set_time_zone (system, zone, error);
}

static gboolean
set_keyboard (KlPrepareContext *context, GError **error)
{
  g_autofree char *system = NULL;
  g_autofree char *user = NULL;
  KlInputLocale input;

  if (!kl_input_locale_parse (context->recipe->input_locale, &input))
    return TRUE;

  note (context, "DEFAULT", KL_HIVE_KEYBOARD_KEY, "1", input.layout);
  if (!kl_image_tree_copy_file (context->tree, KL_HIVE_SYSTEM, &system, context->cancellable, error)
      || !kl_hive_check_keyboard (system, input.layout, error))
    return FALSE;
  return (kl_image_tree_take_file (context->tree, KL_HIVE_DEFAULT, &user, context->cancellable,
                                   error)
          && kl_hive_set_keyboard (user, &input, error))
         || kl_error_blame (error, "DEFAULT");
}

static gboolean
set_user_locale (KlPrepareContext *context, GError **error)
{
  const KlLocale *locale = kl_locale_find (context->recipe->user_locale);
  g_autofree char *user = NULL;

  if (locale == NULL)
    return TRUE;

  note (context, "DEFAULT", KL_HIVE_USER_LOCALE_KEY, "LocaleName", locale->name);
  return (kl_image_tree_take_file (context->tree, KL_HIVE_DEFAULT, &user, context->cancellable,
                                   error)
          && kl_hive_set_user_locale (user, locale, error))
         || kl_error_blame (error, "DEFAULT");
}

/* Step 7: all that lies in registry hives, but for the background. */
gboolean
kl_prepare_set_registry (KlPrepareContext *context, KlProgress *progress, GError **error)
{
  return set_scratch_space (context, error) && set_time_zone (context, error)
         && set_keyboard (context, error) && set_user_locale (context, error);
}
