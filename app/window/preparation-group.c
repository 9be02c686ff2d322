/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-preparation-group"

#include "config.h"

#include "window/preparation-group.h"

#include <glib/gi18n.h>

#include "base/error.h"
#include "bidi.h"
#include "core-text.h"
#include "image/injection-status.h"
#include "window/drivers-window.h"
#include "window/fact-row.h"
#include "window/failure-view.h"
#include "window/job-text.h"
#include "window/preparation-text.h"
#include "window/preview-window.h"
#include "window/recipe-dialog.h"

struct _KlPreparationGroup
{
  AdwBin parent_instance;

  KlCatalog *catalog;        /* owned */
  KlPrepareQueue *queue;     /* owned */
  KlBootImage *image;        /* owned; nullable */
  KlRecipe *recipe;          /* owned; nullable: not read yet */
  KlDriverSurvey *survey;    /* owned; nullable: not read yet */
  GCancellable *cancellable; /* owned; nullable; of the reading under way */
  gboolean needed;           /* files of the recipe have changed since */
  gboolean may_prepare;

  KlFactRow *status_row;
  GtkImage *status_icon;
  GtkWidget *prepare_button;
  GtkWidget *cancel_button;
  gboolean row_stands_in; /* the status has the focus that a button had */
  GtkWidget *progress_row;
  GtkProgressBar *progress_bar;
  GtkLabel *amount_label;
  GtkLabel *time_label;
  KlFactRow *reason_row;
  KlFactRow *file_row;
  KlFactRow *code_row;
  AdwActionRow *drivers_row;
  AdwActionRow *files_row;
  AdwActionRow *startup_row;
  AdwActionRow *preview_row;
};

G_DEFINE_FINAL_TYPE (KlPreparationGroup, kl_preparation_group, ADW_TYPE_BIN)

enum
{
  PROP_CAN_PREPARE = 1,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

/* What a thread reads of an entry. */
typedef struct
{
  KlCatalog *catalog;
  char *id;
  char *folder;
  gboolean ask_needed;
  KlRecipe *recipe;
  KlDriverSurvey *survey;
  gboolean needed;
} Reading;

static void
reading_free (Reading *reading)
{
  g_object_unref (reading->catalog);
  g_free (reading->id);
  g_free (reading->folder);
  g_clear_pointer (&reading->recipe, kl_recipe_free);
  g_clear_pointer (&reading->survey, kl_driver_survey_unref);
  g_free (reading);
}

static void
read_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Reading *reading = data;
  GError *error = NULL;

