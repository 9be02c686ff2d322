/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-core-text"

#include "config.h"

#include "core-text.h"

#include <stdlib.h>
#include <string.h>

#include <glib/gi18n.h>

#include "bidi.h"

/* Both texts, for xgettext; see po/meson.build. */
#define PLURAL(singular, plural) singular, plural
/* A list stands in the marks of one name. */
#define BETWEEN_NAMES "”, “"
#define MAX_ARGUMENTS 8
/* Sentences within sentences: a warning holds a reason, which holds what is wrong with a file. */
#define MAX_DEPTH 6
/* Places in texts that are tried; a sentence needs thousands, a name made to be slow any number. */
#define MAX_STEPS 4000000

/* With a plural, the last argument that is a whole number counts. */
typedef struct
{
  const char *text;   /* as core gives it to printf(), but for the lengths of numbers */
  const char *plural; /* or NULL */
} TextRow;

/* Made of the texts of core by po/core-texts.py. */
static const TextRow rows[] = {
#include "core-texts-images.h"
#include "core-texts-media.h"
};

/* What is looked for: a text, or its plural. */
typedef struct
{
  const TextRow *row;
  const char *format;
  gsize n_literal; /* bytes that are no conversion */
} Pattern;

/* In the order in which they are tried: what says most of itself fits best. */
static Pattern patterns[2 * G_N_ELEMENTS (rows)];
static guint n_patterns;

typedef struct
{
  const char *start;
  const char *end;
  gboolean is_number;
  gboolean is_name; /* stands in quotation marks */
} Argument;

/* One call of kl_core_text_translate(). */
typedef struct
{
  guint depth; /* sentences around this one */
  guint steps; /* that are left of MAX_STEPS */
} Search;

typedef struct
{
  Search *search;
  gboolean strict; /* names hold no quotation marks */
  Argument arguments[MAX_ARGUMENTS];
  guint n_arguments;
  const char *rest; /* the sentence behind it, or "" */
} Match;

/* @at: behind a percent sign. Returns the letter that ends the conversion. */
static const char *
skip_conversion (const char *at)
{
  return at + strspn (at, "0123456789.$");
}

static void
add_pattern (const TextRow *row, const char *format)
{
  Pattern *pattern = &patterns[n_patterns++];

  *pattern = (Pattern){ row, format, strlen (format) };
  for (const char *at = strchr (format, '%'); at != NULL; at = strchr (at + 1, '%'))
    pattern->n_literal -= 2;
}

static int
compare_patterns (const void *a, const void *b)
{
  const Pattern *first = a, *second = b;

  if (first->n_literal != second->n_literal)
    return first->n_literal > second->n_literal ? -1 : 1;
  return strcmp (first->format, second->format);
}

static void
make_patterns (void)
{
  static gsize made = 0;

  if (!g_once_init_enter (&made))
    return;
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      add_pattern (&rows[i], rows[i].text);
      if (rows[i].plural != NULL)
        add_pattern (&rows[i], rows[i].plural);
    }
  qsort (patterns, n_patterns, sizeof *patterns, compare_patterns);
  g_once_init_leave (&made, 1);
}

/* @last: what the format ends with. A full stop is put behind a sentence that has none of its own,
 * and another sentence may follow. */
static gboolean
match_end (char last, const char *text, Match *match)
{
  if (last != '.' && last != '%' && *text == '.' && (text[1] == ' ' || text[1] == '\0'))
    match->rest = text;
  else if (*text == '\0' || (last == '.' && *text == ' ' && text[1] != '\0'))
    match->rest = text;
  else
    return FALSE;
  return TRUE;
}

