/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "site/site-profile.h"

G_BEGIN_DECLS

/*
 * The folder of site profiles that window and terminal share: $XDG_CONFIG_HOME/kindling/sites with
 * ABC.ini, ABC-2.ini … and the certificates that came with them. Blocks; one thread at a time.
 */
char *kl_site_folder_dup_path (void);
char *kl_site_folder_find (const char *name);
gboolean kl_site_folder_save (GKeyFile *file, const char *path, char **saved_path, GError **error);
gboolean kl_site_folder_import (const char *path, char **saved_path, GError **error);

G_END_DECLS
