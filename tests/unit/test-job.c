/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "job/job.h"

#include <string.h>

#include "base/error.h"
#include "base/rate.h"

/* A job whose work is told by the test: counts to @total, fails or waits to be cancelled. */
#define TEST_TYPE_JOB (test_job_get_type ())
G_DECLARE_FINAL_TYPE (TestJob, test_job, TEST, JOB, KlJob)

struct _TestJob
{
  KlJob parent_instance;

  guint total;
  gboolean fail;
  gboolean wait_for_cancel;
  GThread *thread; /* that ran the work */
};

G_DEFINE_FINAL_TYPE (TestJob, test_job, KL_TYPE_JOB)

static gboolean
test_job_run (KlJob *job, KlProgress *progress, GCancellable *cancellable, GError **error)
{
  TestJob *self = TEST_JOB (job);
  KlProgress *first = kl_progress_add_step (progress, 1, "First");
  KlProgress *second = kl_progress_add_step (progress, 1, "Second");

  self->thread = g_thread_self ();
  kl_progress_start (first);
  kl_progress_finish (first);
  kl_progress_start (second);
  kl_progress_set_total (second, self->total);
  for (guint i = 0; i < self->total; i++)
    kl_progress_advance (second, 1);

  while (self->wait_for_cancel)
    {
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      g_usleep (1000);
    }

  if (self->fail)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_MISSING_PACKAGE, "Gone");
      kl_error_set_detail (*error, "KDL00001");
      return FALSE;
    }

  kl_progress_set_info (second, "Last words");
  return TRUE;
}

static void
test_job_class_init (TestJobClass *klass)
{
  KL_JOB_CLASS (klass)->run = test_job_run;
}

static void
test_job_init (TestJob *self)
{
}

typedef struct
{
  TestJob *job;
  GMainLoop *loop;
  GError *error;
  gboolean done;
  guint progressed;
  double highest;
  gboolean fell;
  GString *order;
} Fixture;

static void
progress_cb (KlJob *job, gpointer user_data)
{
  Fixture *fixture = user_data;
  double fraction = kl_job_get_fraction (job);

  fixture->progressed++;
  fixture->fell |= fraction < fixture->highest;
  fixture->highest = fraction;
}

static void
notify_cb (GObject *object, GParamSpec *pspec, gpointer user_data)
{
  Fixture *fixture = user_data;

  g_string_append_printf (fixture->order, "%s ", pspec->name);
}

static void
error_detail_cb (KlJob *job, const char *detail, gpointer user_data)
{
  g_string_append_printf (((Fixture *) user_data)->order, "signal:%s ", detail);
}

static void
finished_cb (KlJob *job, gpointer user_data)
{
  g_string_append (((Fixture *) user_data)->order, "finished ");
}

static void
run_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Fixture *fixture = user_data;

  fixture->done = kl_job_run_finish (KL_JOB (source), result, &fixture->error);
  g_main_loop_quit (fixture->loop);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->job = g_object_new (TEST_TYPE_JOB, NULL);
  fixture->loop = g_main_loop_new (NULL, FALSE);
  fixture->order = g_string_new (NULL);
  g_signal_connect (fixture->job, "progress", G_CALLBACK (progress_cb), fixture);
  g_signal_connect (fixture->job, "finished", G_CALLBACK (finished_cb), fixture);
  g_signal_connect (fixture->job, "error-detail", G_CALLBACK (error_detail_cb), fixture);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_object_unref (fixture->job);
  g_main_loop_unref (fixture->loop);
  g_clear_error (&fixture->error);
  g_string_free (fixture->order, TRUE);
}

static void
test_async (Fixture *fixture, gconstpointer data)
{
  KlJob *job = KL_JOB (fixture->job);

  fixture->job->total = 200000;
  kl_job_run_async (job, NULL, run_cb, fixture);
  g_assert_true (kl_job_is_busy (job));
  g_assert_cmphex (kl_job_get_exit_code (job), ==, 0x8000000A);
  g_main_loop_run (fixture->loop);

  g_assert_no_error (fixture->error);
  g_assert_true (fixture->done);
  g_assert_true (fixture->job->thread != g_thread_self ());
  g_assert_false (kl_job_is_busy (job));
  g_assert_cmphex (kl_job_get_exit_code (job), ==, 0);
  g_assert_cmpuint (kl_job_get_num_steps (job), ==, 2);
  g_assert_cmpuint (kl_job_get_current_step (job), ==, 2);
  g_assert_cmpuint (kl_job_get_step_progress (job), ==, 100);
  g_assert_cmpuint (kl_job_get_bytes (job), ==, 200000);
  g_assert_cmpstr (kl_job_get_step_info (job), ==, "Last words");
  g_assert_false (fixture->fell);
  /* 200,000 reports of the worker reach the main loop as a handful. */
  g_assert_cmpuint (fixture->progressed, >=, 2);
  g_assert_cmpuint (fixture->progressed, <, 2000);
}

