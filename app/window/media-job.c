/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-media-job"

#include "config.h"

#include "window/media-job.h"

#include "base/error.h"

struct _KlMediaJob
{
  GObject parent_instance;

  KlMediaCreator *creator; /* owned; NULL for a job that somebody else runs */
  KlJob *job;              /* owned; NULL once such a job has ended: it may be run again */
  KlDrive *drive;          /* owned; nullable */
  char *path;              /* owned; nullable */
  char *name;              /* owned; UTF-8 */
  char *origin;            /* owned; nullable */
  gboolean medium;
  gboolean replaces;
  gboolean verified;
  KlMediaState remains;
  gboolean forgotten; /* nobody will try it again */
  KlMediaJobState state;
  GError *error; /* owned; nullable */
};

G_DEFINE_FINAL_TYPE (KlMediaJob, kl_media_job, G_TYPE_OBJECT)

enum
{
  PROP_STATE = 1,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

static void
set_state (KlMediaJob *self, KlMediaJobState state)
{
  self->state = state;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STATE]);
}

/* What is told of a medium also when its creator makes another. */
static void
note_medium (KlMediaJob *self, KlMediaCreator *creator)
{
  const KlMediaResult *result = self->error == NULL ? kl_media_creator_get_result (creator) : NULL;

  self->remains = kl_media_creator_get_state (creator);
  self->verified = result != NULL && result->verified;
}

