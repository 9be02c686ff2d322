/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "window/media-job.h"

G_BEGIN_DECLS

/*
 * What happens to media that are being made when @window is closed: they go on in the background,
 * or they are cancelled and the window closes once they have ended. @jobs: of KlMediaJob.
 *
 * Returns: whether it asks, so that the window must stay for now. It is closed again after the
 * answer, and is then not asked. If all end well meanwhile, the question goes and a window closes;
 * a dialog stays, and shows them.
 */
gboolean kl_leave_question_ask (GtkWindow *window, GListModel *jobs);
/* Whether a window would close by now if it were not for the question. */
gboolean kl_leave_question_is_asked (void);
/* Media go on in the background without a question. */
void kl_leave_question_allow (GtkWindow *window);

G_END_DECLS
