/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "crypto/variables-file.h"

#include <string.h>

#include <openssl/evp.h>

#include "base/error.h"
#include "crypto/variables.h"
#include "variables-vectors.h"

#define X1_TEXT "<?xml version=\"1.0\"?><MediaVarList/>"
#define X2_TEXT "<?xml version=\"1.0\"?>\n\n\n<MediaVarList/>"
#define PW1 "Password1"
#define PW2 "Zürich€\xf0\x9d\x84\x9e"
#define NO_PASSWORD "{BAC6E688-DE21-4ABE-B7FB-C9F54E6DB664}"

static GByteArray *
from_hex (const char *hex)
{
  GByteArray *bytes = g_byte_array_new ();

  for (; hex[0] != '\0'; hex += 2)
    {
      guint8 byte = (guint8) (g_ascii_xdigit_value (hex[0]) << 4 | g_ascii_xdigit_value (hex[1]));

      g_byte_array_append (bytes, &byte, 1);
    }
  return bytes;
}

static GBytes *
bytes_from_hex (const char *hex)
{
  return g_byte_array_free_to_bytes (from_hex (hex));
}

static void
assert_hex (const void *data, gsize length, const char *expected)
{
  g_autoptr (GByteArray) wanted = from_hex (expected);

  g_assert_cmpmem (data, length, wanted->data, wanted->len);
}

static KlSecret *
plaintext_of (const char *text)
{
  g_autoptr (KlSecret) secret = kl_secret_new_text (text);
  g_autoptr (KlSecret) wide = kl_secret_new_utf16 (secret);
  const gsize length = kl_secret_get_length (wide);
  KlSecret *plaintext = kl_secret_new_sized (length + 2);

  memcpy (kl_secret_get_buffer (plaintext), kl_secret_get_data (wide), length);
  return plaintext;
}

static void
test_derivation (void)
{
  static const struct
  {
    const char *password, *material;
  } rows[] = {
    { PW1, PW1_MATERIAL },
    { PW2, PW2_MATERIAL },
    { NO_PASSWORD, NOPW_MATERIAL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (KlSecret) text = kl_secret_new_text (rows[i].password);
      g_autoptr (KlSecret) wide = kl_secret_new_utf16 (text);
      guint8 material[KL_VARIABLES_KEY_MATERIAL];

      kl_variables_derive_material (kl_secret_get_data (wide), kl_secret_get_length (wide),
                                    material);
      assert_hex (material, sizeof material, rows[i].material);
    }
}

static void
test_sealing (void)
{
  static const struct
  {
    const char *text, *password;
    KlVariablesCipher cipher;
    const char *file;
  } rows[] = {
    { X1_TEXT, PW1, KL_VARIABLES_CIPHER_AES_128, X1_PW1_AES128_FILE },
    { X1_TEXT, PW1, KL_VARIABLES_CIPHER_AES_192, X1_PW1_AES192_FILE },
    { X1_TEXT, PW1, KL_VARIABLES_CIPHER_AES_256, X1_PW1_AES256_FILE },
    { X2_TEXT, PW2, KL_VARIABLES_CIPHER_AES_128, X2_PW2_AES128_FILE },
    { X2_TEXT, PW2, KL_VARIABLES_CIPHER_AES_256, X2_PW2_AES256_FILE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (KlSecret) plaintext = plaintext_of (rows[i].text);
      g_autoptr (KlSecret) password = kl_secret_new_text (rows[i].password);
      g_autoptr (GBytes) sealed = kl_variables_file_seal (plaintext, password, rows[i].cipher);
      g_autoptr (KlSecret) opened = NULL;
      KlVariablesCipher cipher = 0;

      assert_hex (g_bytes_get_data (sealed, NULL), g_bytes_get_size (sealed), rows[i].file);
      g_assert_cmpuint (g_bytes_get_size (sealed), ==, kl_secret_get_length (plaintext) + 42);
      opened = kl_variables_file_open (sealed, password, NULL);
      g_assert_true (kl_secret_equal (opened, plaintext));
      g_assert_true (kl_variables_file_get_cipher (sealed, &cipher, NULL));
      g_assert_cmpint (cipher, ==, rows[i].cipher);
    }
}

static void
test_no_password (void)
{
  static const struct
  {
    KlVariablesCipher cipher;
    const char *ciphertext, *block;
  } rows[] = {
    { KL_VARIABLES_CIPHER_AES_128, X1_NOPW_AES128_CT, NOPW_BLOCK0_AES128 },
    { KL_VARIABLES_CIPHER_AES_192, X1_NOPW_AES192_CT, NOPW_BLOCK0_AES192 },
    { KL_VARIABLES_CIPHER_AES_256, X1_NOPW_AES256_CT, NOPW_BLOCK0_AES256 },
  };
  g_autoptr (KlSecret) plaintext = plaintext_of (X1_TEXT);
  g_autoptr (KlSecret) empty = kl_secret_new_text ("");

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GBytes) sealed = kl_variables_file_seal (plaintext, NULL, rows[i].cipher);
      g_autoptr (GBytes) same = kl_variables_file_seal (plaintext, empty, rows[i].cipher);
      const guint8 *data = g_bytes_get_data (sealed, NULL);
      gboolean needed = TRUE;

      assert_hex (data + 24, 80, rows[i].ciphertext);
      assert_hex (data + 24, 16, rows[i].block);
      g_assert_true (g_bytes_equal (sealed, same));
      g_assert_true (kl_variables_file_needs_password (sealed, &needed, NULL));
      g_assert_false (needed);
    }
}

