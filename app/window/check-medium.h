/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

/* Asks for an ISO file and reads it back against its manifest. */
void kl_check_medium (GtkWindow *parent);

G_END_DECLS
