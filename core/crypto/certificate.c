/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-certificate"

#include "crypto/certificate.h"

#include <string.h>
#include <time.h>

#include <openssl/pem.h>

#include "base/atomic-file.h"
#include "base/error.h"
#include "crypto/certificate-key.h"
#include "crypto/openssl-types.h"
#include "crypto/secret.h"

/* media-formats.md 4 */
#define KEY_BITS 2048
#define PFX_ITERATIONS 2000
#define SERIAL_BYTES 16

struct _KlCertificate
{
  gatomicrefcount references;
  EVP_PKEY *key;    /* owned; NULL where only the public part is kept */
  KlSecret *guard;  /* owned; with the key: nobody dumps the process while it lives */
  X509 *leaf;       /* owned */
  X509Stack *chain; /* owned; without the leaf */
  gboolean self_signed;
  char *subject;         /* owned */
  char *sha1;            /* owned; hex in upper case */
  char *sha256;          /* owned; hex in upper case */
  GDateTime *not_before; /* owned; UTC */
  GDateTime *not_after;  /* owned; UTC */
};

G_DEFINE_BOXED_TYPE (KlCertificate, kl_certificate, kl_certificate_ref, kl_certificate_unref)

static char *
dup_digest (X509 *certificate, const EVP_MD *algorithm)
{
  GString *hex = g_string_new (NULL);
  guint8 digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;

  X509_digest (certificate, algorithm, digest, &length);
  for (guint i = 0; i < length; i++)
    g_string_append_printf (hex, "%02X", digest[i]);
  return g_string_free (hex, FALSE);
}

static char *
dup_subject (X509 *certificate)
{
  g_autoptr (BIO) text = BIO_new (BIO_s_mem ());
  char *data = NULL;
  long length;

  X509_NAME_print_ex (text, X509_get_subject_name (certificate), 0,
                      XN_FLAG_RFC2253 & ~(unsigned long) ASN1_STRFLGS_ESC_MSB);
  length = BIO_get_mem_data (text, &data);
  return g_utf8_make_valid (data != NULL ? data : "", length);
}

/* The end of time for a date that cannot be read: it never expires unnoticed as "now". */
static GDateTime *
new_date (const ASN1_TIME *time, gint64 fallback)
{
  struct tm parts = { 0 };
  GDateTime *date = NULL;

  if (ASN1_TIME_to_tm (time, &parts) == 1)
    date = g_date_time_new_from_unix_utc (timegm (&parts));
  return date != NULL ? date : g_date_time_new_from_unix_utc (fallback);
}

KlCertificate *
kl_certificate_new_take (EVP_PKEY *key, X509 *leaf, X509Stack *chain, gboolean self_signed)
{
  KlCertificate *self = g_new0 (KlCertificate, 1);

  g_atomic_ref_count_init (&self->references);
  self->key = key;
  self->guard = key != NULL ? kl_secret_new_sized (0) : NULL;
  self->leaf = leaf;
  self->chain = chain;
  self->self_signed = self_signed;
  self->subject = dup_subject (leaf);
  self->sha1 = dup_digest (leaf, EVP_sha1 ());
  self->sha256 = dup_digest (leaf, EVP_sha256 ());
  /* Dates that cannot be read make the certificate one that is never valid. */
  self->not_before = new_date (X509_get0_notBefore (leaf), G_GINT64_CONSTANT (253402300799));
  self->not_after = new_date (X509_get0_notAfter (leaf), 0);
  return self;
}

KlCertificate *
kl_certificate_ref (KlCertificate *self)
{
  g_atomic_ref_count_inc (&self->references);
  return self;
}

void
kl_certificate_unref (KlCertificate *self)
{
  if (!g_atomic_ref_count_dec (&self->references))
    return;

  EVP_PKEY_free (self->key);
  g_clear_pointer (&self->guard, kl_secret_unref);
  X509_free (self->leaf);
  x509_stack_free (self->chain);
  g_free (self->subject);
  g_free (self->sha1);
  g_free (self->sha256);
  g_date_time_unref (self->not_before);
  g_date_time_unref (self->not_after);
  g_free (self);
}

static gboolean
add_extension (X509 *certificate, int nid, const char *value)
{
  X509_EXTENSION *extension = X509V3_EXT_conf_nid (NULL, NULL, nid, value);
  gboolean ok = extension != NULL && X509_add_ext (certificate, extension, -1) == 1;

  X509_EXTENSION_free (extension);
  return ok;
}

