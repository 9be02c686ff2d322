/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

#include "disk/partition-table.h"

G_BEGIN_DECLS

/* What starts BOOTMGR on a BIOS from a disk: GRUB's first sector and its core image, which lies
 * between MBR and partition (media-formats.md 9.3). */
typedef struct
{
  guint8 mbr[KL_MBR_CODE_BYTES];
  GBytes *core; /* owned; goes to LBA 1 */
} KlBiosCode;

KlBiosCode *kl_bios_code_load (const char *folder, GError **error);
void kl_bios_code_free (KlBiosCode *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlBiosCode, kl_bios_code_free)

G_END_DECLS
