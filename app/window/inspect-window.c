/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-inspect-window"

#include "config.h"

#include "window/inspect-window.h"

#include <glib/gi18n.h>

#include "base/error.h"
#include "bidi.h"
#include "creation/medium-identity.h"
#include "volume/volume-medium.h"
#include "window/certificate-text.h"
#include "window/check-medium.h"
#include "window/failure-view.h"
#include "window/group-title.h"
#include "window/image-text.h"
#include "window/medium-files.h"
#include "window/password-row.h"
#include "window/problem-label.h"

/* Longer values, such as certificates, are bytes in hexadecimal, which nobody reads; characters. */
#define LONGEST_VALUE 200

/* Rows of variables; those of media that Kindling makes are about twenty. */
#define MOST_VARIABLES 200

/* What a medium was found to hold. The volume that had to be mounted for it is given back. */
typedef struct
{
  KlMedium *medium;           /* owned */
  KlMediumIdentity *identity; /* owned */
  char *uefi;                 /* owned, nullable */
  char *signer;               /* owned, nullable */
  gboolean bios;
} Inspection;

struct _KlInspectWindow
{
  AdwWindow parent_instance;

  char *path;                /* owned; what is read */
  gboolean of_file;          /* not of a drive */
  GCancellable *cancellable; /* owned; of what is being read */
  Inspection *inspection;    /* owned, nullable; also the secrets that are shown */
  GPtrArray *rows;           /* of GtkWidget, borrowed from their groups */

  AdwWindowTitle *title;
  GtkWidget *check_button; /* for files; drives have it in their menu */
  AdwViewSwitcherBar *switcher_bar;
  GtkStack *stack;
  AdwPreferencesGroup *findings_group;
  AdwPreferencesGroup *image_group;
  AdwPreferencesGroup *boot_group;
  AdwPreferencesGroup *protection_group;
  KlMediumFiles *files;
  AdwPreferencesGroup *unlock_group;
  KlPasswordRow *password_row;
  GtkLabel *password_problem;
  GtkWidget *unlock_button;
  AdwPreferencesGroup *variables_group;
  KlFailureView *failure_view;
};

G_DEFINE_FINAL_TYPE (KlInspectWindow, kl_inspect_window, ADW_TYPE_WINDOW)

/* ---- Reading, in a thread. ---- */

typedef struct
{
  char *path;         /* owned */
  KlSecret *password; /* owned, nullable */
} Reading;

static void
reading_free (gpointer data)
{
  Reading *reading = data;

  g_free (reading->path);
  g_clear_pointer (&reading->password, kl_secret_unref);
  g_free (reading);
}

static void
inspection_free (gpointer data)
{
  Inspection *inspection = data;

  g_clear_pointer (&inspection->identity, kl_medium_identity_free);
  g_clear_pointer (&inspection->medium, kl_medium_free);
  g_free (inspection->uefi);
  g_free (inspection->signer);
  g_free (inspection);
}

/* All of it anew, also to unlock: the medium may be another one by now. */
static Inspection *
inspect (const Reading *reading, GCancellable *cancellable, GError **error)
{
  g_autoptr (KlVolumeMount) mount = NULL;
  Inspection *inspection = g_new0 (Inspection, 1);
  g_autoptr (GError) problem = NULL;

  inspection->medium = kl_medium_open_anywhere (reading->path, &mount, cancellable, error);
  if (inspection->medium != NULL && !g_cancellable_set_error_if_cancelled (cancellable, error))
    inspection->identity = kl_medium_identity_read (inspection->medium, reading->password, error);
  if (inspection->identity == NULL)
    {
      inspection_free (inspection);
      return NULL;
    }
  if (kl_medium_get_manifest (inspection->medium, &problem) == NULL
      && !g_error_matches (problem, KL_ERROR, KL_ERROR_NO_MANIFEST))
    {
      inspection_free (inspection);
      g_propagate_error (error, g_steal_pointer (&problem));
      return NULL;
    }

  inspection->bios = kl_medium_has_bios (inspection->medium);
  inspection->uefi = kl_medium_dup_uefi (inspection->medium);
  inspection->signer = kl_medium_dup_signer (inspection->medium);
  return inspection;
}

