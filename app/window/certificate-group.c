/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-certificate-group"

#include "config.h"

#include "window/certificate-group.h"

#include <glib/gi18n.h>

#include "base/error.h"
#include "core-text.h"
#include "error-text.h"
#include "window/certificate-text.h"
#include "window/part-names.h"
#include "window/password-row.h"
#include "window/path-row.h"
#include "window/problem-label.h"

/* How long after the last key stroke a PFX file is tried; milliseconds. */
#define CHECK_DELAY 700

struct _KlCertificateGroup
{
  AdwPreferencesGroup parent_instance;

  KlMediaDraft *draft;       /* owned; nullable */
  GCancellable *cancellable; /* owned; nullable; of the check under way */
  guint check_source;        /* of the check that waits; 0: none */
  gboolean complete;

  AdwComboRow *kind_row;
  AdwEntryRow *until_row;
  GtkCalendar *calendar;
  KlPathRow *file_row;
  KlPasswordRow *password_row;
  GtkSpinner *spinner;
  KlFactRow *subject_row;
  KlFactRow *end_row;
  AdwActionRow *nevertheless_row;
  GtkSwitch *nevertheless_switch;
  GtkLabel *problem_label;
  GtkLabel *warning_label;
};

G_DEFINE_FINAL_TYPE (KlCertificateGroup, kl_certificate_group, ADW_TYPE_PREFERENCES_GROUP)

enum
{
  PROP_COMPLETE = 1,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

/* What the worker tries; it owns all of it. */
typedef struct
{
  char *path;
  KlSecret *password;
} Trial;

static void
trial_free (Trial *trial)
{
  g_free (trial->path);
  g_clear_pointer (&trial->password, kl_secret_unref);
  g_free (trial);
}

static gboolean
is_imported (KlCertificateGroup *self)
{
  return adw_combo_row_get_selected (self->kind_row) == 1;
}

static void
set_complete (KlCertificateGroup *self, gboolean complete)
{
  if (self->complete == complete)
    return;
  self->complete = complete;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_COMPLETE]);
}

static void
stop_check (KlCertificateGroup *self)
{
  g_clear_handle_id (&self->check_source, g_source_remove);
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  gtk_spinner_stop (self->spinner);
}

/* The last second of the day that was entered, by the clock of this computer; NULL where it is no
 * day. */
static GDateTime *
parse_day (const char *text)
{
  g_autoptr (GTimeZone) zone = g_time_zone_new_local ();
  g_autofree char *full = g_strconcat (text, "T23:59:59", NULL);

  return strlen (text) == strlen ("2027-11-20") ? g_date_time_new_from_iso8601 (full, zone) : NULL;
}

static void
check_day (KlCertificateGroup *self)
{
  g_autoptr (GDateTime) until = parse_day (gtk_editable_get_text (GTK_EDITABLE (self->until_row)));
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autoptr (GDateTime) near = g_date_time_add_days (now, KL_CERTIFICATE_WARN_DAYS);
  const char *problem = NULL;
  gboolean is_near;

  if (until == NULL)
    problem = _ ("Enter a day as year-month-day, such as 2027-11-20.");
  else if (g_date_time_compare (until, now) <= 0)
    problem = _ ("This day is past; the medium could not be used at all.");
  else
    g_object_set (self->draft, "valid-until", until, NULL);

  is_near = problem == NULL && g_date_time_compare (until, near) < 0;
  gtk_widget_set_visible (GTK_WIDGET (self->warning_label), is_near);
  if (is_near)
    gtk_label_set_label (self->warning_label, _ ("The medium can be used for less than 30 days."));
  set_complete (self,
                kl_problem_label_show (self->problem_label, GTK_WIDGET (self->until_row), problem));
}

/* The sentence of the error where it fits a certificate; that of a file of another kind does not.
 */
