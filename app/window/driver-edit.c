/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-driver-edit"

#include "config.h"

#include "window/driver-edit.h"

#include <glib/gi18n.h>

#include "base/error.h"
#include "core-text.h"
#include "driver/driver-archive.h"
#include "prepare/driver-survey.h"

typedef struct
{
  KlCatalog *catalog;
  char *id;
  char *folder;
  char *text; /* key, path or name */
  gboolean on;
} Edit;

static void
edit_free (Edit *edit)
{
  g_object_unref (edit->catalog);
  g_free (edit->id);
  g_free (edit->folder);
  g_free (edit->text);
  g_free (edit);
}

static void
start (gpointer source,
       KlCatalog *catalog,
       KlBootImage *image,
       const char *text,
       gboolean on,
       GTaskThreadFunc func,
       GAsyncReadyCallback callback)
{
  g_autoptr (GTask) task = g_task_new (source, NULL, callback, NULL);
  Edit *edit = g_new0 (Edit, 1);

  edit->catalog = g_object_ref (catalog);
  edit->id = g_strdup (kl_boot_image_get_id (image));
  edit->folder = g_strdup (kl_boot_image_get_folder (image));
  edit->text = g_strdup (text);
  edit->on = on;
  g_task_set_task_data (task, edit, (GDestroyNotify) edit_free);
  g_task_run_in_thread (task, func);
}

static void
switch_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Edit *edit = data;
  g_autofree char *key = g_strconcat ("driver.", edit->text, NULL);
  GError *error = NULL;

  if (kl_recipe_set (edit->catalog, edit->id, key, edit->on ? "on" : "off", &error))
    g_task_return_pointer (task, NULL, NULL);
  else
    g_task_return_error (task, error);
}

static void
remove_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Edit *edit = data;
  GError *error = NULL;

  if (kl_recipe_remove_driver (edit->catalog, edit->id, edit->text, &error))
    g_task_return_pointer (task, NULL, NULL);
  else
    g_task_return_error (task, error);
}

/* What the packages are for, each architecture once. */
static char *
dup_architectures (const KlDriverSurvey *survey)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();

  for (guint i = 0; i < survey->packages->len; i++)
    {
      const KlSurveyPackage *package = survey->packages->pdata[i];
      const char *const *list = kl_driver_package_get_architectures (package->package);

      for (; *list != NULL; list++)
        if (!g_ptr_array_find_with_equal_func (names, *list, g_str_equal, NULL))
          g_ptr_array_add (names, (gpointer) *list);
    }
  g_ptr_array_add (names, NULL);
  return g_strjoinv (", ", (char **) names->pdata);
}

/* A folder of which nothing could ever be loaded is not taken. */
static gboolean
check (const Edit *edit, GCancellable *cancellable, GError **error)
{
  g_autoptr (KlDriverSurvey) survey = NULL;
  g_autofree char *architectures = NULL;
  const KlSurveyFolder *folder;

  if (g_file_test (edit->text, G_FILE_TEST_IS_REGULAR) && !kl_driver_archive_is_cab (edit->text))
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                   _ ("“%s” is a file. Choose the folder that holds it and the files that belong "
                      "to it, or a cabinet file."),
                   edit->text);
      return FALSE;
    }

  survey = kl_driver_survey_new (edit->folder, edit->text, NULL, cancellable, error);
  if (survey == NULL)
    return FALSE;
  folder = survey->folders->pdata[0];
  if (folder->error != NULL)
    {
      g_propagate_error (error, g_error_copy (folder->error));
      return FALSE;
    }
  for (guint i = 0; i < survey->packages->len; i++)
    if (((const KlSurveyPackage *) survey->packages->pdata[i])->serves)
      return TRUE;

  architectures = dup_architectures (survey);
  if (survey->packages->len == 0 || *architectures == '\0')
    g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                 _ ("“%s” holds no driver package. Choose a folder with INF files."), edit->text);
  else
    g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                 /* Translators: a folder, an architecture, a list of architectures. */
                 _ ("No package of “%s” is for %s, which this boot image is. They are for %s."),
                 edit->text, survey->architecture, architectures);
  return FALSE;
}

static void
add_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Edit *edit = data;
  char *name = NULL;
  GError *error = NULL;

  if (check (edit, cancellable, &error)
      && kl_recipe_add_driver (edit->catalog, edit->id, edit->text, &name, &error))
    g_task_return_pointer (task, name, g_free);
  else
    g_task_return_error (task, error);
}

void
kl_driver_edit_switch (gpointer source,
                       KlCatalog *catalog,
                       KlBootImage *image,
                       const char *key,
                       gboolean on,
                       GAsyncReadyCallback callback)
{
  start (source, catalog, image, key, on, switch_in_thread, callback);
}

void
kl_driver_edit_add (gpointer source,
                    KlCatalog *catalog,
                    KlBootImage *image,
                    const char *path,
                    GAsyncReadyCallback callback)
{
  start (source, catalog, image, path, TRUE, add_in_thread, callback);
}

void
kl_driver_edit_remove (gpointer source,
                       KlCatalog *catalog,
                       KlBootImage *image,
                       const char *name,
                       GAsyncReadyCallback callback)
{
  start (source, catalog, image, name, FALSE, remove_in_thread, callback);
}

char *
kl_driver_edit_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
kl_driver_edit_refuse (GtkWindow *parent, const GError *error)
{
  g_autofree char *reason = kl_core_text_translate (error->message);
  GtkWidget *dialog = adw_message_dialog_new (parent, _ ("These Drivers Cannot Be Added"), reason);

  adw_message_dialog_add_response (ADW_MESSAGE_DIALOG (dialog), "close", _ ("_Close"));
  gtk_window_present (GTK_WINDOW (dialog));
}
