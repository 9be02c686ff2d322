/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

/* What went wrong, wherever it is shown: what happened, what to do, and the detail to unfold and
 * copy. */
#define KL_TYPE_FAILURE_VIEW (kl_failure_view_get_type ())
G_DECLARE_FINAL_TYPE (KlFailureView, kl_failure_view, KL, FAILURE_VIEW, AdwBin)

/* @subject: file or image that it happened to, for the detail; nullable */
void kl_failure_view_set_error (KlFailureView *self, const GError *error, const char *subject);

/* A window of its own with the failure and a Close button. */
void kl_failure_view_present (GtkWindow *parent, const GError *error, const char *subject);

G_END_DECLS
