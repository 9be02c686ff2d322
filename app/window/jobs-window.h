/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

/* All media of this run, running and finished, with what can be done about each. */
#define KL_TYPE_JOBS_WINDOW (kl_jobs_window_get_type ())
G_DECLARE_FINAL_TYPE (KlJobsWindow, kl_jobs_window, KL, JOBS_WINDOW, AdwWindow)

void kl_jobs_window_present (GtkWindow *parent); /* the one that is open, or a new one */

G_END_DECLS
