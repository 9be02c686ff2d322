/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

#include "base/bytes.h"

G_BEGIN_DECLS

/* The footer of a fixed virtual hard disk (Virtual Hard Disk Image Format Specification 1.0): the
 * disk as it is, and this behind it. */
#define KL_VHD_FOOTER_BYTES ((gsize) 512)
#define KL_VHD_MAX_BYTES ((guint64) 2040 << 30)

void kl_vhd_build_footer (guint64 disk_bytes, GDateTime *created, guint8 *footer);
gboolean kl_vhd_parse_footer (KlBytesView footer, gboolean *fixed, guint64 *disk_bytes);

G_END_DECLS
