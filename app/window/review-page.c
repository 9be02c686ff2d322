/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-review-page"

#include "config.h"

#include "window/review-page.h"

#include <glib/gi18n.h>

#include "bidi.h"
#include "core-text.h"
#include "window/certificate-text.h"
#include "window/drive-review.h"
#include "window/fact-row.h"
#include "window/failure-view.h"
#include "window/image-text.h"
#include "window/media-plan.h"
#include "window/part-names.h"

struct _KlReviewPage
{
  KlCreatePage parent_instance;

  GCancellable *cancellable; /* owned; of the plan that is being made */
  gboolean fits;             /* the plan that is shown */
  gboolean replaces;

  GtkStack *stack;
  KlDriveReview *drive_review;
  KlFactRow *image_row;
  KlFactRow *file_row;
  KlFactRow *replace_row;
  KlFactRow *label_row;
  KlFactRow *space_row;
  KlFactRow *bios_row;
  KlFactRow *uefi_row;
  KlFactRow *signer_row;
  KlFactRow *password_row;
  KlFactRow *certificate_row;
  KlFactRow *unattended_row;
  KlFactRow *site_row;
  AdwPreferencesGroup *warnings_group;
  GPtrArray *warning_rows; /* borrowed from the group */
  AdwExpanderRow *files_row;
  GPtrArray *file_rows; /* borrowed from the expander */
  KlFailureView *failure_view;
};

G_DEFINE_FINAL_TYPE (KlReviewPage, kl_review_page, KL_TYPE_CREATE_PAGE)

static void
show_target (KlReviewPage *self, KlMediaPlan *plan)
{
  KlMediaDraft *draft = kl_create_page_get_draft (KL_CREATE_PAGE (self));
  KlBootImage *image = kl_media_draft_get_image (draft);
  g_autofree char *name = kl_image_text_dup_name (image);
  g_autofree char *image_text = kl_bidi_printf ("%s (%s)", name, kl_boot_image_get_id (image));
  KlTargetDraft *target = kl_media_draft_get_target (draft);
  g_autofree char *path = kl_target_draft_dup_path (target);
  g_autofree char *file_text = path ? g_filename_display_name (path) : NULL;

  kl_drive_review_show (self->drive_review);
  kl_fact_row_set_value (self->image_row, image_text);
  adw_preferences_row_set_title (
      ADW_PREFERENCES_ROW (self->file_row),
      kl_target_draft_get_kind (target) == KL_TARGET_ISO ? _ ("ISO File") : _ ("Disk Image"));
  kl_fact_row_set_value (self->file_row, file_text);
  gtk_widget_set_visible (GTK_WIDGET (self->file_row), path != NULL);
  kl_fact_row_set_value (self->label_row, kl_media_layout_get_label (plan->layout));

  gtk_widget_set_visible (GTK_WIDGET (self->replace_row), plan->replaces);
  if (plan->replaces)
    {
      g_autofree char *size = g_format_size (plan->replaced_size);
      g_autofree char *date = kl_image_text_dup_date (plan->replaced_date);
      /* Translators: the file that will be replaced: its size, then its date. */
      g_autofree char *text = kl_bidi_printf (_ ("%s, from %s"), size, date);

      kl_fact_row_set_value (self->replace_row, text);
      kl_fact_row_set_state (self->replace_row, "dialog-warning-symbolic", "warning",
                             C_ ("file", "Replaced"));
    }
}