static void
inspect_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  GError *error = NULL;
  Inspection *inspection = inspect (data, cancellable, &error);

  if (inspection != NULL)
    g_task_return_pointer (task, inspection, inspection_free);
  else
    g_task_return_error (task, error);
}

/* ---- Showing. ---- */

static GtkWidget *
add_row (KlInspectWindow *self, AdwPreferencesGroup *group, GtkWidget *row)
{
  adw_preferences_group_add (group, row);
  g_ptr_array_add (self->rows, row);
  return row;
}

/* Nothing for a value that is not known. */
static void
add_fact (KlInspectWindow *self, AdwPreferencesGroup *group, const char *title, const char *value)
{
  if (value == NULL || *value == '\0')
    return;
  add_row (self, group, kl_fact_row_new (title, value));
}

static void
add_finding (KlInspectWindow *self, const char *title, const char *value)
{
  GtkWidget *row = add_row (self, self->findings_group, kl_fact_row_new (title, value));

  kl_fact_row_set_state (KL_FACT_ROW (row), "dialog-warning-symbolic", "warning", NULL);
  gtk_widget_set_visible (GTK_WIDGET (self->findings_group), TRUE);
}

static void
clear_rows (KlInspectWindow *self)
{
  for (guint i = 0; i < self->rows->len; i++)
    {
      GtkWidget *row = self->rows->pdata[i];

      adw_preferences_group_remove (
          ADW_PREFERENCES_GROUP (gtk_widget_get_ancestor (row, ADW_TYPE_PREFERENCES_GROUP)), row);
    }
  g_ptr_array_set_size (self->rows, 0);
  gtk_widget_set_visible (GTK_WIDGET (self->findings_group), FALSE);
}

static void
show_findings (KlInspectWindow *self, KlMedium *medium)
{
  GPtrArray *unreadable = kl_medium_get_unreadable (medium);

  if (kl_medium_get_manifest (medium, NULL) == NULL)
    add_finding (self, _ ("Made Elsewhere"),
                 _ ("The medium has no list of its files: it was not made by Kindling and cannot "
                    "be checked."));
  for (guint i = 0; i < unreadable->len; i++)
    add_finding (self, _ ("Folder That Cannot Be Read"), unreadable->pdata[i]);
}

static char *
dup_time (const char *text)
{
  g_autoptr (GTimeZone) utc = g_time_zone_new_utc ();
  g_autoptr (GDateTime) time = text != NULL ? g_date_time_new_from_iso8601 (text, utc) : NULL;

  return time != NULL ? kl_image_text_dup_date (time) : NULL;
}

static void
show_image (KlInspectWindow *self, KlMedium *medium)
{
  const KlManifest *manifest = kl_medium_get_manifest (medium, NULL);
  g_autofree char *created = NULL;

  if (manifest != NULL)
    {
      created = dup_time (manifest->created);
      add_fact (self, self->image_group, _ ("Name"), manifest->image_name);
      add_fact (self, self->image_group, _ ("ID"), manifest->image_id);
      add_fact (self, self->image_group, _ ("Architecture"), manifest->architecture);
      add_fact (self, self->image_group, _ ("Type of Medium"), manifest->media_type);
      add_fact (self, self->image_group, _ ("Created"), created);
      add_fact (self, self->image_group, _ ("Made By"), manifest->made_by);
    }
  add_fact (self, self->image_group, _ ("Label"), kl_medium_get_label (medium));
  add_fact (self, self->image_group, _ ("File System"), kl_medium_get_kind (medium));
}

