/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-drivers-window"

#include "config.h"

#include "window/drivers-window.h"

#include <glib/gi18n.h>

#include "base/error.h"
#include "window/driver-details.h"
#include "window/driver-edit.h"
#include "window/failure-view.h"
#include "window/image-text.h"
#include "window/list-row.h"
#include "window/part-names.h"
#include "window/preparation-text.h"

/* In the drop-down. */
enum
{
  CLASS_ALL,
  CLASS_NETWORK,
  CLASS_STORAGE,
  CLASS_BUS,
  CLASS_OTHER,
  CLASS_FINDINGS,
};

struct _KlDriversWindow
{
  AdwWindow parent_instance;

  KlCatalog *catalog;            /* owned */
  KlBootImage *image;            /* owned */
  KlDriverSurvey *survey;        /* owned; nullable: not read yet */
  GListStore *items;             /* owned; of KlDriverItem, which lend from the survey */
  GtkSingleSelection *selection; /* owned */
  GCancellable *cancellable;     /* owned */
  char *wanted_key;              /* owned; nullable; of the item to select */
  GtkFileChooserNative *chooser; /* owned while it is open */

  AdwLeaflet *leaflet;
  AdwWindowTitle *title;
  AdwWindowTitle *details_title;
  GtkStack *stack;
  GtkSearchEntry *search_entry;
  GtkDropDown *class_drop_down;
  GtkLabel *answer_label;
  GtkListView *list_view;
  KlDriverDetails *details;
};

G_DEFINE_FINAL_TYPE (KlDriversWindow, kl_drivers_window, ADW_TYPE_WINDOW)

static KlDriverItem *
get_selected (KlDriversWindow *self)
{
  return gtk_single_selection_get_selected_item (self->selection);
}

static void
selected_cb (KlDriversWindow *self)
{
  KlDriverItem *item = get_selected (self);
  g_autofree char *title = item != NULL ? kl_driver_item_dup_title (item) : NULL;

  adw_window_title_set_title (self->details_title, title ? title : "");
  kl_driver_details_set_item (self->details, item, self->survey);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "drivers.remove",
                                 item != NULL && kl_driver_item_get_package (item) == NULL);
}

static gboolean
fits_class (const KlSurveyPackage *package, guint class)
{
  const KlDriverGroup group = kl_driver_package_get_group (package->package);

  switch (class)
    {
    case CLASS_NETWORK:
      return group == KL_DRIVER_GROUP_NETWORK;
    case CLASS_STORAGE:
      return group == KL_DRIVER_GROUP_STORAGE;
    case CLASS_BUS:
      return group == KL_DRIVER_GROUP_BUS;
    case CLASS_OTHER:
      return group == KL_DRIVER_GROUP_OTHER;
    case CLASS_FINDINGS:
      return package->findings->len > 0;
    case CLASS_ALL:
    default:
      return TRUE;
    }
}

static guint
get_rank (KlDriverItem *item)
{
  static const guint ranks[] = {
    [KL_DRIVER_GROUP_NETWORK] = 0,
    [KL_DRIVER_GROUP_STORAGE] = 1,
    [KL_DRIVER_GROUP_BUS] = 2,
    [KL_DRIVER_GROUP_OTHER] = 3,
  };

  return ranks[kl_driver_package_get_group (kl_driver_item_get_package (item)->package)];
}

/* What Windows PE needs comes first: network, then storage. */
static int
compare_packages (gconstpointer a, gconstpointer b)
{
  KlDriverItem *one = *(KlDriverItem *const *) a;
  KlDriverItem *other = *(KlDriverItem *const *) b;

  if (get_rank (one) != get_rank (other))
    return get_rank (one) < get_rank (other) ? -1 : 1;
  return strcmp (kl_driver_package_get_inf (kl_driver_item_get_package (one)->package),
                 kl_driver_package_get_inf (kl_driver_item_get_package (other)->package));
}

