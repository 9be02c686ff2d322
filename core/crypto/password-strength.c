/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How long does a media password last? Whoever has a medium can try passwords without limit: one
 * guess costs three SHA-1 blocks and one AES block (media-formats.md 1.2). Published hashcat
 * benchmarks give 5·10^10 plain SHA-1 a second on a graphics card of 2022, so 10^10 guesses a
 * second is the order of magnitude for one card.
 *
 * libpwquality says what is wrong with a password and scores it. The number of guesses is our own
 * estimate, because a score tells no time: common words count little, what reads like a word counts
 * like a word, the rest counts by the characters in use. libpwquality's dictionary check stays off:
 * cracklib keeps a copy of the password in buffers that are never wiped.
 */
#define G_LOG_DOMAIN "kl-password-strength"

#include "crypto/password-strength.h"

#include <math.h>
#include <string.h>
#include <sys/random.h>

#include <pwquality.h>

#include "base/error.h"

#define BITS_COMMON_WORD 10.0 /* among the thousand most frequent, in some spelling */
#define BITS_WORD 14.0        /* among sixteen thousand */
#define BITS_SYLLABLE 6.32    /* 16 consonants by 5 vowels */
#define BITS_REPEATED 1.0     /* the same character again, or the next in a row */
#define SYLLABLES 12

/* By KlPasswordLevel: how site profiles name it, and the time that it is found in; seconds. */
static const struct
{
  const char *name;
  double seconds;
} levels[] = {
  { "very-weak", 3600 },
  { "weak", 365.25 * 86400 },
  { "good", 1000 * 365.25 * 86400 },
  { "strong", G_MAXDOUBLE },
};

static const char consonants[] = "bdfghjklmnprstvz";
static const char vowels[] = "aeiou";

/* At the head of every list of leaked passwords, and words that suggest themselves here. */
static const char *const common_words[] = {
  "password", "passwort", "kennwort", "secret",    "geheim",   "admin",    "administrator",
  "welcome",  "letmein",  "qwerty",   "qwertz",    "asdf",     "iloveyou", "monkey",
  "dragon",   "master",   "sunshine", "princess",  "football", "baseball", "login",
  "hello",    "hallo",    "test",     "user",      "guest",    "root",     "changeme",
  "default",  "summer",   "winter",   "spring",    "autumn",   "sommer",   "herbst",
  "berlin",   "london",   "windows",  "microsoft", "kindling", "deploy",   "media",
  "boot",     "winpe",    "sccm",     "config",    "manager",  "system",   "company",
  "server",   "client",   "office",   "shadow",    "superman", "batman",   "trustno",
  "love",     "pass",     "word",     "1234",      "abcd",     "1q2w",     "zaq1",
  "0000",
};

/* Each character lower-case, the usual stand-ins undone, what is not ASCII as 0x80. */
static guint
fold (KlSecret *password, guint8 *folded)
{
  static const char stand_ins[] = "@a4a3e0o$s5s7t!i|l";
  const char *at = kl_secret_get_text (password);
  guint length = 0;

  for (; *at != '\0'; at = g_utf8_next_char (at))
    {
      const guint8 byte = (guint8) *at;
      guint8 letter = byte < 0x80 ? (guint8) g_ascii_tolower ((char) byte) : 0x80;

      for (guint i = 0; stand_ins[i] != '\0'; i += 2)
        if (stand_ins[i] == (char) letter)
          {
            letter = (guint8) stand_ins[i + 1];
            break;
          }
      folded[length++] = letter;
    }

  return length;
}

/* As above, but digits and signs stay what they are. */
static guint
lower (KlSecret *password, guint8 *lowered)
{
  const char *at = kl_secret_get_text (password);
  guint length = 0;

  for (; *at != '\0'; at = g_utf8_next_char (at))
    lowered[length++] = (guint8) *at < 0x80 ? (guint8) g_ascii_tolower (*at) : 0x80;
  return length;
}

/* log2 of the characters in the classes that the password uses. */
static double
bits_per_character (KlSecret *password)
{
  gboolean small = FALSE, capital = FALSE, digit = FALSE, sign = FALSE, foreign = FALSE;

  for (const char *at = kl_secret_get_text (password); *at != '\0'; at++)
    {
      if ((guint8) *at >= 0x80)
        foreign = TRUE;
      else if (g_ascii_islower (*at))
        small = TRUE;
      else if (g_ascii_isupper (*at))
        capital = TRUE;
      else if (g_ascii_isdigit (*at))
        digit = TRUE;
      else
        sign = TRUE;
    }

  return log2 (MAX (1, small * 26 + capital * 26 + digit * 10 + sign * 33 + foreign * 100));
}

