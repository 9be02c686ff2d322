/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-authenticode"

#include "crypto/authenticode.h"

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>

#include "base/error.h"

/* szOID_CTL, the content of boot.stl. */
#define TRUST_LIST_OID "1.3.6.1.4.1.311.10.1"

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PKCS7, PKCS7_free)

/* NULL where the bytes are no PKCS#7 SignedData. */
static PKCS7 *
parse_signed_data (GBytes *bytes)
{
  gsize size;
  const unsigned char *at = g_bytes_get_data (bytes, &size);
  g_autoptr (PKCS7) parsed = size <= G_MAXINT ? d2i_PKCS7 (NULL, &at, (long) size) : NULL;

  ERR_clear_error ();
  if (parsed == NULL || !PKCS7_type_is_signed (parsed) || parsed->d.sign == NULL)
    return NULL;

  return g_steal_pointer (&parsed);
}

static char *
dup_common_name (X509_NAME *name)
{
  int at = X509_NAME_get_index_by_NID (name, NID_commonName, -1);
  unsigned char *utf8 = NULL;
  char *result = NULL;
  int length;

  if (at < 0)
    return NULL;

  length = ASN1_STRING_to_UTF8 (&utf8, X509_NAME_ENTRY_get_data (X509_NAME_get_entry (name, at)));
  /* A NUL inside would show another name than the certificate bears. */
  if (length > 0 && g_utf8_validate ((const char *) utf8, length, NULL))
    result = g_strndup ((const char *) utf8, (gsize) length);

  ERR_clear_error ();
  OPENSSL_free (utf8);
  return result;
}

/**
 * kl_authenticode_dup_signer:
 * @pkcs7: the signature of a program: PKCS#7 SignedData in DER, padding behind it allowed
 *
 * Nothing is verified: the name says which certificate authority firmware has to know.
 *
 * Errors: KL_ERROR_FORMAT. Any thread.
 *
 * Returns: (transfer full) (nullable): the common name of the issuer of the first signer's
 *   certificate: "Microsoft Windows Production PCA 2011", "Windows UEFI CA 2023"
 */
char *
kl_authenticode_dup_signer (GBytes *pkcs7, GError **error)
{
  g_autoptr (PKCS7) parsed = parse_signed_data (pkcs7);
  STACK_OF (PKCS7_SIGNER_INFO) *signers = NULL;
  char *name = NULL;

  if (parsed != NULL)
    signers = PKCS7_get_signer_info (parsed);
  if (signers != NULL && sk_PKCS7_SIGNER_INFO_num (signers) > 0)
    {
      PKCS7_SIGNER_INFO *signer = sk_PKCS7_SIGNER_INFO_value (signers, 0);

      if (signer->issuer_and_serial != NULL && signer->issuer_and_serial->issuer != NULL)
        name = dup_common_name (signer->issuer_and_serial->issuer);
    }

  if (name == NULL)
    g_set_error (error, KL_ERROR, KL_ERROR_FORMAT,
                 "The signature of %" G_GSIZE_FORMAT " bytes is not PKCS#7 with a named issuer",
                 g_bytes_get_size (pkcs7));
  return name;
}

/**
 * kl_pkcs7_is_trust_list:
 *
 * Returns: whether the bytes are PKCS#7 SignedData around a certificate trust list, as boot.stl is
 *   (image-customisation.md 7)
 */
gboolean
kl_pkcs7_is_trust_list (GBytes *pkcs7)
{
  g_autoptr (PKCS7) parsed = parse_signed_data (pkcs7);
  char oid[64];

  if (parsed == NULL || parsed->d.sign->contents == NULL || parsed->d.sign->contents->type == NULL)
    return FALSE;

  return OBJ_obj2txt (oid, sizeof oid, parsed->d.sign->contents->type, 1) > 0
         && g_str_equal (oid, TRUST_LIST_OID);
}
