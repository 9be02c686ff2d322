/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "window/fact-row.h"

G_BEGIN_DECLS

/* How the dates of a certificate read in the window. */
void kl_certificate_text_show_end (KlFactRow *row, GDateTime *end);

G_END_DECLS
