/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-media-job-row"

#include "config.h"

#include "window/media-job-row.h"

#include <glib/gi18n.h>

#include "bidi.h"
#include "error-text.h"
#include "window/check-medium.h"
#include "window/drive-text.h"
#include "window/failure-view.h"
#include "window/flow-layout.h"
#include "window/job-text.h"
#include "window/power-off.h"
#include "window/progress-voice.h"
#include "window/result-rows.h"
#include "window/show-in-folder.h"

/* Between two looks at the progress; milliseconds. */
#define SHOW_INTERVAL 100

/* Rows of the result that appear in one frame. */
#define ROWS_AT_ONCE 1

struct _KlMediaJobRow
{
  GtkListBoxRow parent_instance;

  KlMediaJob *job;               /* owned */
  guint show_source;             /* shows the progress soon; 0 for none */
  GtkFileChooserNative *chooser; /* owned while it is open */
  KlProgressVoice voice;

  GtkImage *icon;
  GtkLabel *name_label;
  GtkLabel *identity_label;
  GtkBox *state_box;
  GtkImage *state_icon;
  GtkLabel *state_label;
  GtkButton *cancel_button;
  GtkBox *progress_box;
  GtkProgressBar *progress_bar;
  GtkLabel *step_label;
  GtkLabel *amount_label;
  GtkLabel *time_label;
  GtkLabel *message_label;
  KlFailureView *failure_view;
  GtkExpander *result_expander;
  GtkListBox *result_list;
  GtkBox *buttons_box;
  GtkButton *retry_button;
  GtkButton *choose_button;
  GtkButton *folder_button;
  GtkButton *check_button;
  GtkButton *export_button;
  GtkButton *power_button;
};

G_DEFINE_FINAL_TYPE (KlMediaJobRow, kl_media_job_row, GTK_TYPE_LIST_BOX_ROW)

typedef struct
{
  const char *word;
  const char *icon_name;
  const char *css_class;
} StateText;

static StateText
get_state_text (KlMediaJobState state)
{
  switch (state)
    {
    case KL_MEDIA_JOB_DONE:
      return (StateText){ C_ ("job", "Done"), "object-select-symbolic", "success" };
    case KL_MEDIA_JOB_FAILED:
      return (StateText){ C_ ("job", "Failed"), "dialog-error-symbolic", "error" };
    case KL_MEDIA_JOB_CANCELLED:
      return (StateText){ C_ ("job", "Cancelled"), "action-unavailable-symbolic", "warning" };
    case KL_MEDIA_JOB_RUNNING:
      return (StateText){ C_ ("job", "Running"), "content-loading-symbolic", "accent" };
    case KL_MEDIA_JOB_WAITING:
    default:
      return (StateText){ C_ ("job", "Waiting"), "content-loading-symbolic", "dim-label" };
    }
}

static GtkWindow *
get_window (KlMediaJobRow *self)
{
  return GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (self)));
}

static void
show_progress (KlMediaJobRow *self)
{
  KlJob *job = kl_media_job_get_job (self->job);
  g_autofree char *step = kl_job_text_dup_step (job);
  g_autofree char *amount = kl_job_text_dup_amount (job);
  g_autofree char *left = kl_job_text_dup_time (job);

  gtk_label_set_label (self->step_label, step);
  gtk_label_set_label (self->amount_label, amount);
  gtk_label_set_label (self->time_label, left);
  kl_progress_voice_show (&self->voice, job, self->progress_bar, GTK_WIDGET (self->cancel_button));
}

static gboolean
show_cb (gpointer user_data)
{
  KlMediaJobRow *self = user_data;

  self->show_source = 0;
  if (kl_media_job_get_job (self->job) != NULL
      && gtk_widget_get_sensitive (GTK_WIDGET (self->cancel_button)))
    show_progress (self);
  return G_SOURCE_REMOVE;
}

/* A fast job reports thousands of times a second. */
static void
progress_cb (KlMediaJobRow *self)
{
  if (self->show_source == 0)
    self->show_source = g_timeout_add (SHOW_INTERVAL, show_cb, self);
}

static char *
dup_done_message (KlMediaJob *job)
{
  const KlMediaResult *result = kl_media_job_get_result (job);
  const char *verified = kl_media_job_is_verified (job)
                             ? _ ("Every byte was read back and compared.")
                             : _ ("It was not read back.");

  return g_strjoin (
      " ", verified,
      result != NULL && result->powered_off ? _ ("The drive is off and can be pulled.") : NULL,
      NULL);
}