static void
add_folder (KlDriversWindow *self,
            const KlSurveyFolder *folder,
            const char *key,
            guint class,
            GPtrArray *found)
{
  g_autoptr (GPtrArray) packages = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (KlDriverItem) heading = kl_driver_item_new (folder, NULL);

  for (guint i = 0; i < self->survey->packages->len; i++)
    {
      const KlSurveyPackage *package = self->survey->packages->pdata[i];
      g_autoptr (KlDriverItem) item = NULL;

      if (package->folder != folder || !fits_class (package, class))
        continue;
      item = kl_driver_item_new (folder, package);
      if (*key == '\0' || kl_driver_item_matches (item, key))
        g_ptr_array_add (packages, g_steal_pointer (&item));
    }
  g_ptr_array_sort (packages, compare_packages);

  if (packages->len > 0 || (*key == '\0' && class == CLASS_ALL)
      || kl_driver_item_matches (heading, *key != '\0' ? key : "\n"))
    g_ptr_array_add (found, g_steal_pointer (&heading));
  for (guint i = 0; i < packages->len; i++)
    g_ptr_array_add (found, g_object_ref (packages->pdata[i]));
}

static const KlSurveyPackage *
find_survey_package (KlDriversWindow *self, KlDriverPackage *package)
{
  for (guint i = 0; i < self->survey->packages->len; i++)
    {
      const KlSurveyPackage *item = self->survey->packages->pdata[i];

      if (item->package == package)
        return item;
    }
  return NULL;
}

/* Which packages serve a device, the best one first; the answer stands above them. */
static void
find_device (KlDriversWindow *self, const char *id, GPtrArray *found)
{
  g_autoptr (GPtrArray) packages = g_ptr_array_new ();
  g_autoptr (GPtrArray) matches = NULL;
  g_autofree char *text = NULL;
  guint n_loaded = 0;

  for (guint i = 0; i < self->survey->packages->len; i++)
    g_ptr_array_add (packages, ((KlSurveyPackage *) self->survey->packages->pdata[i])->package);
  matches = kl_driver_find (packages, id, self->survey->architecture, self->survey->build);
  for (guint i = 0; i < matches->len; i++)
    {
      const KlDriverMatch *match = matches->pdata[i];
      const KlSurveyPackage *package = find_survey_package (self, match->package);

      n_loaded += kl_survey_package_loads (package);
      g_ptr_array_add (found, kl_driver_item_new (package->folder, package));
    }

  if (matches->len == 0)
    text = g_strdup (_ ("No package serves this device."));
  else if (n_loaded == 0)
    text = g_strdup (_ ("Only packages that are not loaded serve this device."));
  else
    text = g_strdup_printf (ngettext ("%u package that is loaded serves this device.",
                                      "%u packages that are loaded serve this device, the best "
                                      "one first.",
                                      n_loaded),
                            n_loaded);
  gtk_label_set_label (self->answer_label, text);
}

static void
select_wanted (KlDriversWindow *self)
{
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->items)); i++)
    {
      g_autoptr (KlDriverItem) item = g_list_model_get_item (G_LIST_MODEL (self->items), i);
      g_autofree char *key = kl_driver_item_dup_key (item);

      if (g_strcmp0 (key, self->wanted_key) == 0)
        {
          gtk_single_selection_set_selected (self->selection, i);
          gtk_widget_activate_action (GTK_WIDGET (self->list_view), "list.scroll-to-item", "u", i);
          return;
        }
    }
}

/* Makes the list anew: for some thousand packages a matter of milliseconds. */
static void
fill_list (KlDriversWindow *self)
{
  g_autoptr (GPtrArray) found = g_ptr_array_new_with_free_func (g_object_unref);
  g_autofree char *text
      = g_strstrip (g_strdup (gtk_editable_get_text (GTK_EDITABLE (self->search_entry))));
  g_autofree char *key = g_utf8_casefold (text, -1);
  g_autofree char *summary = NULL;
  const gboolean device = strchr (text, '\\') != NULL;

  if (self->survey == NULL)
    return;

  if (device)
    find_device (self, text, found);
  for (guint i = 0; !device && i < self->survey->folders->len; i++)
    add_folder (self, self->survey->folders->pdata[i], key,
                gtk_drop_down_get_selected (self->class_drop_down), found);
  gtk_widget_set_visible (GTK_WIDGET (self->answer_label), device || found->len == 0);
  if (!device)
    gtk_label_set_label (self->answer_label, _ ("Nothing fits."));

  /* The details are made once, not for each item that is selected on the way. */
  g_signal_handlers_block_by_func (self->selection, selected_cb, self);
  g_list_store_splice (self->items, 0, g_list_model_get_n_items (G_LIST_MODEL (self->items)),
                       found->pdata, found->len);
  select_wanted (self);
  g_signal_handlers_unblock_by_func (self->selection, selected_cb, self);
  selected_cb (self);
  summary = kl_preparation_text_dup_drivers (self->survey->recipe, self->survey);
  adw_window_title_set_subtitle (self->title, summary);
  gtk_stack_set_visible_child_name (self->stack, self->survey->folders->len > 0 ? "list" : "empty");
}

