/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include "base/file-io.h"
#include "driver/driver-archive.h"

/* A .cab file with drivers: whatever its names say, all is written below one private folder. */
int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const char *path = fuzz_write_file ("driver.cab", data, size);
  g_autofree char *around = g_path_get_dirname (path);
  g_autoptr (KlDriverArchive) archive = NULL;
  g_autofree char *folder = NULL;
  g_autoptr (GDir) dir = NULL;
  guint n_files = 0;

  if (!kl_driver_archive_is_cab (path))
    return 0;

  archive = kl_driver_archive_extract (path, NULL, NULL, NULL);
  folder = archive != NULL ? g_strdup (kl_driver_archive_get_folder (archive)) : NULL;
  g_clear_pointer (&archive, kl_driver_archive_free);
  g_assert_true (folder == NULL || !g_file_test (folder, G_FILE_TEST_EXISTS));

  dir = g_dir_open (around, 0, NULL);
  while (g_dir_read_name (dir) != NULL)
    n_files++;
  g_assert_cmpuint (n_files, ==, 1);
  return 0;
}
