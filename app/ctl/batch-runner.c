/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-ctl"

#include "config.h"

#include "batch-runner.h"

#include <signal.h>

#include <glib/gi18n.h>

#include "base/error.h"
#include "create-report.h"
#include "job-runner.h"
#include "output.h"

/* Between two reports; microseconds. */
#define REPORT_INTERVAL (G_USEC_PER_SEC / 5)

typedef struct Run Run;

typedef struct
{
  Run *run;
  KlMediaCreator *creator; /* borrowed from the batch */
  const char *target;
  gint64 reported; /* monotonic time of the last event; 0 before the first */
  guint step;      /* of the last event */
  gboolean ended;
} Medium;

struct Run
{
  const KlCtlOptions *options;
  Medium *media;
  guint n_media;
  guint n_busy, n_done, n_cancelled;
  int status;   /* of the first that failed */
  gint64 drawn; /* monotonic time of the last drawing */
  guint n_lines;
};

/* Takes the bars away: what is printed next stands in their place. */
static void
clear_bars (Run *run)
{
  if (run->n_lines > 0)
    g_printerr ("\r\033[%uA\033[J", run->n_lines);
  run->n_lines = 0;
}

/* A line each, where the terminal is high enough; else how many are done. */
static void
draw_bars (Run *run)
{
  if (!kl_ctl_has_bar (run->options))
    return;

  clear_bars (run);
  run->drawn = g_get_monotonic_time ();
  if (run->n_busy >= kl_ctl_get_terminal_rows ())
    {
      g_printerr (_ ("%u of %u media have ended\n"), run->n_media - run->n_busy, run->n_media);
      run->n_lines = 1;
      return;
    }
  for (guint i = 0; i < run->n_media; i++)
    if (!run->media[i].ended)
      {
        g_autofree char *bar
            = kl_ctl_format_bar (KL_JOB (run->media[i].creator), run->media[i].target);

        g_printerr ("%s\n", bar);
        run->n_lines++;
      }
}

static void
progress_cb (KlJob *job, gpointer user_data)
{
  Medium *medium = user_data;
  Run *run = medium->run;
  const gint64 now = g_get_monotonic_time ();

  if (!run->options->json)
    {
      if (now - run->drawn >= REPORT_INTERVAL)
        draw_bars (run);
      return;
    }
  /* Before the first step there is nothing to say. */
  if (run->options->quiet || kl_job_get_current_step (job) == 0
      || (medium->step == kl_job_get_current_step (job)
          && now - medium->reported < REPORT_INTERVAL))
    return;

  medium->reported = now;
  medium->step = kl_job_get_current_step (job);
  kl_ctl_print_progress_event (job, medium->target);
}

static void
ended_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Medium *medium = user_data;
  Run *run = medium->run;
  g_autoptr (GError) error = NULL;
  int status;

  clear_bars (run);
  medium->ended = TRUE;
  run->n_busy--;
  if (kl_job_run_finish (KL_JOB (source), result, &error))
    {
      run->n_done++;
      kl_ctl_print_result (run->options, kl_media_creator_get_result (medium->creator),
                           medium->target);
    }
  else
    {
      run->n_cancelled += g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      status = kl_ctl_print_target_error (run->options, error, medium->target);
      if (run->status == KL_CTL_EXIT_DONE)
        run->status = status;
    }
  draw_bars (run);
}

static void
print_summary (Run *run)
{
  if (run->options->json)
    {
      JsonBuilder *builder = kl_ctl_json_new ("summary");

      kl_ctl_json_add_number (builder, "media", run->n_media);
      kl_ctl_json_add_number (builder, "done", run->n_done);
      kl_ctl_json_add_number (builder, "failed", run->n_media - run->n_done - run->n_cancelled);
      kl_ctl_json_add_number (builder, "cancelled", run->n_cancelled);
      kl_ctl_json_print (builder);
    }
  else if (!run->options->quiet)
    g_print (_ ("%u of %u media were made.\n"), run->n_done, run->n_media);
}

/**
 * kl_ctl_run_batch:
 *
 * Makes all media of @batch side by side and says of each how it ended, then of all. One that fails
 * does not stop the others; a signal cancels all.
 *
 * Returns: the exit status: of the first that failed, if any
 */
int
kl_ctl_run_batch (const KlCtlOptions *options, KlMediaBatch *batch)
{
  const guint n = g_list_model_get_n_items (G_LIST_MODEL (batch));
  g_autofree Medium *media = g_new0 (Medium, n);
  Run run = { .options = options, .media = media, .n_media = n, .n_busy = n };
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  KlCtlSignals signals;

  kl_ctl_signals_take (&signals, cancellable);
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (KlMediaCreator) creator = g_list_model_get_item (G_LIST_MODEL (batch), i);

      media[i].run = &run;
      media[i].creator = creator;
      media[i].target = kl_media_request_get_destination (kl_media_creator_get_request (creator));
      g_signal_connect (creator, "progress", G_CALLBACK (progress_cb), &media[i]);
    }
  for (guint i = 0; i < n; i++)
    kl_job_run_async (KL_JOB (media[i].creator), cancellable, ended_cb, &media[i]);
  while (run.n_busy > 0)
    g_main_context_iteration (NULL, TRUE);

  for (guint i = 0; i < n; i++)
    g_signal_handlers_disconnect_by_data (media[i].creator, &media[i]);
  kl_ctl_signals_give_back (&signals);
  clear_bars (&run);
  print_summary (&run);
  return run.status;
}