/* The heads of real files: the quick test has to do with one block. */
static GBytes *
file_with_head (const char *hex)
{
  g_autoptr (GByteArray) head = from_hex (hex);
  guint32 length;
  GByteArray *file = g_byte_array_new ();

  memcpy (&length, head->data + 12, 4);
  g_byte_array_append (file, head->data, head->len);
  g_byte_array_set_size (file, 24 + GUINT32_FROM_LE (length) + 16);
  memset (file->data + head->len, 0x77, file->len - head->len);
  return g_byte_array_free_to_bytes (file);
}

static void
test_heads_of_real_files (void)
{
  g_autoptr (GBytes) aes128 = file_with_head (PUB_AES128_HEAD);
  g_autoptr (GBytes) aes256 = file_with_head (PUB_AES256_HEAD);
  g_autoptr (GBytes) unknown = file_with_head (PUB_UNKNOWN_HEAD);
  g_autoptr (KlSecret) password = kl_secret_new_text (PW1);
  g_autoptr (GError) error = NULL;
  gboolean needed = FALSE;

  g_assert_true (kl_variables_file_try_password (aes128, password, NULL));
  g_assert_true (kl_variables_file_try_password (aes256, password, NULL));
  g_assert_false (kl_variables_file_try_password (unknown, password, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_MEDIA_PASSWORD);
  g_clear_error (&error);
  g_assert_false (kl_variables_file_try_password (unknown, NULL, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_MEDIA_PASSWORD);
  g_assert_true (kl_variables_file_needs_password (unknown, &needed, NULL));
  g_assert_true (needed);
}

/* The envelope of the password in a DHCP option: AES-256 without a signature in front. */
static void
decrypt_option (guint8 raw[32])
{
  g_autoptr (GByteArray) option = from_hex (PXE_OPTION243);
  g_autoptr (GByteArray) seed = from_hex (PXE_KEY_SEED);
  EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new ();
  guint8 material[KL_VARIABLES_KEY_MATERIAL];
  guint8 iv[16] = { 0 };
  int used = 0;
  int last = 0;

  kl_variables_derive_material (seed->data, seed->len, material);
  g_assert_cmpint (EVP_DecryptInit_ex (context, EVP_aes_256_cbc (), NULL, material, iv), ==, 1);
  g_assert_cmpint (EVP_DecryptUpdate (context, raw, &used, option->data + 3 + 20, 16), ==, 1);
  g_assert_cmpint (EVP_DecryptFinal_ex (context, raw + used, &last), ==, 1);
  EVP_CIPHER_CTX_free (context);
  assert_hex (raw, (gsize) (used + last), PXE_RAW_PASSWORD);
}

static void
test_network_boot (void)
{
  g_autoptr (GBytes) file = bytes_from_hex (PXE_VAR_FILE);
  g_autoptr (KlSecret) text = NULL;
  g_autoptr (KlVariables) variables = NULL;
  guint8 raw[32];
  guint8 password[20];

  decrypt_option (raw);
  for (guint i = 0; i < 10; i++)
    {
      password[2 * i] = raw[i];
      password[2 * i + 1] = raw[i] >= 0x80 ? 0xff : 0;
    }
  text = kl_variables_file_open_raw (file, password, sizeof password, NULL);
  g_assert_nonnull (text);
  g_assert_cmpuint (kl_secret_get_length (text), ==, 130);
  variables = kl_variables_parse_plaintext (text, NULL);
  g_assert_nonnull (variables);
  g_assert_cmpuint (kl_variables_get_length (variables), ==, 1);
  g_assert_cmpstr (kl_variables_get_name (variables, 0), ==, "_SMSTSSiteCode");
  g_assert_cmpstr (kl_secret_get_text (kl_variables_get_value (variables, 0)), ==, "ABC");
}

static void
assert_refused (GByteArray *file, int code, const char *word)
{
  g_autoptr (GBytes) bytes = g_bytes_new (file->data, file->len);
  g_autoptr (KlSecret) password = kl_secret_new_text (PW1);
  g_autoptr (GError) error = NULL;

  g_assert_null (kl_variables_file_open (bytes, password, &error));
  g_assert_error (error, KL_ERROR, code);
  if (strstr (error->message, word) == NULL)
    g_error ("“%s” is not in “%s”", word, error->message);
}

static void
test_negatives (void)
{
  static const struct
  {
    guint offset;
    guint8 value; /* XORed */
    int code;
    const char *word;
  } rows[] = {
    { 0, 1, KL_ERROR_FORMAT, "signature" },
    { 4, 1, KL_ERROR_FORMAT, "sub-header" },
    { 8, 16, KL_ERROR_FORMAT, "lengths" },
    { 12, 1, KL_ERROR_FORMAT, "lengths" },
    { 12, 16, KL_ERROR_FORMAT, "lengths" },
    { 15, 0x80, KL_ERROR_FORMAT, "lengths" },
    { 16, 0x40, KL_ERROR_FORMAT, "algorithm" },
    { 16, 0x1e, KL_ERROR_MEDIA_PASSWORD, "another password" }, /* 0x6610 → 0x660E */
    { 24 + 63, 1, KL_ERROR_FORMAT, "damaged" }, /* last byte of the penultimate block */
    { 24, 1, KL_ERROR_MEDIA_PASSWORD, "another password" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GByteArray) file = from_hex (X1_PW1_AES256_FILE);

      file->data[rows[i].offset] ^= rows[i].value;
      assert_refused (file, rows[i].code, rows[i].word);
    }
}

static void
test_cut_off (void)
{
  for (guint length = 0; length < 24 + 80; length++)
    {
      g_autoptr (GByteArray) file = from_hex (X1_PW1_AES128_FILE);

      g_byte_array_set_size (file, length);
      assert_refused (file, KL_ERROR_FORMAT, "no file of sealed media variables");
    }
}

static void
test_slack_is_ignored (void)
{
  g_autoptr (GByteArray) file = from_hex (X1_PW1_AES128_FILE);
  g_autoptr (KlSecret) password = kl_secret_new_text (PW1);
  g_autoptr (GBytes) none = g_bytes_new (file->data, 24 + 80);
  g_autoptr (GBytes) other = NULL;
  g_autoptr (KlSecret) first = kl_variables_file_open (none, password, NULL);
  g_autoptr (KlSecret) second = NULL;

  memset (file->data + 104, 0xee, file->len - 104);
  other = g_bytes_new (file->data, file->len);
  second = kl_variables_file_open (other, password, NULL);
  g_assert_nonnull (first);
  g_assert_nonnull (second);
}

/* Any bytes changed anywhere: an error or a text, and never more than that. */
static void
test_mutations (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (20261120);
  g_autoptr (KlSecret) password = kl_secret_new_text (PW1);

  for (guint round = 0; round < 3000; round++)
    {
      g_autoptr (GByteArray) file = from_hex (X1_PW1_AES128_FILE);
      g_autoptr (GBytes) bytes = NULL;
      g_autoptr (GError) error = NULL;
      g_autoptr (KlSecret) text = NULL;
      const guint changes = (guint) g_rand_int_range (random, 1, 4);

      for (guint i = 0; i < changes; i++)
        file->data[g_rand_int_range (random, 0, round % 2 ? 24 : (gint) file->len)]
            = (guint8) g_rand_int_range (random, 0, 256);
      if (round % 5 == 0)
        g_byte_array_set_size (file, (guint) g_rand_int_range (random, 0, (gint) file->len));
      bytes = g_bytes_new (file->data, file->len);
      text = kl_variables_file_open (bytes, password, &error);
      g_assert_true ((text == NULL) == (error != NULL));
      if (error != NULL)
        g_assert_true (
            error->domain == KL_ERROR
            && (error->code == KL_ERROR_FORMAT || error->code == KL_ERROR_MEDIA_PASSWORD));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/variables-file/key-material-is-that-of-the-vectors", test_derivation);
  g_test_add_func ("/variables-file/sealing-gives-the-vectors-byte-for-byte", test_sealing);
  g_test_add_func ("/variables-file/no-password-is-the-constant", test_no_password);
  g_test_add_func ("/variables-file/heads-of-real-files-fit", test_heads_of_real_files);
  g_test_add_func ("/variables-file/network-boot-file-is-read", test_network_boot);
  g_test_add_func ("/variables-file/what-is-wrong-is-told-apart", test_negatives);
  g_test_add_func ("/variables-file/cut-off-files-are-refused", test_cut_off);
  g_test_add_func ("/variables-file/slack-is-ignored", test_slack_is_ignored);
  g_test_add_func ("/variables-file/mutations-give-an-error-or-a-text", test_mutations);
  return g_test_run ();
}
