/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-locale-table"

#include "edit/locale-table.h"

#include <string.h>

/* Numbers of locales are those of the Windows language code identifiers ([MS-LCID]); the keyboards
 * are those of Microsoft's list "Default input profiles (input locales) in Windows". Languages
 * whose input needs an input method get the keyboard below it. */
static const KlLocale locales[] = {
  { "ar-SA", 0x0401, "00000401" }, { "bg-BG", 0x0402, "00030402" }, { "cs-CZ", 0x0405, "00000405" },
  { "da-DK", 0x0406, "00000406" }, { "de-AT", 0x0c07, "00000407" }, { "de-CH", 0x0807, "00000807" },
  { "de-DE", 0x0407, "00000407" }, { "el-GR", 0x0408, "00000408" }, { "en-AU", 0x0c09, "00000409" },
  { "en-CA", 0x1009, "00000409" }, { "en-GB", 0x0809, "00000809" }, { "en-IE", 0x1809, "00001809" },
  { "en-IN", 0x4009, "00004009" }, { "en-NZ", 0x1409, "00000409" }, { "en-US", 0x0409, "00000409" },
  { "en-ZA", 0x1c09, "00000409" }, { "es-ES", 0x0c0a, "0000040a" }, { "es-MX", 0x080a, "0000080a" },
  { "et-EE", 0x0425, "00000425" }, { "fi-FI", 0x040b, "0000040b" }, { "fr-BE", 0x080c, "0000080c" },
  { "fr-CA", 0x0c0c, "00001009" }, { "fr-CH", 0x100c, "0000100c" }, { "fr-FR", 0x040c, "0000040c" },
  { "he-IL", 0x040d, "0002040d" }, { "hr-HR", 0x041a, "0000041a" }, { "hu-HU", 0x040e, "0000040e" },
  { "it-CH", 0x0810, "00000410" }, { "it-IT", 0x0410, "00000410" }, { "ja-JP", 0x0411, "00000411" },
  { "ko-KR", 0x0412, "00000412" }, { "lt-LT", 0x0427, "00010427" }, { "lv-LV", 0x0426, "00020426" },
  { "nb-NO", 0x0414, "00000414" }, { "nl-BE", 0x0813, "00000813" }, { "nl-NL", 0x0413, "00020409" },
  { "pl-PL", 0x0415, "00000415" }, { "pt-BR", 0x0416, "00000416" }, { "pt-PT", 0x0816, "00000816" },
  { "ro-RO", 0x0418, "00010418" }, { "ru-RU", 0x0419, "00000419" }, { "sk-SK", 0x041b, "0000041b" },
  { "sl-SI", 0x0424, "00000424" }, { "sv-SE", 0x041d, "0000041d" }, { "th-TH", 0x041e, "0000041e" },
  { "tr-TR", 0x041f, "0000041f" }, { "uk-UA", 0x0422, "00020422" }, { "zh-CN", 0x0804, "00000804" },
  { "zh-HK", 0x0c04, "00000404" }, { "zh-TW", 0x0404, "00000404" },
};

/**
 * kl_locale_find:
 * @name: "de-DE", in any letter case
 *
 * Returns: (transfer none) (nullable): the locale
 */
const KlLocale *
kl_locale_find (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (locales); i++)
    if (g_ascii_strcasecmp (locales[i].name, name) == 0)
      return &locales[i];
  return NULL;
}

static gpointer
make_names (gpointer data)
{
  const char **names = g_new0 (const char *, G_N_ELEMENTS (locales) + 1);

  for (gsize i = 0; i < G_N_ELEMENTS (locales); i++)
    names[i] = locales[i].name;
  return names;
}

/**
 * kl_locale_get_names:
 *
 * Returns: (transfer none) (array zero-terminated=1): the names that kl_locale_find() knows, sorted
 */
const char *const *
kl_locale_get_names (void)
{
  static GOnce once = G_ONCE_INIT;

  return g_once (&once, make_names, NULL);
}

static gboolean
is_hexadecimal (const char *text, gsize length)
{
  for (gsize i = 0; i < length; i++)
    if (!g_ascii_isxdigit (text[i]))
      return FALSE;
  return TRUE;
}

/**
 * kl_input_locale_parse:
 * @text: a locale, which stands for its usual keyboard; or language and keyboard layout as DISM
 *   takes them, "0407:00000407"
 * @input: (out): untouched where @text is neither
 */
gboolean
kl_input_locale_parse (const char *text, KlInputLocale *input)
{
  const KlLocale *locale = kl_locale_find (text);

  if (locale != NULL)
    {
      input->language = locale->lcid;
      g_strlcpy (input->layout, locale->keyboard, sizeof input->layout);
      return TRUE;
    }

  if (strlen (text) != strlen ("0407:00000407") || text[4] != ':' || !is_hexadecimal (text, 4)
      || !is_hexadecimal (text + 5, 8))
    return FALSE;
  input->language = (guint32) g_ascii_strtoull (text, NULL, 16);
  for (gsize i = 0; i < sizeof input->layout; i++)
    input->layout[i] = g_ascii_tolower (text[5 + i]);
  return TRUE;
}
