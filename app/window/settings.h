/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

GSettings *kl_settings_get (void); /* borrowed; main thread */

G_END_DECLS
