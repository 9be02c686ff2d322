/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-ctl"

#include "config.h"

#include "command.h"

#include <glib/gi18n.h>

#include "base/error.h"
#include "core-text.h"
#include "job-runner.h"
#include "job/check-job.h"
#include "media/medium.h"
#include "output.h"

static void
print_differences (const KlCtlOptions *options, const KlMediumCheck *check)
{
  for (guint i = 0; i < check->differences->len; i++)
    {
      const KlMediumDifference *difference = g_ptr_array_index (check->differences, i);

      if (options->json)
        {
          JsonBuilder *builder = kl_ctl_json_new (NULL);

          kl_ctl_json_add_text (builder, "path", difference->path);
          kl_ctl_json_add_text (builder, "problem", difference->problem);
          kl_ctl_json_print (builder);
        }
      else
        {
          g_autofree char *path = kl_ctl_clean (difference->path);
          g_autofree char *problem = kl_core_text_translate (difference->problem);

          g_print ("%s: %s\n", path, problem);
        }
    }
}

static void
print_check_event (const KlMediumCheck *check, const char *certificate_end)
{
  JsonBuilder *builder = kl_ctl_json_new ("done");

  kl_ctl_json_add_number (builder, "files", check->files);
  kl_ctl_json_add_number (builder, "mismatches", check->differences->len);
  kl_ctl_json_add_number (builder, "bytes", check->bytes);
  kl_ctl_json_add_text (builder, "certificate-end", certificate_end);
  kl_ctl_json_print (builder);
}

/* A medium whose certificate has ended is whole and of no use. */
static void
print_certificate_end (const char *text)
{
  g_autoptr (GDateTime) end = text != NULL ? g_date_time_new_from_iso8601 (text, NULL) : NULL;
  g_autofree char *day = NULL;

  if (end == NULL)
    return;

  day = g_date_time_format (end, "%Y-%m-%d %H:%M UTC");
  kl_ctl_print_field (_ ("Certificate valid until"), day);
  kl_ctl_print_expiry (end);
}

/* A medium that differs is a result and not a failure of the check: with --json the event is
 * “done”. */
static int
print_mismatch (const KlCtlOptions *options, const KlMediumCheck *check)
{
  g_autoptr (GError) error = NULL;

  g_set_error (&error, KL_ERROR, KL_ERROR_MISMATCH,
               "%u files of “%s” do not match its manifest of %" G_GUINT64_FORMAT " files",
               check->differences->len, options->arguments[0], check->files);
  if (options->json)
    return kl_error_get_exit_status (error);

  return kl_ctl_print_error (options, error);
}

static int
run_check (KlCtlOptions *options)
{
  g_autoptr (KlCheckJob) job = kl_check_job_new (options->arguments[0]);
  g_autoptr (GError) error = NULL;
  const KlMediumCheck *check;
  const char *certificate_end;

  if (!kl_ctl_run_job (options, KL_JOB (job), &error))
    return kl_ctl_print_error (options, error);

  check = kl_check_job_get_check (job);
  certificate_end = kl_check_job_get_certificate_end (job);
  print_differences (options, check);
  if (options->json)
    print_check_event (check, certificate_end);
  if (check->differences->len > 0)
    return print_mismatch (options, check);

  if (!options->json && !options->quiet)
    {
      g_autofree char *size = g_format_size (check->bytes);
      g_autofree char *files = g_strdup_printf ("%" G_GUINT64_FORMAT, check->files);

      g_print (_ ("All %s files match the manifest (%s read).\n"), files, size);
      print_certificate_end (certificate_end);
    }
  return KL_CTL_EXIT_DONE;
}

const KlCtlCommand kl_ctl_media_commands[] = {
  { NULL, "check", "MEDIUM", N_ ("Compare a medium with its manifest, file by file"),
    "  kindlingctl check winpe.iso\n"
    "  kindlingctl --json check /mnt/winpe\n"
    "  kindlingctl check /dev/sdb1",
    1, 1, NULL, run_check },
  { NULL },
};
