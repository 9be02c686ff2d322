/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include <stdlib.h>

#include <glib.h>
#include <glib/gstdio.h>

static char *folder;
static char *path;

static void
remove_file (void)
{
  if (path != NULL)
    g_unlink (path);
  if (folder != NULL)
    g_rmdir (folder);
  g_clear_pointer (&path, g_free);
  g_clear_pointer (&folder, g_free);
}

const char *
fuzz_write_file (const char *name, const uint8_t *data, size_t size)
{
  FILE *file;

  if (folder == NULL)
    {
      folder = g_dir_make_tmp ("kl-fuzz-XXXXXX", NULL);
      g_assert_nonnull (folder);
      path = g_build_filename (folder, name, NULL);
      atexit (remove_file);
    }

  /* Not atomic and not flushed, which would take most of the time. */
  file = fopen (path, "wb");
  g_assert_nonnull (file);
  if (size > 0)
    g_assert_cmpuint (fwrite (data, 1, size, file), ==, size);
  g_assert_cmpint (fclose (file), ==, 0);
  return path;
}