/* How many characters at @at are a common word; 0 if none. */
static guint
match_common (const guint8 *lowered, const guint8 *folded, guint left)
{
  guint longest = 0;

  for (guint i = 0; i < G_N_ELEMENTS (common_words); i++)
    {
      const guint length = (guint) strlen (common_words[i]);

      if (length > longest && length <= left
          && (memcmp (folded, common_words[i], length) == 0
              || memcmp (lowered, common_words[i], length) == 0))
        longest = length;
    }

  return longest;
}

/* How many letters at @lowered could be spoken: never more than two vowels or three consonants in a
 * row. Less than four are no word. */
static guint
match_word (const guint8 *lowered, guint left)
{
  guint n_vowels = 0;
  guint n_consonants = 0;
  guint n_all_vowels = 0;
  guint length;

  for (length = 0; length < left && g_ascii_islower ((char) lowered[length]); length++)
    {
      const gboolean vowel = strchr ("aeiouy", lowered[length]) != NULL;

      n_vowels = vowel ? n_vowels + 1 : 0;
      n_consonants = vowel ? 0 : n_consonants + 1;
      n_all_vowels += vowel;
      if (n_vowels > 2 || n_consonants > 3)
        return 0;
    }

  return length >= 4 && n_all_vowels > 0 ? length : 0;
}

static double
estimate_bits (KlSecret *password)
{
  g_autoptr (KlSecret) space = kl_secret_new_sized (2 * kl_secret_get_length (password) + 2);
  guint8 *lowered = kl_secret_get_buffer (space);
  guint8 *folded = lowered + kl_secret_get_length (password) + 1;
  const guint length = lower (password, lowered);
  const double each = bits_per_character (password);
  double bits = 0;
  guint matched;

  fold (password, folded);
  for (guint at = 0; at < length; at += matched)
    {
      matched = match_common (lowered + at, folded + at, length - at);
      if (matched > 0)
        {
          bits += BITS_COMMON_WORD;
          continue;
        }

      matched = match_word (lowered + at, length - at);
      if (matched > 0)
        {
          const guint n_words = (matched + 9) / 10; /* at least: those that were begun */

          bits += MIN (MIN (BITS_SYLLABLE * (matched + 1) / 2, 4.7 * matched), BITS_WORD * n_words);
        }
      else if (at > 0 && lowered[at] < 0x80 && ABS (lowered[at] - lowered[at - 1]) <= 1)
        bits += BITS_REPEATED;
      else
        bits += each;
      matched = MAX (matched, 1);
    }

  return bits;
}

static const char *
describe_refusal (int code)
{
  switch (code)
    {
    case PWQ_ERROR_MIN_LENGTH:
    case PWQ_ERROR_EMPTY_PASSWORD:
      return "It is shorter than 8 characters.";
    case PWQ_ERROR_PALINDROME:
      return "It reads the same backwards.";
    case PWQ_ERROR_MAX_SEQUENCE:
      return "It holds a long row such as 12345.";
    case PWQ_ERROR_MAX_CONSECUTIVE:
      return "It repeats a character.";
    default:
      return "It is too simple.";
    }
}

/**
 * kl_password_strength_measure:
 * @password: UTF-8
 * @strength: (out): what it is worth
 *
 * Any thread.
 */
void
kl_password_strength_measure (KlSecret *password, KlPasswordStrength *strength)
{
  pwquality_settings_t *settings = pwquality_default_settings ();
  int result = PWQ_ERROR_FATAL_FAILURE;
  void *detail = NULL;

  if (settings != NULL)
    {
      pwquality_set_int_value (settings, PWQ_SETTING_DICT_CHECK, 0);
      pwquality_set_int_value (settings, PWQ_SETTING_MAX_SEQUENCE, 4);
      pwquality_set_int_value (settings, PWQ_SETTING_MAX_REPEAT, 4);
      result = pwquality_check (settings, kl_secret_get_text (password), NULL, NULL, &detail);
      pwquality_free_settings (settings);
    }

  strength->bits = estimate_bits (password);
  strength->seconds = pow (2, strength->bits) / 2 / KL_PASSWORD_GUESSES_PER_SECOND;
  strength->score = MAX (result, 0);
  strength->finding = result < 0 ? describe_refusal (result) : NULL;
}

