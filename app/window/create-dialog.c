/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-create-dialog"

#include "config.h"

#include "window/create-dialog.h"

#include <glib/gi18n.h>

#include "job/media-creator.h"
#include "window/certificate-text.h"
#include "window/fact-row.h"
#include "window/failure-view.h"
#include "window/image-text.h"
#include "window/job-view.h"
#include "window/media-draft.h"
#include "window/protection-page.h"
#include "window/review-page.h"
#include "window/settings.h"
#include "window/show-in-folder.h"
#include "window/site-page.h"
#include "window/site-store.h"
#include "window/target-page.h"

struct _KlCreateDialog
{
  AdwWindow parent_instance;

  KlMediaDraft *draft;     /* owned */
  KlMediaCreator *creator; /* owned */
  GPtrArray *pages;        /* of KlCreatePage, borrowed from the stack; in their order */
  guint position;          /* of the page that is shown */
  gboolean ended;          /* whether the outcome is shown */
  gboolean succeeded;      /* how it ended */

  GtkFileChooserNative *chooser; /* owned while it is open */

  AdwHeaderBar *header_bar;
  AdwWindowTitle *window_title;
  GtkButton *back_button;
  GtkButton *forward_button;
  GtkStack *stack;
  KlJobView *job_view;
};

G_DEFINE_FINAL_TYPE (KlCreateDialog, kl_create_dialog, ADW_TYPE_WINDOW)

static gboolean
shows_page (KlCreateDialog *self)
{
  return gtk_stack_get_visible_child (self->stack) != GTK_WIDGET (self->job_view);
}

static void
update_page_header (KlCreateDialog *self)
{
  KlCreatePage *page = self->pages->pdata[self->position];
  const gboolean destructive = kl_create_page_is_destructive (page);

  adw_window_title_set_subtitle (self->window_title, kl_create_page_get_title (page));
  gtk_button_set_label (self->back_button, self->position == 0 ? _ ("_Cancel") : _ ("_Back"));
  gtk_button_set_label (self->forward_button, kl_create_page_get_forward_label (page));
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "create.forward",
                                 kl_create_page_is_complete (page));
  gtk_widget_remove_css_class (GTK_WIDGET (self->forward_button),
                               destructive ? "suggested-action" : "destructive-action");
  gtk_widget_add_css_class (GTK_WIDGET (self->forward_button),
                            destructive ? "destructive-action" : "suggested-action");
}

static void
update_job_header (KlCreateDialog *self)
{
  adw_window_title_set_subtitle (self->window_title, "");
  gtk_button_set_label (self->back_button, _ ("_Back"));
  gtk_button_set_label (self->forward_button, _ ("_Close"));
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "create.forward", TRUE);
  gtk_widget_remove_css_class (GTK_WIDGET (self->forward_button), "destructive-action");
  gtk_widget_add_css_class (GTK_WIDGET (self->forward_button), "suggested-action");
}

static void
update_header (KlCreateDialog *self)
{
  const gboolean page = shows_page (self);

  gtk_widget_set_visible (GTK_WIDGET (self->back_button),
                          page || (self->ended && !self->succeeded));
  gtk_widget_set_visible (GTK_WIDGET (self->forward_button), page || self->ended);
  if (page)
    update_page_header (self);
  else
    update_job_header (self);
}

static void
show_page (KlCreateDialog *self, guint position)
{
  KlCreatePage *page = self->pages->pdata[position];

  kl_create_page_leave (self->pages->pdata[self->position]);
  self->position = position;
  self->ended = FALSE;
  gtk_stack_set_visible_child (self->stack, GTK_WIDGET (page));
  update_header (self);
  kl_create_page_enter (page);
}

static void
add_boot_fact (KlCreateDialog *self, const char *title, const char *how, const char *why_not)
{
  if (how != NULL)
    kl_job_view_add_fact (self->job_view, title, how, "object-select-symbolic", "success");
  else
    kl_job_view_add_fact (self->job_view, title, why_not, "action-unavailable-symbolic", "warning");
}