static const char *
get_file_message (KlMediaJob *job)
{
  return kl_media_job_replaces (job)
             ? _ ("The old file is as it was, and nothing of the new one is left.")
             : _ ("No file was made, and nothing is left.");
}

/* What is left of a target whose medium was not made. */
static const char *
get_remains (KlMediaJob *job)
{
  switch (kl_media_job_get_remains (job))
    {
    case KL_MEDIA_STATE_UNFINISHED:
      return _ ("The drive is unfinished and does not start. Make the medium again, or format it.");
    case KL_MEDIA_STATE_PARTIAL:
      return _ ("The drive holds part of the new medium beside your files. Make the medium again.");
    case KL_MEDIA_STATE_DOUBTFUL:
      return _ ("The medium is written, but not to be relied on. Make it again.");
    case KL_MEDIA_STATE_UNTOUCHED:
    case KL_MEDIA_STATE_COMPLETE:
    default:
      return kl_media_job_get_drive (job) != NULL ? _ ("Nothing was written to the drive.")
                                                  : get_file_message (job);
    }
}

/* What failed has a reason of its own; that a drive is as it was need not be said in addition. */
static char *
dup_message (KlMediaJob *job)
{
  if (!kl_media_job_is_medium (job))
    return NULL;
  switch (kl_media_job_get_state (job))
    {
    case KL_MEDIA_JOB_DONE:
      return dup_done_message (job);
    case KL_MEDIA_JOB_CANCELLED:
      return g_strdup (get_remains (job));
    case KL_MEDIA_JOB_FAILED:
      return kl_media_job_get_remains (job) != KL_MEDIA_STATE_UNTOUCHED
                 ? g_strdup (get_remains (job))
                 : NULL;
    case KL_MEDIA_JOB_WAITING:
    case KL_MEDIA_JOB_RUNNING:
    default:
      return NULL;
    }
}

/* Text that wraps is laid out for every width that a container asks for: all rows in one frame
 * would stop the window. */
static gboolean
reveal_cb (GtkWidget *list, GdkFrameClock *clock, gpointer user_data)
{
  GtkWidget *row = gtk_widget_get_first_child (list);
  guint n = 0;

  for (; row != NULL && n < ROWS_AT_ONCE; row = gtk_widget_get_next_sibling (row))
    if (!gtk_widget_get_visible (row))
      {
        gtk_widget_set_visible (row, TRUE);
        n++;
      }
  return row != NULL;
}

static void
reveal_bit_by_bit (GtkListBox *list)
{
  for (GtkWidget *row = gtk_widget_get_first_child (GTK_WIDGET (list)); row != NULL;
       row = gtk_widget_get_next_sibling (row))
    gtk_widget_set_visible (row, FALSE);
  gtk_widget_add_tick_callback (GTK_WIDGET (list), reveal_cb, NULL, NULL);
}

static void
show_result (KlMediaJobRow *self)
{
  const KlMediaResult *result = kl_media_job_get_result (self->job);
  GtkWidget *child;

  gtk_widget_set_visible (GTK_WIDGET (self->result_expander), result != NULL);
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self->result_list))) != NULL)
    gtk_list_box_remove (self->result_list, child);
  if (result == NULL)
    return;
  kl_result_rows_add (self->result_list, result);
  reveal_bit_by_bit (self->result_list);
}

static void
show_message (KlMediaJobRow *self, KlMediaJobState state)
{
  g_autofree char *message = dup_message (self->job);

  gtk_label_set_label (self->message_label, message ? message : "");
  gtk_widget_set_visible (GTK_WIDGET (self->message_label), message != NULL);

  gtk_widget_set_visible (GTK_WIDGET (self->failure_view), state == KL_MEDIA_JOB_FAILED);
  if (state == KL_MEDIA_JOB_FAILED)
    kl_failure_view_set_error (self->failure_view, kl_media_job_get_error (self->job),
                               kl_media_job_get_path (self->job));
}

