/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "access/drive-handle.h"
#include "disk/bios-code.h"

G_BEGIN_DECLS

/* Start code for BIOS on a drive that holds other things: before the first partition, and nowhere
 * else (media-formats.md 9.3). The partition table stays but for the mark of the active partition.
 */
#define KL_BIOS_START_HEAD_BYTES ((gsize) 1 << 20)

gboolean kl_bios_start_is_there (KlBytesView head, guint64 start, const KlBiosCode *code);
gboolean kl_bios_start_put (guint8 *head,
                            gsize length,
                            guint64 start,
                            const KlBiosCode *code,
                            const char *drive,
                            gsize *changed,
                            GError **error);
gboolean
kl_bios_start_write (KlDriveHandle *handle, guint64 start, const KlBiosCode *code, GError **error);

G_END_DECLS