/* What the administrator of the site is told, so that the site knows the medium. */
static void
show_certificate (KlCreateDialog *self, const KlMediaResult *result)
{
  GtkWidget *end_row;
  GtkWidget *thumbprint_row;

  if (result->certificate == NULL)
    return;

  kl_job_view_add_fact (self->job_view, _ ("Media Password"),
                        result->password_required ? _ ("Asked for at start-up")
                                                  : C_ ("password", "None"),
                        NULL, NULL);
  end_row = kl_fact_row_new (_ ("Certificate Valid Until"), NULL);
  kl_certificate_text_show_end (KL_FACT_ROW (end_row),
                                kl_certificate_get_not_after (result->certificate));
  kl_job_view_add_row (self->job_view, end_row);

  thumbprint_row = g_object_new (KL_TYPE_FACT_ROW, "can-copy", TRUE, "title",
                                 _ ("Certificate Thumbprint"), NULL);
  kl_fact_row_set_value (KL_FACT_ROW (thumbprint_row),
                         kl_certificate_get_sha1 (result->certificate));
  kl_job_view_add_row (self->job_view, thumbprint_row);
  kl_job_view_add_button (self->job_view, _ ("_Export Certificate…"), "create.export-certificate");
}

static void
show_result (KlCreateDialog *self)
{
  const KlMediaResult *result = kl_media_creator_get_result (self->creator);
  g_autofree char *name = g_filename_display_basename (result->path);
  g_autofree char *path = g_filename_display_name (result->path);
  g_autofree char *size = g_format_size (result->bytes);
  g_autofree char *title = NULL;
  g_autofree char *seconds = NULL;

  /* Translators: %s is the name of an ISO file. */
  title = g_strdup_printf (_ ("“%s” Is Ready"), name);
  kl_job_view_set_done (self->job_view, title,
                        result->verified ? _ ("Every byte was read back and compared.")
                                         : _ ("It was not read back."));
  kl_job_view_add_fact (self->job_view, _ ("File"), path, NULL, NULL);
  if (result->seconds < 1)
    /* Translators: %s is the size of the ISO file. */
    seconds = g_strdup_printf (_ ("%s, made in less than a second"), size);
  else
    /* Translators: size of the ISO file, then how long it took to make. */
    seconds = g_strdup_printf (ngettext ("%s, made in %.0f second", "%s, made in %.0f seconds",
                                         (gulong) (result->seconds + .5)),
                               size, result->seconds);
  kl_job_view_add_fact (self->job_view, _ ("Size"), seconds, NULL, NULL);
  add_boot_fact (self, _ ("Boots on BIOS"), result->bios ? C_ ("boots", "Yes") : NULL,
                 result->bios_reason);
  add_boot_fact (self, _ ("Boots on UEFI"), result->uefi, result->uefi_reason);
  show_certificate (self, result);
  for (guint i = 0; result->warnings != NULL && result->warnings[i] != NULL; i++)
    kl_job_view_add_fact (self->job_view, _ ("Good to Know"), result->warnings[i],
                          "dialog-warning-symbolic", "warning");

  kl_job_view_add_button (self->job_view, _ ("_Show in Folder"), "create.show-in-folder");
  kl_job_view_add_button (self->job_view, _ ("Create _Another"), "create.another");
}

static void
job_ended_cb (KlCreateDialog *self, GError *error)
{
  self->ended = TRUE;
  self->succeeded = error == NULL;
  if (error == NULL)
    {
      g_settings_set_string (kl_settings_get (), "media-folder",
                             kl_media_draft_get_folder (self->draft));
      show_result (self);
    }
  update_header (self);
  gtk_widget_grab_focus (GTK_WIDGET (self->forward_button));
}

static void
start_job (KlCreateDialog *self)
{
  g_autofree char *path = kl_media_draft_dup_path (self->draft);
  g_autofree char *name = g_filename_display_basename (path);
  g_autofree char *title = NULL;
  g_autoptr (KlMediaRequest) request = NULL;
  g_autoptr (GError) error = NULL;

  request = kl_media_draft_build_request (self->draft, &error);
  if (request == NULL)
    {
      show_page (self, self->position);
      return;
    }

  /* Translators: %s is the name of an ISO file. */
  title = g_strdup_printf (_ ("Creating “%s”"), name);
  kl_media_creator_set_request (self->creator, request);
  kl_job_view_set_cancelled_text (
      self->job_view, g_file_test (path, G_FILE_TEST_EXISTS)
                          ? _ ("The old file is as it was, and nothing of the new one is left.")
                          : _ ("No file was made, and nothing is left."));
  self->ended = FALSE;
  gtk_stack_set_visible_child (self->stack, GTK_WIDGET (self->job_view));
  update_header (self);
  kl_job_view_start (self->job_view, KL_JOB (self->creator), title, path);
}