static char *
dup_problem (const GError *error)
{
  const char *title = kl_error_text_get_title (error);
  g_autofree char *next_step = kl_error_text_dup_next_step (error);

  if (g_error_matches (error, KL_ERROR, KL_ERROR_FORMAT))
    return g_strdup (_ ("This file cannot be used as a PFX file. Export the certificate again, "
                        "with its private key, as PKCS#12."));
  return g_strdup_printf ("%s. %s", title, next_step);
}

/* Whether what the file holds is in order: valid today, or taken nevertheless. */
static void
judge_certificate (KlCertificateGroup *self, KlCertificate *certificate)
{
  const gboolean nevertheless = gtk_switch_get_active (self->nevertheless_switch);
  g_autoptr (GError) error = NULL;
  g_autofree char *problem = NULL;
  const gboolean valid = kl_certificate_check_validity (certificate, NULL, &error);

  if (!valid && !nevertheless)
    problem = dup_problem (error);
  gtk_widget_set_visible (GTK_WIDGET (self->nevertheless_row), !valid);
  g_object_set (self->draft, "ignore-validity", !valid && nevertheless, NULL);
  set_complete (self,
                kl_problem_label_show (self->problem_label, GTK_WIDGET (self->file_row), problem));
}

static void
nevertheless_cb (KlCertificateGroup *self)
{
  g_autoptr (KlCertificate) certificate = NULL;

  if (self->draft == NULL)
    return;
  g_object_get (self->draft, "imported", &certificate, NULL);
  if (certificate != NULL)
    judge_certificate (self, certificate);
}

static void
show_certificate (KlCertificateGroup *self, KlCertificate *certificate)
{
  g_auto (GStrv) warnings = kl_certificate_dup_warnings (certificate, NULL);
  g_autofree char *text = NULL;

  for (guint i = 0; warnings[i] != NULL; i++)
    {
      g_autofree char *warning = g_steal_pointer (&warnings[i]);

      warnings[i] = kl_core_text_translate (warning);
    }
  text = g_strjoinv ("\n", warnings);

  gtk_widget_set_visible (GTK_WIDGET (self->subject_row), TRUE);
  gtk_widget_set_visible (GTK_WIDGET (self->end_row), TRUE);
  kl_fact_row_set_value (self->subject_row, kl_certificate_get_subject (certificate));
  kl_certificate_text_show_end (self->end_row, kl_certificate_get_not_after (certificate));
  gtk_label_set_label (self->warning_label, text);
  gtk_widget_set_visible (GTK_WIDGET (self->warning_label), *text != '\0');
}

static void
tried_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KlCertificateGroup) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KlCertificate) certificate = g_task_propagate_pointer (G_TASK (result), &error);
  g_autofree char *problem = NULL;
  GtkWidget *row;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) || self->draft == NULL)
    return;

  stop_check (self);
  g_object_set (self->draft, "imported", certificate, NULL);
  if (certificate != NULL)
    {
      show_certificate (self, certificate);
      judge_certificate (self, certificate);
      return;
    }

  problem = dup_problem (error);
  row = g_error_matches (error, KL_ERROR, KL_ERROR_CERT_PASSWORD)
            ? kl_password_row_get_entry (self->password_row)
            : GTK_WIDGET (self->file_row);
  set_complete (self, kl_problem_label_show (self->problem_label, row, problem));
}

static void
try_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Trial *trial = data;
  g_autoptr (KlCertificate) certificate = NULL;
  GError *error = NULL;

  certificate = kl_certificate_import (trial->path, trial->password, cancellable, &error);
  if (certificate == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  g_task_return_pointer (task, kl_certificate_dup_public (certificate),
                         (GDestroyNotify) kl_certificate_unref);
}

static gboolean
try_file_cb (gpointer user_data)
{
  KlCertificateGroup *self = user_data;
  g_autoptr (GTask) task = NULL;
  Trial *trial = g_new0 (Trial, 1);

  self->check_source = 0;
  stop_check (self);
  self->cancellable = g_cancellable_new ();
  gtk_spinner_start (self->spinner);

  trial->path = g_strdup (gtk_editable_get_text (GTK_EDITABLE (self->file_row)));
  trial->password = kl_secret_new_text (kl_password_row_get_text (self->password_row));
  task = g_task_new (NULL, self->cancellable, tried_cb, g_object_ref (self));
  g_task_set_source_tag (task, try_file_cb);
  g_task_set_task_data (task, trial, (GDestroyNotify) trial_free);
  g_task_run_in_thread (task, try_in_thread);

  return G_SOURCE_REMOVE;
}

