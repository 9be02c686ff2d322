/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "creation/media-request.h"
#include "drive/drive.h"
#include "job/job.h"
#include "restore/blank-writer.h"

G_BEGIN_DECLS

/* What a drive is afterwards. */
typedef struct
{
  char *path;       /* of the drive */
  KlBlankKind kind; /* never KL_BLANK_BY_SIZE */
  gboolean gpt;     /* instead of MBR */
  guint64 bytes;    /* of the volume */
  double seconds;
} KlRestoreResult;

/* Gives a drive back to normal use, as a job: one empty volume, and nothing that starts. */
#define KL_TYPE_RESTORE_JOB (kl_restore_job_get_type ())
G_DECLARE_FINAL_TYPE (KlRestoreJob, kl_restore_job, KL, RESTORE_JOB, KlJob)

KlRestoreJob *kl_restore_job_new (KlDrive *drive, KlBlankKind kind, const char *label);
const KlRestoreResult *kl_restore_job_get_result (KlRestoreJob *self); /* NULL before success */
KlMediaState kl_restore_job_get_state (KlRestoreJob *self);

G_END_DECLS