/* The nearest page in this direction, +1 or −1, that has something to ask. */
static guint
find_wanted (KlCreateDialog *self, int step)
{
  guint position = self->position;

  do
    position += (guint) step;
  while (position < self->pages->len && !kl_create_page_is_wanted (self->pages->pdata[position]));

  return position;
}

static void
go_forward (GtkWidget *widget, const char *action, GVariant *parameter)
{
  KlCreateDialog *self = KL_CREATE_DIALOG (widget);
  const guint next = find_wanted (self, 1);

  if (!shows_page (self))
    gtk_window_close (GTK_WINDOW (self));
  else if (next < self->pages->len)
    show_page (self, next);
  else
    start_job (self);
}

static void
go_back (GtkWidget *widget, const char *action, GVariant *parameter)
{
  KlCreateDialog *self = KL_CREATE_DIALOG (widget);

  if (kl_job_view_is_running (self->job_view))
    return;
  if (!shows_page (self))
    show_page (self, 0);
  else if (self->position > 0)
    show_page (self, find_wanted (self, -1));
  else
    gtk_window_close (GTK_WINDOW (self));
}

static void
show_in_folder (GtkWidget *widget, const char *action, GVariant *parameter)
{
  const KlMediaResult *result = kl_media_creator_get_result (KL_CREATE_DIALOG (widget)->creator);

  if (result != NULL)
    kl_show_in_folder (GTK_WINDOW (widget), result->path);
}

static void
certificate_named_cb (KlCreateDialog *self, int response)
{
  const KlMediaResult *result = kl_media_creator_get_result (self->creator);
  g_autoptr (GFile) file = NULL;
  g_autoptr (GError) error = NULL;

  if (response == GTK_RESPONSE_ACCEPT)
    file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (self->chooser));
  g_clear_object (&self->chooser);
  if (result == NULL || file == NULL || g_file_peek_path (file) == NULL)
    return;
  if (!kl_certificate_export (result->certificate, g_file_peek_path (file), &error))
    kl_failure_view_present (GTK_WINDOW (self), error, g_file_peek_path (file));
}

static void
export_certificate (GtkWidget *widget, const char *action, GVariant *parameter)
{
  KlCreateDialog *self = KL_CREATE_DIALOG (widget);
  const KlMediaResult *result = kl_media_creator_get_result (self->creator);
  g_autoptr (GFile) folder = NULL;
  g_autofree char *name = NULL;

  if (result == NULL)
    return;

  folder = g_file_new_for_path (kl_media_draft_get_folder (self->draft));
  name = g_strdup_printf ("%.8s.cer", kl_certificate_get_sha1 (result->certificate));
  g_clear_object (&self->chooser);
  self->chooser
      = gtk_file_chooser_native_new (_ ("Export Certificate (.cer or .pem)"), GTK_WINDOW (self),
                                     GTK_FILE_CHOOSER_ACTION_SAVE, _ ("_Export"), NULL);
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (self->chooser), TRUE);
  gtk_file_chooser_set_current_folder (GTK_FILE_CHOOSER (self->chooser), folder, NULL);
  gtk_file_chooser_set_current_name (GTK_FILE_CHOOSER (self->chooser), name);
  g_signal_connect_object (self->chooser, "response", G_CALLBACK (certificate_named_cb), self,
                           G_CONNECT_SWAPPED);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (self->chooser));
}

static void
create_another (GtkWidget *widget, const char *action, GVariant *parameter)
{
  show_page (KL_CREATE_DIALOG (widget), 0);
}

static gboolean
kl_create_dialog_close_request (GtkWindow *window)
{
  if (kl_job_view_ask_to_close (KL_CREATE_DIALOG (window)->job_view, NULL))
    return GDK_EVENT_STOP;

  return GTK_WINDOW_CLASS (kl_create_dialog_parent_class)->close_request (window);
}

static void
kl_create_dialog_dispose (GObject *object)
{
  KlCreateDialog *self = KL_CREATE_DIALOG (object);

  for (guint i = 0; self->pages != NULL && i < self->pages->len; i++)
    kl_create_page_clear (self->pages->pdata[i]);
  if (self->draft != NULL)
    kl_media_draft_clear_secrets (self->draft);
  g_clear_object (&self->chooser);
  g_clear_object (&self->draft);
  g_clear_object (&self->creator);
  g_clear_pointer (&self->pages, g_ptr_array_unref);

  G_OBJECT_CLASS (kl_create_dialog_parent_class)->dispose (object);
}

