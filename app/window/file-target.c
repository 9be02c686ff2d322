/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-file-target"

#include "config.h"

#include "window/file-target.h"

#include <glib/gi18n.h>

#include "bidi.h"
#include "window/fact-row.h"
#include "window/part-names.h"
#include "window/problem-label.h"

/* In which the size of a disk is asked for; bytes. */
#define GIGABYTE 1e9

struct _KlFileTarget
{
  KlCreatePage parent_instance;

  KlTargetKind kind;
  char *offered; /* owned; name of the file before anybody changed it, without its suffix */
  GtkFileChooserNative *chooser; /* owned while it is open */

  AdwPreferencesGroup *group;
  KlFactRow *folder_row;
  AdwEntryRow *name_row;
  GtkLabel *name_problem;
  AdwComboRow *format_row;
  AdwActionRow *size_row;
  GtkSpinButton *size_spin;
  GtkLabel *size_problem;
};

G_DEFINE_FINAL_TYPE (KlFileTarget, kl_file_target, KL_TYPE_CREATE_PAGE)

enum
{
  PROP_KIND = 1,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

static KlTargetDraft *
get_target (KlFileTarget *self)
{
  return kl_media_draft_get_target (kl_create_page_get_draft (KL_CREATE_PAGE (self)));
}

/* Returns: whether the disk is large enough */
static gboolean
validate_size (KlFileTarget *self)
{
  KlTargetDraft *target = get_target (self);
  g_autofree char *problem = NULL;
  g_autofree char *needed = NULL;
  guint64 bytes;

  if (self->kind != KL_TARGET_DISK_IMAGE)
    return TRUE;
  g_object_get (target, "disk-bytes", &bytes, NULL);
  if (bytes < kl_target_draft_get_bytes_needed (target))
    {
      needed = g_format_size (kl_target_draft_get_bytes_needed (target));
      problem = kl_bidi_printf (_ ("Too small: %s are needed"), needed);
    }
  return kl_problem_label_show (self->size_problem, GTK_WIDGET (self->size_row), problem);
}

static void
validate (KlFileTarget *self)
{
  const char *problem = NULL;
  gboolean complete;

  kl_target_draft_check_name (get_target (self), self->kind, &problem);
  complete = kl_problem_label_show (self->name_problem, GTK_WIDGET (self->name_row), problem);
  complete &= validate_size (self);
  kl_create_page_set_complete (KL_CREATE_PAGE (self), complete);
}

static void
show_folder (KlFileTarget *self)
{
  g_autofree char *name = g_filename_display_name (kl_target_draft_get_folder (get_target (self)));

  kl_fact_row_set_value (self->folder_row, name);
}

static void
folder_chosen_cb (KlFileTarget *self, int response)
{
  g_autoptr (GFile) folder = NULL;

  if (response == GTK_RESPONSE_ACCEPT)
    folder = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (self->chooser));
  if (folder != NULL && g_file_peek_path (folder) != NULL)
    g_object_set (get_target (self), "folder", g_file_peek_path (folder), NULL);
  g_clear_object (&self->chooser);
}

static void
browse_cb (KlFileTarget *self)
{
  g_autoptr (GFile) folder = g_file_new_for_path (kl_target_draft_get_folder (get_target (self)));
  const char *title = self->kind == KL_TARGET_ISO ? _ ("Choose a Folder for the ISO File")
                                                  : _ ("Choose a Folder for the Disk Image");

  g_clear_object (&self->chooser);
  self->chooser
      = gtk_file_chooser_native_new (title, GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (self))),
                                     GTK_FILE_CHOOSER_ACTION_SELECT_FOLDER, _ ("_Choose"), NULL);
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (self->chooser), TRUE);
  gtk_file_chooser_set_current_folder (GTK_FILE_CHOOSER (self->chooser), folder, NULL);
  g_signal_connect_object (self->chooser, "response", G_CALLBACK (folder_chosen_cb), self,
                           G_CONNECT_SWAPPED);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (self->chooser));
}

/* A suffix may come from the choice of a format. */
static char *
dup_stem (const char *name)
{
  const char *dot = strrchr (name, '.');

  return dot != NULL && strlen (dot) <= 4 ? g_strndup (name, (gsize) (dot - name))
                                          : g_strdup (name);
}

static gboolean
is_vhd (const char *name)
{
  const gsize length = strlen (name);

  return length >= 4 && g_ascii_strcasecmp (name + length - 4, ".vhd") == 0;
}

/* The kind of a disk image is told by the name of its file. */
static void
format_selected_cb (KlFileTarget *self)
{
  const char *name = gtk_editable_get_text (GTK_EDITABLE (self->name_row));
  const gboolean vhd = adw_combo_row_get_selected (self->format_row) == 1;
  g_autofree char *stem = dup_stem (name);
  g_autofree char *renamed = NULL;

  if (kl_create_page_get_draft (KL_CREATE_PAGE (self)) == NULL || is_vhd (name) == vhd)
    return;
  renamed = g_strconcat (stem, vhd ? ".vhd" : ".img", NULL);
  gtk_editable_set_text (GTK_EDITABLE (self->name_row), renamed);
}

