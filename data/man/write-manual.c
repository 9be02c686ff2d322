/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * write-manual TEMPLATE SCRIPT: prints the manual page, with the tables of codes and the script in
 * the place of their marks. The tables come from the one that the programs use, so that the two
 * cannot differ.
 */
#include <stdio.h>
#include <string.h>

#include "base/error.h"

static void
print_escaped (const char *text)
{
  for (; *text != '\0'; text++)
    switch (*text)
      {
      case '-':
        fputs ("\\-", stdout);
        break;
      case '\\':
        fputs ("\\e", stdout);
        break;
      case '\'':
        fputs ("\\(aq", stdout);
        break;
      case '`':
        fputs ("\\(ga", stdout);
        break;
      case '^':
        fputs ("\\(ha", stdout);
        break;
      default:
        putchar (*text);
      }
}

static void
print_script (const char *script)
{
  g_auto (GStrv) lines = g_strsplit (script, "\n", -1);

  puts (".EX");
  for (guint i = 0; lines[i] != NULL; i++)
    {
      if (lines[i][0] == '.')
        fputs ("\\&", stdout);
      print_escaped (lines[i]);
      putchar ('\n');
    }
  puts (".EE");
}

static void
print_codes (gboolean documented)
{
  guint n_rows;
  const KlErrorRow *rows = kl_error_get_rows (&n_rows);

  for (guint i = 0; i < n_rows; i++)
    {
      g_autoptr (GError) error = g_error_new_literal (KL_ERROR, rows[i].code, "");

      if ((rows[i].code >= KL_ERROR_NO_DEFAULT_MP) != documented)
        continue;
      if (documented)
        printf (".TP\n.B %d\n%s (0x%08X): ", kl_error_get_exit_status (error), rows[i].symbol,
                rows[i].hresult);
      else
        printf (".TP\n.B %s\n0x%08X: ", rows[i].symbol, rows[i].hresult);
      print_escaped (rows[i].meaning);
      fputs (".\n", stdout);
    }
}

int
main (int argc, char *argv[])
{
  g_autofree char *template = NULL;
  g_autofree char *script = NULL;
  g_auto (GStrv) lines = NULL;
  g_autoptr (GError) error = NULL;
  guint n_marks = 0;

  if (argc != 3 || !g_file_get_contents (argv[1], &template, NULL, &error)
      || !g_file_get_contents (argv[2], &script, NULL, &error))
    {
      fprintf (stderr, "%s\n", error != NULL ? error->message : "write-manual TEMPLATE SCRIPT");
      return 1;
    }

  lines = g_strsplit (g_strchomp (template), "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    if (g_str_equal (lines[i], "@DOCUMENTED_CODES@") || g_str_equal (lines[i], "@OTHER_CODES@"))
      {
        print_codes (g_str_equal (lines[i], "@DOCUMENTED_CODES@"));
        n_marks++;
      }
    else if (g_str_equal (lines[i], "@SITE_SCRIPT@"))
      {
        print_script (g_strchomp (script));
        n_marks++;
      }
    else
      puts (lines[i]);

  return n_marks == 3 && fflush (stdout) == 0 ? 0 : 1;
}