  reading->recipe = kl_recipe_load (reading->folder, &error);
  if (reading->recipe == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  if (reading->recipe->drivers->len > 0)
    reading->survey = kl_driver_survey_new (reading->folder, NULL, NULL, cancellable, NULL);
  if (reading->ask_needed)
    kl_prepare_is_needed (reading->catalog, reading->id, &reading->needed, NULL);
  g_task_return_boolean (task, TRUE);
}

static const char *
get_id (KlPreparationGroup *self)
{
  return self->image ? kl_boot_image_get_id (self->image) : "";
}

/* FALSE where there is nothing that preparing would do. */
static gboolean
can_prepare (KlPreparationGroup *self)
{
  const KlImageState state = kl_boot_image_get_state (self->image);

  return state != KL_IMAGE_STATE_IN_PROGRESS
         && (state != KL_IMAGE_STATE_NO_STATUS || self->recipe == NULL
             || !kl_recipe_is_empty (self->recipe));
}

static char *
dup_other_state (KlPreparationGroup *self)
{
  const KlInjectionStatus *status = kl_boot_image_get_injection (self->image);

  switch (kl_boot_image_get_state (self->image))
    {
    case KL_IMAGE_STATE_COMPLETE:
      return g_strdup (self->needed
                           ? _ ("Files that the recipe names have changed since; prepare again")
                           : _ ("Up to date"));
    case KL_IMAGE_STATE_STALE:
      return g_strdup (_ ("The recipe has changed since; making media prepares first"));
    case KL_IMAGE_STATE_ERROR:
      if (kl_preparation_text_is_cancelled (self->image))
        return g_strdup (_ ("Cancelled; what was there before is in use"));
      if (status != NULL && status->error_code == KL_INJECTION_CODE_DIED)
        return g_strdup (_ ("The program that prepared it ended too early; prepare again"));
      return g_strdup (_ ("Failed; correct what is named below and prepare again"));
    case KL_IMAGE_STATE_NO_STATUS:
    case KL_IMAGE_STATE_IN_PROGRESS:
    default:
      return g_strdup (can_prepare (self) ? _ ("Not prepared yet")
                                          : _ ("Nothing to do: the recipe is empty, and media get "
                                               "the source image"));
    }
}

static char *
dup_step (KlPreparationGroup *self, gboolean own)
{
  const KlInjectionStatus *status = kl_boot_image_get_injection (self->image);
  KlJob *job = kl_prepare_queue_get_job (self->queue);
  g_autofree char *step = NULL;

  if (own)
    {
      step = kl_job_text_dup_step (job);
      if (kl_job_get_current_step (job) == 0)
        return g_steal_pointer (&step);
      /* Translators: the number of a step, of how many, what is done in it. */
      return kl_bidi_printf (_ ("Step %u of %u: %s"), kl_job_get_current_step (job),
                             kl_job_get_num_steps (job), step);
    }

  step = kl_core_text_translate (status->progress_text);
  /* Translators: the number of a step, of how many, what is done in it. */
  return kl_bidi_printf (_ ("Step %u of %u: %s (by another program)"), status->progress,
                         status->max_progress, step);
}

static void
show_progress (KlPreparationGroup *self, gboolean own)
{
  const KlInjectionStatus *status = kl_boot_image_get_injection (self->image);
  KlJob *job = kl_prepare_queue_get_job (self->queue);
  g_autofree char *amount = own ? kl_job_text_dup_amount (job) : g_strdup ("");
  g_autofree char *left = own ? kl_job_text_dup_time (job) : g_strdup ("");
  double fraction = 0;

  if (own)
    fraction = kl_job_get_fraction (job);
  else if (status != NULL && status->max_progress > 0 && status->progress > 0)
    fraction = (double) (status->progress - 1) / status->max_progress;
  gtk_progress_bar_set_fraction (self->progress_bar, CLAMP (fraction, 0, 1));
  gtk_label_set_label (self->amount_label, amount);
  gtk_label_set_label (self->time_label, left);
}

static void
show_failure (KlPreparationGroup *self, gboolean show)
{
  const KlInjectionStatus *status = kl_boot_image_get_injection (self->image);
  g_autofree char *code = NULL;
  g_autofree char *reason = NULL;

  show = show && status != NULL && kl_boot_image_get_state (self->image) == KL_IMAGE_STATE_ERROR
         && !kl_preparation_text_is_cancelled (self->image);
  gtk_widget_set_visible (GTK_WIDGET (self->code_row), show);
  gtk_widget_set_visible (GTK_WIDGET (self->reason_row), show && *status->message);
  gtk_widget_set_visible (GTK_WIDGET (self->file_row), show && *status->extended_error_info);
  if (!show)
    return;
  code = g_strdup_printf ("%d", status->error_code);
  reason = kl_core_text_translate (status->message);
  kl_fact_row_set_value (self->reason_row, reason);
  kl_fact_row_set_value (self->code_row, code);
  kl_fact_row_set_value (self->file_row, status->extended_error_info);
}

static char *
dup_status (KlPreparationGroup *self, KlQueued queued, guint n_before, gboolean running)
{
  if (queued == KL_QUEUED_WAITING)
    return kl_bidi_printf (ngettext ("Waiting: %u boot image is prepared first",
                                     "Waiting: %u boot images are prepared first", n_before),
                           n_before);
  return running ? dup_step (self, queued == KL_QUEUED_RUNNING) : dup_other_state (self);
}

static void
set_may_prepare (KlPreparationGroup *self, gboolean may_prepare)
{
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "preparation.prepare", may_prepare);
  if (self->may_prepare == may_prepare)
    return;
  self->may_prepare = may_prepare;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_CAN_PREPARE]);
}

/* Each stands where the other one does; the focus stays there. A button that is greyed or hidden
 * loses it. While neither can be pressed, since another program prepares the image or the outcome
 * is read still, the row above keeps it for them. */
static void
show_buttons (KlPreparationGroup *self, gboolean idle, gboolean cancel)
{
  const gboolean focused
      = gtk_widget_has_focus (self->prepare_button) || gtk_widget_has_focus (self->cancel_button)
        || (self->row_stands_in && gtk_widget_has_focus (GTK_WIDGET (self->status_row)));
  const gboolean may_prepare = idle && can_prepare (self);

  set_may_prepare (self, may_prepare);
  gtk_widget_set_visible (self->prepare_button, idle);
  gtk_widget_set_visible (self->cancel_button, cancel);
  self->row_stands_in = focused && !cancel && !may_prepare;
  if (focused)
    gtk_widget_grab_focus (cancel        ? self->cancel_button
                           : may_prepare ? self->prepare_button
                                         : GTK_WIDGET (self->status_row));
}

