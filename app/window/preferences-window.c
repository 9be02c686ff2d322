/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-preferences-window"

#include "config.h"

#include "window/preferences-window.h"

#include <glib/gi18n.h>

#include "error-text.h"
#include "settings.h"
#include "site/site-folder.h"
#include "window/catalog-group.h"
#include "window/failure-view.h"
#include "window/fact-row.h"
#include "window/flow-layout.h"
#include "window/group-title.h"
#include "window/loss-question.h"
#include "window/part-names.h"
#include "window/site-editor.h"
#include "window/site-store.h"

struct _KlPreferencesWindow
{
  AdwPreferencesWindow parent_instance;

  GPtrArray *sites;              /* of KlStoredSite; in the order of the rows */
  GPtrArray *rows;               /* borrowed from the group */
  GtkFileChooserNative *chooser; /* owned while it is open */
  GCancellable *cancellable;     /* owned; of the checks under way */
  gboolean filling;              /* while the choices change */

  AdwPreferencesGroup *sites_group;
  AdwComboRow *default_row;
  KlFactRow *none_row;
  GtkWidget *new_button;
  GtkSwitch *verify_switch;
  GtkSwitch *power_off_switch;
  GtkSpinButton *days_button;
};

G_DEFINE_FINAL_TYPE (KlPreferencesWindow, kl_preferences_window, ADW_TYPE_PREFERENCES_WINDOW)

/* What a row is told when its profile has been checked. */
typedef struct
{
  KlPreferencesWindow *window; /* owned */
  KlFactRow *row;              /* owned */
} Check;

static void reload (KlPreferencesWindow *self);

static void
check_free (Check *check)
{
  g_object_unref (check->window);
  g_object_unref (check->row);
  g_free (check);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Check, check_free)

static void
show_finding (KlFactRow *row, const GError *error)
{
  if (error == NULL)
    {
      kl_fact_row_set_state (row, "object-select-symbolic", "success", NULL);
      return;
    }
  kl_fact_row_set_value (row, kl_error_text_get_title (error));
  kl_fact_row_set_state (row, "dialog-warning-symbolic", "warning", NULL);
}

static void
checked_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Check) check = user_data;
  g_autoptr (GError) error = NULL;

  g_task_propagate_boolean (G_TASK (result), &error);
  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    show_finding (check->row, error);
}

static void
check_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  GError *error = NULL;
  g_autoptr (KlSiteFiles) files = kl_site_profile_check (data, &error);

  if (files == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

/* The files that the profile names may lie on a share: not in the main thread. */
static void
start_check (KlPreferencesWindow *self, KlSiteProfile *profile, KlFactRow *row)
{
  Check *check = g_new0 (Check, 1);
  g_autoptr (GTask) task = NULL;

  check->window = g_object_ref (self);
  check->row = g_object_ref (row);
  task = g_task_new (NULL, self->cancellable, checked_cb, check);
  g_task_set_source_tag (task, start_check);
  g_task_set_task_data (task, kl_site_profile_ref (profile),
                        (GDestroyNotify) kl_site_profile_unref);
  g_task_run_in_thread (task, check_in_thread);
}

static void
edit (KlPreferencesWindow *self, const char *path)
{
  KlSiteEditor *editor = kl_site_editor_new (GTK_WINDOW (self), path);

  g_signal_connect_object (editor, "saved", G_CALLBACK (reload), self, G_CONNECT_SWAPPED);
  gtk_window_present (GTK_WINDOW (editor));
}

static const char *
get_path (GtkWidget *button)
{
  return g_object_get_data (G_OBJECT (button), "path");
}

static void
edit_cb (KlPreferencesWindow *self, GtkWidget *button)
{
  edit (self, get_path (button));
}

static void
remove_answered_cb (GtkWidget *dialog, const char *response, KlPreferencesWindow *self)
{
  g_autoptr (GError) error = NULL;

  if (!g_str_equal (response, "remove"))
    return;
  if (!kl_site_store_remove (get_path (dialog), &error))
    kl_failure_view_present (GTK_WINDOW (self), error, get_path (dialog));
  reload (self);
}

static void
remove_cb (KlPreferencesWindow *self, GtkWidget *button)
{
  GtkWidget *dialog = kl_loss_question_new (
      GTK_WINDOW (self), _ ("Remove the Site Profile?"),
      _ ("Media that were made with it stay as they are. The files that it names stay too."),
      _ ("_Cancel"), "remove", C_ ("site profile", "_Remove"));

  g_object_set_data_full (G_OBJECT (dialog), "path", g_strdup (get_path (button)), g_free);
  g_signal_connect_object (dialog, "response", G_CALLBACK (remove_answered_cb), self, 0);
  gtk_window_present (GTK_WINDOW (dialog));
}

static void
add_button (KlPreferencesWindow *self,
            KlFactRow *row,
            const KlStoredSite *site,
            const char *icon_name,
            const char *name,
            GCallback callback)
{
  GtkWidget *button = gtk_button_new_from_icon_name (icon_name);

  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  gtk_widget_add_css_class (button, "flat");
  gtk_widget_set_tooltip_text (button, name);
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
  g_object_set_data_full (G_OBJECT (button), "path", g_strdup (site->path), g_free);
  g_signal_connect_object (button, "clicked", callback, self, G_CONNECT_SWAPPED);
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), button);
}

