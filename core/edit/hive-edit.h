/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Changes in registry hives of an image, in place (image-customisation.md 3.2). */

#define KL_HIVE_SYSTEM "\\Windows\\System32\\config\\SYSTEM"
#define KL_HIVE_SOFTWARE "\\Windows\\System32\\config\\SOFTWARE"
#define KL_HIVE_SCRATCH_NAME "WinPECacheThreshold"
#define KL_HIVE_BACKGROUND_KEY "Microsoft\\Windows NT\\CurrentVersion\\WinPE"
#define KL_HIVE_BACKGROUND_NAME "CustomBackground"

gboolean kl_hive_set_scratch_space (const char *path, guint megabytes, char **key, GError **error);
gboolean kl_hive_set_background (const char *path, const char *picture, GError **error);

G_END_DECLS
