/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-progress-voice"

#include "config.h"

#include "window/progress-voice.h"

#include <glib/gi18n.h>
#include <math.h>

#include "bidi.h"
#include "window/job-text.h"

/* Between two announcements: at most, where the job hardly moves, and at least, where it races;
 * microseconds. */
#define LONGEST_SILENCE (10 * G_USEC_PER_SEC)
#define SHORTEST_SILENCE (2 * G_USEC_PER_SEC)

/* What a bar moves by at least: each move is an event for a screen reader too. */
#define SMALLEST_MOVE 0.005

/**
 * kl_progress_voice_is_due:
 * @fraction: of the job, 0 to 1
 * @now: monotonic time; microseconds
 *
 * Whether it is time for an announcement: at the begin, at each tenth part and after ten seconds,
 * but never twice in two seconds. Answered with %TRUE it counts as made.
 */
gboolean
kl_progress_voice_is_due (KlProgressVoice *self, double fraction, gint64 now)
{
  const guint tenth = (guint) (CLAMP (fraction, 0, 1) * 10);
  const gint64 silence = now - self->said;

  if (self->said != 0
      && (silence < SHORTEST_SILENCE || (tenth == self->tenth && silence < LONGEST_SILENCE)))
    return FALSE;

  self->said = now;
  self->tenth = tenth;
  return TRUE;
}

static char *
dup_announcement (KlJob *job, double fraction)
{
  g_autofree char *step = kl_job_text_dup_step (job);
  g_autofree char *left = kl_job_text_dup_time (job);
  const int percent = (int) (fraction * 100);

  if (*left == '\0')
    /* Translators: said by a screen reader: how far a job is in per cent, and its step. */
    return kl_bidi_printf (_ ("%d %%, %s"), percent, step);
  /* Translators: said by a screen reader: how far a job is in per cent, its step, time left. */
  return kl_bidi_printf (_ ("%d %%, %s, %s"), percent, step, left);
}

/**
 * kl_progress_voice_show:
 * @bar: of @job
 * @button: which cancels @job and is likely to have the focus
 *
 * Shows how far @job is. GTK 4.8 cannot announce, and no screen reader hears of a bar that does not
 * have the focus; of a new description of what has the focus it does.
 */
void
kl_progress_voice_show (KlProgressVoice *self, KlJob *job, GtkProgressBar *bar, GtkWidget *button)
{
  const double fraction = CLAMP (kl_job_get_fraction (job), 0, 1);
  g_autofree char *text = NULL;

  if (fabs (fraction - self->shown) >= SMALLEST_MOVE || fraction <= 0 || fraction >= 1)
    {
      self->shown = fraction;
      gtk_progress_bar_set_fraction (bar, fraction);
    }
  if (!kl_progress_voice_is_due (self, fraction, g_get_monotonic_time ()))
    return;

  text = dup_announcement (job, fraction);
  gtk_accessible_update_property (GTK_ACCESSIBLE (bar), GTK_ACCESSIBLE_PROPERTY_VALUE_TEXT, text,
                                  -1);
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION,
                                  text, -1);
}

void
kl_progress_voice_describe (GtkWidget *button, const char *title, const char *text)
{
  g_autofree char *description
      = text != NULL && *text != '\0' ? g_strjoin (". ", title, text, NULL) : g_strdup (title);

  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION,
                                  description, -1);
}