static void
show_space (KlReviewPage *self, KlMediaPlan *plan)
{
  g_autofree char *needed = g_format_size (plan->bytes_needed);
  g_autofree char *available = g_format_size (plan->bytes_free);
  KlMediaDraft *draft = kl_create_page_get_draft (KL_CREATE_PAGE (self));
  const gboolean drives
      = kl_target_draft_get_kind (kl_media_draft_get_target (draft)) == KL_TARGET_DRIVES;
  g_autofree char *text = NULL;

  if (drives && plan->free_known)
    /* Translators: both are sizes; the second is of the smallest drive that was chosen. */
    text = kl_bidi_printf (_ ("%s needed, the smallest drive has %s"), needed, available);
  else if (!kl_media_plan_fits (plan))
    text = kl_bidi_printf (_ ("%s needed, %s free. Go back and choose a folder on another disk."),
                           needed, available);
  else if (plan->free_known)
    text = kl_bidi_printf (_ ("%s needed, %s free"), needed, available);
  else
    text = kl_bidi_printf (_ ("%s needed"), needed);
  kl_fact_row_set_value (self->space_row, text);

  if (kl_media_plan_fits (plan))
    kl_fact_row_set_state (self->space_row, "object-select-symbolic", "success",
                           C_ ("space", "Enough"));
  else
    kl_fact_row_set_state (self->space_row, "dialog-error-symbolic", "error",
                           C_ ("space", "Not Enough"));
}

static void
show_firmware (KlReviewPage *self, KlMediaLayout *layout)
{
  const char *bios_reason = NULL;
  const char *uefi_reason = NULL;
  gboolean bios = kl_media_layout_has_bios (layout, &bios_reason);
  gboolean uefi = kl_media_layout_has_uefi (layout, &uefi_reason);
  g_autofree char *signer = NULL;

  kl_fact_row_set_boots (self->bios_row, bios, _ ("PCs with BIOS, or UEFI in compatibility mode"),
                         bios_reason);
  kl_fact_row_set_boots (self->uefi_row, uefi, kl_media_layout_get_uefi_architecture (layout),
                         uefi_reason);

  signer = kl_image_text_dup_signer (kl_media_layout_get_signer (layout));
  kl_fact_row_set_value (self->signer_row, signer);
  gtk_widget_set_visible (GTK_WIDGET (self->signer_row), uefi);
}

static void
show_protection (KlReviewPage *self)
{
  KlMediaDraft *draft = kl_create_page_get_draft (KL_CREATE_PAGE (self));
  KlSiteProfile *site = kl_media_draft_get_site (draft);
  const gboolean password = kl_media_draft_get_password (draft) != NULL;

  kl_fact_row_set_value (self->password_row,
                         password ? _ ("Yes: protects the private key and the variables")
                                  : _ ("No: anyone can read the private key and the variables"));
  kl_fact_row_set_state (self->password_row,
                         password ? "object-select-symbolic" : "dialog-warning-symbolic",
                         password ? "success" : "warning", NULL);
  kl_certificate_text_show_end (self->certificate_row, kl_media_draft_get_certificate_end (draft));
  kl_fact_row_set_value (self->unattended_row,
                         _ ("Unattended: nobody is asked for network or task sequence"));
  gtk_widget_set_visible (GTK_WIDGET (self->unattended_row), kl_media_draft_get_unattended (draft));

  if (site != NULL)
    {
      const char *organization = kl_site_profile_get_organization (site);
      g_autofree char *text
          = g_strjoin (" – ", kl_site_profile_get_site_code (site), organization, NULL);

      kl_fact_row_set_value (self->site_row, text);
    }
  else
    kl_fact_row_set_value (self->site_row, _ ("None: plain Windows PE media"));
}

static void
add_warning (KlReviewPage *self, const char *text)
{
  GtkWidget *row = kl_fact_row_new (text, NULL);

  gtk_widget_add_css_class (row, "plain");
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), text);
  kl_fact_row_set_state (KL_FACT_ROW (row), "dialog-warning-symbolic", "warning", NULL);
  adw_preferences_group_add (self->warnings_group, row);
  g_ptr_array_add (self->warning_rows, row);
}

