/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-driver-survey"

#include "prepare/driver-survey.h"

#include "driver/driver-archive.h"
#include "image/image-ini.h"

static void
folder_free (gpointer data)
{
  KlSurveyFolder *folder = data;

  g_clear_error (&folder->error);
  g_free (folder);
}

static void
package_free (gpointer data)
{
  KlSurveyPackage *package = data;

  g_object_unref (package->package);
  g_ptr_array_unref (package->findings);
  g_free (package);
}

static void
clear (gpointer data)
{
  KlDriverSurvey *self = data;

  g_clear_pointer (&self->packages, g_ptr_array_unref);
  g_clear_pointer (&self->folders, g_ptr_array_unref);
  g_clear_pointer (&self->recipe, kl_recipe_free);
  g_free (self->architecture);
}

KlDriverSurvey *
kl_driver_survey_ref (KlDriverSurvey *self)
{
  return g_atomic_rc_box_acquire (self);
}

void
kl_driver_survey_unref (KlDriverSurvey *self)
{
  g_atomic_rc_box_release_full (self, clear);
}

/**
 * kl_recipe_driver_chooses:
 *
 * Returns: whether @package of the folder is to be loaded: what is of use for start-up is, and what
 *   cannot be read, so that it is noticed; unless the recipe says otherwise
 */
gboolean
kl_recipe_driver_chooses (const KlRecipeDriver *self, KlDriverPackage *package)
{
  const char *inf = kl_driver_package_get_inf (package);

  if (g_strv_contains ((const char *const *) self->off, inf))
    return FALSE;
  return g_strv_contains ((const char *const *) self->on, inf)
         || kl_driver_package_get_problem (package) != NULL
         || kl_driver_package_is_default (package);
}

/* An archive is kept in @archives until its packages are judged. */
static GPtrArray *
scan (const char *path,
      GPtrArray *archives,
      KlProgress *progress,
      GCancellable *cancellable,
      GError **error)
{
  const char *folder = path;

  if (kl_driver_archive_is_cab (path))
    {
      KlDriverArchive *archive = kl_driver_archive_extract (path, NULL, cancellable, error);

      if (archive == NULL)
        return NULL;
      g_ptr_array_add (archives, archive);
      folder = kl_driver_archive_get_folder (archive);
    }
  return kl_driver_folder_scan (folder, progress, cancellable, error);
}

static void
add_package (KlDriverSurvey *self, const KlSurveyFolder *folder, KlDriverPackage *package)
{
  KlSurveyPackage *item = g_new0 (KlSurveyPackage, 1);

  item->folder = folder;
  item->package = g_object_ref (package);
  item->on = kl_recipe_driver_chooses (folder->driver, package);
  item->serves = kl_driver_package_serves (package, self->architecture, self->build);
  item->findings = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_driver_finding_free);
  g_ptr_array_add (self->packages, item);
}

/* A folder that cannot be read is one of the things that a survey tells. */
static gboolean
read_folder (KlDriverSurvey *self,
             const KlRecipeDriver *driver,
             GPtrArray *archives,
             KlProgress *progress,
             GCancellable *cancellable,
             GError **error)
{
  KlSurveyFolder *folder = g_new0 (KlSurveyFolder, 1);
  g_autoptr (GPtrArray) packages = NULL;

  folder->driver = driver;
  g_ptr_array_add (self->folders, folder);
  packages = scan (driver->path, archives, progress, cancellable, &folder->error);
  if (packages == NULL)
    return !g_cancellable_set_error_if_cancelled (cancellable, error);

  folder->n_packages = packages->len;
  for (guint i = 0; i < packages->len; i++)
    add_package (self, folder, packages->pdata[i]);
  return TRUE;
}

static gboolean
judge (KlDriverSurvey *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) packages = g_ptr_array_new ();
  g_autoptr (GHashTable) items = g_hash_table_new (NULL, NULL);
  g_autoptr (GPtrArray) findings = NULL;

  for (guint i = 0; i < self->packages->len; i++)
    {
      KlSurveyPackage *item = self->packages->pdata[i];

      g_ptr_array_add (packages, item->package);
      g_hash_table_insert (items, item->package, item);
    }

  findings = kl_driver_check (packages, self->architecture, self->build, cancellable, error);
  if (findings == NULL)
    return FALSE;
  g_ptr_array_set_free_func (findings, NULL);
  for (guint i = 0; i < findings->len; i++)
    {
      KlDriverFinding *finding = findings->pdata[i];
      KlSurveyPackage *item = g_hash_table_lookup (items, finding->package);

      g_ptr_array_add (item->findings, finding);
    }
  return TRUE;
}

