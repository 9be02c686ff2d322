/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "job/job.h"
#include "media/medium.h"

G_BEGIN_DECLS

/* kl_medium_check() as a job. */
#define KL_TYPE_CHECK_JOB (kl_check_job_get_type ())
G_DECLARE_FINAL_TYPE (KlCheckJob, kl_check_job, KL, CHECK_JOB, KlJob)

KlCheckJob *kl_check_job_new (const char *path);
const char *kl_check_job_get_certificate_end (KlCheckJob *self); /* ISO 8601, UTC; nullable */
const KlMediumCheck *kl_check_job_get_check (KlCheckJob *self);  /* borrowed; NULL before success */

G_END_DECLS
