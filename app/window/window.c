/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-window"

#include "config.h"

#include "window/window.h"

#include <glib/gi18n.h>

#include "base/error.h"
#include "bidi.h"
#include "data-path.h"
#include "window/check-medium.h"
#include "window/create-dialog.h"
#include "window/drive-watch.h"
#include "window/drives-pane.h"
#include "window/failure-view.h"
#include "window/files-dialog.h"
#include "window/fold.h"
#include "window/help-window.h"
#include "window/image-actions.h"
#include "window/image-page.h"
#include "window/image-row.h"
#include "window/image-text.h"
#include "window/import-flow.h"
#include "window/inspect-window.h"
#include "window/job-view.h"
#include "window/leave-question.h"
#include "window/loss-question.h"
#include "window/media-jobs.h"
#include "window/medium-finder.h"
#include "window/part-names.h"
#include "window/prepare-queue.h"
#include "window/site-store.h"
#include "window/window-place.h"
#include "window/windows-above.h"

struct _KlWindow
{
  AdwApplicationWindow parent_instance;

  KlCatalog *catalog;            /* owned */
  KlDriveMonitor *drives;        /* owned */
  GtkFilterListModel *filtered;  /* owned */
  GtkSingleSelection *selection; /* owned */
  char *search_key;              /* owned; case-folded; "" finds everything */
  char *wanted_id;               /* owned; nullable; image to select once it is listed */
  GQueue imports;                /* of owned paths that wait */
  KlMediumFinder *finder;        /* owned; of files that are opened */
  KlPrepareQueue *preparations;  /* owned */
  KlImportFlow *import;          /* owned; nullable; the one under way */
  KlBootImage *last_imported;    /* owned; nullable */
  guint n_imported;              /* since nothing was under way */
  GtkFileChooserNative *chooser; /* owned while it is open */

  AdwToastOverlay *toasts;
  GtkStack *stack;
  AdwLeaflet *leaflet;
  AdwHeaderBar *list_header;
  GtkSearchBar *search_bar;
  GtkSearchEntry *search_entry;
  GtkStack *list_stack;
  GtkListView *list_view;
  GtkWidget *jobs_button;
  GtkLabel *jobs_label;
  KlDrivesPane *drives_pane;
  KlImagePage *image_page;
  KlFailureView *failure_view;
  GtkWidget *first_button; /* where there is no image yet */
  GtkWidget *sample_button;
  GtkWidget *import_button;
};

G_DEFINE_FINAL_TYPE (KlWindow, kl_window, ADW_TYPE_APPLICATION_WINDOW)

static KlBootImage *
get_selected (KlWindow *self)
{
  return gtk_single_selection_get_selected_item (self->selection);
}

/* Where only the WIM is missing, the content folders of the site may have it. */
static gboolean
can_make_media (KlBootImage *image)
{
  const GError *error = image != NULL ? kl_boot_image_get_error (image) : NULL;
  g_autofree char *path = NULL;
  g_autoptr (KlSiteProfile) site = NULL;

  if (!g_error_matches (error, KL_ERROR, KL_ERROR_MISSING_PACKAGE))
    return image != NULL && error == NULL;

  path = kl_site_store_dup_default ();
  site = path != NULL ? kl_site_profile_load (path, NULL) : NULL;
  return site != NULL && kl_site_profile_get_distribution_points (site)[0] != NULL;
}

static void
update_actions (KlWindow *self)
{
  GtkWidget *widget = GTK_WIDGET (self);
  KlBootImage *image = get_selected (self);
  const gboolean usable = image != NULL && kl_boot_image_get_error (image) == NULL;

  gtk_widget_action_set_enabled (widget, "win.create-media", can_make_media (image));
  gtk_widget_action_set_enabled (widget, "win.create-on-drive", can_make_media (image));
  gtk_widget_action_set_enabled (widget, "win.rename-image", usable);
  gtk_widget_action_set_enabled (widget, "win.export-image", usable);
  gtk_widget_action_set_enabled (
      widget, "win.prepare-image",
      kl_preparation_group_get_can_prepare (kl_image_page_get_preparation (self->image_page)));
  gtk_widget_action_set_enabled (widget, "win.remove-image", image != NULL);
  gtk_widget_action_set_enabled (widget, "win.search",
                                 g_list_model_get_n_items (G_LIST_MODEL (self->catalog)) > 0);
}

