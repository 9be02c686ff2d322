/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "edit/image-tree.h"
#include "prepare/recipe.h"

G_BEGIN_DECLS

/* What starts in Windows PE, and what is shown meanwhile (image-customisation.md 3). */
gboolean kl_startup_files_add (KlImageTree *tree,
                               const KlRecipe *recipe,
                               const char *architecture,
                               gboolean load_drivers,
                               KlProgress *progress,
                               GCancellable *cancellable,
                               GError **error);

/* Where the deployment binaries of an architecture live: "\sms\bin\x64". */
char *kl_startup_files_dup_agent_folder (const char *architecture);

G_END_DECLS
