/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-bidi"

#include "config.h"

#include "bidi.h"

#include <string.h>

#include <glib/gprintf.h>

/* FIRST STRONG ISOLATE, POP DIRECTIONAL ISOLATE and RIGHT-TO-LEFT MARK; Unicode Standard Annex 9.
 */
#define FSI "\u2068"
#define PDI "\u2069"
#define RLM "\u200f"

static gboolean is_rtl = FALSE; /* set once, before there are threads */

/**
 * kl_bidi_set_rtl:
 * @rtl: whether the language of the user runs from right to left
 *
 * To be called before anything else of this file.
 */
void
kl_bidi_set_rtl (gboolean rtl)
{
  is_rtl = rtl;
}

/* Behind a conversion, which begins with the percent sign at @percent. */
static const char *
skip_conversion (const char *percent)
{
  const char *letter = percent + 1;

  letter += strspn (letter, "0123456789$.-+ #'*lhzjtqL");
  return *letter != '\0' ? letter + 1 : letter;
}

/* Pango takes the direction of a line from its first letter, also from one in an isolate: a mark in
 * front makes it that of the language. */
static char *
mark_format (const char *format)
{
  GString *marked = g_string_new (RLM);

  for (const char *percent = strchr (format, '%'); percent != NULL; percent = strchr (format, '%'))
    {
      const char *end = skip_conversion (percent);
      const gboolean literal = percent[1] == '%';

      g_string_append_len (marked, format, percent - format);
      g_string_append (marked, literal ? "" : FSI);
      g_string_append_len (marked, percent, end - percent);
      g_string_append (marked, literal ? "" : PDI);
      format = end;
    }
  g_string_append (marked, format);
  return g_string_free (marked, FALSE);
}

/**
 * kl_bidi_printf:
 * @format: a translated sentence
 *
 * As g_strdup_printf(), for what is shown to people: what is filled in keeps its own direction and
 * does not change that of the sentence. Any thread.
 */
char *
kl_bidi_printf (const char *format, ...)
{
  g_autofree char *marked = is_rtl ? mark_format (format) : NULL;
  va_list arguments;
  char *text;

  va_start (arguments, format);
  text = g_strdup_vprintf (marked != NULL ? marked : format, arguments);
  va_end (arguments);
  return text;
}

/**
 * kl_bidi_isolate:
 *
 * Returns: @text with marks around it, for a place where sentences are put together otherwise. Any
 *   thread.
 */
char *
kl_bidi_isolate (const char *text)
{
  g_return_val_if_fail (text != NULL, NULL);

  return is_rtl && *text != '\0' ? g_strconcat (FSI, text, PDI, NULL) : g_strdup (text);
}

/**
 * kl_bidi_append:
 * @text: facts in a row, in the order of the language, each with its own direction
 * @separator: such as " · "; not before the first
 *
 * Any thread.
 */
void
kl_bidi_append (GString *text, const char *separator, const char *part)
{
  g_autofree char *isolated = kl_bidi_isolate (part);

  g_string_append (text, text->len > 0 ? separator : is_rtl ? RLM : "");
  g_string_append (text, isolated);
}

/**
 * kl_bidi_join:
 * @first: (nullable): NULL ends the list, as in g_strjoin()
 *
 * As kl_bidi_append() with each of them. Any thread.
 */
char *
kl_bidi_join (const char *separator, const char *first, ...)
{
  GString *text = g_string_new (NULL);
  va_list parts;

  va_start (parts, first);
  for (const char *part = first; part != NULL; part = va_arg (parts, const char *))
    kl_bidi_append (text, separator, part);
  va_end (parts);
  return g_string_free (text, FALSE);
}