static void
selected_cb (KlWindow *self)
{
  kl_image_page_set_image (self->image_page, get_selected (self));
  update_actions (self);
}

static void
select_wanted (KlWindow *self)
{
  GListModel *model = G_LIST_MODEL (self->selection);

  if (self->wanted_id == NULL)
    return;
  for (guint i = 0; i < g_list_model_get_n_items (model); i++)
    {
      g_autoptr (KlBootImage) image = g_list_model_get_item (model, i);

      if (g_strcmp0 (kl_boot_image_get_id (image), self->wanted_id) == 0)
        {
          gtk_single_selection_set_selected (self->selection, i);
          gtk_widget_activate_action (GTK_WIDGET (self->list_view), "list.scroll-to-item", "u", i);
          g_clear_pointer (&self->wanted_id, g_free);
          return;
        }
    }
}

static void
catalog_changed_cb (KlWindow *self)
{
  const gboolean empty = g_list_model_get_n_items (G_LIST_MODEL (self->catalog)) == 0;
  const char *page = empty ? "empty" : "images";
  const gboolean turns = g_strcmp0 (gtk_stack_get_visible_child_name (self->stack), page) != 0;

  gtk_stack_set_visible_child_name (self->stack, page);
  if (turns)
    gtk_widget_grab_focus (empty ? self->first_button : GTK_WIDGET (self->list_view));
  if (empty)
    gtk_search_bar_set_search_mode (self->search_bar, FALSE);
  select_wanted (self);
  update_actions (self);
}

static void
filtered_cb (KlWindow *self)
{
  const gboolean found = g_list_model_get_n_items (G_LIST_MODEL (self->filtered)) > 0;

  gtk_stack_set_visible_child_name (self->list_stack, found ? "list" : "nothing");
}

static gboolean
matches (gpointer item, gpointer user_data)
{
  KlWindow *self = user_data;
  g_autofree char *text = NULL;
  g_autofree char *key = NULL;

  if (self->search_key == NULL || *self->search_key == '\0')
    return TRUE;
  text = g_strjoin (" ", kl_boot_image_get_id (item),
                    kl_boot_image_get_name (item) ? kl_boot_image_get_name (item) : "", NULL);
  key = g_utf8_casefold (text, -1);

  return strstr (key, self->search_key) != NULL;
}

static void
search_changed_cb (KlWindow *self)
{
  GtkFilter *filter = gtk_filter_list_model_get_filter (self->filtered);

  g_free (self->search_key);
  self->search_key
      = g_utf8_casefold (gtk_editable_get_text (GTK_EDITABLE (self->search_entry)), -1);
  gtk_filter_changed (filter, GTK_FILTER_CHANGE_DIFFERENT);
}

/* Enter or a double click: in a narrow window first what the image is, else what it is there for.
 */
static void
row_activated_cb (KlWindow *self, guint position)
{
  gtk_single_selection_set_selected (self->selection, position);
  if (adw_leaflet_get_folded (self->leaflet))
    adw_leaflet_navigate (self->leaflet, ADW_NAVIGATION_DIRECTION_FORWARD);
  else
    gtk_widget_activate_action (GTK_WIDGET (self), "win.create-media", NULL);
}

static void
setup_row_cb (GtkSignalListItemFactory *factory, GtkListItem *item, KlWindow *self)
{
  gtk_list_item_set_child (item, kl_image_row_new (self->preparations));
}

static void
bind_row_cb (GtkSignalListItemFactory *factory, GtkListItem *item)
{
  kl_image_row_set_image (KL_IMAGE_ROW (gtk_list_item_get_child (item)),
                          gtk_list_item_get_item (item));
}

/* @text is markup. */
static void
announce (KlWindow *self, const char *text)
{
  kl_fold_show_toast (self->toasts, text);
}

/* One word for all that was imported in one go. */
static void
announce_imports (KlWindow *self)
{
  g_autofree char *text = NULL;

  if (self->n_imported == 1)
    {
      g_autofree char *name = kl_image_text_dup_name (self->last_imported);
      g_autofree char *shortened = kl_image_text_shorten (name);
      g_autofree char *escaped = g_markup_escape_text (shortened, -1);

      /* Translators: %s is the name of a boot image. */
      text = kl_bidi_printf (_ ("“%s” was imported"), escaped);
    }
  else
    text = kl_bidi_printf (
        ngettext ("%u boot image was imported", "%u boot images were imported", self->n_imported),
        self->n_imported);
  announce (self, text);
  self->n_imported = 0;
}

