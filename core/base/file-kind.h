/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Of a file that may be replaced. */
typedef enum
{
  KL_FILE_KIND_ANY,
  KL_FILE_KIND_ISO,
  KL_FILE_KIND_WIM,
} KlFileKind;

gboolean kl_file_kind_check (
    int folder, const char *name, KlFileKind kind, const char *path, GError **error);

G_END_DECLS
