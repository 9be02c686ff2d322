/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "image/catalog.h"

G_BEGIN_DECLS

/* A folder (or .cab file) of driver packages. */
typedef struct
{
  char *name; /* for people and the command line; unique in the recipe */
  char *path; /* absolute */
  gboolean enabled;
  char **on;  /* INF files below path, "net/e1d.inf": loaded although not of use for start-up */
  char **off; /* the same: left out */
} KlRecipeDriver;

typedef enum
{
  KL_RECIPE_KEEP, /* as in the source image */
  KL_RECIPE_FALSE,
  KL_RECIPE_TRUE,
} KlRecipeSwitch;

/* What preparation does to one boot image: a value. Texts are never NULL, "" leaves a thing as it
 * is in the source image; paths are absolute. */
typedef struct
{
  guint scratch_space; /* MB; 0: as in the source image */
  KlRecipeSwitch lab_shell;
  char *prestart_command;
  char *prestart_files; /* folder */
  char *background;     /* picture */
  char *binaries;       /* folder of deployment (OSD) binaries */
  char *extra_files;    /* folder laid over the image's root */
  char *start_command;
  char *organization_name;
  char *time_zone;    /* as Windows calls it, "W. Europe Standard Time" */
  char *input_locale; /* "de-CH", or "0807:00000807": language and keyboard layout */
  char *user_locale;  /* "de-CH": formats of dates and numbers */
  gboolean smaller;   /* compress harder and slower */
  gboolean skip_faulty_drivers;
  GPtrArray *drivers; /* of KlRecipeDriver */
} KlRecipe;

void kl_recipe_free (KlRecipe *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlRecipe, kl_recipe_free)

KlRecipe *kl_recipe_new_from_ini (GKeyFile *ini);
KlRecipe *kl_recipe_load (const char *folder, GError **error);
gboolean kl_recipe_is_empty (const KlRecipe *self);

/* The keys of `image set` (interface.md 2). */
gboolean kl_recipe_is_key (const char *key);
char *kl_recipe_dup_value (const KlRecipe *self, const char *key);
gboolean kl_recipe_check (const char *key, const char *value, GError **error);
gboolean kl_recipe_set (
    KlCatalog *catalog, const char *id, const char *key, const char *value, GError **error);

/* Several changes at once: all of them or none. */
typedef struct
{
  const char *key;
  const char *value;
} KlRecipeSetting;

gboolean kl_recipe_set_all (KlCatalog *catalog,
                            const char *id,
                            const KlRecipeSetting *settings,
                            gsize n_settings,
                            GError **error);
KlRecipe *kl_recipe_load_with (const char *folder,
                               const KlRecipeSetting *settings,
                               gsize n_settings,
                               GError **error);
gboolean kl_recipe_add_driver (
    KlCatalog *catalog, const char *id, const char *path, char **name, GError **error);
gboolean
kl_recipe_remove_driver (KlCatalog *catalog, const char *id, const char *name, GError **error);

G_END_DECLS
