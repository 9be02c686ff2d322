/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "image/catalog.h"

G_BEGIN_DECLS

typedef enum
{
  KL_RECIPE_FILES,
  KL_RECIPE_STARTUP,
} KlRecipePart;

/* Edits a part of the recipe of a boot image; all is saved together or not at all. Actions:
 * recipe.save, recipe.preview. */
#define KL_TYPE_RECIPE_DIALOG (kl_recipe_dialog_get_type ())
G_DECLARE_FINAL_TYPE (KlRecipeDialog, kl_recipe_dialog, KL, RECIPE_DIALOG, AdwWindow)

/* Reads the recipe in a thread and shows the dialog then. */
void kl_recipe_dialog_open (GtkWindow *parent,
                            KlCatalog *catalog,
                            KlBootImage *image,
                            KlRecipePart part);

G_END_DECLS
