/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "creation/media-creator.h"

G_BEGIN_DECLS

/* What a finished medium is, as rows of a list: where it is, what starts from it, and what the
 * administrator of the site is told so that the site knows it. */
void kl_result_rows_add (GtkListBox *list, const KlMediaResult *result);

G_END_DECLS
