/* SPDX-License-Identifier: GPL-3.0-or-later */

/* write-loader OUT ARCHITECTURE BUILD FOLDER: writes the loader for all packages of FOLDER into
 * OUT, as it would stand in an image, and prints the path of each package below Drivers. */

#include <stdio.h>
#include <stdlib.h>

#include "driver/driver-loader.h"

static gboolean
write_files (GPtrArray *files, const char *out, GError **error)
{
  for (guint i = 0; i < files->len; i++)
    {
      const KlDriverLoaderFile *file = g_ptr_array_index (files, i);
      g_autofree char *path = g_build_filename (out, file->path, NULL);
      g_autofree char *folder = g_path_get_dirname (path);
      gsize size;
      const char *data = g_bytes_get_data (file->content, &size);

      g_mkdir_with_parents (folder, 0700);
      if (!g_file_set_contents (path, data, (gssize) size, error))
        return FALSE;
    }
  return TRUE;
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) packages = NULL;
  g_autoptr (GPtrArray) files = NULL;
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
  g_autofree KlDriverPlace *places = NULL;
  guint build;

  if (argc != 5)
    return 2;

  build = (guint) atoi (argv[3]);
  packages = kl_driver_folder_scan (argv[4], NULL, NULL, &error);
  if (packages != NULL)
    {
      kl_driver_packages_sort (packages);
      places = g_new0 (KlDriverPlace, packages->len);
      for (guint i = 0; i < packages->len; i++)
        {
          places[i].package = g_ptr_array_index (packages, i);
          g_ptr_array_add (paths, g_strdup_printf ("%03u/%s", i + 1,
                                                   kl_driver_package_get_inf (places[i].package)));
          places[i].inf = g_ptr_array_index (paths, i);
          printf ("%s\n", places[i].inf);
        }
      files = kl_driver_loader_generate (places, packages->len, argv[2], build, &error);
    }
  if (files == NULL || !write_files (files, argv[1], &error))
    {
      fprintf (stderr, "%s\n", error->message);
      return 1;
    }
  return 0;
}
