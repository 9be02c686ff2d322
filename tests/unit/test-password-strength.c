/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "crypto/password-strength.h"

#include <math.h>
#include <string.h>

static KlPasswordStrength
measure (const char *text)
{
  g_autoptr (KlSecret) secret = kl_secret_new_text (text);
  KlPasswordStrength strength;

  kl_password_strength_measure (secret, &strength);
  return strength;
}

static void
test_known_words_fall_at_once (void)
{
  static const char *const weak[]
      = { "",         "a",          "Password1",        "P@ssw0rd!", "aaaaaaaaaaaaaaaaaaaa",
          "12345678", "Sommer2026", "abcdefghijklmnop", "kindling" };

  for (guint i = 0; i < G_N_ELEMENTS (weak); i++)
    {
      const KlPasswordStrength strength = measure (weak[i]);
      g_autofree char *text = kl_password_strength_dup_text (&strength);

      g_assert_cmpfloat (strength.seconds, <, 120);
      if (strength.seconds < 2)
        g_assert_cmpstr (text, ==, "A graphics card finds it at once.");
    }
}

static void
test_length_helps (void)
{
  const KlPasswordStrength shorter = measure ("x7#Kq2$v");
  const KlPasswordStrength longer = measure ("x7#Kq2$vB9&mZ4!w");
  const KlPasswordStrength words = measure ("tulip garage velvet mountain nickel");
  g_autofree char *text = kl_password_strength_dup_text (&longer);

  g_assert_cmpfloat (shorter.bits, >, 45);
  g_assert_cmpfloat (shorter.bits, <, 60);
  g_assert_cmpfloat (longer.bits, >, 2 * shorter.bits - 12);
  g_assert_cmpfloat (words.bits, >, 60);
  g_assert_cmpfloat (words.bits, <, 95);
  g_assert_cmpstr (text, ==, "A graphics card does not find it in a million years.");
  g_assert_cmpint (longer.score, >, shorter.score);
}

static void
test_words_for_the_time (void)
{
  static const struct
  {
    double seconds;
    const char *text;
  } rows[] = {
    { 0.5, "A graphics card finds it at once." },
    { 3, "A graphics card finds it in about 3 seconds." },
    { 185, "A graphics card finds it in about 3 minutes." },
    { 7300, "A graphics card finds it in about 2 hours." },
    { 5 * 86400, "A graphics card finds it in about 5 days." },
    { 1234 * 365.25 * 86400, "A graphics card finds it in about 1200 years." },
    { 1e30, "A graphics card does not find it in a million years." },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      const KlPasswordStrength strength = { .seconds = rows[i].seconds };
      g_autofree char *text = kl_password_strength_dup_text (&strength);

      g_assert_cmpstr (text, ==, rows[i].text);
    }
}

static void
test_levels (void)
{
  static const struct
  {
    double seconds;
    KlPasswordLevel level;
    const char *name;
  } rows[] = {
    { 0, KL_PASSWORD_VERY_WEAK, "very-weak" },
    { 3601, KL_PASSWORD_WEAK, "weak" },
    { 366 * 86400, KL_PASSWORD_GOOD, "good" },
    { 1001 * 365.25 * 86400, KL_PASSWORD_STRONG, "strong" },
    { HUGE_VAL, KL_PASSWORD_STRONG, "strong" },
  };
  KlPasswordLevel level = KL_PASSWORD_GOOD;

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      const KlPasswordStrength strength = { .seconds = rows[i].seconds };
      KlPasswordLevel parsed = KL_PASSWORD_VERY_WEAK;

      g_assert_cmpint (kl_password_strength_get_level (&strength), ==, rows[i].level);
      g_assert_cmpstr (kl_password_level_to_string (rows[i].level), ==, rows[i].name);
      g_assert_true (kl_password_level_from_string (rows[i].name, &parsed));
      g_assert_cmpint (parsed, ==, rows[i].level);
    }

  g_assert_false (kl_password_level_from_string ("Strong", &level));
  g_assert_cmpint (level, ==, KL_PASSWORD_GOOD);
}

static void
test_library_says_what_is_wrong (void)
{
  g_assert_cmpstr (measure ("abc").finding, ==, "It is shorter than 8 characters.");
  g_assert_cmpstr (measure ("abcdxyxdcba").finding, ==, "It reads the same backwards.");
  g_assert_null (measure ("x7#Kq2$vB9&mZ4!w").finding);
}

static void
test_passphrases (void)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < 200; i++)
    {
      double bits = 0;
      g_autoptr (KlSecret) phrase = kl_passphrase_generate (&bits);
      KlPasswordStrength strength;

      g_assert_true (g_regex_match_simple ("^[bdfghjklmnprstvz][aeiou]([bdfghjklmnprstvz][aeiou])"
                                           "(-([bdfghjklmnprstvz][aeiou]){2}){5}$",
                                           kl_secret_get_text (phrase), 0, 0));
      g_assert_cmpfloat (bits, >, 75);
      g_assert_cmpfloat (bits, <, 76);
      g_assert_true (g_hash_table_add (seen, g_strdup (kl_secret_get_text (phrase))));
      kl_password_strength_measure (phrase, &strength);
      g_assert_null (strength.finding);
      g_assert_cmpfloat (strength.seconds, >, 365.25 * 86400);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/password-strength/known-words-fall-at-once", test_known_words_fall_at_once);
  g_test_add_func ("/password-strength/length-helps", test_length_helps);
  g_test_add_func ("/password-strength/time-is-told-in-words", test_words_for_the_time);
  g_test_add_func ("/password-strength/levels-are-named", test_levels);
  g_test_add_func ("/password-strength/library-says-what-is-wrong",
                   test_library_says_what_is_wrong);
  g_test_add_func ("/password-strength/passphrases-are-random-and-strong", test_passphrases);
  return g_test_run ();
}
