/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * PKCS12_parse() would do for a PFX that is in order. It does not tell a missing key from a cipher
 * that is not there, gives up where a file holds several keys, and takes any number of iterations;
 * so the bags are read here.
 */
#define G_LOG_DOMAIN "kl-pfx-import"

#include <string.h>

#include <openssl/provider.h>

#include "base/error.h"
#include "base/file-io.h"
#include "crypto/openssl-types.h"

#define PFX_SIZE_MAX (4 * 1024 * 1024) /* bytes */
#define ITERATIONS_MAX 1000000         /* at a time; Windows uses 2000, OpenSSL 2048 */
#define ITERATIONS_TOTAL_MAX 4000000   /* of all parts of a file */
#define BAGS_MAX 256                   /* keys and certificates in one file */
#define NESTING_MAX 4                  /* of safes inside safes */

typedef struct
{
  const char *name; /* of the file, for messages */
  PKCS12 *pfx;      /* borrowed */
  /* The password that fits; borrowed. NULL is "no password", which is another one than "". */
  const char *password;
  gsize password_length;
  gboolean password_proved; /* by the MAC */
  GPtrArray *keys;          /* of EVP_PKEY */
  X509Stack *certificates;
  guint n_bags;
  gint64 n_iterations;       /* so far, of all parts */
  GCancellable *cancellable; /* borrowed */
} Import;

/* Files that older Windows exported use RC2, which OpenSSL 3 keeps in a provider of its own; asking
 * for that one by name switches off loading the default one by itself. */
static void
load_providers (void)
{
  static gsize loaded;
  static OSSL_PROVIDER *providers[2]; /* for good */

  if (g_once_init_enter (&loaded))
    {
      providers[0] = OSSL_PROVIDER_load (NULL, "legacy");
      providers[1] = OSSL_PROVIDER_load (NULL, "default");
      if (providers[0] == NULL)
        g_debug ("OpenSSL's legacy provider is not there; RC2 files cannot be read");
      if (providers[1] == NULL)
        g_warning ("OpenSSL's default provider is not there; certificates cannot be read");
      ERR_clear_error ();
      g_once_init_leave (&loaded, 1);
    }
}

static gboolean
fail (const Import *import, GError **error, int code, const char *format, ...) G_GNUC_PRINTF (4, 5);

static gboolean
fail (const Import *import, GError **error, int code, const char *format, ...)
{
  g_autofree char *what = NULL;
  va_list args;

  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);

  ERR_clear_error ();
  g_set_error (error, KL_ERROR, code, "“%s” %s", import->name, what);
  return FALSE;
}

/* The name of what a part is encrypted with, and how often its password is hashed. */
static void
describe_cipher (const X509_ALGOR *algorithm, char name[80], gint64 *iterations)
{
  const ASN1_OBJECT *object = algorithm->algorithm;
  ASN1_INTEGER *count = NULL;
  PBE2PARAM *second = NULL;
  PBKDF2PARAM *derivation = NULL;
  PBEPARAM *first = NULL;

  if (OBJ_obj2nid (object) == NID_pbes2)
    {
      second = ASN1_TYPE_unpack_sequence (ASN1_ITEM_rptr (PBE2PARAM), algorithm->parameter);
      if (second != NULL)
        {
          object = second->encryption->algorithm;
          if (OBJ_obj2nid (second->keyfunc->algorithm) == NID_id_pbkdf2)
            derivation = ASN1_TYPE_unpack_sequence (ASN1_ITEM_rptr (PBKDF2PARAM),
                                                    second->keyfunc->parameter);
        }
      count = derivation != NULL ? derivation->iter : NULL;
    }
  else
    {
      first = ASN1_TYPE_unpack_sequence (ASN1_ITEM_rptr (PBEPARAM), algorithm->parameter);
      count = first != NULL ? first->iter : NULL;
    }

  if (OBJ_obj2txt (name, 80, object, 0) <= 0)
    g_strlcpy (name, "?", 80);
  if (count != NULL && ASN1_INTEGER_get_int64 (iterations, count) != 1)
    *iterations = G_MAXINT64;

  PBE2PARAM_free (second);
  PBKDF2PARAM_free (derivation);
  PBEPARAM_free (first);
}

