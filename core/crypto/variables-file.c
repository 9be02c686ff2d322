/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-variables-file"

#include "crypto/variables-file.h"

#include <string.h>

#include <openssl/evp.h>
#include <openssl/sha.h>

#include "base/bytes.h"
#include "base/error.h"

/* media-formats.md 1.1 */
#define SIGNATURE 0xeced0000u
#define OFFSET_SUB_HEADER 4
#define OFFSET_PLAIN_LENGTH 8
#define OFFSET_CIPHER_LENGTH 12
#define OFFSET_ALGORITHM 16
#define HEADER_SIZE 24
#define SUB_HEADER_SIZE 20
#define BLOCK 16
#define SLACK 18 /* minus the padding */

/* media-formats.md 1.3: what stands for no password at all. */
#define NO_PASSWORD "{BAC6E688-DE21-4ABE-B7FB-C9F54E6DB664}"

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EVP_CIPHER_CTX, EVP_CIPHER_CTX_free)

typedef struct
{
  gsize plain_length;
  KlVariablesCipher cipher;
  KlBytesView ciphertext;
} Envelope;

static void
hash_block (const guint8 digest[SHA_DIGEST_LENGTH], guint8 pad, guint8 *result)
{
  guint8 block[64];

  memset (block, pad, sizeof block);
  for (guint i = 0; i < SHA_DIGEST_LENGTH; i++)
    block[i] ^= digest[i];

  SHA1 (block, sizeof block, result);
  OPENSSL_cleanse (block, sizeof block);
}

/**
 * kl_variables_derive_material:
 * @password: the password's bytes, UTF-16LE
 * @material: (out): the key is its first 16, 24 or 32 bytes
 *
 * CryptoAPI's CryptDeriveKey with SHA-1 for AES (media-formats.md 1.2). Any thread.
 */
void
kl_variables_derive_material (const guint8 *password,
                              gsize length,
                              guint8 material[KL_VARIABLES_KEY_MATERIAL])
{
  guint8 digest[SHA_DIGEST_LENGTH];

  SHA1 (password, length, digest);
  hash_block (digest, 0x36, material);
  hash_block (digest, 0x5c, material + SHA_DIGEST_LENGTH);
  OPENSSL_cleanse (digest, sizeof digest);
}

static const EVP_CIPHER *
find_cipher (KlVariablesCipher cipher)
{
  switch (cipher)
    {
    case KL_VARIABLES_CIPHER_AES_128:
      return EVP_aes_128_cbc ();
    case KL_VARIABLES_CIPHER_AES_192:
      return EVP_aes_192_cbc ();
    case KL_VARIABLES_CIPHER_AES_256:
      return EVP_aes_256_cbc ();
    default:
      return NULL;
    }
}

static EVP_CIPHER_CTX *
new_context (KlVariablesCipher cipher, const guint8 *password, gsize length, gboolean encrypt)
{
  static const guint8 zero_iv[BLOCK];
  EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new ();
  guint8 material[KL_VARIABLES_KEY_MATERIAL];
  int ok;

  kl_variables_derive_material (password, length, material);
  ok = EVP_CipherInit_ex (context, find_cipher (cipher), NULL, material, zero_iv, encrypt);
  OPENSSL_cleanse (material, sizeof material);
  g_assert (ok == 1);
  return context;
}

/* The password's bytes; the constant where there is no password. */
static KlSecret *
password_bytes (KlSecret *password)
{
  g_autoptr (KlSecret) constant = NULL;

  if (!kl_secret_is_empty (password))
    return kl_secret_new_utf16 (password);

  constant = kl_secret_new_text (NO_PASSWORD);
  return kl_secret_new_utf16 (constant);
}

/**
 * kl_variables_file_seal:
 * @plaintext: see kl_variables_to_plaintext(); at most KL_VARIABLES_FILE_MAX bytes
 * @password: (nullable): UTF-8; %NULL or empty: the constant for no password
 *
 * Any thread.
 *
 * Returns: (transfer full): the file; 42 bytes more than @plaintext
 */
