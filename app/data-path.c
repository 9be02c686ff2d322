/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-data-path"

#include "data-path.h"

#include "config.h"

static char *
existing_file (const char *folder, const char *below, const char *relative)
{
  g_autofree char *path = g_build_filename (folder, below, relative, NULL);

  return g_file_test (path, G_FILE_TEST_EXISTS) ? g_canonicalize_filename (path, NULL) : NULL;
}

/**
 * kl_data_path_dup:
 * @relative: path below the data folder, such as "sample/boot.wim"
 *
 * Finds a data file of the program: in the build tree that the program was built in, else beside
 * the place it is installed in (so that an installation can be moved), else in the folder that was
 * configured.
 *
 * Returns: (transfer full) (nullable): the path, %NULL where the file is in none of them. Any
 * thread.
 */
char *
kl_data_path_dup (const char *relative)
{
  g_autofree char *program = g_file_read_link ("/proc/self/exe", NULL);
  char *found = NULL;

  if (program != NULL)
    {
      g_autofree char *folder = g_path_get_dirname (program);

      found = existing_file (folder, "../data", relative);
      if (found == NULL)
        found = existing_file (folder, "../share/kindling", relative);
    }

  return found != NULL ? found : existing_file (KL_DATA_DIR, "", relative);
}

/**
 * kl_data_path_dup_sample_wim:
 *
 * Returns: (transfer full) (nullable): the built-in sample boot image
 */
char *
kl_data_path_dup_sample_wim (void)
{
  return kl_data_path_dup ("sample/boot.wim");
}

/**
 * kl_data_path_dup_bios_code:
 *
 * Returns: (transfer full) (nullable): the folder with the start code for BIOS (KlBiosCode)
 */
char *
kl_data_path_dup_bios_code (void)
{
  g_autofree char *core = kl_data_path_dup ("bios/core.img");

  return core != NULL ? g_path_get_dirname (core) : NULL;
}
