/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-recipe"

#include "prepare/recipe.h"

#include <string.h>

#include "image/image-ini.h"
#include "prepare/recipe-private.h"

#define MAX_DRIVERS 1000
#define MAX_TEXT 4096 /* characters */

static const char *const ini_keys[N_RECIPE_KEYS] = {
  [RECIPE_SCRATCH_SPACE] = "ScratchSpace",
  [RECIPE_LAB_SHELL] = "LabShell",
  [RECIPE_PRESTART_COMMAND] = "PrestartCommand",
  [RECIPE_PRESTART_FILES] = "PrestartFiles",
  [RECIPE_BACKGROUND] = "Background",
  [RECIPE_BINARIES] = "Binaries",
  [RECIPE_EXTRA_FILES] = "ExtraFiles",
  [RECIPE_START_COMMAND] = "StartCommand",
  [RECIPE_ORGANIZATION_NAME] = "OrganizationName",
  [RECIPE_TIME_ZONE] = "TimeZone",
  [RECIPE_INPUT_LOCALE] = "InputLocale",
  [RECIPE_USER_LOCALE] = "UserLocale",
  [RECIPE_COMPRESSION] = "Compression",
  [RECIPE_SKIP_FAULTY_DRIVERS] = "SkipFaultyDrivers",
};

static void
driver_free (gpointer data)
{
  KlRecipeDriver *driver = data;

  g_free (driver->name);
  g_free (driver->path);
  g_strfreev (driver->on);
  g_strfreev (driver->off);
  g_free (driver);
}

void
kl_recipe_free (KlRecipe *self)
{
  if (self == NULL)
    return;

  g_free (self->prestart_command);
  g_free (self->prestart_files);
  g_free (self->background);
  g_free (self->binaries);
  g_free (self->extra_files);
  g_free (self->start_command);
  g_free (self->organization_name);
  g_free (self->time_zone);
  g_free (self->input_locale);
  g_free (self->user_locale);
  g_ptr_array_unref (self->drivers);
  g_free (self);
}

static char *
dup_text (GKeyFile *ini, RecipeKey key)
{
  return kl_image_ini_dup_text (ini, KL_INI_RECIPE, ini_keys[key], MAX_TEXT);
}

/* Anything but a path from the root on is nothing: records may come from others. */
static char *
dup_path (GKeyFile *ini, RecipeKey key)
{
  char *path = dup_text (ini, key);

  if (*path != '\0' && !g_path_is_absolute (path))
    *path = '\0';
  return path;
}

static gboolean
is_true (GKeyFile *ini, RecipeKey key)
{
  g_autofree char *value = dup_text (ini, key);

  return strcmp (value, "true") == 0;
}

static char **
dup_list (GKeyFile *ini, const char *group, const char *key)
{
  char **list = g_key_file_get_string_list (ini, group, key, NULL, NULL);

  return list != NULL ? list : g_new0 (char *, 1);
}

static void
read_drivers (KlRecipe *self, GKeyFile *ini)
{
  g_auto (GStrv) groups = g_key_file_get_groups (ini, NULL);

  for (guint i = 0; groups[i] != NULL && self->drivers->len < MAX_DRIVERS; i++)
    if (g_str_has_prefix (groups[i], KL_INI_DRIVER_PREFIX))
      {
        g_autofree char *enabled = kl_image_ini_dup_text (ini, groups[i], DRIVER_ENABLED, 8);
        KlRecipeDriver *driver = g_new0 (KlRecipeDriver, 1);

        driver->name = kl_image_ini_dup_text (ini, groups[i], DRIVER_NAME, KL_NAME_MAX);
        driver->path = kl_image_ini_dup_text (ini, groups[i], DRIVER_PATH, MAX_TEXT);
        driver->enabled = strcmp (enabled, "false") != 0;
        driver->on = dup_list (ini, groups[i], DRIVER_ON);
        driver->off = dup_list (ini, groups[i], DRIVER_OFF);
        g_ptr_array_add (self->drivers, driver);
      }
}

/**
 * kl_recipe_new_from_ini:
 * @ini: of an image.ini; its values are not trusted
 *
 * Returns: (transfer full): the recipe
 */