/* Hashing takes most of the time, and OpenSSL cannot be interrupted in it: between two parts is the
 * place to stop. */
static gboolean
allow_iterations (Import *import, gint64 iterations, GError **error)
{
  if (g_cancellable_set_error_if_cancelled (import->cancellable, error))
    return FALSE;
  if (iterations < 1 || iterations > ITERATIONS_MAX
      || import->n_iterations > ITERATIONS_TOTAL_MAX - iterations)
    return fail (import, error, KL_ERROR_FORMAT,
                 "hashes its password %" G_GINT64_FORMAT " times; at most %d are read", iterations,
                 ITERATIONS_MAX);

  import->n_iterations += iterations;
  return TRUE;
}

static gboolean
check_iterations (Import *import, const X509_ALGOR *algorithm, GError **error)
{
  gint64 iterations = 1;
  char name[80];

  describe_cipher (algorithm, name, &iterations);
  return allow_iterations (import, iterations, error);
}

/* Whether OpenSSL failed because it lacks an algorithm. Empties its list of errors. */
static gboolean
lacks_algorithm (void)
{
  gboolean lacks = FALSE;
  unsigned long code;

  while ((code = ERR_get_error ()) != 0)
    {
      const int library = ERR_GET_LIB (code);
      const int reason = ERR_GET_REASON (code);

      if (reason == ERR_R_UNSUPPORTED)
        lacks = TRUE;
      if (library == ERR_LIB_EVP
          && (reason == EVP_R_UNKNOWN_PBE_ALGORITHM || reason == EVP_R_UNSUPPORTED_CIPHER
              || reason == EVP_R_UNKNOWN_CIPHER || reason == EVP_R_UNSUPPORTED_PRF
              || reason == EVP_R_UNSUPPORTED_ALGORITHM || reason == EVP_R_UNKNOWN_DIGEST
              || reason == EVP_R_UNSUPPORTED_KEY_DERIVATION_FUNCTION
              || reason == EVP_R_UNSUPPORTED_KEYLENGTH))
        lacks = TRUE;
      if (library == ERR_LIB_PKCS12 && reason == PKCS12_R_UNKNOWN_DIGEST_ALGORITHM)
        lacks = TRUE;
    }

  return lacks;
}

/* A part could not be decrypted: the MAC proved the password, or there is none to prove it. */
static gboolean
fail_to_decrypt (const Import *import, const X509_ALGOR *algorithm, GError **error)
{
  gint64 iterations;
  char name[80];

  if (lacks_algorithm ())
    {
      describe_cipher (algorithm, name, &iterations);
      return fail (import, error, KL_ERROR_FORMAT,
                   "is encrypted with %s, which this computer's OpenSSL does not support", name);
    }
  if (import->password_proved)
    return fail (import, error, KL_ERROR_FORMAT,
                 "is damaged: its password fits, but a part of it cannot be decrypted");

  return fail (import, error, KL_ERROR_CERT_PASSWORD, "has another password");
}

static gboolean
take_key (Import *import, const PKCS8_PRIV_KEY_INFO *info, GError **error)
{
  EVP_PKEY *key = EVP_PKCS82PKEY (info);

  if (key == NULL)
    {
      g_debug ("A private key of a kind that OpenSSL does not know is left out");
      ERR_clear_error ();
      return TRUE;
    }

  g_ptr_array_add (import->keys, key);
  return TRUE;
}

