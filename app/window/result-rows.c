/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-result-rows"

#include "config.h"

#include "window/result-rows.h"

#include <glib/gi18n.h>

#include "bidi.h"
#include "core-text.h"
#include "window/certificate-text.h"
#include "window/fact-row.h"

static void
add_fact (GtkListBox *list, const char *title, const char *value)
{
  gtk_list_box_append (list, kl_fact_row_new (title, value));
}

static void
add_boot_fact (GtkListBox *list, const char *title, const char *how, const char *why_not)
{
  g_autofree char *reason = how == NULL ? kl_core_text_translate (why_not) : NULL;
  GtkWidget *row = kl_fact_row_new (title, how ? how : reason);

  kl_fact_row_set_state (KL_FACT_ROW (row),
                         how ? "object-select-symbolic" : "action-unavailable-symbolic",
                         how ? "success" : "warning", NULL);
  gtk_list_box_append (list, row);
}

static void
add_size (GtkListBox *list, const KlMediaResult *result)
{
  g_autofree char *size = g_format_size (result->bytes);
  g_autofree char *text = NULL;

  if (result->seconds < 1)
    /* Translators: %s is the size of the medium. */
    text = kl_bidi_printf (_ ("%s, made in less than a second"), size);
  else
    /* Translators: size of the medium, then how long it took to make. */
    text = kl_bidi_printf (ngettext ("%s, made in %.0f second", "%s, made in %.0f seconds",
                                     (gulong) (result->seconds + .5)),
                           size, result->seconds);
  add_fact (list, _ ("Size"), text);
}

static void
add_thumbprint (GtkListBox *list, const char *title, const char *digits)
{
  GtkWidget *row = g_object_new (KL_TYPE_FACT_ROW, "can-copy", TRUE, "title", title, NULL);

  kl_fact_row_set_value (KL_FACT_ROW (row), digits);
  gtk_list_box_append (list, row);
}

static void
add_certificate (GtkListBox *list, const KlMediaResult *result)
{
  GtkWidget *end_row;

  if (result->certificate == NULL)
    return;

  add_fact (list, _ ("Media Password"),
            result->password_required ? _ ("Asked for at start-up") : C_ ("password", "None"));
  end_row = kl_fact_row_new (_ ("Certificate Valid Until"), NULL);
  kl_certificate_text_show_end (KL_FACT_ROW (end_row),
                                kl_certificate_get_not_after (result->certificate));
  gtk_list_box_append (list, end_row);

  add_thumbprint (list, _ ("Certificate Thumbprint"),
                  kl_certificate_get_sha1 (result->certificate));
  add_thumbprint (list, _ ("Thumbprint by SHA-256"),
                  kl_certificate_get_sha256 (result->certificate));
}

void
kl_result_rows_add (GtkListBox *list, const KlMediaResult *result)
{
  g_autofree char *path = g_filename_display_name (result->path);

  add_fact (list, g_str_has_prefix (path, "/dev/") ? _ ("Drive") : _ ("File"), path);
  add_size (list, result);
  add_boot_fact (list, _ ("Boots on BIOS"), result->bios ? C_ ("boots", "Yes") : NULL,
                 result->bios_reason);
  add_boot_fact (list, _ ("Boots on UEFI"), result->uefi, result->uefi_reason);
  add_certificate (list, result);
  for (guint i = 0; result->warnings != NULL && result->warnings[i] != NULL; i++)
    {
      g_autofree char *text = kl_core_text_translate (result->warnings[i]);
      GtkWidget *row = kl_fact_row_new (_ ("Good to Know"), text);

      kl_fact_row_set_state (KL_FACT_ROW (row), "dialog-warning-symbolic", "warning", NULL);
      gtk_list_box_append (list, row);
    }
}
