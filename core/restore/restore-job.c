/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-restore-job"

#include "restore/restore-job.h"

#include "access/drive-handle.h"
#include "base/error.h"
#include "creation/media-target.h"
#include "disk/partition-table.h"
#include "sink/drive-sink.h"
#include "sink/verifier.h"

struct _KlRestoreJob
{
  KlJob parent_instance;

  KlDrive *drive; /* owned; pinned by its identity */
  KlBlankKind kind;
  char *label;             /* owned, nullable */
  KlRestoreResult *result; /* owned; set by the worker when it succeeds */
  KlMediaState state;      /* of the drive; worker thread while the job runs */
};

G_DEFINE_FINAL_TYPE (KlRestoreJob, kl_restore_job, KL_TYPE_JOB)

typedef struct
{
  KlProgress *write, *flush, *verify, *finish; /* borrowed from the job's progress */
} Steps;

static void
result_free (KlRestoreResult *result)
{
  g_free (result->path);
  g_free (result);
}

/* As a small stick takes its time. */
static Steps
add_steps (KlProgress *progress)
{
  Steps steps;

  steps.write = kl_progress_add_step (progress, 60, "Writing the file system");
  steps.flush = kl_progress_add_step (progress, 20, "Flushing to the disk");
  steps.verify = kl_progress_add_step (progress, 15, "Reading back");
  steps.finish = kl_progress_add_step (progress, 5, "Finishing");
  return steps;
}

/* All checks before the first write: the label and the size, whether it is the drive that was
 * chosen, and whether nobody uses it. */
static KlDriveHandle *
open_drive (KlRestoreJob *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (KlDriveHandle) handle = NULL;
  guint block_size;

  handle = kl_drive_open (self->drive, kl_drive_get_identity (self->drive), cancellable, error);
  if (handle == NULL)
    return NULL;

  block_size = kl_drive_handle_get_block_size (handle);
  if (block_size != KL_DISK_SECTOR)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                   "“%s” has blocks of %u bytes; Kindling makes file systems for drives with "
                   "blocks of %u bytes",
                   kl_drive_get_path (self->drive), block_size, KL_DISK_SECTOR);
      return NULL;
    }
  return g_steal_pointer (&handle);
}

static KlBlankWriter *
make_writer (KlRestoreJob *self, guint64 disk_bytes, GError **error)
{
  const KlBlankOptions options = {
    .disk_bytes = disk_bytes / KL_DISK_SECTOR * KL_DISK_SECTOR,
    .kind = self->kind,
    .label = self->label,
    .probe_capacity = TRUE,
  };
  KlMediaWriter *writer = kl_blank_writer_new (&options, error);

  return writer != NULL ? KL_BLANK_WRITER (writer) : NULL;
}

/* Not to be interrupted: it takes a moment, and half of it helps nobody. */
static gboolean
finish (KlMediaWriter *writer, KlSink *sink, gboolean *finished, GError **error)
{
  g_autoptr (GPtrArray) regions = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_region_free);

  if (!kl_media_writer_finish (writer, sink, regions, NULL, error))
    return FALSE;

  *finished = TRUE;
  return kl_verify_regions (sink, regions, NULL, NULL, error) && kl_sink_commit (sink, error);
}

static gboolean
write_and_verify (KlMediaWriter *writer,
                  KlSink *sink,
                  const Steps *steps,
                  gboolean *finished,
                  GCancellable *cancellable,
                  GError **error)
{
  kl_progress_start (steps->write);
  if (!kl_media_writer_write (writer, sink, steps->write, cancellable, error))
    return FALSE;
  kl_progress_finish (steps->write);

  kl_progress_start (steps->flush);
  if (!kl_sink_flush (sink, steps->flush, cancellable, error))
    return FALSE;
  kl_progress_finish (steps->flush);

  kl_progress_start (steps->verify);
  if (!kl_verify_regions (sink, kl_media_writer_get_regions (writer), steps->verify, cancellable,
                          error))
    return FALSE;
  kl_progress_finish (steps->verify);

  kl_progress_start (steps->finish);
  if (!finish (writer, sink, finished, error))
    return FALSE;
  kl_progress_finish (steps->finish);
  return TRUE;
}

/* A drive that was begun has lost what was on it. */
static void
say_state (KlRestoreJob *self, KlSink *sink, gboolean finished, GError **error)
{
  if (!kl_drive_sink_has_written (KL_DRIVE_SINK (sink)))
    return;

  self->state = finished ? KL_MEDIA_STATE_DOUBTFUL : KL_MEDIA_STATE_UNFINISHED;
  g_prefix_error (error,
                  finished ? "“%s” is empty, but not to be relied on; restore it again: "
                           : "“%s” has lost what was on it and has no file system; restore it "
                             "again: ",
                  kl_drive_get_path (self->drive));
}