/* A recipe with nothing but one folder, as it would stand there if it was added. */
static KlRecipe *
recipe_of_path (const char *path)
{
  static const char *const none[] = { NULL };
  g_autoptr (GKeyFile) ini = g_key_file_new ();
  g_autofree char *name = g_path_get_basename (path);
  KlRecipe *recipe = kl_recipe_new_from_ini (ini);
  KlRecipeDriver *driver = g_new0 (KlRecipeDriver, 1);

  driver->name = g_steal_pointer (&name);
  driver->path = g_strdup (path);
  driver->enabled = TRUE;
  driver->on = g_strdupv ((char **) none);
  driver->off = g_strdupv ((char **) none);
  g_ptr_array_add (recipe->drivers, driver);
  return recipe;
}

/**
 * kl_driver_survey_new:
 * @folder: of a catalog entry
 * @path: (nullable): a folder or .cab file that is to be looked at instead of those of the recipe
 * @progress: (nullable): gets a step for each folder
 *
 * Reads the drivers of a recipe and judges all of them for the image, also those that are off. A
 * folder that cannot be read has the reason beside it.
 *
 * Errors: those of kl_image_ini_load(); G_IO_ERROR_CANCELLED. Blocks; any thread.
 *
 * Returns: (transfer full): what was found
 */
KlDriverSurvey *
kl_driver_survey_new (const char *folder,
                      const char *path,
                      KlProgress *progress,
                      GCancellable *cancellable,
                      GError **error)
{
  g_autoptr (GKeyFile) ini = kl_image_ini_load (folder, KL_INI_IMAGE_FILE, error);
  g_autoptr (GPtrArray) archives
      = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_driver_archive_free);
  g_autoptr (KlDriverSurvey) self = NULL;

  if (ini == NULL)
    return NULL;

  self = g_atomic_rc_box_new0 (KlDriverSurvey);
  self->recipe = path != NULL ? recipe_of_path (path) : kl_recipe_new_from_ini (ini);
  self->architecture = kl_image_ini_dup_text (ini, KL_INI_IMAGE, KL_INI_ARCHITECTURE, 64);
  self->build = kl_image_ini_get_build (ini);
  self->folders = g_ptr_array_new_with_free_func (folder_free);
  self->packages = g_ptr_array_new_with_free_func (package_free);

  for (guint i = 0; i < self->recipe->drivers->len; i++)
    {
      KlProgress *step = kl_progress_add_step (progress, 1, NULL);

      kl_progress_start (step);
      if (!read_folder (self, self->recipe->drivers->pdata[i], archives, step, cancellable, error))
        return NULL;
      kl_progress_finish (step);
    }
  return judge (self, cancellable, error) ? g_steal_pointer (&self) : NULL;
}

gboolean
kl_survey_package_has (const KlSurveyPackage *self, KlDriverSeverity severity)
{
  for (guint i = 0; i < self->findings->len; i++)
    if (((const KlDriverFinding *) self->findings->pdata[i])->severity == severity)
      return TRUE;
  return FALSE;
}

/**
 * kl_survey_package_loads:
 *
 * Returns: whether preparation puts the package into the image to be loaded: it and its folder are
 *   on, and nothing is wrong with it
 */
gboolean
kl_survey_package_loads (const KlSurveyPackage *self)
{
  return self->on && self->folder->driver->enabled
         && !kl_survey_package_has (self, KL_DRIVER_ERROR);
}

KlSurveyCount
kl_driver_survey_count (const KlDriverSurvey *self)
{
  KlSurveyCount count = { 0 };

  for (guint i = 0; i < self->folders->len; i++)
    {
      const KlSurveyFolder *folder = self->folders->pdata[i];

      count.n_errors += folder->error != NULL && folder->driver->enabled;
    }
  for (guint i = 0; i < self->packages->len; i++)
    {
      const KlSurveyPackage *package = self->packages->pdata[i];

      if (kl_survey_package_loads (package))
        {
          count.n_loaded++;
          count.n_warnings += kl_survey_package_has (package, KL_DRIVER_WARNING);
        }
      else
        count.n_errors += package->on && package->folder->driver->enabled;
    }
  return count;
}