static void
show_buttons (KlMediaJobRow *self, KlMediaJobState state)
{
  const KlMediaResult *result = kl_media_job_get_result (self->job);
  const char *path = kl_media_job_get_path (self->job);
  const gboolean medium = kl_media_job_is_medium (self->job);
  const gboolean done = state == KL_MEDIA_JOB_DONE && path != NULL;
  const gboolean file = kl_media_job_get_drive (self->job) == NULL && path != NULL
                        && !g_str_has_prefix (path, "/dev/");
  const gboolean there = done && medium && (result == NULL || !result->powered_off);

  gtk_widget_set_visible (GTK_WIDGET (self->retry_button), kl_media_job_can_retry (self->job));
  gtk_widget_set_visible (GTK_WIDGET (self->choose_button), kl_media_job_needs_choice (self->job));
  gtk_widget_set_visible (GTK_WIDGET (self->folder_button), done && file);
  gtk_widget_set_visible (GTK_WIDGET (self->check_button), there);
  gtk_widget_set_visible (GTK_WIDGET (self->power_button), there && !file);
  gtk_widget_set_visible (GTK_WIDGET (self->export_button),
                          result != NULL && result->certificate != NULL);
  gtk_widget_set_visible (GTK_WIDGET (self->buttons_box),
                          (done && (file || there)) || kl_media_job_can_retry (self->job)
                              || kl_media_job_needs_choice (self->job));
}

static void
name_row (KlMediaJobRow *self, const char *word)
{
  const char *name = kl_media_job_get_name (self->job);
  g_autofree char *label
      = *gtk_label_get_label (self->identity_label) != '\0'
            ? kl_bidi_join (", ", name, gtk_label_get_label (self->identity_label), word, NULL)
            : kl_bidi_join (", ", name, word, NULL);
  /* Translators: name of a button; %s is a file or a drive. */
  g_autofree char *cancel = kl_bidi_printf (_ ("Cancel %s"), name);
  /* Translators: name of a progress bar; %s is a file or a drive. */
  g_autofree char *progress = kl_bidi_printf (_ ("Progress of %s"), name);

  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->cancel_button),
                                  GTK_ACCESSIBLE_PROPERTY_LABEL, cancel, -1);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->progress_bar),
                                  GTK_ACCESSIBLE_PROPERTY_LABEL, progress, -1);
}

/* What has the focus in this row; NULL where nothing has. */
static GtkWidget *
get_focus (KlMediaJobRow *self)
{
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));
  GtkWidget *focus = root != NULL ? gtk_root_get_focus (root) : NULL;

  return focus != NULL && gtk_widget_is_ancestor (focus, GTK_WIDGET (self)) ? focus : NULL;
}

/* For a button that cannot be pressed any more; only then it is a place to go to. */
static void
take_focus (KlMediaJobRow *self)
{
  gtk_widget_set_focusable (GTK_WIDGET (self), TRUE);
  gtk_widget_grab_focus (GTK_WIDGET (self));
}

static void
show_state (KlMediaJobRow *self)
{
  GtkWidget *focus = get_focus (self);
  const KlMediaJobState state = kl_media_job_get_state (self->job);
  const StateText text = get_state_text (state);
  const char *classes[] = { text.css_class, NULL };
  const gboolean open = kl_media_job_is_open (self->job);

  g_clear_handle_id (&self->show_source, g_source_remove);
  gtk_widget_set_visible (GTK_WIDGET (self->state_box), !open);
  gtk_image_set_from_icon_name (self->state_icon, text.icon_name);
  gtk_label_set_label (self->state_label, text.word);
  gtk_widget_set_css_classes (GTK_WIDGET (self->state_box), classes);
  gtk_widget_set_visible (GTK_WIDGET (self->progress_box), open);
  gtk_widget_set_visible (GTK_WIDGET (self->cancel_button), open);
  gtk_widget_set_sensitive (GTK_WIDGET (self->cancel_button), open);
  if (open)
    show_progress (self);
  show_message (self, state);
  show_result (self);
  show_buttons (self, state);
  name_row (self, text.word);
  if (focus != NULL && !gtk_widget_get_mapped (focus))
    take_focus (self);
}

static void
cancel_clicked_cb (KlMediaJobRow *self)
{
  if (gtk_widget_has_focus (GTK_WIDGET (self->cancel_button)))
    take_focus (self);
  gtk_widget_set_sensitive (GTK_WIDGET (self->cancel_button), FALSE);
  gtk_label_set_label (self->step_label, _ ("Cancelling"));
  gtk_label_set_label (self->time_label, "");
  kl_media_job_cancel (self->job);
}

static void
retry_clicked_cb (KlMediaJobRow *self)
{
  kl_media_job_start (self->job);
}

/* On the page of targets: of the dialog that the row stands in, or of a new one. */
static void
choose_clicked_cb (KlMediaJobRow *self)
{
  GtkWindow *parent = gtk_window_get_transient_for (get_window (self));

  if (!gtk_widget_activate_action (GTK_WIDGET (self), "create.back", NULL) && parent != NULL)
    gtk_widget_activate_action (GTK_WIDGET (parent), "win.create-media", NULL);
}

