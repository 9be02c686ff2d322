/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-rate"

#include "base/rate.h"

#include <math.h>

#define SHORTEST_SAMPLE (G_USEC_PER_SEC / 5)
#define SMOOTHING_SECONDS 3.0

/**
 * kl_rate_add:
 * @now: g_get_monotonic_time()
 * @value: what has been done so far, in any unit; a smaller value than before starts afresh
 *
 * Takes a sample. Samples that follow within 0.2 s are passed over: they say more about the
 * scheduler than about the work. Older samples fade with a time constant of 3 s.
 */
void
kl_rate_add (KlRate *self, gint64 now, double value)
{
  double seconds, current, share;

  if (self->time == 0 || value < self->value)
    {
      *self = (KlRate){ .time = now, .value = value };
      return;
    }
  if (now - self->time < SHORTEST_SAMPLE)
    return;

  seconds = (double) (now - self->time) / G_USEC_PER_SEC;
  current = (value - self->value) / seconds;
  share = self->samples == 0 ? 1 : 1 - exp (-seconds / SMOOTHING_SECONDS);
  self->rate += share * (current - self->rate);
  self->samples++;
  self->time = now;
  self->value = value;
}

/**
 * kl_rate_get:
 *
 * Returns: units per second; 0 while it is not known
 */
double
kl_rate_get (const KlRate *self)
{
  return self->samples > 0 ? self->rate : 0;
}
