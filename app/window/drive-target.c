/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-drive-target"

#include "config.h"

#include "window/drive-target.h"

#include <glib/gi18n.h>

#include "bidi.h"
#include "core-text.h"
#include "window/drive-row.h"
#include "window/drive-text.h"
#include "window/media-jobs.h"
#include "window/part-names.h"

/* Where a row keeps its check button. */
#define CHECK_KEY "kl-check"

struct _KlDriveTarget
{
  KlCreatePage parent_instance;

  KlDriveMonitor *monitor;   /* owned */
  GtkFilterListModel *shown; /* owned */
  gboolean updating;         /* while rows follow the selection */

  AdwPreferencesGroup *drives_group;
  GtkListBox *list;
  GtkLabel *note_label;
  GtkButton *all_button;
  GtkCheckButton *format_check;
  GtkCheckButton *keep_check;
  AdwActionRow *bios_start_row;
  GtkSwitch *bios_start_switch;
  GtkSwitch *power_off_switch;
  AdwExpanderRow *expert_row;
  AdwActionRow *gpt_row;
  GtkSwitch *gpt_switch;
  GtkSwitch *fixed_switch;
};

G_DEFINE_FINAL_TYPE (KlDriveTarget, kl_drive_target, KL_TYPE_CREATE_PAGE)

static KlTargetDraft *
get_target (KlDriveTarget *self)
{
  return kl_media_draft_get_target (kl_create_page_get_draft (KL_CREATE_PAGE (self)));
}

static KlDriveSelection *
get_selection (KlDriveTarget *self)
{
  return kl_target_draft_get_selection (get_target (self));
}

static KlDriveRow *
get_row (KlDriveTarget *self, guint position)
{
  return (KlDriveRow *) gtk_list_box_get_row_at_index (self->list, (int) position);
}

/* Also a drive that a job is at work on does not fit. */
static char *
dup_problem (KlDriveTarget *self, KlDrive *drive)
{
  if (kl_media_jobs_find_busy (kl_media_jobs_get (), drive) != NULL)
    return g_strdup (_ ("Another job is writing to it"));
  return kl_target_draft_dup_problem (get_target (self), drive);
}

/* Not a reason against it, but good to know. */
static const char *
get_hint (KlDriveTarget *self, KlDrive *drive)
{
  const KlVolume *volume;

  if (kl_media_jobs_find_done (kl_media_jobs_get (), drive) != NULL)
    return _ ("A medium was made on it just now");
  if (kl_target_draft_get_format (get_target (self)))
    return NULL;
  volume = kl_target_draft_find_volume (drive);
  if (volume != NULL && g_strcmp0 (volume->fs_type, "ntfs") == 0)
    return _ ("NTFS: most PCs with UEFI do not start from it; FAT32 is needed for them");
  return NULL;
}

static void
update_row (KlDriveTarget *self, KlDriveRow *row)
{
  KlDrive *drive = kl_drive_row_get_drive (row);
  GtkWidget *check = g_object_get_data (G_OBJECT (row), CHECK_KEY);
  g_autofree char *problem = dup_problem (self, drive);
  const char *hint = problem ? NULL : get_hint (self, drive);

  if (problem != NULL)
    kl_drive_selection_choose (get_selection (self), drive, FALSE);
  gtk_widget_set_sensitive (GTK_WIDGET (row), problem == NULL);
  gtk_check_button_set_active (GTK_CHECK_BUTTON (check),
                               kl_drive_selection_contains (get_selection (self), drive));
  if (problem != NULL)
    kl_drive_row_set_state (row, "action-unavailable-symbolic", "warning", problem);
  else
    kl_drive_row_set_state (row, "dialog-information-symbolic", "accent", hint);
}