/* A failure stands on the page of its image. */
static void
prepared_cb (KlWindow *self, const char *id, char **warnings, const GError *error)
{
  const guint n = warnings != NULL ? g_strv_length (warnings) : 0;
  g_autofree char *text = NULL;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (error != NULL)
    /* Translators: %s is the ID of a boot image. */
    text = kl_bidi_printf (_ ("Preparing %s failed"), id);
  else if (n == 0)
    /* Translators: %s is the ID of a boot image. */
    text = kl_bidi_printf (_ ("%s is prepared"), id);
  else
    /* Translators: the ID of a boot image, then a number. */
    text = kl_bidi_printf (
        ngettext ("%s is prepared, with %u warning", "%s is prepared, with %u warnings", n), id, n);
  announce (self, text);
}

static void start_next_import (KlWindow *self);

static void
import_ended_cb (KlWindow *self, KlBootImage *image)
{
  g_clear_object (&self->import);

  if (image != NULL)
    {
      self->n_imported++;
      g_set_object (&self->last_imported, image);
      g_free (self->wanted_id);
      self->wanted_id = g_strdup (kl_boot_image_get_id (image));
      select_wanted (self);
    }

  start_next_import (self);
}

static void
start_next_import (KlWindow *self)
{
  g_autofree char *path = NULL;

  if (self->import != NULL)
    return;
  path = g_queue_pop_head (&self->imports);
  if (path == NULL)
    {
      if (!kl_medium_finder_is_busy (self->finder) && self->n_imported > 0)
        announce_imports (self);
      return;
    }
  self->import = kl_import_flow_new (GTK_WINDOW (self), self->catalog, path);
  g_signal_connect_object (self->import, "ended", G_CALLBACK (import_ended_cb), self,
                           G_CONNECT_SWAPPED);
  kl_import_flow_start (self->import);
}

static void
import_chosen_cb (KlWindow *self, int response)
{
  g_autoptr (GListModel) files = kl_files_dialog_take (&self->chooser, response);

  for (guint i = 0; i < g_list_model_get_n_items (files); i++)
    {
      g_autoptr (GFile) file = g_list_model_get_item (files, i);

      kl_window_import_file (self, file);
    }
}

static void
choose_import (KlWindow *self, const char *title, GtkFileChooserAction action)
{
  g_clear_object (&self->chooser);
  self->chooser = kl_files_dialog_new (GTK_WINDOW (self), title, action, _ ("_Import"));
  g_signal_connect_object (self->chooser, "response", G_CALLBACK (import_chosen_cb), self,
                           G_CONNECT_SWAPPED);
}

static void
import_activated (GtkWidget *widget, const char *action, GVariant *parameter)
{
  static const char *const images[] = { "wim", "iso", NULL };
  static const char *const all[] = { "*", NULL };
  KlWindow *self = KL_WINDOW (widget);

  choose_import (self, _ ("Import Boot Images"), GTK_FILE_CHOOSER_ACTION_OPEN);
  kl_file_dialog_add_filter (self->chooser, _ ("Boot Images and ISO Files"), images);
  kl_file_dialog_add_filter (self->chooser, _ ("All Files"), all);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (self->chooser));
}

static void
import_folder_activated (GtkWidget *widget, const char *action, GVariant *parameter)
{
  KlWindow *self = KL_WINDOW (widget);

  choose_import (self, _ ("Import a Folder of Boot Media"), GTK_FILE_CHOOSER_ACTION_SELECT_FOLDER);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (self->chooser));
}

static void
add_sample_activated (GtkWidget *widget, const char *action, GVariant *parameter)
{
  g_autofree char *path = kl_data_path_dup_sample_wim ();
  g_autoptr (GFile) file = path ? g_file_new_for_path (path) : NULL;

  if (file != NULL)
    kl_window_import_file (KL_WINDOW (widget), file);
}