static void
filter_changed_cb (KlDriversWindow *self)
{
  fill_list (self);
}

static void
setup_row_cb (GtkSignalListItemFactory *factory, GtkListItem *item)
{
  gtk_list_item_set_child (item, kl_list_row_new ());
}

static void
bind_row_cb (GtkSignalListItemFactory *factory, GtkListItem *item)
{
  KlListRow *row = KL_LIST_ROW (gtk_list_item_get_child (item));
  KlDriverItem *driver = gtk_list_item_get_item (item);
  const KlStateText state = kl_driver_item_get_state (driver);
  g_autofree char *title = kl_driver_item_dup_title (driver);
  g_autofree char *subtitle = kl_driver_item_dup_subtitle (driver);

  kl_list_row_set (row, state.icon_name, state.css_class, title, subtitle,
                   g_str_equal (subtitle, state.word) ? NULL : state.word);
  kl_list_row_set_heading (row, kl_driver_item_get_package (driver) == NULL);
}

static void
row_activated_cb (KlDriversWindow *self, guint position)
{
  gtk_single_selection_set_selected (self->selection, position);
  adw_leaflet_navigate (self->leaflet, ADW_NAVIGATION_DIRECTION_FORWARD);
}

static void
read_in_thread (GTask *task, gpointer source, gpointer folder, GCancellable *cancellable)
{
  GError *error = NULL;
  KlDriverSurvey *survey = kl_driver_survey_new (folder, NULL, NULL, cancellable, &error);

  if (survey != NULL)
    g_task_return_pointer (task, survey, (GDestroyNotify) kl_driver_survey_free);
  else
    g_task_return_error (task, error);
}

static void
take_survey (KlDriversWindow *self, KlDriverSurvey *survey)
{
  g_list_store_remove_all (self->items);
  kl_driver_details_set_item (self->details, NULL, NULL);
  g_clear_pointer (&self->survey, kl_driver_survey_free);
  self->survey = survey;
}

static void
read_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KlDriversWindow *self = KL_DRIVERS_WINDOW (source);
  g_autoptr (GError) error = NULL;
  KlDriverSurvey *survey = g_task_propagate_pointer (G_TASK (result), &error);

  if (survey != NULL && self->items != NULL)
    {
      take_survey (self, survey);
      fill_list (self);
      if (self->survey->folders->len > 0)
        gtk_widget_grab_focus (GTK_WIDGET (self->list_view));
    }
  else if (survey != NULL)
    kl_driver_survey_free (survey);
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    kl_failure_view_present (GTK_WINDOW (self), error, kl_boot_image_get_folder (self->image));
}

static void
start_reading (KlDriversWindow *self)
{
  g_autoptr (GTask) task = g_task_new (self, self->cancellable, read_cb, NULL);

  gtk_stack_set_visible_child_name (self->stack, "reading");
  g_task_set_task_data (task, g_strdup (kl_boot_image_get_folder (self->image)), g_free);
  g_task_run_in_thread (task, read_in_thread);
}

static void
edited_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KlDriversWindow *self = KL_DRIVERS_WINDOW (source);
  g_autoptr (GError) error = NULL;
  g_autofree char *key = kl_driver_edit_finish (result, &error);

  if (self->items == NULL)
    return; /* closed */
  if (error != NULL && g_error_matches (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT))
    kl_driver_edit_refuse (GTK_WINDOW (self), error);
  else if (error != NULL)
    kl_failure_view_present (GTK_WINDOW (self), error, kl_boot_image_get_folder (self->image));
  if (key != NULL)
    {
      g_free (self->wanted_key);
      self->wanted_key = g_steal_pointer (&key);
    }
  start_reading (self);
}

