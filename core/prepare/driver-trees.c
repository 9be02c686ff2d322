/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-driver-trees"

#include "prepare/prepare-steps.h"

#include <string.h>

#include "base/error.h"
#include "driver/driver-archive.h"
#include "driver/driver-findings.h"
#include "driver/driver-loader.h"
#include "driver/driver-package.h"
#include "prepare/driver-survey.h"

/* What the loader can name: \Drivers\001 … \Drivers\999. */
#define MAX_FOLDERS 999

/* The packages of one folder or archive of the recipe that are to be loaded. */
static gboolean
read_driver (KlPrepareContext *context,
             const KlRecipeDriver *driver,
             GPtrArray *chosen,
             KlProgress *progress,
             GError **error)
{
  const char *folder = driver->path;
  g_autoptr (GPtrArray) packages = NULL;

  if (kl_driver_archive_is_cab (folder))
    {
      KlDriverArchive *archive
          = kl_driver_archive_extract (folder, NULL, context->cancellable, error);

      if (archive == NULL)
        return FALSE;
      g_ptr_array_add (context->archives, archive);
      folder = kl_driver_archive_get_folder (archive);
    }

  packages = kl_driver_folder_scan (folder, progress, context->cancellable, error);
  if (packages == NULL)
    return FALSE;
  if (packages->len == 0)
    kl_image_tree_warn (context->tree, "“%s” holds no driver package", driver->path);

  for (guint i = 0; i < packages->len; i++)
    if (kl_recipe_driver_chooses (driver, packages->pdata[i]))
      g_ptr_array_add (chosen, g_object_ref (packages->pdata[i]));
    else
      kl_image_tree_warn (context->tree, "Not loaded: “%s” of the drivers “%s”",
                          kl_driver_package_get_inf (packages->pdata[i]), driver->name);
  return TRUE;
}

/* An error stops everything, or the package alone where the recipe says so. */
static gboolean
judge (KlPrepareContext *context,
       const KlDriverFinding *finding,
       GHashTable *faulty,
       GError **error)
{
  const char *path = kl_driver_package_get_path (finding->package);

  if (finding->severity == KL_DRIVER_NOTE)
    return TRUE;
  if (finding->severity == KL_DRIVER_ERROR && !context->recipe->skip_faulty_drivers)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_FORMAT, "“%s”: %s (%s)", path, finding->text,
                   finding->code);
      if (error != NULL)
        kl_error_set_detail (*error, path);
      return FALSE;
    }

  if (finding->severity == KL_DRIVER_ERROR)
    g_hash_table_add (faulty, finding->package);
  kl_image_tree_warn (context->tree,
                      finding->severity == KL_DRIVER_ERROR ? "Left out: “%s”: %s (%s)"
                                                           : "“%s”: %s (%s)",
                      path, finding->text, finding->code);
  return TRUE;
}

/**
 * kl_prepare_check_drivers:
 *
 * Step 3: reads the driver packages that are on, and judges them for the image. Fills
 * context->drivers, in the order in which they are to be loaded.
 *
 * Errors: KL_ERROR_FORMAT with the path of the INF as its detail for a faulty package, unless those
 * are skipped; those of reading folders and archives.
 */
gboolean
kl_prepare_check_drivers (KlPrepareContext *context, KlProgress *progress, GError **error)
{
  g_autoptr (GPtrArray) chosen = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GPtrArray) findings = NULL;
  g_autoptr (GHashTable) faulty = g_hash_table_new (NULL, NULL);

  for (guint i = 0; i < context->recipe->drivers->len; i++)
    {
      const KlRecipeDriver *driver = context->recipe->drivers->pdata[i];

      if (driver->enabled && !read_driver (context, driver, chosen, NULL, error))
        return kl_error_blame (error, driver->path);
    }

  findings = kl_driver_check (chosen, context->architecture, context->build, context->cancellable,
                              error);
  if (findings == NULL)
    return FALSE;
  for (guint i = 0; i < findings->len; i++)
    if (!judge (context, findings->pdata[i], faulty, error))
      return FALSE;

  for (guint i = 0; i < chosen->len; i++)
    if (!g_hash_table_contains (faulty, chosen->pdata[i]))
      g_ptr_array_add (context->drivers, g_object_ref (chosen->pdata[i]));
  kl_driver_packages_sort (context->drivers);
  return TRUE;
}