static gboolean
set_random_serial (X509 *certificate)
{
  BIGNUM *number = BN_new ();
  gboolean ok;

  /* The highest bit of each is 1 and that of the sign 0: positive and of equal length. */
  ok = BN_rand (number, SERIAL_BYTES * 8 - 1, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1
       && BN_to_ASN1_INTEGER (number, X509_get_serialNumber (certificate)) != NULL;
  BN_free (number);
  return ok;
}

/* The name is a GUID of its own: it travels in clear text, and the medium's GUID makes the password
 * of the PFX. */
static gboolean
set_name (X509 *certificate)
{
  g_autofree char *guid = g_uuid_string_random ();
  X509_NAME *name = X509_get_subject_name (certificate);

  return X509_NAME_add_entry_by_NID (name, NID_commonName, MBSTRING_UTF8, (guint8 *) guid, -1, -1,
                                     0)
             == 1
         && X509_set_issuer_name (certificate, name) == 1;
}

static gboolean
fill_certificate (X509 *certificate, EVP_PKEY *key, GDateTime *not_before, GDateTime *not_after)
{
  return X509_set_version (certificate, X509_VERSION_3) == 1 && set_random_serial (certificate)
         && set_name (certificate)
         && ASN1_TIME_set (X509_getm_notBefore (certificate), g_date_time_to_unix (not_before))
                != NULL
         && ASN1_TIME_set (X509_getm_notAfter (certificate), g_date_time_to_unix (not_after))
                != NULL
         && X509_set_pubkey (certificate, key) == 1
         && add_extension (certificate, NID_key_usage, "critical,digitalSignature,keyEncipherment")
         && add_extension (certificate, NID_ext_key_usage, "clientAuth")
         && X509_sign (certificate, key, EVP_sha256 ()) > 0;
}

static gboolean
check_window (GDateTime *not_before, GDateTime *not_after, GError **error)
{
  g_autofree char *from = g_date_time_format_iso8601 (not_before);
  g_autofree char *until = g_date_time_format_iso8601 (not_after);

  if (g_date_time_compare (not_before, not_after) < 0 && g_date_time_get_year (not_after) < 9999)
    return TRUE;

  g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
               "The certificate would be valid from %s to %s: its end must lie behind its start",
               from, until);
  return FALSE;
}

/* A copy of @der, or a key that is made now. */
static EVP_PKEY *
new_key (KlSecret *der, GCancellable *cancellable, GError **error)
{
  g_autoptr (KlSecret) made = NULL;
  const guint8 *from;
  EVP_PKEY *key;

  if (der == NULL)
    der = made = kl_certificate_generate_key (cancellable, error);
  if (der == NULL)
    return NULL;

  from = kl_secret_get_data (der);
  key = d2i_AutoPrivateKey (NULL, &from, (long) kl_secret_get_length (der));
  if (key == NULL)
    g_set_error (error, KL_ERROR, KL_ERROR_FAILED, "OpenSSL could not read the key: %s",
                 ERR_reason_error_string (ERR_peek_last_error ()));
  ERR_clear_error ();
  return key;
}

/**
 * kl_certificate_new_self_signed:
 * @key: (nullable): of kl_certificate_generate_key(); made here if %NULL
 * @not_before: (nullable): now if %NULL
 * @not_after: (nullable): a year after the start if %NULL
 *
 * RSA-2048, SHA-256, a GUID as name, for client authentication (media-formats.md 4). Making the key
 * takes some tenths of a second; not for the main thread.
 *
 * Errors: KL_ERROR_INVALID_ARGUMENT (the end is not behind the start), KL_ERROR_FAILED,
 * G_IO_ERROR_CANCELLED.
 *
 * Returns: (transfer full) (nullable): the certificate with its key
 */
KlCertificate *
kl_certificate_new_self_signed (KlSecret *key,
                                GDateTime *not_before,
                                GDateTime *not_after,
                                GCancellable *cancellable,
                                GError **error)
{
  g_autoptr (GDateTime) from
      = not_before != NULL ? g_date_time_ref (not_before) : g_date_time_new_now_utc ();
  g_autoptr (GDateTime) until
      = not_after != NULL ? g_date_time_ref (not_after) : g_date_time_add_years (from, 1);
  g_autoptr (EVP_PKEY) pair = NULL;
  g_autoptr (X509) certificate = NULL;

  if (!check_window (from, until, error))
    return NULL;

  pair = new_key (key, cancellable, error);
  if (pair == NULL)
    return NULL;
  certificate = X509_new ();
  if (certificate == NULL || !fill_certificate (certificate, pair, from, until))
    {
      g_set_error (error, KL_ERROR, KL_ERROR_FAILED, "OpenSSL could not make a certificate: %s",
                   ERR_reason_error_string (ERR_peek_last_error ()));
      ERR_clear_error ();
      return NULL;
    }

  return kl_certificate_new_take (g_steal_pointer (&pair), g_steal_pointer (&certificate), NULL,
                                  TRUE);
}

/**
 * kl_certificate_dup_public:
 *
 * Returns: (transfer full): the certificate without its private key and chain, to be shown and
 *   exported after the key is gone
 */
