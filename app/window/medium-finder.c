/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-medium-finder"

#include "config.h"

#include "window/medium-finder.h"

#include "base/error.h"
#include "media/medium.h"

struct _KlMediumFinder
{
  KlMediumFound found;
  gpointer user_data;
  GCancellable *cancellable; /* owned */
  GQueue paths;              /* of owned ones; the first is being looked at */
};

/* A manifest that is broken is one too: its medium is to be looked at, not to be imported. */
static gboolean
is_medium (const char *path)
{
  g_autoptr (KlMedium) medium = NULL;
  g_autoptr (GError) error = NULL;

  if (!g_file_test (path, G_FILE_TEST_IS_REGULAR))
    return FALSE;
  medium = kl_medium_open (path, &error);
  if (medium == NULL)
    {
      g_debug ("No medium: %s", error->message);
      return FALSE;
    }
  return kl_medium_get_manifest (medium, &error) != NULL
         || !g_error_matches (error, KL_ERROR, KL_ERROR_NO_MANIFEST);
}

static void
look_in_thread (GTask *task, gpointer source, gpointer path, GCancellable *cancellable)
{
  g_task_return_boolean (task, is_medium (path));
}

static void look_at_next (KlMediumFinder *self);

/* @self is gone where it was cancelled. */
static void
looked_at_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KlMediumFinder *self = user_data;
  g_autoptr (GError) error = NULL;
  const gboolean found = g_task_propagate_boolean (G_TASK (result), &error);
  g_autofree char *path = NULL;

  if (error != NULL)
    return;
  path = g_queue_pop_head (&self->paths);
  look_at_next (self);
  self->found (path, found, self->user_data);
}

static void
look_at_next (KlMediumFinder *self)
{
  g_autoptr (GTask) task = NULL;

  if (g_queue_is_empty (&self->paths))
    return;
  task = g_task_new (NULL, self->cancellable, looked_at_cb, self);
  g_task_set_source_tag (task, look_at_next);
  g_task_set_task_data (task, g_strdup (g_queue_peek_head (&self->paths)), g_free);
  g_task_run_in_thread (task, look_in_thread);
}

/**
 * kl_medium_finder_add:
 * @path: of a file or folder
 *
 * Has it looked at in a thread, as it may lie on a slow share, after those that were added before:
 * so their order stays. What cannot be read is no medium; whoever imports it says why.
 */
void
kl_medium_finder_add (KlMediumFinder *self, const char *path)
{
  g_queue_push_tail (&self->paths, g_strdup (path));
  if (g_queue_get_length (&self->paths) == 1)
    look_at_next (self);
}

/* Whether there is something that nobody was told of yet. */
gboolean
kl_medium_finder_is_busy (KlMediumFinder *self)
{
  return !g_queue_is_empty (&self->paths);
}

/**
 * kl_medium_finder_new:
 * @found: is told of each path
 *
 * Returns: (transfer full): to be used in the main thread
 */
KlMediumFinder *
kl_medium_finder_new (KlMediumFound found, gpointer user_data)
{
  KlMediumFinder *self = g_new0 (KlMediumFinder, 1);

  self->found = found;
  self->user_data = user_data;
  self->cancellable = g_cancellable_new ();
  g_queue_init (&self->paths);
  return self;
}

/* Nobody is told any more; a read that is under way goes on. */
void
kl_medium_finder_free (KlMediumFinder *self)
{
  g_cancellable_cancel (self->cancellable);
  g_object_unref (self->cancellable);
  g_queue_clear_full (&self->paths, g_free);
  g_free (self);
}