static void
create_media_activated (GtkWidget *widget, const char *action, GVariant *parameter)
{
  KlWindow *self = KL_WINDOW (widget);

  gtk_window_present (
      GTK_WINDOW (kl_create_dialog_new (GTK_WINDOW (self), self->catalog, get_selected (self))));
}

static void
create_on_drive_activated (GtkWidget *widget, const char *action, GVariant *parameter)
{
  KlWindow *self = KL_WINDOW (widget);
  g_autoptr (KlDrive) drive
      = kl_drive_monitor_find (self->drives, g_variant_get_string (parameter, NULL));
  KlCreateDialog *dialog
      = kl_create_dialog_new (GTK_WINDOW (self), self->catalog, get_selected (self));

  if (drive != NULL)
    kl_create_dialog_choose_drive (dialog, drive);
  gtk_window_present (GTK_WINDOW (dialog));
}

static void
rename_activated (GtkWidget *widget, const char *action, GVariant *parameter)
{
  KlWindow *self = KL_WINDOW (widget);

  kl_rename_image (GTK_WINDOW (self), self->catalog, get_selected (self));
}

static void
remove_activated (GtkWidget *widget, const char *action, GVariant *parameter)
{
  KlWindow *self = KL_WINDOW (widget);

  kl_remove_image (GTK_WINDOW (self), self->catalog, get_selected (self));
}

static void
export_activated (GtkWidget *widget, const char *action, GVariant *parameter)
{
  KlWindow *self = KL_WINDOW (widget);

  kl_export_image (GTK_WINDOW (self), self->catalog, get_selected (self));
}

static void
prepare_activated (GtkWidget *widget, const char *action, GVariant *parameter)
{
  KlWindow *self = KL_WINDOW (widget);

  kl_preparation_group_prepare (kl_image_page_get_preparation (self->image_page));
}

static void
check_medium_activated (GtkWidget *widget, const char *action, GVariant *parameter)
{
  kl_check_medium (GTK_WINDOW (widget));
}

static void
inspect_medium_activated (GtkWidget *widget, const char *action, GVariant *parameter)
{
  kl_inspect_medium (GTK_WINDOW (widget));
}

static void
search_activated (GtkWidget *widget, const char *action, GVariant *parameter)
{
  KlWindow *self = KL_WINDOW (widget);

  adw_leaflet_navigate (self->leaflet, ADW_NAVIGATION_DIRECTION_BACK);
  gtk_search_bar_set_search_mode (self->search_bar, TRUE);
  gtk_widget_grab_focus (GTK_WIDGET (self->search_entry));
}

static void
back_activated (GtkWidget *widget, const char *action, GVariant *parameter)
{
  adw_leaflet_navigate (KL_WINDOW (widget)->leaflet, ADW_NAVIGATION_DIRECTION_BACK);
}

static void
announce_activated (GtkWidget *widget, const char *action, GVariant *parameter)
{
  announce (KL_WINDOW (widget), g_variant_get_string (parameter, NULL));
}

/* A job that is about to run counts: what becomes of the header is drawn before it begins. */
static void
jobs_changed_cb (KlWindow *self)
{
  KlMediaJobs *jobs = kl_media_jobs_get ();
  const guint running = kl_media_job_count_open (G_LIST_MODEL (jobs));
  g_autofree char *number = running > 0 ? g_strdup_printf ("%u", running) : g_strdup ("");
  g_autofree char *name
      = running > 0 ? kl_bidi_printf (
            ngettext ("Jobs: %u is running", "Jobs: %u are running", running), running)
                    : g_strdup (_ ("Jobs"));

  gtk_widget_set_visible (self->jobs_button, g_list_model_get_n_items (G_LIST_MODEL (jobs)) > 0);
  gtk_label_set_label (self->jobs_label, number);
  gtk_widget_set_visible (GTK_WIDGET (self->jobs_label), running > 0);
  gtk_widget_set_tooltip_text (self->jobs_button, name);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->jobs_button), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  name, -1);
}

