/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "edit/image-tree.h"

G_BEGIN_DECLS

/* Deployment (OSD) binaries: from a folder, or as an osdinjection.xml in it lists them
 * (image-customisation.md 4). */
gboolean kl_osd_files_add (KlImageTree *tree,
                           const char *folder,
                           const char *architecture,
                           KlProgress *progress,
                           GCancellable *cancellable,
                           GError **error);

/* Warns of what an image lacks to be started by the deployment agent. */
gboolean kl_osd_files_check (KlImageTree *tree, const char *architecture, GError **error);

G_END_DECLS