/* What was agreed to of one file does not hold for the next. */
static void
hide_certificate (KlCertificateGroup *self)
{
  g_object_set (self->draft, "imported", NULL, "ignore-validity", FALSE, NULL);
  gtk_widget_set_visible (GTK_WIDGET (self->subject_row), FALSE);
  gtk_widget_set_visible (GTK_WIDGET (self->end_row), FALSE);
  gtk_widget_set_visible (GTK_WIDGET (self->nevertheless_row), FALSE);
  gtk_switch_set_active (self->nevertheless_switch, FALSE);
}

/* Nothing of the last check counts any more; the next waits for the end of the typing. */
static void
expect_check (KlCertificateGroup *self)
{
  const char *path = gtk_editable_get_text (GTK_EDITABLE (self->file_row));
  const char *text = kl_password_row_get_text (self->password_row);
  g_autoptr (KlSecret) password = *text != '\0' ? kl_secret_new_text (text) : NULL;

  stop_check (self);
  g_object_set (self->draft, "certificate", path, "certificate-password", password, NULL);
  kl_problem_label_show (self->problem_label, GTK_WIDGET (self->file_row), NULL);
  kl_problem_label_show (self->problem_label, kl_password_row_get_entry (self->password_row), NULL);
  gtk_widget_set_visible (GTK_WIDGET (self->warning_label), FALSE);
  hide_certificate (self);
  set_complete (self, FALSE);
  if (*path != '\0')
    self->check_source = g_timeout_add (CHECK_DELAY, try_file_cb, self);
}

static void
show_kind (KlCertificateGroup *self)
{
  const gboolean imported = is_imported (self);

  stop_check (self);
  gtk_widget_set_visible (GTK_WIDGET (self->until_row), !imported);
  gtk_widget_set_visible (GTK_WIDGET (self->file_row), imported);
  gtk_widget_set_visible (GTK_WIDGET (self->password_row), imported);
  hide_certificate (self);
  if (imported)
    {
      expect_check (self);
      return;
    }
  g_object_set (self->draft, "certificate", NULL, "certificate-password", NULL, NULL);
  check_day (self);
}

static void
kind_cb (KlCertificateGroup *self)
{
  if (self->draft != NULL)
    show_kind (self);
}

static void
day_typed_cb (KlCertificateGroup *self)
{
  if (self->draft != NULL && !is_imported (self))
    check_day (self);
}

static void
file_typed_cb (KlCertificateGroup *self)
{
  if (self->draft != NULL && is_imported (self))
    expect_check (self);
}

/* Whoever leaves the entry, or presses Enter in it, does not wait. */
static void
file_left_cb (KlCertificateGroup *self)
{
  if (self->check_source == 0)
    return;
  g_clear_handle_id (&self->check_source, g_source_remove);
  try_file_cb (self);
}

static void
day_selected_cb (KlCertificateGroup *self)
{
  g_autoptr (GDateTime) day = gtk_calendar_get_date (self->calendar);
  g_autofree char *text = g_date_time_format (day, "%Y-%m-%d");

  gtk_editable_set_text (GTK_EDITABLE (self->until_row), text);
}

static void
kl_certificate_group_get_property (GObject *object, guint id, GValue *value, GParamSpec *spec)
{
  if (id == PROP_COMPLETE)
    g_value_set_boolean (value, KL_CERTIFICATE_GROUP (object)->complete);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
}

static void
kl_certificate_group_dispose (GObject *object)
{
  KlCertificateGroup *self = KL_CERTIFICATE_GROUP (object);

  g_clear_handle_id (&self->check_source, g_source_remove);
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->draft);

  G_OBJECT_CLASS (kl_certificate_group_parent_class)->dispose (object);
}

