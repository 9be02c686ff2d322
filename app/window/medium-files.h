/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

/* The files of a medium with their sizes, to be searched. */
#define KL_TYPE_MEDIUM_FILES (kl_medium_files_get_type ())
G_DECLARE_FINAL_TYPE (KlMediumFiles, kl_medium_files, KL, MEDIUM_FILES, AdwBin)

void kl_medium_files_show (KlMediumFiles *self, GPtrArray *entries); /* of KlMediaEntry */

G_END_DECLS
