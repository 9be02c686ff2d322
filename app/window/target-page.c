/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-target-page"

#include "config.h"

#include "window/target-page.h"

#include <glib/gi18n.h>

#include "base/error.h"
#include "error-text.h"
#include "media/layout.h"
#include "window/fact-row.h"
#include "window/image-text.h"
#include "window/problem-label.h"

struct _KlTargetPage
{
  KlCreatePage parent_instance;

  GtkFileChooserNative *chooser; /* owned while it is open */

  KlFactRow *image_row;
  KlFactRow *folder_row;
  AdwEntryRow *file_name_row;
  GtkLabel *file_name_problem;
  AdwEntryRow *label_row;
  GtkLabel *label_problem;
  AdwComboRow *boot_manager_row;
  GtkSwitch *verify_switch;
};

G_DEFINE_FINAL_TYPE (KlTargetPage, kl_target_page, KL_TYPE_CREATE_PAGE)

/* The order of the choices in the .ui file. */
static const KlBootManager boot_managers[] = { KL_BOOT_MANAGER_2011, KL_BOOT_MANAGER_2023 };

static void
validate (KlTargetPage *self)
{
  KlMediaDraft *draft = kl_create_page_get_draft (KL_CREATE_PAGE (self));
  g_autoptr (GError) error = NULL;
  const char *name_problem = NULL;
  const char *label_problem = NULL;
  gboolean complete;

  kl_media_draft_check_file_name (draft, &name_problem);
  if (!kl_label_check (kl_media_draft_get_label (draft), &error))
    label_problem = kl_error_text_get_next_step (error);

  complete = kl_problem_label_show (self->file_name_problem, GTK_WIDGET (self->file_name_row),
                                    name_problem);
  complete
      &= kl_problem_label_show (self->label_problem, GTK_WIDGET (self->label_row), label_problem);
  kl_create_page_set_complete (KL_CREATE_PAGE (self), complete);
}

static void
show_folder (KlTargetPage *self)
{
  KlMediaDraft *draft = kl_create_page_get_draft (KL_CREATE_PAGE (self));
  g_autofree char *name = g_filename_display_name (kl_media_draft_get_folder (draft));

  kl_fact_row_set_value (self->folder_row, name);
}

static void
folder_chosen_cb (KlTargetPage *self, int response)
{
  g_autoptr (GFile) folder = NULL;

  if (response == GTK_RESPONSE_ACCEPT)
    folder = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (self->chooser));
  if (folder != NULL && g_file_peek_path (folder) != NULL)
    g_object_set (kl_create_page_get_draft (KL_CREATE_PAGE (self)), "folder",
                  g_file_peek_path (folder), NULL);
  g_clear_object (&self->chooser);
}

static void
browse_cb (KlTargetPage *self)
{
  KlMediaDraft *draft = kl_create_page_get_draft (KL_CREATE_PAGE (self));
  g_autoptr (GFile) folder = g_file_new_for_path (kl_media_draft_get_folder (draft));

  g_clear_object (&self->chooser);
  self->chooser = gtk_file_chooser_native_new (
      _ ("Choose a Folder for the ISO File"), GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (self))),
      GTK_FILE_CHOOSER_ACTION_SELECT_FOLDER, _ ("_Choose"), NULL);
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (self->chooser), TRUE);
  gtk_file_chooser_set_current_folder (GTK_FILE_CHOOSER (self->chooser), folder, NULL);
  g_signal_connect_object (self->chooser, "response", G_CALLBACK (folder_chosen_cb), self,
                           G_CONNECT_SWAPPED);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (self->chooser));
}

static void
boot_manager_selected_cb (KlTargetPage *self)
{
  KlMediaDraft *draft = kl_create_page_get_draft (KL_CREATE_PAGE (self));
  guint selected = adw_combo_row_get_selected (self->boot_manager_row);

  if (draft != NULL && gtk_widget_get_visible (GTK_WIDGET (self->boot_manager_row))
      && selected < G_N_ELEMENTS (boot_managers))
    g_object_set (draft, "boot-manager", (int) boot_managers[selected], NULL);
}

