/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Core speaks English, and so do the files that it writes, which people of several languages may
 * share, and what scripts read. Front ends translate it for a person here, as it is shown. */
char *kl_core_text_translate (const char *text);
char *kl_core_text_dup_day (const char *text, const char *format);

G_END_DECLS