static void
test_end_order (Fixture *fixture, gconstpointer data)
{
  KlJob *job = KL_JOB (fixture->job);

  fixture->job->fail = TRUE;
  kl_job_run_async (job, NULL, run_cb, fixture);
  g_signal_connect (job, "notify::error-detail", G_CALLBACK (notify_cb), fixture);
  g_signal_connect (job, "notify::exit-code", G_CALLBACK (notify_cb), fixture);
  g_signal_connect (job, "notify::busy", G_CALLBACK (notify_cb), fixture);
  g_main_loop_run (fixture->loop);

  g_assert_error (fixture->error, KL_ERROR, KL_ERROR_MISSING_PACKAGE);
  g_assert_cmpstr (fixture->order->str, ==,
                   "error-detail signal:KDL00001 exit-code busy finished ");
  g_assert_cmphex (kl_job_get_exit_code (job), ==, 0x80040003);
  g_assert_cmpstr (kl_job_get_error_detail (job), ==, "KDL00001");
}

static gboolean
cancel_cb (gpointer user_data)
{
  kl_job_cancel (user_data);
  return G_SOURCE_REMOVE;
}

static void
test_cancel (Fixture *fixture, gconstpointer data)
{
  KlJob *job = KL_JOB (fixture->job);

  fixture->job->wait_for_cancel = TRUE;
  kl_job_run_async (job, NULL, run_cb, fixture);
  g_timeout_add (20, cancel_cb, job);
  g_main_loop_run (fixture->loop);
  g_assert_error (fixture->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmphex (kl_job_get_exit_code (job), ==, 0x800704C7);

  kl_job_cancel (job);
  g_assert_cmphex (kl_job_get_exit_code (job), ==, 0x800704C7);
}

static void
test_cancellable (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  fixture->job->wait_for_cancel = TRUE;
  g_cancellable_cancel (cancellable);
  kl_job_run_async (KL_JOB (fixture->job), cancellable, run_cb, fixture);
  g_main_loop_run (fixture->loop);
  g_assert_error (fixture->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
second_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (kl_job_run_finish (KL_JOB (source), result, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_BUSY);
  *(gboolean *) user_data = TRUE;
  kl_job_cancel (KL_JOB (source));
}

static void
test_busy (Fixture *fixture, gconstpointer data)
{
  KlJob *job = KL_JOB (fixture->job);
  gboolean refused = FALSE;
  g_autoptr (GError) error = NULL;

  fixture->job->wait_for_cancel = TRUE;
  kl_job_run_async (job, NULL, run_cb, fixture);
  kl_job_run_async (job, NULL, second_cb, &refused);
  g_assert_false (kl_job_run (job, NULL, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_BUSY);
  g_assert_true (kl_job_is_busy (job));
  g_main_loop_run (fixture->loop);
  g_assert_true (refused);
}

static void
test_sync (Fixture *fixture, gconstpointer data)
{
  KlJob *job = KL_JOB (fixture->job);
  g_autoptr (GError) error = NULL;

  fixture->job->total = 10;
  g_assert_true (kl_job_run (job, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (fixture->job->thread == g_thread_self ());
  g_assert_cmpuint (kl_job_get_num_steps (job), ==, 0);
  g_assert_cmphex (kl_job_get_exit_code (job), ==, 0);

  fixture->job->fail = TRUE;
  g_assert_false (kl_job_run (job, NULL, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_MISSING_PACKAGE);
  g_assert_cmphex (kl_job_get_exit_code (job), ==, 0x80040003);
  g_assert_cmpstr (kl_job_get_error_detail (job), ==, "KDL00001");
}

static void
test_again (Fixture *fixture, gconstpointer data)
{
  KlJob *job = KL_JOB (fixture->job);

  fixture->job->fail = TRUE;
  kl_job_run_async (job, NULL, run_cb, fixture);
  g_main_loop_run (fixture->loop);
  g_clear_error (&fixture->error);

  fixture->job->fail = FALSE;
  fixture->highest = 0;
  kl_job_run_async (job, NULL, run_cb, fixture);
  g_assert_cmpstr (kl_job_get_error_detail (job), ==, "");
  g_assert_cmpfloat (kl_job_get_fraction (job), ==, 0);
  g_main_loop_run (fixture->loop);
  g_assert_no_error (fixture->error);
}

static void
count_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  guint *ended = user_data;

  kl_job_run_finish (KL_JOB (source), result, NULL);
  ++*ended;
}

/* As many drives as a hub has ports: none waits for another to end. */
static void
test_many (void)
{
  enum
  {
    N_JOBS = 40
  };
  TestJob *jobs[N_JOBS];
  guint ended = 0;
  gint64 deadline = g_get_monotonic_time () + 3 * G_USEC_PER_SEC;
  guint running = 0;

  for (guint i = 0; i < N_JOBS; i++)
    {
      jobs[i] = g_object_new (TEST_TYPE_JOB, NULL);
      jobs[i]->wait_for_cancel = TRUE;
      kl_job_run_async (KL_JOB (jobs[i]), NULL, count_cb, &ended);
    }
  while (running < N_JOBS && g_get_monotonic_time () < deadline)
    {
      g_main_context_iteration (NULL, FALSE);
      running = 0;
      for (guint i = 0; i < N_JOBS; i++)
        running += kl_job_get_current_step (KL_JOB (jobs[i])) == 2;
      g_usleep (1000);
    }
  g_assert_cmpuint (running, ==, N_JOBS);

  for (guint i = 0; i < N_JOBS; i++)
    kl_job_cancel (KL_JOB (jobs[i]));
  while (ended < N_JOBS)
    g_main_context_iteration (NULL, TRUE);
  for (guint i = 0; i < N_JOBS; i++)
    g_object_unref (jobs[i]);
}

static void
test_rate (void)
{
  KlRate rate = { 0 };

  g_assert_cmpfloat (kl_rate_get (&rate), ==, 0);
  for (int i = 0; i <= 20; i++)
    kl_rate_add (&rate, 1000000 + i * G_USEC_PER_SEC / 2, i * 50.0);
  g_assert_cmpfloat_with_epsilon (kl_rate_get (&rate), 100, 1e-6);

  /* A stall pulls it down step by step, not at once. */
  kl_rate_add (&rate, 1000000 + 11 * G_USEC_PER_SEC, 1000);
  g_assert_cmpfloat (kl_rate_get (&rate), >, 50);
  g_assert_cmpfloat (kl_rate_get (&rate), <, 100);

  kl_rate_add (&rate, 1000000 + 12 * G_USEC_PER_SEC, 3);
  g_assert_cmpfloat (kl_rate_get (&rate), ==, 0);
}

/* Memory takes the first bytes at once, whatever the disk is like. */
static void
test_rate_after_burst (void)
{
  KlRate rate = { 0 };
  double value = 0;

  kl_rate_add (&rate, 1000000, 0);
  for (int i = 1; i <= 50; i++)
    {
      value += i == 1 ? 100 : 10;
      kl_rate_add (&rate, 1000000 + i * G_USEC_PER_SEC / 5, value);
      if (i >= 10)
        {
          g_assert_cmpfloat (kl_rate_get (&rate), >, 49.9);
          g_assert_cmpfloat (kl_rate_get (&rate), <, 50 * (1 + 9.0 / i));
        }
    }
  g_assert_cmpfloat_with_epsilon (kl_rate_get (&rate), 50, 5);
}

/* A step that is ten times as slow: after two seconds that counts. */
static void
test_rate_of_another_step (void)
{
  KlRate rate = { 0 };
  double value = 0;

  for (int i = 0; i <= 100; i++)
    kl_rate_add (&rate, 1000000 + i * G_USEC_PER_SEC / 5, value = i * 20);
  g_assert_cmpfloat_with_epsilon (kl_rate_get (&rate), 100, 1e-6);
  kl_rate_doubt (&rate);
  g_assert_cmpfloat_with_epsilon (kl_rate_get (&rate), 100, 1e-6);
  for (int i = 101; i <= 110; i++)
    kl_rate_add (&rate, 1000000 + i * G_USEC_PER_SEC / 5, value += 2);
  g_assert_cmpfloat (kl_rate_get (&rate), >, 9.9);
  g_assert_cmpfloat (kl_rate_get (&rate), <, 20);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)
  ADD ("/job/last-report-is-never-lost", test_async);
  ADD ("/job/ends-with-detail-then-code-then-status", test_end_order);
  ADD ("/job/cancel-ends-with-800704c7", test_cancel);
  ADD ("/job/follows-the-callers-cancellable", test_cancellable);
  ADD ("/job/a-second-run-is-refused-as-busy", test_busy);
  ADD ("/job/runs-in-the-callers-thread-when-synchronous", test_sync);
  ADD ("/job/can-run-again", test_again);
#undef ADD
  g_test_add_func ("/job/forty-run-at-once", test_many);
  g_test_add_func ("/rate/is-smoothed-and-starts-afresh", test_rate);
  g_test_add_func ("/rate/forgets-a-first-burst", test_rate_after_burst);
  g_test_add_func ("/rate/follows-another-step-within-two-seconds", test_rate_of_another_step);
  return g_test_run ();
}
