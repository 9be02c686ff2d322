/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "prepare/recipe.h"

G_BEGIN_DECLS

/* A sum over the names, sizes and times of all that goes into a prepared WIM, without reading it:
 * by it preparation knows at once that nothing has changed. */
char *kl_input_stamp_new (const KlRecipe *recipe,
                          const char *entry,
                          GHashTable *known,
                          gboolean *complete);

G_END_DECLS
