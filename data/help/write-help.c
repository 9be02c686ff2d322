/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * write-help TEMPLATE SCRIPT: prints a page of the manual, with the list of codes and the script in
 * the place of their marks. The list comes from the tables that the programs use, so that the two
 * cannot differ.
 */
#include <stdio.h>

#include "base/error.h"
#include "error-text.h"

/* Where more is said about a code. */
static const struct
{
  int code;
  const char *page;
  const char *title;
} pages[] = {
  { KL_ERROR_PERMISSION, "troubleshooting.html#permission", "Permission is denied" },
  { KL_ERROR_DRIVE_IN_USE, "troubleshooting.html#busy", "The drive is in use" },
  { KL_ERROR_NOT_FOUND, "troubleshooting.html#catalog-away", "The catalog is not there" },
  { KL_ERROR_NO_SPACE, "troubleshooting.html#no-space", "There is not enough space" },
  { KL_ERROR_CAPACITY, "drives.html#counterfeit", "Drives that hold less than they say" },
  { KL_ERROR_WRONG_DRIVE, "drives.html#identity", "How the right drive is found again" },
  { KL_ERROR_DEVICE_GONE, "drives.html#unfinished", "Unfinished drives" },
  { KL_ERROR_MISMATCH, "checking.html#differs", "When a medium differs" },
  { KL_ERROR_NO_MANIFEST, "checking.html#check", "Checking" },
  { KL_ERROR_WIM_SPLIT, "images.html#kinds", "Kinds of WIM" },
  { KL_ERROR_WIM_UNREADABLE, "images.html#kinds", "Kinds of WIM" },
  { KL_ERROR_WIM_TRUNCATED, "images.html#kinds", "Kinds of WIM" },
  { KL_ERROR_WIM_DAMAGED, "images.html#kinds", "Kinds of WIM" },
  { KL_ERROR_NO_BOOT_FILES, "images.html#import", "Importing" },
  { KL_ERROR_IMAGE_BROKEN, "images.html#catalog", "Where the catalog is" },
  { KL_ERROR_INJECTION, "recipes.html#failed", "When preparing fails" },
  { KL_ERROR_TIME_ZONE, "recipes.html#failed", "When preparing fails" },
  { KL_ERROR_CERT_VALIDITY, "protection.html#certificate", "Certificate" },
  { KL_ERROR_CERT_PASSWORD, "protection.html#certificate", "Certificate" },
  { KL_ERROR_PRIVATE_KEY, "protection.html#certificate", "Certificate" },
  { KL_ERROR_MEDIA_PASSWORD, "protection.html#password", "Media password" },
  { KL_ERROR_NO_DEFAULT_MP, "sites.html#needed", "What a site profile needs" },
  { KL_ERROR_NO_MP_CERTS, "sites.html#needed", "What a site profile needs" },
  { KL_ERROR_NO_CA_CERT, "sites.html#needed", "What a site profile needs" },
  { KL_ERROR_NO_SITE_SIGN_CERT, "sites.html#needed", "What a site profile needs" },
  { KL_ERROR_MISSING_PACKAGE, "sites.html#content", "Content folders" },
  { KL_ERROR_UFD_FS_FAT16, "drives.html#keep", "Keep files" },
  { KL_ERROR_UFD_FS_UNKNOWN, "drives.html#keep", "Keep files" },
  { KL_ERROR_PACKAGE_TOO_LARGE, "troubleshooting.html#no-space", "There is not enough space" },
};

static void
print_escaped (const char *text)
{
  g_autofree char *escaped = g_markup_escape_text (text, -1);

  fputs (escaped, stdout);
}

static void
print_page_of (int code)
{
  for (guint i = 0; i < G_N_ELEMENTS (pages); i++)
    if (pages[i].code == code)
      {
        printf (" See <a href=\"%s\">", pages[i].page);
        print_escaped (pages[i].title);
        fputs ("</a>.", stdout);
      }
}

/* The documented ones or all others. */
static void
print_codes (gboolean documented)
{
  guint n_rows;
  const KlErrorRow *rows = kl_error_get_rows (&n_rows);

  for (guint i = 0; i < n_rows; i++)
    {
      g_autoptr (GError) error = g_error_new_literal (KL_ERROR, rows[i].code, "");
      g_autofree char *next_step = NULL;

      if ((rows[i].code >= KL_ERROR_NO_DEFAULT_MP) != documented)
        continue;
      printf ("<dt id=\"%s\">%s (0x%08X)", rows[i].symbol, rows[i].symbol, rows[i].hresult);
      puts ("</dt>");
      fputs ("<dd><b>", stdout);
      print_escaped (kl_error_text_get_title (error));
      fputs (":</b> ", stdout);
      print_escaped (rows[i].meaning);
      fputs (". ", stdout);
      if (rows[i].code == KL_ERROR_DRIVE_IN_USE)
        kl_error_set_detail (error, "WINPE (/media/anna/WINPE)");
      next_step = kl_error_text_dup_next_step (error);
      print_escaped (next_step);
      print_page_of (rows[i].code);
      puts ("</dd>");
    }
}

static void
print_line (const char *line, const char *script)
{
  const char *mark = strstr (line, "@EXAMPLE@");

  if (g_str_equal (line, "@CODES@"))
    {
      print_codes (TRUE);
      print_codes (FALSE);
    }
  else if (mark != NULL)
    {
      fwrite (line, 1, (gsize) (mark - line), stdout);
      print_escaped (script);
      puts (mark + strlen ("@EXAMPLE@"));
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