static void
folder_clicked_cb (KlMediaJobRow *self)
{
  kl_show_in_folder (get_window (self), kl_media_job_get_path (self->job));
}

static void
check_clicked_cb (KlMediaJobRow *self)
{
  if (kl_media_job_get_drive (self->job) != NULL)
    kl_check_drive (get_window (self), kl_media_job_get_drive (self->job));
  else
    kl_check_file (get_window (self), kl_media_job_get_path (self->job));
}

static void
power_clicked_cb (KlMediaJobRow *self)
{
  kl_power_off (get_window (self), kl_media_job_get_drive (self->job));
}

static void
certificate_named_cb (KlMediaJobRow *self, int response)
{
  const KlMediaResult *result = kl_media_job_get_result (self->job);
  g_autoptr (GFile) file = NULL;
  g_autoptr (GError) error = NULL;

  if (response == GTK_RESPONSE_ACCEPT)
    file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (self->chooser));
  g_clear_object (&self->chooser);
  if (result == NULL || file == NULL || g_file_peek_path (file) == NULL)
    return;
  if (!kl_certificate_export (result->certificate, g_file_peek_path (file), &error))
    kl_failure_view_present (get_window (self), error, g_file_peek_path (file));
}

static void
export_clicked_cb (KlMediaJobRow *self)
{
  const KlMediaResult *result = kl_media_job_get_result (self->job);
  g_autofree char *name
      = g_strdup_printf ("%.8s.cer", kl_certificate_get_sha1 (result->certificate));

  g_clear_object (&self->chooser);
  self->chooser
      = gtk_file_chooser_native_new (_ ("Export Certificate (.cer or .pem)"), get_window (self),
                                     GTK_FILE_CHOOSER_ACTION_SAVE, _ ("_Export"), NULL);
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (self->chooser), TRUE);
  if (kl_media_job_get_drive (self->job) == NULL)
    {
      g_autoptr (GFile) file = g_file_new_for_path (kl_media_job_get_path (self->job));
      g_autoptr (GFile) folder = g_file_get_parent (file);

      gtk_file_chooser_set_current_folder (GTK_FILE_CHOOSER (self->chooser), folder, NULL);
    }
  gtk_file_chooser_set_current_name (GTK_FILE_CHOOSER (self->chooser), name);
  g_signal_connect_object (self->chooser, "response", G_CALLBACK (certificate_named_cb), self,
                           G_CONNECT_SWAPPED);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (self->chooser));
}

static void
kl_media_job_row_dispose (GObject *object)
{
  KlMediaJobRow *self = KL_MEDIA_JOB_ROW (object);

  g_clear_handle_id (&self->show_source, g_source_remove);
  g_clear_object (&self->chooser);
  g_clear_object (&self->job);

  G_OBJECT_CLASS (kl_media_job_row_parent_class)->dispose (object);
}

static void
bind_children (GtkWidgetClass *widget_class)
{
  gtk_widget_class_bind_template_child (widget_class, KlMediaJobRow, icon);
  gtk_widget_class_bind_template_child (widget_class, KlMediaJobRow, name_label);
  gtk_widget_class_bind_template_child (widget_class, KlMediaJobRow, identity_label);
  gtk_widget_class_bind_template_child (widget_class, KlMediaJobRow, state_box);
  gtk_widget_class_bind_template_child (widget_class, KlMediaJobRow, state_icon);
  gtk_widget_class_bind_template_child (widget_class, KlMediaJobRow, state_label);
  gtk_widget_class_bind_template_child (widget_class, KlMediaJobRow, cancel_button);
  gtk_widget_class_bind_template_child (widget_class, KlMediaJobRow, progress_box);
  gtk_widget_class_bind_template_child (widget_class, KlMediaJobRow, progress_bar);
  gtk_widget_class_bind_template_child (widget_class, KlMediaJobRow, step_label);
  gtk_widget_class_bind_template_child (widget_class, KlMediaJobRow, amount_label);
  gtk_widget_class_bind_template_child (widget_class, KlMediaJobRow, time_label);
  gtk_widget_class_bind_template_child (widget_class, KlMediaJobRow, message_label);
  gtk_widget_class_bind_template_child (widget_class, KlMediaJobRow, failure_view);
  gtk_widget_class_bind_template_child (widget_class, KlMediaJobRow, result_expander);
  gtk_widget_class_bind_template_child (widget_class, KlMediaJobRow, result_list);
  gtk_widget_class_bind_template_child (widget_class, KlMediaJobRow, buttons_box);
  gtk_widget_class_bind_template_child (widget_class, KlMediaJobRow, retry_button);
  gtk_widget_class_bind_template_child (widget_class, KlMediaJobRow, choose_button);
  gtk_widget_class_bind_template_child (widget_class, KlMediaJobRow, folder_button);
  gtk_widget_class_bind_template_child (widget_class, KlMediaJobRow, check_button);
  gtk_widget_class_bind_template_child (widget_class, KlMediaJobRow, export_button);
  gtk_widget_class_bind_template_child (widget_class, KlMediaJobRow, power_button);
}

