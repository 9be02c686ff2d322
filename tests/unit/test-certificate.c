/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "crypto/certificate.h"

#include <string.h>
#include <sys/prctl.h>

#include <openssl/pkcs12.h>

#include "base/error.h"
#include "base/file-io.h"

#define UMLAUT "Zürich€"

/* Made by OpenSSL's command line: keys and certificates of several kinds, as PFX files. */
static const char make_files[]
    = "set -e; cd \"$1\"; umlaut=" UMLAUT "\n"
      "cert() { openssl req -x509 -newkey rsa:$2 -nodes -keyout $1.key -out $1.pem -subj \"/CN=$1\""
      " -days ${3:-365} ${4:+-addext extendedKeyUsage=$4} 2>/dev/null; }\n"
      "pfx() { out=$1; pw=$2; shift 2; openssl pkcs12 -export -out $out.pfx -passout \"pass:$pw\" "
      "\"$@\"; }\n"
      "cert client 2048 365 clientAuth; cert other 1024 365 clientAuth; cert plain 2048 365\n"
      "cert soon 1024 5 clientAuth\n"
      "cert issuer 1024\n"
      "openssl req -newkey rsa:1024 -nodes -keyout leaf.key -subj /CN=leaf -out leaf.csr "
      "2>/dev/null\n"
      "openssl x509 -req -in leaf.csr -CA issuer.pem -CAkey issuer.key -set_serial 7 -days 9"
      " -out leaf.pem 2>/dev/null\n"
      "own=\"-inkey client.key -in client.pem\"\n"
      "pfx modern secret $own\n"
      "pfx rc2 secret -legacy $own\n"
      "pfx tdes secret -keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES -macalg sha1 $own\n"
      "pfx umlaut \"$umlaut\" $own\n"
      "pfx umlaut3des \"$umlaut\" -keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES $own\n"
      "pfx empty '' $own\n"
      "pfx nomac secret -nomac $own\n"
      "pfx nomacempty '' -nomac -keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES $own\n"
      "pfx open secret -keypbe NONE -certpbe NONE $own\n"
      "pfx nokey secret -nokeys -in client.pem\n"
      "pfx nocert secret -nocerts -inkey client.key\n"
      "pfx plain secret -inkey plain.key -in plain.pem\n"
      "pfx soon secret -inkey soon.key -in soon.pem\n"
      "pfx chain secret -inkey leaf.key -in leaf.pem -certfile issuer.pem\n"
      "openssl ecparam -name prime256v1 -genkey -noout -out ec.key\n"
      "openssl req -x509 -key ec.key -out ec.pem -subj /CN=ec -addext extendedKeyUsage=clientAuth\n"
      "pfx ec secret -inkey ec.key -in ec.pem\n";

static char *folder;

static gboolean
run (const char *script, const char *argument, char **output)
{
  const char *command[] = { "/bin/sh", "-c", script, "sh", argument, NULL };
  g_autofree char *errors = NULL;
  int status = 0;
  g_autoptr (GError) error = NULL;

  g_spawn_sync (NULL, (char **) command, NULL, 0, NULL, NULL, output, &errors, &status, &error);
  g_assert_no_error (error);
  if (status != 0)
    g_test_message ("%s", errors);
  return status == 0;
}

static KlCertificate *
import (const char *name, const char *password, GError **error)
{
  g_autofree char *file = g_strconcat (name, ".pfx", NULL);
  g_autofree char *path = g_build_filename (folder, file, NULL);
  g_autoptr (KlSecret) secret = password != NULL ? kl_secret_new_text (password) : NULL;

  return kl_certificate_import (path, secret, NULL, error);
}

static void
assert_imported (const char *name, const char *password)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KlCertificate) certificate = import (name, password, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (kl_certificate_get_subject (certificate), ==, "CN=client");
  g_assert_true (kl_certificate_check_validity (certificate, NULL, NULL));
  g_assert_false (kl_certificate_is_self_signed (certificate));
}