static void
loaded_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KlWindow) self = user_data;
  g_autoptr (GError) error = NULL;

  const gboolean loaded = kl_catalog_load_finish (KL_CATALOG (source), result, &error);

  if (KL_CATALOG (source) != self->catalog)
    return; /* another one is shown, or the window has gone */
  if (!loaded)
    {
      kl_failure_view_set_error (self->failure_view, error, kl_catalog_get_path (self->catalog));
      gtk_stack_set_visible_child_name (self->stack, "failed");
      return;
    }

  kl_catalog_watch (self->catalog);
  catalog_changed_cb (self);
  g_clear_pointer (&self->wanted_id, g_free);
  filtered_cb (self);
  selected_cb (self);
}

static void
load_catalog (KlWindow *self)
{
  kl_catalog_load_async (self->catalog, NULL, loaded_cb, g_object_ref (self));
}

static void
retry_activated (GtkWidget *widget, const char *action, GVariant *parameter)
{
  load_catalog (KL_WINDOW (widget));
}

static gboolean
drop_cb (KlWindow *self, const GValue *value)
{
  GSList *files = g_value_get_boxed (value);

  for (GSList *l = files; l != NULL; l = l->next)
    kl_window_open_file (self, l->data);

  return files != NULL;
}

static gboolean
kl_window_close_request (GtkWindow *window)
{
  KlWindow *self = KL_WINDOW (window);
  KlJobView *running = kl_job_view_get_running ();
  KlBootImage *image = get_selected (self);

  if (kl_loss_question_ask_above (window)
      || (running != NULL && kl_job_view_ask_to_close (running, window))
      || kl_prepare_queue_ask_to_close (self->preparations, window))
    return GDK_EVENT_STOP;
  if (kl_leave_question_ask (window, G_LIST_MODEL (kl_media_jobs_get ())))
    return GDK_EVENT_STOP;

  kl_window_place_remember (window, self->leaflet,
                            image != NULL ? kl_boot_image_get_id (image) : "");
  g_queue_clear_full (&self->imports, g_free);

  return GTK_WINDOW_CLASS (kl_window_parent_class)->close_request (window);
}

static void
forget_models (KlWindow *self)
{
  if (self->selection != NULL)
    g_signal_handlers_disconnect_by_data (self->selection, self);
  if (self->filtered != NULL)
    g_signal_handlers_disconnect_by_data (self->filtered, self);
  if (self->catalog != NULL)
    g_signal_handlers_disconnect_by_data (self->catalog, self);
  g_clear_object (&self->selection);
  g_clear_object (&self->filtered);
}

static void
kl_window_dispose (GObject *object)
{
  KlWindow *self = KL_WINDOW (object);

  kl_windows_above_close (GTK_WINDOW (self));
  g_queue_clear_full (&self->imports, g_free);
  g_clear_pointer (&self->finder, kl_medium_finder_free);
  forget_models (self);
  if (self->preparations != NULL)
    g_signal_handlers_disconnect_by_data (self->preparations, self);
  g_clear_object (&self->preparations);
  g_clear_object (&self->import);
  g_clear_object (&self->last_imported);
  g_clear_object (&self->chooser);
  g_clear_object (&self->catalog);
  g_clear_object (&self->drives);
  g_clear_pointer (&self->search_key, g_free);
  g_clear_pointer (&self->wanted_id, g_free);

  G_OBJECT_CLASS (kl_window_parent_class)->dispose (object);
}

static void
install_actions (GtkWidgetClass *widget_class)
{
  gtk_widget_class_install_action (widget_class, "win.import", NULL, import_activated);
  gtk_widget_class_install_action (widget_class, "win.import-folder", NULL,
                                   import_folder_activated);
  gtk_widget_class_install_action (widget_class, "win.add-sample", NULL, add_sample_activated);
  gtk_widget_class_install_action (widget_class, "win.create-media", NULL, create_media_activated);
  gtk_widget_class_install_action (widget_class, "win.create-on-drive", "s",
                                   create_on_drive_activated);
  gtk_widget_class_install_action (widget_class, "win.rename-image", NULL, rename_activated);
  gtk_widget_class_install_action (widget_class, "win.remove-image", NULL, remove_activated);
  gtk_widget_class_install_action (widget_class, "win.export-image", NULL, export_activated);
  gtk_widget_class_install_action (widget_class, "win.prepare-image", NULL, prepare_activated);
  gtk_widget_class_install_action (widget_class, "win.check-medium", NULL, check_medium_activated);
  gtk_widget_class_install_action (widget_class, "win.inspect-medium", NULL,
                                   inspect_medium_activated);
  gtk_widget_class_install_action (widget_class, "win.search", NULL, search_activated);
  gtk_widget_class_install_action (widget_class, "win.back", NULL, back_activated);
  gtk_widget_class_install_action (widget_class, "win.retry", NULL, retry_activated);
  gtk_widget_class_install_action (widget_class, "win.announce", "s", announce_activated);
}