KlCertificate *
kl_certificate_dup_public (KlCertificate *self)
{
  X509_up_ref (self->leaf);
  return kl_certificate_new_take (NULL, self->leaf, NULL, self->self_signed);
}

/* Whether Kindling made it; an imported one may be signed by itself too. */
gboolean
kl_certificate_is_self_signed (KlCertificate *self)
{
  return self->self_signed;
}

/**
 * kl_certificate_get_subject:
 *
 * Returns: (transfer none): the name by RFC 2253, "CN=…", UTF-8
 */
const char *
kl_certificate_get_subject (KlCertificate *self)
{
  return self->subject;
}

GDateTime *
kl_certificate_get_not_before (KlCertificate *self)
{
  return self->not_before;
}

GDateTime *
kl_certificate_get_not_after (KlCertificate *self)
{
  return self->not_after;
}

/**
 * kl_certificate_get_sha1:
 *
 * Returns: (transfer none): the thumbprint as Windows shows it: 40 hex digits in upper case
 */
const char *
kl_certificate_get_sha1 (KlCertificate *self)
{
  return self->sha1;
}

const char *
kl_certificate_get_sha256 (KlCertificate *self)
{
  return self->sha256;
}

guint
kl_certificate_get_chain_length (KlCertificate *self)
{
  return self->chain != NULL ? (guint) sk_X509_num (self->chain) : 0;
}

/**
 * kl_certificate_check_validity:
 * @now: (nullable): the present if %NULL
 *
 * Errors: KL_ERROR_CERT_VALIDITY (expired, not valid yet).
 */
gboolean
kl_certificate_check_validity (KlCertificate *self, GDateTime *now, GError **error)
{
  g_autoptr (GDateTime) at = now != NULL ? g_date_time_ref (now) : g_date_time_new_now_utc ();
  g_autofree char *from = g_date_time_format_iso8601 (self->not_before);
  g_autofree char *until = g_date_time_format_iso8601 (self->not_after);

  if (g_date_time_compare (at, self->not_after) > 0)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_CERT_VALIDITY, "The certificate “%s” expired on %s",
                   self->subject, until);
      return FALSE;
    }
  if (g_date_time_compare (at, self->not_before) < 0)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_CERT_VALIDITY,
                   "The certificate “%s” is not valid before %s", self->subject, from);
      return FALSE;
    }

  return TRUE;
}

static gboolean
has_client_auth (X509 *certificate)
{
  EXTENDED_KEY_USAGE *usage = X509_get_ext_d2i (certificate, NID_ext_key_usage, NULL, NULL);
  gboolean found = FALSE;

  for (int i = 0; usage != NULL && i < sk_ASN1_OBJECT_num (usage); i++)
    {
      int nid = OBJ_obj2nid (sk_ASN1_OBJECT_value (usage, i));

      found = found || nid == NID_client_auth || nid == NID_anyExtendedKeyUsage;
    }

  EXTENDED_KEY_USAGE_free (usage);
  ERR_clear_error ();
  return found;
}

static void
warn_of_key (KlCertificate *self, GStrvBuilder *warnings)
{
  EVP_PKEY *key = X509_get0_pubkey (self->leaf);
  const int bits = key != NULL ? EVP_PKEY_get_bits (key) : 0;
  g_autofree char *text = NULL;

  if (key == NULL || EVP_PKEY_get_base_id (key) != EVP_PKEY_RSA)
    text = g_strdup ("The key of the certificate is not RSA; clients may not be able to use it.");
  else if (bits < KEY_BITS)
    text = g_strdup_printf ("The key of the certificate has %d bits only; %d are advised.", bits,
                            KEY_BITS);
  else if (bits > KEY_BITS)
    text = g_strdup_printf ("The key of the certificate has %d bits; up to %d are supported by "
                            "deployment clients.",
                            bits, KEY_BITS);
  if (text != NULL)
    g_strv_builder_add (warnings, text);
}

/**
 * kl_certificate_dup_warnings:
 * @now: (nullable): the present if %NULL
 *
 * Returns: (transfer full): what is worth knowing and no error, in English sentences: no client
 *   authentication, an odd key, not valid at the time, an end within KL_CERTIFICATE_WARN_DAYS
 */
