/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/progress.h"

typedef struct
{
  KlProgressReport last;
  guint reports;
  gboolean fell;
} Log;

static void
log_report (const KlProgressReport *report, gpointer user_data)
{
  Log *log = user_data;

  log->fell |= report->fraction < log->last.fraction;
  kl_progress_report_clear (&log->last);
  kl_progress_report_copy (report, &log->last);
  log->reports++;
}

static void
test_weights (void)
{
  Log log = { 0 };
  g_autoptr (KlProgress) root = kl_progress_new (log_report, &log);
  KlProgress *copy = kl_progress_add_step (root, 3, "Copying");
  KlProgress *check = kl_progress_add_step (root, 1, "Checking");

  kl_progress_start (copy);
  kl_progress_set_total (copy, 200);
  kl_progress_advance (copy, 100);
  g_assert_cmpuint (log.last.n_steps, ==, 2);
  g_assert_cmpuint (log.last.step, ==, 1);
  g_assert_cmpfloat_with_epsilon (log.last.step_fraction, 0.5, 1e-9);
  g_assert_cmpfloat_with_epsilon (log.last.fraction, 0.375, 1e-9);
  g_assert_cmpuint (log.last.bytes, ==, 100);
  g_assert_cmpuint (log.last.total_bytes, ==, 200);
  kl_progress_finish (copy);
  kl_progress_start (check);
  g_assert_cmpuint (log.last.step, ==, 2);
  g_assert_cmpstr (log.last.info, ==, "Checking");
  kl_progress_finish (check);
  g_assert_cmpfloat_with_epsilon (log.last.fraction, 1, 1e-9);
  kl_progress_report_clear (&log.last);
}

static void
test_nested (void)
{
  Log log = { 0 };
  g_autoptr (KlProgress) root = kl_progress_new (log_report, &log);
  KlProgress *step = kl_progress_add_step (root, 1, "Importing");
  KlProgress *first = kl_progress_add_step (step, 1, NULL);
  KlProgress *second = kl_progress_add_step (step, 1, NULL);

  kl_progress_start (step);
  kl_progress_set_total (first, 10);
  kl_progress_set_total (second, 30);
  kl_progress_advance (first, 10);
  kl_progress_set_done (second, 15);
  kl_progress_set_done (second, 5);
  kl_progress_set_info (second, "Copying %s", "a");
  g_assert_cmpfloat_with_epsilon (log.last.fraction, 0.75, 1e-9);
  g_assert_cmpuint (log.last.bytes, ==, 25);
  g_assert_cmpuint (log.last.total_bytes, ==, 40);
  g_assert_cmpstr (log.last.info, ==, "Copying a");
  kl_progress_report_clear (&log.last);
}

static void
test_only_up (void)
{
  Log log = { 0 };
  g_autoptr (KlProgress) root = kl_progress_new (log_report, &log);
  KlProgress *step = kl_progress_add_step (root, 1, NULL);

  kl_progress_set_total (step, 10);
  kl_progress_advance (step, 8);
  kl_progress_set_total (step, 100);
  kl_progress_advance (step, 900);
  g_assert_false (log.fell);
  g_assert_cmpfloat (log.last.fraction, <=, 1.0);
  g_assert_cmpuint (log.last.bytes, <=, log.last.total_bytes);
  kl_progress_report_clear (&log.last);
}

static void
test_null (void)
{
  g_assert_null (kl_progress_add_step (NULL, 1, "x"));
  kl_progress_start (NULL);
  kl_progress_advance (NULL, 5);
  kl_progress_set_info (NULL, "%d", 1);
  kl_progress_finish (NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/progress/steps-count-by-weight", test_weights);
  g_test_add_func ("/progress/a-stage-may-split-its-step", test_nested);
  g_test_add_func ("/progress/fraction-never-falls", test_only_up);
  g_test_add_func ("/progress/null-does-nothing", test_null);
  return g_test_run ();
}
