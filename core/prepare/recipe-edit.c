/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-recipe-edit"

#include "prepare/recipe.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "image/catalog-entry.h"
#include "image/image-ini.h"
#include "edit/background.h"
#include "edit/locale-table.h"
#include "prepare/recipe-private.h"

/* "driver.NAME" and "driver.NAME/net/e1d.inf" turn drivers on and off. */
#define DRIVER_KEY_PREFIX "driver."

/* TSConfig.ini, winpeshl.ini: image-customisation.md 3.1, 3.2; characters. The start command goes
 * behind "%SYSTEMROOT%\System32\cmd.exe, /c ", and a line has at most 250. */
#define MAX_PRESTART_COMMAND 4096
#define MAX_START_COMMAND 216
#define MAX_ORGANIZATION_NAME 256
#define MAX_TIME_ZONE 127 /* a key name has at most 255 */
#define MAX_PATH_TEXT 4095

static const char *const keys[N_RECIPE_KEYS] = {
  [RECIPE_SCRATCH_SPACE] = "scratch-space",
  [RECIPE_LAB_SHELL] = "lab-shell",
  [RECIPE_PRESTART_COMMAND] = "prestart-command",
  [RECIPE_PRESTART_FILES] = "prestart-files",
  [RECIPE_BACKGROUND] = "background",
  [RECIPE_BINARIES] = "binaries",
  [RECIPE_EXTRA_FILES] = "extra-files",
  [RECIPE_START_COMMAND] = "start-command",
  [RECIPE_ORGANIZATION_NAME] = "organization-name",
  [RECIPE_TIME_ZONE] = "time-zone",
  [RECIPE_INPUT_LOCALE] = "input-locale",
  [RECIPE_USER_LOCALE] = "user-locale",
  [RECIPE_COMPRESSION] = "compression",
  [RECIPE_SKIP_FAULTY_DRIVERS] = "skip-faulty-drivers",
};

gboolean
kl_recipe_find_key (const char *key, RecipeKey *found)
{
  for (int i = 0; i < N_RECIPE_KEYS; i++)
    if (strcmp (keys[i], key) == 0)
      {
        *found = (RecipeKey) i;
        return TRUE;
      }
  return FALSE;
}

gboolean
kl_recipe_is_key (const char *key)
{
  RecipeKey known;

  return kl_recipe_find_key (key, &known) || g_str_has_prefix (key, DRIVER_KEY_PREFIX);
}

static gboolean
set_wrong (GError **error, const char *key, const char *value, const char *expected)
{
  g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT, "“%s” is no value for %s; give %s",
               value, key, expected);
  return FALSE;
}

static gboolean
check_one_of (const char *key, const char *value, const char *const *values, GError **error)
{
  g_autofree char *list = g_strjoinv (", ", (char **) values);

  return g_strv_contains (values, value) || set_wrong (error, key, value, list);
}

static gboolean
check_line (const char *key, const char *value, gsize max, gboolean ascii, GError **error)
{
  if (!kl_entry_text_is_valid (value, 0, max) || (ascii && !g_str_is_ascii (value)))
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                   "The %s must be at most %" G_GSIZE_FORMAT " characters of %s in one line", key,
                   max, ascii ? "ASCII" : "UTF-8");
      return FALSE;
    }
  return TRUE;
}

/* Whether the image has it, its own hives say; that is asked in the preview and in step 7. */
static gboolean
check_time_zone (const char *key, const char *value, GError **error)
{
  return check_line (key, value, MAX_TIME_ZONE, TRUE, error)
         && (strpbrk (value, "\\/:;") == NULL
             || set_wrong (error, key, value,
                           "the name that Windows has for it, such as W. Europe Standard Time"));
}

static gboolean
check_locale (const char *key, const char *value, gboolean keyboard, GError **error)
{
  g_autofree char *names = g_strjoinv (", ", (char **) kl_locale_get_names ());
  g_autofree char *expected = g_strdup_printf (
      keyboard ? "one of %s, or language and keyboard layout such as 0407:00000407" : "one of %s",
      names);
  KlInputLocale input;

  return (keyboard ? kl_input_locale_parse (value, &input) : kl_locale_find (value) != NULL)
         || set_wrong (error, key, value, expected);
}