static gboolean
take_encrypted_key (Import *import, PKCS12_SAFEBAG *bag, GError **error)
{
  const X509_ALGOR *algorithm = NULL;
  const ASN1_OCTET_STRING *digest = NULL;
  g_autoptr (PKCS8_PRIV_KEY_INFO) info = NULL;

  X509_SIG_get0 (PKCS12_SAFEBAG_get0_pkcs8 (bag), &algorithm, &digest);
  if (!check_iterations (import, algorithm, error))
    return FALSE;

  info = PKCS12_decrypt_skey (bag, import->password, (int) import->password_length);
  return info != NULL ? take_key (import, info, error) : fail_to_decrypt (import, algorithm, error);
}

static gboolean
take_bags (Import *import, const SafeBagStack *bags, guint depth, GError **error)
{
  for (int i = 0; i < sk_PKCS12_SAFEBAG_num (bags); i++)
    {
      PKCS12_SAFEBAG *bag = sk_PKCS12_SAFEBAG_value (bags, i);
      X509 *certificate;
      gboolean ok = TRUE;

      if (++import->n_bags > BAGS_MAX || depth > NESTING_MAX)
        return fail (import, error, KL_ERROR_FORMAT, "holds more than %d keys and certificates",
                     BAGS_MAX);

      switch (PKCS12_SAFEBAG_get_nid (bag))
        {
        case NID_keyBag:
          ok = take_key (import, PKCS12_SAFEBAG_get0_p8inf (bag), error);
          break;
        case NID_pkcs8ShroudedKeyBag:
          ok = take_encrypted_key (import, bag, error);
          break;
        case NID_certBag:
          certificate = PKCS12_SAFEBAG_get_bag_nid (bag) == NID_x509Certificate
                            ? PKCS12_SAFEBAG_get1_cert (bag)
                            : NULL;
          if (certificate != NULL)
            sk_X509_push (import->certificates, certificate);
          break;
        case NID_safeContentsBag:
          ok = take_bags (import, PKCS12_SAFEBAG_get0_safes (bag), depth + 1, error);
          break;
        default:
          break;
        }
      if (!ok)
        return FALSE;
    }

  return TRUE;
}

static gboolean
take_encrypted_safe (Import *import, PKCS7 *safe, GError **error)
{
  g_autoptr (SafeBagStack) bags = NULL;
  const X509_ALGOR *algorithm;

  if (safe->d.encrypted == NULL || safe->d.encrypted->enc_data == NULL)
    return fail (import, error, KL_ERROR_FORMAT, "is damaged: an encrypted part is empty");

  algorithm = safe->d.encrypted->enc_data->algorithm;
  if (!check_iterations (import, algorithm, error))
    return FALSE;

  bags = PKCS12_unpack_p7encdata (safe, import->password, (int) import->password_length);
  return bags != NULL ? take_bags (import, bags, 0, error)
                      : fail_to_decrypt (import, algorithm, error);
}

static gboolean
take_safes (Import *import, GError **error)
{
  g_autoptr (Pkcs7Stack) safes = PKCS12_unpack_authsafes (import->pfx);

  if (safes == NULL)
    return fail (import, error, KL_ERROR_FORMAT, "is damaged: its list of parts cannot be read");

  for (int i = 0; i < sk_PKCS7_num (safes); i++)
    {
      PKCS7 *safe = sk_PKCS7_value (safes, i);
      g_autoptr (SafeBagStack) bags = NULL;

      switch (OBJ_obj2nid (safe->type))
        {
        case NID_pkcs7_data:
          bags = PKCS12_unpack_p7data (safe);
          if (bags == NULL)
            return fail (import, error, KL_ERROR_FORMAT, "is damaged: a part cannot be read");
          if (!take_bags (import, bags, 0, error))
            return FALSE;
          break;
        case NID_pkcs7_encrypted:
          if (!take_encrypted_safe (import, safe, error))
            return FALSE;
          break;
        default:
          return fail (import, error, KL_ERROR_FORMAT,
                       "is protected for a person's key and not by a password");
        }
    }

  return TRUE;
}

