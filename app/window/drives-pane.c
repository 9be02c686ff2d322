/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-drives-pane"

#include "config.h"

#include "window/drives-pane.h"

#include <glib/gi18n.h>

#include "bidi.h"
#include "core-text.h"
#include "window/check-medium.h"
#include "window/drive-row.h"
#include "window/drive-text.h"
#include "window/inspect-window.h"
#include "window/media-jobs.h"
#include "window/power-off.h"
#include "window/restore-window.h"

struct _KlDrivesPane
{
  AdwBin parent_instance;

  KlDriveMonitor *monitor; /* owned */

  GtkLabel *note_label;
  GtkWidget *scrolled_window;
  GtkListBox *list;
};

G_DEFINE_FINAL_TYPE (KlDrivesPane, kl_drives_pane, ADW_TYPE_BIN)

static gboolean
is_shown (gpointer item, gpointer user_data)
{
  return kl_drive_get_refusal (item, NULL) != KL_REFUSAL_FIXED
         && kl_drive_text_is_plugged_in (item);
}

static void
add_item (GMenu *menu, const char *label, const char *action, const char *path)
{
  g_autoptr (GMenuItem) item = g_menu_item_new (label, NULL);

  g_menu_item_set_action_and_target (item, action, "s", path);
  g_menu_append_item (menu, item);
}

/* Divided where it begins to be about the drive as such. */
static GMenu *
new_menu (KlDrive *drive)
{
  const gboolean usable = kl_drive_get_refusal (drive, NULL) == KL_REFUSAL_NONE;
  const char *path = kl_drive_get_path (drive);
  GMenu *menu = g_menu_new ();
  g_autoptr (GMenu) medium = g_menu_new ();
  g_autoptr (GMenu) whole = g_menu_new ();

  if (usable)
    add_item (medium, _ ("Create _Media…"), "win.create-on-drive", path);
  add_item (medium, _ ("_Inspect Medium"), "drive.inspect", path);
  add_item (medium, _ ("_Check Medium"), "drive.check", path);
  g_menu_append_section (menu, NULL, G_MENU_MODEL (medium));
  if (usable)
    {
      add_item (whole, _ ("_Restore to Normal Use…"), "drive.restore", path);
      add_item (whole, _ ("_Power Off"), "drive.power-off", path);
      g_menu_append_section (menu, NULL, G_MENU_MODEL (whole));
    }
  return menu;
}

static GtkWidget *
new_menu_button (KlDrive *drive)
{
  GtkWidget *button = gtk_menu_button_new ();
  g_autoptr (GMenu) menu = new_menu (drive);
  g_autofree char *name = kl_drive_dup_name (drive);
  /* Translators: name of a button; %s is vendor and model of a drive. */
  g_autofree char *label = kl_bidi_printf (_ ("Menu of %s"), name);

  gtk_menu_button_set_menu_model (GTK_MENU_BUTTON (button), G_MENU_MODEL (menu));
  gtk_menu_button_set_icon_name (GTK_MENU_BUTTON (button), "view-more-symbolic");
  gtk_widget_set_tooltip_text (button, _ ("Drive Menu"));
  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  gtk_widget_add_css_class (button, "flat");
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, label,
                                  -1);
  gtk_accessible_update_property (GTK_ACCESSIBLE (gtk_widget_get_first_child (button)),
                                  GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
  return button;
}

static GtkWidget *
new_row (gpointer item, gpointer user_data)
{
  GtkWidget *row = kl_drive_row_new (item);

  if (kl_drive_get_size (item) > 0)
    kl_drive_row_add_suffix (KL_DRIVE_ROW (row), new_menu_button (item));
  gtk_list_box_row_set_activatable (GTK_LIST_BOX_ROW (row), FALSE);
  return row;
}

static void
update_note (KlDrivesPane *self, guint n_shown)
{
  const GError *error = kl_drive_monitor_get_error (self->monitor);
  g_autofree char *reason = error != NULL ? kl_core_text_translate (error->message) : NULL;
  g_autofree char *text = NULL;

  if (error != NULL)
    /* Translators: %s is the reason, maybe in English. */
    text = kl_bidi_printf (_ ("Drives cannot be watched: %s"), reason);
  else if (n_shown == 0 && kl_drive_monitor_is_ready (self->monitor))
    text = g_strdup (_ ("No drive is plugged in"));

  gtk_label_set_label (self->note_label, text ? text : "");
  gtk_widget_set_visible (GTK_WIDGET (self->note_label), text != NULL);
  gtk_widget_set_visible (self->scrolled_window, n_shown > 0);
  gtk_widget_remove_css_class (GTK_WIDGET (self->note_label), error ? "dim-label" : "warning");
  gtk_widget_add_css_class (GTK_WIDGET (self->note_label), error ? "warning" : "dim-label");
}