/* @format: what is left of it, behind @last. The shortest argument that fits is taken. */
static gboolean
match_rest (char last, const char *format, const char *text, guint n, Match *match)
{
  Argument *argument;
  const char *behind;
  const char *end = text;

  for (; *format != '\0' && *format != '%'; last = *format++)
    if (*format != *text++)
      return FALSE;
  if (*format == '\0')
    {
      match->n_arguments = n;
      return match_end (last, text, match);
    }
  if (n == MAX_ARGUMENTS)
    return FALSE;

  argument = &match->arguments[n];
  behind = format + 2;
  end = text;
  *argument = (Argument){ text, text, format[1] != 's', FALSE };
  if (argument->is_number)
    {
      end += *end == '-';
      argument->end = end + strspn (end, "0123456789");
      return argument->end > end && match_rest ('%', behind, argument->end, n + 1, match);
    }

  /* The last byte of the opening mark; no other character of a text ends so before a conversion. */
  argument->is_name = last == '\x9c' && g_str_has_prefix (behind, "”");
  for (; match->search->steps > 0; end++, match->search->steps--)
    {
      argument->end = end;
      if ((*end == *behind || *behind == '%' || *behind == '\0')
          && match_rest ('%', behind, end, n + 1, match))
        return TRUE;
      if (*end == '\0'
          || (match->strict && argument->is_name
              && (g_str_has_prefix (end, "”") || g_str_has_prefix (end, "“"))
              && !g_str_has_prefix (end, BETWEEN_NAMES)))
        return FALSE;
      if (g_str_has_prefix (end, BETWEEN_NAMES))
        end += strlen (BETWEEN_NAMES) - 1;
    }
  return FALSE;
}

static const Pattern *
find_pattern (const char *text, Match *match)
{
  for (match->strict = TRUE;; match->strict = FALSE)
    {
      for (guint i = 0; i < n_patterns; i++)
        if (match_rest ('\0', patterns[i].format, text, 0, match))
          return &patterns[i];
      if (!match->strict)
        return NULL;
    }
}

static char *translate (const char *text, Search *search);

/* Of a list, what has a translation; %NULL where nothing has. */
static char *
translate_list (const char *text, Search *search)
{
  g_auto (GStrv) items = g_strsplit (text, ", ", -1);
  gboolean any = FALSE;

  for (guint i = 0; items[0] != NULL && items[1] != NULL && items[i] != NULL; i++)
    {
      char *item = translate (items[i], search);

      if (item == NULL)
        continue;
      g_free (items[i]);
      items[i] = item;
      any = TRUE;
    }
  return any ? g_strjoinv (", ", items) : NULL;
}

/* @list: of names, with the first and the last quotation mark or without. Returns %NULL for
 * anything else. */
static char *
translate_names (const char *list)
{
  const gboolean is_marked = g_str_has_prefix (list, "“") && g_str_has_suffix (list, "”");
  const gsize mark = is_marked ? strlen ("“") : 0;
  g_autofree char *bare = g_strndup (list + mark, strlen (list) - 2 * mark);
  g_auto (GStrv) names = g_strsplit (bare, BETWEEN_NAMES, -1);
  /* Translators: two of a list of names. */
  g_auto (GStrv) marks = g_strsplit (C_ ("list of names", "“%s”, “%s”"), "%s", 3);
  g_autofree char *joined = NULL;

  if ((!is_marked && names[1] == NULL) || g_strv_length (marks) != 3)
    return NULL;
  for (guint i = 0; is_marked && names[i] != NULL; i++)
    if (strstr (names[i], "“") != NULL || strstr (names[i], "”") != NULL)
      return NULL;
  joined = g_strjoinv (marks[1], names);
  return is_marked ? g_strconcat (marks[0], joined, marks[2], NULL) : g_steal_pointer (&joined);
}

/* What stands in quotation marks is a name and stays, unless core has given it. */
static char *
translate_name (const char *text)
{
  for (guint i = 0; i < n_patterns; i++)
    if (strcmp (patterns[i].format, text) == 0)
      return g_strdup (g_dgettext (GETTEXT_PACKAGE, text));
  return NULL;
}

/* %NULL for what is no day. The day is the same in all time zones. */
static char *
translate_day (const char *text, const char *format)
{
  g_autoptr (GDateTime) day = NULL;
  g_autofree char *midnight = NULL;

  if (strlen (text) != strlen ("2026-01-31") || text[4] != '-' || text[7] != '-')
    return NULL;
  midnight = g_strconcat (text, "T00:00:00Z", NULL);
  day = g_date_time_new_from_iso8601 (midnight, NULL);
  return day != NULL ? g_date_time_format (day, format) : NULL;
}

/**
 * kl_core_text_dup_day:
 * @text: (nullable): “2026-01-31”, as core writes days and some files do
 * @format: of g_date_time_format()
 *
 * Returns: (transfer full) (nullable): @text itself where it is no day
 */
char *
kl_core_text_dup_day (const char *text, const char *format)
{
  char *day = text != NULL ? translate_day (text, format) : NULL;

  return day != NULL ? day : g_strdup (text);
}

