/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-restore-window"

#include "config.h"

#include "window/restore-window.h"

#include <glib/gi18n.h>

#include "access/drive-selection.h"
#include "bidi.h"
#include "restore/restore-job.h"
#include "window/drive-row.h"
#include "window/flow-layout.h"
#include "window/drive-text.h"
#include "window/group-title.h"
#include "window/job-dialog.h"
#include "window/part-names.h"
#include "window/problem-label.h"

/* A line of what the button says is not made narrower than that; it has two where the window is
 * narrow. */
#define BUTTON_CHARS 12

/* As the list of file systems has them. */
static const KlBlankKind kinds[] = { KL_BLANK_FAT32, KL_BLANK_EXFAT };

struct _KlRestoreWindow
{
  AdwWindow parent_instance;

  KlDrive *drive;              /* owned */
  KlDriveSelection *selection; /* owned; of that drive, until it is lost */

  GtkListBox *drive_list;
  AdwComboRow *kind_row;
  GtkLabel *kind_problem;
  AdwEntryRow *label_row;
  GtkLabel *label_problem;
  GtkLabel *notice;
  GtkWidget *cancel_button;
  GtkButton *erase_button;
};

G_DEFINE_FINAL_TYPE (KlRestoreWindow, kl_restore_window, ADW_TYPE_WINDOW)

/* ---- The job. ---- */

static void
show_result (KlJobView *view, const KlRestoreResult *result)
{
  g_autofree char *size = g_format_size (result->bytes);

  kl_job_view_set_done (view, _ ("The Drive Is Ready for Normal Use"),
                        _ ("It has one empty volume, which was read back. No PC starts from it."));
  kl_job_view_add_fact (view, _ ("File System"), kl_blank_kind_get_title (result->kind), NULL,
                        NULL);
  kl_job_view_add_fact (view, _ ("Size"), size, NULL, NULL);
}

static void
ended_cb (KlJobView *view, GError *error, KlRestoreJob *job)
{
  if (error == NULL)
    show_result (view, kl_restore_job_get_result (job));
  else if (kl_restore_job_get_state (job) == KL_MEDIA_STATE_UNTOUCHED)
    kl_job_view_set_cancelled_text (view, _ ("The drive was left as it was."));
}

static void
run (GtkWindow *parent, KlDrive *drive, KlBlankKind kind, const char *label)
{
  KlJobDialog *dialog = kl_job_dialog_new (parent, _ ("Restore to Normal Use"));
  KlJobView *view = kl_job_dialog_get_view (dialog);
  KlRestoreJob *job = kl_restore_job_new (drive, kind, label);
  g_autofree char *name = kl_drive_dup_name (drive);
  /* Translators: %s is vendor and model of a drive. */
  g_autofree char *title = kl_bidi_printf (_ ("Restoring “%s”"), name);

  kl_job_view_set_cancelled_text (view, _ ("The drive has lost what was on it and has no file "
                                           "system. Restore it again before you use it."));
  kl_job_view_set_leaving_text (view, _ ("If this is cancelled now, the drive has lost what was "
                                         "on it and has no file system."));
  g_signal_connect_data (view, "ended", G_CALLBACK (ended_cb), job,
                         (GClosureNotify) (void (*) (void)) g_object_unref, 0);
  gtk_window_present (GTK_WINDOW (dialog));
  kl_job_view_start (view, KL_JOB (job), title, kl_drive_get_path (drive));
}

/* ---- The question. ---- */

static KlBlankKind
get_kind (KlRestoreWindow *self)
{
  const guint selected = adw_combo_row_get_selected (self->kind_row);

  return kinds[selected < G_N_ELEMENTS (kinds) ? selected : 0];
}

static const char *
get_label (KlRestoreWindow *self)
{
  return gtk_editable_get_text (GTK_EDITABLE (self->label_row));
}

static const char *
find_size_problem (KlRestoreWindow *self)
{
  const KlBlankOptions options
      = { .disk_bytes = kl_drive_get_size (self->drive), .kind = get_kind (self) };
  g_autoptr (KlMediaWriter) writer = kl_blank_writer_new (&options, NULL);

  return writer == NULL ? _ ("This file system does not fit a drive of this size") : NULL;
}

static const char *
find_label_problem (KlRestoreWindow *self)
{
  if (kl_blank_check_label (get_kind (self), get_label (self), NULL))
    return NULL;
  return get_kind (self) == KL_BLANK_FAT32
             ? _ ("Up to 11 characters: letters from A to Z, digits, spaces, - and _")
             : _ ("Up to 11 characters, and none of these: \" * + , . / : ; < = > ? [ \\ ] |");
}

static void
show_problems (KlRestoreWindow *self)
{
  const gboolean fits = kl_problem_label_show (self->kind_problem, GTK_WIDGET (self->kind_row),
                                               find_size_problem (self));
  const gboolean named = kl_problem_label_show (self->label_problem, GTK_WIDGET (self->label_row),
                                                find_label_problem (self));
  const gboolean there = kl_drive_selection_contains (self->selection, self->drive);

  gtk_widget_action_set_enabled (GTK_WIDGET (self), "restore.erase", fits && named && there);
}