static void
items_changed_cb (GListModel *shown, guint position, guint removed, guint added, KlDrivesPane *self)
{
  update_note (self, g_list_model_get_n_items (shown));
}

static void
ready_cb (KlDrivesPane *self)
{
  guint n = 0;

  for (guint i = 0; gtk_list_box_get_row_at_index (self->list, (int) i) != NULL; i++)
    n++;
  update_note (self, n);
}

/* The menu of a drive names its node; whatever drive has that name now is the one that is meant,
 * and is shown again before anything is written. */
static KlDrive *
find_drive (GtkWidget *widget, GVariant *path)
{
  return kl_drive_monitor_find (KL_DRIVES_PANE (widget)->monitor,
                                g_variant_get_string (path, NULL));
}

static GtkWindow *
get_window (GtkWidget *widget)
{
  return GTK_WINDOW (gtk_widget_get_root (widget));
}

static void
check_activated (GtkWidget *widget, const char *action, GVariant *parameter)
{
  g_autoptr (KlDrive) drive = find_drive (widget, parameter);

  if (drive != NULL)
    kl_check_drive (get_window (widget), drive);
}

static void
inspect_activated (GtkWidget *widget, const char *action, GVariant *parameter)
{
  g_autoptr (KlDrive) drive = find_drive (widget, parameter);

  if (drive != NULL)
    kl_inspect_drive (get_window (widget), drive);
}

static void
restore_activated (GtkWidget *widget, const char *action, GVariant *parameter)
{
  g_autoptr (KlDrive) drive = find_drive (widget, parameter);

  if (drive != NULL && kl_media_jobs_find_busy (kl_media_jobs_get (), drive) == NULL)
    kl_restore_window_present (get_window (widget), KL_DRIVES_PANE (widget)->monitor, drive);
}

static void
power_off_activated (GtkWidget *widget, const char *action, GVariant *parameter)
{
  g_autoptr (KlDrive) drive = find_drive (widget, parameter);

  if (drive != NULL && kl_media_jobs_find_busy (kl_media_jobs_get (), drive) == NULL)
    kl_power_off (get_window (widget), drive);
}

static void
kl_drives_pane_dispose (GObject *object)
{
  g_clear_object (&KL_DRIVES_PANE (object)->monitor);

  G_OBJECT_CLASS (kl_drives_pane_parent_class)->dispose (object);
}

static void
kl_drives_pane_class_init (KlDrivesPaneClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kl_drives_pane_dispose;

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/kindling/Kindling/ui/drives-pane.ui");
  gtk_widget_class_bind_template_child (widget_class, KlDrivesPane, note_label);
  gtk_widget_class_bind_template_child (widget_class, KlDrivesPane, scrolled_window);
  gtk_widget_class_bind_template_child (widget_class, KlDrivesPane, list);
  gtk_widget_class_install_action (widget_class, "drive.check", "s", check_activated);
  gtk_widget_class_install_action (widget_class, "drive.inspect", "s", inspect_activated);
  gtk_widget_class_install_action (widget_class, "drive.restore", "s", restore_activated);
  gtk_widget_class_install_action (widget_class, "drive.power-off", "s", power_off_activated);
}

static void
kl_drives_pane_init (KlDrivesPane *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

void
kl_drives_pane_set_monitor (KlDrivesPane *self, KlDriveMonitor *monitor)
{
  g_autoptr (GListModel) shown = NULL;

  g_return_if_fail (KL_IS_DRIVES_PANE (self) && self->monitor == NULL);

  self->monitor = g_object_ref (monitor);
  shown = G_LIST_MODEL (
      gtk_filter_list_model_new (g_object_ref (G_LIST_MODEL (monitor)),
                                 GTK_FILTER (gtk_custom_filter_new (is_shown, NULL, NULL))));
  gtk_list_box_bind_model (self->list, shown, new_row, NULL, NULL);
  g_signal_connect_object (shown, "items-changed", G_CALLBACK (items_changed_cb), self, 0);
  g_signal_connect_object (monitor, "notify::ready", G_CALLBACK (ready_cb), self,
                           G_CONNECT_SWAPPED);
  update_note (self, g_list_model_get_n_items (shown));
}