static void
ended_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KlMediaJob) self = user_data;
  const gboolean done = kl_job_run_finish (KL_JOB (source), result, &self->error);

  note_medium (self, self->creator);
  if (done || self->forgotten)
    kl_media_creator_set_request (self->creator, NULL);
  if (done)
    set_state (self, KL_MEDIA_JOB_DONE);
  else if (g_error_matches (self->error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    set_state (self, KL_MEDIA_JOB_CANCELLED);
  else
    set_state (self, KL_MEDIA_JOB_FAILED);
}

static void
kl_media_job_get_property (GObject *object, guint id, GValue *value, GParamSpec *spec)
{
  if (id == PROP_STATE)
    g_value_set_int (value, (int) KL_MEDIA_JOB (object)->state);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
}

static void
kl_media_job_finalize (GObject *object)
{
  KlMediaJob *self = KL_MEDIA_JOB (object);

  g_clear_object (&self->creator);
  g_clear_object (&self->job);
  g_clear_object (&self->drive);
  g_clear_error (&self->error);
  g_free (self->path);
  g_free (self->name);
  g_free (self->origin);

  G_OBJECT_CLASS (kl_media_job_parent_class)->finalize (object);
}

static void
kl_media_job_class_init (KlMediaJobClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = kl_media_job_get_property;
  object_class->finalize = kl_media_job_finalize;

  properties[PROP_STATE]
      = g_param_spec_int ("state", NULL, NULL, KL_MEDIA_JOB_WAITING, KL_MEDIA_JOB_CANCELLED,
                          KL_MEDIA_JOB_WAITING, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
kl_media_job_init (KlMediaJob *self)
{
}

/**
 * kl_media_job_new:
 * @creator: with its request, idle; a reference is taken
 */
KlMediaJob *
kl_media_job_new (KlMediaCreator *creator)
{
  KlMediaJob *self = g_object_new (KL_TYPE_MEDIA_JOB, NULL);
  KlMediaRequest *request = kl_media_creator_get_request (creator);
  KlDrive *drive = kl_media_request_get_drive (request);

  self->creator = g_object_ref (creator);
  self->job = g_object_ref (KL_JOB (creator));
  self->medium = TRUE;
  self->path = g_strdup (kl_media_request_get_destination (request));
  if (drive != NULL)
    {
      g_free (self->path);
      self->path = g_strdup (kl_drive_get_path (drive));
      self->drive = g_object_ref (drive);
      self->name = kl_drive_dup_name (drive);
    }
  else
    {
      self->name = g_filename_display_basename (self->path);
      self->replaces = g_file_test (self->path, G_FILE_TEST_EXISTS);
    }
  return self;
}

/**
 * kl_media_job_new_other:
 * @other: read before this returns
 *
 * A job that somebody else runs: who does so says when it begins and how it has ended.
 */
KlMediaJob *
kl_media_job_new_other (const KlOtherJob *other)
{
  KlMediaJob *self = g_object_new (KL_TYPE_MEDIA_JOB, NULL);

  self->job = g_object_ref (other->job);
  self->medium = KL_IS_MEDIA_CREATOR (other->job);
  self->drive = other->drive != NULL ? g_object_ref (other->drive) : NULL;
  self->path = g_strdup (other->drive != NULL ? kl_drive_get_path (other->drive) : other->path);
  self->origin = g_strdup (other->origin);
  self->name = g_strdup (other->name);
  self->replaces
      = self->medium && other->drive == NULL && g_file_test (self->path, G_FILE_TEST_EXISTS);
  return self;
}

void
kl_media_job_begin (KlMediaJob *self)
{
  g_return_if_fail (KL_IS_MEDIA_JOB (self));
  g_return_if_fail (self->creator == NULL && self->state == KL_MEDIA_JOB_WAITING);

  set_state (self, KL_MEDIA_JOB_RUNNING);
}

/* @error: nullable; a copy is made. */
void
kl_media_job_end (KlMediaJob *self, const GError *error)
{
  g_autoptr (KlJob) job = NULL;

  g_return_if_fail (KL_IS_MEDIA_JOB (self));
  g_return_if_fail (self->creator == NULL && self->state == KL_MEDIA_JOB_RUNNING);

  job = g_steal_pointer (&self->job);
  self->error = error != NULL ? g_error_copy (error) : NULL;
  if (self->medium)
    note_medium (self, KL_MEDIA_CREATOR (job));
  if (error == NULL)
    set_state (self, KL_MEDIA_JOB_DONE);
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    set_state (self, KL_MEDIA_JOB_CANCELLED);
  else
    set_state (self, KL_MEDIA_JOB_FAILED);
}

void
kl_media_job_start (KlMediaJob *self)
{
  g_return_if_fail (KL_IS_MEDIA_JOB (self));
  g_return_if_fail (self->creator != NULL);
  g_return_if_fail (self->state != KL_MEDIA_JOB_RUNNING && self->state != KL_MEDIA_JOB_DONE);

  g_clear_error (&self->error);
  kl_job_run_async (KL_JOB (self->creator), NULL, ended_cb, g_object_ref (self));
  set_state (self, KL_MEDIA_JOB_RUNNING);
}

void
kl_media_job_cancel (KlMediaJob *self)
{
  g_return_if_fail (KL_IS_MEDIA_JOB (self));

  if (self->state == KL_MEDIA_JOB_RUNNING)
    kl_job_cancel (self->job);
  else if (self->state == KL_MEDIA_JOB_WAITING)
    {
      g_set_error_literal (&self->error, G_IO_ERROR, G_IO_ERROR_CANCELLED,
                           "Operation was cancelled");
      set_state (self, KL_MEDIA_JOB_CANCELLED);
    }
}

void
kl_media_job_forget (KlMediaJob *self)
{
  g_return_if_fail (KL_IS_MEDIA_JOB (self));

  self->forgotten = TRUE;
  if (self->creator == NULL || self->state == KL_MEDIA_JOB_RUNNING
      || kl_media_creator_get_request (self->creator) == NULL)
    return;
  kl_media_creator_set_request (self->creator, NULL);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STATE]);
}

KlMediaJobState
kl_media_job_get_state (KlMediaJob *self)
{
  return self->state;
}

KlJob *
kl_media_job_get_job (KlMediaJob *self)
{
  return self->job;
}

const GError *
kl_media_job_get_error (KlMediaJob *self)
{
  return self->state == KL_MEDIA_JOB_FAILED || self->state == KL_MEDIA_JOB_CANCELLED ? self->error
                                                                                     : NULL;
}

const KlMediaResult *
kl_media_job_get_result (KlMediaJob *self)
{
  return self->creator != NULL && self->state == KL_MEDIA_JOB_DONE
             ? kl_media_creator_get_result (self->creator)
             : NULL;
}

/* The drive that was chosen is not there: the same request would be refused for ever. */
gboolean
kl_media_job_needs_choice (KlMediaJob *self)
{
  return self->state == KL_MEDIA_JOB_FAILED
         && g_error_matches (self->error, KL_ERROR, KL_ERROR_WRONG_DRIVE);
}

gboolean
kl_media_job_can_retry (KlMediaJob *self)
{
  return self->creator != NULL && !kl_media_job_needs_choice (self)
         && (self->state == KL_MEDIA_JOB_FAILED || self->state == KL_MEDIA_JOB_CANCELLED)
         && kl_media_creator_get_request (self->creator) != NULL;
}

KlMediaState
kl_media_job_get_remains (KlMediaJob *self)
{
  return self->creator != NULL ? kl_media_creator_get_state (self->creator) : self->remains;
}

KlDrive *
kl_media_job_get_drive (KlMediaJob *self)
{
  return self->drive;
}

const char *
kl_media_job_get_path (KlMediaJob *self)
{
  return self->path;
}

const char *
kl_media_job_get_name (KlMediaJob *self)
{
  return self->name;
}

gboolean
kl_media_job_replaces (KlMediaJob *self)
{
  return self->replaces;
}

gboolean
kl_media_job_is_medium (KlMediaJob *self)
{
  return self->medium;
}

/* Whether it runs, or is about to. */
gboolean
kl_media_job_is_open (KlMediaJob *self)
{
  g_return_val_if_fail (KL_IS_MEDIA_JOB (self), FALSE);

  return self->state == KL_MEDIA_JOB_RUNNING || self->state == KL_MEDIA_JOB_WAITING;
}

/* @jobs: of KlMediaJob */
guint
kl_media_job_count_open (GListModel *jobs)
{
  guint n = 0;

  for (guint i = 0; i < g_list_model_get_n_items (jobs); i++)
    {
      g_autoptr (KlMediaJob) job = g_list_model_get_item (jobs, i);

      n += (guint) kl_media_job_is_open (job);
    }
  return n;
}

gboolean
kl_media_job_is_verified (KlMediaJob *self)
{
  return self->verified;
}

const char *
kl_media_job_get_origin (KlMediaJob *self)
{
  return self->origin;
}
