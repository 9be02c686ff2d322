/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "crypto/secret.h"

G_BEGIN_DECLS

/*
 * The private key of one self-signed certificate, made ahead in a thread of its own: looking for
 * two primes takes a tenth of a second, and now and then ten times as long. It waits as a KlSecret
 * until it is taken, once: no two media have the same key. Any thread.
 */
typedef struct _KlCertificateKey KlCertificateKey;

KlSecret *kl_certificate_generate_key (GCancellable *cancellable, GError **error);

KlCertificateKey *kl_certificate_key_new (void);
KlCertificateKey *kl_certificate_key_ref (KlCertificateKey *self);
void kl_certificate_key_unref (KlCertificateKey *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlCertificateKey, kl_certificate_key_unref)

KlSecret *
kl_certificate_key_peek (KlCertificateKey *self, GCancellable *cancellable, GError **error);
KlSecret *
kl_certificate_key_take (KlCertificateKey *self, GCancellable *cancellable, GError **error);
gboolean kl_certificate_key_is_taken (KlCertificateKey *self);

G_END_DECLS
