/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-language"

#include "config.h"

#include "language.h"

#include <libintl.h>
#include <locale.h>

/* Of the build tree that the program was built in, else beside the place it is installed in, else
 * the folder that was configured; as with other data (data-path.c). */
static char *
dup_catalogs_folder (void)
{
  const char *given = g_getenv ("KINDLING_LOCALE_DIR");
  g_autofree char *program = g_file_read_link ("/proc/self/exe", NULL);

  if (given != NULL && *given != '\0')
    return g_strdup (given);

  for (const char *const *below = (const char *const[]){ "../po", "../share/locale", NULL };
       program != NULL && *below != NULL; below++)
    {
      g_autofree char *folder = g_path_get_dirname (program);
      g_autofree char *path = g_build_filename (folder, *below, NULL);

      if (g_file_test (path, G_FILE_TEST_IS_DIR))
        return g_canonicalize_filename (path, NULL);
    }
  return g_strdup (KL_LOCALE_DIR);
}

/**
 * kl_language_set_up:
 * @for_scripts: what is printed is read by programs: English, and numbers with a point
 *
 * Takes the locale from the environment, and the translations of this program. To be called first
 * of all, once. KINDLING_LOCALE_DIR names another folder with translations, for who tries them.
 */
void
kl_language_set_up (gboolean for_scripts)
{
  g_autofree char *folder = dup_catalogs_folder ();

  setlocale (LC_ALL, "");
  if (for_scripts)
    {
      setlocale (LC_MESSAGES, "C");
      setlocale (LC_NUMERIC, "C");
      setlocale (LC_TIME, "C");
    }

  bindtextdomain (GETTEXT_PACKAGE, folder);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
}
