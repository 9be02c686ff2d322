/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-create-dialog"

#include "config.h"

#include "window/create-dialog.h"

#include <glib/gi18n.h>

#include "bidi.h"
#include "creation/media-batch.h"
#include "media/layout.h"
#include "settings.h"
#include "window/drive-watch.h"
#include "window/first-frame.h"
#include "window/group-title.h"
#include "window/leave-question.h"
#include "window/loss-question.h"
#include "window/media-draft.h"
#include "window/media-jobs.h"
#include "window/part-names.h"
#include "window/progress-page.h"
#include "window/protection-page.h"
#include "window/review-page.h"
#include "window/site-page.h"
#include "window/site-store.h"
#include "window/target-page.h"

/* What a FAT32 file system needs beside its files, and what the smallest one has; bytes. The exact
 * figures are in the review. */
#define FILE_SYSTEM_BYTES (2u << 20)
#define SMALLEST_DISK (34u << 20)

/* A line of what a button says is not made narrower than that. */
#define BUTTON_CHARS 16

struct _KlCreateDialog
{
  AdwWindow parent_instance;

  KlCatalog *catalog;  /* owned */
  KlMediaDraft *draft; /* owned */
  KlMediaBatch *batch; /* owned; nullable; of the progress that is shown */
  GListStore *jobs;    /* owned; nullable; of KlMediaJob, for the batch */
  guint begin_source;  /* begins them soon; 0 for none */
  GPtrArray *pages;    /* of KlCreatePage, borrowed from the stack; in their order */
  guint position;      /* of the page that is shown */
  gboolean repeats;    /* the settings were reviewed once: what is asked for is the next target */
  gboolean used;       /* a medium was made of what was entered, and nothing was since */

  AdwHeaderBar *header_bar;
  AdwWindowTitle *window_title;
  GtkButton *back_button;
  GtkButton *forward_button;
  GtkInfoBar *notice_bar;
  GtkLabel *notice_label;
  GtkStack *stack;
  KlProgressPage *progress_page;
};

G_DEFINE_FINAL_TYPE (KlCreateDialog, kl_create_dialog, ADW_TYPE_WINDOW)

static gboolean
shows_page (KlCreateDialog *self)
{
  return gtk_stack_get_visible_child (self->stack) != GTK_WIDGET (self->progress_page);
}

static KlTargetDraft *
get_target (KlCreateDialog *self)
{
  return kl_media_draft_get_target (self->draft);
}

/* What it says stands on two lines where the window is too narrow for one. */
static void
set_forward (KlCreateDialog *self, const char *text, const char *css_class)
{
  const char *classes[] = { "text-button", css_class, NULL };
  const gboolean is_long = g_utf8_strlen (text, -1) > BUTTON_CHARS;
  GtkLabel *label;

  gtk_button_set_label (self->forward_button, text);
  label = GTK_LABEL (gtk_button_get_child (self->forward_button));
  gtk_label_set_width_chars (label, is_long ? BUTTON_CHARS : -1);
  gtk_label_set_wrap (label, is_long);
  gtk_label_set_justify (label, GTK_JUSTIFY_CENTER);
  gtk_widget_set_css_classes (GTK_WIDGET (self->forward_button), classes);
}

static void
update_page_header (KlCreateDialog *self)
{
  KlCreatePage *page = self->pages->pdata[self->position];
  const gboolean destructive = kl_create_page_is_destructive (page);

  adw_window_title_set_subtitle (self->window_title, kl_create_page_get_title (page));
  gtk_button_set_label (self->back_button, self->position == 0 ? _ ("_Cancel") : _ ("_Back"));
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "create.forward",
                                 kl_create_page_is_complete (page));
  set_forward (self, kl_create_page_get_forward_label (page),
               destructive ? "destructive-action" : "suggested-action");
}

static void
update_progress_header (KlCreateDialog *self)
{
  const gboolean busy = kl_progress_page_is_busy (self->progress_page);

  adw_window_title_set_subtitle (self->window_title, "");
  gtk_button_set_label (self->back_button, _ ("_Back"));
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "create.forward", TRUE);
  set_forward (self, busy ? _ ("_Run in Background") : _ ("_Close"),
               busy ? NULL : "suggested-action");
}

static void
update_header (KlCreateDialog *self)
{
  const gboolean page = shows_page (self);

  gtk_widget_set_visible (GTK_WIDGET (self->back_button),
                          page
                              || (!kl_progress_page_is_busy (self->progress_page)
                                  && !kl_progress_page_all_done (self->progress_page)));
  if (page)
    update_page_header (self);
  else
    update_progress_header (self);
}