static void
update (KlRestoreWindow *self)
{
  if (self->drive != NULL)
    show_problems (self);
}

static void
drive_lost_cb (KlRestoreWindow *self, KlDrive *drive, int loss)
{
  g_autofree char *name = kl_drive_dup_name (drive);
  g_autofree char *text = NULL;

  if (loss == KL_SELECTION_LOSS_REMOVED)
    /* Translators: %s is vendor and model of a drive. */
    text = kl_bidi_printf (_ ("“%s” was pulled. Nothing was erased."), name);
  else
    /* Translators: %s is vendor and model of a drive. */
    text = kl_bidi_printf (
        _ ("“%s” has changed meanwhile. Close this window and look at it again."), name);
  gtk_label_set_label (self->notice, text);
  gtk_widget_set_visible (GTK_WIDGET (self->notice), TRUE);
  update (self);
}

static void
erase_activated (GtkWidget *widget, const char *action, GVariant *parameter)
{
  KlRestoreWindow *self = KL_RESTORE_WINDOW (widget);
  GtkWindow *parent = gtk_window_get_transient_for (GTK_WINDOW (self));

  run (parent, self->drive, get_kind (self), get_label (self));
  gtk_window_destroy (GTK_WINDOW (self));
}

static void
kl_restore_window_dispose (GObject *object)
{
  KlRestoreWindow *self = KL_RESTORE_WINDOW (object);

  g_clear_object (&self->drive);
  g_clear_object (&self->selection);

  G_OBJECT_CLASS (kl_restore_window_parent_class)->dispose (object);
}

static void
kl_restore_window_class_init (KlRestoreWindowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kl_restore_window_dispose;

  g_type_ensure (KL_TYPE_FLOW_LAYOUT);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/kindling/Kindling/ui/restore-window.ui");
  gtk_widget_class_bind_template_child (widget_class, KlRestoreWindow, drive_list);
  gtk_widget_class_bind_template_child (widget_class, KlRestoreWindow, kind_row);
  gtk_widget_class_bind_template_child (widget_class, KlRestoreWindow, kind_problem);
  gtk_widget_class_bind_template_child (widget_class, KlRestoreWindow, label_row);
  gtk_widget_class_bind_template_child (widget_class, KlRestoreWindow, label_problem);
  gtk_widget_class_bind_template_child (widget_class, KlRestoreWindow, notice);
  gtk_widget_class_bind_template_child (widget_class, KlRestoreWindow, cancel_button);
  gtk_widget_class_bind_template_child (widget_class, KlRestoreWindow, erase_button);
  gtk_widget_class_bind_template_callback (widget_class, update);
  gtk_widget_class_install_action (widget_class, "restore.erase", NULL, erase_activated);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
}

static void
kl_restore_window_init (KlRestoreWindow *self)
{
  GtkLabel *label;

  gtk_widget_init_template (GTK_WIDGET (self));
  kl_group_title_wrap_all (GTK_WIDGET (self));
  label = GTK_LABEL (gtk_button_get_child (self->erase_button));
  gtk_label_set_width_chars (label, BUTTON_CHARS);
  gtk_label_set_wrap (label, TRUE);
  gtk_label_set_justify (label, GTK_JUSTIFY_CENTER);
  kl_name_parts_of_combo_row (self->kind_row);
}

static void
show_drive (KlRestoreWindow *self)
{
  g_autofree char *content = kl_drive_text_dup_content (self->drive);
  /* Translators: %s is what is on a drive, such as: FAT32 “PHOTOS” */
  g_autofree char *fate = kl_bidi_printf (_ ("Will be erased: %s"), content);
  GtkWidget *row = kl_drive_row_new (self->drive);

  kl_drive_row_set_content (KL_DRIVE_ROW (row), fate);
  gtk_list_box_row_set_activatable (GTK_LIST_BOX_ROW (row), FALSE);
  gtk_widget_add_css_class (row, "erased");
  gtk_list_box_append (self->drive_list, row);
}

/**
 * kl_restore_window_present:
 * @drive: as @monitor lists it now
 */
void
kl_restore_window_present (GtkWindow *parent, KlDriveMonitor *monitor, KlDrive *drive)
{
  KlRestoreWindow *self
      = g_object_new (KL_TYPE_RESTORE_WINDOW, "application", gtk_window_get_application (parent),
                      "transient-for", parent, NULL);
  const KlBlankKind usual = kl_blank_kind_choose (kl_drive_get_size (drive));

  self->drive = g_object_ref (drive);
  self->selection = kl_drive_selection_new (monitor);
  kl_drive_selection_choose (self->selection, drive, TRUE);
  g_signal_connect_object (self->selection, "lost", G_CALLBACK (drive_lost_cb), self,
                           G_CONNECT_SWAPPED);
  show_drive (self);
  adw_combo_row_set_selected (self->kind_row, usual == KL_BLANK_FAT32 ? 0 : 1);
  update (self);
  gtk_widget_grab_focus (self->cancel_button);
  gtk_window_present (GTK_WINDOW (self));
}