/* Makes the path absolute; it must be there now. */
static char *
dup_checked_path (const char *key, const char *value, gboolean folder, GError **error)
{
  g_autofree char *path = g_canonicalize_filename (value, NULL);
  struct stat info;

  if (!kl_entry_text_is_valid (path, 1, MAX_PATH_TEXT))
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                   "The path for %s must be UTF-8 without control characters", key);
      return NULL;
    }
  if (stat (path, &info) != 0)
    {
      kl_set_error_errno (error, errno, "Cannot use “%s” for %s", path, key);
      return NULL;
    }
  if (folder ? !S_ISDIR (info.st_mode) : !S_ISREG (info.st_mode))
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                   folder ? "“%s” is no folder, which %s needs" : "“%s” is no file, which %s needs",
                   path, key);
      return NULL;
    }
  return g_steal_pointer (&path);
}

/* What goes into the record, after the value was found fit. */
static char *
dup_checked (RecipeKey key, const char *value, GError **error)
{
  static const char *const scratch_spaces[] = { "32", "64", "128", "256", "512", NULL };
  static const char *const switches[] = { "true", "false", NULL };
  static const char *const compressions[] = { "normal", "smaller", NULL };
  const char *name = keys[key];
  char *path;
  gboolean fit = FALSE;

  if (*value == '\0')
    return g_strdup ("");

  switch (key)
    {
    case RECIPE_SCRATCH_SPACE:
      fit = check_one_of (name, value, scratch_spaces, error);
      break;
    case RECIPE_LAB_SHELL:
    case RECIPE_SKIP_FAULTY_DRIVERS:
      fit = check_one_of (name, value, switches, error);
      break;
    case RECIPE_COMPRESSION:
      fit = check_one_of (name, value, compressions, error);
      break;
    case RECIPE_PRESTART_COMMAND:
      fit = check_line (name, value, MAX_PRESTART_COMMAND, FALSE, error);
      break;
    case RECIPE_START_COMMAND:
      fit = check_line (name, value, MAX_START_COMMAND, TRUE, error);
      break;
    case RECIPE_ORGANIZATION_NAME:
      fit = check_line (name, value, MAX_ORGANIZATION_NAME, FALSE, error);
      break;
    case RECIPE_TIME_ZONE:
      fit = check_time_zone (name, value, error);
      break;
    case RECIPE_INPUT_LOCALE:
    case RECIPE_USER_LOCALE:
      fit = check_locale (name, value, key == RECIPE_INPUT_LOCALE, error);
      break;
    case RECIPE_BACKGROUND:
      path = dup_checked_path (name, value, FALSE, error);
      if (path != NULL && !kl_background_check (path, error))
        g_clear_pointer (&path, g_free);
      return path;
    case RECIPE_PRESTART_FILES:
    case RECIPE_BINARIES:
    case RECIPE_EXTRA_FILES:
      return dup_checked_path (name, value, TRUE, error);
    case N_RECIPE_KEYS:
    default:
      break;
    }
  return fit ? g_strdup (value) : NULL;
}

static char *
find_driver_group (GKeyFile *ini, const char *name)
{
  g_auto (GStrv) groups = g_key_file_get_groups (ini, NULL);

  for (guint i = 0; groups[i] != NULL; i++)
    if (g_str_has_prefix (groups[i], KL_INI_DRIVER_PREFIX))
      {
        g_autofree char *own = kl_image_ini_dup_text (ini, groups[i], DRIVER_NAME, KL_NAME_MAX);

        if (strcmp (own, name) == 0)
          return g_strdup (groups[i]);
      }
  return NULL;
}

static gboolean
set_no_driver (GError **error, const char *id, const char *name)
{
  g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
               "Boot image %s has no drivers named “%s”", id, name);
  return FALSE;
}

/* A list of names with one more or less. */
static void
change_list (GKeyFile *ini, const char *group, const char *key, const char *name, gboolean add)
{
  g_auto (GStrv) old = g_key_file_get_string_list (ini, group, key, NULL, NULL);
  g_autoptr (GPtrArray) list = g_ptr_array_new ();

  for (guint i = 0; old != NULL && old[i] != NULL; i++)
    if (strcmp (old[i], name) != 0)
      g_ptr_array_add (list, old[i]);
  if (add)
    g_ptr_array_add (list, (gpointer) name);
  if (list->len > 0)
    g_key_file_set_string_list (ini, group, key, (const char *const *) list->pdata, list->len);
  else
    g_key_file_remove_key (ini, group, key, NULL);
}

/* A change to a record. */
typedef struct
{
  const char *id;
  const char *name;  /* of what is changed; NULL to choose one */
  const char *value; /* NULL to remove it */
  char *chosen;      /* owned; the name that was chosen */
  const KlRecipeSetting *settings;
  gsize n_settings;
} Change;

