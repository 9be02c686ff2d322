/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include "edit/ini-text.h"

static gboolean
has_line (KlIniText *text, const char *section, const char *line)
{
  guint first, end;

  if (!kl_ini_text_find_section (text, section, &first, &end))
    return FALSE;
  for (guint i = first; i < end; i++)
    if (g_str_equal (text->lines->pdata[i], line))
      return TRUE;
  return FALSE;
}

/* winpeshl.ini, TsBootShell.ini, TSConfig.ini: changed, written and read again. */
int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static (data, size);
  g_autoptr (KlIniText) text = kl_ini_text_new (bytes, "fuzz.ini", NULL);
  g_autoptr (KlIniText) again = NULL;
  g_autoptr (GBytes) written = NULL;
  guint first, end;

  if (text == NULL)
    return 0;

  kl_ini_text_mentions (text, "TsBootShell.exe");
  if (kl_ini_text_find_section (text, "LaunchApps", &first, &end))
    kl_ini_text_insert (text, first, "first");
  kl_ini_text_set (text, "Shell", "OrgName", "Example");
  g_assert_true (has_line (text, "Shell", "OrgName=Example"));

  written = kl_ini_text_to_bytes (text);
  again = kl_ini_text_new (written, "fuzz.ini", NULL);
  g_assert_true (again == NULL || has_line (again, "Shell", "OrgName=Example"));
  return 0;
}
