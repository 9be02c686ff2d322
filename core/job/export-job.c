/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-export-job"

#include "job/export-job.h"

struct _KlExportJob
{
  KlJob parent_instance;

  KlCatalog *catalog; /* owned */
  char *id;           /* NULL: a default image */
  char *architecture; /* of the default image, as is what follows */
  guint index;
  char *source; /* nullable */
  gboolean keep_other_files;
  char *path;
};

G_DEFINE_FINAL_TYPE (KlExportJob, kl_export_job, KL_TYPE_JOB)

static gboolean
export_image (KlExportJob *self, KlProgress *step, GCancellable *cancellable, GError **error)
{
  const KlDefaultImage wanted
      = { self->architecture, self->index, self->source, self->keep_other_files };

  if (self->id != NULL)
    return kl_catalog_export (self->catalog, self->id, self->path, step, cancellable, error);
  return kl_default_image_export (self->catalog, &wanted, self->path, step, cancellable, error);
}

static gboolean
kl_export_job_run (KlJob *job, KlProgress *progress, GCancellable *cancellable, GError **error)
{
  KlProgress *step = kl_progress_add_step (progress, 1, "Exporting the image");

  kl_progress_start (step);
  if (!export_image (KL_EXPORT_JOB (job), step, cancellable, error))
    return FALSE;

  kl_progress_finish (step);
  return TRUE;
}

static void
kl_export_job_finalize (GObject *object)
{
  KlExportJob *self = KL_EXPORT_JOB (object);

  g_clear_object (&self->catalog);
  g_free (self->id);
  g_free (self->architecture);
  g_free (self->source);
  g_free (self->path);
  G_OBJECT_CLASS (kl_export_job_parent_class)->finalize (object);
}

static void
kl_export_job_class_init (KlExportJobClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = kl_export_job_finalize;
  KL_JOB_CLASS (klass)->run = kl_export_job_run;
}

static void
kl_export_job_init (KlExportJob *self)
{
}

static KlExportJob *
new_job (KlCatalog *catalog, const char *path)
{
  KlExportJob *self = g_object_new (KL_TYPE_EXPORT_JOB, NULL);

  self->catalog = g_object_ref (catalog);
  self->path = g_strdup (path);
  return self;
}

/**
 * kl_export_job_new:
 * @path: of the WIM file to write
 *
 * Returns: (transfer full): kl_catalog_export() as a job
 */
KlExportJob *
kl_export_job_new (KlCatalog *catalog, const char *id, const char *path)
{
  KlExportJob *self;

  g_return_val_if_fail (KL_IS_CATALOG (catalog), NULL);
  g_return_val_if_fail (id != NULL && path != NULL, NULL);

  self = new_job (catalog, path);
  self->id = g_strdup (id);
  return self;
}

/**
 * kl_export_job_new_default:
 * @path: of the WIM file to write
 *
 * Returns: (transfer full): kl_default_image_export() as a job
 */
KlExportJob *
kl_export_job_new_default (KlCatalog *catalog, const KlDefaultImage *wanted, const char *path)
{
  KlExportJob *self;

  g_return_val_if_fail (KL_IS_CATALOG (catalog), NULL);
  g_return_val_if_fail (wanted->architecture != NULL && path != NULL, NULL);

  self = new_job (catalog, path);
  self->architecture = g_strdup (wanted->architecture);
  self->index = wanted->index;
  self->source = g_strdup (wanted->source);
  self->keep_other_files = wanted->keep_other_files;
  return self;
}
