/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "base/progress.h"

G_BEGIN_DECLS

/*
 * A piece of work that a front end starts, watches and cancels: making media, importing an image,
 * checking a medium. Subclasses implement run(), which blocks in a worker thread and reports
 * through the progress tree.
 *
 * Properties, all read-only, changed and notified in the main context that started the run
 * (media-api.md 1.1, 1.3):
 *
 *   num-steps      guint    number of steps; 0 before a run and in synchronous runs
 *   current-step   guint    1 … num-steps, 0 = not started
 *   step-progress  guint    0 … 100
 *   step-info      string   English text of the step; the front end may translate by step
 *   fraction       double   0 … 1 over all steps, never decreasing
 *   bytes          guint64  done in the current step
 *   total-bytes    guint64  of the current step; 0 where it does not count bytes
 *   rate           double   bytes per second, smoothed; 0 while unknown
 *   eta            gint     seconds left in the whole run; -1 while unknown
 *   busy           gboolean Status of the documented API: TRUE while there is something to wait for
 *   exit-code      guint    HRESULT of the last run; 0x8000000A while running
 *   error-detail   string   the text for {0} of the last error, or ""
 *
 * Signals: "progress" (coalesced, at most one queued), "error-detail" (string) when the detail of a
 * failure is known, "finished" once per asynchronous run, before its callback.
 *
 * One object runs one thing at a time: a second call while it is busy fails with KL_ERROR_BUSY.
 */
#define KL_TYPE_JOB (kl_job_get_type ())
G_DECLARE_DERIVABLE_TYPE (KlJob, kl_job, KL, JOB, GObject)

struct _KlJobClass
{
  GObjectClass parent_class;

  gboolean (*run) (KlJob *self, KlProgress *progress, GCancellable *cancellable, GError **error);
};

gboolean kl_job_run (KlJob *self, GCancellable *cancellable, GError **error);
void kl_job_run_async (KlJob *self,
                       GCancellable *cancellable,
                       GAsyncReadyCallback callback,
                       gpointer user_data);
gboolean kl_job_run_finish (KlJob *self, GAsyncResult *result, GError **error);
void kl_job_cancel (KlJob *self); /* asynchronous runs only; returns at once; no effect when idle */

guint kl_job_get_num_steps (KlJob *self);
guint kl_job_get_current_step (KlJob *self);
guint kl_job_get_step_progress (KlJob *self);
const char *kl_job_get_step_info (KlJob *self);
double kl_job_get_fraction (KlJob *self);
guint64 kl_job_get_bytes (KlJob *self);
guint64 kl_job_get_total_bytes (KlJob *self);
double kl_job_get_rate (KlJob *self);
int kl_job_get_eta (KlJob *self);
gboolean kl_job_is_busy (KlJob *self);
guint32 kl_job_get_exit_code (KlJob *self);
const char *kl_job_get_error_detail (KlJob *self);

G_END_DECLS