static void
update_group (KlDriveTarget *self)
{
  const guint n = g_list_model_get_n_items (G_LIST_MODEL (get_selection (self)));
  const GError *error = kl_drive_monitor_get_error (self->monitor);
  g_autofree char *reason = error != NULL ? kl_core_text_translate (error->message) : NULL;
  g_autofree char *note = NULL;
  g_autofree char *chosen = NULL;
  guint n_fit = 0;

  for (guint i = 0; get_row (self, i) != NULL; i++)
    n_fit += gtk_widget_get_sensitive (GTK_WIDGET (get_row (self, i)));
  if (error != NULL)
    /* Translators: %s is the reason, maybe in English. */
    note = kl_bidi_printf (_ ("Drives cannot be watched: %s"), reason);
  else if (get_row (self, 0) == NULL)
    note = g_strdup (_ ("Plug in a drive; it appears here."));
  gtk_label_set_label (self->note_label, note ? note : "");
  gtk_widget_set_visible (GTK_WIDGET (self->note_label), note != NULL);

  chosen = n == 0
               ? g_strdup (_ ("None is chosen yet."))
               : kl_bidi_printf (ngettext ("%u drive is chosen.", "%u drives are chosen.", n), n);
  adw_preferences_group_set_description (self->drives_group, chosen);
  gtk_widget_set_visible (GTK_WIDGET (self->all_button), n_fit > 1);
  kl_create_page_set_complete (KL_CREATE_PAGE (self), n > 0);
}

static void
update (KlDriveTarget *self)
{
  if (self->updating || kl_create_page_get_draft (KL_CREATE_PAGE (self)) == NULL)
    return;

  self->updating = TRUE;
  for (guint i = 0; get_row (self, i) != NULL; i++)
    update_row (self, get_row (self, i));
  update_group (self);
  self->updating = FALSE;
}

static void
check_toggled_cb (GtkCheckButton *check, KlDriveTarget *self)
{
  GtkWidget *row = gtk_widget_get_ancestor (GTK_WIDGET (check), KL_TYPE_DRIVE_ROW);

  if (self->updating || row == NULL)
    return;
  kl_drive_selection_choose (get_selection (self), kl_drive_row_get_drive (KL_DRIVE_ROW (row)),
                             gtk_check_button_get_active (check));
  update (self);
}

static void
row_activated_cb (KlDriveTarget *self, GtkListBoxRow *row)
{
  GtkCheckButton *check = g_object_get_data (G_OBJECT (row), CHECK_KEY);

  gtk_check_button_set_active (check, !gtk_check_button_get_active (check));
}