static gboolean
is_below (const char *path, const char *folder)
{
  gsize length = strlen (folder);

  return strncmp (path, folder, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

static int
compare_folders (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* The folders that get a number, each outside the others: a package inside the tree of another one
 * goes along with that. */
static GPtrArray *
find_folders (GPtrArray *drivers)
{
  g_autoptr (GPtrArray) all = g_ptr_array_new ();
  GPtrArray *folders = g_ptr_array_new ();

  for (guint i = 0; i < drivers->len; i++)
    g_ptr_array_add (all, (gpointer) kl_driver_package_get_folder (drivers->pdata[i]));
  g_ptr_array_sort (all, compare_folders);

  /* "a-b" sorts between "a" and "a/b": so all that were taken are asked. */
  for (guint i = 0; i < all->len; i++)
    {
      gboolean inside = FALSE;

      for (guint j = 0; !inside && j < folders->len; j++)
        inside = is_below (all->pdata[i], folders->pdata[j]);
      if (!inside)
        g_ptr_array_add (folders, all->pdata[i]);
    }
  return folders;
}

/* "001/net/e1d.inf" */
static char *
dup_place (GPtrArray *folders, KlDriverPackage *package)
{
  const char *path = kl_driver_package_get_path (package);

  for (guint i = 0; i < folders->len; i++)
    if (is_below (kl_driver_package_get_folder (package), folders->pdata[i]))
      return g_strdup_printf ("%03u%s", i + 1, path + strlen (folders->pdata[i]));
  return NULL;
}

static gboolean
add_trees (KlPrepareContext *context, GPtrArray *folders, KlProgress *progress, GError **error)
{
  if (folders->len > MAX_FOLDERS)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                   "The drivers lie in %u folders; at most %d can be loaded", folders->len,
                   MAX_FOLDERS);
      return FALSE;
    }

  for (guint i = 0; i < folders->len; i++)
    {
      g_autofree char *path = g_strdup_printf ("\\" KL_DRIVER_LOADER_FOLDER "\\%03u", i + 1);

      if (!kl_image_tree_add_folder (context->tree, path, folders->pdata[i], progress,
                                     context->cancellable, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
add_loader (KlPrepareContext *context, GPtrArray *folders, GError **error)
{
  g_autofree KlDriverPlace *places = g_new0 (KlDriverPlace, context->drivers->len);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) files = NULL;

  for (guint i = 0; i < context->drivers->len; i++)
    {
      places[i].package = context->drivers->pdata[i];
      places[i].inf = dup_place (folders, places[i].package);
      g_ptr_array_add (names, (gpointer) places[i].inf);
    }

  files = kl_driver_loader_generate (places, context->drivers->len, context->architecture,
                                     context->build, error);
  if (files == NULL)
    return FALSE;
  for (guint i = 0; i < files->len; i++)
    {
      const KlDriverLoaderFile *file = files->pdata[i];
      g_autofree char *below = g_strdelimit (g_strdup (file->path), "/", '\\');
      g_autofree char *path = g_strconcat ("\\", below, NULL);

      if (!kl_image_tree_add_bytes (context->tree, path, file->content, error))
        return FALSE;
    }
  return TRUE;
}

/**
 * kl_prepare_add_drivers:
 *
 * Step 5: each package with the whole tree that holds its INF to \Drivers\NNN, and what loads them
 * (image-customisation.md 5.2). Two packages of one folder share a number.
 */
gboolean
kl_prepare_add_drivers (KlPrepareContext *context, KlProgress *progress, GError **error)
{
  g_autoptr (GPtrArray) folders = NULL;

  if (context->drivers->len == 0)
    return TRUE;

  folders = find_folders (context->drivers);
  return add_trees (context, folders, progress, error) && add_loader (context, folders, error);
}
