/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The sentences a person reads when something failed, by error code; window and terminal share
 * them. What core wrote (error->message) is the detail below. */
const char *kl_error_text_get_title (const GError *error);
char *kl_error_text_dup_next_step (const GError *error);

G_END_DECLS
