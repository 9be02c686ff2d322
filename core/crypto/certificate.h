/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "crypto/secret.h"

G_BEGIN_DECLS

/*
 * The media certificate with its private key and the chain that came with it (media-formats.md 4):
 * imported from a PFX file, or self-signed. Immutable; any thread.
 */
#define KL_TYPE_CERTIFICATE (kl_certificate_get_type ())
typedef struct _KlCertificate KlCertificate;

#define KL_CERTIFICATE_WARN_DAYS 30
#define KL_PFX_PASSWORD_LENGTH 31
/* What a self-signed certificate has as a PFX in most cases; else it is 8 bytes less, or more. */
#define KL_SELF_SIGNED_PFX_BYTES 2389

GType kl_certificate_get_type (void);
KlCertificate *kl_certificate_import (const char *path,
                                      KlSecret *password,
                                      GCancellable *cancellable,
                                      GError **error);
KlCertificate *kl_certificate_import_bytes (GBytes *pfx,
                                            KlSecret *password,
                                            GCancellable *cancellable,
                                            GError **error);
KlCertificate *kl_certificate_new_self_signed (KlSecret *key,
                                               GDateTime *not_before,
                                               GDateTime *not_after,
                                               GCancellable *cancellable,
                                               GError **error);
KlCertificate *kl_certificate_ref (KlCertificate *self);
void kl_certificate_unref (KlCertificate *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlCertificate, kl_certificate_unref)

KlCertificate *kl_certificate_dup_public (KlCertificate *self);

gboolean kl_certificate_is_self_signed (KlCertificate *self);
const char *kl_certificate_get_subject (KlCertificate *self);
GDateTime *kl_certificate_get_not_before (KlCertificate *self);
GDateTime *kl_certificate_get_not_after (KlCertificate *self);
const char *kl_certificate_get_sha1 (KlCertificate *self);
const char *kl_certificate_get_sha256 (KlCertificate *self);
guint kl_certificate_get_chain_length (KlCertificate *self);

gboolean kl_certificate_check_validity (KlCertificate *self, GDateTime *now, GError **error);
char **kl_certificate_dup_warnings (KlCertificate *self, GDateTime *now);

GBytes *kl_certificate_to_der (KlCertificate *self);
char *kl_certificate_to_pem (KlCertificate *self);
gboolean kl_certificate_export (KlCertificate *self, const char *path, GError **error);
KlSecret *kl_certificate_to_pfx (KlCertificate *self, const char *media_guid, GError **error);

G_END_DECLS
