/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "prepare/recipe.h"

G_BEGIN_DECLS

/* What recipe.c, which reads recipes, and recipe-edit.c, which changes them, share. */

#define KL_SCRATCH_SPACE_MAX 512 /* MB */

/* [Driver 1] … */
#define DRIVER_NAME "Name"
#define DRIVER_PATH "Path"
#define DRIVER_ENABLED "Enabled" /* true, false */
#define DRIVER_ON "On"
#define DRIVER_OFF "Off"

typedef enum
{
  RECIPE_SCRATCH_SPACE,
  RECIPE_LAB_SHELL,
  RECIPE_PRESTART_COMMAND,
  RECIPE_PRESTART_FILES,
  RECIPE_BACKGROUND,
  RECIPE_BINARIES,
  RECIPE_EXTRA_FILES,
  RECIPE_START_COMMAND,
  RECIPE_ORGANIZATION_NAME,
  RECIPE_TIME_ZONE,
  RECIPE_INPUT_LOCALE,
  RECIPE_USER_LOCALE,
  RECIPE_COMPRESSION,
  RECIPE_SKIP_FAULTY_DRIVERS,
  N_RECIPE_KEYS
} RecipeKey;

gboolean kl_recipe_find_key (const char *key, RecipeKey *found);
const char *kl_recipe_get_ini_key (RecipeKey key);

G_END_DECLS
