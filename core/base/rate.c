/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-rate"

#include "base/rate.h"

#include <math.h>

#define SHORTEST_SAMPLE (G_USEC_PER_SEC / 5)
#define SMOOTHING_SECONDS 3.0

/* What old samples are worth in comparison with a second of new ones (0.28). */
#define DOUBTED_WEIGHT 0.07

/**
 * kl_rate_add:
 * @now: g_get_monotonic_time()
 * @value: what has been done so far, in any unit; a smaller value than before starts afresh
 *
 * Takes a sample. Samples that follow within 0.2 s are passed over: they say more about the
 * scheduler than about the work. Older samples fade with a time constant of 3 s; while there are
 * none, all count by their time alone, so that a first burst is soon forgotten.
 */
void
kl_rate_add (KlRate *self, gint64 now, double value)
{
  double seconds, current, fresh;

  if (self->time == 0 || value < self->value)
    {
      *self = (KlRate){ .time = now, .value = value };
      return;
    }
  if (now - self->time < SHORTEST_SAMPLE)
    return;

  seconds = (double) (now - self->time) / G_USEC_PER_SEC;
  current = (value - self->value) / seconds;
  fresh = 1 - exp (-seconds / SMOOTHING_SECONDS);
  self->weight += fresh * (1 - self->weight);
  self->rate += fresh / self->weight * (current - self->rate);
  self->time = now;
  self->value = value;
}

/**
 * kl_rate_doubt:
 *
 * Something else comes next, and may go at another pace: what is known fades within a second.
 */
void
kl_rate_doubt (KlRate *self)
{
  self->weight = MIN (self->weight, DOUBTED_WEIGHT);
}

/**
 * kl_rate_get:
 *
 * Returns: units per second; 0 while it is not known
 */
double
kl_rate_get (const KlRate *self)
{
  return self->weight > 0 ? self->rate : 0;
}
