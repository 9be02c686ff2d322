/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "window/media-job.h"

G_BEGIN_DECLS

/*
 * All jobs that this process has run or runs, the newest first: a GListModel of KlMediaJob that
 * outlives the windows. Media, whoever asked for them, imports, exports, preparations, checks.
 * Signals: “changed” when one begins or ends; “all-ended” when the last one that ran has ended.
 * Main thread.
 */
#define KL_TYPE_MEDIA_JOBS (kl_media_jobs_get_type ())
G_DECLARE_FINAL_TYPE (KlMediaJobs, kl_media_jobs, KL, MEDIA_JOBS, GObject)

/* How those media ended that ran since nothing ran. */
typedef struct
{
  guint done;
  guint failed;
  guint cancelled;
} KlMediaJobCounts;

KlMediaJobs *kl_media_jobs_get (void); /* the only one; lent */
void kl_media_jobs_add (KlMediaJobs *self, KlMediaJob *job);
KlMediaJob *kl_media_jobs_begin_other (KlMediaJobs *self, const KlOtherJob *other);
guint kl_media_jobs_get_n_running (KlMediaJobs *self);
KlMediaJobCounts kl_media_jobs_get_counts (KlMediaJobs *self);
KlMediaJob *kl_media_jobs_find_busy (KlMediaJobs *self, KlDrive *drive); /* lent; nullable */
KlMediaJob *kl_media_jobs_find_done (KlMediaJobs *self, KlDrive *drive); /* lent; nullable */
void kl_media_jobs_clear_ended (KlMediaJobs *self);

G_END_DECLS
