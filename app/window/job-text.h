/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "job/job.h"

G_BEGIN_DECLS

/* How a running job reads in the window. */
char *kl_job_text_dup_step (KlJob *job);   /* "Writing files (step 3 of 6)" */
char *kl_job_text_dup_amount (KlJob *job); /* "120 MB of 473 MB · 85 MB/s", "" */
char *kl_job_text_dup_time (KlJob *job);   /* "About 4 seconds left", "" */

G_END_DECLS
