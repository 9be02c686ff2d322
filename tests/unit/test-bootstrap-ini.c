/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "crypto/bootstrap-ini.h"

#include <string.h>

#include "base/error.h"

static KlBootstrapIni *
parse (const void *data, gsize length, GError **error)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, length);

  return kl_bootstrap_ini_parse (bytes, error);
}

static void
test_written (void)
{
  const KlBootstrapIni ini = { (char *) KL_BOOTSTRAP_BOOT_MEDIA, TRUE, FALSE };
  g_autoptr (GBytes) bytes = kl_bootstrap_ini_to_bytes (&ini);
  static const char expected[]
      = "[MediaInfo]\r\nMediaType=BootMedia\r\nPasswordRequired=true\r\nUnattended=false\r\n";
  g_autoptr (KlBootstrapIni) back = kl_bootstrap_ini_parse (bytes, NULL);

  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), expected,
                   sizeof expected - 1);
  g_assert_cmpstr (back->media_type, ==, "BootMedia");
  g_assert_true (back->password_required);
  g_assert_false (back->unattended);
}

static void
test_foreign_spellings (void)
{
  static const char ansi[]
      = "; caf\xe9\n[Other]\nMediaType=No\n[MEDIAINFO]\n mediatype = FullMedia "
        "\nPASSWORDREQUIRED=TRUE\nVolume=1\nUnattended=true";
  g_autoptr (KlBootstrapIni) first = parse (ansi, sizeof ansi - 1, NULL);
  g_autofree guint8 *wide = g_malloc0 (2 * sizeof ansi);
  g_autoptr (KlBootstrapIni) second = NULL;
  g_autoptr (KlBootstrapIni) third = NULL;

  g_assert_cmpstr (first->media_type, ==, KL_BOOTSTRAP_FULL_MEDIA);
  g_assert_true (first->password_required);
  g_assert_true (first->unattended);

  for (guint i = 0; i < sizeof ansi - 1; i++)
    wide[2 + 2 * i] = (guint8) ansi[i];
  wide[0] = 0xff;
  wide[1] = 0xfe;
  second = parse (wide, 2 * sizeof ansi, NULL);
  third = parse (wide + 2, 2 * sizeof ansi - 2, NULL);
  g_assert_cmpstr (second->media_type, ==, KL_BOOTSTRAP_FULL_MEDIA);
  g_assert_cmpstr (third->media_type, ==, KL_BOOTSTRAP_FULL_MEDIA);
}

static void
assert_refused (const char *text, const char *word)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (parse (text, strlen (text), &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_FORMAT);
  g_assert_nonnull (strstr (error->message, word));
}

static void
test_refused (void)
{
  g_autofree char *large = g_strnfill (70000, 'x');

  assert_refused ("", "MediaType");
  assert_refused ("[MediaInfo]\nUnattended=true\n", "MediaType");
  assert_refused ("MediaType=BootMedia\n", "MediaType");
  assert_refused ("[MediaInfo]\nMediaType=BootMedia\nPasswordRequired=yes\n", "PasswordRequired");
  assert_refused (large, "at most 65536");
}

static void
test_mutations (void)
{
  static const char text[] = "[MediaInfo]\r\nMediaType=BootMedia\r\nPasswordRequired=true\r\n";
  g_autoptr (GRand) random = g_rand_new_with_seed (20261120);

  for (guint round = 0; round < 3000; round++)
    {
      char copy[sizeof text];
      g_autoptr (GError) error = NULL;
      g_autoptr (KlBootstrapIni) ini = NULL;

      memcpy (copy, text, sizeof text);
      for (gint i = g_rand_int_range (random, 1, 5); i > 0; i--)
        copy[g_rand_int_range (random, 0, sizeof text)] = (char) g_rand_int_range (random, 0, 256);
      ini = parse (copy, (gsize) g_rand_int_range (random, 0, sizeof text), &error);
      g_assert_true ((ini == NULL) == (error != NULL));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/bootstrap-ini/three-keys-are-written", test_written);
  g_test_add_func ("/bootstrap-ini/foreign-spellings-are-read", test_foreign_spellings);
  g_test_add_func ("/bootstrap-ini/what-is-wrong-is-named", test_refused);
  g_test_add_func ("/bootstrap-ini/mutations-give-an-error-or-a-value", test_mutations);
  return g_test_run ();
}
