/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

void kl_language_set_up (gboolean for_scripts);

G_END_DECLS
