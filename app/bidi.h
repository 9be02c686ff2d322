/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Paths, names, sizes and the like run from left to right, also inside a sentence of a language
 * that runs from right to left. Without a mark around them their parts, and the punctuation beside
 * them, change places. Where the language runs from left to right nothing is marked, so that what
 * is copied and read by other programs is as it was. */

void kl_bidi_set_rtl (gboolean rtl);

char *kl_bidi_printf (const char *format, ...) G_GNUC_PRINTF (1, 2);
char *kl_bidi_isolate (const char *text);
void kl_bidi_append (GString *text, const char *separator, const char *part);
char *kl_bidi_join (const char *separator, const char *first, ...) G_GNUC_NULL_TERMINATED;

G_END_DECLS
