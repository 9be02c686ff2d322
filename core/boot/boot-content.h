/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "boot/boot-files.h"

G_BEGIN_DECLS

/* What a boot file turned out to be when it was looked into. */
typedef struct
{
  guint16 machine; /* PE machine of a loader, else 0 */
  char *signer;    /* issuer CN of a loader's signature, or NULL; owned */
} KlBootContent;

#define KL_BOOT_SIGNER_2011 "Microsoft Windows Production PCA 2011"
#define KL_BOOT_SIGNER_2023 "Windows UEFI CA 2023"

guint64 kl_boot_content_get_limit (KlBootRole role);
gboolean kl_boot_content_check (
    KlBootRole role, GBytes *bytes, const char *found_at, KlBootContent *content, GError **error);
void kl_boot_content_clear (KlBootContent *content);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (KlBootContent, kl_boot_content_clear)

G_END_DECLS
