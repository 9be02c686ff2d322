/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-progress"

#include "base/progress.h"

struct _KlProgress
{

  KlProgress *root; /* not owned; self for the root */
  double weight;    /* of its parent's steps */
  GPtrArray *steps; /* of KlProgress; NULL for a leaf */
  gboolean started;
  gboolean finished;
  guint64 total; /* bytes; leaf only */
  guint64 done;  /* bytes; leaf only */
  char *info;    /* of a step of the root */
  gint64 began;  /* monotonic time, microseconds; 0 before the start */

  /* Root only. */
  GMutex lock; /* guards the whole tree */
  KlProgressFunc func;
  gpointer user_data;
  double published; /* the highest fraction that was reported */
};

static KlProgress *
progress_new (KlProgress *root, double weight, const char *info)
{
  KlProgress *self = g_new0 (KlProgress, 1);

  self->root = root != NULL ? root : self;
  self->weight = weight;
  self->info = g_strdup (info != NULL ? info : "");
  g_mutex_init (&self->lock);
  return self;
}

/**
 * kl_progress_new:
 * @func: (nullable): called after each change, in the thread that made it, with the tree locked: it
 *   must only take a copy and return
 *
 * Returns: (transfer full): the root of a new tree, without steps
 */
KlProgress *
kl_progress_new (KlProgressFunc func, gpointer user_data)
{
  KlProgress *self = progress_new (NULL, 1, NULL);

  self->func = func;
  self->user_data = user_data;
  return self;
}

/* With all its steps. */
void
kl_progress_free (KlProgress *self)
{
  if (self == NULL)
    return;

  g_clear_pointer (&self->steps, g_ptr_array_unref);
  g_mutex_clear (&self->lock);
  g_free (self->info);
  g_free (self);
}

static double
fraction_of (const KlProgress *self)
{
  double weights = 0, sum = 0;

  if (self->finished)
    return 1;
  if (self->steps == NULL)
    return self->total > 0 ? MIN (1.0, (double) self->done / (double) self->total) : 0;

  for (guint i = 0; i < self->steps->len; i++)
    {
      const KlProgress *step = g_ptr_array_index (self->steps, i);

      weights += step->weight;
      sum += step->weight * fraction_of (step);
    }

  return weights > 0 ? sum / weights : 0;
}

static void
sum_bytes (const KlProgress *self, guint64 *done, guint64 *total)
{
  if (self->steps == NULL)
    {
      *total += self->total;
      *done += self->finished ? self->total : MIN (self->done, self->total);
      return;
    }

  for (guint i = 0; i < self->steps->len; i++)
    sum_bytes (g_ptr_array_index (self->steps, i), done, total);
}

static void
publish_locked (KlProgress *root)
{
  KlProgressReport report = { 0 };
  const KlProgress *current = NULL;

  if (root->func == NULL)
    return;

  report.n_steps = root->steps != NULL ? root->steps->len : 0;
  for (guint i = 0; i < report.n_steps; i++)
    {
      const KlProgress *step = g_ptr_array_index (root->steps, i);

      if (step->started)
        {
          report.step = i + 1;
          current = step;
        }
    }

  if (current != NULL)
    {
      report.step_fraction = fraction_of (current);
      sum_bytes (current, &report.bytes, &report.total_bytes);
    }

  root->published = MAX (root->published, fraction_of (root));
  report.fraction = root->published;
  report.info = current != NULL ? current->info : root->info;
  root->func (&report, root->user_data);
}

/**
 * kl_progress_add_step:
 * @weight: how long the step takes in comparison with its sisters; any unit, more than 0
 * @info: (nullable): English text of the step
 *
 * Steps of the root are the numbered ones; all of them are added before the first is started.
 *
 * Returns: (transfer none) (nullable): the new step, owned by @self; %NULL if @self is %NULL
 */