typedef gboolean (*ChangeFunc) (GKeyFile *ini, Change *change, GError **error);

/* Changes a record under its lock. */
static gboolean
edit (KlCatalog *catalog, ChangeFunc func, Change *change, GError **error)
{
  g_autofree char *folder = kl_catalog_find_entry (catalog, change->id, error);
  g_autoptr (KlEntryLock) lock = NULL;
  g_autoptr (GKeyFile) ini = NULL;

  if (folder == NULL)
    return FALSE;

  lock = kl_entry_lock_new (folder, change->id, TRUE, error);
  ini = lock != NULL ? kl_image_ini_load (folder, KL_INI_IMAGE_FILE, error) : NULL;
  if (ini == NULL || !func (ini, change, error)
      || !kl_image_ini_save (ini, folder, KL_INI_IMAGE_FILE, error))
    {
      kl_catalog_explain (catalog, error);
      return FALSE;
    }

  kl_catalog_wake (catalog);
  return TRUE;
}

/* The key is "driver.NAME" or "driver.NAME/net/e1d.inf" */
static gboolean
set_driver (GKeyFile *ini, const char *id, const KlRecipeSetting *setting, GError **error)
{
  static const char *const values[] = { "on", "off", NULL };
  g_auto (GStrv) parts = g_strsplit (setting->key + strlen (DRIVER_KEY_PREFIX), "/", 2);
  const char *name = parts[0] != NULL ? parts[0] : "";
  g_autofree char *group = find_driver_group (ini, name);
  gboolean on = strcmp (setting->value, "on") == 0;

  if (group == NULL)
    return set_no_driver (error, id, name);
  if (!check_one_of (setting->key, setting->value, values, error))
    return FALSE;

  if (parts[1] == NULL)
    g_key_file_set_boolean (ini, group, DRIVER_ENABLED, on);
  else
    {
      change_list (ini, group, DRIVER_ON, parts[1], on);
      change_list (ini, group, DRIVER_OFF, parts[1], !on);
    }
  return TRUE;
}

static gboolean
set_one (GKeyFile *ini, const char *id, const KlRecipeSetting *setting, GError **error)
{
  g_autofree char *checked = NULL;
  RecipeKey key;

  if (!kl_recipe_find_key (setting->key, &key))
    return set_driver (ini, id, setting, error);

  checked = dup_checked (key, setting->value, error);
  if (checked == NULL)
    return FALSE;
  if (*checked != '\0')
    g_key_file_set_string (ini, KL_INI_RECIPE, kl_recipe_get_ini_key (key), checked);
  else
    g_key_file_remove_key (ini, KL_INI_RECIPE, kl_recipe_get_ini_key (key), NULL);
  return TRUE;
}

static gboolean
set_all (GKeyFile *ini, Change *change, GError **error)
{
  for (gsize i = 0; i < change->n_settings; i++)
    if (!set_one (ini, change->id, &change->settings[i], error))
      return FALSE;
  return TRUE;
}

/**
 * kl_recipe_check:
 * @key: one of the keys of `image set` that belong to the recipe
 *
 * Whether kl_recipe_set() would take @value, as far as it can be known without an image.
 *
 * Errors: those of kl_recipe_set() that come from the value. Blocks; any thread.
 */
gboolean
kl_recipe_check (const char *key, const char *value, GError **error)
{
  g_autofree char *checked = NULL;
  RecipeKey known;

  g_return_val_if_fail (kl_recipe_find_key (key, &known), FALSE);

  checked = dup_checked (known, value, error);
  return checked != NULL;
}

/**
 * kl_recipe_set_all:
 * @settings: (array length=n_settings): as kl_recipe_set() takes them
 *
 * Changes several things in the recipe of an image: all of them, or none where one is not fit.
 *
 * Errors: as kl_recipe_set(). Blocks; any thread.
 */
gboolean
kl_recipe_set_all (KlCatalog *catalog,
                   const char *id,
                   const KlRecipeSetting *settings,
                   gsize n_settings,
                   GError **error)
{
  Change change = { .id = id, .settings = settings, .n_settings = n_settings };

  g_return_val_if_fail (KL_IS_CATALOG (catalog), FALSE);

  return edit (catalog, set_all, &change, error);
}

