/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-drivers-window"

#include "config.h"

#include "window/drivers-window.h"

#include <glib/gi18n.h>

#include "base/error.h"
#include "bidi.h"
#include "window/driver-details.h"
#include "window/driver-edit.h"
#include "window/driver-search.h"
#include "window/failure-view.h"
#include "window/files-dialog.h"
#include "window/image-text.h"
#include "window/list-feeder.h"
#include "window/list-row.h"
#include "window/loss-question.h"
#include "window/part-names.h"
#include "window/preparation-text.h"

struct _KlDriversWindow
{
  AdwWindow parent_instance;

  KlCatalog *catalog;            /* owned */
  KlBootImage *image;            /* owned */
  KlDriverSurvey *survey;        /* owned; nullable: not read yet */
  GPtrArray *all;                /* owned; of KlDriverItem: the survey's; nullable */
  GListStore *items;             /* owned; of KlDriverItem: what is to be seen */
  KlListFeeder *feeder;          /* owned; of the items */
  GtkSingleSelection *selection; /* owned */
  GCancellable *cancellable;     /* owned */
  GCancellable *search;          /* owned; nullable; of the newest search */
  gboolean for_device;           /* that search looks for a device */
  char *wanted_key;              /* owned; nullable; of the item to select */
  gboolean wants_focus;          /* of the list, then */
  guint details_tick;            /* 0 where the details are those of the item that is selected */
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
show_details (KlDriversWindow *self)
{
  KlDriverItem *item = get_selected (self);
  g_autofree char *title = item != NULL ? kl_driver_item_dup_title (item) : NULL;

  adw_window_title_set_title (self->details_title, title ? title : "");
  kl_driver_details_set_item (self->details, item, self->survey);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "drivers.remove",
                                 item != NULL && kl_driver_item_get_package (item) == NULL);
}

static gboolean
show_details_cb (GtkWidget *widget, GdkFrameClock *clock, gpointer user_data)
{
  KlDriversWindow *self = user_data;
  KlDriverItem *item = get_selected (self);

  /* None if it has left the list, and another one will come; the same if it only has moved. */
  self->details_tick = 0;
  if (item != NULL && item != kl_driver_details_get_item (self->details))
    show_details (self);
  return G_SOURCE_REMOVE;
}

/* At most once for a frame, however many are passed by in it. */
static void
selected_cb (KlDriversWindow *self)
{
  if (self->details_tick == 0)
    self->details_tick
        = gtk_widget_add_tick_callback (GTK_WIDGET (self->details), show_details_cb, self, NULL);
}

static void
arrived_cb (KlDriversWindow *self, guint position)
{
  gtk_single_selection_set_selected (self->selection, position);
  gtk_widget_activate_action (GTK_WIDGET (self->list_view), "list.scroll-to-item", "u", position);
  if (self->wants_focus)
    gtk_widget_grab_focus (GTK_WIDGET (self->list_view));
  self->wants_focus = FALSE;
}

static void
filled_cb (KlDriversWindow *self)
{
  if (get_selected (self) == NULL)
    show_details (self);
}

/* What it shows may be old: its switch was moved, or that of its folder. */
static void
stays_cb (KlDriversWindow *self, KlDriverItem *item)
{
  kl_driver_item_refresh (item);
}

/* The answer stands above the packages. */
static void
show_answer (KlDriversWindow *self, GPtrArray *found)
{
  g_autofree char *text = NULL;
  guint n_loaded = 0;

  for (guint i = 0; self->for_device && i < found->len; i++)
    n_loaded += kl_survey_package_loads (kl_driver_item_get_package (found->pdata[i]));

  if (!self->for_device)
    text = g_strdup (_ ("Nothing fits."));
  else if (found->len == 0)
    text = g_strdup (_ ("No package serves this device."));
  else if (n_loaded == 0)
    text = g_strdup (_ ("Only packages that are not loaded serve this device."));
  else
    text = kl_bidi_printf (ngettext ("%u package that is loaded serves this device.",
                                     "%u packages that are loaded serve this device, the best "
                                     "one first.",
                                     n_loaded),
                           n_loaded);
  gtk_widget_set_visible (GTK_WIDGET (self->answer_label), self->for_device || found->len == 0);
  gtk_label_set_label (self->answer_label, text);
}

