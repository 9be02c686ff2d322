/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-catalog-group"

#include "config.h"

#include "window/catalog-group.h"

#include <glib/gi18n.h>

#include "base/error.h"
#include "settings.h"
#include "window/application.h"
#include "window/fact-row.h"
#include "window/failure-view.h"
#include "window/long-text.h"

struct _KlCatalogGroup
{
  AdwPreferencesGroup parent_instance;

  GtkFileChooserNative *chooser; /* owned while it is open */

  KlFactRow *folder_row;
  GtkWidget *spinner;
  AdwActionRow *reset_row;
};

G_DEFINE_FINAL_TYPE (KlCatalogGroup, kl_catalog_group, ADW_TYPE_PREFERENCES_GROUP)

static GtkWindow *
get_window (KlCatalogGroup *self)
{
  return GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (self)));
}

static KlApplication *
get_application (void)
{
  return KL_APPLICATION (g_application_get_default ());
}

static void
show_folder (KlCatalogGroup *self)
{
  g_autoptr (KlCatalog) catalog = kl_settings_open_catalog (NULL);
  g_autofree char *usual = kl_catalog_dup_default_path ();
  g_autofree char *usual_text = g_filename_display_name (usual);
  g_autofree char *escaped = g_markup_escape_text (usual_text, -1);
  g_autofree char *text = g_filename_display_name (kl_catalog_get_path (catalog));
  const gboolean own = kl_application_has_own_catalog (get_application ());

  kl_fact_row_set_value (self->folder_row,
                         own ? _ ("This window shows the folder that the option --catalog named.")
                             : text);
  if (gtk_widget_get_focus_child (GTK_WIDGET (self->reset_row)) != NULL)
    gtk_widget_grab_focus (GTK_WIDGET (self->folder_row));
  gtk_widget_set_visible (GTK_WIDGET (self->reset_row), !own && kl_catalog_is_required (catalog));
  adw_action_row_set_subtitle (self->reset_row, escaped);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "catalog.choose", !own);
}

static void
set_trying (KlCatalogGroup *self, gboolean trying)
{
  if (trying)
    gtk_widget_grab_focus (GTK_WIDGET (self->folder_row)); /* for the button, which is greyed */
  gtk_widget_set_visible (self->spinner, trying);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "catalog.choose", !trying);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "catalog.reset", !trying);
}

/* Nothing that is under way loses the catalog it works on. */
static gboolean
may_change (KlCatalogGroup *self)
{
  GtkWidget *dialog;

  if (!kl_application_is_busy (get_application ()))
    return TRUE;

  dialog = adw_message_dialog_new (
      get_window (self), _ ("The Catalog Is in Use"),
      _ ("A job is running, or a dialog about a boot image is open. Change the folder once that "
         "has ended."));
  adw_message_dialog_add_response (ADW_MESSAGE_DIALOG (dialog), "close", _ ("_Close"));
  gtk_window_present (GTK_WINDOW (dialog));
  return FALSE;
}

/* The application hears of it and shows the other folder. */
static void
take (KlCatalogGroup *self, const char *path)
{
  if (may_change (self))
    g_settings_set_string (kl_settings_get (), "catalog-folder", path);
  show_folder (self);
}

static void
tried_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KlCatalogGroup) self = KL_CATALOG_GROUP (g_object_ref (source));
  const char *path = kl_catalog_get_path (g_task_get_task_data (G_TASK (result)));
  g_autoptr (GError) error = NULL;
  const gboolean usable = g_task_propagate_boolean (G_TASK (result), &error);

  if (get_window (self) == NULL)
    return; /* closed meanwhile: not decided */
  set_trying (self, FALSE);
  if (usable)
    take (self, path);
  else
    kl_failure_view_present (get_window (self), error, path);
}

static void
try_in_thread (GTask *task, gpointer source, gpointer catalog, GCancellable *cancellable)
{
  GError *error = NULL;

  if (kl_catalog_probe (catalog, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/* Settings are text. */
static gboolean
check_text (KlCatalogGroup *self, const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;

  if (g_utf8_validate (path, -1, NULL))
    return TRUE;

  text = g_filename_display_name (path);
  g_set_error (&error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
               "The name of the folder “%s” is not UTF-8; rename it, or link to it", text);
  kl_failure_view_present (get_window (self), error, text);
  return FALSE;
}

static void
try_folder (KlCatalogGroup *self, const char *path)
{
  g_autoptr (GTask) task = NULL;

  if (!check_text (self, path))
    return;
  set_trying (self, TRUE);
  task = g_task_new (self, NULL, tried_cb, NULL);
  g_task_set_source_tag (task, try_folder);
  g_task_set_task_data (task, kl_catalog_new (path), g_object_unref);
  g_task_run_in_thread (task, try_in_thread);
}

static void
chosen_cb (KlCatalogGroup *self, int response)
{
  g_autoptr (GFile) file = NULL;

  if (response == GTK_RESPONSE_ACCEPT)
    file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (self->chooser));
  g_clear_object (&self->chooser);
  if (file != NULL && g_file_peek_path (file) != NULL)
    try_folder (self, g_file_peek_path (file));
}

static void
choose_activated (GtkWidget *widget, const char *action, GVariant *parameter)
{
  KlCatalogGroup *self = KL_CATALOG_GROUP (widget);

  if (!may_change (self))
    return;
  g_clear_object (&self->chooser);
  self->chooser
      = gtk_file_chooser_native_new (_ ("Choose the Folder of the Catalog"), get_window (self),
                                     GTK_FILE_CHOOSER_ACTION_SELECT_FOLDER, _ ("_Choose"), NULL);
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (self->chooser), TRUE);
  g_signal_connect_object (self->chooser, "response", G_CALLBACK (chosen_cb), self,
                           G_CONNECT_SWAPPED);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (self->chooser));
}

/* The usual folder is made when it is needed. */
static void
reset_activated (GtkWidget *widget, const char *action, GVariant *parameter)
{
  take (KL_CATALOG_GROUP (widget), "");
}

static void
kl_catalog_group_dispose (GObject *object)
{
  g_clear_object (&KL_CATALOG_GROUP (object)->chooser);

  G_OBJECT_CLASS (kl_catalog_group_parent_class)->dispose (object);
}

static void
kl_catalog_group_class_init (KlCatalogGroupClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kl_catalog_group_dispose;

  g_type_ensure (KL_TYPE_FACT_ROW);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/kindling/Kindling/ui/catalog-group.ui");
  gtk_widget_class_bind_template_child (widget_class, KlCatalogGroup, folder_row);
  gtk_widget_class_bind_template_child (widget_class, KlCatalogGroup, spinner);
  gtk_widget_class_bind_template_child (widget_class, KlCatalogGroup, reset_row);
  gtk_widget_class_install_action (widget_class, "catalog.choose", NULL, choose_activated);
  gtk_widget_class_install_action (widget_class, "catalog.reset", NULL, reset_activated);
}

static void
kl_catalog_group_init (KlCatalogGroup *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  kl_long_text_spell_exactly (GTK_WIDGET (self->folder_row));
  show_folder (self);
}
