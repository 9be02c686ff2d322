/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-create-dialog"

#include "config.h"

#include "window/create-dialog.h"

#include <glib/gi18n.h>

#include "job/media-creator.h"
#include "window/image-text.h"
#include "window/job-view.h"
#include "window/media-draft.h"
#include "window/review-page.h"
#include "window/settings.h"
#include "window/show-in-folder.h"
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

static void
go_forward (GtkWidget *widget, const char *action, GVariant *parameter)
{
  KlCreateDialog *self = KL_CREATE_DIALOG (widget);

  if (!shows_page (self))
    gtk_window_close (GTK_WINDOW (self));
  else if (self->position + 1 < self->pages->len)
    show_page (self, self->position + 1);
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
    show_page (self, self->position - 1);
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

/* Enter goes on from a page without entries too, but never over a file that would be replaced. */
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
  else if (self->position > 0 && kl_create_page_is_complete (page))
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

  self->draft = kl_media_draft_new (image, folder);
  self->creator = kl_media_creator_new (catalog);
  add_page (self, catalog, KL_TYPE_TARGET_PAGE);
  add_page (self, catalog, KL_TYPE_REVIEW_PAGE);
  show_page (self, 0);

  return self;
}
