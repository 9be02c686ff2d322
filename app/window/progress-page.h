/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "window/media-job.h"

G_BEGIN_DECLS

/*
 * The media of one batch, a row each, below a line that says how all of them stand. Property busy
 * is TRUE while one of them runs.
 */
#define KL_TYPE_PROGRESS_PAGE (kl_progress_page_get_type ())
G_DECLARE_FINAL_TYPE (KlProgressPage, kl_progress_page, KL, PROGRESS_PAGE, AdwBin)

void kl_progress_page_set_jobs (KlProgressPage *self, GListModel *jobs);
gboolean kl_progress_page_is_busy (KlProgressPage *self);
gboolean kl_progress_page_has_done (KlProgressPage *self);
gboolean kl_progress_page_all_done (KlProgressPage *self);
/* What can be done when none runs any more. */
void kl_progress_page_describe (KlProgressPage *self, GtkWidget *button);
void kl_progress_page_set_next (KlProgressPage *self, const char *label, const char *action_name);

G_END_DECLS
