/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "job/media-creator.h"

G_BEGIN_DECLS

typedef enum
{
  KL_MEDIA_JOB_WAITING,
  KL_MEDIA_JOB_RUNNING,
  KL_MEDIA_JOB_DONE,
  KL_MEDIA_JOB_FAILED,
  KL_MEDIA_JOB_CANCELLED,
} KlMediaJobState;

/*
 * One medium that is made, and how that ended: a creator with its request, and what a list tells of
 * it also when nobody looks on. Property state (of KlMediaJobState, as int). Once it is done it
 * keeps no secret; until it is forgotten, one that failed can be tried again. One that is forgotten
 * while it runs keeps its secrets until it ends, however that is.
 */
#define KL_TYPE_MEDIA_JOB (kl_media_job_get_type ())
G_DECLARE_FINAL_TYPE (KlMediaJob, kl_media_job, KL, MEDIA_JOB, GObject)

KlMediaJob *kl_media_job_new (KlMediaCreator *creator);
void kl_media_job_start (KlMediaJob *self); /* also once more after it has failed */
void kl_media_job_cancel (KlMediaJob *self);
void kl_media_job_forget (KlMediaJob *self); /* what it was asked, with its secrets */

KlMediaJobState kl_media_job_get_state (KlMediaJob *self);
KlJob *kl_media_job_get_job (KlMediaJob *self);
const GError *kl_media_job_get_error (KlMediaJob *self);         /* NULL unless it failed */
const KlMediaResult *kl_media_job_get_result (KlMediaJob *self); /* NULL unless it is done */
gboolean kl_media_job_can_retry (KlMediaJob *self);
KlMediaState kl_media_job_get_remains (KlMediaJob *self); /* what the target is, once it ended */
KlDrive *kl_media_job_get_drive (KlMediaJob *self);       /* NULL for a file */
const char *kl_media_job_get_path (KlMediaJob *self);     /* of the file or the node */
const char *kl_media_job_get_name (KlMediaJob *self);     /* of the file or the drive */
gboolean kl_media_job_replaces (KlMediaJob *self);        /* a file of that name was there */

G_END_DECLS