static GtkWidget *
new_row (gpointer item, gpointer user_data)
{
  GtkWidget *row = kl_drive_row_new (item);
  GtkWidget *check = gtk_check_button_new ();
  g_autofree char *name = kl_drive_dup_name (item);
  g_autofree char *identity = kl_drive_text_dup_identity (item);
  g_autofree char *label = kl_bidi_join (", ", name, identity, NULL);

  gtk_widget_set_valign (check, GTK_ALIGN_CENTER);
  gtk_widget_set_focusable (check, FALSE); /* the row has the focus */
  gtk_accessible_update_property (GTK_ACCESSIBLE (check), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
  g_object_set_data (G_OBJECT (row), CHECK_KEY, check);
  kl_drive_row_add_prefix (KL_DRIVE_ROW (row), check);
  g_signal_connect_object (check, "toggled", G_CALLBACK (check_toggled_cb), user_data, 0);
  return row;
}

static gboolean
is_shown (gpointer item, gpointer user_data)
{
  KlDriveTarget *self = user_data;

  return gtk_switch_get_active (self->fixed_switch)
         || (kl_drive_text_is_plugged_in (item)
             && kl_drive_get_refusal (item, NULL) != KL_REFUSAL_FIXED);
}

/* What is built in, and what was made just now, is chosen by its own row only. */
static void
choose_all_cb (KlDriveTarget *self)
{
  for (guint i = 0; get_row (self, i) != NULL; i++)
    {
      KlDriveRow *row = get_row (self, i);
      KlDrive *drive = kl_drive_row_get_drive (row);

      if (gtk_widget_get_sensitive (GTK_WIDGET (row)) && kl_drive_text_is_plugged_in (drive)
          && kl_media_jobs_find_done (kl_media_jobs_get (), drive) == NULL)
        kl_drive_selection_choose (get_selection (self), drive, TRUE);
    }
  update (self);
}

static void
fixed_switched_cb (KlDriveTarget *self)
{
  if (self->monitor == NULL)
    return;
  kl_drive_monitor_set_allow_fixed (self->monitor, gtk_switch_get_active (self->fixed_switch));
  gtk_filter_changed (gtk_filter_list_model_get_filter (self->shown), GTK_FILTER_CHANGE_DIFFERENT);
  update (self);
}

static void
format_toggled_cb (KlDriveTarget *self)
{
  const gboolean format = gtk_check_button_get_active (self->format_check);

  gtk_widget_set_visible (GTK_WIDGET (self->bios_start_row), !format);
  gtk_widget_set_sensitive (GTK_WIDGET (self->gpt_row), format);
  update (self);
}

static void
bind (KlDriveTarget *self, const char *property, gpointer widget)
{
  g_object_bind_property (get_target (self), property, widget, "active",
                          G_BINDING_BIDIRECTIONAL | G_BINDING_SYNC_CREATE);
}

static void
kl_drive_target_attach (KlCreatePage *page, KlMediaDraft *draft)
{
  KlDriveTarget *self = KL_DRIVE_TARGET (page);
  KlDriveSelection *selection = get_selection (self);

  self->monitor = g_object_ref (kl_drive_selection_get_monitor (selection));
  bind (self, "format", self->format_check);
  bind (self, "bios-start", self->bios_start_switch);
  bind (self, "power-off", self->power_off_switch);
  bind (self, "gpt", self->gpt_switch);
  self->shown
      = gtk_filter_list_model_new (g_object_ref (G_LIST_MODEL (self->monitor)),
                                   GTK_FILTER (gtk_custom_filter_new (is_shown, self, NULL)));
  gtk_list_box_bind_model (self->list, G_LIST_MODEL (self->shown), new_row, self, NULL);

  g_signal_connect_object (self->shown, "items-changed", G_CALLBACK (update), self,
                           G_CONNECT_SWAPPED | G_CONNECT_AFTER);
  g_signal_connect_object (selection, "items-changed", G_CALLBACK (update), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->monitor, "notify::ready", G_CALLBACK (update), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (kl_media_jobs_get (), "changed", G_CALLBACK (update), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (get_target (self), "notify", G_CALLBACK (update), self,
                           G_CONNECT_SWAPPED);
  format_toggled_cb (self);
}

static void
kl_drive_target_enter (KlCreatePage *page)
{
  KlDriveTarget *self = KL_DRIVE_TARGET (page);

  update (self);
  gtk_widget_child_focus (GTK_WIDGET (self->list), GTK_DIR_TAB_FORWARD);
}

static void
kl_drive_target_dispose (GObject *object)
{
  KlDriveTarget *self = KL_DRIVE_TARGET (object);

  self->updating = TRUE;
  if (self->list != NULL)
    gtk_list_box_bind_model (self->list, NULL, NULL, NULL, NULL);
  g_clear_object (&self->shown);
  g_clear_object (&self->monitor);

  G_OBJECT_CLASS (kl_drive_target_parent_class)->dispose (object);
}

static void
kl_drive_target_class_init (KlDriveTargetClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kl_drive_target_dispose;
  KL_CREATE_PAGE_CLASS (klass)->attach = kl_drive_target_attach;
  KL_CREATE_PAGE_CLASS (klass)->enter = kl_drive_target_enter;

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/kindling/Kindling/ui/drive-target.ui");
  gtk_widget_class_bind_template_child (widget_class, KlDriveTarget, drives_group);
  gtk_widget_class_bind_template_child (widget_class, KlDriveTarget, list);
  gtk_widget_class_bind_template_child (widget_class, KlDriveTarget, note_label);
  gtk_widget_class_bind_template_child (widget_class, KlDriveTarget, all_button);
  gtk_widget_class_bind_template_child (widget_class, KlDriveTarget, format_check);
  gtk_widget_class_bind_template_child (widget_class, KlDriveTarget, keep_check);
  gtk_widget_class_bind_template_child (widget_class, KlDriveTarget, bios_start_row);
  gtk_widget_class_bind_template_child (widget_class, KlDriveTarget, bios_start_switch);
  gtk_widget_class_bind_template_child (widget_class, KlDriveTarget, power_off_switch);
  gtk_widget_class_bind_template_child (widget_class, KlDriveTarget, expert_row);
  gtk_widget_class_bind_template_child (widget_class, KlDriveTarget, gpt_row);
  gtk_widget_class_bind_template_child (widget_class, KlDriveTarget, gpt_switch);
  gtk_widget_class_bind_template_child (widget_class, KlDriveTarget, fixed_switch);
  gtk_widget_class_bind_template_callback (widget_class, row_activated_cb);
  gtk_widget_class_bind_template_callback (widget_class, choose_all_cb);
  gtk_widget_class_bind_template_callback (widget_class, format_toggled_cb);
  gtk_widget_class_bind_template_callback (widget_class, fixed_switched_cb);
}

static void
kl_drive_target_init (KlDriveTarget *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  kl_name_parts_of_expander_row (self->expert_row, _ ("For Experts"));
}