static void
show_warnings (KlReviewPage *self, KlMediaLayout *layout)
{
  KlMediaDraft *draft = kl_create_page_get_draft (KL_CREATE_PAGE (self));
  KlBootImage *image = kl_media_draft_get_image (draft);
  const char *const *warnings = kl_media_layout_get_warnings (layout);

  for (guint i = 0; i < self->warning_rows->len; i++)
    adw_preferences_group_remove (self->warnings_group, self->warning_rows->pdata[i]);
  g_ptr_array_set_size (self->warning_rows, 0);

  if (kl_boot_image_get_state (image) == KL_IMAGE_STATE_ERROR)
    add_warning (self, _ ("The last preparation of the boot image failed. It is tried again first; "
                          "if it fails again, nothing is made."));
  for (guint i = 0; warnings != NULL && warnings[i] != NULL; i++)
    {
      g_autofree char *text = kl_core_text_translate (warnings[i]);

      add_warning (self, text);
    }
  gtk_widget_set_visible (GTK_WIDGET (self->warnings_group), self->warning_rows->len > 0);
}

static void
show_files (KlReviewPage *self, KlMediaLayout *layout)
{
  const guint n_items = kl_media_layout_get_n_items (layout);
  g_autofree char *size = g_format_size (kl_media_layout_get_content_bytes (layout));
  g_autofree char *title = kl_bidi_printf (ngettext ("%u File", "%u Files", n_items), n_items);

  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self->files_row), title);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->files_row), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  title, -1);
  adw_expander_row_set_subtitle (self->files_row, size);
  for (guint i = 0; i < self->file_rows->len; i++)
    adw_expander_row_remove (self->files_row, self->file_rows->pdata[i]);
  g_ptr_array_set_size (self->file_rows, 0);

  for (guint i = 0; i < n_items; i++)
    {
      const KlLayoutItem *item = kl_media_layout_get_item (layout, i);
      g_autofree char *item_size = g_format_size (item->size);
      GtkWidget *row = kl_fact_row_new (item->path, item_size);

      gtk_widget_add_css_class (row, "plain");
      adw_expander_row_add_row (self->files_row, row);
      g_ptr_array_add (self->file_rows, row);
    }
}

/* The button says what it does. */
static void
update_forward (KlReviewPage *self)
{
  KlCreatePage *page = KL_CREATE_PAGE (self);
  KlTargetDraft *target = kl_media_draft_get_target (kl_create_page_get_draft (page));
  const guint n = kl_target_draft_get_n_media (target);
  g_autofree char *label = NULL;

  if (kl_target_draft_get_kind (target) != KL_TARGET_DRIVES || n == 0)
    label = g_strdup (self->replaces ? _ ("_Replace and Create") : _ ("_Create"));
  else if (kl_target_draft_get_format (target))
    label = kl_bidi_printf (
        ngettext ("_Erase %u Drive and Create", "_Erase %u Drives and Create", n), n);
  else
    label = kl_bidi_printf (ngettext ("_Write to %u Drive", "_Write to %u Drives", n), n);

  kl_create_page_set_forward (page, label,
                              self->replaces
                                  || (kl_target_draft_get_kind (target) == KL_TARGET_DRIVES
                                      && kl_target_draft_get_format (target)));
  kl_create_page_set_complete (page, self->fits && n > 0
                                         && kl_drive_review_is_confirmed (self->drive_review));
}

static void
drives_changed_cb (KlReviewPage *self)
{
  if (g_strcmp0 (gtk_stack_get_visible_child_name (self->stack), "plan") == 0)
    update_forward (self);
}

static void
show_plan (KlReviewPage *self, KlMediaPlan *plan)
{
  show_target (self, plan);
  show_space (self, plan);
  show_firmware (self, plan->layout);
  show_protection (self);
  show_warnings (self, plan->layout);
  show_files (self, plan->layout);

  self->fits = kl_media_plan_fits (plan);
  self->replaces = plan->replaces;
  gtk_stack_set_visible_child_name (self->stack, "plan");
  update_forward (self);
}

static void
show_failure (KlReviewPage *self, const GError *error)
{
  KlMediaDraft *draft = kl_create_page_get_draft (KL_CREATE_PAGE (self));
  g_autofree char *path = kl_target_draft_dup_path (kl_media_draft_get_target (draft));

  kl_failure_view_set_error (self->failure_view, error, path);
  gtk_stack_set_visible_child_name (self->stack, "failed");
}

