/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-target-page"

#include "config.h"

#include "window/target-page.h"

#include <glib/gi18n.h>

#include "base/error.h"
#include "error-text.h"
#include "media/layout.h"
#include "window/drive-target.h"
#include "window/fact-row.h"
#include "window/file-target.h"
#include "window/image-text.h"
#include "window/problem-label.h"

struct _KlTargetPage
{
  KlCreatePage parent_instance;

  KlFactRow *image_row;
  GtkToggleButton *iso_button;
  GtkToggleButton *drives_button;
  GtkToggleButton *disk_button;
  GtkStack *parts;
  KlFileTarget *iso_target;
  KlDriveTarget *drive_target;
  KlFileTarget *disk_target;
  AdwEntryRow *label_row;
  char *offered_label; /* owned; before anybody changed it */
  GtkLabel *label_problem;
  AdwComboRow *boot_manager_row;
  GtkSwitch *verify_switch;
};

G_DEFINE_FINAL_TYPE (KlTargetPage, kl_target_page, KL_TYPE_CREATE_PAGE)

/* The order of the choices in the .ui file. */
static const KlBootManager boot_managers[] = { KL_BOOT_MANAGER_2011, KL_BOOT_MANAGER_2023 };

static KlCreatePage *
get_part (KlTargetPage *self)
{
  return KL_CREATE_PAGE (gtk_stack_get_visible_child (self->parts));
}

static void
validate (KlTargetPage *self)
{
  KlMediaDraft *draft = kl_create_page_get_draft (KL_CREATE_PAGE (self));
  g_autoptr (GError) error = NULL;
  g_autofree char *label_problem = NULL;
  gboolean complete = kl_create_page_is_complete (get_part (self));

  if (!kl_label_check (kl_media_draft_get_label (draft), &error))
    label_problem = kl_error_text_dup_next_step (error);
  complete
      &= kl_problem_label_show (self->label_problem, GTK_WIDGET (self->label_row), label_problem);
  kl_create_page_set_complete (KL_CREATE_PAGE (self), complete);
}

static void
show_kind (KlTargetPage *self)
{
  KlMediaDraft *draft = kl_create_page_get_draft (KL_CREATE_PAGE (self));

  switch (kl_target_draft_get_kind (kl_media_draft_get_target (draft)))
    {
    case KL_TARGET_DRIVES:
      gtk_toggle_button_set_active (self->drives_button, TRUE);
      gtk_stack_set_visible_child (self->parts, GTK_WIDGET (self->drive_target));
      break;
    case KL_TARGET_DISK_IMAGE:
      gtk_toggle_button_set_active (self->disk_button, TRUE);
      gtk_stack_set_visible_child (self->parts, GTK_WIDGET (self->disk_target));
      break;
    case KL_TARGET_ISO:
    default:
      gtk_toggle_button_set_active (self->iso_button, TRUE);
      gtk_stack_set_visible_child (self->parts, GTK_WIDGET (self->iso_target));
    }
  validate (self);
}

