/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-drive-review"

#include "config.h"

#include "window/drive-review.h"

#include <glib/gi18n.h>

#include "bidi.h"
#include "window/drive-row.h"
#include "window/drive-text.h"
#include "window/group-title.h"

/* Where an entry keeps what must be typed. */
#define WORD_KEY "kl-word"

struct _KlDriveReview
{
  AdwPreferencesGroup parent_instance;

  KlTargetDraft *target; /* owned */
  GtkListBox *list;      /* child of the group */
  GPtrArray *entries;    /* of GtkEntry, borrowed from the rows */
};

G_DEFINE_FINAL_TYPE (KlDriveReview, kl_drive_review, ADW_TYPE_PREFERENCES_GROUP)

static guint changed_signal;

static void
emit_changed (KlDriveReview *self)
{
  g_signal_emit (self, changed_signal, 0);
}

static void
ask_to_type (KlDriveReview *self, KlDriveRow *row, KlDrive *drive)
{
  const char *serial = kl_drive_get_identity (drive)->serial;
  const char *word = serial ? serial : kl_drive_get_path (drive);
  /* Translators: %s is the serial number of a disk. */
  g_autofree char *text = kl_bidi_printf (_ ("This disk is built in. Type %s to erase it:"), word);
  GtkWidget *label = gtk_label_new (text);
  GtkWidget *entry = gtk_entry_new ();

  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_widget_set_margin_top (label, 6);
  gtk_accessible_update_property (GTK_ACCESSIBLE (entry), GTK_ACCESSIBLE_PROPERTY_LABEL, text, -1);
  g_object_set_data_full (G_OBJECT (entry), WORD_KEY, g_strdup (word), g_free);
  g_signal_connect_object (entry, "changed", G_CALLBACK (emit_changed), self, G_CONNECT_SWAPPED);
  kl_drive_row_add_below (row, label);
  kl_drive_row_add_below (row, entry);
  g_ptr_array_add (self->entries, entry);
}

static void
add_row (KlDriveReview *self, KlDrive *drive)
{
  const gboolean erase = kl_target_draft_get_format (self->target);
  g_autofree char *content = kl_drive_text_dup_content (drive);
  /* Translators: %s is what is on a drive, such as: FAT32 “PHOTOS” */
  g_autofree char *fate
      = g_strdup_printf (erase ? _ ("Will be erased: %s") : _ ("Files are added to: %s"), content);
  GtkWidget *row = kl_drive_row_new (drive);

  kl_drive_row_set_content (KL_DRIVE_ROW (row), fate);
  gtk_list_box_row_set_activatable (GTK_LIST_BOX_ROW (row), FALSE);
  if (erase)
    gtk_widget_add_css_class (row, "erased");
  if (!kl_drive_text_is_plugged_in (drive))
    ask_to_type (self, KL_DRIVE_ROW (row), drive);
  gtk_list_box_append (self->list, row);
}

static void
kl_drive_review_dispose (GObject *object)
{
  KlDriveReview *self = KL_DRIVE_REVIEW (object);

  g_clear_object (&self->target);
  g_clear_pointer (&self->entries, g_ptr_array_unref);

  G_OBJECT_CLASS (kl_drive_review_parent_class)->dispose (object);
}

static void
kl_drive_review_class_init (KlDriveReviewClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = kl_drive_review_dispose;

  changed_signal = g_signal_new ("changed", KL_TYPE_DRIVE_REVIEW, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                 NULL, G_TYPE_NONE, 0);
}

static void
kl_drive_review_init (KlDriveReview *self)
{
  self->list = GTK_LIST_BOX (gtk_list_box_new ());
  gtk_list_box_set_selection_mode (self->list, GTK_SELECTION_NONE);
  gtk_widget_add_css_class (GTK_WIDGET (self->list), "boxed-list");
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->list), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ ("Drives to Write To"), -1);
  kl_group_title_wrap_all (GTK_WIDGET (self));
  adw_preferences_group_add (ADW_PREFERENCES_GROUP (self), GTK_WIDGET (self->list));
  self->entries = g_ptr_array_new ();
}

static void
selection_changed_cb (KlDriveReview *self)
{
  if (self->target == NULL || !gtk_widget_get_visible (GTK_WIDGET (self)))
    return;
  kl_drive_review_show (self);
  emit_changed (self);
}

void
kl_drive_review_set_target (KlDriveReview *self, KlTargetDraft *target)
{
  g_return_if_fail (KL_IS_DRIVE_REVIEW (self) && self->target == NULL);

  self->target = g_object_ref (target);
  g_signal_connect_object (kl_target_draft_get_selection (target), "items-changed",
                           G_CALLBACK (selection_changed_cb), self, G_CONNECT_SWAPPED);
}

void
kl_drive_review_show (KlDriveReview *self)
{
  GListModel *drives = G_LIST_MODEL (kl_target_draft_get_selection (self->target));
  const gboolean wanted = kl_target_draft_get_kind (self->target) == KL_TARGET_DRIVES;
  GtkWidget *row;

  while ((row = gtk_widget_get_first_child (GTK_WIDGET (self->list))) != NULL)
    gtk_list_box_remove (self->list, row);
  g_ptr_array_set_size (self->entries, 0);

  gtk_widget_set_visible (GTK_WIDGET (self), wanted);
  if (!wanted)
    return;
  adw_preferences_group_set_title (ADW_PREFERENCES_GROUP (self),
                                   kl_target_draft_get_format (self->target)
                                       ? _ ("Everything on These Drives Will Be Lost")
                                       : _ ("Drives That Files Are Added To"));
  for (guint i = 0; i < g_list_model_get_n_items (drives); i++)
    {
      g_autoptr (KlDrive) drive = g_list_model_get_item (drives, i);

      add_row (self, drive);
    }
}

gboolean
kl_drive_review_is_confirmed (KlDriveReview *self)
{
  for (guint i = 0; i < self->entries->len; i++)
    if (g_strcmp0 (gtk_editable_get_text (self->entries->pdata[i]),
                   g_object_get_data (self->entries->pdata[i], WORD_KEY))
        != 0)
      return FALSE;
  return TRUE;
}
