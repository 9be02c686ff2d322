/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A smoothed rate of something that grows: plain data, start with { 0 }. */
typedef struct
{
  gint64 time;   /* of the last sample, monotonic microseconds; 0 before the first */
  double value;  /* at that time */
  double rate;   /* per second */
  double weight; /* of the samples that went into the rate: 0 for none, 1 after a long time */
} KlRate;

void kl_rate_add (KlRate *self, gint64 now, double value);
void kl_rate_doubt (KlRate *self);
double kl_rate_get (const KlRate *self);

G_END_DECLS