static void
add_site (KlPreferencesWindow *self, const KlStoredSite *site)
{
  g_autofree char *title = kl_site_store_dup_title (site);
  KlFactRow *row = KL_FACT_ROW (kl_fact_row_new (title, NULL));

  gtk_widget_add_css_class (GTK_WIDGET (row), "plain");
  add_button (self, row, site, "document-edit-symbolic", _ ("Edit Site Profile"),
              G_CALLBACK (edit_cb));
  add_button (self, row, site, "user-trash-symbolic", _ ("Remove Site Profile"),
              G_CALLBACK (remove_cb));
  adw_preferences_group_add (self->sites_group, GTK_WIDGET (row));
  g_ptr_array_add (self->rows, row);

  if (site->profile != NULL)
    {
      g_autofree char *points
          = g_strjoinv (", ", (char **) kl_site_profile_get_management_points (site->profile));

      kl_fact_row_set_value (row, points);
      start_check (self, site->profile, row);
    }
  else
    show_finding (row, site->error);
}

static void
offer_defaults (KlPreferencesWindow *self)
{
  g_autoptr (GtkStringList) names = gtk_string_list_new (NULL);
  g_autofree char *chosen = kl_site_store_dup_default ();
  guint selected = 0;

  gtk_string_list_append (names, C_ ("site", "None"));
  for (guint i = 0; i < self->sites->len; i++)
    {
      const KlStoredSite *site = self->sites->pdata[i];
      g_autofree char *title = kl_site_store_dup_title (site);

      gtk_string_list_append (names, title);
      if (g_strcmp0 (site->path, chosen) == 0)
        selected = i + 1;
    }

  self->filling = TRUE;
  adw_combo_row_set_model (self->default_row, G_LIST_MODEL (names));
  adw_combo_row_set_selected (self->default_row, selected);
  self->filling = FALSE;
  gtk_widget_set_visible (GTK_WIDGET (self->default_row), self->sites->len > 0);
  gtk_widget_set_visible (GTK_WIDGET (self->none_row), self->sites->len == 0);
}

/* The index of the profile that has the focus; G_MAXUINT if none has. */
static guint
find_focus (KlPreferencesWindow *self)
{
  for (guint i = 0; i < self->rows->len; i++)
    if (gtk_widget_get_focus_child (self->rows->pdata[i]) != NULL)
      return i;
  return G_MAXUINT;
}

/* For the profile that was there, or the one that has come into its place. */
static void
give_focus (KlPreferencesWindow *self, guint index)
{
  if (self->rows->len > 0)
    gtk_widget_grab_focus (self->rows->pdata[MIN (index, self->rows->len - 1)]);
  else
    gtk_widget_grab_focus (self->new_button);
}

static void
reload (KlPreferencesWindow *self)
{
  const guint focused = find_focus (self);

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  self->cancellable = g_cancellable_new ();
  for (guint i = 0; i < self->rows->len; i++)
    adw_preferences_group_remove (self->sites_group, self->rows->pdata[i]);
  g_ptr_array_set_size (self->rows, 0);

  g_clear_pointer (&self->sites, g_ptr_array_unref);
  self->sites = kl_site_store_list ();
  for (guint i = 0; i < self->sites->len; i++)
    add_site (self, self->sites->pdata[i]);
  offer_defaults (self);
  if (focused != G_MAXUINT)
    give_focus (self, focused);
}

static void
default_cb (KlPreferencesWindow *self)
{
  const guint selected = adw_combo_row_get_selected (self->default_row);
  const KlStoredSite *site;

  if (self->filling || self->sites == NULL)
    return;
  site = selected >= 1 && selected <= self->sites->len ? self->sites->pdata[selected - 1] : NULL;
  kl_site_store_set_default (site ? site->path : NULL);
}

/* The first profile is what new media get: who has but one means that one. */
static void
take_first (KlPreferencesWindow *self, const char *path)
{
  if (self->sites->len == 0)
    kl_site_store_set_default (path);
}