/**
 * kl_recipe_set:
 * @key: see kl_recipe_is_key()
 * @value: UTF-8; "" leaves the thing as it is in the source image
 *
 * Changes one thing in the recipe of an image, after the value was found fit. Nothing happens to
 * the image until it is prepared.
 *
 * Errors: KL_ERROR_INVALID_ARGUMENT, KL_ERROR_NOT_FOUND and others for a path that cannot be used,
 * KL_ERROR_FORMAT for a picture that is none, KL_ERROR_MISSING_PACKAGE, KL_ERROR_BUSY, KL_ERROR_*
 * of writing. Any thread.
 */
gboolean
kl_recipe_set (
    KlCatalog *catalog, const char *id, const char *key, const char *value, GError **error)
{
  const KlRecipeSetting setting = { key, value };

  g_return_val_if_fail (kl_recipe_is_key (key), FALSE);

  return kl_recipe_set_all (catalog, id, &setting, 1, error);
}

/**
 * kl_recipe_load_with:
 * @folder: of a catalog entry
 * @settings: (array length=n_settings): as kl_recipe_set() takes them
 *
 * Errors: those of kl_image_ini_load(), and of kl_recipe_set() that come from a value. Blocks; any
 * thread.
 *
 * Returns: (transfer full): the recipe as it would be with @settings; nothing is written
 */
KlRecipe *
kl_recipe_load_with (const char *folder,
                     const KlRecipeSetting *settings,
                     gsize n_settings,
                     GError **error)
{
  g_autofree char *id = g_path_get_basename (folder);
  g_autoptr (GKeyFile) ini = kl_image_ini_load (folder, KL_INI_IMAGE_FILE, error);
  Change change = { .id = id, .settings = settings, .n_settings = n_settings };

  return ini != NULL && set_all (ini, &change, error) ? kl_recipe_new_from_ini (ini) : NULL;
}

static char *
find_free_name (GKeyFile *ini, const char *path)
{
  g_autofree char *base = g_path_get_basename (path);
  char *name = g_strdup (base);

  for (guint i = 2;; i++)
    {
      g_autofree char *group = find_driver_group (ini, name);

      if (group == NULL)
        return name;
      g_free (name);
      name = g_strdup_printf ("%s-%u", base, i);
    }
}

static gboolean
add_driver (GKeyFile *ini, Change *change, GError **error)
{
  g_autofree char *group = NULL;
  guint number = 0;

  do
    {
      g_free (group);
      group = g_strdup_printf (KL_INI_DRIVER_PREFIX "%u", ++number);
    }
  while (g_key_file_has_group (ini, group));

  change->chosen = find_free_name (ini, change->value);
  g_key_file_set_string (ini, group, DRIVER_NAME, change->chosen);
  g_key_file_set_string (ini, group, DRIVER_PATH, change->value);
  g_key_file_set_boolean (ini, group, DRIVER_ENABLED, TRUE);
  return TRUE;
}

/**
 * kl_recipe_add_driver:
 * @path: a folder with driver packages, or a .cab file
 * @name: (out) (transfer full): under which it stands in the recipe: the base name, with a number
 *   where that is taken
 *
 * Errors: as kl_recipe_set(). Any thread.
 */
gboolean
kl_recipe_add_driver (
    KlCatalog *catalog, const char *id, const char *path, char **name, GError **error)
{
  g_autofree char *absolute = g_canonicalize_filename (path, NULL);
  g_autofree char *checked = NULL;
  Change change = { .id = id };
  gboolean is_file = g_file_test (absolute, G_FILE_TEST_IS_REGULAR);

  g_return_val_if_fail (KL_IS_CATALOG (catalog), FALSE);

  change.value = checked = dup_checked_path ("drivers", absolute, !is_file, error);
  if (checked == NULL || !edit (catalog, add_driver, &change, error))
    {
      g_free (change.chosen);
      return FALSE;
    }

  *name = change.chosen;
  return TRUE;
}

static gboolean
remove_driver (GKeyFile *ini, Change *change, GError **error)
{
  g_autofree char *group = find_driver_group (ini, change->name);

  if (group == NULL)
    return set_no_driver (error, change->id, change->name);
  return g_key_file_remove_group (ini, group, NULL);
}

/**
 * kl_recipe_remove_driver:
 *
 * Errors: KL_ERROR_INVALID_ARGUMENT where the recipe has no such drivers; else as kl_recipe_set().
 * Any thread.
 */
gboolean
kl_recipe_remove_driver (KlCatalog *catalog, const char *id, const char *name, GError **error)
{
  Change change = { .id = id, .name = name };

  g_return_val_if_fail (KL_IS_CATALOG (catalog), FALSE);

  return edit (catalog, remove_driver, &change, error);
}
