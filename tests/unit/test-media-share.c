/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "media/media-share.h"

#include "base/error.h"
#include "base/progress.h"

/* How long a test waits for what must not happen; microseconds. */
#define MOMENT 30000
#define NOT_YET 99
/* How long it waits for what must happen. */
#define PATIENCE (20 * G_USEC_PER_SEC)

typedef struct
{
  KlMediaShare *share;
  KlSharedWork work;
  GCancellable *cancellable;
  int waits; /* atomic */
  int turn;  /* KlTurn; NOT_YET before; atomic */
  GError *error;
} Waiter;

/* With the lock of the share, which is given back once the waiter sleeps. */
static void
told_cb (const KlProgressReport *report, gpointer data)
{
  Waiter *self = data;

  if (g_str_equal (report->info, "Waiting for the first medium"))
    g_atomic_int_set (&self->waits, TRUE);
}

static gpointer
wait_thread (gpointer data)
{
  Waiter *self = data;
  KlProgress *progress = kl_progress_new (told_cb, self);
  KlReadMember *member;
  KlTurn turn;

  member = kl_media_share_enter (self->share, FALSE);
  turn = kl_media_share_begin (self->share, self->work, progress, self->cancellable, &self->error);
  g_atomic_int_set (&self->turn, (int) turn);
  kl_progress_free (progress);
  kl_media_share_leave (self->share, member);
  return NULL;
}

typedef struct
{
  KlMediaShare *share;
  KlReadMember *member;
  Waiter waiters[2];
  GThread *threads[2];
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->share = kl_media_share_new ();
  fixture->member = kl_media_share_enter (fixture->share, FALSE);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < 2; i++)
    {
      g_clear_object (&fixture->waiters[i].cancellable);
      g_clear_error (&fixture->waiters[i].error);
    }
  kl_media_share_leave (fixture->share, fixture->member);
  kl_media_share_unref (fixture->share);
}

static KlTurn
begin (Fixture *fixture, KlSharedWork work)
{
  g_autoptr (GError) error = NULL;

  return kl_media_share_begin (fixture->share, work, NULL, NULL, &error);
}

static void
wait_until_set (int *value)
{
  const gint64 end = g_get_monotonic_time () + PATIENCE;

  while (!g_atomic_int_get (value) && g_get_monotonic_time () < end)
    g_usleep (1000);
  g_assert_true (g_atomic_int_get (value));
}

/* The test does the work, and the waiters wait for it. */
static void
start (Fixture *fixture, KlSharedWork work)
{
  g_assert_cmpint (begin (fixture, work), ==, KL_TURN_MINE);
  for (guint i = 0; i < 2; i++)
    {
      fixture->waiters[i]
          = (Waiter){ fixture->share, work, g_cancellable_new (), FALSE, NOT_YET, NULL };
      fixture->threads[i] = g_thread_new ("waiter", wait_thread, &fixture->waiters[i]);
    }
  for (guint i = 0; i < 2; i++)
    wait_until_set (&fixture->waiters[i].waits);
}

static void
join (Fixture *fixture)
{
  for (guint i = 0; i < 2; i++)
    g_thread_join (fixture->threads[i]);
}

static void
test_checked_once (Fixture *fixture, gconstpointer data)
{
  start (fixture, KL_SHARED_CHECK);
  g_assert_cmpint (g_atomic_int_get (&fixture->waiters[0].turn), ==, NOT_YET);
  kl_media_share_end (fixture->share, KL_SHARED_CHECK, TRUE, NULL, NULL);
  join (fixture);
  for (guint i = 0; i < 2; i++)
    g_assert_cmpint (fixture->waiters[i].turn, ==, KL_TURN_NOT_NOW);
}

static guint
count_mine (Fixture *fixture)
{
  guint n = 0;

  for (guint i = 0; i < 2; i++)
    n += g_atomic_int_get (&fixture->waiters[i].turn) == KL_TURN_MINE;
  return n;
}

/* One of the two goes on, and the other one waits still. */
static void
wait_for_one (Fixture *fixture)
{
  const gint64 end = g_get_monotonic_time () + PATIENCE;

  while (count_mine (fixture) == 0 && g_get_monotonic_time () < end)
    g_usleep (1000);
  g_usleep (MOMENT);
  g_assert_cmpuint (count_mine (fixture), ==, 1);
}

/* Not the others' cancelling, and not the end of the work. */
static void
test_cancelled_hands_over (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GCancellable) cancelled = g_cancellable_new ();
  g_autoptr (GError) problem = NULL;

  for (guint work = 0; work < KL_N_SHARED; work++)
    {
      g_cancellable_cancel (cancelled);
      g_clear_error (&problem);
      g_cancellable_set_error_if_cancelled (cancelled, &problem);
      start (fixture, work);
      kl_media_share_end (fixture->share, work, work != KL_SHARED_PREPARATION, cancelled, problem);
      wait_for_one (fixture);
      kl_media_share_end (fixture->share, work, work != KL_SHARED_PREPARATION, NULL, NULL);
      join (fixture);
      for (guint i = 0; i < 2; i++)
        {
          g_assert_cmpint (fixture->waiters[i].turn, !=, KL_TURN_FAILED);
          g_clear_object (&fixture->waiters[i].cancellable);
        }
      if (work == KL_SHARED_PREPARATION)
        kl_media_share_end (fixture->share, work, work != KL_SHARED_PREPARATION, NULL, NULL);
    }
}

