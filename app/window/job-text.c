/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-job-text"

#include "config.h"

#include "window/job-text.h"

#include <glib/gi18n.h>

/* The sentences that core reports as it goes, for xgettext; what is not here shows in English. */
static const char *const steps[] = {
  N_ ("Preparing the boot image"),
  N_ ("Copying the source image"),
  N_ ("Reading the image"),
  N_ ("Checking drivers"),
  N_ ("Adding deployment files"),
  N_ ("Adding drivers"),
  N_ ("Writing start-up files"),
  N_ ("Setting scratch space"),
  N_ ("Writing the image"),
  N_ ("Updating the catalogue"),
  N_ ("Checking the boot image"),
  N_ ("Laying out the medium"),
  N_ ("Writing files"),
  N_ ("Flushing to the disk"),
  N_ ("Reading back"),
  N_ ("Finishing"),
  N_ ("Writing the file system and small files"),
  N_ ("Writing the file system"),
  N_ ("Collecting boot files"),
  N_ ("Exporting the image"),
  N_ ("Writing to the disk"),
  N_ ("Reading the medium"),
  N_ ("Waiting for the first medium"),
};

/* Sentences that end in the name of a file on the medium. */
static const struct
{
  const char *prefix;
  const char *format;
} file_steps[] = {
  { "Writing ", N_ ("Writing %s") },
  { "Reading ", N_ ("Reading %s") },
  { "Copying ", N_ ("Copying %s") },
  { "Checking ", N_ ("Checking %s") },
};

char *
kl_job_text_translate_step (const char *info)
{
  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    if (strcmp (info, steps[i]) == 0)
      return g_strdup (_ (steps[i]));

  for (guint i = 0; i < G_N_ELEMENTS (file_steps); i++)
    if (g_str_has_prefix (info, file_steps[i].prefix))
      {
        g_auto (GStrv) parts = g_strsplit (_ (file_steps[i].format), "%s", 2);

        return g_strconcat (parts[0], info + strlen (file_steps[i].prefix), parts[1], NULL);
      }

  return g_strdup (info);
}

char *
kl_job_text_dup_step (KlJob *job)
{
  const char *info = kl_job_get_step_info (job);

  if (info == NULL || *info == '\0')
    return g_strdup (_ ("Starting"));

  return kl_job_text_translate_step (info);
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
    return g_strdup_printf (_ ("%s of %s"), bytes, total);

  rate = g_format_size ((guint64) kl_job_get_rate (job));
  /* Translators: how much is done and how fast, as “120 MB of 473 MB · 85 MB/s”. */
  return g_strdup_printf (_ ("%s of %s · %s/s"), bytes, total, rate);
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
    return g_strdup_printf (ngettext ("%d second left", "%d seconds left", (gulong) seconds),
                            seconds);

  return g_strdup_printf (ngettext ("%d minute left", "%d minutes left", (gulong) minutes),
                          minutes);
}
