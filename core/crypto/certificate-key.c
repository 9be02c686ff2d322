/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-certificate-key"

#include "crypto/certificate-key.h"

#include <openssl/rsa.h>

#include "base/error.h"
#include "crypto/openssl-types.h"

#define KEY_BITS 2048 /* media-formats.md 4 */
/* How often whoever waits for the key looks whether it is still wanted; microseconds. */
#define WAIT_INTERVAL (G_USEC_PER_SEC / 10)

struct _KlCertificateKey
{
  gatomicrefcount references;
  GThread *thread;           /* makes the key; joined in the end */
  GCancellable *cancellable; /* owned; of the thread */

  GMutex lock;
  GCond made_cond;
  gboolean made; /* the thread is through; under the lock, like all below */
  gboolean taken;
  KlSecret *key; /* owned; nullable */
  GError *error; /* owned; nullable */
};

/* OpenSSL calls this at each prime that it tries. */
static int
go_on_cb (EVP_PKEY_CTX *context)
{
  return !g_cancellable_is_cancelled (EVP_PKEY_CTX_get_app_data (context));
}

static EVP_PKEY *
generate (GCancellable *cancellable)
{
  EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name (NULL, "RSA", NULL);
  EVP_PKEY *key = NULL;

  if (context != NULL && EVP_PKEY_keygen_init (context) == 1
      && EVP_PKEY_CTX_set_rsa_keygen_bits (context, KEY_BITS) == 1)
    {
      EVP_PKEY_CTX_set_app_data (context, cancellable);
      EVP_PKEY_CTX_set_cb (context, go_on_cb);
      EVP_PKEY_generate (context, &key);
    }

  EVP_PKEY_CTX_free (context);
  return key;
}

/**
 * kl_certificate_generate_key:
 *
 * Makes a new RSA key of 2048 bits. Takes some tenths of a second; not for the main thread.
 *
 * Errors: KL_ERROR_FAILED, G_IO_ERROR_CANCELLED.
 *
 * Returns: (transfer full) (nullable): the private key in DER
 */
KlSecret *
kl_certificate_generate_key (GCancellable *cancellable, GError **error)
{
  /* Nobody dumps the process while OpenSSL looks for the primes. */
  g_autoptr (KlSecret) guard = kl_secret_new_sized (0);
  g_autoptr (EVP_PKEY) key = NULL;
  g_autoptr (KlSecret) der = NULL;
  guint8 *to;
  int length;

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;
  key = generate (cancellable);
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;

  length = key != NULL ? i2d_PrivateKey (key, NULL) : 0;
  if (length <= 0)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_FAILED, "OpenSSL could not make a key: %s",
                   ERR_reason_error_string (ERR_peek_last_error ()));
      ERR_clear_error ();
      return NULL;
    }

  der = kl_secret_new_sized ((gsize) length);
  to = kl_secret_get_buffer (der);
  i2d_PrivateKey (key, &to);
  return g_steal_pointer (&der);
}

static gpointer
make_key (gpointer data)
{
  KlCertificateKey *self = data;
  g_autoptr (GError) error = NULL;
  KlSecret *key = kl_certificate_generate_key (self->cancellable, &error);

  g_mutex_lock (&self->lock);
  self->key = key;
  self->error = g_steal_pointer (&error);
  self->made = TRUE;
  g_cond_broadcast (&self->made_cond);
  g_mutex_unlock (&self->lock);
  return NULL;
}

/**
 * kl_certificate_key_new:
 *
 * Begins to make a key.
 *
 * Returns: (transfer full): where it will be
 */
KlCertificateKey *
kl_certificate_key_new (void)
{
  KlCertificateKey *self = g_new0 (KlCertificateKey, 1);

  g_atomic_ref_count_init (&self->references);
  g_mutex_init (&self->lock);
  g_cond_init (&self->made_cond);
  self->cancellable = g_cancellable_new ();
  self->thread = g_thread_new ("certificate-key", make_key, self);
  return self;
}

KlCertificateKey *
kl_certificate_key_ref (KlCertificateKey *self)
{
  g_atomic_ref_count_inc (&self->references);
  return self;
}

/* The last one wipes a key that nobody took. */
void
kl_certificate_key_unref (KlCertificateKey *self)
{
  if (!g_atomic_ref_count_dec (&self->references))
    return;

  g_cancellable_cancel (self->cancellable);
  g_thread_join (self->thread);
  g_object_unref (self->cancellable);
  g_clear_pointer (&self->key, kl_secret_unref);
  g_clear_error (&self->error);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->made_cond);
  g_free (self);
}

/* Under the lock. */
static gboolean
wait_until_made (KlCertificateKey *self, GCancellable *cancellable, GError **error)
{
  while (!self->made)
    {
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      g_cond_wait_until (&self->made_cond, &self->lock, g_get_monotonic_time () + WAIT_INTERVAL);
    }

  if (self->error == NULL)
    return TRUE;
  g_propagate_error (error, g_error_copy (self->error));
  return FALSE;
}

static KlSecret *
get_key (KlCertificateKey *self, gboolean take, GCancellable *cancellable, GError **error)
{
  KlSecret *key = NULL;
  gboolean gone;

  g_mutex_lock (&self->lock);
  gone = self->taken;
  if (!gone && wait_until_made (self, cancellable, error))
    {
      /* Another thread may have been served meanwhile. */
      gone = self->taken;
      key = take ? g_steal_pointer (&self->key) : self->key;
      self->taken = gone || take;
      if (!take && key != NULL)
        kl_secret_ref (key);
    }
  g_mutex_unlock (&self->lock);

  return gone ? kl_certificate_generate_key (cancellable, error) : key;
}

/**
 * kl_certificate_key_peek:
 *
 * Waits for the key, for a certificate that goes on no medium. Where it was taken, another one is
 * made.
 *
 * Errors: those of kl_certificate_generate_key().
 *
 * Returns: (transfer full) (nullable): the key
 */
KlSecret *
kl_certificate_key_peek (KlCertificateKey *self, GCancellable *cancellable, GError **error)
{
  return get_key (self, FALSE, cancellable, error);
}

/**
 * kl_certificate_key_take:
 *
 * As kl_certificate_key_peek(), and nobody gets this key again.
 */
KlSecret *
kl_certificate_key_take (KlCertificateKey *self, GCancellable *cancellable, GError **error)
{
  return get_key (self, TRUE, cancellable, error);
}

gboolean
kl_certificate_key_is_taken (KlCertificateKey *self)
{
  gboolean taken;

  g_mutex_lock (&self->lock);
  taken = self->taken;
  g_mutex_unlock (&self->lock);
  return taken;
}