static gboolean
restore (KlRestoreJob *self, KlProgress *progress, GCancellable *cancellable, GError **error)
{
  const gint64 started = g_get_monotonic_time ();
  const Steps steps = add_steps (progress);
  g_autoptr (KlDriveHandle) handle = NULL;
  g_autoptr (KlBlankWriter) writer = NULL;
  g_autoptr (KlSink) sink = NULL;
  gboolean finished = FALSE;

  /* What is wrong with the wish is said before anybody is asked for permission. */
  writer = make_writer (self, kl_drive_get_size (self->drive), error);
  if (writer == NULL)
    return FALSE;
  handle = open_drive (self, cancellable, error);
  if (handle == NULL)
    return FALSE;
  g_object_unref (writer);
  writer = make_writer (self, kl_drive_handle_get_size (handle), error);
  if (writer == NULL)
    return FALSE;

  sink = kl_drive_sink_new (handle);
  if (!write_and_verify (KL_MEDIA_WRITER (writer), sink, &steps, &finished, cancellable, error))
    {
      say_state (self, sink, finished, error);
      return FALSE;
    }

  self->state = KL_MEDIA_STATE_COMPLETE;
  self->result = g_new0 (KlRestoreResult, 1);
  self->result->path = g_strdup (kl_drive_get_path (self->drive));
  self->result->kind = kl_blank_writer_get_kind (writer);
  self->result->gpt = kl_blank_writer_has_gpt (writer);
  self->result->bytes = kl_blank_writer_get_volume_bytes (writer);
  self->result->seconds = (double) (g_get_monotonic_time () - started) / G_USEC_PER_SEC;
  return TRUE;
}

static gboolean
kl_restore_job_run (KlJob *job, KlProgress *progress, GCancellable *cancellable, GError **error)
{
  KlRestoreJob *self = KL_RESTORE_JOB (job);
  const char *path = kl_drive_get_path (self->drive);
  gboolean done;

  g_clear_pointer (&self->result, result_free);
  self->state = KL_MEDIA_STATE_UNTOUCHED;
  if (!kl_media_target_reserve (path, error))
    return FALSE;
  done = restore (self, progress, cancellable, error);
  kl_media_target_release (path);
  return done;
}

static void
kl_restore_job_finalize (GObject *object)
{
  KlRestoreJob *self = KL_RESTORE_JOB (object);

  g_clear_object (&self->drive);
  g_free (self->label);
  g_clear_pointer (&self->result, result_free);

  G_OBJECT_CLASS (kl_restore_job_parent_class)->finalize (object);
}

static void
kl_restore_job_class_init (KlRestoreJobClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = kl_restore_job_finalize;
  KL_JOB_CLASS (klass)->run = kl_restore_job_run;
}

static void
kl_restore_job_init (KlRestoreJob *self)
{
}

/**
 * kl_restore_job_new:
 * @drive: as it was chosen; pinned by its identity
 * @label: (nullable): of the volume
 *
 * A job that erases @drive and leaves one empty volume on it, by kl_blank_writer_new(): the same
 * checks, marks and reading back as for a medium that is made of a whole drive.
 *
 * Errors of the run: those of kl_blank_writer_new(), kl_drive_open() and the sink; KL_ERROR_BUSY if
 * another job of this process is at work on the drive; KL_ERROR_MISMATCH, KL_ERROR_CAPACITY.
 *
 * Returns: (transfer full): the job
 */
KlRestoreJob *
kl_restore_job_new (KlDrive *drive, KlBlankKind kind, const char *label)
{
  KlRestoreJob *self;

  g_return_val_if_fail (KL_IS_DRIVE (drive), NULL);

  self = g_object_new (KL_TYPE_RESTORE_JOB, NULL);
  self->drive = g_object_ref (drive);
  self->kind = kind;
  self->label = g_strdup (label);
  return self;
}

/**
 * kl_restore_job_get_result:
 *
 * Returns: (transfer none) (nullable): %NULL before success. Owner's thread.
 */
const KlRestoreResult *
kl_restore_job_get_result (KlRestoreJob *self)
{
  g_return_val_if_fail (KL_IS_RESTORE_JOB (self), NULL);

  return kl_job_is_busy (KL_JOB (self)) ? NULL : self->result;
}

/* What the drive is, after the job has ended. Owner's thread. */
KlMediaState
kl_restore_job_get_state (KlRestoreJob *self)
{
  g_return_val_if_fail (KL_IS_RESTORE_JOB (self), KL_MEDIA_STATE_UNTOUCHED);

  return self->state;
}
