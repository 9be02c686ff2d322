/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-job"

#include "job/job.h"

#include "base/error.h"
#include "base/rate.h"

#define PUBLISH_INTERVAL_MS 40
#define E_PENDING_HRESULT 0x8000000Au

typedef struct
{
  /* Main context of the run only. */
  gboolean busy;
  KlProgressReport shown; /* what the properties say */
  char *error_detail;     /* owned; never NULL */
  guint32 exit_code;
  KlRate byte_rate;          /* of the current step */
  KlRate fraction_rate;      /* of the whole run */
  GTask *task;               /* borrowed; the run that is going on, or NULL */
  GThread *thread;           /* owned; of that run */
  GCancellable *cancellable; /* owned; of the run that is going on, or NULL */

  /* Handed over by the worker. */
  GMutex lock;
  KlProgressReport newest; /* guarded by lock */
  gboolean queued;         /* a source is on its way; guarded by lock */
} KlJobPrivate;

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (KlJob, kl_job, G_TYPE_OBJECT)

enum
{
  PROP_NUM_STEPS = 1,
  PROP_CURRENT_STEP,
  PROP_STEP_PROGRESS,
  PROP_STEP_INFO,
  PROP_FRACTION,
  PROP_BYTES,
  PROP_TOTAL_BYTES,
  PROP_RATE,
  PROP_ETA,
  PROP_BUSY,
  PROP_EXIT_CODE,
  PROP_ERROR_DETAIL,
  N_PROPS
};

enum
{
  SIGNAL_PROGRESS,
  SIGNAL_ERROR_DETAIL,
  SIGNAL_FINISHED,
  N_SIGNALS
};

static GParamSpec *properties[N_PROPS];
static guint signals[N_SIGNALS];

static KlJobPrivate *
get_private (KlJob *self)
{
  return kl_job_get_instance_private (self);
}

static void
notify (KlJob *self, guint property)
{
  g_object_notify_by_pspec (G_OBJECT (self), properties[property]);
}

/* Replaces what the properties say by @report and tells whoever listens. */
static void
show_report (KlJob *self, const KlProgressReport *report)
{
  KlJobPrivate *priv = get_private (self);
  gint64 now = g_get_monotonic_time ();
  const gboolean other_step = report->step != priv->shown.step;

  if (other_step)
    priv->byte_rate = (KlRate){ 0 };
  kl_rate_add (&priv->byte_rate, now, (double) report->bytes);
  kl_rate_add (&priv->fraction_rate, now, report->fraction);
  if (other_step)
    kl_rate_doubt (&priv->fraction_rate);

  kl_progress_report_clear (&priv->shown);
  kl_progress_report_copy (report, &priv->shown);

  g_object_freeze_notify (G_OBJECT (self));
  for (guint property = PROP_NUM_STEPS; property <= PROP_ETA; property++)
    notify (self, property);
  g_object_thaw_notify (G_OBJECT (self));
  g_signal_emit (self, signals[SIGNAL_PROGRESS], 0);
}

static void
publish_newest (KlJob *self)
{
  KlJobPrivate *priv = get_private (self);
  KlProgressReport report = { 0 };

  g_mutex_lock (&priv->lock);
  priv->queued = FALSE;
  kl_progress_report_copy (&priv->newest, &report);
  g_mutex_unlock (&priv->lock);

  show_report (self, &report);
  kl_progress_report_clear (&report);
}

static gboolean
publish_cb (gpointer user_data)
{
  KlJob *self = g_task_get_source_object (user_data);

  if (get_private (self)->task == user_data)
    publish_newest (self);
  return G_SOURCE_REMOVE;
}

/* Worker thread: keeps the newest report, and sees to it that exactly one source is on its way. */
static void
hand_over (const KlProgressReport *report, gpointer user_data)
{
  GTask *task = user_data;
  KlJobPrivate *priv = get_private (g_task_get_source_object (task));

  g_mutex_lock (&priv->lock);
  kl_progress_report_clear (&priv->newest);
  kl_progress_report_copy (report, &priv->newest);
  if (!priv->queued)
    {
      g_autoptr (GSource) source = g_timeout_source_new (PUBLISH_INTERVAL_MS);

      priv->queued = TRUE;
      g_task_attach_source (task, source, publish_cb);
    }
  g_mutex_unlock (&priv->lock);
}

