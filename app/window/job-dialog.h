/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "window/job-view.h"

G_BEGIN_DECLS

/* A window of its own around a KlJobView, for a job without further questions: importing,
 * exporting, checking. Action: "job.show-in-folder" for the file of set_file. */
#define KL_TYPE_JOB_DIALOG (kl_job_dialog_get_type ())
G_DECLARE_FINAL_TYPE (KlJobDialog, kl_job_dialog, KL, JOB_DIALOG, AdwWindow)

KlJobDialog *kl_job_dialog_new (GtkWindow *parent, const char *title);
KlJobView *kl_job_dialog_get_view (KlJobDialog *self);
void kl_job_dialog_set_file (KlJobDialog *self, const char *path);

G_END_DECLS
