/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The line of a page of the manual in whose place the list stands. */
#define KL_HELP_CODES_MARK "@CODES@"

char *kl_help_codes_dup (gboolean with_meanings);

G_END_DECLS
