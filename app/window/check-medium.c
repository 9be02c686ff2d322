/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-check-medium"

#include "config.h"

#include "window/check-medium.h"

#include <unistd.h>

#include <glib/gi18n.h>

#include "base/error.h"
#include "bidi.h"
#include "core-text.h"
#include "drive/drive-monitor.h"
#include "job/check-job.h"
#include "window/certificate-text.h"
#include "window/failure-view.h"
#include "window/job-dialog.h"

/* The rest is in the terminal program; a list of thousands helps nobody here. */
#define MOST_DIFFERENCES 50

static void
show_differences (KlJobView *view, const KlMediumCheck *check)
{
  const guint n = check->differences->len;
  g_autofree char *title = kl_bidi_printf (ngettext ("%u File Differs", "%u Files Differ", n), n);

  kl_job_view_set_warned (view, title,
                          _ ("Do not use this medium. Make it again from its boot image."));
  for (guint i = 0; i < MIN (n, MOST_DIFFERENCES); i++)
    {
      const KlMediumDifference *difference = check->differences->pdata[i];
      g_autofree char *problem = kl_core_text_translate (difference->problem);

      kl_job_view_add_fact (view, difference->path, problem, "dialog-warning-symbolic", "warning");
    }
}

/* A medium whose certificate has ended is whole and of no use. */
static void
show_certificate (KlJobView *view, const char *end_text)
{
  g_autoptr (GDateTime) end = end_text ? g_date_time_new_from_iso8601 (end_text, NULL) : NULL;
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  GtkWidget *row;

  if (end == NULL)
    return;
  if (g_date_time_compare (end, now) <= 0)
    kl_job_view_set_warned (view, _ ("The Certificate Has Ended"),
                            _ ("Every file is as it should be, but the site does not accept this "
                               "medium any more. Make a new one."));
  row = kl_fact_row_new (_ ("Certificate Valid Until"), NULL);
  kl_certificate_text_show_end (KL_FACT_ROW (row), end);
  kl_job_view_add_row (view, row);
}

static void
ended_cb (KlJobView *view, GError *error, gpointer user_data)
{
  const KlMediumCheck *check;
  g_autofree char *size = NULL;
  g_autofree char *files = NULL;

  if (error != NULL)
    return;
  check = kl_check_job_get_check (user_data);
  if (check->differences->len > 0)
    {
      show_differences (view, check);
      return;
    }

  size = g_format_size (check->bytes);
  files = g_strdup_printf ("%" G_GUINT64_FORMAT, check->files);
  kl_job_view_set_done (view, _ ("The Medium Is as It Should Be"),
                        _ ("Every file was read and compared with the list on the medium."));
  kl_job_view_add_fact (view, _ ("Files"), files, NULL, NULL);
  kl_job_view_add_fact (view, _ ("Read"), size, NULL, NULL);
  show_certificate (view, kl_check_job_get_certificate_end (user_data));
}

static void
check (GtkWindow *parent, const char *path, const char *name)
{
  KlJobDialog *dialog = kl_job_dialog_new (parent, _ ("Check Medium"));
  KlJobView *view = kl_job_dialog_get_view (dialog);
  KlCheckJob *job = kl_check_job_new (path);
  /* Translators: %s is the name of an ISO file or of a drive. */
  g_autofree char *title = kl_bidi_printf (_ ("Checking “%s”"), name);

  kl_job_view_set_cancelled_text (view, _ ("The medium was not read to its end."));
  g_signal_connect_data (view, "ended", G_CALLBACK (ended_cb), job,
                         (GClosureNotify) (void (*) (void)) g_object_unref, 0);
  gtk_window_present (GTK_WINDOW (dialog));
  kl_job_view_start (view, KL_JOB (job), title, path);
}

static void
chosen_cb (GtkNativeDialog *chooser, int response, gpointer user_data)
{
  g_autoptr (GtkNativeDialog) owned = chooser;
  g_autoptr (GFile) file = NULL;
  KlMediumChosen chosen = (KlMediumChosen) (void (*) (void)) user_data;

  if (response == GTK_RESPONSE_ACCEPT)
    file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (chooser));
  if (file != NULL && g_file_peek_path (file) != NULL)
    chosen (gtk_native_dialog_get_transient_for (chooser), g_file_peek_path (file));
}

void
kl_check_choose (GtkWindow *parent,
                 const char *title,
                 const char *accept_label,
                 KlMediumChosen chosen)
{
  static const char *const suffixes[] = { "iso", "img", "raw", "vhd" };
  g_autoptr (GtkFileFilter) filter = gtk_file_filter_new ();
  GtkFileChooserNative *chooser;

  gtk_file_filter_set_name (filter, _ ("ISO Files and Disk Images"));
  for (guint i = 0; i < G_N_ELEMENTS (suffixes); i++)
    gtk_file_filter_add_suffix (filter, suffixes[i]);
  chooser = gtk_file_chooser_native_new (title, parent, GTK_FILE_CHOOSER_ACTION_OPEN, accept_label,
                                         NULL);
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (chooser), TRUE);
  gtk_file_chooser_add_filter (GTK_FILE_CHOOSER (chooser), filter);
  g_signal_connect (chooser, "response", G_CALLBACK (chosen_cb), (void (*) (void)) chosen);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (chooser));
}

void
kl_check_medium (GtkWindow *parent)
{
  kl_check_choose (parent, _ ("Choose a Medium to Check"), _ ("_Check"), kl_check_file);
}

void
kl_check_file (GtkWindow *parent, const char *path)
{
  g_autofree char *name = g_filename_display_basename (path);

  check (parent, path, name);
}

/* The drive itself where it may be read, else its files where they are mounted. */
static const char *
find_readable (KlDrive *drive)
{
  if (access (kl_drive_get_path (drive), R_OK) == 0)
    return kl_drive_get_path (drive);
  for (guint i = 0; i < kl_drive_get_n_volumes (drive); i++)
    if (*kl_drive_get_volume (drive, i)->mount_points != NULL)
      return *kl_drive_get_volume (drive, i)->mount_points;
  return kl_drive_get_path (drive);
}

/* Whether the node still belongs to the drive that is meant; a medium in place of another would be
 * praised for it. */
static gboolean
is_there (KlDrive *drive, GError **error)
{
  g_autoptr (KlDriveMonitor) monitor = kl_drive_monitor_new (NULL);
  g_autoptr (KlDrive) now = kl_drive_monitor_find (monitor, kl_drive_get_path (drive));

  if (!kl_drive_monitor_is_ready (monitor))
    return TRUE; /* who listens to UDisks2 knows at once when a drive goes */
  if (now == NULL)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_DEVICE_GONE, "“%s” is no longer there",
                   kl_drive_get_path (drive));
      return FALSE;
    }
  return kl_drive_identity_check (kl_drive_get_identity (drive), kl_drive_get_identity (now),
                                  kl_drive_get_path (drive), error);
}

const char *
kl_check_find_medium (GtkWindow *parent, KlDrive *drive)
{
  g_autoptr (GError) error = NULL;

  if (is_there (drive, &error))
    return find_readable (drive);
  kl_failure_view_present (parent, error, kl_drive_get_path (drive));
  return NULL;
}

void
kl_check_drive (GtkWindow *parent, KlDrive *drive)
{
  const char *path = kl_check_find_medium (parent, drive);
  g_autofree char *name = kl_drive_dup_name (drive);

  if (path != NULL)
    check (parent, path, name);
}