char **
kl_certificate_dup_warnings (KlCertificate *self, GDateTime *now)
{
  g_autoptr (GStrvBuilder) warnings = g_strv_builder_new ();
  g_autoptr (GDateTime) at = now != NULL ? g_date_time_ref (now) : g_date_time_new_now_utc ();
  const GTimeSpan left = g_date_time_difference (self->not_after, at);
  g_autoptr (GError) invalid = NULL;

  if (!has_client_auth (self->leaf))
    g_strv_builder_add (warnings,
                        "The certificate is not made for client authentication; management points "
                        "will refuse it.");
  warn_of_key (self, warnings);
  if (!kl_certificate_check_validity (self, at, &invalid))
    {
      g_autofree char *text
          = g_strdup_printf ("%s; management points refuse it.", invalid->message);

      g_strv_builder_add (warnings, text);
    }
  if (left >= 0 && left < KL_CERTIFICATE_WARN_DAYS * G_TIME_SPAN_DAY)
    {
      const int days = (int) (left / G_TIME_SPAN_DAY);
      g_autofree char *until = g_date_time_format (self->not_after, "%Y-%m-%d");
      g_autofree char *text = g_strdup_printf (
          KL_PLURAL (
              days, "The certificate ends on %s, in %d day; the medium cannot be used after that.",
              "The certificate ends on %s, in %d days; the medium cannot be used after that."),
          until, days);

      g_strv_builder_add (warnings, text);
    }

  return g_strv_builder_end (warnings);
}

/**
 * kl_certificate_to_der:
 *
 * Returns: (transfer full): the certificate without its key, DER
 */
GBytes *
kl_certificate_to_der (KlCertificate *self)
{
  guint8 *der = NULL;
  int length = i2d_X509 (self->leaf, &der);
  GBytes *bytes;

  g_assert (length > 0);
  bytes = g_bytes_new (der, (gsize) length);
  OPENSSL_free (der);
  return bytes;
}

/**
 * kl_certificate_to_pem:
 *
 * Returns: (transfer full): the certificate without its key, PEM text
 */
char *
kl_certificate_to_pem (KlCertificate *self)
{
  g_autoptr (BIO) text = BIO_new (BIO_s_mem ());
  char *data = NULL;
  long length;

  PEM_write_bio_X509 (text, self->leaf);
  length = BIO_get_mem_data (text, &data);
  return g_strndup (data, (gsize) length);
}

/**
 * kl_certificate_export:
 * @path: PEM where the name ends in .pem, else DER
 *
 * Writes the certificate without its key, for the administrator of the site.
 *
 * Errors: those of writing a file.
 */
gboolean
kl_certificate_export (KlCertificate *self, const char *path, GError **error)
{
  g_autofree char *folded = g_ascii_strdown (path, -1);
  g_autoptr (GBytes) der = NULL;

  if (g_str_has_suffix (folded, ".pem"))
    {
      g_autofree char *pem = kl_certificate_to_pem (self);

      return kl_replace_file (path, pem, strlen (pem), error);
    }

  der = kl_certificate_to_der (self);
  return kl_replace_file (path, g_bytes_get_data (der, NULL), g_bytes_get_size (der), error);
}

/**
 * kl_certificate_to_pfx:
 * @media_guid: the medium's GUID exactly as it is stored, braces included; its first 31 characters
 *   are the password (media-formats.md 4)
 *
 * PBE-SHA1-3DES for key and certificates, MAC by SHA-1, 2000 iterations: what older Windows reads.
 *
 * Errors: KL_ERROR_INVALID_ARGUMENT (a GUID shorter than that), KL_ERROR_FAILED.
 *
 * Returns: (transfer full) (nullable): the PFX file
 */
KlSecret *
kl_certificate_to_pfx (KlCertificate *self, const char *media_guid, GError **error)
{
  char password[KL_PFX_PASSWORD_LENGTH + 1] = "";
  g_autoptr (PKCS12) pfx = NULL;
  KlSecret *result = NULL;
  int length = -1;

  g_return_val_if_fail (self->key != NULL, NULL);

  if (strlen (media_guid) < KL_PFX_PASSWORD_LENGTH)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT, "The medium's GUID is too short");
      return NULL;
    }

  memcpy (password, media_guid, KL_PFX_PASSWORD_LENGTH);
  pfx = PKCS12_create (password, NULL, self->key, self->leaf, self->chain,
                       NID_pbe_WithSHA1And3_Key_TripleDES_CBC,
                       NID_pbe_WithSHA1And3_Key_TripleDES_CBC, PFX_ITERATIONS, -1, 0);
  if (pfx != NULL && PKCS12_set_mac (pfx, password, -1, NULL, 0, PFX_ITERATIONS, EVP_sha1 ()) == 1)
    length = i2d_PKCS12 (pfx, NULL);
  OPENSSL_cleanse (password, sizeof password);

  if (length > 0)
    {
      guint8 *at;

      result = kl_secret_new_sized ((gsize) length);
      at = kl_secret_get_buffer (result);
      i2d_PKCS12 (pfx, &at);
    }
  else
    g_set_error (error, KL_ERROR, KL_ERROR_FAILED, "OpenSSL could not make a PFX file: %s",
                 ERR_reason_error_string (ERR_peek_last_error ()));

  ERR_clear_error ();
  return result;
}
