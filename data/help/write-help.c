/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * write-help TEMPLATE SCRIPT: prints a page of the manual, with the list of codes and the script in
 * the place of their marks. The list comes from the tables that the programs use, so that the two
 * cannot differ.
 */
#include <stdio.h>

#include <gio/gio.h>

#include "help-codes.h"

static void
print_line (const char *line, const char *script)
{
  const char *mark = strstr (line, "@EXAMPLE@");

  if (g_str_equal (line, KL_HELP_CODES_MARK))
    {
      g_autofree char *codes = kl_help_codes_dup (TRUE);

      fputs (codes, stdout);
    }
  else if (mark != NULL)
    {
      g_autofree char *escaped = g_markup_escape_text (script, -1);

      printf ("%.*s%s%s\n", (int) (mark - line), line, escaped, mark + strlen ("@EXAMPLE@"));
    }
  else
    puts (line);
}

int
main (int argc, char *argv[])
{
  g_autofree char *template = NULL;
  g_autofree char *script = NULL;
  g_auto (GStrv) lines = NULL;
  g_autoptr (GError) error = NULL;

  if (argc != 3 || !g_file_get_contents (argv[1], &template, NULL, &error)
      || !g_file_get_contents (argv[2], &script, NULL, &error))
    {
      fprintf (stderr, "%s\n", error != NULL ? error->message : "write-help TEMPLATE SCRIPT");
      return 1;
    }

  g_strchomp (script);
  lines = g_strsplit (g_strchomp (template), "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    print_line (lines[i], script);

  return fflush (stdout) == 0 ? 0 : 1;
}
