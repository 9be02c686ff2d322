/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-prepare-job"

#include "job/prepare-job.h"

struct _KlPrepareJob
{
  KlJob parent_instance;

  KlCatalog *catalog; /* owned */
  char *id;
  KlPreparation *result; /* owned; nullable; set by the worker when it succeeds */
};

G_DEFINE_FINAL_TYPE (KlPrepareJob, kl_prepare_job, KL_TYPE_JOB)

static gboolean
kl_prepare_job_run (KlJob *job, KlProgress *progress, GCancellable *cancellable, GError **error)
{
  KlPrepareJob *self = KL_PREPARE_JOB (job);

  g_clear_pointer (&self->result, kl_preparation_free);
  self->result = kl_prepare_image (self->catalog, self->id, progress, cancellable, error);
  return self->result != NULL;
}

static void
kl_prepare_job_finalize (GObject *object)
{
  KlPrepareJob *self = KL_PREPARE_JOB (object);

  g_clear_object (&self->catalog);
  g_clear_pointer (&self->result, kl_preparation_free);
  g_free (self->id);
  G_OBJECT_CLASS (kl_prepare_job_parent_class)->finalize (object);
}

static void
kl_prepare_job_class_init (KlPrepareJobClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = kl_prepare_job_finalize;
  KL_JOB_CLASS (klass)->run = kl_prepare_job_run;
}

static void
kl_prepare_job_init (KlPrepareJob *self)
{
}

/**
 * kl_prepare_job_new:
 *
 * Returns: (transfer full): kl_prepare_image() as a job
 */
KlPrepareJob *
kl_prepare_job_new (KlCatalog *catalog, const char *id)
{
  KlPrepareJob *self;

  g_return_val_if_fail (KL_IS_CATALOG (catalog), NULL);
  g_return_val_if_fail (id != NULL, NULL);

  self = g_object_new (KL_TYPE_PREPARE_JOB, NULL);
  self->catalog = g_object_ref (catalog);
  self->id = g_strdup (id);
  return self;
}

/**
 * kl_prepare_job_get_result:
 *
 * Returns: (transfer none) (nullable): what the last run came to. Owner's thread.
 */
const KlPreparation *
kl_prepare_job_get_result (KlPrepareJob *self)
{
  return kl_job_is_busy (KL_JOB (self)) ? NULL : self->result;
}
