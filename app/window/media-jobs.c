/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-media-jobs"

#include "config.h"

#include "window/media-jobs.h"

#include "window/drive-watch.h"

struct _KlMediaJobs
{
  GObject parent_instance;

  GPtrArray *jobs;     /* of KlMediaJob, owned; newest first */
  GHashTable *running; /* of KlMediaJob, owned */
  KlMediaJobCounts counts;
};

static void kl_media_jobs_list_model_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (KlMediaJobs,
                               kl_media_jobs,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL,
                                                      kl_media_jobs_list_model_init))

enum
{
  SIGNAL_CHANGED,
  SIGNAL_ALL_ENDED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static gboolean
is_file (KlMediaJob *job)
{
  return kl_media_job_get_drive (job) == NULL && kl_media_job_get_path (job) != NULL
         && kl_media_job_is_medium (job);
}

/* The file that is written is needed; a drive that is written is told by its job. */
static void
begin (KlMediaJobs *self, KlMediaJob *job)
{
  if (g_hash_table_size (self->running) == 0)
    self->counts = (KlMediaJobCounts){ 0 };
  g_hash_table_add (self->running, g_object_ref (job));
  if (is_file (job))
    kl_drive_watch_protect (kl_media_job_get_path (job));
}

static void
count (KlMediaJobs *self, KlMediaJob *job)
{
  switch (kl_media_job_get_state (job))
    {
    case KL_MEDIA_JOB_DONE:
      self->counts.done++;
      break;
    case KL_MEDIA_JOB_FAILED:
      self->counts.failed++;
      break;
    case KL_MEDIA_JOB_WAITING:
    case KL_MEDIA_JOB_RUNNING:
    case KL_MEDIA_JOB_CANCELLED:
    default:
      self->counts.cancelled++;
    }
}

static void
end (KlMediaJobs *self, KlMediaJob *job)
{
  if (kl_media_job_is_medium (job))
    count (self, job);
  if (is_file (job))
    kl_drive_watch_release (kl_media_job_get_path (job));
  g_hash_table_remove (self->running, job);
}

static void
state_cb (KlMediaJobs *self, GParamSpec *spec, KlMediaJob *job)
{
  const gboolean runs = kl_media_job_get_state (job) == KL_MEDIA_JOB_RUNNING;
  const gboolean ran = g_hash_table_contains (self->running, job);

  if (runs && !ran)
    begin (self, job);
  else if (!runs && ran)
    end (self, job);

  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
  if (!runs && ran && g_hash_table_size (self->running) == 0)
    g_signal_emit (self, signals[SIGNAL_ALL_ENDED], 0);
}

static GType
kl_media_jobs_get_item_type (GListModel *model)
{
  return KL_TYPE_MEDIA_JOB;
}

static guint
kl_media_jobs_get_n_items (GListModel *model)
{
  return KL_MEDIA_JOBS (model)->jobs->len;
}

static gpointer
kl_media_jobs_get_item (GListModel *model, guint position)
{
  KlMediaJobs *self = KL_MEDIA_JOBS (model);

  return position < self->jobs->len ? g_object_ref (self->jobs->pdata[position]) : NULL;
}

static void
kl_media_jobs_list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = kl_media_jobs_get_item_type;
  iface->get_n_items = kl_media_jobs_get_n_items;
  iface->get_item = kl_media_jobs_get_item;
}

static void
kl_media_jobs_finalize (GObject *object)
{
  KlMediaJobs *self = KL_MEDIA_JOBS (object);

  g_clear_pointer (&self->jobs, g_ptr_array_unref);
  g_clear_pointer (&self->running, g_hash_table_unref);

  G_OBJECT_CLASS (kl_media_jobs_parent_class)->finalize (object);
}