GBytes *
kl_variables_file_seal (KlSecret *plaintext, KlSecret *password, KlVariablesCipher cipher)
{
  g_autoptr (KlSecret) bytes = password_bytes (password);
  g_autoptr (EVP_CIPHER_CTX) context = NULL;
  const gsize length = kl_secret_get_length (plaintext);
  const gsize cipher_length = length / BLOCK * BLOCK + BLOCK;
  const gsize size = HEADER_SIZE + cipher_length + SLACK - (cipher_length - length);
  guint8 *file;
  int used = 0;
  int last = 0;

  g_return_val_if_fail (length <= KL_VARIABLES_FILE_MAX, NULL);
  g_return_val_if_fail (find_cipher (cipher) != NULL, NULL);

  file = g_malloc0 (size);
  kl_put_u32 (file, SIGNATURE);
  kl_put_u32 (file + OFFSET_SUB_HEADER, SUB_HEADER_SIZE);
  kl_put_u32 (file + OFFSET_PLAIN_LENGTH, (guint32) length);
  kl_put_u32 (file + OFFSET_CIPHER_LENGTH, (guint32) cipher_length);
  kl_put_u32 (file + OFFSET_ALGORITHM, cipher);

  context = new_context (cipher, kl_secret_get_data (bytes), kl_secret_get_length (bytes), TRUE);
  if (EVP_EncryptUpdate (context, file + HEADER_SIZE, &used, kl_secret_get_data (plaintext),
                         (int) length)
          != 1
      || EVP_EncryptFinal_ex (context, file + HEADER_SIZE + used, &last) != 1
      || (gsize) used + (gsize) last != cipher_length)
    g_error ("AES of %" G_GSIZE_FORMAT " bytes failed", length);

  return g_bytes_new_take (file, size);
}

static gboolean
fail (GError **error, const char *what)
{
  g_set_error (error, KL_ERROR, KL_ERROR_FORMAT, "This is no file of sealed media variables: %s",
               what);
  return FALSE;
}

static gboolean
read_envelope (GBytes *file, Envelope *envelope, GError **error)
{
  KlBytesView view;
  guint32 signature, sub_header, plain_length, cipher_length, algorithm;

  view.data = g_bytes_get_data (file, &view.size);
  if (view.size > KL_VARIABLES_FILE_MAX + HEADER_SIZE + SLACK)
    return fail (error, "it is larger than 8 MiB");
  if (!kl_view_u32 (view, 0, &signature) || signature != SIGNATURE)
    return fail (error, "its signature is another");
  if (!kl_view_u32 (view, OFFSET_SUB_HEADER, &sub_header) || sub_header != SUB_HEADER_SIZE)
    return fail (error, "the length of its sub-header is not 20");
  if (!kl_view_u32 (view, OFFSET_PLAIN_LENGTH, &plain_length)
      || !kl_view_u32 (view, OFFSET_CIPHER_LENGTH, &cipher_length)
      || !kl_view_u32 (view, OFFSET_ALGORITHM, &algorithm))
    return fail (error, "its header is cut off");
  if (find_cipher ((KlVariablesCipher) algorithm) == NULL)
    return fail (error, "its algorithm is unknown");
  if (cipher_length != (guint64) plain_length / BLOCK * BLOCK + BLOCK)
    return fail (error, "its two lengths do not fit each other");
  if (!kl_view_slice (view, HEADER_SIZE, cipher_length, &envelope->ciphertext))
    return fail (error, "its text is cut off");

  envelope->plain_length = plain_length;
  envelope->cipher = (KlVariablesCipher) algorithm;
  return TRUE;
}

/* Whether the key turns the first block into the beginning of an XML text (media-formats.md 1.2);
 * the root counts too, for files without a prolog, and so does a BOM. */
static gboolean
first_block_fits (const Envelope *envelope, const guint8 *password, gsize length)
{
  static const guint8 prolog[BLOCK] = "<\0?\0x\0m\0l\0 \0v\0e";
  static const guint8 root[BLOCK] = "<\0M\0e\0d\0i\0a\0V\0a";
  static const guint8 marked[BLOCK] = "\xff\xfe<\0?\0x\0m\0l\0 \0v";
  g_autoptr (EVP_CIPHER_CTX) context = new_context (envelope->cipher, password, length, FALSE);
  guint8 block[BLOCK * 2];
  int used = 0;

  EVP_CIPHER_CTX_set_padding (context, 0);
  return EVP_DecryptUpdate (context, block, &used, envelope->ciphertext.data, BLOCK) == 1
         && used == BLOCK
         && (memcmp (block, prolog, BLOCK) == 0 || memcmp (block, root, BLOCK) == 0
             || memcmp (block, marked, BLOCK) == 0);
}

