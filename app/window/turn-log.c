/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-turns"

#include "config.h"

#include "window/turn-log.h"

#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "window/media-jobs.h"

/* A frame of a screen with 60 Hz; microseconds. */
#define FRAME 16000

/* How often a summary is made where all turns are counted; microseconds. */
#define PERIOD G_USEC_PER_SEC

static gboolean on;
static gboolean all_turns;  /* not only those of a job */
static gint64 reported;     /* when the last summary was made; microseconds */
static gboolean in_job;     /* whether one ran when the last turn ended */
static gint64 woken;        /* when the last poll returned; microseconds; 0 before the first */
static gint64 woken_spent;  /* processor time of the main thread then; microseconds */
static gint64 woken_queued; /* time for which it had waited for a processor then; microseconds */
static int schedstat = -1;  /* of the main thread; open while the program runs */
static guint n_turns;       /* that count, since the last summary */
static guint n_long;        /* of them, over a frame */
static gint64 longest;      /* of them; microseconds */

/* Tells a turn that worked from one that waited for a processor. */
static gint64
get_spent (void)
{
  struct timespec now;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
  return (gint64) now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

/* How long the main thread was ready to work while others had the processors: what a machine that
 * is busy takes. What is left of a turn then, it was blocked, by a disk or a lock. */
static gint64
get_queued (void)
{
  char text[64] = "";
  guint64 run = 0, queued = 0;

  if (schedstat < 0 || pread (schedstat, text, sizeof text - 1, 0) <= 0
      || sscanf (text, "%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT, &run, &queued) != 2)
    return 0;
  return (gint64) (queued / 1000);
}

static void
count_turn (gint64 duration)
{
  n_turns++;
  longest = MAX (longest, duration);
  if (duration <= FRAME)
    return;

  n_long++;
  g_message ("turn of %.1f ms, %.1f ms of them on the processor, %.1f ms waiting for one",
             (double) duration / 1000, (double) (get_spent () - woken_spent) / 1000,
             (double) (get_queued () - woken_queued) / 1000);
}

static void
report (const char *what)
{
  if (n_turns > 0)
    g_message ("%s: %u turns, %u over %d ms, longest %.1f ms", what, n_turns, n_long, FRAME / 1000,
               (double) longest / 1000);
  n_turns = 0;
  n_long = 0;
  longest = 0;
}

static void
end_any_turn (void)
{
  const gint64 now = g_get_monotonic_time ();

  if (woken != 0)
    count_turn (now - woken);
  if (now - reported < PERIOD)
    return;
  report ("all");
  reported = now;
}

static void
end_turn (void)
{
  const gboolean was_in_job = in_job;

  in_job = kl_media_jobs_get_n_running (kl_media_jobs_get ()) > 0;
  if (woken != 0 && (in_job || was_in_job))
    count_turn (g_get_monotonic_time () - woken);
  if (!in_job)
    report ("job ended");
}

/* A turn of the main loop is what lies between two polls. */
static int
poll_and_measure (GPollFD *fds, guint n_fds, int timeout)
{
  int ready;

  if (all_turns)
    end_any_turn ();
  else
    end_turn ();
  ready = g_poll (fds, n_fds, timeout);
  woken = g_get_monotonic_time ();
  woken_spent = get_spent ();
  woken_queued = get_queued ();

  return ready;
}

/**
 * kl_turn_log_start:
 *
 * Where the environment has KINDLING_DEBUG_FRAMES=1, logs every turn of the main loop that takes
 * longer than a frame while a job runs, and a summary when the job ends. With "all" it does so
 * whether a job runs or not, and sums up every second.
 */
void
kl_turn_log_start (void)
{
  const char *wanted = g_getenv ("KINDLING_DEBUG_FRAMES");

  all_turns = g_strcmp0 (wanted, "all") == 0;
  on = all_turns || g_strcmp0 (wanted, "1") == 0;
  if (!on)
    return;

  schedstat = open ("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
  g_main_context_set_poll_func (NULL, poll_and_measure);
}

static void
painted_cb (GdkFrameClock *clock, gpointer user_data)
{
  g_message ("first frame");
  g_signal_handlers_disconnect_by_func (clock, G_CALLBACK (painted_cb), user_data);
}

static void
realized_cb (GtkWidget *window, gpointer user_data)
{
  g_signal_connect (gtk_widget_get_frame_clock (window), "after-paint", G_CALLBACK (painted_cb),
                    NULL);
}

/**
 * kl_turn_log_watch:
 * @window: not yet shown
 *
 * Where turns are logged, logs when the window has drawn its first frame.
 */
void
kl_turn_log_watch (GtkWidget *window)
{
  if (on)
    g_signal_connect (window, "realize", G_CALLBACK (realized_cb), NULL);
}
