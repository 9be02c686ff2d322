/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-prepare-steps"

#include "prepare/prepare-steps.h"

#include <string.h>

#include "base/error.h"
#include "edit/hive-edit.h"
#include "prepare/osd-files.h"
#include "prepare/startup-files.h"

/* Only DISM can add them; without them the deployment agent fails (image-customisation.md 1). */
static gboolean
warn_of_components (KlPrepareContext *context, GError **error)
{
  static const char *const components[]
      = { "WinPE-WMI", "WinPE-Scripting", "WinPE-WDS-Tools", "WinPE-SecureStartup" };
  g_autoptr (GPtrArray) packages
      = kl_wim_list_files (context->wim, context->index, "\\Windows\\servicing\\Packages", error);

  if (packages == NULL)
    return FALSE;

  for (gsize i = 0; i < G_N_ELEMENTS (components); i++)
    {
      g_autofree char *wanted = g_strdup_printf ("\\%s-package~", components[i]);
      g_autofree char *folded = g_utf8_casefold (wanted, -1);
      gboolean found = FALSE;

      for (guint j = 0; !found && j < packages->len; j++)
        {
          g_autofree char *path = g_utf8_casefold (((KlWimEntry *) packages->pdata[j])->path, -1);

          found = strstr (path, folded) != NULL;
        }
      if (!found)
        kl_image_tree_warn (context->tree,
                            "The image lacks the component %s, which the deployment agent needs; "
                            "add it with DISM on Windows",
                            components[i]);
    }
  return TRUE;
}

gboolean
kl_prepare_read_image (KlPrepareContext *context, KlProgress *progress, GError **error)
{
  return *context->recipe->binaries == '\0' || warn_of_components (context, error);
}

gboolean
kl_prepare_add_deployment (KlPrepareContext *context, KlProgress *progress, GError **error)
{
  const KlRecipe *recipe = context->recipe;

  if (*recipe->binaries != '\0'
      && (!kl_osd_files_add (context->tree, recipe->binaries, context->architecture, progress,
                             context->cancellable, error)
          || !kl_osd_files_check (context->tree, context->architecture, error)))
    return FALSE;
  return *recipe->extra_files == '\0'
         || kl_image_tree_add_folder (context->tree, "", recipe->extra_files, progress,
                                      context->cancellable, error);
}

gboolean
kl_prepare_add_startup (KlPrepareContext *context, KlProgress *progress, GError **error)
{
  return kl_startup_files_add (context->tree, context->recipe, context->architecture,
                               context->drivers->len > 0, progress, context->cancellable, error);
}

gboolean
kl_prepare_set_scratch (KlPrepareContext *context, KlProgress *progress, GError **error)
{
  g_autofree char *value = NULL;
  g_autofree char *staged = NULL;

  if (context->recipe->scratch_space == 0)
    return TRUE;

  value = g_strdup_printf ("%u", context->recipe->scratch_space);
  kl_image_tree_note_value (context->tree, "SYSTEM", "CurrentControlSet\\Services\\FBWF",
                            KL_HIVE_SCRATCH_NAME, value);
  return kl_image_tree_take_file (context->tree, KL_HIVE_SYSTEM, &staged, context->cancellable,
                                  error)
         && (staged == NULL
             || kl_hive_set_scratch_space (staged, context->recipe->scratch_space, NULL, error));
}
