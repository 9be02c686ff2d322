/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-help-codes"

#include "config.h"

#include "help-codes.h"

#include <glib/gi18n.h>

#include "base/error.h"
#include "error-text.h"

/* Where more is said about a code. */
static const struct
{
  int code;
  const char *page;
} pages[] = {
  { KL_ERROR_PERMISSION, "troubleshooting.html#permission" },
  { KL_ERROR_DRIVE_IN_USE, "troubleshooting.html#busy" },
  { KL_ERROR_NOT_FOUND, "troubleshooting.html#catalog-away" },
  { KL_ERROR_NO_SPACE, "troubleshooting.html#no-space" },
  { KL_ERROR_CAPACITY, "drives.html#counterfeit" },
  { KL_ERROR_WRONG_DRIVE, "drives.html#identity" },
  { KL_ERROR_DEVICE_GONE, "drives.html#unfinished" },
  { KL_ERROR_MISMATCH, "checking.html#differs" },
  { KL_ERROR_NO_MANIFEST, "checking.html#check" },
  { KL_ERROR_WIM_SPLIT, "images.html#kinds" },
  { KL_ERROR_WIM_UNREADABLE, "images.html#kinds" },
  { KL_ERROR_WIM_TRUNCATED, "images.html#kinds" },
  { KL_ERROR_WIM_DAMAGED, "images.html#kinds" },
  { KL_ERROR_NO_BOOT_FILES, "images.html#import" },
  { KL_ERROR_IMAGE_BROKEN, "images.html#catalog" },
  { KL_ERROR_INJECTION, "recipes.html#failed" },
  { KL_ERROR_TIME_ZONE, "recipes.html#failed" },
  { KL_ERROR_CERT_VALIDITY, "protection.html#certificate" },
  { KL_ERROR_CERT_PASSWORD, "protection.html#certificate" },
  { KL_ERROR_PRIVATE_KEY, "protection.html#certificate" },
  { KL_ERROR_MEDIA_PASSWORD, "protection.html#password" },
  { KL_ERROR_NO_DEFAULT_MP, "sites.html#needed" },
  { KL_ERROR_NO_MP_CERTS, "sites.html#needed" },
  { KL_ERROR_NO_CA_CERT, "sites.html#needed" },
  { KL_ERROR_NO_SITE_SIGN_CERT, "sites.html#needed" },
  { KL_ERROR_MISSING_PACKAGE, "sites.html#content" },
  { KL_ERROR_UFD_FS_FAT16, "drives.html#keep" },
  { KL_ERROR_UFD_FS_UNKNOWN, "drives.html#keep" },
  { KL_ERROR_PACKAGE_TOO_LARGE, "troubleshooting.html#no-space" },
};

static void
append_escaped (GString *text, const char *added)
{
  g_autofree char *escaped = g_markup_escape_text (added, -1);

  g_string_append (text, escaped);
}

static void
append_page_of (GString *text, int code)
{
  for (guint i = 0; i < G_N_ELEMENTS (pages); i++)
    if (pages[i].code == code)
      {
        g_string_append_printf (text, " <a href=\"%s\">", pages[i].page);
        /* Translators: a link from an error code to the page of the manual that tells of it. */
        append_escaped (text, _ ("More about this"));
        g_string_append (text, "</a>");
      }
}

static void
append_code (GString *text, const KlErrorRow *row, gboolean with_meanings)
{
  g_autoptr (GError) error = g_error_new_literal (KL_ERROR, row->code, "");
  g_autofree char *next_step = NULL;

  if (row->code == KL_ERROR_DRIVE_IN_USE)
    kl_error_set_detail (error, "WINPE (/media/anna/WINPE)");
  next_step = kl_error_text_dup_next_step (error);

  g_string_append_printf (text, "<dt id=\"%s\">%s (0x%08X)</dt>\n<dd><b>", row->symbol, row->symbol,
                          row->hresult);
  append_escaped (text, kl_error_text_get_title (error));
  g_string_append (text, with_meanings ? ":</b> " : "</b> – ");
  if (with_meanings)
    {
      append_escaped (text, row->meaning);
      g_string_append (text, ". ");
    }
  append_escaped (text, next_step);
  append_page_of (text, row->code);
  g_string_append (text, "</dd>\n");
}

/**
 * kl_help_codes_dup:
 * @with_meanings: with what produces each code, which is said in English only
 *
 * Lists the codes for the manual, the documented ones first, from the tables that the programs use,
 * so that the two cannot differ.
 *
 * Returns: (transfer full): terms and definitions in XHTML, in the language of the process
 */
char *
kl_help_codes_dup (gboolean with_meanings)
{
  g_autoptr (GString) text = g_string_new (NULL);
  guint n_rows;
  const KlErrorRow *rows = kl_error_get_rows (&n_rows);

  for (guint i = 0; i < 2 * n_rows; i++)
    {
      const KlErrorRow *row = &rows[i % n_rows];

      if ((row->code >= KL_ERROR_NO_DEFAULT_MP) == (i < n_rows))
        append_code (text, row, with_meanings);
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}