static void
offer_boot_managers (KlTargetPage *self, KlMediaDraft *draft)
{
  KlBootImage *image = kl_media_draft_get_image (draft);
  int chosen;

  if (!kl_boot_image_has_boot_manager (image, KL_BOOT_MANAGER_2011)
      || !kl_boot_image_has_boot_manager (image, KL_BOOT_MANAGER_2023))
    return;

  g_object_get (draft, "boot-manager", &chosen, NULL);
  adw_combo_row_set_selected (self->boot_manager_row, chosen == KL_BOOT_MANAGER_2023 ? 1 : 0);
  gtk_widget_set_visible (GTK_WIDGET (self->boot_manager_row), TRUE);
}

static void
kl_target_page_attach (KlCreatePage *page, KlMediaDraft *draft)
{
  KlTargetPage *self = KL_TARGET_PAGE (page);
  KlBootImage *image = kl_media_draft_get_image (draft);
  g_autofree char *name = kl_image_text_dup_name (image);
  g_autofree char *identity = kl_image_text_dup_identity (image);

  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self->image_row), name);
  kl_fact_row_set_value (self->image_row, identity);

  g_object_bind_property (draft, "file-name", self->file_name_row, "text",
                          G_BINDING_BIDIRECTIONAL | G_BINDING_SYNC_CREATE);
  g_object_bind_property (draft, "label", self->label_row, "text",
                          G_BINDING_BIDIRECTIONAL | G_BINDING_SYNC_CREATE);
  g_object_bind_property (draft, "verify", self->verify_switch, "active",
                          G_BINDING_BIDIRECTIONAL | G_BINDING_SYNC_CREATE);
  offer_boot_managers (self, draft);

  g_signal_connect_object (draft, "notify::folder", G_CALLBACK (show_folder), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (draft, "notify::file-name", G_CALLBACK (validate), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (draft, "notify::label", G_CALLBACK (validate), self, G_CONNECT_SWAPPED);
  show_folder (self);
  validate (self);
}

static void
kl_target_page_enter (KlCreatePage *page)
{
  gtk_widget_grab_focus (GTK_WIDGET (KL_TARGET_PAGE (page)->file_name_row));
}

static void
kl_target_page_dispose (GObject *object)
{
  KlTargetPage *self = KL_TARGET_PAGE (object);

  g_clear_object (&self->chooser);

  G_OBJECT_CLASS (kl_target_page_parent_class)->dispose (object);
}

static void
kl_target_page_class_init (KlTargetPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kl_target_page_dispose;
  KL_CREATE_PAGE_CLASS (klass)->attach = kl_target_page_attach;
  KL_CREATE_PAGE_CLASS (klass)->enter = kl_target_page_enter;

  g_type_ensure (KL_TYPE_FACT_ROW);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/kindling/Kindling/ui/target-page.ui");
  gtk_widget_class_bind_template_child (widget_class, KlTargetPage, image_row);
  gtk_widget_class_bind_template_child (widget_class, KlTargetPage, folder_row);
  gtk_widget_class_bind_template_child (widget_class, KlTargetPage, file_name_row);
  gtk_widget_class_bind_template_child (widget_class, KlTargetPage, file_name_problem);
  gtk_widget_class_bind_template_child (widget_class, KlTargetPage, label_row);
  gtk_widget_class_bind_template_child (widget_class, KlTargetPage, label_problem);
  gtk_widget_class_bind_template_child (widget_class, KlTargetPage, boot_manager_row);
  gtk_widget_class_bind_template_child (widget_class, KlTargetPage, verify_switch);
  gtk_widget_class_bind_template_callback (widget_class, browse_cb);
  gtk_widget_class_bind_template_callback (widget_class, boot_manager_selected_cb);
}

static void
kl_target_page_init (KlTargetPage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
