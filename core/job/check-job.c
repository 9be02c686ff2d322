/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-check-job"

#include "job/check-job.h"

#include "volume/volume-medium.h"

struct _KlCheckJob
{
  KlJob parent_instance;

  char *path;
  KlMediumCheck *check;  /* owned; set by the worker when it succeeds */
  char *certificate_end; /* owned, nullable; likewise */
};

G_DEFINE_FINAL_TYPE (KlCheckJob, kl_check_job, KL_TYPE_JOB)

static gboolean
kl_check_job_run (KlJob *job, KlProgress *progress, GCancellable *cancellable, GError **error)
{
  KlCheckJob *self = KL_CHECK_JOB (job);
  KlProgress *step = kl_progress_add_step (progress, 1, "Reading the medium");
  g_autoptr (KlVolumeMount) mount = NULL;
  g_autoptr (KlMedium) medium = NULL;

  g_clear_pointer (&self->check, kl_medium_check_free);
  g_clear_pointer (&self->certificate_end, g_free);
  kl_progress_start (step);
  medium = kl_medium_open_anywhere (self->path, &mount, cancellable, error);
  if (medium == NULL)
    return FALSE;

  self->check = kl_medium_check (medium, step, cancellable, error);
  if (self->check == NULL)
    return FALSE;
  self->certificate_end = g_strdup (kl_medium_get_manifest (medium, NULL)->certificate_end);

  kl_progress_finish (step);
  return TRUE;
}

static void
kl_check_job_finalize (GObject *object)
{
  KlCheckJob *self = KL_CHECK_JOB (object);

  g_free (self->path);
  g_free (self->certificate_end);
  g_clear_pointer (&self->check, kl_medium_check_free);
  G_OBJECT_CLASS (kl_check_job_parent_class)->finalize (object);
}

static void
kl_check_job_class_init (KlCheckJobClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = kl_check_job_finalize;
  KL_JOB_CLASS (klass)->run = kl_check_job_run;
}

static void
kl_check_job_init (KlCheckJob *self)
{
}

/**
 * kl_check_job_new:
 * @path: an ISO file, a disk image, a folder, or the node of a drive or of a volume
 *
 * Returns: (transfer full): kl_medium_check() as a job
 */
KlCheckJob *
kl_check_job_new (const char *path)
{
  KlCheckJob *self = g_object_new (KL_TYPE_CHECK_JOB, NULL);

  self->path = g_strdup (path);
  return self;
}

/**
 * kl_check_job_get_check:
 *
 * Returns: (transfer none) (nullable): what was found; %NULL before success. Differences are a
 * finding and no failure of the job. Owner's thread.
 */
const KlMediumCheck *
kl_check_job_get_check (KlCheckJob *self)
{
  return kl_job_is_busy (KL_JOB (self)) ? NULL : self->check;
}

/**
 * kl_check_job_get_certificate_end:
 *
 * Returns: (transfer none) (nullable): when the medium's certificate ends, by its manifest; ISO
 *   8601, UTC. %NULL before success, and where the medium has none. Owner's thread.
 */
const char *
kl_check_job_get_certificate_end (KlCheckJob *self)
{
  return kl_job_is_busy (KL_JOB (self)) ? NULL : self->certificate_end;
}
