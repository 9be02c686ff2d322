/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-image-sums"

#include "edit/image-sums.h"

#include "base/checksum.h"
#include "base/error.h"
#include "base/file-io.h"

/* More of them are not quicker than who looks for files. */
#define MAX_THREADS 4

/* How many files wait, each of them open. */
#define MAX_WAITING 16

typedef struct
{
  int fd; /* owned */
  struct stat info;
  char *source; /* owned; for messages */
  guint8 *sha1; /* borrowed */
  KlProgress *progress;
  GCancellable *cancellable;
} Job;

struct _KlImageSums
{
  KlKnownSums *known; /* borrowed, nullable */
  GMutex lock;
  GCond changed;

  /* Guarded by the lock. */
  guint n_pending; /* that wait, or are worked on */
  GError *error;   /* the first one */

  GThreadPool *pool; /* of Job; owned */
};

static void
job_free (Job *job)
{
  kl_close_fd (&job->fd);
  g_free (job->source);
  g_free (job);
}

/* In a thread of the pool. After a failure, the rest is of no use. */
static void
do_job (gpointer data, gpointer user_data)
{
  KlImageSums *self = user_data;
  Job *job = data;
  GError *error = NULL;
  gboolean has_failed;

  g_mutex_lock (&self->lock);
  has_failed = self->error != NULL;
  g_mutex_unlock (&self->lock);
  if (!has_failed)
    {
      if (kl_sha1_fd (job->fd, (guint64) job->info.st_size, job->source, job->progress,
                      job->cancellable, job->sha1, &error))
        kl_known_sums_add (self->known, job->source, job->fd, &job->info, job->sha1);
      else
        kl_error_blame (&error, job->source);
    }
  job_free (job);

  g_mutex_lock (&self->lock);
  if (self->error == NULL)
    self->error = g_steal_pointer (&error);
  self->n_pending--;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  g_clear_error (&error);
}

/**
 * kl_image_sums_new:
 * @known: (nullable): sums that need not be made, and gets those that are made; stays until the
 *   sums are freed
 *
 * Returns: (transfer full): nothing yet
 */
KlImageSums *
kl_image_sums_new (KlKnownSums *known)
{
  KlImageSums *self = g_new0 (KlImageSums, 1);

  self->known = known;
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  self->pool = g_thread_pool_new (
      do_job, self, CLAMP ((int) g_get_num_processors (), 1, MAX_THREADS), FALSE, NULL);
  return self;
}

void
kl_image_sums_free (KlImageSums *self)
{
  if (self == NULL)
    return;

  g_thread_pool_free (self->pool, FALSE, TRUE);
  g_clear_error (&self->error);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_free (self);
}

/* With the lock. */
static gboolean
take_error (KlImageSums *self, GError **error)
{
  if (self->error == NULL)
    return TRUE;

  g_propagate_error (error, g_error_copy (self->error));
  return FALSE;
}

/**
 * kl_image_sums_add:
 * @fd: (transfer full): of a plain file
 * @info: of it
 * @source: its path
 * @sha1: gets the sum of its content, 20 bytes, until kl_image_sums_wait()
 * @progress: (nullable): advances by its bytes
 *
 * Errors: those of a file that was added before, with its path as detail; G_IO_ERROR_CANCELLED.
 * Blocks while many files wait.
 */
gboolean
kl_image_sums_add (KlImageSums *self,
                   int fd,
                   const struct stat *info,
                   const char *source,
                   guint8 *sha1,
                   KlProgress *progress,
                   GCancellable *cancellable,
                   GError **error)
{
  Job *job;
  gboolean ok;

  if (kl_known_sums_find (self->known, source, info, sha1))
    {
      kl_close_fd (&fd);
      kl_progress_advance (progress, (guint64) info->st_size);
      return TRUE;
    }

  job = g_new (Job, 1);
  *job = (Job){ fd, *info, g_strdup (source), sha1, progress, cancellable };

  g_mutex_lock (&self->lock);
  while (self->n_pending >= MAX_WAITING)
    g_cond_wait (&self->changed, &self->lock);
  ok = take_error (self, error);
  if (ok)
    {
      self->n_pending++;
      g_thread_pool_push (self->pool, g_steal_pointer (&job), NULL);
    }
  g_mutex_unlock (&self->lock);
  g_clear_pointer (&job, job_free);
  return ok;
}

/**
 * kl_image_sums_wait:
 *
 * Waits until all that was added is summed up.
 *
 * Errors: the first that there was, with the path as its detail.
 */
gboolean
kl_image_sums_wait (KlImageSums *self, GError **error)
{
  gboolean ok;

  g_mutex_lock (&self->lock);
  while (self->n_pending > 0)
    g_cond_wait (&self->changed, &self->lock);
  ok = take_error (self, error);
  g_mutex_unlock (&self->lock);
  return ok;
}