static void
show_boot (KlInspectWindow *self)
{
  const Inspection *inspection = self->inspection;
  g_autofree char *signer = kl_image_text_dup_signer (inspection->signer);

  kl_fact_row_set_boots (
      KL_FACT_ROW (add_row (self, self->boot_group, kl_fact_row_new (_ ("BIOS"), NULL))),
      inspection->bios, _ ("PCs with BIOS, or UEFI in compatibility mode"), NULL);
  kl_fact_row_set_boots (
      KL_FACT_ROW (add_row (self, self->boot_group, kl_fact_row_new (_ ("UEFI"), NULL))),
      inspection->uefi != NULL, inspection->uefi, NULL);
  if (inspection->uefi != NULL)
    add_fact (self, self->boot_group, _ ("Boot Manager"), signer);
}

static void
show_certificate (KlInspectWindow *self, const KlManifest *manifest)
{
  KlCertificate *certificate = self->inspection->identity->certificate;
  g_autoptr (GTimeZone) utc = g_time_zone_new_utc ();
  g_autoptr (GDateTime) end = NULL;
  const char *subject = NULL, *thumbprint = NULL;
  GtkWidget *row;

  if (certificate != NULL)
    {
      subject = kl_certificate_get_subject (certificate);
      thumbprint = kl_certificate_get_sha1 (certificate);
      end = g_date_time_ref (kl_certificate_get_not_after (certificate));
    }
  else if (manifest != NULL && manifest->certificate_end != NULL)
    {
      subject = manifest->certificate_subject;
      thumbprint = manifest->certificate_thumbprint;
      end = g_date_time_new_from_iso8601 (manifest->certificate_end, utc);
    }

  add_fact (self, self->protection_group, _ ("Certificate"),
            subject != NULL ? subject : C_ ("certificate", "None"));
  if (end != NULL)
    {
      row = add_row (self, self->protection_group,
                     kl_fact_row_new (_ ("Certificate Valid Until"), NULL));
      kl_certificate_text_show_end (KL_FACT_ROW (row), end);
    }
  add_fact (self, self->protection_group, _ ("Thumbprint (SHA-1)"), thumbprint);
  if (certificate != NULL)
    add_fact (self, self->protection_group, _ ("Thumbprint (SHA-256)"),
              kl_certificate_get_sha256 (certificate));
}

static void
show_protection (KlInspectWindow *self)
{
  const KlMediumIdentity *identity = self->inspection->identity;
  KlSecret *site
      = identity->variables ? kl_variables_find (identity->variables, "_SMSTSSiteCode") : NULL;

  show_certificate (self, kl_medium_get_manifest (self->inspection->medium, NULL));
  add_fact (self, self->protection_group, _ ("Media Password"),
            identity->password_required ? _ ("Required") : _ ("Not required"));
  if (identity->sealed && identity->variables == NULL)
    add_fact (self, self->protection_group, _ ("Site"), _ ("Sealed with the variables"));
  else
    add_fact (self, self->protection_group, _ ("Site"),
              site != NULL ? kl_secret_get_text (site) : C_ ("site of a medium", "None"));
}

static void
add_variable (KlInspectWindow *self, const char *name, KlSecret *value)
{
  GtkWidget *row;

  if (kl_secret_get_length (value) > LONGEST_VALUE)
    {
      g_autofree char *size = g_format_size (kl_secret_get_length (value));
      /* Translators: %s is a size. */
      g_autofree char *text = kl_bidi_printf (_ ("%s, too long to be shown"), size);

      add_row (self, self->variables_group, kl_fact_row_new (name, text));
      return;
    }

  row = g_object_new (KL_TYPE_PASSWORD_ROW, "use-markup", FALSE, "title", name, NULL);
  kl_password_row_set_secret (KL_PASSWORD_ROW (row), value);
  add_row (self, self->variables_group, row);
}

