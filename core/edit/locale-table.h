/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A language as used in a country, with the numbers that the registry has for it. */
typedef struct
{
  const char *name;     /* "de-CH" */
  guint32 lcid;         /* 0x0807 */
  const char *keyboard; /* its usual keyboard layout, "00000807" */
} KlLocale;

const KlLocale *kl_locale_find (const char *name);
const char *const *kl_locale_get_names (void);

/* A keyboard layout with the language that it is for. */
typedef struct
{
  guint32 language;
  char layout[9]; /* eight hexadecimal digits in lower case, "00000407" */
} KlInputLocale;

gboolean kl_input_locale_parse (const char *text, KlInputLocale *input);

G_END_DECLS
