/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "driver/driver-findings.h"
#include "prepare/recipe.h"

G_BEGIN_DECLS

/* A folder or .cab file of the recipe, as it was found. */
typedef struct
{
  const KlRecipeDriver *driver; /* of the survey's recipe */
  GError *error;                /* why it cannot be read; NULL if it was */
  guint n_packages;
} KlSurveyFolder;

/* A package in it. */
typedef struct
{
  const KlSurveyFolder *folder;
  KlDriverPackage *package; /* owned */
  gboolean on;              /* chosen by the recipe; its folder may be off all the same */
  gboolean serves;          /* is for the architecture and the build of the image */
  GPtrArray *findings;      /* of KlDriverFinding, of all packages of the survey */
} KlSurveyPackage;

/* What the drivers of a recipe are, and what preparing the image would do with each: a value,
 * counted, which threads may share; what is on is for one of them to read and change. */
typedef struct
{
  KlRecipe *recipe;
  char *architecture;  /* of the image */
  guint build;         /* of its Windows; 0 where it is not known */
  GPtrArray *folders;  /* of KlSurveyFolder, in the order of the recipe */
  GPtrArray *packages; /* of KlSurveyPackage, by folder, as read */
} KlDriverSurvey;

KlDriverSurvey *kl_driver_survey_ref (KlDriverSurvey *self);
void kl_driver_survey_unref (KlDriverSurvey *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlDriverSurvey, kl_driver_survey_unref)

KlDriverSurvey *kl_driver_survey_new (const char *folder,
                                      const char *path,
                                      KlProgress *progress,
                                      GCancellable *cancellable,
                                      GError **error);

/* Which of them would be loaded, and what would go wrong. */
typedef struct
{
  guint n_loaded;
  guint n_warnings; /* packages to be loaded that have one */
  guint n_errors;   /* packages that are on and faulty, and folders that cannot be read */
} KlSurveyCount;

KlSurveyCount kl_driver_survey_count (const KlDriverSurvey *self);
gboolean kl_survey_package_has (const KlSurveyPackage *self, KlDriverSeverity severity);
gboolean kl_survey_package_loads (const KlSurveyPackage *self);

/* Whether the recipe chooses a package of this folder. */
gboolean kl_recipe_driver_chooses (const KlRecipeDriver *self, KlDriverPackage *package);

G_END_DECLS
