/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "job/job.h"

G_BEGIN_DECLS

/*
 * Runs one KlJob and shows it: step, bar, bytes, rate, time left and Cancel, then how it ended.
 * Who shows the view says what a good end looks like (set_done, add_fact); the rest is the same for
 * all jobs.
 *
 * Signals: "ended" (GError *error, nullable, borrowed) when the job has ended and the view shows
 * how; a handler may replace what is shown.
 */
#define KL_TYPE_JOB_VIEW (kl_job_view_get_type ())
G_DECLARE_FINAL_TYPE (KlJobView, kl_job_view, KL, JOB_VIEW, AdwBin)

void kl_job_view_start (KlJobView *self, KlJob *job, const char *title, const char *subject);
void kl_job_view_set_end_button (KlJobView *self, GtkWidget *button);
gboolean kl_job_view_is_running (KlJobView *self);
KlJobView *kl_job_view_get_running (void);
gboolean kl_job_view_ask_to_close (KlJobView *self, GtkWindow *also_closed);
void kl_job_view_cancel (KlJobView *self);

/* What stands below "Cancelled": what is left of the target. */
void kl_job_view_set_cancelled_text (KlJobView *self, const char *text);
/* What is said about leaving a job that runs, in place of “nothing of it remains”. */
void kl_job_view_set_leaving_text (KlJobView *self, const char *text);
void kl_job_view_set_done (KlJobView *self, const char *title, const char *description);
void kl_job_view_set_warned (KlJobView *self, const char *title, const char *description);
/* @icon_name: nullable */
void kl_job_view_add_fact (KlJobView *self,
                           const char *title,
                           const char *value,
                           const char *icon_name,
                           const char *css_class);
void kl_job_view_add_row (KlJobView *self, GtkWidget *row);
void kl_job_view_add_button (KlJobView *self, const char *label, const char *action_name);

G_END_DECLS