/* In what was read: nothing else has changed, and reading hundreds of packages takes seconds. */
static void
note_switched (KlDriversWindow *self, KlDriverItem *item, gboolean on)
{
  const KlSurveyPackage *package = kl_driver_item_get_package (item);

  for (guint i = 0; i < self->survey->packages->len; i++)
    if (self->survey->packages->pdata[i] == package)
      ((KlSurveyPackage *) self->survey->packages->pdata[i])->on = on;
  for (guint i = 0; package == NULL && i < self->survey->recipe->drivers->len; i++)
    if (self->survey->recipe->drivers->pdata[i] == kl_driver_item_get_folder (item)->driver)
      ((KlRecipeDriver *) self->survey->recipe->drivers->pdata[i])->enabled = on;
}

static void
switch_ended_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KlDriversWindow *self = KL_DRIVERS_WINDOW (source);
  g_autoptr (GError) error = NULL;

  kl_driver_edit_finish (result, &error);
  if (error == NULL || self->items == NULL)
    return;
  kl_failure_view_present (GTK_WINDOW (self), error, kl_boot_image_get_folder (self->image));
  start_reading (self);
}

static gboolean
switched_idle_cb (gpointer user_data)
{
  KlDriversWindow *self = user_data;

  if (self->items == NULL)
    return G_SOURCE_REMOVE;
  fill_list (self);
  kl_driver_details_grab_switch (self->details);
  return G_SOURCE_REMOVE;
}

/* The switch that was moved goes when the details are shown anew: after its own signal. */
static void
switched_cb (KlDriversWindow *self, gboolean on)
{
  KlDriverItem *item = get_selected (self);

  if (item == NULL)
    return;
  g_free (self->wanted_key);
  self->wanted_key = kl_driver_item_dup_key (item);
  note_switched (self, item, on);
  kl_driver_edit_switch (self, self->catalog, self->image, self->wanted_key, on, switch_ended_cb);
  g_idle_add_full (G_PRIORITY_DEFAULT_IDLE, switched_idle_cb, g_object_ref (self), g_object_unref);
}

static void
add_file (KlDriversWindow *self, GFile *file)
{
  g_autoptr (GError) error = NULL;

  if (g_file_peek_path (file) != NULL)
    {
      kl_driver_edit_add (self, self->catalog, self->image, g_file_peek_path (file), edited_cb);
      return;
    }
  error = g_error_new_literal (KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                               _ ("Only files and folders of this computer can be added."));
  kl_driver_edit_refuse (GTK_WINDOW (self), error);
}

static void
chosen_cb (KlDriversWindow *self, int response)
{
  g_autoptr (GListModel) files = NULL;

  if (response == GTK_RESPONSE_ACCEPT)
    files = gtk_file_chooser_get_files (GTK_FILE_CHOOSER (self->chooser));
  g_clear_object (&self->chooser);
  for (guint i = 0; files != NULL && i < g_list_model_get_n_items (files); i++)
    {
      g_autoptr (GFile) file = g_list_model_get_item (files, i);

      add_file (self, file);
    }
}

static void
choose (KlDriversWindow *self, const char *title, GtkFileChooserAction action)
{
  g_clear_object (&self->chooser);
  self->chooser = gtk_file_chooser_native_new (title, GTK_WINDOW (self), action, _ ("_Add"), NULL);
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (self->chooser), TRUE);
  gtk_file_chooser_set_select_multiple (GTK_FILE_CHOOSER (self->chooser), TRUE);
  if (action == GTK_FILE_CHOOSER_ACTION_OPEN)
    {
      g_autoptr (GtkFileFilter) filter = gtk_file_filter_new ();

      gtk_file_filter_set_name (filter, _ ("Cabinet Files"));
      gtk_file_filter_add_suffix (filter, "cab");
      gtk_file_chooser_add_filter (GTK_FILE_CHOOSER (self->chooser), filter);
    }
  g_signal_connect_object (self->chooser, "response", G_CALLBACK (chosen_cb), self,
                           G_CONNECT_SWAPPED);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (self->chooser));
}

