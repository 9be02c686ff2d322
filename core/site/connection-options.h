/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

gboolean kl_connection_options_check (const char *options, GError **error);

G_END_DECLS