static void
kl_media_jobs_class_init (KlMediaJobsClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = kl_media_jobs_finalize;

  signals[SIGNAL_CHANGED] = g_signal_new ("changed", KL_TYPE_MEDIA_JOBS, G_SIGNAL_RUN_LAST, 0, NULL,
                                          NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_ALL_ENDED] = g_signal_new ("all-ended", KL_TYPE_MEDIA_JOBS, G_SIGNAL_RUN_LAST, 0,
                                            NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
kl_media_jobs_init (KlMediaJobs *self)
{
  self->jobs = g_ptr_array_new_with_free_func (g_object_unref);
  self->running = g_hash_table_new_full (NULL, NULL, g_object_unref, NULL);
}

KlMediaJobs *
kl_media_jobs_get (void)
{
  static KlMediaJobs *only;

  if (only == NULL)
    only = g_object_new (KL_TYPE_MEDIA_JOBS, NULL);
  return only;
}

/**
 * kl_media_jobs_begin_other:
 *
 * Adds a job that somebody else runs and is about to begin.
 *
 * Returns: (transfer full): for kl_media_job_end()
 */
KlMediaJob *
kl_media_jobs_begin_other (KlMediaJobs *self, const KlOtherJob *other)
{
  KlMediaJob *job = kl_media_job_new_other (other);

  kl_media_jobs_add (self, job);
  kl_media_job_begin (job);
  return job;
}

/**
 * kl_media_jobs_add:
 * @job: not started; a reference is taken
 */
void
kl_media_jobs_add (KlMediaJobs *self, KlMediaJob *job)
{
  g_return_if_fail (KL_IS_MEDIA_JOBS (self));

  g_ptr_array_insert (self->jobs, 0, g_object_ref (job));
  g_signal_connect_object (job, "notify::state", G_CALLBACK (state_cb), self, G_CONNECT_SWAPPED);
  g_list_model_items_changed (G_LIST_MODEL (self), 0, 0, 1);
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}

guint
kl_media_jobs_get_n_running (KlMediaJobs *self)
{
  g_return_val_if_fail (KL_IS_MEDIA_JOBS (self), 0);

  return g_hash_table_size (self->running);
}

KlMediaJobCounts
kl_media_jobs_get_counts (KlMediaJobs *self)
{
  return self->counts;
}

/**
 * kl_media_jobs_find_busy:
 *
 * Returns: (transfer none) (nullable): the job that writes to the node of @drive now
 */
KlMediaJob *
kl_media_jobs_find_busy (KlMediaJobs *self, KlDrive *drive)
{
  GHashTableIter iter;
  gpointer job;

  g_return_val_if_fail (KL_IS_MEDIA_JOBS (self), NULL);

  g_hash_table_iter_init (&iter, self->running);
  while (g_hash_table_iter_next (&iter, &job, NULL))
    if (kl_media_job_get_drive (job) != NULL
        && g_str_equal (kl_media_job_get_path (job), kl_drive_get_path (drive)))
      return job;
  return NULL;
}

/**
 * kl_media_jobs_find_done:
 *
 * Returns: (transfer none) (nullable): the job that has made a medium on this very drive, which was
 *   not pulled since
 */
KlMediaJob *
kl_media_jobs_find_done (KlMediaJobs *self, KlDrive *drive)
{
  g_return_val_if_fail (KL_IS_MEDIA_JOBS (self), NULL);

  for (guint i = 0; i < self->jobs->len; i++)
    {
      KlMediaJob *job = self->jobs->pdata[i];
      KlDrive *made = kl_media_job_get_drive (job);

      if (made != NULL && kl_media_job_get_state (job) == KL_MEDIA_JOB_DONE
          && g_str_equal (kl_drive_get_path (made), kl_drive_get_path (drive))
          && kl_drive_identity_check (kl_drive_get_identity (made), kl_drive_get_identity (drive),
                                      kl_drive_get_path (drive), NULL))
        return job;
    }
  return NULL;
}

/* Takes those off the list that do not run. */
void
kl_media_jobs_clear_ended (KlMediaJobs *self)
{
  g_return_if_fail (KL_IS_MEDIA_JOBS (self));

  for (guint i = self->jobs->len; i-- > 0;)
    if (!g_hash_table_contains (self->running, self->jobs->pdata[i]))
      {
        g_ptr_array_remove_index (self->jobs, i);
        g_list_model_items_changed (G_LIST_MODEL (self), i, 1, 0);
      }
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}
