/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "crypto/certificate-key.h"

#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "base/error.h"
#include "crypto/certificate.h"

static void
test_taken_once (void)
{
  g_autoptr (KlCertificateKey) key = kl_certificate_key_new ();
  g_autoptr (KlSecret) seen = kl_certificate_key_peek (key, NULL, NULL);
  g_autoptr (KlSecret) again = kl_certificate_key_peek (key, NULL, NULL);
  g_autoptr (KlSecret) taken = NULL;
  g_autoptr (KlSecret) second = NULL;
  g_autoptr (KlSecret) third = NULL;

  g_assert_true (seen == again);
  g_assert_false (kl_certificate_key_is_taken (key));
  taken = kl_certificate_key_take (key, NULL, NULL);
  g_assert_true (taken == seen);
  g_assert_true (kl_certificate_key_is_taken (key));

  second = kl_certificate_key_take (key, NULL, NULL);
  third = kl_certificate_key_peek (key, NULL, NULL);
  g_assert_false (kl_secret_equal (taken, second));
  g_assert_false (kl_secret_equal (second, third));
}

static gpointer
take (gpointer key)
{
  return kl_certificate_key_take (key, NULL, NULL);
}

static void
test_threads_get_different_ones (void)
{
  g_autoptr (KlCertificateKey) key = kl_certificate_key_new ();
  GThread *threads[4];
  KlSecret *keys[G_N_ELEMENTS (threads)];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("take", take, key);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    keys[i] = g_thread_join (threads[i]);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    for (guint k = 0; k < i; k++)
      g_assert_false (kl_secret_equal (keys[i], keys[k]));
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    kl_secret_unref (keys[i]);
}

/* By OpenSSL's command line: the certificate is of the key. */
static char *
dup_modulus (const char *kind, const char *data, gsize length)
{
  g_autofree char *path = NULL;
  g_autofree char *command = NULL;
  g_autoptr (GError) error = NULL;
  char *out = NULL;
  int status = 0;
  const int fd = g_file_open_tmp ("kindling-XXXXXX", &path, &error);

  g_assert_no_error (error);
  g_assert_cmpint (write (fd, data, length), ==, (gssize) length);
  close (fd);
  command = g_strdup_printf ("openssl %s -noout -modulus -inform DER -in %s", kind, path);
  g_spawn_command_line_sync (command, &out, NULL, &status, &error);
  g_unlink (path);
  g_assert_no_error (error);
  g_assert_cmpint (status, ==, 0);
  return out;
}

static void
test_certificate_has_it (void)
{
  g_autoptr (KlSecret) key = kl_certificate_generate_key (NULL, NULL);
  g_autoptr (KlCertificate) certificate
      = kl_certificate_new_self_signed (key, NULL, NULL, NULL, NULL);
  g_autoptr (GBytes) der = kl_certificate_to_der (certificate);
  g_autoptr (KlSecret) junk = kl_secret_new_text ("no key at all");
  g_autoptr (GError) error = NULL;
  g_autofree char *of_key
      = dup_modulus ("rsa", kl_secret_get_text (key), kl_secret_get_length (key));
  g_autofree char *of_certificate
      = dup_modulus ("x509", g_bytes_get_data (der, NULL), g_bytes_get_size (der));

  g_assert_cmpstr (of_key, ==, of_certificate);
  g_assert_cmpuint (strlen (of_key), ==, strlen ("Modulus=") + 512 + 1);
  g_assert_null (kl_certificate_new_self_signed (junk, NULL, NULL, NULL, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_FAILED);
}

/* Whoever closes the dialog at once neither waits for the key nor leaves one. */
static void
test_nobody_takes_it (void)
{
  prctl (PR_SET_DUMPABLE, 1);
  for (guint i = 0; i < 10; i++)
    {
      KlCertificateKey *key = kl_certificate_key_new ();

      g_usleep (i * 1000);
      kl_certificate_key_unref (key);
      g_assert_cmpint (prctl (PR_GET_DUMPABLE), ==, 1);
    }
}

static void
test_cancelled (void)
{
  g_autoptr (KlCertificateKey) key = kl_certificate_key_new ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (KlSecret) taken = NULL;

  g_cancellable_cancel (cancellable);
  taken = kl_certificate_generate_key (cancellable, &error);
  g_assert_null (taken);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  taken = kl_certificate_key_take (key, NULL, NULL);
  g_assert_nonnull (taken);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/certificate-key/is-taken-once", test_taken_once);
  g_test_add_func ("/certificate-key/threads-get-different-ones", test_threads_get_different_ones);
  g_test_add_func ("/certificate-key/goes-into-the-certificate", test_certificate_has_it);
  g_test_add_func ("/certificate-key/nothing-is-left-of-one-not-taken", test_nobody_takes_it);
  g_test_add_func ("/certificate-key/can-be-cancelled", test_cancelled);
  return g_test_run ();
}
