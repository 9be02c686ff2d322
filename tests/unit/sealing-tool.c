/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * For test_sealing.py: drives the sealing of media variables from another language. Everything goes
 * in on standard input, one item a line in hex, UTF-8.
 *
 *   seal BITS      the password, then a name and a value for each variable → the file
 *   open           the password, then the file → a name and a value for each variable, in hex
 *   pfx            a medium's GUID → a new certificate as PFX
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "crypto/certificate.h"
#include "crypto/variables-file.h"
#include "crypto/variables.h"

static KlSecret *
next_item (void)
{
  static char line[1 << 20];
  KlSecret *item;

  if (fgets (line, sizeof line, stdin) == NULL)
    return NULL;
  line[strcspn (line, "\n")] = '\0';
  item = kl_secret_new_sized (strlen (line) / 2);
  for (gsize i = 0; i < strlen (line) / 2; i++)
    kl_secret_get_buffer (item)[i] = (guint8) (g_ascii_xdigit_value (line[2 * i]) << 4
                                               | g_ascii_xdigit_value (line[2 * i + 1]));
  return item;
}

static void
print_hex (const char *text)
{
  for (; *text != '\0'; text++)
    printf ("%02x", (guint8) *text);
  printf ("\n");
}

static int
seal (const char *bits)
{
  const KlVariablesCipher cipher = g_str_equal (bits, "128")   ? KL_VARIABLES_CIPHER_AES_128
                                   : g_str_equal (bits, "192") ? KL_VARIABLES_CIPHER_AES_192
                                                               : KL_VARIABLES_CIPHER_AES_256;
  g_autoptr (KlVariables) variables = kl_variables_new ();
  g_autoptr (KlSecret) password = next_item ();
  g_autoptr (KlSecret) plaintext = NULL;
  g_autoptr (GBytes) file = NULL;

  for (;;)
    {
      g_autoptr (KlSecret) name = next_item ();
      g_autoptr (KlSecret) value = NULL;

      if (name == NULL)
        break;
      value = next_item ();
      kl_variables_append_secret (variables, kl_secret_get_text (name), value);
    }

  plaintext = kl_variables_to_plaintext (variables);
  file = kl_variables_file_seal (plaintext, password, cipher);
  fwrite (g_bytes_get_data (file, NULL), 1, g_bytes_get_size (file), stdout);
  return 0;
}

static int
open_file (void)
{
  g_autoptr (KlSecret) password = next_item ();
  g_autoptr (KlSecret) content = next_item ();
  g_autoptr (GBytes) file
      = g_bytes_new (kl_secret_get_data (content), kl_secret_get_length (content));
  g_autoptr (GError) error = NULL;
  g_autoptr (KlSecret) plaintext = kl_variables_file_open (file, password, &error);
  g_autoptr (KlVariables) variables
      = plaintext != NULL ? kl_variables_parse_plaintext (plaintext, &error) : NULL;

  if (variables == NULL)
    {
      fprintf (stderr, "%s\n", error->message);
      return 1;
    }
  for (guint i = 0; i < kl_variables_get_length (variables); i++)
    {
      print_hex (kl_variables_get_name (variables, i));
      print_hex (kl_secret_get_text (kl_variables_get_value (variables, i)));
    }
  return 0;
}

static int
write_pfx (void)
{
  g_autoptr (KlSecret) guid = next_item ();
  g_autoptr (KlCertificate) certificate
      = kl_certificate_new_self_signed (NULL, NULL, NULL, NULL, NULL);
  g_autoptr (KlSecret) pfx = kl_certificate_to_pfx (certificate, kl_secret_get_text (guid), NULL);

  fwrite (kl_secret_get_data (pfx), 1, kl_secret_get_length (pfx), stdout);
  return 0;
}

int
main (int argc, char **argv)
{
  if (argc == 3 && g_str_equal (argv[1], "seal"))
    return seal (argv[2]);
  if (argc == 2 && g_str_equal (argv[1], "open"))
    return open_file ();
  if (argc == 2 && g_str_equal (argv[1], "pfx"))
    return write_pfx ();
  return 2;
}
