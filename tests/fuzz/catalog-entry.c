/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include <glib/gstdio.h>

#include "base/file-io.h"
#include "boot/boot-files.h"
#include "image/image-ini.h"
#include "image/injection-status.h"
#include "prepare/recipe.h"

#define ENTRY "KDL00001"

static char *catalog;

static void
remove_catalog (void)
{
  kl_remove_tree (catalog, NULL);
  g_clear_pointer (&catalog, g_free);
}

/* A second name for the same bytes, at a place in the catalog. */
static void
link_into_catalog (const char *file, const char *name)
{
  g_autofree char *path = g_build_filename (catalog, ENTRY, name, NULL);
  g_autofree char *folder = g_path_get_dirname (path);

  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  g_unlink (path);
  g_assert_cmpint (symlink (file, path), ==, 0);
}

static void
prepare (const char *file)
{
  if (catalog != NULL)
    return;

  catalog = g_dir_make_tmp ("kl-fuzz-XXXXXX", NULL);
  g_assert_nonnull (catalog);
  atexit (remove_catalog);
  link_into_catalog (file, KL_INI_IMAGE_FILE);
  link_into_catalog (file, KL_INI_STATUS_FILE);
  link_into_catalog (file, KL_SOURCE_WIM_FILE);
  link_into_catalog (file, KL_MEDIA_FOLDER "/20260304T050608Z-1.ini");
  link_into_catalog (file, KL_BOOT_FILES_FOLDER "/boot-files.ini");
}

static void
read_image (KlBootImage *image)
{
  g_autoptr (KlBootFiles) files = NULL;
  g_autoptr (KlRecipe) recipe = NULL;
  const char *reason = NULL;

  g_assert_true (g_utf8_validate (kl_boot_image_get_name (image), -1, NULL));
  kl_boot_image_get_state (image);
  kl_boot_image_can_bios (image, TRUE, &reason);
  kl_boot_image_can_uefi (image, &reason);
  files = kl_boot_image_load_boot_files (image, NULL);
  recipe = kl_recipe_load (kl_boot_image_get_folder (image), NULL);
}

/* image.ini, status.ini, boot-files.ini and the records of media of a catalog that others write
 * to: one text in the place of each. */
int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const char *path = fuzz_write_file ("entry.ini", data, size);
  g_autoptr (KlCatalog) opened = NULL;
  g_autoptr (KlBootFiles) files = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *entry = NULL;
  g_autofree char *boot = NULL;

  prepare (path);
  opened = kl_catalog_new (catalog);
  g_assert_true (kl_catalog_load (opened, &error));
  g_assert_no_error (error);
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (opened)); i++)
    {
      g_autoptr (KlBootImage) image = g_list_model_get_item (G_LIST_MODEL (opened), i);

      if (kl_boot_image_get_error (image) == NULL)
        read_image (image);
    }

  entry = g_build_filename (catalog, ENTRY, NULL);
  boot = g_build_filename (entry, KL_BOOT_FILES_FOLDER, NULL);
  files = kl_boot_files_load (boot, NULL);
  kl_injection_status_free (kl_injection_status_load (entry));
  g_ptr_array_unref (kl_media_record_list (entry, 10, NULL));
  return 0;
}
