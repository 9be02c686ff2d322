/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/*
 * \kindling.manifest (interface.md 5): what a medium holds. UTF-8 text, a line "key=value" each,
 * LF:
 *
 *     kindling-manifest=1
 *     manifest-sha256=SHA256          (of all lines below; earlier versions wrote none)
 *     image-id=KDL00001
 *     image-name=Windows PE 26100 x64
 *     architecture=x64
 *     media-type=CD
 *     label=WINPE
 *     created=2026-11-20T12:00:00Z
 *     made-by=Kindling 1.0.0
 *     bios=true
 *     uefi=x64
 *     boot-manager-signer=Microsoft Windows Production PCA 2011
 *     file=SHA256 SIZE /path          (one per file, sorted by path, but for the manifest itself)
 *
 * Certificate keys (certificate-subject, -thumbprint, -start, -end) are there when the medium has a
 * certificate. Unknown keys are kept out of the way. It holds no secret. A plain value; free with
 * kl_manifest_free().
 */
#define KL_MANIFEST_PATH "/kindling.manifest"

typedef struct
{
  char *path;
  guint64 size; /* bytes */
  char *sha256;
} KlManifestFile;

typedef struct
{
  char *image_id;
  char *image_name;
  char *architecture;
  char *media_type;
  char *label;
  char *created; /* ISO 8601, UTC */
  char *made_by; /* nullable; program and version */
  gboolean bios;
  char *uefi;                   /* "x64" or "" */
  char *signer;                 /* nullable */
  char *certificate_subject;    /* nullable */
  char *certificate_thumbprint; /* nullable; SHA-1 */
  char *certificate_start;      /* nullable, ISO 8601 UTC */
  char *certificate_end;        /* nullable, ISO 8601 UTC */
  GPtrArray *files;             /* of KlManifestFile */
} KlManifest;

KlManifest *kl_manifest_new (void);
void kl_manifest_free (KlManifest *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlManifest, kl_manifest_free)
void kl_manifest_add_file (KlManifest *self, const char *path, guint64 size, const char *sha256);
GBytes *kl_manifest_to_bytes (KlManifest *self);
KlManifest *kl_manifest_parse (GBytes *bytes, GError **error);

G_END_DECLS