static void
add_folder_activated (GtkWidget *widget, const char *action, GVariant *parameter)
{
  choose (KL_DRIVERS_WINDOW (widget), _ ("Add Folders of Drivers"),
          GTK_FILE_CHOOSER_ACTION_SELECT_FOLDER);
}

static void
add_cabinet_activated (GtkWidget *widget, const char *action, GVariant *parameter)
{
  choose (KL_DRIVERS_WINDOW (widget), _ ("Add Cabinet Files of Drivers"),
          GTK_FILE_CHOOSER_ACTION_OPEN);
}

static void
remove_answered_cb (KlDriversWindow *self, const char *response, GtkWidget *dialog)
{
  const char *name = g_object_get_data (G_OBJECT (dialog), "name-of-drivers");

  if (g_str_equal (response, "remove"))
    kl_driver_edit_remove (self, self->catalog, self->image, name, edited_cb);
}

static void
remove_activated (GtkWidget *widget, const char *action, GVariant *parameter)
{
  KlDriversWindow *self = KL_DRIVERS_WINDOW (widget);
  const KlRecipeDriver *driver = kl_driver_item_get_folder (get_selected (self))->driver;
  /* Translators: %s is the name of a folder of drivers. */
  g_autofree char *heading = g_strdup_printf (_ ("Remove “%s”?"), driver->name);
  GtkWidget *dialog
      = adw_message_dialog_new (GTK_WINDOW (self), heading,
                                _ ("It is taken out of the recipe, with what was switched on and "
                                   "off in it. The files themselves stay where they are."));

  adw_message_dialog_add_responses (ADW_MESSAGE_DIALOG (dialog), "cancel", _ ("_Cancel"), "remove",
                                    _ ("_Remove"), NULL);
  adw_message_dialog_set_response_appearance (ADW_MESSAGE_DIALOG (dialog), "remove",
                                              ADW_RESPONSE_DESTRUCTIVE);
  adw_message_dialog_set_default_response (ADW_MESSAGE_DIALOG (dialog), "cancel");
  adw_message_dialog_set_close_response (ADW_MESSAGE_DIALOG (dialog), "cancel");
  g_object_set_data_full (G_OBJECT (dialog), "name-of-drivers", g_strdup (driver->name), g_free);
  g_signal_connect_object (dialog, "response", G_CALLBACK (remove_answered_cb), self,
                           G_CONNECT_SWAPPED);
  gtk_window_present (GTK_WINDOW (dialog));
}

static void
back_activated (GtkWidget *widget, const char *action, GVariant *parameter)
{
  adw_leaflet_navigate (KL_DRIVERS_WINDOW (widget)->leaflet, ADW_NAVIGATION_DIRECTION_BACK);
}

static void
find_activated (GtkWidget *widget, const char *action, GVariant *parameter)
{
  KlDriversWindow *self = KL_DRIVERS_WINDOW (widget);

  adw_leaflet_navigate (self->leaflet, ADW_NAVIGATION_DIRECTION_BACK);
  gtk_widget_grab_focus (GTK_WIDGET (self->search_entry));
}

static gboolean
drop_cb (KlDriversWindow *self, const GValue *value)
{
  GSList *files = g_value_get_boxed (value);

  for (GSList *l = files; l != NULL; l = l->next)
    add_file (self, l->data);
  return files != NULL;
}

static void
kl_drivers_window_dispose (GObject *object)
{
  KlDriversWindow *self = KL_DRIVERS_WINDOW (object);

  g_cancellable_cancel (self->cancellable);
  if (self->selection != NULL)
    g_signal_handlers_disconnect_by_data (self->selection, self);
  g_clear_object (&self->chooser);
  g_clear_object (&self->selection);
  g_clear_object (&self->items);
  g_clear_object (&self->catalog);
  g_clear_pointer (&self->wanted_key, g_free);

  G_OBJECT_CLASS (kl_drivers_window_parent_class)->dispose (object);
}

