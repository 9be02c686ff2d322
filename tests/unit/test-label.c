/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "media/label.h"

#include <string.h>

#include "base/error.h"

#define TEN "0123456789"

static void
assert_refused (const char *label, const char *part)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (kl_label_check (label, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_LABEL);
  if (strstr (error->message, part) == NULL)
    g_error ("no \"%s\" in \"%s\"", part, error->message);
}

static void
test_accepted (void)
{
  static const char *const labels[]
      = { "A", "WinPE 26100", "Bär & Söhne (Werk 1)", "{x}~!#$%^", TEN TEN TEN "12" };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (labels); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_true (kl_label_check (labels[i], &error));
      g_assert_no_error (error);
    }
}

static void
test_forbidden (void)
{
  const char *forbidden = "\"*+,./:;<=>?[\\]|";
  const char *at;

  for (at = forbidden; *at != '\0'; at++)
    {
      g_autofree char *label = g_strdup_printf ("a%cb", *at);
      g_autofree char *part = g_strdup_printf ("has the character %c;", *at);

      assert_refused (label, part);
    }
}

static void
test_other_refusals (void)
{
  assert_refused ("", "is empty");
  assert_refused ("   ", "is empty");
  assert_refused ("a\nb", "control character U+000A");
  assert_refused ("a\x7f", "control character U+007F");
  assert_refused ("a\xc2\x85", "control character U+0085");
  assert_refused ("a\xff", "not UTF-8");
  assert_refused (TEN TEN TEN "123", "33 characters");
}

/* Characters, not bytes. */
static void
test_length_in_characters (void)
{
  g_autoptr (GString) label = g_string_new (NULL);
  guint i;

  for (i = 0; i < 32; i++)
    g_string_append (label, "ä");
  g_assert_true (kl_label_check (label->str, NULL));
  g_string_append (label, "ä");
  assert_refused (label->str, "33 characters");
}

static void
assert_default (const char *name, const char *expected)
{
  g_autofree char *label = kl_label_dup_default (name);

  g_assert_cmpstr (label, ==, expected);
  g_assert_true (kl_label_check (label, NULL));
}

static void
test_default (void)
{
  assert_default ("Windows PE x64", "Windows PE x64");
  assert_default ("PE 10.0: a/b\n", "PE 10_0_ a_b");
  assert_default ("", "WINPE");
  assert_default ("  ", "WINPE");
  assert_default ("\xff", "\xef\xbf\xbd");
  assert_default (TEN TEN TEN "1 3456", TEN TEN TEN "1");
}

static void
assert_volume_id (const char *label, const char *expected)
{
  g_autofree char *id = kl_label_dup_volume_id (label);

  g_assert_cmpstr (id, ==, expected);
}

static void
test_volume_id (void)
{
  assert_volume_id ("WinPE 26100-x64", "WINPE_26100_X64");
  assert_volume_id ("Bär", "B_R");
  assert_volume_id (TEN TEN TEN TEN, TEN TEN TEN "01");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/label/plain-labels-are-accepted", test_accepted);
  g_test_add_func ("/label/each-forbidden-character-is-named", test_forbidden);
  g_test_add_func ("/label/empty-control-broken-and-long-are-refused", test_other_refusals);
  g_test_add_func ("/label/length-counts-characters", test_length_in_characters);
  g_test_add_func ("/label/default-is-the-name-made-fit", test_default);
  g_test_add_func ("/label/volume-id-has-only-d-characters", test_volume_id);
  return g_test_run ();
}
