/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

/* Whether an editor would lose something. */
typedef gboolean (*KlHasChanges) (GtkWindow *window);

GtkWidget *kl_loss_question_new (GtkWindow *parent,
                                 const char *heading,
                                 const char *body,
                                 const char *keep_label,
                                 const char *response,
                                 const char *response_label);
void kl_loss_question_guard (GtkWindow *window, KlHasChanges has_changes, const char *body);
gboolean kl_loss_question_ask_above (GtkWindow *window);

G_END_DECLS
