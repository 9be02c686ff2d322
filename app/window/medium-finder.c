/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-medium-finder"

#include "config.h"

#include "window/medium-finder.h"

#include "base/error.h"
#include "media/medium.h"

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

/**
 * kl_medium_finder_look_at:
 * @source: (type GObject): who is told
 * @path: of a file or folder
 * @cancellable: (nullable): what is found is told as G_IO_ERROR_CANCELLED afterwards; a read that
 * is under way goes on
 * @callback: with %NULL as user data
 *
 * Reads @path in a thread, as it may lie on a slow share.
 */
void
kl_medium_finder_look_at (gpointer source,
                          const char *path,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback)
{
  g_autoptr (GTask) task = g_task_new (source, cancellable, callback, NULL);

  g_return_if_fail (path != NULL);

  g_task_set_source_tag (task, kl_medium_finder_look_at);
  g_task_set_task_data (task, g_strdup (path), g_free);
  g_task_run_in_thread (task, look_in_thread);
}

/**
 * kl_medium_finder_finish:
 * @path: (out) (transfer none): what was looked at
 *
 * Errors: G_IO_ERROR_CANCELLED only. What cannot be read is no medium; whoever imports it says why.
 *
 * Returns: whether @path is an ISO file or a disk image with a manifest
 */
gboolean
kl_medium_finder_finish (GAsyncResult *result, const char **path, GError **error)
{
  *path = g_task_get_task_data (G_TASK (result));
  return g_task_propagate_boolean (G_TASK (result), error);
}