static gboolean
check_mac_iterations (Import *import, GError **error)
{
  const ASN1_INTEGER *count = NULL;
  gint64 iterations = 1;

  PKCS12_get0_mac (NULL, NULL, NULL, &count, import->pfx);
  if (count != NULL && ASN1_INTEGER_get_int64 (&iterations, count) != 1)
    iterations = G_MAXINT64;
  return allow_iterations (import, iterations, error);
}

/* Old programs took the bytes of UTF-8 for characters; this text makes OpenSSL do the same. */
static KlSecret *
spell_bytes_as_characters (KlSecret *password)
{
  const guint8 *bytes = kl_secret_get_data (password);
  const gsize length = kl_secret_get_length (password);
  KlSecret *spelled = kl_secret_new_sized (length * 2);
  gsize used = 0;

  for (gsize i = 0; i < length; i++)
    used += (gsize) g_unichar_to_utf8 (bytes[i], (char *) kl_secret_get_buffer (spelled) + used);
  kl_secret_truncate (spelled, used);
  return spelled;
}

typedef struct
{
  const char *text; /* borrowed; nullable */
  gsize length;
} Spelling;

/* An absent and an empty password are two; a text may have been spelled in two ways. */
static guint
list_spellings (KlSecret *password, KlSecret *spelled, Spelling spellings[2])
{
  if (kl_secret_is_empty (password))
    {
      spellings[0] = (Spelling){ NULL, 0 };
      spellings[1] = (Spelling){ "", 0 };
    }
  else
    {
      spellings[0] = (Spelling){ kl_secret_get_text (password), kl_secret_get_length (password) };
      spellings[1] = (Spelling){ kl_secret_get_text (spelled), kl_secret_get_length (spelled) };
    }

  return 2;
}

static void
use_spelling (Import *import, Spelling spelling)
{
  import->password = spelling.text;
  import->password_length = spelling.length;
}

static gboolean
take_with_mac (Import *import, const Spelling *spellings, guint n, GError **error)
{
  ERR_clear_error ();
  for (guint i = 0; i < n && !import->password_proved; i++)
    {
      if (!check_mac_iterations (import, error))
        return FALSE;
      use_spelling (import, spellings[i]);
      import->password_proved
          = PKCS12_verify_mac (import->pfx, import->password, (int) import->password_length) == 1;
    }
  if (import->password_proved)
    {
      ERR_clear_error ();
      return take_safes (import, error);
    }
  if (lacks_algorithm ())
    return fail (import, error, KL_ERROR_FORMAT,
                 "is signed with a digest that this computer's OpenSSL does not support");

  return fail (import, error, KL_ERROR_CERT_PASSWORD, "has another password");
}

/* Nothing but decrypting can prove the password. */
static gboolean
take_without_mac (Import *import, const Spelling *spellings, guint n, GError **error)
{
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (GError) local = NULL;

      use_spelling (import, spellings[i]);
      if (take_safes (import, &local))
        return TRUE;
      if (i + 1 == n || !g_error_matches (local, KL_ERROR, KL_ERROR_CERT_PASSWORD))
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return FALSE;
        }
      g_ptr_array_set_size (import->keys, 0);
      while (sk_X509_num (import->certificates) > 0)
        X509_free (sk_X509_pop (import->certificates));
      import->n_bags = 0;
    }

  return FALSE;
}

/* The pair of key and certificate, and the rest as chain. */
static KlCertificate *
find_pair (Import *import, GError **error)
{
  if (import->keys->len == 0)
    {
      fail (import, error, KL_ERROR_PRIVATE_KEY, "holds no private key");
      return NULL;
    }
  if (sk_X509_num (import->certificates) == 0)
    {
      fail (import, error, KL_ERROR_FORMAT, "holds no certificate");
      return NULL;
    }

  for (int i = 0; i < sk_X509_num (import->certificates); i++)
    for (guint k = 0; k < import->keys->len; k++)
      if (X509_check_private_key (sk_X509_value (import->certificates, i),
                                  g_ptr_array_index (import->keys, k))
          == 1)
        {
          X509 *leaf = sk_X509_delete (import->certificates, i);
          EVP_PKEY *key = g_ptr_array_index (import->keys, k);

          EVP_PKEY_up_ref (key);
          ERR_clear_error ();
          return kl_certificate_new_take (key, leaf, g_steal_pointer (&import->certificates),
                                          FALSE);
        }

  fail (import, error, KL_ERROR_PRIVATE_KEY, "holds the private key of another certificate");
  return NULL;
}

