/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-job-text"

#include "config.h"

#include "window/job-text.h"

#include <glib/gi18n.h>

#include "bidi.h"
#include "core-text.h"

char *
kl_job_text_dup_step (KlJob *job)
{
  const char *info = kl_job_get_step_info (job);

  if (info == NULL || *info == '\0')
    return g_strdup (_ ("Starting"));

  return kl_core_text_translate (info);
}

char *
kl_job_text_dup_amount (KlJob *job)
{
  g_autofree char *bytes = NULL;
  g_autofree char *total = NULL;
  g_autofree char *rate = NULL;

  if (kl_job_get_total_bytes (job) == 0)
    return g_strdup ("");

  bytes = g_format_size (kl_job_get_bytes (job));
  total = g_format_size (kl_job_get_total_bytes (job));
  if (kl_job_get_rate (job) <= 0)
    /* Translators: how much is done, as “120 MB of 473 MB”. */
    return kl_bidi_printf (_ ("%s of %s"), bytes, total);

  rate = g_format_size ((guint64) kl_job_get_rate (job));
  /* Translators: how much is done and how fast, as “120 MB of 473 MB · 85 MB/s”. */
  return kl_bidi_printf (_ ("%s of %s · %s/s"), bytes, total, rate);
}

char *
kl_job_text_dup_time (KlJob *job)
{
  int seconds = kl_job_get_eta (job);
  int minutes = (seconds + 59) / 60;

  if (seconds < 0)
    return g_strdup ("");
  if (seconds == 0)
    return g_strdup (_ ("Almost done"));
  if (seconds < 60)
    return kl_bidi_printf (ngettext ("%d second left", "%d seconds left", (gulong) seconds),
                           seconds);

  return kl_bidi_printf (ngettext ("%d minute left", "%d minutes left", (gulong) minutes), minutes);
}