static void
kl_window_class_init (KlWindowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kl_window_dispose;
  GTK_WINDOW_CLASS (klass)->close_request = kl_window_close_request;

  g_type_ensure (KL_TYPE_DRIVES_PANE);
  g_type_ensure (KL_TYPE_FAILURE_VIEW);
  g_type_ensure (KL_TYPE_IMAGE_PAGE);
  gtk_widget_class_set_template_from_resource (widget_class, "/org/kindling/Kindling/ui/window.ui");
  gtk_widget_class_bind_template_child (widget_class, KlWindow, toasts);
  gtk_widget_class_bind_template_child (widget_class, KlWindow, stack);
  gtk_widget_class_bind_template_child (widget_class, KlWindow, leaflet);
  gtk_widget_class_bind_template_child (widget_class, KlWindow, list_header);
  gtk_widget_class_bind_template_child (widget_class, KlWindow, search_bar);
  gtk_widget_class_bind_template_child (widget_class, KlWindow, search_entry);
  gtk_widget_class_bind_template_child (widget_class, KlWindow, list_stack);
  gtk_widget_class_bind_template_child (widget_class, KlWindow, list_view);
  gtk_widget_class_bind_template_child (widget_class, KlWindow, drives_pane);
  gtk_widget_class_bind_template_child (widget_class, KlWindow, image_page);
  gtk_widget_class_bind_template_child (widget_class, KlWindow, jobs_button);
  gtk_widget_class_bind_template_child (widget_class, KlWindow, jobs_label);
  gtk_widget_class_bind_template_child (widget_class, KlWindow, failure_view);
  gtk_widget_class_bind_template_child (widget_class, KlWindow, first_button);
  gtk_widget_class_bind_template_child (widget_class, KlWindow, sample_button);
  gtk_widget_class_bind_template_child (widget_class, KlWindow, import_button);
  gtk_widget_class_bind_template_callback (widget_class, search_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, row_activated_cb);
  gtk_widget_class_bind_template_callback (widget_class, setup_row_cb);
  gtk_widget_class_bind_template_callback (widget_class, bind_row_cb);
  install_actions (widget_class);
}

static void
looked_at_cb (const char *path, gboolean is_medium, gpointer user_data)
{
  KlWindow *self = user_data;

  if (is_medium)
    kl_inspect_file (GTK_WINDOW (self), path);
  else
    g_queue_push_tail (&self->imports, g_strdup (path));
  start_next_import (self);
}

static void
kl_window_init (KlWindow *self)
{
  GtkDropTarget *drop = gtk_drop_target_new (GDK_TYPE_FILE_LIST, GDK_ACTION_COPY);
  g_autofree char *sample = kl_data_path_dup_sample_wim ();

  g_queue_init (&self->imports);
  self->finder = kl_medium_finder_new (looked_at_cb, self);
  gtk_widget_init_template (GTK_WIDGET (self));

  kl_name_parts_of_split_button (self->import_button, _ ("Import"), _ ("Import From…"));
  kl_help_set_place (gtk_stack_get_child_by_name (self->stack, "empty"), "start");
  kl_help_set_place (gtk_stack_get_child_by_name (self->stack, "failed"),
                     "troubleshooting#catalog-away");
  gtk_widget_set_visible (self->sample_button, sample != NULL);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "win.add-sample", sample != NULL);
  kl_fold_leave_only_close (self->leaflet, self->list_header);
  kl_fold_wrap_buttons (gtk_stack_get_child_by_name (self->stack, "empty"));
  gtk_search_bar_set_key_capture_widget (self->search_bar, GTK_WIDGET (self));
  gtk_widget_add_css_class (GTK_WIDGET (self), "takes-files");
  g_signal_connect_object (drop, "drop", G_CALLBACK (drop_cb), self, G_CONNECT_SWAPPED);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (drop));
}

