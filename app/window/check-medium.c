/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-check-medium"

#include "config.h"

#include "window/check-medium.h"

#include <glib/gi18n.h>

#include "job/check-job.h"
#include "window/certificate-text.h"
#include "window/job-dialog.h"

/* The rest is in the terminal program; a list of thousands helps nobody here. */
#define MOST_DIFFERENCES 50

static void
show_differences (KlJobView *view, const KlMediumCheck *check)
{
  const guint n = check->differences->len;
  g_autofree char *title = g_strdup_printf (ngettext ("%u File Differs", "%u Files Differ", n), n);

  kl_job_view_set_warned (view, title,
                          _ ("Do not use this medium. Make it again from its boot image."));
  for (guint i = 0; i < MIN (n, MOST_DIFFERENCES); i++)
    {
      const KlMediumDifference *difference = check->differences->pdata[i];

      kl_job_view_add_fact (view, difference->path, difference->problem, "dialog-warning-symbolic",
                            "warning");
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
check (GtkWindow *parent, const char *path)
{
  KlJobDialog *dialog = kl_job_dialog_new (parent, _ ("Check Medium"));
  KlJobView *view = kl_job_dialog_get_view (dialog);
  KlCheckJob *job = kl_check_job_new (path);
  g_autofree char *name = g_filename_display_basename (path);
  /* Translators: %s is the name of an ISO file. */
  g_autofree char *title = g_strdup_printf (_ ("Checking “%s”"), name);

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

  if (response == GTK_RESPONSE_ACCEPT)
    file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (chooser));
  if (file != NULL && g_file_peek_path (file) != NULL)
    check (gtk_native_dialog_get_transient_for (chooser), g_file_peek_path (file));
}

void
kl_check_medium (GtkWindow *parent)
{
  g_autoptr (GtkFileFilter) filter = gtk_file_filter_new ();
  GtkFileChooserNative *chooser;

  gtk_file_filter_set_name (filter, _ ("ISO Files"));
  gtk_file_filter_add_suffix (filter, "iso");
  chooser = gtk_file_chooser_native_new (_ ("Choose a Medium to Check"), parent,
                                         GTK_FILE_CHOOSER_ACTION_OPEN, _ ("_Check"), NULL);
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (chooser), TRUE);
  gtk_file_chooser_add_filter (GTK_FILE_CHOOSER (chooser), filter);
  g_signal_connect (chooser, "response", G_CALLBACK (chosen_cb), NULL);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (chooser));
}