static void
show_page (KlCreateDialog *self, guint position)
{
  KlCreatePage *page = self->pages->pdata[position];

  gtk_accessible_reset_property (GTK_ACCESSIBLE (self->forward_button),
                                 GTK_ACCESSIBLE_PROPERTY_DESCRIPTION);
  kl_create_page_leave (self->pages->pdata[self->position]);
  self->position = position;
  gtk_stack_set_visible_child (self->stack, GTK_WIDGET (page));
  update_header (self);
  kl_create_page_enter (page);
}

/* The last word of each medium is in its row. */
static void
busy_changed_cb (KlCreateDialog *self)
{
  KlTargetDraft *target = get_target (self);

  if (kl_progress_page_is_busy (self->progress_page) || shows_page (self))
    {
      update_header (self);
      return;
    }
  if (kl_progress_page_all_done (self->progress_page)
      && kl_target_draft_get_kind (target) != KL_TARGET_DRIVES)
    g_settings_set_string (kl_settings_get (), "media-folder", kl_target_draft_get_folder (target));
  self->used = kl_progress_page_has_done (self->progress_page);
  update_header (self);
  kl_progress_page_describe (self->progress_page, GTK_WIDGET (self->forward_button));
  gtk_widget_grab_focus (GTK_WIDGET (self->forward_button));
}

/* All that failed or was cancelled and nobody can try again from here. */
static void
forget_jobs (KlCreateDialog *self)
{
  for (guint i = 0; self->jobs != NULL && i < g_list_model_get_n_items (G_LIST_MODEL (self->jobs));
       i++)
    {
      g_autoptr (KlMediaJob) job = g_list_model_get_item (G_LIST_MODEL (self->jobs), i);

      kl_media_job_forget (job);
    }
}

static void
make_jobs (KlCreateDialog *self, GPtrArray *requests)
{
  forget_jobs (self);
  g_clear_object (&self->batch);
  g_clear_object (&self->jobs);
  self->batch = kl_media_batch_new (self->catalog);
  self->jobs = g_list_store_new (KL_TYPE_MEDIA_JOB);
  for (guint i = 0; i < requests->len; i++)
    {
      KlMediaCreator *creator = kl_media_batch_add (self->batch, requests->pdata[i]);
      g_autoptr (KlMediaJob) job = kl_media_job_new (creator);

      g_object_set_data_full (G_OBJECT (job), "kl-batch", g_object_ref (self->batch),
                              g_object_unref);
      g_list_store_append (self->jobs, job);
      kl_media_jobs_add (kl_media_jobs_get (), job);
    }
}

/* Those that nobody has cancelled meanwhile. */
static gboolean
begin_jobs (gpointer user_data)
{
  KlCreateDialog *self = user_data;

  self->begin_source = 0;
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->jobs)); i++)
    {
      g_autoptr (KlMediaJob) job = g_list_model_get_item (G_LIST_MODEL (self->jobs), i);

      if (kl_media_job_get_state (job) == KL_MEDIA_JOB_WAITING)
        kl_media_job_start (job);
    }
  return G_SOURCE_REMOVE;
}

/* Those that wait for the page of their progress to be drawn begin now. */
static void
begin_jobs_now (KlCreateDialog *self)
{
  if (self->begin_source == 0)
    return;
  g_source_remove (self->begin_source);
  begin_jobs (self);
}

/* Who has forty drives to make opens this dialog more than once. */
static void
remember_target (KlCreateDialog *self)
{
  g_settings_set_enum (kl_settings_get (), "target",
                       (int) kl_target_draft_get_kind (get_target (self)));
}

