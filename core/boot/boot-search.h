/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "boot/boot-files.h"

G_BEGIN_DECLS

/* A file that has the name and the place of a boot file. */
typedef struct
{
  KlBootRole role;
  KlBootOrigin origin;
  guint rank;     /* of two with the same role and name, the lower is looked at first */
  char *found_at; /* as spelt there */
  char *name;     /* name on the medium: "bootmgr", "segoe_slboot.ttf", for a MUI "en-US" */
  guint64 size;   /* bytes */
} KlBootCandidate;

GPtrArray *kl_boot_search_image (KlWim *wim, guint index, GError **error);
GPtrArray *kl_boot_search_beside (KlMediaSource *beside, const char *architecture, GError **error);
gboolean kl_boot_role_is_multiple (KlBootRole role);
gboolean kl_boot_name_is_safe (const char *name);

G_END_DECLS