static gpointer
run_in_thread (gpointer data)
{
  g_autoptr (GTask) task = data;
  KlJob *self = g_task_get_source_object (task);
  g_autoptr (KlProgress) progress = kl_progress_new (hand_over, task);
  GError *error = NULL;

  if (KL_JOB_GET_CLASS (self)->run (self, progress, g_task_get_cancellable (task), &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
  return NULL;
}

/* A thread of its own: those that tasks share are few, and forty drives would wait for one another
 * and keep the window from reading its catalog. */
static void
start_thread (GTask *task)
{
  KlJobPrivate *priv = get_private (g_task_get_source_object (task));
  GError *error = NULL;

  priv->thread = g_thread_try_new ("kl-job", run_in_thread, g_object_ref (task), &error);
  if (priv->thread != NULL)
    return;
  g_task_return_error (task, error);
  g_object_unref (task);
}

static void
set_error_detail (KlJob *self, const char *detail)
{
  KlJobPrivate *priv = get_private (self);

  g_free (priv->error_detail);
  priv->error_detail = g_strdup (detail != NULL ? detail : "");
  notify (self, PROP_ERROR_DETAIL);
}

/* The documented order: ErrorDetail, then ExitCode, then Status (media-api.md 1.3). */
static void
show_end (KlJob *self, const GError *error)
{
  KlJobPrivate *priv = get_private (self);

  set_error_detail (self, kl_error_get_detail (error));
  if (priv->error_detail[0] != '\0')
    g_signal_emit (self, signals[SIGNAL_ERROR_DETAIL], 0, priv->error_detail);
  priv->exit_code = kl_error_get_hresult (error);
  notify (self, PROP_EXIT_CODE);
  priv->busy = FALSE;
  notify (self, PROP_BUSY);
}

static void
forward_cancel_cb (GCancellable *outer, GCancellable *inner)
{
  g_cancellable_cancel (inner);
}

typedef struct
{
  GCancellable *outer; /* owned, nullable */
  gulong handler;
} Forwarding;

static void
forwarding_free (Forwarding *self)
{
  if (self->handler != 0)
    g_cancellable_disconnect (self->outer, self->handler);
  g_clear_object (&self->outer);
  g_free (self);
}

static void
worker_done_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) caller = user_data;
  KlJob *self = KL_JOB (source);
  KlJobPrivate *priv = get_private (self);
  g_autoptr (GError) error = NULL;
  gboolean done = g_task_propagate_boolean (G_TASK (result), &error);

  /* It has nothing left to do but to end, which a program that ends too must wait for. */
  g_clear_pointer (&priv->thread, g_thread_join);
  publish_newest (self);
  priv->task = NULL;
  g_clear_object (&priv->cancellable);
  show_end (self, error);
  g_signal_emit (self, signals[SIGNAL_FINISHED], 0);

  if (done)
    g_task_return_boolean (caller, TRUE);
  else
    g_task_return_error (caller, g_steal_pointer (&error));
}

static void
reset (KlJob *self)
{
  KlJobPrivate *priv = get_private (self);
  KlProgressReport empty = { .info = (char *) "" };

  priv->byte_rate = (KlRate){ 0 };
  priv->fraction_rate = (KlRate){ 0 };
  g_mutex_lock (&priv->lock);
  kl_progress_report_clear (&priv->newest);
  kl_progress_report_copy (&empty, &priv->newest);
  g_mutex_unlock (&priv->lock);
  show_report (self, &empty);
  set_error_detail (self, NULL);
}