static void
start_jobs (KlCreateDialog *self)
{
  g_autoptr (GPtrArray) requests = NULL;
  g_autoptr (GError) error = NULL;
  const gboolean drives = kl_target_draft_get_kind (get_target (self)) == KL_TARGET_DRIVES;

  requests = kl_media_draft_build_requests (self->draft, &error);
  if (requests == NULL || requests->len == 0)
    {
      show_page (self, self->position);
      return;
    }

  remember_target (self);
  make_jobs (self, requests);
  kl_progress_page_set_jobs (self->progress_page, G_LIST_MODEL (self->jobs));
  kl_progress_page_set_next (self->progress_page,
                             drives ? _ ("_Next Drives") : _ ("Create _Another"), "create.another");
  gtk_widget_set_visible (GTK_WIDGET (self->notice_bar), FALSE);
  gtk_stack_set_visible_child (self->stack, GTK_WIDGET (self->progress_page));
  /* What is on them changes from now on; whoever wants them again chooses them again. */
  kl_drive_selection_clear (kl_target_draft_get_selection (get_target (self)));
  self->repeats = TRUE;

  self->begin_source = kl_first_frame_add (GTK_WIDGET (self), begin_jobs, self);
  update_header (self);
  gtk_widget_child_focus (GTK_WIDGET (self->progress_page), GTK_DIR_TAB_FORWARD);
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
leave (KlCreateDialog *self)
{
  kl_leave_question_allow (GTK_WINDOW (self));
  gtk_window_close (GTK_WINDOW (self));
}

static void
go_forward (GtkWidget *widget, const char *action, GVariant *parameter)
{
  KlCreateDialog *self = KL_CREATE_DIALOG (widget);
  const guint last = self->pages->len - 1;
  const guint next = self->repeats && self->position == 0 ? last : find_wanted (self, 1);

  gtk_widget_set_visible (GTK_WIDGET (self->notice_bar), FALSE);
  if (!shows_page (self))
    leave (self);
  else if (next < self->pages->len)
    show_page (self, next);
  else
    start_jobs (self);
}

static void
go_back (GtkWidget *widget, const char *action, GVariant *parameter)
{
  KlCreateDialog *self = KL_CREATE_DIALOG (widget);

  if (!shows_page (self))
    {
      if (!kl_progress_page_is_busy (self->progress_page))
        show_page (self, 0);
    }
  else if (self->position > 0)
    show_page (self, find_wanted (self, -1));
  else
    gtk_window_close (GTK_WINDOW (self));
}

static void
create_another (GtkWidget *widget, const char *action, GVariant *parameter)
{
  show_page (KL_CREATE_DIALOG (widget), 0);
}

static void
notice_closed_cb (KlCreateDialog *self)
{
  gtk_widget_child_focus (GTK_WIDGET (self->stack), GTK_DIR_TAB_FORWARD);
  gtk_widget_set_visible (GTK_WIDGET (self->notice_bar), FALSE);
}

static char *
dup_loss (KlDrive *drive, KlSelectionLoss loss)
{
  g_autofree char *name = kl_drive_dup_name (drive);

  switch (loss)
    {
    case KL_SELECTION_LOSS_REFUSED:
      return kl_bidi_printf (_ ("“%s” cannot be written to any more and is no longer selected."),
                             name);
    case KL_SELECTION_LOSS_CHANGED:
      return kl_bidi_printf (_ ("What is on “%s” has changed; it is no longer selected."), name);
    case KL_SELECTION_LOSS_REMOVED:
    default:
      /* Translators: %s is vendor and model of a drive. */
      return kl_bidi_printf (_ ("“%s” was pulled and is no longer selected."), name);
    }
}

/* A drive that was chosen is said to be gone, and is asked for again where it was the only one. */
static void
drive_lost_cb (KlCreateDialog *self, KlDrive *drive, int loss)
{
  KlDriveSelection *selection = kl_target_draft_get_selection (get_target (self));
  g_autofree char *text = dup_loss (drive, (KlSelectionLoss) loss);

  if (!shows_page (self) || kl_target_draft_get_kind (get_target (self)) != KL_TARGET_DRIVES)
    return;
  gtk_label_set_label (self->notice_label, text);
  gtk_widget_set_visible (GTK_WIDGET (self->notice_bar), TRUE);
  if (self->position > 0 && g_list_model_get_n_items (G_LIST_MODEL (selection)) == 0)
    show_page (self, 0);
}

/* Whether what was entered would be lost, without a medium that was made of it. */
static gboolean
has_input (GtkWindow *window)
{
  KlCreateDialog *self = KL_CREATE_DIALOG (window);

  for (guint i = 0; shows_page (self) && !self->used && i < self->pages->len; i++)
    if (kl_create_page_has_input (self->pages->pdata[i]))
      return TRUE;
  return FALSE;
}

static void
entered_cb (KlCreateDialog *self)
{
  self->used = FALSE;
}

static gboolean
kl_create_dialog_close_request (GtkWindow *window)
{
  begin_jobs_now (KL_CREATE_DIALOG (window));
  if (kl_leave_question_ask (window, G_LIST_MODEL (KL_CREATE_DIALOG (window)->jobs)))
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
  begin_jobs_now (self);
  forget_jobs (self);
  g_clear_object (&self->jobs);
  g_clear_object (&self->batch);
  g_clear_object (&self->draft);
  g_clear_object (&self->catalog);
  g_clear_pointer (&self->pages, g_ptr_array_unref);

  G_OBJECT_CLASS (kl_create_dialog_parent_class)->dispose (object);
}

static void
kl_create_dialog_class_init (KlCreateDialogClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kl_create_dialog_dispose;
  GTK_WINDOW_CLASS (klass)->close_request = kl_create_dialog_close_request;

  g_type_ensure (KL_TYPE_PROGRESS_PAGE);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/kindling/Kindling/ui/create-dialog.ui");
  gtk_widget_class_bind_template_child (widget_class, KlCreateDialog, window_title);
  gtk_widget_class_bind_template_child (widget_class, KlCreateDialog, header_bar);
  gtk_widget_class_bind_template_child (widget_class, KlCreateDialog, back_button);
  gtk_widget_class_bind_template_child (widget_class, KlCreateDialog, forward_button);
  gtk_widget_class_bind_template_child (widget_class, KlCreateDialog, stack);
  gtk_widget_class_bind_template_child (widget_class, KlCreateDialog, notice_bar);
  gtk_widget_class_bind_template_child (widget_class, KlCreateDialog, notice_label);
  gtk_widget_class_bind_template_child (widget_class, KlCreateDialog, progress_page);
  gtk_widget_class_bind_template_callback (widget_class, busy_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, notice_closed_cb);
  gtk_widget_class_install_action (widget_class, "create.forward", NULL, go_forward);
  gtk_widget_class_install_action (widget_class, "create.back", NULL, go_back);
  gtk_widget_class_install_action (widget_class, "create.another", NULL, create_another);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Left, GDK_ALT_MASK, "create.back",
                                       NULL);
}