KlRecipe *
kl_recipe_new_from_ini (GKeyFile *ini)
{
  KlRecipe *self = g_new0 (KlRecipe, 1);
  g_autofree char *lab_shell = dup_text (ini, RECIPE_LAB_SHELL);
  g_autofree char *compression = dup_text (ini, RECIPE_COMPRESSION);
  guint64 scratch_space = 0;

  if (kl_image_ini_get_number (ini, KL_INI_RECIPE, ini_keys[RECIPE_SCRATCH_SPACE], 10,
                               KL_SCRATCH_SPACE_MAX, &scratch_space))
    self->scratch_space = (guint) scratch_space;
  self->lab_shell = strcmp (lab_shell, "true") == 0    ? KL_RECIPE_TRUE
                    : strcmp (lab_shell, "false") == 0 ? KL_RECIPE_FALSE
                                                       : KL_RECIPE_KEEP;
  self->prestart_command = dup_text (ini, RECIPE_PRESTART_COMMAND);
  self->prestart_files = dup_path (ini, RECIPE_PRESTART_FILES);
  self->background = dup_path (ini, RECIPE_BACKGROUND);
  self->binaries = dup_path (ini, RECIPE_BINARIES);
  self->extra_files = dup_path (ini, RECIPE_EXTRA_FILES);
  self->start_command = dup_text (ini, RECIPE_START_COMMAND);
  self->organization_name = dup_text (ini, RECIPE_ORGANIZATION_NAME);
  self->time_zone = dup_text (ini, RECIPE_TIME_ZONE);
  self->input_locale = dup_text (ini, RECIPE_INPUT_LOCALE);
  self->user_locale = dup_text (ini, RECIPE_USER_LOCALE);
  self->smaller = strcmp (compression, "smaller") == 0;
  self->skip_faulty_drivers = is_true (ini, RECIPE_SKIP_FAULTY_DRIVERS);
  self->drivers = g_ptr_array_new_with_free_func (driver_free);
  read_drivers (self, ini);
  return self;
}

/**
 * kl_recipe_load:
 * @folder: of a catalog entry
 *
 * Errors: those of kl_image_ini_load().
 */
KlRecipe *
kl_recipe_load (const char *folder, GError **error)
{
  g_autoptr (GKeyFile) ini = kl_image_ini_load (folder, KL_INI_IMAGE_FILE, error);

  return ini != NULL ? kl_recipe_new_from_ini (ini) : NULL;
}

/**
 * kl_recipe_is_empty:
 *
 * Returns: whether preparation would change nothing in the image
 */
gboolean
kl_recipe_is_empty (const KlRecipe *self)
{
  const char *const texts[]
      = { self->prestart_command, self->prestart_files, self->background,        self->binaries,
          self->extra_files,      self->start_command,  self->organization_name, self->time_zone,
          self->input_locale,     self->user_locale };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    if (*texts[i] != '\0')
      return FALSE;
  for (guint i = 0; i < self->drivers->len; i++)
    if (((KlRecipeDriver *) self->drivers->pdata[i])->enabled)
      return FALSE;
  return self->scratch_space == 0 && self->lab_shell == KL_RECIPE_KEEP;
}

/**
 * kl_recipe_dup_value:
 * @key: one of the keys of `image set`, see recipe-edit.c
 *
 * Returns: (transfer full): the value as `image set` takes it; "" where it is not set
 */
char *
kl_recipe_dup_value (const KlRecipe *self, const char *key)
{
  RecipeKey known;

  if (!kl_recipe_find_key (key, &known))
    return g_strdup ("");

  switch (known)
    {
    case RECIPE_SCRATCH_SPACE:
      return self->scratch_space > 0 ? g_strdup_printf ("%u", self->scratch_space) : g_strdup ("");
    case RECIPE_LAB_SHELL:
      return g_strdup (self->lab_shell == KL_RECIPE_TRUE    ? "true"
                       : self->lab_shell == KL_RECIPE_FALSE ? "false"
                                                            : "");
    case RECIPE_PRESTART_COMMAND:
      return g_strdup (self->prestart_command);
    case RECIPE_PRESTART_FILES:
      return g_strdup (self->prestart_files);
    case RECIPE_BACKGROUND:
      return g_strdup (self->background);
    case RECIPE_BINARIES:
      return g_strdup (self->binaries);
    case RECIPE_EXTRA_FILES:
      return g_strdup (self->extra_files);
    case RECIPE_START_COMMAND:
      return g_strdup (self->start_command);
    case RECIPE_ORGANIZATION_NAME:
      return g_strdup (self->organization_name);
    case RECIPE_TIME_ZONE:
      return g_strdup (self->time_zone);
    case RECIPE_INPUT_LOCALE:
      return g_strdup (self->input_locale);
    case RECIPE_USER_LOCALE:
      return g_strdup (self->user_locale);
    case RECIPE_COMPRESSION:
      return g_strdup (self->smaller ? "smaller" : "");
    case RECIPE_SKIP_FAULTY_DRIVERS:
      return g_strdup (self->skip_faulty_drivers ? "true" : "");
    case N_RECIPE_KEYS:
    default:
      return g_strdup ("");
    }
}

const char *
kl_recipe_get_ini_key (RecipeKey key)
{
  return ini_keys[key];
}