static const char *
get_status_icon (KlPreparationGroup *self, gboolean running, const KlStateText *style)
{
  if (running)
    return "content-loading-symbolic";
  if (self->needed)
    return "dialog-warning-symbolic";
  if (kl_boot_image_get_state (self->image) == KL_IMAGE_STATE_NO_STATUS)
    return "dialog-information-symbolic";
  return style->icon_name;
}

static const char *
get_status_class (KlPreparationGroup *self, gboolean running, const KlStateText *style)
{
  if (running)
    return "accent";
  if (self->needed)
    return "warning";
  if (kl_boot_image_get_state (self->image) == KL_IMAGE_STATE_NO_STATUS)
    return can_prepare (self) ? "accent" : "dim-label";
  return style->css_class;
}

/* How the preparation stands, whoever runs it. */
static void
show_status (KlPreparationGroup *self)
{
  guint n_before = 0;
  KlQueued queued;
  gboolean running;
  KlStateText style;
  g_autofree char *word = NULL;
  g_autofree char *text = NULL;
  const char *classes[] = { NULL, NULL };

  if (self->image == NULL || self->queue == NULL)
    {
      set_may_prepare (self, FALSE);
      return;
    }

  queued = kl_prepare_queue_look_up (self->queue, get_id (self), &n_before);
  running = queued == KL_QUEUED_RUNNING
            || (queued == KL_QUEUED_NOT
                && kl_boot_image_get_state (self->image) == KL_IMAGE_STATE_IN_PROGRESS);
  word = kl_preparation_text_dup_state (self->image, self->queue, &style);
  text = dup_status (self, queued, n_before, running);
  classes[0] = get_status_class (self, running, &style);

  kl_fact_row_set_value (self->status_row, text);
  gtk_image_set_from_icon_name (self->status_icon, get_status_icon (self, running, &style));
  gtk_widget_set_css_classes (GTK_WIDGET (self->status_icon), classes);
  show_buttons (self, queued == KL_QUEUED_NOT && !running, queued != KL_QUEUED_NOT);
  gtk_widget_set_visible (self->progress_row, running);
  if (running)
    show_progress (self, queued == KL_QUEUED_RUNNING);
  show_failure (self, queued == KL_QUEUED_NOT && !running);
}

/* A row that leads on says what is behind it, to a screen reader too. */
static void
show_row (AdwActionRow *row, const char *value)
{
  const char *title = adw_preferences_row_get_title (ADW_PREFERENCES_ROW (row));
  g_auto (GStrv) parts = g_strsplit (title, "_", 2);
  g_autofree char *plain = g_strjoinv ("", parts);
  g_autofree char *name = g_strjoin (": ", plain, value, NULL);

  adw_action_row_set_subtitle (row, value);
  gtk_accessible_update_property (GTK_ACCESSIBLE (row), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
}

static void
show_recipe (KlPreparationGroup *self)
{
  g_autofree char *drivers = NULL;
  g_autofree char *files = NULL;
  g_autofree char *startup = NULL;

  if (self->recipe != NULL)
    {
      drivers = kl_preparation_text_dup_drivers (self->recipe, self->survey);
      files = kl_preparation_text_dup_files (self->recipe);
      startup = kl_preparation_text_dup_startup (self->recipe);
    }
  show_row (self->drivers_row, drivers ? drivers : "…");
  show_row (self->files_row, files ? files : "…");
  show_row (self->startup_row, startup ? startup : "…");
}

static void
read_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KlPreparationGroup *self = KL_PREPARATION_GROUP (source);
  Reading *reading = g_task_get_task_data (G_TASK (result));
  g_autoptr (GError) error = NULL;

  if (!g_task_propagate_boolean (G_TASK (result), &error) || self->image == NULL
      || !g_str_equal (reading->id, get_id (self)))
    return; /* a newer reading is under way, or the entry is broken and says so */

  g_clear_pointer (&self->survey, kl_driver_survey_unref);
  g_clear_pointer (&self->recipe, kl_recipe_free);
  self->recipe = g_steal_pointer (&reading->recipe);
  self->survey = g_steal_pointer (&reading->survey);
  self->needed = reading->needed;
  show_recipe (self);
  show_status (self);
}

