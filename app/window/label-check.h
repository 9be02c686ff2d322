/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* For tests, where KINDLING_CHECK_LABELS is set: the action app.check-labels prints each label of a
 * window of which not all can be read, in the window's own width and in that of a telephone, and
 * keeps pictures of both. “rtl” mirrors the windows, too. */
void kl_label_check_start (GtkApplication *application);

G_END_DECLS
