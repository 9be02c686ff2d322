/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "window/media-job.h"

G_BEGIN_DECLS

/*
 * One medium that is made: step, bar, bytes, rate, time left and Cancel; then how it ended, and
 * what can be done next. Everything that is needed is in the row, so that it can stand in any list.
 */
#define KL_TYPE_MEDIA_JOB_ROW (kl_media_job_row_get_type ())
G_DECLARE_FINAL_TYPE (KlMediaJobRow, kl_media_job_row, KL, MEDIA_JOB_ROW, GtkListBoxRow)

GtkWidget *kl_media_job_row_new (KlMediaJob *job);
char *kl_media_job_row_dup_outcome (KlMediaJobRow *self);
void kl_media_job_row_expand (KlMediaJobRow *self); /* shows the details of what was made */

G_END_DECLS