static void
kl_create_dialog_init (KlCreateDialog *self)
{
  self->pages = g_ptr_array_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
  kl_group_title_wrap_all (GTK_WIDGET (self->window_title));
  kl_name_parts_of_info_bar (self->notice_bar);
  kl_loss_question_guard (GTK_WINDOW (self), has_input,
                          _ ("No medium was made of what was entered here."));
}

/* Enter goes on from the last page too, which has no entries, but never over a file that would be
 * replaced. */
static void
page_changed_cb (KlCreateDialog *self)
{
  KlCreatePage *page;

  if (self->pages == NULL || self->pages->len == 0 || !shows_page (self))
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

/* What new media get unless something else is chosen for them. */
static void
apply_preferences (KlCreateDialog *self)
{
  GSettings *settings = kl_settings_get ();
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autoptr (GDateTime) until
      = g_date_time_add_days (now, (int) g_settings_get_uint (settings, "certificate-days"));
  g_autofree char *site = kl_site_store_dup_default ();

  g_object_set (self->draft, "site-profile", site, "valid-until", until, "verify",
                g_settings_get_boolean (settings, "verify-media"), NULL);
  g_object_set (get_target (self), "power-off",
                g_settings_get_boolean (settings, "power-off-drives"), "kind",
                g_settings_get_enum (settings, "target"), NULL);
}

/* What a drive must hold at least, so that smaller ones are not offered. */
static guint64
estimate_bytes (KlBootImage *image)
{
  const KlLayoutOptions options = { .type = KL_MEDIA_TYPE_UFD_FORMAT };
  g_autoptr (KlMediaLayout) layout = kl_media_layout_new (image, &options, NULL);

  if (layout == NULL)
    return 0; /* the review says why */
  return MAX (kl_media_layout_get_content_bytes (layout) + FILE_SYSTEM_BYTES, SMALLEST_DISK);
}

/* The drives of this dialog alone: who shows fixed disks here shows them nowhere else. */
static void
watch_drives (KlCreateDialog *self)
{
  g_autoptr (KlDriveMonitor) monitor = kl_drive_watch_new (self->catalog);
  g_autoptr (KlDriveSelection) selection = kl_drive_selection_new (monitor);

  kl_target_draft_set_selection (get_target (self), selection);
  g_signal_connect_object (selection, "lost", G_CALLBACK (drive_lost_cb), self, G_CONNECT_SWAPPED);
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

  self->catalog = g_object_ref (catalog);
  self->draft = kl_media_draft_new (image, folder);
  apply_preferences (self);
  g_signal_connect_object (self->draft, "notify", G_CALLBACK (entered_cb), self, G_CONNECT_SWAPPED);
  g_object_set (get_target (self), "bytes-needed", estimate_bytes (image), NULL);
  watch_drives (self);
  add_page (self, catalog, KL_TYPE_TARGET_PAGE);
  add_page (self, catalog, KL_TYPE_SITE_PAGE);
  add_page (self, catalog, KL_TYPE_PROTECTION_PAGE);
  add_page (self, catalog, KL_TYPE_REVIEW_PAGE);
  show_page (self, 0);

  return self;
}

/**
 * kl_create_dialog_choose_drive:
 * @drive: the drive to offer, not yet reviewed
 */
void
kl_create_dialog_choose_drive (KlCreateDialog *self, KlDrive *drive)
{
  g_return_if_fail (KL_IS_CREATE_DIALOG (self));

  kl_drive_selection_choose (kl_target_draft_get_selection (get_target (self)), drive, TRUE);
  g_object_set (get_target (self), "kind", (int) KL_TARGET_DRIVES, NULL);
}
