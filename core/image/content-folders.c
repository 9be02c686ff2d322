/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-content-folders"

#include "image/content-folders.h"

#include <sys/stat.h>

#include "base/error.h"
#include "image/image-ini.h"

#define FOLDERS_MAX 64

/* In the order in which they are looked at. */
static char **
dup_candidates (const char *folder, const char *id)
{
  g_autofree char *name = g_strdup_printf ("boot.%s.wim", id);
  g_autoptr (GStrvBuilder) paths = g_strv_builder_new ();
  g_autofree char *in_package = g_build_filename (folder, id, name, NULL);
  g_autofree char *prepared = g_build_filename (folder, id, KL_BOOT_WIM_FILE, NULL);
  g_autofree char *source = g_build_filename (folder, id, KL_SOURCE_WIM_FILE, NULL);
  g_autofree char *loose = g_build_filename (folder, name, NULL);

  g_strv_builder_add_many (paths, in_package, prepared, source, loose, NULL);
  return g_strv_builder_end (paths);
}

/* The size first, which costs nothing; then the whole content. NULL without an error: another
 * one. */
static KlBootImage *
try_candidate (KlBootImage *image, const char *path, GCancellable *cancellable, GError **error)
{
  g_autoptr (KlBootImage) found = NULL;
  g_autoptr (GError) local = NULL;
  struct stat info;

  if (stat (path, &info) != 0 || !S_ISREG (info.st_mode)
      || (guint64) info.st_size != kl_boot_image_get_size (image))
    return NULL;

  found = kl_boot_image_load_with_wim (kl_boot_image_get_folder (image), path, &local);
  if (found != NULL && kl_boot_image_check_sha256 (found, NULL, cancellable, &local))
    return g_steal_pointer (&found);

  if (g_error_matches (local, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_propagate_error (error, g_steal_pointer (&local));
  else
    g_debug ("Not the WIM of %s: %s", kl_boot_image_get_id (image), local->message);
  return NULL;
}

/**
 * kl_content_folders_find:
 * @folders: most preferred first; maybe none
 * @image: one whose own WIM is gone or another
 *
 * Looks for the WIM by the recorded size and SHA-256. Blocks for as long as it takes to read the
 * files that have the size; any thread.
 *
 * Errors: G_IO_ERROR_CANCELLED, and no other: that there is none is for the caller to say.
 *
 * Returns: (transfer full) (nullable): the image with the WIM that was found, already compared; or
 *   %NULL without an error
 */
KlBootImage *
kl_content_folders_find (const char *const *folders,
                         KlBootImage *image,
                         GCancellable *cancellable,
                         GError **error)
{
  for (guint i = 0; folders != NULL && folders[i] != NULL; i++)
    {
      g_auto (GStrv) paths = dup_candidates (folders[i], kl_boot_image_get_id (image));

      for (guint k = 0; paths[k] != NULL; k++)
        {
          g_autoptr (GError) local = NULL;
          KlBootImage *found = try_candidate (image, paths[k], cancellable, &local);

          if (found != NULL)
            return found;
          if (local != NULL)
            {
              g_propagate_error (error, g_steal_pointer (&local));
              return NULL;
            }
        }
    }

  return NULL;
}

/**
 * kl_content_folders_parse:
 * @list: (nullable): DistributionPoints of the documented API: absolute paths, separated by commas
 *
 * Errors: KL_ERROR_INVALID_ARGUMENT, which names the number of the folder.
 *
 * Returns: (transfer full) (nullable): the folders, none for no list
 */
char **
kl_content_folders_parse (const char *list, GError **error)
{
  g_auto (GStrv) folders = g_strsplit (list != NULL ? list : "", ",", FOLDERS_MAX + 1);

  for (guint i = 0; folders[i] != NULL; i++)
    if (i == FOLDERS_MAX || g_strstrip (folders[i])[0] != G_DIR_SEPARATOR)
      {
        g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                     "Distribution point %u is not the absolute path of a folder, or one too many",
                     i + 1);
        return NULL;
      }

  return g_steal_pointer (&folders);
}
