/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "job/job.h"

G_BEGIN_DECLS

typedef gboolean (*KlFunctionJobFunc) (gpointer data,
                                       KlProgress *progress,
                                       GCancellable *cancellable,
                                       GError **error);

/* A blocking function of core as a job, for what has no job class of its own. */
#define KL_TYPE_FUNCTION_JOB (kl_function_job_get_type ())
G_DECLARE_FINAL_TYPE (KlFunctionJob, kl_function_job, KL, FUNCTION_JOB, KlJob)

KlJob *kl_function_job_new (const char *info, KlFunctionJobFunc func, gpointer data);

G_END_DECLS
