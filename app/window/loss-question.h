/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

GtkWidget *kl_loss_question_new (GtkWindow *parent,
                                 const char *heading,
                                 const char *body,
                                 const char *keep_label,
                                 const char *response,
                                 const char *response_label);

G_END_DECLS
