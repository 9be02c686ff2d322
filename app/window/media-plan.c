/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-media-plan"

#include "config.h"

#include "window/media-plan.h"

#include "base/error.h"
#include "creation/media-creator.h"

typedef struct
{
  KlCatalog *catalog;
  KlMediaRequest *request; /* for the smallest target */
} Question;

static void
question_free (Question *question)
{
  g_object_unref (question->catalog);
  g_object_unref (question->request);
  g_free (question);
}

void
kl_media_plan_free (KlMediaPlan *self)
{
  g_clear_object (&self->layout);
  g_clear_pointer (&self->replaced_date, g_date_time_unref);
  g_free (self);
}

static gboolean
look_at_folder (KlMediaPlan *plan, GFile *folder, GCancellable *cancellable, GError **error)
{
  g_autoptr (GFileInfo) info = NULL;
  g_autoptr (GFileInfo) space = NULL;

  info = g_file_query_info (folder,
                            G_FILE_ATTRIBUTE_STANDARD_TYPE "," G_FILE_ATTRIBUTE_ACCESS_CAN_WRITE,
                            G_FILE_QUERY_INFO_NONE, cancellable, error);
  if (info == NULL)
    {
      kl_translate_io_error (error, "Looking at “%s”", g_file_peek_path (folder));
      return FALSE;
    }
  if (g_file_info_get_file_type (info) != G_FILE_TYPE_DIRECTORY)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT, "“%s” is not a folder",
                   g_file_peek_path (folder));
      return FALSE;
    }
  if (!g_file_info_get_attribute_boolean (info, G_FILE_ATTRIBUTE_ACCESS_CAN_WRITE))
    {
      g_set_error (error, KL_ERROR, KL_ERROR_PERMISSION, "The folder “%s” cannot be written to",
                   g_file_peek_path (folder));
      return FALSE;
    }

  space
      = g_file_query_filesystem_info (folder, G_FILE_ATTRIBUTE_FILESYSTEM_FREE, cancellable, NULL);
  plan->free_known
      = space != NULL && g_file_info_has_attribute (space, G_FILE_ATTRIBUTE_FILESYSTEM_FREE);
  if (plan->free_known)
    plan->bytes_free = g_file_info_get_attribute_uint64 (space, G_FILE_ATTRIBUTE_FILESYSTEM_FREE);

  return TRUE;
}

static gboolean
look_at_target (KlMediaPlan *plan, const char *path, GCancellable *cancellable, GError **error)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GFile) folder = g_file_get_parent (file);
  g_autoptr (GFileInfo) info = NULL;

  if (folder == NULL || !look_at_folder (plan, folder, cancellable, error))
    return FALSE;

  info = g_file_query_info (file,
                            G_FILE_ATTRIBUTE_STANDARD_TYPE "," G_FILE_ATTRIBUTE_STANDARD_SIZE
                                                           "," G_FILE_ATTRIBUTE_TIME_MODIFIED,
                            G_FILE_QUERY_INFO_NONE, cancellable, NULL);
  if (info == NULL)
    return TRUE;
  if (g_file_info_get_file_type (info) != G_FILE_TYPE_REGULAR)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                   "“%s” is a folder or a device, not a file", path);
      return FALSE;
    }

  plan->replaces = TRUE;
  plan->replaced_size = (guint64) g_file_info_get_size (info);
  plan->replaced_date = g_file_info_get_modification_date_time (info);
  return TRUE;
}

/* A drive has the room that it has; a file needs room where it goes. */
static gboolean
look_at_room (KlMediaPlan *plan, KlMediaRequest *request, GCancellable *cancellable, GError **error)
{
  KlDrive *drive = kl_media_request_get_drive (request);

  if (drive == NULL)
    return look_at_target (plan, kl_media_request_get_destination (request), cancellable, error);
  plan->free_known = kl_media_request_get_media_type (request) == KL_MEDIA_TYPE_UFD_FORMAT;
  plan->bytes_free = kl_drive_get_size (drive);
  return TRUE;
}

static void
plan_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Question *question = data;
  g_autoptr (KlMediaCreator) creator = kl_media_creator_new (question->catalog);
  g_autoptr (KlMediaPlan) plan = g_new0 (KlMediaPlan, 1);
  GError *error = NULL;

  kl_media_creator_set_request (creator, question->request);
  plan->layout = kl_media_creator_plan (creator, &plan->bytes_needed, &error);
  if (plan->layout == NULL || !look_at_room (plan, question->request, cancellable, &error))
    {
      g_task_return_error (task, error);
      return;
    }

  g_task_return_pointer (task, g_steal_pointer (&plan), (GDestroyNotify) kl_media_plan_free);
}

static KlMediaRequest *
find_smallest (GPtrArray *requests)
{
  KlMediaRequest *smallest = requests->pdata[0];

  for (guint i = 1; i < requests->len; i++)
    if (kl_drive_get_size (kl_media_request_get_drive (requests->pdata[i]))
        < kl_drive_get_size (kl_media_request_get_drive (smallest)))
      smallest = requests->pdata[i];
  return smallest;
}

/**
 * kl_media_plan_new_async:
 * @requests: (element-type KlMediaRequest): one, or several that differ in their drives only
 *
 * Lays the medium out and looks at the smallest target, in a thread; writes nothing.
 */
void
kl_media_plan_new_async (KlCatalog *catalog,
                         GPtrArray *requests,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  Question *question = g_new0 (Question, 1);

  question->catalog = g_object_ref (catalog);
  question->request = g_object_ref (find_smallest (requests));
  g_task_set_source_tag (task, kl_media_plan_new_async);
  g_task_set_task_data (task, question, (GDestroyNotify) question_free);
  g_task_run_in_thread (task, plan_in_thread);
}

KlMediaPlan *
kl_media_plan_new_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

gboolean
kl_media_plan_fits (KlMediaPlan *self)
{
  return !self->free_known || self->bytes_needed <= self->bytes_free;
}