static KlCertificate *
import_pfx (
    const char *name, GBytes *bytes, KlSecret *password, GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) keys = g_ptr_array_new_with_free_func ((GDestroyNotify) EVP_PKEY_free);
  g_autoptr (X509Stack) certificates = sk_X509_new_null ();
  g_autoptr (KlSecret) spelled = NULL;
  g_autoptr (PKCS12) pfx = NULL;
  Spelling spellings[2];
  guint n_spellings;
  Import import
      = { .name = name, .keys = keys, .certificates = certificates, .cancellable = cancellable };
  KlCertificate *found = NULL;
  gsize size;
  const guint8 *at = g_bytes_get_data (bytes, &size);

  load_providers ();
  if (size > 0 && size <= PFX_SIZE_MAX)
    pfx = d2i_PKCS12 (NULL, &at, (long) size);
  if (pfx == NULL)
    {
      fail (&import, error, KL_ERROR_FORMAT, "is no PFX (PKCS#12) file");
      return NULL;
    }

  import.pfx = pfx;
  if (!kl_secret_is_empty (password))
    spelled = spell_bytes_as_characters (password);
  n_spellings = list_spellings (password, spelled, spellings);
  if (PKCS12_mac_present (pfx) == 1 ? take_with_mac (&import, spellings, n_spellings, error)
                                    : take_without_mac (&import, spellings, n_spellings, error))
    found = find_pair (&import, error);
  if (import.certificates == NULL)
    certificates = NULL;
  return found;
}

/**
 * kl_certificate_import_bytes:
 * @pfx: a PFX file; from outside
 * @password: (nullable): UTF-8; %NULL or empty: an empty and an absent password are tried
 *
 * Modern files (PBES2 with AES) and old ones (RC2, 3DES); the certificates beside the leaf are kept
 * as its chain. Validity is another question: kl_certificate_check_validity(). Blocks for as long
 * as the file's iterations take; any thread.
 *
 * Errors (media-api.md 3): KL_ERROR_FORMAT (no PKCS#12, damaged, a cipher that OpenSSL lacks, which
 * the message names), KL_ERROR_CERT_PASSWORD, KL_ERROR_PRIVATE_KEY (no key, or that of another
 * certificate).
 *
 * Returns: (transfer full) (nullable): the certificate with its key
 */
KlCertificate *
kl_certificate_import_bytes (GBytes *pfx,
                             KlSecret *password,
                             GCancellable *cancellable,
                             GError **error)
{
  return import_pfx ("The certificate file", pfx, password, cancellable, error);
}

/**
 * kl_certificate_import:
 *
 * As kl_certificate_import_bytes(), from a file.
 *
 * Errors: also those of reading a file.
 */
KlCertificate *
kl_certificate_import (const char *path,
                       KlSecret *password,
                       GCancellable *cancellable,
                       GError **error)
{
  g_autofd int fd = kl_open_for_reading (path, error);
  g_autoptr (KlSecret) buffer = NULL;
  g_autoptr (GBytes) bytes = NULL;
  gsize used = 0;

  if (fd < 0)
    return NULL;

  buffer = kl_secret_new_sized (PFX_SIZE_MAX + 1);
  for (;;)
    {
      gssize got = kl_read_some (fd, kl_secret_get_buffer (buffer) + used, PFX_SIZE_MAX + 1 - used,
                                 path, NULL, error);

      if (got < 0)
        return NULL;
      if (got == 0)
        break;
      used += (gsize) got;
    }

  bytes = g_bytes_new_static (kl_secret_get_data (buffer), used);
  return import_pfx (path, bytes, password, cancellable, error);
}