static void
kl_job_get_property (GObject *object, guint property, GValue *value, GParamSpec *pspec)
{
  KlJob *self = KL_JOB (object);

  switch (property)
    {
    case PROP_NUM_STEPS:
      g_value_set_uint (value, kl_job_get_num_steps (self));
      break;
    case PROP_CURRENT_STEP:
      g_value_set_uint (value, kl_job_get_current_step (self));
      break;
    case PROP_STEP_PROGRESS:
      g_value_set_uint (value, kl_job_get_step_progress (self));
      break;
    case PROP_STEP_INFO:
      g_value_set_string (value, kl_job_get_step_info (self));
      break;
    case PROP_FRACTION:
      g_value_set_double (value, kl_job_get_fraction (self));
      break;
    case PROP_BYTES:
      g_value_set_uint64 (value, kl_job_get_bytes (self));
      break;
    case PROP_TOTAL_BYTES:
      g_value_set_uint64 (value, kl_job_get_total_bytes (self));
      break;
    case PROP_RATE:
      g_value_set_double (value, kl_job_get_rate (self));
      break;
    case PROP_ETA:
      g_value_set_int (value, kl_job_get_eta (self));
      break;
    case PROP_BUSY:
      g_value_set_boolean (value, kl_job_is_busy (self));
      break;
    case PROP_EXIT_CODE:
      g_value_set_uint (value, kl_job_get_exit_code (self));
      break;
    case PROP_ERROR_DETAIL:
      g_value_set_string (value, kl_job_get_error_detail (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property, pspec);
    }
}

static void
kl_job_finalize (GObject *object)
{
  KlJobPrivate *priv = get_private (KL_JOB (object));

  kl_progress_report_clear (&priv->shown);
  kl_progress_report_clear (&priv->newest);
  g_free (priv->error_detail);
  g_mutex_clear (&priv->lock);
  G_OBJECT_CLASS (kl_job_parent_class)->finalize (object);
}

static void
kl_job_class_init (KlJobClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->get_property = kl_job_get_property;
  object_class->finalize = kl_job_finalize;

  properties[PROP_NUM_STEPS] = g_param_spec_uint ("num-steps", NULL, NULL, 0, G_MAXUINT, 0, flags);
  properties[PROP_CURRENT_STEP]
      = g_param_spec_uint ("current-step", NULL, NULL, 0, G_MAXUINT, 0, flags);
  properties[PROP_STEP_PROGRESS]
      = g_param_spec_uint ("step-progress", NULL, NULL, 0, 100, 0, flags);
  properties[PROP_STEP_INFO] = g_param_spec_string ("step-info", NULL, NULL, "", flags);
  properties[PROP_FRACTION] = g_param_spec_double ("fraction", NULL, NULL, 0, 1, 0, flags);
  properties[PROP_BYTES] = g_param_spec_uint64 ("bytes", NULL, NULL, 0, G_MAXUINT64, 0, flags);
  properties[PROP_TOTAL_BYTES]
      = g_param_spec_uint64 ("total-bytes", NULL, NULL, 0, G_MAXUINT64, 0, flags);
  properties[PROP_RATE] = g_param_spec_double ("rate", NULL, NULL, 0, G_MAXDOUBLE, 0, flags);
  properties[PROP_ETA] = g_param_spec_int ("eta", NULL, NULL, -1, G_MAXINT, -1, flags);
  properties[PROP_BUSY] = g_param_spec_boolean ("busy", NULL, NULL, FALSE, flags);
  properties[PROP_EXIT_CODE]
      = g_param_spec_uint ("exit-code", NULL, NULL, 0, G_MAXUINT32, 0, flags);
  properties[PROP_ERROR_DETAIL] = g_param_spec_string ("error-detail", NULL, NULL, "", flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  signals[SIGNAL_PROGRESS] = g_signal_new ("progress", KL_TYPE_JOB, G_SIGNAL_RUN_LAST, 0, NULL,
                                           NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_ERROR_DETAIL] = g_signal_new ("error-detail", KL_TYPE_JOB, G_SIGNAL_RUN_LAST, 0,
                                               NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
  signals[SIGNAL_FINISHED] = g_signal_new ("finished", KL_TYPE_JOB, G_SIGNAL_RUN_LAST, 0, NULL,
                                           NULL, NULL, G_TYPE_NONE, 0);
}

static void
kl_job_init (KlJob *self)
{
  KlJobPrivate *priv = get_private (self);

  g_mutex_init (&priv->lock);
  priv->shown.info = g_strdup ("");
  priv->newest.info = g_strdup ("");
  priv->error_detail = g_strdup ("");
}

static gboolean
set_error_if_busy (KlJob *self, GError **error)
{
  if (!get_private (self)->busy)
    return FALSE;

  g_set_error (error, KL_ERROR, KL_ERROR_BUSY, "This %s is busy with another run",
               G_OBJECT_TYPE_NAME (self));
  return TRUE;
}

/**
 * kl_job_run:
 * @cancellable: (nullable): asked by the work between blocks
 *
 * Runs the job in the calling thread. The step properties stay at their defaults, as documented for
 * synchronous runs; error-detail and exit-code are set at the end. Call from the thread that owns
 * the job.
 *
 * Errors: KL_ERROR_BUSY while a run is going on; those of the work.
 */
gboolean
kl_job_run (KlJob *self, GCancellable *cancellable, GError **error)
{
  KlJobPrivate *priv = get_private (self);
  g_autoptr (GError) local_error = NULL;
  gboolean done;

  g_return_val_if_fail (KL_IS_JOB (self), FALSE);

  if (set_error_if_busy (self, error))
    return FALSE;

  reset (self);
  priv->busy = TRUE;
  priv->exit_code = E_PENDING_HRESULT;
  done = KL_JOB_GET_CLASS (self)->run (self, NULL, cancellable, &local_error);
  show_end (self, local_error);
  if (!done)
    g_propagate_error (error, g_steal_pointer (&local_error));
  return done;
}

/**
 * kl_job_run_async:
 * @cancellable: (nullable): cancels the run, as kl_job_cancel() does
 *
 * Starts the job in a worker thread. Properties and signals follow in the thread-default main
 * context of the caller, at most one hand-over being queued, about every 40 ms.
 */
void
kl_job_run_async (KlJob *self,
                  GCancellable *cancellable,
                  GAsyncReadyCallback callback,
                  gpointer user_data)
{
  KlJobPrivate *priv = get_private (self);
  g_autoptr (GTask) caller = NULL;
  g_autoptr (GTask) worker = NULL;
  Forwarding *forwarding;
  GError *error = NULL;

  g_return_if_fail (KL_IS_JOB (self));

  caller = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (caller, kl_job_run_async);
  if (set_error_if_busy (self, &error))
    {
      g_task_return_error (caller, error);
      return;
    }

  reset (self);
  priv->cancellable = g_cancellable_new ();
  forwarding = g_new0 (Forwarding, 1);
  if (cancellable != NULL)
    {
      forwarding->outer = g_object_ref (cancellable);
      forwarding->handler
          = g_cancellable_connect (cancellable, G_CALLBACK (forward_cancel_cb),
                                   g_object_ref (priv->cancellable), g_object_unref);
    }
  g_task_set_task_data (caller, forwarding, (GDestroyNotify) forwarding_free);

  worker = g_task_new (self, priv->cancellable, worker_done_cb, g_steal_pointer (&caller));
  /* What the work has finished is finished, however late somebody cancels. */
  g_task_set_check_cancellable (worker, FALSE);
  g_task_set_source_tag (worker, run_in_thread);
  priv->task = worker;
  priv->exit_code = E_PENDING_HRESULT;
  notify (self, PROP_EXIT_CODE);
  priv->busy = TRUE;
  notify (self, PROP_BUSY);
  start_thread (worker);
}

/**
 * kl_job_run_finish:
 *
 * Errors: those of the work; G_IO_ERROR_CANCELLED; KL_ERROR_BUSY.
 */
gboolean
kl_job_run_finish (KlJob *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * kl_job_cancel:
 *
 * Asks the asynchronous run to stop at its next safe point and returns at once. No effect on a job
 * that is idle, nor on one that has ended: its exit code stays (media-api.md 1.3).
 */
void
kl_job_cancel (KlJob *self)
{
  g_return_if_fail (KL_IS_JOB (self));

  if (get_private (self)->cancellable != NULL)
    g_cancellable_cancel (get_private (self)->cancellable);
}

guint
kl_job_get_num_steps (KlJob *self)
{
  return get_private (self)->shown.n_steps;
}

guint
kl_job_get_current_step (KlJob *self)
{
  return get_private (self)->shown.step;
}

guint
kl_job_get_step_progress (KlJob *self)
{
  return (guint) (get_private (self)->shown.step_fraction * 100);
}

const char *
kl_job_get_step_info (KlJob *self)
{
  return get_private (self)->shown.info;
}

double
kl_job_get_fraction (KlJob *self)
{
  return get_private (self)->shown.fraction;
}

guint64
kl_job_get_bytes (KlJob *self)
{
  return get_private (self)->shown.bytes;
}

guint64
kl_job_get_total_bytes (KlJob *self)
{
  return get_private (self)->shown.total_bytes;
}

double
kl_job_get_rate (KlJob *self)
{
  return kl_rate_get (&get_private (self)->byte_rate);
}

/**
 * kl_job_get_eta:
 *
 * Returns: seconds left in the whole run, judged by how fast the overall fraction grew lately; -1
 * while unknown
 */
int
kl_job_get_eta (KlJob *self)
{
  KlJobPrivate *priv = get_private (self);
  double rate = kl_rate_get (&priv->fraction_rate);

  if (!priv->busy || rate <= 1e-6)
    return -1;

  return (int) MIN ((1 - priv->shown.fraction) / rate + 0.5, 359999.0);
}

gboolean
kl_job_is_busy (KlJob *self)
{
  return get_private (self)->busy;
}

guint32
kl_job_get_exit_code (KlJob *self)
{
  return get_private (self)->exit_code;
}

const char *
kl_job_get_error_detail (KlJob *self)
{
  return get_private (self)->error_detail;
}
