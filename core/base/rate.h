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
  guint samples; /* that went into the rate */
} KlRate;

void kl_rate_add (KlRate *self, gint64 now, double value);
double kl_rate_get (const KlRate *self);

G_END_DECLS
