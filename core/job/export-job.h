/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "prepare/default-image.h"
#include "job/job.h"

G_BEGIN_DECLS

/* kl_catalog_export() and kl_default_image_export() as jobs. */
#define KL_TYPE_EXPORT_JOB (kl_export_job_get_type ())
G_DECLARE_FINAL_TYPE (KlExportJob, kl_export_job, KL, EXPORT_JOB, KlJob)

KlExportJob *kl_export_job_new (KlCatalog *catalog, const char *id, const char *path);
KlExportJob *
kl_export_job_new_default (KlCatalog *catalog, const KlDefaultImage *wanted, const char *path);

G_END_DECLS