static void
show_catalog (KlWindow *self)
{
  GtkFilter *filter = GTK_FILTER (gtk_custom_filter_new (matches, self, NULL));

  self->filtered = gtk_filter_list_model_new (g_object_ref (G_LIST_MODEL (self->catalog)), filter);
  self->selection = gtk_single_selection_new (g_object_ref (G_LIST_MODEL (self->filtered)));
  gtk_list_view_set_model (self->list_view, GTK_SELECTION_MODEL (self->selection));

  g_signal_connect_object (self->selection, "notify::selected-item", G_CALLBACK (selected_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->filtered, "items-changed", G_CALLBACK (filtered_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->catalog, "items-changed", G_CALLBACK (catalog_changed_cb), self,
                           G_CONNECT_SWAPPED | G_CONNECT_AFTER);
}

KlWindow *
kl_window_new (GtkApplication *application, KlCatalog *catalog)
{
  KlWindow *self = g_object_new (KL_TYPE_WINDOW, "application", application, NULL);

  self->wanted_id = kl_window_place_restore (GTK_WINDOW (self), self->leaflet);
  self->catalog = g_object_ref (catalog);
  self->drives = kl_drive_watch_new (catalog);
  kl_drives_pane_set_monitor (self->drives_pane, self->drives);
  g_signal_connect_object (kl_media_jobs_get (), "changed", G_CALLBACK (jobs_changed_cb), self,
                           G_CONNECT_SWAPPED);
  jobs_changed_cb (self);
  self->preparations = kl_prepare_queue_new (catalog);
  g_signal_connect_object (self->preparations, "ended", G_CALLBACK (prepared_cb), self,
                           G_CONNECT_SWAPPED);
  kl_image_page_set_queue (self->image_page, catalog, self->preparations);
  g_signal_connect_object (kl_image_page_get_preparation (self->image_page), "notify::can-prepare",
                           G_CALLBACK (update_actions), self, G_CONNECT_SWAPPED);
  show_catalog (self);
  update_actions (self);
  load_catalog (self);

  return self;
}

/**
 * kl_window_set_catalog:
 * @catalog: not yet loaded
 *
 * Shows another catalog. The window may not be busy.
 */
void
kl_window_set_catalog (KlWindow *self, KlCatalog *catalog)
{
  g_return_if_fail (KL_IS_WINDOW (self) && !kl_window_is_busy (self));

  gtk_stack_set_visible_child_name (self->stack, "loading");
  gtk_search_bar_set_search_mode (self->search_bar, FALSE);
  kl_image_page_set_image (self->image_page, NULL);
  forget_models (self);
  g_set_object (&self->catalog, catalog);
  kl_drive_watch_set_catalog (self->drives, catalog);
  kl_prepare_queue_set_catalog (self->preparations, catalog);
  kl_image_page_set_catalog (self->image_page, catalog);
  show_catalog (self);
  update_actions (self);
  load_catalog (self);
}

gboolean
kl_window_is_busy (KlWindow *self)
{
  g_return_val_if_fail (KL_IS_WINDOW (self), FALSE);

  return self->import != NULL || !g_queue_is_empty (&self->imports)
         || kl_medium_finder_is_busy (self->finder)
         || kl_prepare_queue_get_job (self->preparations) != NULL;
}

/**
 * kl_window_import_file:
 * @file: WIM file, ISO file or folder
 *
 * Imports @file, after those that were asked for before it.
 */
void
kl_window_import_file (KlWindow *self, GFile *file)
{
  char *path;

  g_return_if_fail (KL_IS_WINDOW (self));

  path = g_file_get_path (file);
  if (path == NULL)
    {
      announce (self, _ ("Only files and folders of this computer can be imported"));
      return;
    }
  g_queue_push_tail (&self->imports, path);
  start_next_import (self);
}

/**
 * kl_window_open_file:
 * @file: WIM file, ISO file, disk image or folder
 *
 * Shows what is on a medium that Kindling made, and imports anything else, after those that were
 * asked for before it.
 */
void
kl_window_open_file (KlWindow *self, GFile *file)
{
  const char *path = g_file_peek_path (file);

  g_return_if_fail (KL_IS_WINDOW (self));

  if (path == NULL)
    {
      kl_window_import_file (self, file);
      return;
    }
  kl_medium_finder_add (self->finder, path);
}