/* The one that was asked for; else the one that is selected; else the first. */
static guint
choose_place (KlDriversWindow *self, GPtrArray *found)
{
  KlDriverItem *selected = get_selected (self);
  guint place = 0;

  for (guint i = 0; self->wanted_key != NULL && i < found->len; i++)
    {
      g_autofree char *key = kl_driver_item_dup_key (found->pdata[i]);

      if (!g_str_equal (key, self->wanted_key))
        continue;
      g_clear_pointer (&self->wanted_key, g_free);
      return i;
    }
  if (selected != NULL)
    g_ptr_array_find (found, selected, &place);
  return place;
}

static void
searched_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KlDriversWindow *self = KL_DRIVERS_WINDOW (source);
  g_autoptr (GPtrArray) found = kl_driver_search_finish (result, NULL);
  g_autofree char *summary = NULL;

  if (found == NULL)
    return; /* cancelled: a newer one is on its way, or the window is closed */

  summary = kl_preparation_text_dup_drivers (self->survey->recipe, self->survey);
  adw_window_title_set_subtitle (self->title, summary);
  gtk_stack_set_visible_child_name (self->stack, self->survey->folders->len > 0 ? "list" : "empty");
  show_answer (self, found);
  kl_list_feeder_set (self->feeder, found, choose_place (self, found));
}

