/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* \SMS\data\TsmBootstrap.ini (media-formats.md 2). */
#define KL_BOOTSTRAP_BOOT_MEDIA "BootMedia"
#define KL_BOOTSTRAP_FULL_MEDIA "FullMedia" /* standalone; recognised, not made */
#define KL_BOOTSTRAP_OEM_MEDIA "OEMMedia"   /* prestaged; recognised, not made */

typedef struct
{
  char *media_type;
  gboolean password_required;
  gboolean unattended;
} KlBootstrapIni;

GBytes *kl_bootstrap_ini_to_bytes (const KlBootstrapIni *self);
KlBootstrapIni *kl_bootstrap_ini_parse (GBytes *bytes, GError **error);
void kl_bootstrap_ini_free (KlBootstrapIni *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlBootstrapIni, kl_bootstrap_ini_free)

G_END_DECLS
