/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-import-job"

#include "job/import-job.h"

struct _KlImportJob
{
  KlJob parent_instance;

  KlCatalog *catalog; /* owned */
  char *path;
  char *id;
  char *name;
  char *boot_files;
  guint index;
  gboolean reexport;
  KlBootImage *image; /* owned; set by the worker when it succeeds */
};

G_DEFINE_FINAL_TYPE (KlImportJob, kl_import_job, KL_TYPE_JOB)

static gboolean
kl_import_job_run (KlJob *job, KlProgress *progress, GCancellable *cancellable, GError **error)
{
  KlImportJob *self = KL_IMPORT_JOB (job);
  const KlImportOptions options = {
    .path = self->path,
    .index = self->index,
    .id = self->id,
    .name = self->name,
    .boot_files = self->boot_files,
    .reexport = self->reexport,
  };

  g_clear_object (&self->image);
  self->image = kl_catalog_import (self->catalog, &options, progress, cancellable, error);
  return self->image != NULL;
}

static void
kl_import_job_finalize (GObject *object)
{
  KlImportJob *self = KL_IMPORT_JOB (object);

  g_clear_object (&self->catalog);
  g_clear_object (&self->image);
  g_free (self->path);
  g_free (self->id);
  g_free (self->name);
  g_free (self->boot_files);
  G_OBJECT_CLASS (kl_import_job_parent_class)->finalize (object);
}

static void
kl_import_job_class_init (KlImportJobClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = kl_import_job_finalize;
  KL_JOB_CLASS (klass)->run = kl_import_job_run;
}

static void
kl_import_job_init (KlImportJob *self)
{
}

/**
 * kl_import_job_new:
 * @options: copied
 *
 * Returns: (transfer full): kl_catalog_import() as a job
 */
KlImportJob *
kl_import_job_new (KlCatalog *catalog, const KlImportOptions *options)
{
  KlImportJob *self;

  g_return_val_if_fail (KL_IS_CATALOG (catalog), NULL);
  g_return_val_if_fail (options != NULL && options->path != NULL, NULL);

  self = g_object_new (KL_TYPE_IMPORT_JOB, NULL);
  self->catalog = g_object_ref (catalog);
  self->path = g_strdup (options->path);
  self->id = g_strdup (options->id);
  self->name = g_strdup (options->name);
  self->boot_files = g_strdup (options->boot_files);
  self->index = options->index;
  self->reexport = options->reexport;
  return self;
}

/**
 * kl_import_job_get_image:
 *
 * Returns: (transfer none) (nullable): what was imported; %NULL before success. Owner's thread.
 */
KlBootImage *
kl_import_job_get_image (KlImportJob *self)
{
  return kl_job_is_busy (KL_JOB (self)) ? NULL : self->image;
}
