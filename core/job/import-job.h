/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "import/import.h"
#include "job/job.h"

G_BEGIN_DECLS

/* kl_catalog_import() as a job. The strings of @options are copied. */
#define KL_TYPE_IMPORT_JOB (kl_import_job_get_type ())
G_DECLARE_FINAL_TYPE (KlImportJob, kl_import_job, KL, IMPORT_JOB, KlJob)

KlImportJob *kl_import_job_new (KlCatalog *catalog, const KlImportOptions *options);
KlBootImage *kl_import_job_get_image (KlImportJob *self); /* borrowed; NULL before success */

G_END_DECLS