static void
kind_toggled_cb (KlTargetPage *self, GtkToggleButton *button)
{
  KlMediaDraft *draft = kl_create_page_get_draft (KL_CREATE_PAGE (self));
  const KlTargetKind kind = button == self->drives_button ? KL_TARGET_DRIVES
                            : button == self->disk_button ? KL_TARGET_DISK_IMAGE
                                                          : KL_TARGET_ISO;

  if (draft == NULL || !gtk_toggle_button_get_active (button))
    return;
  g_object_set (kl_media_draft_get_target (draft), "kind", (int) kind, NULL);
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
attach_part (KlTargetPage *self, KlCreatePage *part, KlMediaDraft *draft)
{
  kl_create_page_attach (part, kl_create_page_get_catalog (KL_CREATE_PAGE (self)), draft);
  g_signal_connect_object (part, "notify::complete", G_CALLBACK (validate), self,
                           G_CONNECT_SWAPPED);
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

  g_object_bind_property (draft, "label", self->label_row, "text",
                          G_BINDING_BIDIRECTIONAL | G_BINDING_SYNC_CREATE);
  g_object_bind_property (draft, "verify", self->verify_switch, "active",
                          G_BINDING_BIDIRECTIONAL | G_BINDING_SYNC_CREATE);
  self->offered_label = g_strdup (kl_media_draft_get_label (draft));
  offer_boot_managers (self, draft);
  attach_part (self, KL_CREATE_PAGE (self->iso_target), draft);
  attach_part (self, KL_CREATE_PAGE (self->drive_target), draft);
  attach_part (self, KL_CREATE_PAGE (self->disk_target), draft);

  g_signal_connect_object (kl_media_draft_get_target (draft), "notify::kind",
                           G_CALLBACK (show_kind), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (draft, "notify::label", G_CALLBACK (validate), self, G_CONNECT_SWAPPED);
  show_kind (self);
}

static void
kl_target_page_enter (KlCreatePage *page)
{
  kl_create_page_enter (get_part (KL_TARGET_PAGE (page)));
}

static gboolean
kl_target_page_has_input (KlCreatePage *page)
{
  KlTargetPage *self = KL_TARGET_PAGE (page);
  const char *label = gtk_editable_get_text (GTK_EDITABLE (self->label_row));

  return !g_str_equal (label, self->offered_label) || kl_create_page_has_input (get_part (self));
}

static void
kl_target_page_finalize (GObject *object)
{
  g_free (KL_TARGET_PAGE (object)->offered_label);

  G_OBJECT_CLASS (kl_target_page_parent_class)->finalize (object);
}

static void
kl_target_page_class_init (KlTargetPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  KL_CREATE_PAGE_CLASS (klass)->attach = kl_target_page_attach;
  G_OBJECT_CLASS (klass)->finalize = kl_target_page_finalize;
  KL_CREATE_PAGE_CLASS (klass)->enter = kl_target_page_enter;
  KL_CREATE_PAGE_CLASS (klass)->has_input = kl_target_page_has_input;

  g_type_ensure (KL_TYPE_DRIVE_TARGET);
  g_type_ensure (KL_TYPE_FACT_ROW);
  g_type_ensure (KL_TYPE_FILE_TARGET);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/kindling/Kindling/ui/target-page.ui");
  gtk_widget_class_bind_template_child (widget_class, KlTargetPage, image_row);
  gtk_widget_class_bind_template_child (widget_class, KlTargetPage, iso_button);
  gtk_widget_class_bind_template_child (widget_class, KlTargetPage, drives_button);
  gtk_widget_class_bind_template_child (widget_class, KlTargetPage, disk_button);
  gtk_widget_class_bind_template_child (widget_class, KlTargetPage, parts);
  gtk_widget_class_bind_template_child (widget_class, KlTargetPage, iso_target);
  gtk_widget_class_bind_template_child (widget_class, KlTargetPage, drive_target);
  gtk_widget_class_bind_template_child (widget_class, KlTargetPage, disk_target);
  gtk_widget_class_bind_template_child (widget_class, KlTargetPage, label_row);
  gtk_widget_class_bind_template_child (widget_class, KlTargetPage, label_problem);
  gtk_widget_class_bind_template_child (widget_class, KlTargetPage, boot_manager_row);
  gtk_widget_class_bind_template_child (widget_class, KlTargetPage, verify_switch);
  gtk_widget_class_bind_template_callback (widget_class, kind_toggled_cb);
  gtk_widget_class_bind_template_callback (widget_class, boot_manager_selected_cb);
}

static void
kl_target_page_init (KlTargetPage *self)
{
  GtkWidget *kinds;

  gtk_widget_init_template (GTK_WIDGET (self));

  /* Not every language has words as short as English for a narrow window. */
  kinds = gtk_widget_get_parent (GTK_WIDGET (self->iso_button));
  for (GtkWidget *kind = gtk_widget_get_first_child (kinds); kind != NULL;
       kind = gtk_widget_get_next_sibling (kind))
    {
      GtkWidget *label = gtk_button_get_child (GTK_BUTTON (kind));

      gtk_label_set_wrap (GTK_LABEL (label), TRUE);
      gtk_label_set_justify (GTK_LABEL (label), GTK_JUSTIFY_CENTER);
    }
}