static gboolean
set_wrong_password (GError **error)
{
  g_set_error (error, KL_ERROR, KL_ERROR_MEDIA_PASSWORD,
               "The media variables are sealed under another password");
  return FALSE;
}

/* NULL where the padding is not in order. */
static KlSecret *
decrypt (const Envelope *envelope, const guint8 *password, gsize length)
{
  g_autoptr (EVP_CIPHER_CTX) context = new_context (envelope->cipher, password, length, FALSE);
  g_autoptr (KlSecret) text = kl_secret_new_sized (envelope->ciphertext.size + BLOCK);
  guint8 *to = kl_secret_get_buffer (text);
  int used = 0;
  int last = 0;

  if (EVP_DecryptUpdate (context, to, &used, envelope->ciphertext.data,
                         (int) envelope->ciphertext.size)
          != 1
      || EVP_DecryptFinal_ex (context, to + used, &last) != 1
      || (gsize) used + (gsize) last != envelope->plain_length)
    return NULL;

  kl_secret_truncate (text, envelope->plain_length);
  return g_steal_pointer (&text);
}

/**
 * kl_variables_file_open_raw:
 * @file: from outside
 * @password: the bytes that are hashed; for network boot they are no text
 *
 * A key that gives no XML text is a wrong password; one that does, over a text whose padding is not
 * in order, is a damaged file.
 *
 * Errors: KL_ERROR_FORMAT, KL_ERROR_MEDIA_PASSWORD. Any thread.
 *
 * Returns: (transfer full) (nullable): the plaintext
 */
KlSecret *
kl_variables_file_open_raw (GBytes *file, const guint8 *password, gsize length, GError **error)
{
  g_autoptr (KlSecret) text = NULL;
  Envelope envelope;

  if (!read_envelope (file, &envelope, error))
    return NULL;
  if (!first_block_fits (&envelope, password, length))
    {
      set_wrong_password (error);
      return NULL;
    }

  text = decrypt (&envelope, password, length);
  if (text == NULL)
    {
      fail (error, "the password fits, but the text is damaged");
      return NULL;
    }

  return g_steal_pointer (&text);
}

/**
 * kl_variables_file_open:
 * @password: (nullable): UTF-8; %NULL or empty: the constant for no password
 *
 * See kl_variables_file_open_raw().
 *
 * Returns: (transfer full) (nullable): the plaintext, for kl_variables_parse_plaintext()
 */
KlSecret *
kl_variables_file_open (GBytes *file, KlSecret *password, GError **error)
{
  g_autoptr (KlSecret) bytes = password_bytes (password);

  return kl_variables_file_open_raw (file, kl_secret_get_data (bytes), kl_secret_get_length (bytes),
                                     error);
}

/**
 * kl_variables_file_try_password:
 *
 * The quick test: one block is decrypted.
 *
 * Errors: KL_ERROR_FORMAT, KL_ERROR_MEDIA_PASSWORD.
 */
gboolean
kl_variables_file_try_password (GBytes *file, KlSecret *password, GError **error)
{
  g_autoptr (KlSecret) bytes = password_bytes (password);
  Envelope envelope;

  if (!read_envelope (file, &envelope, error))
    return FALSE;

  return first_block_fits (&envelope, kl_secret_get_data (bytes), kl_secret_get_length (bytes))
         || set_wrong_password (error);
}

/**
 * kl_variables_file_needs_password:
 * @needed: (out): whether the constant for no password does not fit
 *
 * Errors: KL_ERROR_FORMAT.
 */
gboolean
kl_variables_file_needs_password (GBytes *file, gboolean *needed, GError **error)
{
  g_autoptr (KlSecret) bytes = password_bytes (NULL);
  Envelope envelope;

  if (!read_envelope (file, &envelope, error))
    return FALSE;

  *needed = !first_block_fits (&envelope, kl_secret_get_data (bytes), kl_secret_get_length (bytes));
  return TRUE;
}

/**
 * kl_variables_file_get_cipher:
 *
 * Errors: KL_ERROR_FORMAT.
 */
gboolean
kl_variables_file_get_cipher (GBytes *file, KlVariablesCipher *cipher, GError **error)
{
  Envelope envelope;

  if (!read_envelope (file, &envelope, error))
    return FALSE;

  *cipher = envelope.cipher;
  return TRUE;
}
