/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-x509-file"

#include "crypto/x509-file.h"

#include <openssl/pem.h>

#include "base/error.h"
#include "base/file-io.h"
#include "crypto/openssl-types.h"

#define FILE_SIZE_MAX (1024 * 1024) /* bytes */
#define CERTIFICATES_MAX 64         /* in one file */

/* OpenSSL would ask on the terminal for the password of an encrypted block. */
static int
refuse_password_cb (char *buffer, int size, int writing, void *user_data)
{
  return -1;
}

static void
take (GPtrArray *certificates, X509 *certificate)
{
  guint8 *der = NULL;
  int length = i2d_X509 (certificate, &der);

  if (length > 0)
    g_ptr_array_add (certificates, g_bytes_new (der, (gsize) length));
  OPENSSL_free (der);
}

static void
read_pem (const guint8 *data, gsize size, GPtrArray *certificates)
{
  g_autoptr (BIO) text = BIO_new_mem_buf (data, (int) size);

  while (certificates->len < CERTIFICATES_MAX)
    {
      g_autoptr (X509) certificate = PEM_read_bio_X509 (text, NULL, refuse_password_cb, NULL);

      if (certificate == NULL)
        break;
      take (certificates, certificate);
    }
}

/**
 * kl_x509_load_file:
 * @path: a certificate, DER, or certificates, PEM; from outside
 *
 * Blocks; any thread.
 *
 * Errors: those of reading a file; KL_ERROR_FORMAT (neither PEM nor DER X.509, over 1 MiB).
 *
 * Returns: (transfer full) (nullable) (element-type GBytes): one or more certificates, DER
 */
GPtrArray *
kl_x509_load_file (const char *path, GError **error)
{
  g_autoptr (GPtrArray) certificates
      = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_autofd int fd = kl_open_for_reading (path, error);
  g_autofree guint8 *data = g_malloc (FILE_SIZE_MAX + 1);
  gsize size = 0;
  gssize got;

  if (fd < 0)
    return NULL;

  while ((got = kl_read_some (fd, data + size, FILE_SIZE_MAX + 1 - size, path, NULL, error)) > 0)
    size += (gsize) got;
  if (got < 0)
    return NULL;

  if (size > 0 && size <= FILE_SIZE_MAX)
    {
      const guint8 *at = data;
      g_autoptr (X509) certificate = d2i_X509 (NULL, &at, (long) size);

      if (certificate != NULL)
        take (certificates, certificate);
      else
        read_pem (data, size, certificates);
    }

  ERR_clear_error ();
  if (certificates->len == 0)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_FORMAT,
                   "“%s” is no certificate: neither PEM nor DER (%" G_GSIZE_FORMAT " bytes)", path,
                   size);
      return NULL;
    }

  return g_steal_pointer (&certificates);
}