/* Of a broken image everybody is told who waited; whoever comes later looks again. */
static void
test_failed_for_all (Fixture *fixture, gconstpointer data)
{
  const KlSharedWork works[] = { KL_SHARED_PREPARATION, KL_SHARED_CHECK };

  for (guint i = 0; i < G_N_ELEMENTS (works); i++)
    {
      g_autoptr (GError) problem = g_error_new (KL_ERROR, KL_ERROR_MISSING_PACKAGE, "Another file");

      kl_error_set_detail (problem, "TST00001");
      start (fixture, works[i]);
      kl_media_share_end (fixture->share, works[i], works[i] != KL_SHARED_PREPARATION, NULL,
                          problem);
      join (fixture);
      for (guint j = 0; j < 2; j++)
        {
          Waiter *waiter = &fixture->waiters[j];

          g_assert_cmpint (waiter->turn, ==, KL_TURN_FAILED);
          g_assert_error (waiter->error, KL_ERROR, KL_ERROR_MISSING_PACKAGE);
          g_assert_cmpstr (kl_error_get_detail (waiter->error), ==, "TST00001");
          g_clear_error (&waiter->error);
          g_clear_object (&waiter->cancellable);
        }
      g_assert_cmpint (begin (fixture, works[i]), ==, KL_TURN_MINE);
      kl_media_share_end (fixture->share, works[i], works[i] != KL_SHARED_PREPARATION, NULL, NULL);
    }
}

/* Denied, or the dialogue closed: nobody is asked again. */
static void
test_refused_for_all (Fixture *fixture, gconstpointer data)
{
  for (guint dismissed = 0; dismissed < 2; dismissed++)
    {
      g_autoptr (GError) problem = dismissed
                                       ? g_error_new (G_IO_ERROR, G_IO_ERROR_CANCELLED, "Dismissed")
                                       : g_error_new (KL_ERROR, KL_ERROR_PERMISSION, "Denied");

      start (fixture, KL_SHARED_PERMISSION);
      kl_media_share_end (fixture->share, KL_SHARED_PERMISSION, TRUE, NULL, problem);
      join (fixture);
      for (guint i = 0; i < 2; i++)
        {
          g_assert_error (fixture->waiters[i].error, problem->domain, problem->code);
          g_clear_error (&fixture->waiters[i].error);
          g_clear_object (&fixture->waiters[i].cancellable);
        }
      g_assert_cmpint (begin (fixture, KL_SHARED_PERMISSION), ==, KL_TURN_FAILED);

      /* Until all have ended. */
      kl_media_share_leave (fixture->share, fixture->member);
      fixture->member = kl_media_share_enter (fixture->share, FALSE);
    }
  g_assert_cmpint (begin (fixture, KL_SHARED_PERMISSION), ==, KL_TURN_MINE);
}

/* Its drive is busy, which says nothing about permission: the next one asks. */
static void
test_failed_alone (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) problem = g_error_new (KL_ERROR, KL_ERROR_BUSY, "Busy");

  start (fixture, KL_SHARED_PERMISSION);
  kl_media_share_end (fixture->share, KL_SHARED_PERMISSION, TRUE, NULL, problem);
  wait_for_one (fixture);
  kl_media_share_end (fixture->share, KL_SHARED_PERMISSION, TRUE, NULL, NULL);
  join (fixture);
  g_assert_cmpint (fixture->waiters[0].turn + fixture->waiters[1].turn, ==,
                   KL_TURN_MINE + KL_TURN_NOT_NOW);
}

static void
test_waiting_is_cancelled (Fixture *fixture, gconstpointer data)
{
  start (fixture, KL_SHARED_CHECK);
  for (guint i = 0; i < 2; i++)
    g_cancellable_cancel (fixture->waiters[i].cancellable);
  join (fixture);
  for (guint i = 0; i < 2; i++)
    g_assert_error (fixture->waiters[i].error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  kl_media_share_end (fixture->share, KL_SHARED_CHECK, TRUE, NULL, NULL);
}

static void
test_without (Fixture *fixture, gconstpointer data)
{
  g_assert_cmpint (kl_media_share_begin (NULL, KL_SHARED_CHECK, NULL, NULL, NULL), ==,
                   KL_TURN_MINE);
  kl_media_share_end (NULL, KL_SHARED_CHECK, TRUE, NULL, NULL);
  g_assert_null (kl_media_share_enter (NULL, TRUE));
  kl_media_share_leave (NULL, NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func) g_test_add ("/media-share/" path, Fixture, NULL, set_up, func, tear_down)
  ADD ("an-image-is-checked-once", test_checked_once);
  ADD ("one-that-is-cancelled-hands-over", test_cancelled_hands_over);
  ADD ("a-broken-image-fails-all-who-waited", test_failed_for_all);
  ADD ("a-refusal-is-for-all", test_refused_for_all);
  ADD ("a-busy-drive-fails-alone", test_failed_alone);
  ADD ("waiting-can-be-cancelled", test_waiting_is_cancelled);
  ADD ("a-medium-alone-shares-nothing", test_without);
#undef ADD
  return g_test_run ();
}