static void
assert_refused (const char *name, const char *password, int code, const char *word)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (import (name, password, &error));
  g_assert_error (error, KL_ERROR, code);
  if (strstr (error->message, word) == NULL)
    g_error ("“%s” is not in “%s”", word, error->message);
  if (password != NULL && password[0] != '\0')
    g_assert_null (strstr (error->message, password));
}

static void
test_kinds_of_files (void)
{
  static const char *const names[] = { "modern", "rc2", "tdes", "nomac", "open" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    assert_imported (names[i], "secret");
}

static void
test_passwords (void)
{
  assert_imported ("umlaut", UMLAUT);
  assert_imported ("umlaut3des", UMLAUT);
  assert_imported ("empty", NULL);
  assert_imported ("empty", "");
  assert_imported ("nomacempty", NULL);
}

static void
test_absent_password (void)
{
  g_autofree char *path = g_build_filename (folder, "absent.pfx", NULL);
  g_autofree char *source = g_build_filename (folder, "tdes.pfx", NULL);
  g_autofree char *data = NULL;
  const guint8 *at;
  guint8 *der = NULL;
  X509 *leaf = NULL;
  EVP_PKEY *key = NULL;
  PKCS12 *pfx;
  gsize size;
  int length;

  g_assert_true (g_file_get_contents (source, &data, &size, NULL));
  at = (const guint8 *) data;
  pfx = d2i_PKCS12 (NULL, &at, (long) size);
  g_assert_cmpint (PKCS12_parse (pfx, "secret", &key, &leaf, NULL), ==, 1);
  PKCS12_free (pfx);
  pfx = PKCS12_create (NULL, NULL, key, leaf, NULL, NID_pbe_WithSHA1And3_Key_TripleDES_CBC,
                       NID_pbe_WithSHA1And3_Key_TripleDES_CBC, 0, 0, 0);
  length = i2d_PKCS12 (pfx, &der);
  g_assert_true (g_file_set_contents (path, (char *) der, length, NULL));
  OPENSSL_free (der);
  PKCS12_free (pfx);
  X509_free (leaf);
  EVP_PKEY_free (key);

  assert_imported ("absent", NULL);
  assert_refused ("absent", "secret", KL_ERROR_CERT_PASSWORD, "another password");
}

static void
test_wrong_password (void)
{
  static const char *const names[] = { "modern", "rc2", "tdes", "umlaut", "empty", "nomac" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    assert_refused (names[i], "hunter2", KL_ERROR_CERT_PASSWORD, "another password");
  assert_refused ("modern", NULL, KL_ERROR_CERT_PASSWORD, "another password");
}

static void
test_no_key (void)
{
  assert_refused ("nokey", "secret", KL_ERROR_PRIVATE_KEY, "no private key");
  assert_refused ("nocert", "secret", KL_ERROR_FORMAT, "no certificate");
}

/* What OpenSSL's command line refuses to make: the certificate of one, the key of another. */
static void
test_key_of_another_certificate (void)
{
  g_autoptr (KlCertificate) first = kl_certificate_new_self_signed (NULL, NULL, NULL, NULL, NULL);
  g_autofree char *path = g_build_filename (folder, "mixed.pfx", NULL);
  g_autofree char *source = g_build_filename (folder, "modern.pfx", NULL);
  g_autoptr (GBytes) der = kl_certificate_to_der (first);
  g_autofree char *data = NULL;
  const guint8 *at = g_bytes_get_data (der, NULL);
  guint8 *written = NULL;
  X509 *other = d2i_X509 (NULL, &at, (long) g_bytes_get_size (der));
  X509 *leaf = NULL;
  EVP_PKEY *key = NULL;
  STACK_OF (PKCS12_SAFEBAG) *bags = NULL;
  STACK_OF (PKCS7) *safes = NULL;
  PKCS12 *pfx;
  gsize size;
  int length;

  g_assert_true (g_file_get_contents (source, &data, &size, NULL));
  at = (const guint8 *) data;
  pfx = d2i_PKCS12 (NULL, &at, (long) size);
  g_assert_cmpint (PKCS12_parse (pfx, "secret", &key, &leaf, NULL), ==, 1);
  PKCS12_free (pfx);

  PKCS12_add_cert (&bags, other);
  PKCS12_add_key (&bags, key, 0, 2000, NID_pbe_WithSHA1And3_Key_TripleDES_CBC, "secret");
  PKCS12_add_safe (&safes, bags, -1, 0, NULL);
  pfx = PKCS12_add_safes (safes, 0);
  g_assert_cmpint (PKCS12_set_mac (pfx, "secret", -1, NULL, 0, 2000, EVP_sha1 ()), ==, 1);
  length = i2d_PKCS12 (pfx, &written);
  g_assert_true (g_file_set_contents (path, (char *) written, length, NULL));
  OPENSSL_free (written);
  PKCS12_free (pfx);
  sk_PKCS7_pop_free (safes, PKCS7_free);
  sk_PKCS12_SAFEBAG_pop_free (bags, PKCS12_SAFEBAG_free);
  X509_free (other);
  X509_free (leaf);
  EVP_PKEY_free (key);

  assert_refused ("mixed", "secret", KL_ERROR_PRIVATE_KEY, "another certificate");
}

/* The cipher's number is changed to one that nobody has, under a MAC that is in order. */
static void
test_unsupported_cipher (void)
{
  static const guint8 aes256[] = { 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2a };
  g_autofree char *path = g_build_filename (folder, "unsupported.pfx", NULL);
  g_autofree char *source = g_build_filename (folder, "nomac.pfx", NULL);
  g_autofree char *data = NULL;
  guint8 *written = NULL;
  const guint8 *at;
  guint8 *found;
  PKCS12 *pfx;
  gsize size;
  int length;

  g_assert_true (g_file_get_contents (source, &data, &size, NULL));
  found = memmem (data, size, aes256, sizeof aes256);
  g_assert_nonnull (found);
  found[8] = 0x7f;
  at = (const guint8 *) data;
  pfx = d2i_PKCS12 (NULL, &at, (long) size);
  g_assert_cmpint (PKCS12_set_mac (pfx, "secret", -1, NULL, 0, 2000, EVP_sha1 ()), ==, 1);
  length = i2d_PKCS12 (pfx, &written);
  g_assert_true (g_file_set_contents (path, (char *) written, length, NULL));
  OPENSSL_free (written);
  PKCS12_free (pfx);

  assert_refused ("unsupported", "secret", KL_ERROR_FORMAT, "2.16.840.1.101.3.4.1.127");
  assert_refused ("unsupported", "hunter2", KL_ERROR_CERT_PASSWORD, "another password");
}

static void
test_no_pkcs12 (void)
{
  g_autofree char *path = g_build_filename (folder, "junk.pfx", NULL);

  g_assert_true (g_file_set_contents (path, "-----BEGIN CERTIFICATE-----\n", -1, NULL));
  assert_refused ("junk", "secret", KL_ERROR_FORMAT, "no PFX");
  g_assert_true (g_file_set_contents (path, "", 0, NULL));
  assert_refused ("junk", "secret", KL_ERROR_FORMAT, "no PFX");
  assert_refused ("missing", "secret", KL_ERROR_NOT_FOUND, "missing.pfx");
}

static void
test_chain_is_kept (void)
{
  g_autoptr (KlCertificate) certificate = import ("chain", "secret", NULL);
  g_autoptr (KlSecret) pfx = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (KlCertificate) again = NULL;
  g_autoptr (KlSecret) password = kl_secret_new_text ("affba0f7-65c6-4743-99b0-99af62d");

  g_assert_cmpstr (kl_certificate_get_subject (certificate), ==, "CN=leaf");
  g_assert_cmpuint (kl_certificate_get_chain_length (certificate), ==, 1);
  pfx = kl_certificate_to_pfx (certificate, "affba0f7-65c6-4743-99b0-99af62d12345", NULL);
  bytes = g_bytes_new (kl_secret_get_data (pfx), kl_secret_get_length (pfx));
  again = kl_certificate_import_bytes (bytes, password, NULL, NULL);
  g_assert_cmpstr (kl_certificate_get_sha256 (again), ==, kl_certificate_get_sha256 (certificate));
  g_assert_cmpuint (kl_certificate_get_chain_length (again), ==, 1);
}

static void
assert_warned (const char *name, const char *word, guint n)
{
  g_autoptr (KlCertificate) certificate = import (name, "secret", NULL);
  g_auto (GStrv) warnings = kl_certificate_dup_warnings (certificate, NULL);
  g_autofree char *all = g_strjoinv ("\n", warnings);

  g_assert_cmpuint (g_strv_length (warnings), ==, n);
  if (word != NULL && strstr (all, word) == NULL)
    g_error ("“%s” is not in “%s”", word, all);
}

static void
test_warnings (void)
{
  assert_warned ("modern", NULL, 0);
  assert_warned ("plain", "client authentication", 1);
  assert_warned ("soon", "1024 bits", 2);
  assert_warned ("soon", "in 4 days", 2);
  assert_warned ("ec", "not RSA", 2);
}

static void
test_validity (void)
{
  g_autoptr (GDateTime) from = g_date_time_new_utc (2001, 2, 1, 0, 0, 0);
  g_autoptr (KlCertificate) old = kl_certificate_new_self_signed (NULL, from, NULL, NULL, NULL);
  g_autoptr (KlCertificate) client = import ("modern", "secret", NULL);
  g_autoptr (GDateTime) early = g_date_time_new_utc (2001, 1, 1, 0, 0, 0);
  g_autoptr (GError) error = NULL;

  g_assert_false (kl_certificate_check_validity (old, NULL, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_CERT_VALIDITY);
  g_assert_nonnull (strstr (error->message, "expired on"));
  g_assert_cmphex (kl_error_get_hresult (error), ==, 0x800B0101);
  g_clear_error (&error);
  g_assert_false (kl_certificate_check_validity (client, early, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_CERT_VALIDITY);
  g_assert_nonnull (strstr (error->message, "not valid before"));
}

/* Who takes such a certificate nevertheless is told. */
static void
test_invalid_is_warned_of (void)
{
  g_autoptr (GDateTime) then = g_date_time_new_utc (2001, 2, 1, 0, 0, 0);
  g_autoptr (KlCertificate) old = kl_certificate_new_self_signed (NULL, then, NULL, NULL, NULL);
  g_autoptr (GDateTime) early = g_date_time_new_utc (2001, 1, 1, 0, 0, 0);
  g_auto (GStrv) now = kl_certificate_dup_warnings (old, NULL);
  g_auto (GStrv) before = kl_certificate_dup_warnings (old, early);
  g_auto (GStrv) within = kl_certificate_dup_warnings (old, then);

  g_assert_cmpuint (g_strv_length (now), ==, 1);
  g_assert_nonnull (strstr (now[0], "expired on 2002-02-01"));
  g_assert_cmpuint (g_strv_length (before), ==, 1);
  g_assert_nonnull (strstr (before[0], "not valid before 2001-02-01"));
  g_assert_cmpuint (g_strv_length (within), ==, 0);
}

/* The private key is no KlSecret, but the process cannot be dumped while it lives either. */
static void
test_key_forbids_dumps (void)
{
  g_autoptr (KlCertificate) public = NULL;
  KlCertificate *certificate;

  prctl (PR_SET_DUMPABLE, 1);
  certificate = kl_certificate_new_self_signed (NULL, NULL, NULL, NULL, NULL);
  public = kl_certificate_dup_public (certificate);
  g_assert_cmpint (prctl (PR_GET_DUMPABLE), ==, 0);
  kl_certificate_unref (certificate);
  g_assert_cmpint (prctl (PR_GET_DUMPABLE), ==, 1);
}

static void
test_self_signed (void)
{
  g_autoptr (GDateTime) from = g_date_time_new_utc (2030, 2, 28, 12, 30, 0);
  g_autoptr (GDateTime) until = g_date_time_new_utc (2055, 3, 1, 0, 0, 0);
  g_autoptr (KlCertificate) certificate
      = kl_certificate_new_self_signed (NULL, from, until, NULL, NULL);
  g_autoptr (GBytes) der = kl_certificate_to_der (certificate);
  g_autofree char *path = g_build_filename (folder, "self.pem", NULL);
  g_autofree char *der_path = g_build_filename (folder, "self.cer", NULL);
  g_autofree char *text = NULL;
  g_autofree char *der_text = NULL;
  static const char *const expected[] = {
    "RSA Public-Key: (2048 bit)|Public-Key: (2048 bit)",
    "Signature Algorithm: sha256WithRSAEncryption",
    "X509v3 Key Usage: critical\n                Digital Signature, Key Encipherment\n",
    "X509v3 Extended Key Usage: \n                TLS Web Client Authentication\n",
    "Not Before: Feb 28 12:30:00 2030 GMT",
    "Not After : Mar  1 00:00:00 2055 GMT",
    "Version: 3 ",
  };

  g_assert_true (kl_certificate_export (certificate, path, NULL));
  g_assert_true (kl_certificate_export (certificate, der_path, NULL));
  g_assert_true (run ("openssl x509 -in \"$1\" -noout -text && openssl x509 -in \"$1\" -noout "
                      "-fingerprint -sha1 | tr -d :",
                      path, &text));
  g_assert_true (run ("openssl x509 -inform DER -in \"$1\" -noout -fingerprint -sha256 | tr -d :",
                      der_path, &der_text));
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    {
      const char *wanted = strchr (expected[i], '|');

      wanted = wanted != NULL ? wanted + 1 : expected[i];
      if (strstr (text, wanted) == NULL)
        g_error ("“%s” is not in %s", wanted, text);
    }
  g_assert_nonnull (strstr (text, kl_certificate_get_sha1 (certificate)));
  g_assert_nonnull (strstr (der_text, kl_certificate_get_sha256 (certificate)));
  g_assert_true (kl_certificate_is_self_signed (certificate));
  g_assert_true (g_uuid_string_is_valid (kl_certificate_get_subject (certificate) + 3));
  g_assert_cmpint (g_date_time_compare (kl_certificate_get_not_after (certificate), until), ==, 0);
}

static void
test_window (void)
{
  g_autoptr (GDateTime) from = g_date_time_new_utc (2030, 1, 1, 0, 0, 0);
  g_autoptr (KlCertificate) certificate
      = kl_certificate_new_self_signed (NULL, from, NULL, NULL, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_date_time_get_year (kl_certificate_get_not_after (certificate)), ==, 2031);
  g_assert_null (kl_certificate_new_self_signed (NULL, from, from, NULL, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT);
}

static void
test_pfx_is_what_old_windows_reads (void)
{
  g_autoptr (KlCertificate) certificate
      = kl_certificate_new_self_signed (NULL, NULL, NULL, NULL, NULL);
  g_autoptr (KlSecret) pfx
      = kl_certificate_to_pfx (certificate, "{09821541-3BE2-421C-AA13-D1E0AD123456}", NULL);
  g_autofree char *path = g_build_filename (folder, "medium.pfx", NULL);
  g_autofree char *text = NULL;
  const gsize length = kl_secret_get_length (pfx);
  static const guint8 end[] = { 0x02, 0x02, 0x07, 0xd0 };

  g_assert_cmpmem (kl_secret_get_data (pfx) + length - 4, 4, end, 4);
  g_assert_true (
      g_file_set_contents (path, (const char *) kl_secret_get_data (pfx), (gssize) length, NULL));
  g_assert_true (run ("openssl pkcs12 -in \"$1\" -info -noenc "
                      "-passin 'pass:{09821541-3BE2-421C-AA13-D1E0AD' 2>&1",
                      path, &text));
  g_assert_nonnull (strstr (text, "MAC: sha1, Iteration 2000"));
  g_assert_nonnull (
      strstr (text, "Shrouded Keybag: pbeWithSHA1And3-KeyTripleDES-CBC, Iteration 2000"));
  g_assert_nonnull (
      strstr (text, "Encrypted data: pbeWithSHA1And3-KeyTripleDES-CBC, Iteration 2000"));
  g_assert_nonnull (strstr (text, "BEGIN PRIVATE KEY"));
  g_assert_false (run ("openssl pkcs12 -in \"$1\" -noout -passin "
                       "'pass:{09821541-3BE2-421C-AA13-D1E0AD1'",
                       path, NULL));
}

/* Bytes changed anywhere: an error of the right kind, or a certificate; never more. */
static void
test_mutations (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (20261120);
  g_autofree char *source = g_build_filename (folder, "tdes.pfx", NULL);
  g_autoptr (KlSecret) password = kl_secret_new_text ("secret");
  g_autofree char *data = NULL;
  gsize size;

  g_assert_true (g_file_get_contents (source, &data, &size, NULL));
  for (guint round = 0; round < 600; round++)
    {
      g_autofree char *copy = g_memdup2 (data, size);
      g_autoptr (GBytes) bytes = NULL;
      g_autoptr (KlCertificate) certificate = NULL;
      g_autoptr (GError) error = NULL;

      for (gint i = g_rand_int_range (random, 1, 4); i > 0; i--)
        copy[g_rand_int_range (random, 0, round % 2 ? 200 : (gint) size)]
            = (char) g_rand_int_range (random, 0, 256);
      bytes = g_bytes_new (copy, round % 7 == 0 ? size / 2 : size);
      certificate = kl_certificate_import_bytes (bytes, password, NULL, &error);
      g_assert_true ((certificate == NULL) == (error != NULL));
      if (error != NULL)
        g_assert_true (error->domain == KL_ERROR
                       && (error->code == KL_ERROR_FORMAT || error->code == KL_ERROR_CERT_PASSWORD
                           || error->code == KL_ERROR_PRIVATE_KEY));
    }
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("kl-certificate-XXXXXX", NULL);
  g_assert_true (run (make_files, folder, NULL));

  g_test_add_func ("/certificate/modern-and-old-files-are-read", test_kinds_of_files);
  g_test_add_func ("/certificate/odd-passwords-fit", test_passwords);
  g_test_add_func ("/certificate/absent-password-is-tried", test_absent_password);
  g_test_add_func ("/certificate/wrong-password-is-told-apart", test_wrong_password);
  g_test_add_func ("/certificate/no-private-key", test_no_key);
  g_test_add_func ("/certificate/key-of-another-certificate", test_key_of_another_certificate);
  g_test_add_func ("/certificate/unsupported-cipher-is-named", test_unsupported_cipher);
  g_test_add_func ("/certificate/what-is-no-pfx-is-refused", test_no_pkcs12);
  g_test_add_func ("/certificate/chain-is-kept", test_chain_is_kept);
  g_test_add_func ("/certificate/what-is-odd-is-a-warning", test_warnings);
  g_test_add_func ("/certificate/validity-is-checked", test_validity);
  g_test_add_func ("/certificate/one-that-is-not-valid-is-warned-of", test_invalid_is_warned_of);
  g_test_add_func ("/certificate/its-key-forbids-dumps", test_key_forbids_dumps);
  g_test_add_func ("/certificate/self-signed-is-read-by-openssl", test_self_signed);
  g_test_add_func ("/certificate/window-is-a-year-by-default", test_window);
  g_test_add_func ("/certificate/pfx-is-what-old-windows-reads",
                   test_pfx_is_what_old_windows_reads);
  g_test_add_func ("/certificate/mutations-give-an-error-or-a-certificate", test_mutations);
  status = g_test_run ();
  kl_remove_tree (folder, NULL);
  g_free (folder);
  return status;
}