static void
start_reading (KlPreparationGroup *self)
{
  Reading *reading = g_new0 (Reading, 1);
  g_autoptr (GTask) task = NULL;

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  self->cancellable = g_cancellable_new ();
  reading->catalog = g_object_ref (self->catalog);
  reading->id = g_strdup (get_id (self));
  reading->folder = g_strdup (kl_boot_image_get_folder (self->image));
  reading->ask_needed = kl_boot_image_get_state (self->image) == KL_IMAGE_STATE_COMPLETE;
  task = g_task_new (self, self->cancellable, read_cb, NULL);
  g_task_set_task_data (task, reading, (GDestroyNotify) reading_free);
  g_task_run_in_thread (task, read_in_thread);
}

static void
prepare_activated (GtkWidget *widget, const char *action, GVariant *parameter)
{
  kl_preparation_group_prepare (KL_PREPARATION_GROUP (widget));
}

static void
cancel_activated (GtkWidget *widget, const char *action, GVariant *parameter)
{
  KlPreparationGroup *self = KL_PREPARATION_GROUP (widget);

  kl_prepare_queue_cancel (self->queue, get_id (self));
}

static GtkWindow *
get_window (KlPreparationGroup *self)
{
  return GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (self)));
}

static void
drivers_activated (GtkWidget *widget, const char *action, GVariant *parameter)
{
  KlPreparationGroup *self = KL_PREPARATION_GROUP (widget);

  gtk_window_present (
      GTK_WINDOW (kl_drivers_window_new (get_window (self), self->catalog, self->image)));
}

static void
files_activated (GtkWidget *widget, const char *action, GVariant *parameter)
{
  KlPreparationGroup *self = KL_PREPARATION_GROUP (widget);

  kl_recipe_dialog_open (get_window (self), self->catalog, self->image, KL_RECIPE_FILES);
}

static void
startup_activated (GtkWidget *widget, const char *action, GVariant *parameter)
{
  KlPreparationGroup *self = KL_PREPARATION_GROUP (widget);

  kl_recipe_dialog_open (get_window (self), self->catalog, self->image, KL_RECIPE_STARTUP);
}

static void
preview_activated (GtkWidget *widget, const char *action, GVariant *parameter)
{
  KlPreparationGroup *self = KL_PREPARATION_GROUP (widget);

  kl_preview_window_open (get_window (self), self->catalog, self->image, NULL);
}

/* What this window saw tells more than the status, which another process may have left. */
static void
details_activated (GtkWidget *widget, const char *action, GVariant *parameter)
{
  KlPreparationGroup *self = KL_PREPARATION_GROUP (widget);
  const KlInjectionStatus *status = kl_boot_image_get_injection (self->image);
  const GError *seen = kl_prepare_queue_get_error (self->queue, get_id (self));
  g_autoptr (GError) error = NULL;

  if (seen != NULL)
    error = g_error_copy (seen);
  else
    {
      error = g_error_new (KL_ERROR, KL_ERROR_INJECTION, "%s (%u/%u %s, %d)", status->message,
                           status->progress, status->max_progress, status->progress_text,
                           status->error_code);
      kl_error_set_detail (error, status->extended_error_info);
    }
  kl_failure_view_present (get_window (self), error, kl_boot_image_get_folder (self->image));
}

static void
kl_preparation_group_get_property (GObject *object, guint id, GValue *value, GParamSpec *spec)
{
  if (id == PROP_CAN_PREPARE)
    g_value_set_boolean (value, KL_PREPARATION_GROUP (object)->may_prepare);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
}

static void
kl_preparation_group_dispose (GObject *object)
{
  KlPreparationGroup *self = KL_PREPARATION_GROUP (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->image);
  g_clear_object (&self->queue);
  g_clear_object (&self->catalog);
  g_clear_pointer (&self->survey, kl_driver_survey_unref);
  g_clear_pointer (&self->recipe, kl_recipe_free);

  G_OBJECT_CLASS (kl_preparation_group_parent_class)->dispose (object);
}

