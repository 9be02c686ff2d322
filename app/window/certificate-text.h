/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "window/fact-row.h"

G_BEGIN_DECLS

/* How the dates of a certificate read in the window. */
char *kl_certificate_text_dup_day (GDateTime *date); /* nullable in, never NULL out */
void kl_certificate_text_show_end (KlFactRow *row, GDateTime *end);

G_END_DECLS
