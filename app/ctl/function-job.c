/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-ctl"

#include "function-job.h"

struct _KlFunctionJob
{
  KlJob parent_instance;

  char *info;             /* owned; English text of the only step */
  KlFunctionJobFunc func; /* called in the worker thread */
  gpointer data;          /* not owned; outlives the run */
};

G_DEFINE_FINAL_TYPE (KlFunctionJob, kl_function_job, KL_TYPE_JOB)

static gboolean
kl_function_job_run (KlJob *job, KlProgress *progress, GCancellable *cancellable, GError **error)
{
  KlFunctionJob *self = KL_FUNCTION_JOB (job);
  KlProgress *step = kl_progress_add_step (progress, 1, self->info);

  kl_progress_start (step);
  if (!self->func (self->data, step, cancellable, error))
    return FALSE;

  kl_progress_finish (step);
  return TRUE;
}

static void
kl_function_job_finalize (GObject *object)
{
  g_free (KL_FUNCTION_JOB (object)->info);

  G_OBJECT_CLASS (kl_function_job_parent_class)->finalize (object);
}

static void
kl_function_job_class_init (KlFunctionJobClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = kl_function_job_finalize;
  KL_JOB_CLASS (klass)->run = kl_function_job_run;
}

static void
kl_function_job_init (KlFunctionJob *self)
{
}

/**
 * kl_function_job_new:
 * @info: English text of the only step
 * @func: called in a worker thread
 * @data: passed to @func; must stay until the run has ended
 */
KlJob *
kl_function_job_new (const char *info, KlFunctionJobFunc func, gpointer data)
{
  KlFunctionJob *self = g_object_new (KL_TYPE_FUNCTION_JOB, NULL);

  self->info = g_strdup (info);
  self->func = func;
  self->data = data;
  return KL_JOB (self);
}