static void
kl_drivers_window_finalize (GObject *object)
{
  KlDriversWindow *self = KL_DRIVERS_WINDOW (object);

  g_clear_object (&self->cancellable);
  g_clear_object (&self->image);
  g_clear_pointer (&self->survey, kl_driver_survey_free);

  G_OBJECT_CLASS (kl_drivers_window_parent_class)->finalize (object);
}

static void
bind_children (GtkWidgetClass *widget_class)
{
  gtk_widget_class_bind_template_child (widget_class, KlDriversWindow, leaflet);
  gtk_widget_class_bind_template_child (widget_class, KlDriversWindow, title);
  gtk_widget_class_bind_template_child (widget_class, KlDriversWindow, details_title);
  gtk_widget_class_bind_template_child (widget_class, KlDriversWindow, stack);
  gtk_widget_class_bind_template_child (widget_class, KlDriversWindow, search_entry);
  gtk_widget_class_bind_template_child (widget_class, KlDriversWindow, class_drop_down);
  gtk_widget_class_bind_template_child (widget_class, KlDriversWindow, answer_label);
  gtk_widget_class_bind_template_child (widget_class, KlDriversWindow, list_view);
  gtk_widget_class_bind_template_child (widget_class, KlDriversWindow, details);
  gtk_widget_class_bind_template_callback (widget_class, filter_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, setup_row_cb);
  gtk_widget_class_bind_template_callback (widget_class, bind_row_cb);
  gtk_widget_class_bind_template_callback (widget_class, row_activated_cb);
  gtk_widget_class_bind_template_callback (widget_class, switched_cb);
}

static void
kl_drivers_window_class_init (KlDriversWindowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kl_drivers_window_dispose;
  G_OBJECT_CLASS (klass)->finalize = kl_drivers_window_finalize;

  g_type_ensure (KL_TYPE_DRIVER_DETAILS);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/kindling/Kindling/ui/drivers-window.ui");
  bind_children (widget_class);
  gtk_widget_class_install_action (widget_class, "drivers.add-folder", NULL, add_folder_activated);
  gtk_widget_class_install_action (widget_class, "drivers.add-cabinet", NULL,
                                   add_cabinet_activated);
  gtk_widget_class_install_action (widget_class, "drivers.remove", NULL, remove_activated);
  gtk_widget_class_install_action (widget_class, "drivers.back", NULL, back_activated);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
  gtk_widget_class_install_action (widget_class, "drivers.find", NULL, find_activated);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_f, GDK_CONTROL_MASK, "drivers.find",
                                       NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_o, GDK_CONTROL_MASK,
                                       "drivers.add-folder", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Left, GDK_ALT_MASK, "drivers.back",
                                       NULL);
}

static void
kl_drivers_window_init (KlDriversWindow *self)
{
  GtkDropTarget *drop = gtk_drop_target_new (GDK_TYPE_FILE_LIST, GDK_ACTION_COPY);

  self->cancellable = g_cancellable_new ();
  self->items = g_list_store_new (KL_TYPE_DRIVER_ITEM);
  gtk_widget_init_template (GTK_WIDGET (self));

  kl_name_parts_of_drop_down (self->class_drop_down, _ ("Class"));
  self->selection = gtk_single_selection_new (g_object_ref (G_LIST_MODEL (self->items)));
  gtk_list_view_set_model (self->list_view, GTK_SELECTION_MODEL (self->selection));
  g_signal_connect_object (self->selection, "notify::selected-item", G_CALLBACK (selected_cb), self,
                           G_CONNECT_SWAPPED);
  gtk_widget_add_css_class (GTK_WIDGET (self), "takes-files");
  g_signal_connect_object (drop, "drop", G_CALLBACK (drop_cb), self, G_CONNECT_SWAPPED);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (drop));
}

KlDriversWindow *
kl_drivers_window_new (GtkWindow *parent, KlCatalog *catalog, KlBootImage *image)
{
  KlDriversWindow *self = g_object_new (KL_TYPE_DRIVERS_WINDOW, "transient-for", parent, NULL);

  self->catalog = g_object_ref (catalog);
  self->image = g_object_ref (image);
  start_reading (self);
  return self;
}
