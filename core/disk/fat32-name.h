/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

#include "disk/fat-format.h"

G_BEGIN_DECLS

/* A name as a FAT32 folder holds it. */
typedef struct
{
  char short_name[11];  /* as in KlFatEntry */
  guint8 case_flags;    /* KL_FAT_CASE_* */
  gunichar2 *long_name; /* owned; NULL where the short name says all */
  guint n_units;        /* of long_name */
} KlFat32Name;

gboolean kl_fat32_name_is_short (const char *name);
gboolean
kl_fat32_name_make (const char *name, GHashTable *taken, KlFat32Name *made, GError **error);
void kl_fat32_name_clear (KlFat32Name *self);
guint kl_fat32_name_count_entries (const KlFat32Name *self);
guint8 *kl_fat32_name_put (const KlFat32Name *self, const KlFatEntry *entry, guint8 *at);

guint8 kl_fat32_name_checksum (const char short_name[11]);
void kl_fat32_name_make_label (const char *label, char field[11]);

G_END_DECLS