static void
kl_create_dialog_class_init (KlCreateDialogClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kl_create_dialog_dispose;
  GTK_WINDOW_CLASS (klass)->close_request = kl_create_dialog_close_request;

  g_type_ensure (KL_TYPE_JOB_VIEW);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/kindling/Kindling/ui/create-dialog.ui");
  gtk_widget_class_bind_template_child (widget_class, KlCreateDialog, window_title);
  gtk_widget_class_bind_template_child (widget_class, KlCreateDialog, header_bar);
  gtk_widget_class_bind_template_child (widget_class, KlCreateDialog, back_button);
  gtk_widget_class_bind_template_child (widget_class, KlCreateDialog, forward_button);
  gtk_widget_class_bind_template_child (widget_class, KlCreateDialog, stack);
  gtk_widget_class_bind_template_child (widget_class, KlCreateDialog, job_view);
  gtk_widget_class_bind_template_callback (widget_class, job_ended_cb);
  gtk_widget_class_install_action (widget_class, "create.forward", NULL, go_forward);
  gtk_widget_class_install_action (widget_class, "create.back", NULL, go_back);
  gtk_widget_class_install_action (widget_class, "create.another", NULL, create_another);
  gtk_widget_class_install_action (widget_class, "create.show-in-folder", NULL, show_in_folder);
  gtk_widget_class_install_action (widget_class, "create.export-certificate", NULL,
                                   export_certificate);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Left, GDK_ALT_MASK, "create.back",
                                       NULL);
}

static void
kl_create_dialog_init (KlCreateDialog *self)
{
  self->pages = g_ptr_array_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
}

/* Enter goes on from the last page too, which has no entries, but never over a file that would be
 * replaced. */
static void
page_changed_cb (KlCreateDialog *self)
{
  KlCreatePage *page;

  if (self->pages == NULL || !shows_page (self))
    return;
  update_header (self);

  page = self->pages->pdata[self->position];
  if (kl_create_page_is_destructive (page))
    gtk_widget_grab_focus (GTK_WIDGET (self->back_button));
  else if (self->position + 1 == self->pages->len && kl_create_page_is_complete (page))
    gtk_widget_grab_focus (GTK_WIDGET (self->forward_button));
}

static void
add_page (KlCreateDialog *self, KlCatalog *catalog, GType type)
{
  KlCreatePage *page = g_object_new (type, NULL);

  gtk_stack_add_child (self->stack, GTK_WIDGET (page));
  g_ptr_array_add (self->pages, page);
  kl_create_page_attach (page, catalog, self->draft);
  g_signal_connect_object (page, "notify::complete", G_CALLBACK (page_changed_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (page, "notify::destructive", G_CALLBACK (page_changed_cb), self,
                           G_CONNECT_SWAPPED);
}

/* The last folder where it is still there, else documents, else home. */
static char *
dup_folder (void)
{
  g_autofree char *last = g_settings_get_string (kl_settings_get (), "media-folder");
  const char *documents = g_get_user_special_dir (G_USER_DIRECTORY_DOCUMENTS);

  if (*last != '\0' && g_file_test (last, G_FILE_TEST_IS_DIR))
    return g_steal_pointer (&last);
  if (documents != NULL && g_file_test (documents, G_FILE_TEST_IS_DIR))
    return g_strdup (documents);
  return g_strdup (g_get_home_dir ());
}

/**
 * kl_create_dialog_new:
 * @image: the boot image that goes on the medium
 *
 * A page more is a class more and a line more in the order below.
 */
KlCreateDialog *
kl_create_dialog_new (GtkWindow *parent, KlCatalog *catalog, KlBootImage *image)
{
  KlCreateDialog *self
      = g_object_new (KL_TYPE_CREATE_DIALOG, "application", gtk_window_get_application (parent),
                      "transient-for", parent, NULL);
  g_autofree char *folder = dup_folder ();
  g_autofree char *site = kl_site_store_dup_default ();

  self->draft = kl_media_draft_new (image, folder);
  g_object_set (self->draft, "site-profile", site, NULL);
  self->creator = kl_media_creator_new (catalog);
  add_page (self, catalog, KL_TYPE_TARGET_PAGE);
  add_page (self, catalog, KL_TYPE_SITE_PAGE);
  add_page (self, catalog, KL_TYPE_PROTECTION_PAGE);
  add_page (self, catalog, KL_TYPE_REVIEW_PAGE);
  show_page (self, 0);

  return self;
}