/* Numbers get the separators of the locale, days its order; what core has made a sentence of is
 * translated, too. */
static char *
translate_argument (const Argument *argument, Search *search)
{
  g_autofree char *text = g_strndup (argument->start, (gsize) (argument->end - argument->start));
  char *translated = NULL;

  if (argument->is_number && *text != '-' && strlen (text) < 20)
    return g_strdup_printf ("%'" G_GUINT64_FORMAT, g_ascii_strtoull (text, NULL, 10));
  if (argument->is_name)
    {
      translated = translate_names (text);
      if (translated == NULL)
        translated = translate_name (text);
    }
  else if (!argument->is_number)
    {
      translated = translate_day (text, "%x");
      if (translated == NULL)
        translated = translate (text, search);
      if (translated == NULL)
        translated = translate_names (text);
      if (translated == NULL)
        translated = translate_list (text, search);
    }
  return translated != NULL ? translated : g_steal_pointer (&text);
}

/* @format: a translation; "%2$s" takes the second argument, "%s" the next one. */
static char *
fill (const char *format, char **arguments)
{
  GString *text = g_string_new (NULL);
  guint next = 0;

  for (const char *percent = strchr (format, '%'); percent != NULL; percent = strchr (format, '%'))
    {
      char *end;
      guint64 place = g_ascii_strtoull (percent + 1, &end, 10);
      const guint i = *end == '$' && place > 0 ? (guint) place - 1 : next++;

      g_string_append_len (text, format, percent - format);
      if (i < g_strv_length (arguments))
        {
          g_autofree char *argument = kl_bidi_isolate (arguments[i]);

          g_string_append (text, argument);
        }
      format = skip_conversion (percent + 1) + 1;
    }
  g_string_append (text, format);
  return g_string_free (text, FALSE);
}

static char *
translate_sentence (const Pattern *pattern, const Match *match, Search *search)
{
  const TextRow *row = pattern->row;
  g_autoptr (GPtrArray) arguments = g_ptr_array_new_with_free_func (g_free);
  gulong n = 0;

  search->depth++;
  for (guint i = 0; i < match->n_arguments; i++)
    {
      const Argument *argument = &match->arguments[i];

      g_ptr_array_add (arguments, translate_argument (argument, search));
      if (argument->is_number)
        n = strtoul (argument->start, NULL, 10);
    }
  search->depth--;
  g_ptr_array_add (arguments, NULL);

  return fill (row->plural != NULL ? g_dngettext (GETTEXT_PACKAGE, row->text, row->plural, n)
                                   : g_dgettext (GETTEXT_PACKAGE, row->text),
               (char **) arguments->pdata);
}

/* Returns: (nullable): %NULL where there is no row for it */
static char *
translate (const char *text, Search *search)
{
  Match match = { .search = search };
  const Pattern *pattern = search->depth < MAX_DEPTH ? find_pattern (text, &match) : NULL;
  g_autofree char *sentence = NULL;
  g_autofree char *more = NULL;
  const char *rest = match.rest;
  const char *stop = "";

  if (pattern == NULL)
    return NULL;

  sentence = translate_sentence (pattern, &match, search);
  if (*rest == '.')
    {
      /* Translators: the full stop, put behind a sentence that has none. */
      stop = C_ ("end of a sentence", ".");
      rest++;
    }
  if (*rest == '\0')
    return g_strconcat (sentence, stop, NULL);
  more = translate (rest + 1, search);
  return g_strconcat (sentence, stop, " ", more != NULL ? more : rest + 1, NULL);
}

/**
 * kl_core_text_translate:
 * @text: a step, reason, warning, finding or message of an error that core has made, just now or
 *   when it wrote it to a file
 *
 * Numbers and days in it come as the locale writes them. Any thread.
 *
 * Returns: (transfer full): it in the user's language; as it is where there is no translation
 */
char *
kl_core_text_translate (const char *text)
{
  Search search = { .steps = MAX_STEPS };
  char *translated;

  g_return_val_if_fail (text != NULL, NULL);

  /* Names of files may be anything. */
  if (!g_utf8_validate (text, -1, NULL))
    return g_utf8_make_valid (text, -1);
  make_patterns ();
  translated = translate (text, &search);
  return translated != NULL ? translated : g_strdup (text);
}