static void
show_variables (KlInspectWindow *self)
{
  const KlMediumIdentity *identity = self->inspection->identity;
  KlVariables *variables = identity->variables;
  const guint n = variables != NULL ? kl_variables_get_length (variables) : 0;
  g_autofree char *more = NULL;

  gtk_widget_set_visible (GTK_WIDGET (self->unlock_group), identity->sealed && variables == NULL);
  gtk_widget_set_visible (GTK_WIDGET (self->variables_group), !identity->sealed || variables);
  adw_preferences_group_set_description (self->variables_group,
                                         n > 0 ? _ ("Values are secrets; show one by its button.")
                                               : _ ("There are none on this medium."));
  for (guint i = 0; i < MIN (n, MOST_VARIABLES); i++)
    add_variable (self, kl_variables_get_name (variables, i),
                  kl_variables_get_value (variables, i));
  if (n <= MOST_VARIABLES)
    return;
  more = kl_bidi_printf (ngettext ("%u more", "%u more", n - MOST_VARIABLES), n - MOST_VARIABLES);
  add_row (self, self->variables_group, kl_fact_row_new (more, NULL));
}

/* Takes @inspection over. */
static void
show (KlInspectWindow *self, Inspection *inspection)
{
  clear_rows (self);
  g_clear_pointer (&self->inspection, inspection_free);
  self->inspection = inspection;
  show_findings (self, inspection->medium);
  show_image (self, inspection->medium);
  show_boot (self);
  show_protection (self);
  show_variables (self);
  kl_medium_files_show (self->files, kl_medium_get_files (inspection->medium));
  gtk_widget_set_visible (self->check_button,
                          self->of_file && kl_medium_get_manifest (inspection->medium, NULL));
  gtk_stack_set_visible_child_name (self->stack, "facts");
  adw_view_switcher_bar_set_reveal (self->switcher_bar, TRUE);
}

static void
show_error (KlInspectWindow *self, const GError *error)
{
  if (g_error_matches (error, KL_ERROR, KL_ERROR_MEDIA_PASSWORD) && self->inspection != NULL)
    {
      kl_problem_label_show (self->password_problem, GTK_WIDGET (self->password_row),
                             _ ("The media password is wrong"));
      gtk_widget_grab_focus (kl_password_row_get_entry (self->password_row));
      return;
    }
  clear_rows (self);
  g_clear_pointer (&self->inspection, inspection_free);
  gtk_widget_set_visible (self->check_button, FALSE);
  kl_failure_view_set_error (self->failure_view, error, self->path);
  adw_view_switcher_bar_set_reveal (self->switcher_bar, FALSE);
  gtk_stack_set_visible_child_name (self->stack, "failed");
}

static void
inspected_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KlInspectWindow *self = KL_INSPECT_WINDOW (source);
  g_autoptr (GError) error = NULL;
  Inspection *inspection = g_task_propagate_pointer (G_TASK (result), &error);

  if (self->rows == NULL) /* the window has gone */
    {
      g_clear_pointer (&inspection, inspection_free);
      return;
    }
  gtk_widget_set_sensitive (self->unlock_button, TRUE);
  kl_password_row_set_text (self->password_row, "");
  if (inspection != NULL)
    {
      const gboolean unlocks = self->inspection != NULL;

      show (self, inspection);
      /* What has the focus then is hidden now. */
      if (unlocks)
        gtk_widget_child_focus (GTK_WIDGET (self->variables_group), GTK_DIR_TAB_FORWARD);
    }
  else
    show_error (self, error);
}

static void
read_medium (KlInspectWindow *self, KlSecret *password)
{
  g_autoptr (GTask) task = g_task_new (self, self->cancellable, inspected_cb, NULL);
  Reading *reading = g_new0 (Reading, 1);

  reading->path = g_strdup (self->path);
  reading->password = password != NULL ? kl_secret_ref (password) : NULL;
  g_task_set_source_tag (task, read_medium);
  g_task_set_task_data (task, reading, reading_free);
  g_task_run_in_thread (task, inspect_in_thread);
}

static void
password_changed_cb (KlInspectWindow *self)
{
  if (*kl_password_row_get_text (self->password_row) != '\0')
    kl_problem_label_show (self->password_problem, GTK_WIDGET (self->password_row), NULL);
}

static void
unlock_cb (KlInspectWindow *self)
{
  const char *text = kl_password_row_get_text (self->password_row);
  g_autoptr (KlSecret) password = NULL;

  if (*text == '\0' || !gtk_widget_get_sensitive (self->unlock_button))
    return;
  password = kl_secret_new_text (text);
  gtk_widget_set_sensitive (self->unlock_button, FALSE);
  read_medium (self, password);
}