static void
kl_media_job_row_class_init (KlMediaJobRowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kl_media_job_row_dispose;

  g_type_ensure (KL_TYPE_FAILURE_VIEW);
  g_type_ensure (KL_TYPE_FLOW_LAYOUT);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/kindling/Kindling/ui/media-job-row.ui");
  bind_children (widget_class);
  gtk_widget_class_bind_template_callback (widget_class, cancel_clicked_cb);
  gtk_widget_class_bind_template_callback (widget_class, retry_clicked_cb);
  gtk_widget_class_bind_template_callback (widget_class, choose_clicked_cb);
  gtk_widget_class_bind_template_callback (widget_class, folder_clicked_cb);
  gtk_widget_class_bind_template_callback (widget_class, check_clicked_cb);
  gtk_widget_class_bind_template_callback (widget_class, export_clicked_cb);
  gtk_widget_class_bind_template_callback (widget_class, power_clicked_cb);
}

static void
kl_media_job_row_init (KlMediaJobRow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

/* What it is about, and who asked for it. */
static char *
dup_identity (KlMediaJob *job)
{
  KlDrive *drive = kl_media_job_get_drive (job);
  const char *path = kl_media_job_get_path (job);
  const char *origin = kl_media_job_get_origin (job);
  g_autofree char *target = drive != NULL  ? kl_drive_text_dup_identity (drive)
                            : path != NULL ? g_filename_display_name (path)
                                           : NULL;

  if (origin == NULL || target == NULL)
    return g_strdup (target != NULL ? target : origin != NULL ? origin : "");
  return kl_bidi_join (" · ", target, origin, NULL);
}

GtkWidget *
kl_media_job_row_new (KlMediaJob *job)
{
  KlMediaJobRow *self = g_object_new (KL_TYPE_MEDIA_JOB_ROW, NULL);
  KlDrive *drive = kl_media_job_get_drive (job);
  g_autofree char *identity = dup_identity (job);

  self->job = g_object_ref (job);
  gtk_image_set_from_icon_name (self->icon, drive != NULL ? kl_drive_text_get_icon_name (drive)
                                            : kl_media_job_is_medium (job)
                                                ? "media-optical-symbolic"
                                                : "system-run-symbolic");
  gtk_label_set_label (self->name_label, kl_media_job_get_name (job));
  gtk_label_set_label (self->identity_label, identity);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->identity_label), identity);
  gtk_widget_set_visible (GTK_WIDGET (self->identity_label), *identity != '\0');
  g_signal_connect_object (job, "notify::state", G_CALLBACK (show_state), self, G_CONNECT_SWAPPED);
  if (kl_media_job_get_job (job) != NULL)
    g_signal_connect_object (kl_media_job_get_job (job), "progress", G_CALLBACK (progress_cb), self,
                             G_CONNECT_SWAPPED);
  show_state (self);
  return GTK_WIDGET (self);
}

/* What its medium has become, in sentences. */
char *
kl_media_job_row_dup_outcome (KlMediaJobRow *self)
{
  const GError *error;
  g_autofree char *message = NULL;
  g_autofree char *next_step = NULL;

  g_return_val_if_fail (KL_IS_MEDIA_JOB_ROW (self), NULL);

  error = kl_media_job_get_error (self->job);
  message = dup_message (self->job);
  if (error == NULL)
    return g_steal_pointer (&message);
  next_step = kl_error_text_dup_next_step (error);
  return g_strjoin (". ", kl_error_text_get_title (error), next_step, message, NULL);
}

void
kl_media_job_row_expand (KlMediaJobRow *self)
{
  g_return_if_fail (KL_IS_MEDIA_JOB_ROW (self));

  gtk_expander_set_expanded (self->result_expander, TRUE);
}