KlPasswordLevel
kl_password_strength_get_level (const KlPasswordStrength *strength)
{
  guint level = KL_PASSWORD_VERY_WEAK;

  while (level < KL_PASSWORD_STRONG && strength->seconds > levels[level].seconds)
    level++;
  return level;
}

/* "very-weak", "weak", "good", "strong" */
const char *
kl_password_level_to_string (KlPasswordLevel level)
{
  return levels[level].name;
}

/* FALSE for any other text. */
gboolean
kl_password_level_from_string (const char *text, KlPasswordLevel *level)
{
  for (guint i = 0; i < G_N_ELEMENTS (levels); i++)
    if (g_str_equal (text, levels[i].name))
      {
        *level = i;
        return TRUE;
      }
  return FALSE;
}

/* @unit: of years, days, hours, minutes and seconds */
static char *
dup_time (guint unit, double n)
{
  switch (unit)
    {
    case 0:
      return g_strdup_printf (KL_PLURAL (n, "A graphics card finds it in about %.0f year.",
                                         "A graphics card finds it in about %.0f years."),
                              n);
    case 1:
      return g_strdup_printf (KL_PLURAL (n, "A graphics card finds it in about %.0f day.",
                                         "A graphics card finds it in about %.0f days."),
                              n);
    case 2:
      return g_strdup_printf (KL_PLURAL (n, "A graphics card finds it in about %.0f hour.",
                                         "A graphics card finds it in about %.0f hours."),
                              n);
    case 3:
      return g_strdup_printf (KL_PLURAL (n, "A graphics card finds it in about %.0f minute.",
                                         "A graphics card finds it in about %.0f minutes."),
                              n);
    default:
      return g_strdup_printf (KL_PLURAL (n, "A graphics card finds it in about %.0f second.",
                                         "A graphics card finds it in about %.0f seconds."),
                              n);
    }
}

/**
 * kl_password_strength_dup_text:
 *
 * Returns: (transfer full): an English sentence: how long one graphics card looks for it
 */
char *
kl_password_strength_dup_text (const KlPasswordStrength *strength)
{
  static const double units[] = { 365.25 * 86400, 86400, 3600, 60, 1 }; /* seconds */

  if (strength->seconds >= 1e6 * units[0])
    return g_strdup ("A graphics card does not find it in a million years.");

  for (guint i = 0; i < G_N_ELEMENTS (units); i++)
    if (strength->seconds >= 2 * units[i])
      {
        const double count = strength->seconds / units[i];
        const double scale = pow (10, MAX (0, floor (log10 (count)) - 1));

        return dup_time (i, round (count / scale) * scale);
      }

  return g_strdup ("A graphics card finds it at once.");
}

/**
 * kl_passphrase_generate:
 * @bits: (out) (optional): its entropy: 12 of 80 syllables each, 75.9 bits
 *
 * Syllables to be spoken and typed on any keyboard, "bafo-kire-…", from the kernel's random
 * numbers.
 *
 * Returns: (transfer full): the passphrase
 */
KlSecret *
kl_passphrase_generate (double *bits)
{
  const guint n_kinds = (guint) (strlen (consonants) * strlen (vowels));
  KlSecret *phrase = kl_secret_new_sized (SYLLABLES * 2 + SYLLABLES / 2 - 1);
  guint8 *to = kl_secret_get_buffer (phrase);

  for (guint n = 0; n < SYLLABLES;)
    {
      guint8 byte;

      if (getrandom (&byte, 1, 0) != 1)
        continue;
      /* The rest beyond a multiple would favour the first syllables. */
      if (byte >= 256 / n_kinds * n_kinds)
        continue;
      if (n > 0 && n % 2 == 0)
        *to++ = '-';
      *to++ = (guint8) consonants[byte % n_kinds / strlen (vowels)];
      *to++ = (guint8) vowels[byte % strlen (vowels)];
      n++;
    }

  if (bits != NULL)
    *bits = SYLLABLES * log2 (n_kinds);
  return phrase;
}
