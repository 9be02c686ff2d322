/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "image/catalog.h"

G_BEGIN_DECLS

void kl_about_show (GtkApplication *application, KlCatalog *catalog);

G_END_DECLS
