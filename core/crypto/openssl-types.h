/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pkcs12.h>
#include <openssl/x509v3.h>

#include "crypto/certificate.h"

G_BEGIN_DECLS

/* OpenSSL's types with their cleanup, for the files of this folder only. */
typedef STACK_OF (X509) X509Stack;
typedef STACK_OF (PKCS7) Pkcs7Stack;
typedef STACK_OF (PKCS12_SAFEBAG) SafeBagStack;

static inline void
x509_stack_free (X509Stack *stack)
{
  sk_X509_pop_free (stack, X509_free);
}

static inline void
pkcs7_stack_free (Pkcs7Stack *stack)
{
  sk_PKCS7_pop_free (stack, PKCS7_free);
}

static inline void
safe_bag_stack_free (SafeBagStack *stack)
{
  sk_PKCS12_SAFEBAG_pop_free (stack, PKCS12_SAFEBAG_free);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BIO, BIO_vfree)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EVP_PKEY, EVP_PKEY_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PKCS12, PKCS12_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (X509, X509_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (X509Stack, x509_stack_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Pkcs7Stack, pkcs7_stack_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SafeBagStack, safe_bag_stack_free)

/* Takes over its arguments; @chain may be NULL. */
KlCertificate *
kl_certificate_new_take (EVP_PKEY *key, X509 *leaf, X509Stack *chain, gboolean self_signed);

G_END_DECLS
