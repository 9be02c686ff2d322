/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "job/job.h"

G_BEGIN_DECLS

/* What a screen reader is told of a job that runs. Zeroed: nothing so far. */
typedef struct
{
  gint64 said;  /* monotonic time of the last announcement; microseconds; 0: none */
  guint tenth;  /* of the job, that was last announced; 0 to 10 */
  double shown; /* fraction that the bar shows */
} KlProgressVoice;

gboolean kl_progress_voice_is_due (KlProgressVoice *self, double fraction, gint64 now);
void
kl_progress_voice_show (KlProgressVoice *self, KlJob *job, GtkProgressBar *bar, GtkWidget *button);
/* Said when the focus comes to @button; of how a job ended. */
void kl_progress_voice_describe (GtkWidget *button, const char *title, const char *text);

G_END_DECLS