static void
check_clicked_cb (KlInspectWindow *self)
{
  kl_check_file (GTK_WINDOW (self), self->path);
}

static void
kl_inspect_window_dispose (GObject *object)
{
  KlInspectWindow *self = KL_INSPECT_WINDOW (object);

  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->inspection, inspection_free);
  g_clear_pointer (&self->rows, g_ptr_array_unref);
  g_clear_pointer (&self->path, g_free);

  G_OBJECT_CLASS (kl_inspect_window_parent_class)->dispose (object);
}

static void
kl_inspect_window_class_init (KlInspectWindowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kl_inspect_window_dispose;

  g_type_ensure (KL_TYPE_FAILURE_VIEW);
  g_type_ensure (KL_TYPE_MEDIUM_FILES);
  g_type_ensure (KL_TYPE_PASSWORD_ROW);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/kindling/Kindling/ui/inspect-window.ui");
  gtk_widget_class_bind_template_child (widget_class, KlInspectWindow, title);
  gtk_widget_class_bind_template_child (widget_class, KlInspectWindow, check_button);
  gtk_widget_class_bind_template_child (widget_class, KlInspectWindow, switcher_bar);
  gtk_widget_class_bind_template_child (widget_class, KlInspectWindow, stack);
  gtk_widget_class_bind_template_child (widget_class, KlInspectWindow, findings_group);
  gtk_widget_class_bind_template_child (widget_class, KlInspectWindow, image_group);
  gtk_widget_class_bind_template_child (widget_class, KlInspectWindow, boot_group);
  gtk_widget_class_bind_template_child (widget_class, KlInspectWindow, protection_group);
  gtk_widget_class_bind_template_child (widget_class, KlInspectWindow, files);
  gtk_widget_class_bind_template_child (widget_class, KlInspectWindow, unlock_group);
  gtk_widget_class_bind_template_child (widget_class, KlInspectWindow, password_row);
  gtk_widget_class_bind_template_child (widget_class, KlInspectWindow, password_problem);
  gtk_widget_class_bind_template_child (widget_class, KlInspectWindow, unlock_button);
  gtk_widget_class_bind_template_child (widget_class, KlInspectWindow, variables_group);
  gtk_widget_class_bind_template_child (widget_class, KlInspectWindow, failure_view);
  gtk_widget_class_bind_template_callback (widget_class, password_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, unlock_cb);
  gtk_widget_class_bind_template_callback (widget_class, check_clicked_cb);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
}

static void
kl_inspect_window_init (KlInspectWindow *self)
{
  self->cancellable = g_cancellable_new ();
  self->rows = g_ptr_array_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
}

static void
present (GtkWindow *parent, const char *path, gboolean of_file, const char *name)
{
  KlInspectWindow *self
      = g_object_new (KL_TYPE_INSPECT_WINDOW, "application", gtk_window_get_application (parent),
                      "transient-for", parent, NULL);

  self->path = g_strdup (path);
  self->of_file = of_file;
  adw_window_title_set_subtitle (self->title, name);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->title), name); /* it may be cut */
  kl_group_title_wrap_all (GTK_WIDGET (self->title));
  gtk_window_present (GTK_WINDOW (self));
  read_medium (self, NULL);
}

void
kl_inspect_file (GtkWindow *parent, const char *path)
{
  g_autofree char *name = g_filename_display_basename (path);

  present (parent, path, TRUE, name);
}

void
kl_inspect_medium (GtkWindow *parent)
{
  kl_check_choose (parent, _ ("Choose a Medium to Inspect"), _ ("_Inspect"), kl_inspect_file);
}

void
kl_inspect_drive (GtkWindow *parent, KlDrive *drive)
{
  const char *path = kl_check_find_medium (parent, drive);
  g_autofree char *name = kl_drive_dup_name (drive);

  if (path != NULL)
    present (parent, path, FALSE, name);
}
