/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The El Torito image for UEFI: a FAT volume that holds \EFI\BOOT\<name> and nothing else. */
GBytes *
kl_efi_image_build (const char *name, const char *loader_path, guint32 *crc32c, GError **error);

G_END_DECLS
