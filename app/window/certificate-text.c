/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-certificate-text"

#include "config.h"

#include "window/certificate-text.h"

#include <glib/gi18n.h>

#include "bidi.h"
#include "crypto/certificate.h"

static char *
dup_day (GDateTime *date)
{
  g_autoptr (GDateTime) local = date ? g_date_time_to_local (date) : NULL;

  /* Translators: a day, by the rules of strftime(): “20 November 2027”. */
  return local ? g_date_time_format (local, _ ("%-d %B %Y")) : g_strdup (C_ ("date", "Unknown"));
}

/**
 * kl_certificate_text_show_end:
 * @end: (nullable): when the certificate ends; %NULL if that is not known
 *
 * Makes the day the value of @row, with a state where it is near or past.
 */
void
kl_certificate_text_show_end (KlFactRow *row, GDateTime *end)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *day = dup_day (end);
  g_autofree char *word = NULL;
  gint64 left;

  kl_fact_row_set_value (row, day);
  kl_fact_row_set_state (row, NULL, NULL, NULL);
  if (end == NULL)
    return;

  left = g_date_time_difference (end, now);
  if (left <= 0)
    kl_fact_row_set_state (row, "dialog-error-symbolic", "error", C_ ("certificate", "Expired"));
  else if (left < KL_CERTIFICATE_WARN_DAYS * G_TIME_SPAN_DAY)
    {
      const guint days = (guint) (left / G_TIME_SPAN_DAY);

      word = kl_bidi_printf (ngettext ("%u day left", "%u days left", days), days);
      kl_fact_row_set_state (row, "dialog-warning-symbolic", "warning", word);
    }
}
