/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "creation/media-creator.h"

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
 * An entry of the list of jobs, and how it ended: a medium that is made, by a creator with its
 * request, or a job that somebody else runs; what the list tells of it also when nobody looks on.
 * Property state (of KlMediaJobState, as int). Once it is done it
 * keeps no secret; until it is forgotten, one that failed can be tried again. One that is forgotten
 * while it runs keeps its secrets until it ends, however that is.
 */
#define KL_TYPE_MEDIA_JOB (kl_media_job_get_type ())
G_DECLARE_FINAL_TYPE (KlMediaJob, kl_media_job, KL, MEDIA_JOB, GObject)

/* A job that is shown in a dialog of its own, waits its turn, or was asked for over the bus. */
typedef struct
{
  KlJob *job;
  const char *name;   /* UTF-8; "Importing “boot.wim”", or what a medium is called */
  const char *path;   /* nullable; of the file that it makes or reads */
  KlDrive *drive;     /* nullable; that it writes to */
  const char *origin; /* nullable; who asked for it */
} KlOtherJob;

KlMediaJob *kl_media_job_new (KlMediaCreator *creator);
KlMediaJob *kl_media_job_new_other (const KlOtherJob *other);
void kl_media_job_begin (KlMediaJob *self); /* of another job; that is in the list already */
void kl_media_job_end (KlMediaJob *self, const GError *error);
void kl_media_job_start (KlMediaJob *self); /* also once more after it has failed */
void kl_media_job_cancel (KlMediaJob *self);
void kl_media_job_forget (KlMediaJob *self); /* what it was asked, with its secrets */

KlMediaJobState kl_media_job_get_state (KlMediaJob *self);
KlJob *kl_media_job_get_job (KlMediaJob *self); /* NULL once another job has ended */
gboolean kl_media_job_is_medium (KlMediaJob *self);
gboolean kl_media_job_is_open (KlMediaJob *self);
guint kl_media_job_count_open (GListModel *jobs);
gboolean kl_media_job_is_verified (KlMediaJob *self);
const char *kl_media_job_get_origin (KlMediaJob *self);          /* nullable */
const GError *kl_media_job_get_error (KlMediaJob *self);         /* NULL unless it failed */
const KlMediaResult *kl_media_job_get_result (KlMediaJob *self); /* NULL unless it is done here */
gboolean kl_media_job_can_retry (KlMediaJob *self);
gboolean
kl_media_job_needs_choice (KlMediaJob *self); /* of a drive, before it can be tried again */
KlMediaState kl_media_job_get_remains (KlMediaJob *self); /* what the target is, once it ended */
KlDrive *kl_media_job_get_drive (KlMediaJob *self);       /* NULL for a file */
const char *kl_media_job_get_path (KlMediaJob *self);     /* of the file or the node; nullable */
const char *kl_media_job_get_name (KlMediaJob *self);     /* of the file, the drive or the job */
gboolean kl_media_job_replaces (KlMediaJob *self);        /* a file of that name was there */

G_END_DECLS
