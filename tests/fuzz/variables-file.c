/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include "crypto/variables-file.h"
#include "crypto/variables.h"

static void
open_sealed (GBytes *file)
{
  g_autoptr (KlSecret) password = kl_secret_new_text ("Password1");
  g_autoptr (KlSecret) plaintext = NULL;
  KlVariablesCipher cipher;
  gboolean needed;

  if (!kl_variables_file_get_cipher (file, &cipher, NULL)
      || !kl_variables_file_needs_password (file, &needed, NULL))
    return;

  kl_variables_file_try_password (file, password, NULL);
  plaintext = kl_variables_file_open (file, needed ? password : NULL, NULL);
  if (plaintext != NULL)
    {
      g_autoptr (KlVariables) variables = kl_variables_parse_plaintext (plaintext, NULL);
    }
}

/* What is read can be written, and is the same when it is read again. */
static void
parse (const uint8_t *data, size_t size)
{
  g_autoptr (KlSecret) plaintext = kl_secret_new (data, size);
  g_autoptr (KlVariables) variables = kl_variables_parse_plaintext (plaintext, NULL);
  g_autoptr (KlVariables) again = NULL;
  g_autoptr (KlSecret) written = NULL;
  g_autoptr (GError) error = NULL;

  if (variables == NULL)
    return;

  written = kl_variables_to_plaintext (variables);
  again = kl_variables_parse_plaintext (written, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (kl_variables_get_length (again), ==, kl_variables_get_length (variables));
  for (guint i = 0; i < kl_variables_get_length (again); i++)
    {
      g_assert_cmpstr (kl_variables_get_name (again, i), ==, kl_variables_get_name (variables, i));
      g_assert_true (kl_secret_equal (kl_variables_get_value (again, i),
                                      kl_variables_get_value (variables, i)));
    }
}

/* Variables.dat: the envelope, and what is in it, which nobody would guess through the cipher. */
int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static (data, size);

  open_sealed (bytes);
  parse (data, size);
  return 0;
}