static void
name_changed_cb (KlFileTarget *self)
{
  const char *name = gtk_editable_get_text (GTK_EDITABLE (self->name_row));

  if (self->kind == KL_TARGET_DISK_IMAGE)
    adw_combo_row_set_selected (self->format_row, is_vhd (name) ? 1 : 0);
  validate (self);
}

static void
size_changed_cb (KlFileTarget *self)
{
  if (kl_create_page_get_draft (KL_CREATE_PAGE (self)) == NULL)
    return;
  g_object_set (get_target (self), "disk-bytes",
                (guint64) (gtk_spin_button_get_value (self->size_spin) * GIGABYTE), NULL);
  validate (self);
}

static void
attach_disk_image (KlFileTarget *self, KlTargetDraft *target)
{
  guint64 bytes;

  g_object_get (target, "disk-bytes", &bytes, NULL);
  gtk_spin_button_set_value (self->size_spin, (double) bytes / GIGABYTE);
  gtk_widget_set_visible (GTK_WIDGET (self->format_row), TRUE);
  gtk_widget_set_visible (GTK_WIDGET (self->size_row), TRUE);
}

static void
kl_file_target_attach (KlCreatePage *page, KlMediaDraft *draft)
{
  KlFileTarget *self = KL_FILE_TARGET (page);
  KlTargetDraft *target = kl_media_draft_get_target (draft);
  const gboolean iso = self->kind == KL_TARGET_ISO;

  adw_preferences_group_set_title (self->group, iso ? _ ("ISO File") : _ ("Disk Image"));
  if (!iso)
    attach_disk_image (self, target);
  g_object_bind_property (target, iso ? "iso-name" : "disk-name", self->name_row, "text",
                          G_BINDING_BIDIRECTIONAL | G_BINDING_SYNC_CREATE);
  g_signal_connect_object (self->name_row, "changed", G_CALLBACK (name_changed_cb), self,
                           G_CONNECT_SWAPPED | G_CONNECT_AFTER);
  g_signal_connect_object (target, "notify::folder", G_CALLBACK (show_folder), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (target, "notify::bytes-needed", G_CALLBACK (validate), self,
                           G_CONNECT_SWAPPED);
  self->offered = dup_stem (gtk_editable_get_text (GTK_EDITABLE (self->name_row)));
  show_folder (self);
  validate (self);
}

static gboolean
kl_file_target_has_input (KlCreatePage *page)
{
  KlFileTarget *self = KL_FILE_TARGET (page);
  g_autofree char *stem = dup_stem (gtk_editable_get_text (GTK_EDITABLE (self->name_row)));

  return !g_str_equal (stem, self->offered);
}

static void
kl_file_target_enter (KlCreatePage *page)
{
  gtk_widget_grab_focus (GTK_WIDGET (KL_FILE_TARGET (page)->name_row));
}

static void
kl_file_target_set_property (GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
  if (id == PROP_KIND)
    KL_FILE_TARGET (object)->kind = (KlTargetKind) g_value_get_int (value);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
}

static void
kl_file_target_dispose (GObject *object)
{
  KlFileTarget *self = KL_FILE_TARGET (object);

  g_clear_object (&self->chooser);
  g_clear_pointer (&self->offered, g_free);

  G_OBJECT_CLASS (kl_file_target_parent_class)->dispose (object);
}

static void
kl_file_target_class_init (KlFileTargetClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->set_property = kl_file_target_set_property;
  G_OBJECT_CLASS (klass)->dispose = kl_file_target_dispose;
  KL_CREATE_PAGE_CLASS (klass)->attach = kl_file_target_attach;
  KL_CREATE_PAGE_CLASS (klass)->enter = kl_file_target_enter;
  KL_CREATE_PAGE_CLASS (klass)->has_input = kl_file_target_has_input;

  properties[PROP_KIND]
      = g_param_spec_int ("kind", NULL, NULL, KL_TARGET_ISO, KL_TARGET_DISK_IMAGE, KL_TARGET_ISO,
                          G_PARAM_WRITABLE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (G_OBJECT_CLASS (klass), N_PROPS, properties);

  g_type_ensure (KL_TYPE_FACT_ROW);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/kindling/Kindling/ui/file-target.ui");
  gtk_widget_class_bind_template_child (widget_class, KlFileTarget, group);
  gtk_widget_class_bind_template_child (widget_class, KlFileTarget, folder_row);
  gtk_widget_class_bind_template_child (widget_class, KlFileTarget, name_row);
  gtk_widget_class_bind_template_child (widget_class, KlFileTarget, name_problem);
  gtk_widget_class_bind_template_child (widget_class, KlFileTarget, format_row);
  gtk_widget_class_bind_template_child (widget_class, KlFileTarget, size_row);
  gtk_widget_class_bind_template_child (widget_class, KlFileTarget, size_spin);
  gtk_widget_class_bind_template_child (widget_class, KlFileTarget, size_problem);
  gtk_widget_class_bind_template_callback (widget_class, browse_cb);
  gtk_widget_class_bind_template_callback (widget_class, format_selected_cb);
  gtk_widget_class_bind_template_callback (widget_class, size_changed_cb);
}

static void
kl_file_target_init (KlFileTarget *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  kl_name_parts_of_combo_row (self->format_row);
}