/* Looks anew what is to be seen; an older search is over then. */
static void
fill_list (KlDriversWindow *self)
{
  g_autofree char *text
      = g_strstrip (g_strdup (gtk_editable_get_text (GTK_EDITABLE (self->search_entry))));

  if (self->survey == NULL)
    return;

  g_cancellable_cancel (self->search);
  g_clear_object (&self->search);
  self->search = g_cancellable_new ();
  self->for_device = kl_driver_search_is_device (text);
  kl_driver_search_start (self, self->survey, self->all, text,
                          gtk_drop_down_get_selected (self->class_drop_down), self->search,
                          searched_cb);
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
show_in_row (KlDriverItem *driver, GtkListItem *item)
{
  KlListRow *row = KL_LIST_ROW (gtk_list_item_get_child (item));
  const KlStateText state = kl_driver_item_get_state (driver);
  g_autofree char *title = kl_driver_item_dup_title (driver);
  g_autofree char *subtitle = kl_driver_item_dup_subtitle (driver);

  kl_list_row_set (row, state.icon_name, state.css_class, title, subtitle,
                   g_str_equal (subtitle, state.word) ? NULL : state.word);
  kl_list_row_set_heading (row, kl_driver_item_get_package (driver) == NULL);
}

static void
bind_row_cb (GtkSignalListItemFactory *factory, GtkListItem *item)
{
  KlDriverItem *driver = gtk_list_item_get_item (item);

  show_in_row (driver, item);
  g_signal_connect (driver, "changed", G_CALLBACK (show_in_row), item);
}

static void
unbind_row_cb (GtkSignalListItemFactory *factory, GtkListItem *item)
{
  g_signal_handlers_disconnect_by_data (gtk_list_item_get_item (item), item);
}

static void
row_activated_cb (KlDriversWindow *self, guint position)
{
  gtk_single_selection_set_selected (self->selection, position);
  adw_leaflet_navigate (self->leaflet, ADW_NAVIGATION_DIRECTION_FORWARD);
}

typedef struct
{
  KlDriverSurvey *survey; /* owned */
  GPtrArray *items;       /* owned */
} Reading;

static void
reading_free (gpointer data)
{
  Reading *reading = data;

  g_clear_pointer (&reading->items, g_ptr_array_unref);
  g_clear_pointer (&reading->survey, kl_driver_survey_unref);
  g_free (reading);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Reading, reading_free)

static void
read_in_thread (GTask *task, gpointer source, gpointer folder, GCancellable *cancellable)
{
  g_autoptr (Reading) reading = g_new0 (Reading, 1);
  GError *error = NULL;

  reading->survey = kl_driver_survey_new (folder, NULL, NULL, cancellable, &error);
  if (reading->survey == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  reading->items = kl_driver_search_list (reading->survey);
  g_task_return_pointer (task, g_steal_pointer (&reading), reading_free);
}

static void
read_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KlDriversWindow *self = KL_DRIVERS_WINDOW (source);
  g_autoptr (GError) error = NULL;
  g_autoptr (Reading) reading = g_task_propagate_pointer (G_TASK (result), &error);

  if (reading != NULL && self->items != NULL)
    {
      g_clear_pointer (&self->all, g_ptr_array_unref);
      g_clear_pointer (&self->survey, kl_driver_survey_unref);
      self->survey = g_steal_pointer (&reading->survey);
      self->all = g_steal_pointer (&reading->items);
      self->wants_focus = TRUE;
      fill_list (self);
    }
  else if (error != NULL && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
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
  if (self->wanted_key == NULL && get_selected (self) != NULL)
    self->wanted_key = kl_driver_item_dup_key (get_selected (self));
  start_reading (self);
}

static gboolean
switched_idle_cb (gpointer user_data)
{
  KlDriversWindow *self = user_data;

  if (self->items == NULL)
    return G_SOURCE_REMOVE;
  fill_list (self);
  show_details (self);
  kl_driver_details_grab_switch (self->details);
  return G_SOURCE_REMOVE;
}

/* The switch that was moved goes when the details are shown anew: after its own signal. */
static void
switched_cb (KlDriversWindow *self, gboolean on)
{
  KlDriverItem *item = get_selected (self);

  g_autofree char *key = item != NULL ? kl_driver_item_dup_key (item) : NULL;

  if (item == NULL)
    return;
  note_switched (self, item, on);
  kl_driver_edit_switch (self, self->catalog, self->image, key, on, switch_ended_cb);
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
  g_autoptr (GListModel) files = kl_files_dialog_take (&self->chooser, response);

  for (guint i = 0; i < g_list_model_get_n_items (files); i++)
    {
      g_autoptr (GFile) file = g_list_model_get_item (files, i);

      add_file (self, file);
    }
}

static void
choose (KlDriversWindow *self, const char *title, GtkFileChooserAction action)
{
  static const char *const cabinets[] = { "cab", NULL };

  g_clear_object (&self->chooser);
  self->chooser = kl_files_dialog_new (GTK_WINDOW (self), title, action, _ ("_Add"));
  if (action == GTK_FILE_CHOOSER_ACTION_OPEN)
    kl_file_dialog_add_filter (self->chooser, _ ("Cabinet Files"), cabinets);
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
  g_autofree char *heading = kl_bidi_printf (C_ ("drivers", "Remove “%s”?"), driver->name);
  GtkWidget *dialog
      = kl_loss_question_new (GTK_WINDOW (self), heading,
                              _ ("It is taken out of the recipe, with what was switched on and "
                                 "off in it. The files themselves stay where they are."),
                              _ ("_Cancel"), "remove", C_ ("drivers", "_Remove"));

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
  g_cancellable_cancel (self->search);
  if (self->selection != NULL)
    g_signal_handlers_disconnect_by_data (self->selection, self);
  g_clear_object (&self->chooser);
  g_clear_object (&self->feeder);
  g_clear_object (&self->selection);
  g_clear_object (&self->items);
  g_clear_object (&self->catalog);
  g_clear_pointer (&self->wanted_key, g_free);

  G_OBJECT_CLASS (kl_drivers_window_parent_class)->dispose (object);
}

static gpointer
free_survey_cb (gpointer survey)
{
  kl_driver_survey_unref (survey);
  return NULL;
}

static void
kl_drivers_window_finalize (GObject *object)
{
  KlDriversWindow *self = KL_DRIVERS_WINDOW (object);

  g_clear_object (&self->cancellable);
  g_clear_object (&self->search);
  g_clear_object (&self->image);
  g_clear_pointer (&self->all, g_ptr_array_unref);
  /* Hundreds of packages with all their devices: not between two frames. */
  if (self->survey != NULL)
    g_thread_unref (g_thread_new ("kl-survey", free_survey_cb, g_steal_pointer (&self->survey)));

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
  gtk_widget_class_bind_template_callback (widget_class, unbind_row_cb);
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
  gtk_single_selection_set_autoselect (self->selection, FALSE);
  self->feeder = kl_list_feeder_new (self->items);
  g_signal_connect_object (self->feeder, "stays", G_CALLBACK (stays_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->feeder, "arrived", G_CALLBACK (arrived_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->feeder, "done", G_CALLBACK (filled_cb), self, G_CONNECT_SWAPPED);
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
  KlDriversWindow *self
      = g_object_new (KL_TYPE_DRIVERS_WINDOW, "application", gtk_window_get_application (parent),
                      "transient-for", parent, NULL);

  self->catalog = g_object_ref (catalog);
  self->image = g_object_ref (image);
  start_reading (self);
  return self;
}
