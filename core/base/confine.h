/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef gboolean (*KlConfinedFunc) (gpointer data, GError **error);

gboolean kl_confine_run (KlConfinedFunc func, gpointer data, const char *folder, GError **error);

G_END_DECLS