static void
bind_children (GtkWidgetClass *widget_class)
{
  gtk_widget_class_bind_template_child (widget_class, KlPreparationGroup, status_row);
  gtk_widget_class_bind_template_child (widget_class, KlPreparationGroup, status_icon);
  gtk_widget_class_bind_template_child (widget_class, KlPreparationGroup, prepare_button);
  gtk_widget_class_bind_template_child (widget_class, KlPreparationGroup, cancel_button);
  gtk_widget_class_bind_template_child (widget_class, KlPreparationGroup, progress_row);
  gtk_widget_class_bind_template_child (widget_class, KlPreparationGroup, progress_bar);
  gtk_widget_class_bind_template_child (widget_class, KlPreparationGroup, amount_label);
  gtk_widget_class_bind_template_child (widget_class, KlPreparationGroup, time_label);
  gtk_widget_class_bind_template_child (widget_class, KlPreparationGroup, reason_row);
  gtk_widget_class_bind_template_child (widget_class, KlPreparationGroup, file_row);
  gtk_widget_class_bind_template_child (widget_class, KlPreparationGroup, code_row);
  gtk_widget_class_bind_template_child (widget_class, KlPreparationGroup, drivers_row);
  gtk_widget_class_bind_template_child (widget_class, KlPreparationGroup, files_row);
  gtk_widget_class_bind_template_child (widget_class, KlPreparationGroup, startup_row);
  gtk_widget_class_bind_template_child (widget_class, KlPreparationGroup, preview_row);
}

static void
kl_preparation_group_class_init (KlPreparationGroupClass *klass)
{
  static const struct
  {
    const char *name;
    GtkWidgetActionActivateFunc func;
  } actions[] = {
    { "preparation.prepare", prepare_activated }, { "preparation.cancel", cancel_activated },
    { "preparation.drivers", drivers_activated }, { "preparation.files", files_activated },
    { "preparation.startup", startup_activated }, { "preparation.preview", preview_activated },
    { "preparation.details", details_activated },
  };
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kl_preparation_group_dispose;
  G_OBJECT_CLASS (klass)->get_property = kl_preparation_group_get_property;
  properties[PROP_CAN_PREPARE]
      = g_param_spec_boolean ("can-prepare", NULL, NULL, FALSE,
                              G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (G_OBJECT_CLASS (klass), N_PROPS, properties);

  g_type_ensure (KL_TYPE_FACT_ROW);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/kindling/Kindling/ui/preparation-group.ui");
  bind_children (widget_class);
  for (gsize i = 0; i < G_N_ELEMENTS (actions); i++)
    gtk_widget_class_install_action (widget_class, actions[i].name, NULL, actions[i].func);
}

static void
kl_preparation_group_init (KlPreparationGroup *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  show_row (self->preview_row, adw_action_row_get_subtitle (self->preview_row));
}

void
kl_preparation_group_set_queue (KlPreparationGroup *self, KlCatalog *catalog, KlPrepareQueue *queue)
{
  g_return_if_fail (KL_IS_PREPARATION_GROUP (self));

  g_set_object (&self->catalog, catalog);
  g_set_object (&self->queue, queue);
  g_signal_connect_object (queue, "changed", G_CALLBACK (show_status), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (queue, "progress", G_CALLBACK (show_status), self, G_CONNECT_SWAPPED);
}

void
kl_preparation_group_set_catalog (KlPreparationGroup *self, KlCatalog *catalog)
{
  g_return_if_fail (KL_IS_PREPARATION_GROUP (self));

  g_set_object (&self->catalog, catalog);
}

/**
 * kl_preparation_group_set_image:
 * @image: (nullable): one that is not broken
 *
 * The catalog gives a new object for each step of a preparation: nothing of the recipe can change
 * meanwhile, and it is not read again.
 */
void
kl_preparation_group_set_image (KlPreparationGroup *self, KlBootImage *image)
{
  gboolean same;

  g_return_if_fail (KL_IS_PREPARATION_GROUP (self));

  same = image != NULL && g_str_equal (get_id (self), kl_boot_image_get_id (image));
  g_set_object (&self->image, image);
  if (!same)
    {
      g_clear_pointer (&self->survey, kl_driver_survey_unref);
      g_clear_pointer (&self->recipe, kl_recipe_free);
      self->needed = FALSE;
      show_recipe (self);
    }
  show_status (self);
  if (image == NULL || self->queue == NULL)
    return;

  if (!same || self->recipe == NULL
      || kl_boot_image_get_state (image) != KL_IMAGE_STATE_IN_PROGRESS)
    start_reading (self);
}

gboolean
kl_preparation_group_get_can_prepare (KlPreparationGroup *self)
{
  g_return_val_if_fail (KL_IS_PREPARATION_GROUP (self), FALSE);

  return self->may_prepare;
}

void
kl_preparation_group_prepare (KlPreparationGroup *self)
{
  g_return_if_fail (KL_IS_PREPARATION_GROUP (self));

  if (self->may_prepare)
    kl_prepare_queue_add (self->queue, get_id (self));
}