static void
new_saved_cb (KlPreferencesWindow *self, const char *path)
{
  take_first (self, path);
  reload (self);
}

static void
add_activated (GtkWidget *widget, const char *action, GVariant *parameter)
{
  KlSiteEditor *editor = kl_site_editor_new (GTK_WINDOW (widget), NULL);

  g_signal_connect_object (editor, "saved", G_CALLBACK (new_saved_cb), widget, G_CONNECT_SWAPPED);
  gtk_window_present (GTK_WINDOW (editor));
}

static void
import_chosen_cb (KlPreferencesWindow *self, int response)
{
  g_autoptr (GFile) file = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *saved = NULL;
  const char *path;

  if (response == GTK_RESPONSE_ACCEPT)
    file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (self->chooser));
  g_clear_object (&self->chooser);
  path = file ? g_file_peek_path (file) : NULL;
  if (path == NULL)
    return;

  if (kl_site_folder_import (path, &saved, &error))
    new_saved_cb (self, saved);
  else
    kl_failure_view_present (GTK_WINDOW (self), error, path);
}

static void
import_activated (GtkWidget *widget, const char *action, GVariant *parameter)
{
  KlPreferencesWindow *self = KL_PREFERENCES_WINDOW (widget);

  g_clear_object (&self->chooser);
  self->chooser = gtk_file_chooser_native_new (_ ("Import a Site Profile"), GTK_WINDOW (self),
                                               GTK_FILE_CHOOSER_ACTION_OPEN, _ ("_Import"), NULL);
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (self->chooser), TRUE);
  g_signal_connect_object (self->chooser, "response", G_CALLBACK (import_chosen_cb), self,
                           G_CONNECT_SWAPPED);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (self->chooser));
}

static void
kl_preferences_window_dispose (GObject *object)
{
  KlPreferencesWindow *self = KL_PREFERENCES_WINDOW (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->chooser);
  g_clear_pointer (&self->sites, g_ptr_array_unref);
  g_clear_pointer (&self->rows, g_ptr_array_unref);

  G_OBJECT_CLASS (kl_preferences_window_parent_class)->dispose (object);
}

static void
kl_preferences_window_class_init (KlPreferencesWindowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kl_preferences_window_dispose;

  g_type_ensure (KL_TYPE_CATALOG_GROUP);
  g_type_ensure (KL_TYPE_FACT_ROW);
  g_type_ensure (KL_TYPE_FLOW_LAYOUT);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/kindling/Kindling/ui/preferences-window.ui");
  gtk_widget_class_bind_template_child (widget_class, KlPreferencesWindow, sites_group);
  gtk_widget_class_bind_template_child (widget_class, KlPreferencesWindow, default_row);
  gtk_widget_class_bind_template_child (widget_class, KlPreferencesWindow, none_row);
  gtk_widget_class_bind_template_child (widget_class, KlPreferencesWindow, new_button);
  gtk_widget_class_bind_template_child (widget_class, KlPreferencesWindow, verify_switch);
  gtk_widget_class_bind_template_child (widget_class, KlPreferencesWindow, power_off_switch);
  gtk_widget_class_bind_template_child (widget_class, KlPreferencesWindow, days_button);
  gtk_widget_class_bind_template_callback (widget_class, default_cb);
  gtk_widget_class_install_action (widget_class, "sites.add", NULL, add_activated);
  gtk_widget_class_install_action (widget_class, "sites.import", NULL, import_activated);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
}

static void
bind_settings (KlPreferencesWindow *self)
{
  GSettings *settings = kl_settings_get ();

  g_settings_bind (settings, "verify-media", self->verify_switch, "active",
                   G_SETTINGS_BIND_DEFAULT);
  g_settings_bind (settings, "power-off-drives", self->power_off_switch, "active",
                   G_SETTINGS_BIND_DEFAULT);
  g_settings_bind (settings, "certificate-days", gtk_spin_button_get_adjustment (self->days_button),
                   "value", G_SETTINGS_BIND_DEFAULT);
}

static void
kl_preferences_window_init (KlPreferencesWindow *self)
{
  self->rows = g_ptr_array_new ();
  kl_name_parts_of_preferences_window (ADW_PREFERENCES_WINDOW (self));
  gtk_widget_init_template (GTK_WIDGET (self));
  kl_group_title_wrap_all (GTK_WIDGET (self));
  kl_name_parts_of_combo_row (self->default_row);
  bind_settings (self);
}

KlPreferencesWindow *
kl_preferences_window_new (GtkWindow *parent)
{
  KlPreferencesWindow *self
      = g_object_new (KL_TYPE_PREFERENCES_WINDOW, "application",
                      gtk_window_get_application (parent), "transient-for", parent, NULL);

  reload (self);
  return self;
}