static void
planned_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KlReviewPage) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KlMediaPlan) plan = kl_media_plan_new_finish (result, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;

  if (plan != NULL)
    show_plan (self, plan);
  else
    show_failure (self, error);
}

static void
kl_review_page_enter (KlCreatePage *page)
{
  KlReviewPage *self = KL_REVIEW_PAGE (page);
  g_autoptr (GPtrArray) requests = NULL;
  g_autoptr (GError) error = NULL;

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  self->cancellable = g_cancellable_new ();
  kl_create_page_set_complete (page, FALSE);
  kl_create_page_set_forward (page, _ ("_Create"), FALSE);
  gtk_stack_set_visible_child_name (self->stack, "planning");

  requests = kl_media_draft_build_requests (kl_create_page_get_draft (page), &error);
  if (requests == NULL)
    show_failure (self, error);
  else if (requests->len > 0)
    kl_media_plan_new_async (kl_create_page_get_catalog (page), requests, self->cancellable,
                             planned_cb, g_object_ref (self));
}

static void
kl_review_page_attach (KlCreatePage *page, KlMediaDraft *draft)
{
  kl_drive_review_set_target (KL_REVIEW_PAGE (page)->drive_review,
                              kl_media_draft_get_target (draft));
}

static void
kl_review_page_dispose (GObject *object)
{
  KlReviewPage *self = KL_REVIEW_PAGE (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->warning_rows, g_ptr_array_unref);
  g_clear_pointer (&self->file_rows, g_ptr_array_unref);

  G_OBJECT_CLASS (kl_review_page_parent_class)->dispose (object);
}

static void
kl_review_page_class_init (KlReviewPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kl_review_page_dispose;
  KL_CREATE_PAGE_CLASS (klass)->attach = kl_review_page_attach;
  KL_CREATE_PAGE_CLASS (klass)->enter = kl_review_page_enter;

  g_type_ensure (KL_TYPE_DRIVE_REVIEW);
  g_type_ensure (KL_TYPE_FACT_ROW);
  g_type_ensure (KL_TYPE_FAILURE_VIEW);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/kindling/Kindling/ui/review-page.ui");
  gtk_widget_class_bind_template_child (widget_class, KlReviewPage, stack);
  gtk_widget_class_bind_template_child (widget_class, KlReviewPage, drive_review);
  gtk_widget_class_bind_template_child (widget_class, KlReviewPage, image_row);
  gtk_widget_class_bind_template_child (widget_class, KlReviewPage, file_row);
  gtk_widget_class_bind_template_child (widget_class, KlReviewPage, replace_row);
  gtk_widget_class_bind_template_child (widget_class, KlReviewPage, label_row);
  gtk_widget_class_bind_template_child (widget_class, KlReviewPage, space_row);
  gtk_widget_class_bind_template_child (widget_class, KlReviewPage, bios_row);
  gtk_widget_class_bind_template_child (widget_class, KlReviewPage, uefi_row);
  gtk_widget_class_bind_template_child (widget_class, KlReviewPage, signer_row);
  gtk_widget_class_bind_template_child (widget_class, KlReviewPage, password_row);
  gtk_widget_class_bind_template_child (widget_class, KlReviewPage, certificate_row);
  gtk_widget_class_bind_template_child (widget_class, KlReviewPage, unattended_row);
  gtk_widget_class_bind_template_child (widget_class, KlReviewPage, site_row);
  gtk_widget_class_bind_template_child (widget_class, KlReviewPage, warnings_group);
  gtk_widget_class_bind_template_child (widget_class, KlReviewPage, files_row);
  gtk_widget_class_bind_template_child (widget_class, KlReviewPage, failure_view);
  gtk_widget_class_bind_template_callback (widget_class, drives_changed_cb);
}

static void
kl_review_page_init (KlReviewPage *self)
{
  self->warning_rows = g_ptr_array_new ();
  self->file_rows = g_ptr_array_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
  kl_name_parts_of_expander_row (self->files_row, _ ("Files"));
}
