/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

#include "base/bytes.h"

G_BEGIN_DECLS

/* Something that a FAT32 folder names. */
typedef struct
{
  char *name; /* owned; UTF-8 */
  gboolean is_folder;
  guint32 first_cluster; /* 0: none */
  guint32 size;          /* bytes; of a file */
} KlFat32Item;

void kl_fat32_item_clear (KlFat32Item *self);
gboolean kl_fat32_folder_next (KlBytesView folder, gsize *at, KlFat32Item *item);

G_END_DECLS
