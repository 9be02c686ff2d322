/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-ctl"

#include "job-runner.h"

#include <signal.h>
#include <unistd.h>

#include <glib-unix.h>

#include "output.h"

/* Between two reports; microseconds. */
#define REPORT_INTERVAL (G_USEC_PER_SEC / 5)

static const int cancelling_signals[] = { SIGINT, SIGTERM, SIGHUP };

typedef struct
{
  const KlCtlOptions *options;
  GAsyncResult *result; /* owned; NULL while running */
  gint64 reported;      /* monotonic time of the last report; 0 before the first */
  guint step;           /* of the last report */
  gboolean pending;     /* something changed since the last report */
} Run;

/* Before the first step there is nothing to say. */
static void
report (Run *run, KlJob *job)
{
  if (kl_job_get_current_step (job) == 0)
    return;

  kl_ctl_print_progress (run->options, job);
  run->reported = g_get_monotonic_time ();
  run->step = kl_job_get_current_step (job);
  run->pending = FALSE;
}

static void
progress_cb (KlJob *job, gpointer user_data)
{
  Run *run = user_data;

  run->pending = TRUE;
  if (run->reported == 0 || run->step != kl_job_get_current_step (job)
      || g_get_monotonic_time () - run->reported >= REPORT_INTERVAL)
    report (run, job);
}

static void
finished_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Run *run = user_data;

  run->result = g_object_ref (result);
}

static gboolean
cancel_cb (gpointer user_data)
{
  g_cancellable_cancel (user_data);
  return G_SOURCE_CONTINUE;
}

static void
exit_handler (int number)
{
  _exit (KL_CTL_EXIT_CANCELLED);
}

/**
 * kl_ctl_exit_on_signals:
 *
 * Makes SIGINT, SIGTERM and SIGHUP end the program with the status for “cancelled”, until a job
 * takes the signals over. What runs outside jobs only reads, or replaces small files atomically.
 */
void
kl_ctl_exit_on_signals (void)
{
  struct sigaction action = { .sa_handler = exit_handler };

  for (guint i = 0; i < G_N_ELEMENTS (cancelling_signals); i++)
    sigaction (cancelling_signals[i], &action, NULL);
}

/**
 * kl_ctl_signals_take:
 *
 * Makes the signals cancel @cancellable. A reader of standard output that goes away does not end
 * the program in the middle of its work any more.
 */
void
kl_ctl_signals_take (KlCtlSignals *self, GCancellable *cancellable)
{
  G_STATIC_ASSERT (G_N_ELEMENTS (self->sources) == G_N_ELEMENTS (cancelling_signals));

  signal (SIGPIPE, SIG_IGN);
  for (guint i = 0; i < G_N_ELEMENTS (self->sources); i++)
    self->sources[i] = g_unix_signal_add (cancelling_signals[i], cancel_cb, cancellable);
}

/* From then on they end the program again. */
void
kl_ctl_signals_give_back (KlCtlSignals *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->sources); i++)
    g_source_remove (self->sources[i]);
  kl_ctl_exit_on_signals ();
}

/**
 * kl_ctl_run_job:
 *
 * Runs @job to its end and prints its progress, at most five times a second and once more at the
 * end. A signal cancels it.
 */
gboolean
kl_ctl_run_job (const KlCtlOptions *options, KlJob *job, GError **error)
{
  Run run = { .options = options };
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  KlCtlSignals signals;
  gboolean done;
  gulong handler = g_signal_connect (job, "progress", G_CALLBACK (progress_cb), &run);

  kl_ctl_signals_take (&signals, cancellable);
  kl_job_run_async (job, cancellable, finished_cb, &run);
  while (run.result == NULL)
    g_main_context_iteration (NULL, TRUE);

  result = run.result;
  done = kl_job_run_finish (job, result, error);
  g_signal_handler_disconnect (job, handler);
  kl_ctl_signals_give_back (&signals);
  if (run.pending)
    report (&run, job);
  kl_ctl_clear_progress (options);

  return done;
}