KlProgress *
kl_progress_add_step (KlProgress *self, double weight, const char *info)
{
  KlProgress *step;

  if (self == NULL)
    return NULL;

  g_return_val_if_fail (weight > 0, NULL);

  step = progress_new (self->root, weight, info);
  g_mutex_lock (&self->root->lock);
  if (self->steps == NULL)
    self->steps = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_progress_free);
  g_ptr_array_add (self->steps, step);
  g_mutex_unlock (&self->root->lock);
  return step;
}

/**
 * kl_progress_start:
 *
 * Makes a step the current one. One that was started before goes on.
 */
void
kl_progress_start (KlProgress *self)
{
  if (self == NULL)
    return;

  g_mutex_lock (&self->root->lock);
  self->started = TRUE;
  if (self->began == 0)
    self->began = g_get_monotonic_time ();
  publish_locked (self->root);
  g_mutex_unlock (&self->root->lock);
}

/**
 * kl_progress_finish:
 *
 * Fills a step, whatever it counted. Where debug messages are wanted, says how long it took.
 */
void
kl_progress_finish (KlProgress *self)
{
  gboolean first;

  if (self == NULL)
    return;

  g_mutex_lock (&self->root->lock);
  first = !self->finished;
  self->started = TRUE;
  self->finished = TRUE;
  publish_locked (self->root);
  if (self->began != 0 && first)
    g_debug ("%s: %.3f s", self->info,
             (double) (g_get_monotonic_time () - self->began) / G_USEC_PER_SEC);
  g_mutex_unlock (&self->root->lock);
}

/* The step of the root that @self is, or is a part of. */
static KlProgress *
find_root_step (KlProgress *node, KlProgress *wanted)
{
  if (node == wanted)
    return node;

  for (guint i = 0; node->steps != NULL && i < node->steps->len; i++)
    {
      KlProgress *step = g_ptr_array_index (node->steps, i);

      if (find_root_step (step, wanted) != NULL)
        return step;
    }

  return NULL;
}

/**
 * kl_progress_set_info:
 * @format: English text of what is being done now: "Writing sources/boot.wim"
 */
void
kl_progress_set_info (KlProgress *self, const char *format, ...)
{
  va_list args;
  KlProgress *shown;

  if (self == NULL)
    return;

  g_mutex_lock (&self->root->lock);
  shown = self == self->root ? self : find_root_step (self->root, self);
  g_free (shown->info);
  va_start (args, format);
  shown->info = g_strdup_vprintf (format, args);
  va_end (args);
  publish_locked (self->root);
  g_mutex_unlock (&self->root->lock);
}

/**
 * kl_progress_set_total:
 * @total_bytes: how many bytes the step will move
 */
void
kl_progress_set_total (KlProgress *self, guint64 total_bytes)
{
  if (self == NULL)
    return;

  g_mutex_lock (&self->root->lock);
  self->total = total_bytes;
  publish_locked (self->root);
  g_mutex_unlock (&self->root->lock);
}

/**
 * kl_progress_advance:
 * @bytes: how many more bytes have been moved
 */
void
kl_progress_advance (KlProgress *self, guint64 bytes)
{
  if (self == NULL)
    return;

  g_mutex_lock (&self->root->lock);
  self->started = TRUE;
  self->done += bytes;
  publish_locked (self->root);
  g_mutex_unlock (&self->root->lock);
}

/**
 * kl_progress_set_done:
 * @bytes: how many bytes have been moved in all; smaller values than before are ignored
 *
 * For libraries that report sums.
 */
void
kl_progress_set_done (KlProgress *self, guint64 bytes)
{
  if (self == NULL)
    return;

  g_mutex_lock (&self->root->lock);
  self->started = TRUE;
  self->done = MAX (self->done, bytes);
  publish_locked (self->root);
  g_mutex_unlock (&self->root->lock);
}

/**
 * kl_progress_report_copy:
 * @target: (out caller-allocates): filled with a deep copy; free with kl_progress_report_clear()
 */
void
kl_progress_report_copy (const KlProgressReport *source, KlProgressReport *target)
{
  *target = *source;
  target->info = g_strdup (source->info);
}

void
kl_progress_report_clear (KlProgressReport *report)
{
  g_clear_pointer (&report->info, g_free);
}