static void
kl_certificate_group_class_init (KlCertificateGroupClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = kl_certificate_group_get_property;
  object_class->dispose = kl_certificate_group_dispose;
  properties[PROP_COMPLETE] = g_param_spec_boolean ("complete", NULL, NULL, FALSE,
                                                    G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  g_type_ensure (KL_TYPE_FACT_ROW);
  g_type_ensure (KL_TYPE_PASSWORD_ROW);
  g_type_ensure (KL_TYPE_PATH_ROW);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/kindling/Kindling/ui/certificate-group.ui");
  gtk_widget_class_bind_template_child (widget_class, KlCertificateGroup, kind_row);
  gtk_widget_class_bind_template_child (widget_class, KlCertificateGroup, until_row);
  gtk_widget_class_bind_template_child (widget_class, KlCertificateGroup, calendar);
  gtk_widget_class_bind_template_child (widget_class, KlCertificateGroup, file_row);
  gtk_widget_class_bind_template_child (widget_class, KlCertificateGroup, password_row);
  gtk_widget_class_bind_template_child (widget_class, KlCertificateGroup, spinner);
  gtk_widget_class_bind_template_child (widget_class, KlCertificateGroup, subject_row);
  gtk_widget_class_bind_template_child (widget_class, KlCertificateGroup, end_row);
  gtk_widget_class_bind_template_child (widget_class, KlCertificateGroup, nevertheless_row);
  gtk_widget_class_bind_template_child (widget_class, KlCertificateGroup, nevertheless_switch);
  gtk_widget_class_bind_template_child (widget_class, KlCertificateGroup, problem_label);
  gtk_widget_class_bind_template_child (widget_class, KlCertificateGroup, warning_label);
  gtk_widget_class_bind_template_callback (widget_class, kind_cb);
  gtk_widget_class_bind_template_callback (widget_class, day_typed_cb);
  gtk_widget_class_bind_template_callback (widget_class, day_selected_cb);
  gtk_widget_class_bind_template_callback (widget_class, file_typed_cb);
  gtk_widget_class_bind_template_callback (widget_class, file_left_cb);
  gtk_widget_class_bind_template_callback (widget_class, nevertheless_cb);
}

static void
kl_certificate_group_init (KlCertificateGroup *self)
{
  GtkEventController *focus = gtk_event_controller_focus_new ();

  gtk_widget_init_template (GTK_WIDGET (self));
  kl_name_parts_of_combo_row (self->kind_row);
  g_signal_connect_object (focus, "leave", G_CALLBACK (file_left_cb), self, G_CONNECT_SWAPPED);
  gtk_widget_add_controller (GTK_WIDGET (self->password_row), focus);
}

void
kl_certificate_group_attach (KlCertificateGroup *self, KlMediaDraft *draft)
{
  g_autoptr (GDateTime) local = NULL;
  g_autofree char *text = NULL;

  g_return_if_fail (self->draft == NULL);

  local = g_date_time_to_local (kl_media_draft_get_certificate_end (draft));
  text = g_date_time_format (local, "%Y-%m-%d");
  gtk_editable_set_text (GTK_EDITABLE (self->until_row), text);
  gtk_calendar_select_day (self->calendar, local);
  self->draft = g_object_ref (draft);
  show_kind (self);
}

gboolean
kl_certificate_group_is_complete (KlCertificateGroup *self)
{
  return self->complete;
}

/* Whether a file or its password was entered. */
gboolean
kl_certificate_group_has_input (KlCertificateGroup *self)
{
  return *gtk_editable_get_text (GTK_EDITABLE (self->file_row)) != '\0'
         || *kl_password_row_get_text (self->password_row) != '\0';
}

/* The buffer of the entry wipes what it held. */
void
kl_certificate_group_clear (KlCertificateGroup *self)
{
  stop_check (self);
  g_clear_object (&self->draft);
  kl_password_row_set_text (self->password_row, "");
}
