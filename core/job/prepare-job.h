/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "job/job.h"
#include "prepare/preparer.h"

G_BEGIN_DECLS

/* kl_prepare_image() as a job: its steps are those of the preparation. */
#define KL_TYPE_PREPARE_JOB (kl_prepare_job_get_type ())
G_DECLARE_FINAL_TYPE (KlPrepareJob, kl_prepare_job, KL, PREPARE_JOB, KlJob)

KlPrepareJob *kl_prepare_job_new (KlCatalog *catalog, const char *id);
const KlPreparation *kl_prepare_job_get_result (KlPrepareJob *self); /* NULL before success */

G_END_DECLS
