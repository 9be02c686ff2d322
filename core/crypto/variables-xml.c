/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A reader of its own rather than GLib's: GMarkup keeps copies of the text in memory that it frees
 * without wiping, and these texts are passwords and keys. The grammar is small: one root, one level
 * of children, text, CDATA, comments and references.
 */
#define G_LOG_DOMAIN "kl-variables-xml"

#include "crypto/variables-xml.h"

#include <string.h>

#include "base/error.h"

#define ROOT "MediaVarList"
#define CHILD "var"
#define XML_NAME_MAX 64   /* bytes of an element's or attribute's name */
#define ATTRIBUTES_MAX 16 /* of one element */
#define REFERENCE_MAX 12  /* bytes between & and ; */

typedef struct
{
  const char *start; /* borrowed from the document */
  const char *at;
  const char *end;
} Reader;

typedef struct
{
  char name[XML_NAME_MAX + 1];
  KlSecret *variable; /* owned; the attribute "name", or NULL */
  gboolean empty;     /* <x/> */
} Element;

static gboolean
fail (const Reader *reader, GError **error, const char *what)
{
  g_set_error (error, KL_ERROR, KL_ERROR_FORMAT,
               "The media variables are no XML list: %s at byte %" G_GSIZE_FORMAT
               " of %" G_GSIZE_FORMAT,
               what, (gsize) (reader->at - reader->start), (gsize) (reader->end - reader->start));
  return FALSE;
}

static gboolean
looking_at (const Reader *reader, const char *text)
{
  const gsize length = strlen (text);

  return (gsize) (reader->end - reader->at) >= length && memcmp (reader->at, text, length) == 0;
}

static void
skip_space (Reader *reader)
{
  while (reader->at < reader->end && strchr (" \t\r\n", *reader->at) != NULL && *reader->at != '\0')
    reader->at++;
}

/* Past the next @mark; FALSE where there is none. */
static gboolean
skip_past (Reader *reader, const char *mark)
{
  const char *found = memmem (reader->at, (gsize) (reader->end - reader->at), mark, strlen (mark));

  if (found == NULL)
    return FALSE;
  reader->at = found + strlen (mark);
  return TRUE;
}

/* White space, comments, processing instructions and the prolog. */
static gboolean
skip_misc (Reader *reader, GError **error)
{
  for (;;)
    {
      skip_space (reader);
      if (looking_at (reader, "<?"))
        {
          if (!skip_past (reader, "?>"))
            return fail (reader, error, "an instruction without end");
        }
      else if (looking_at (reader, "<!--"))
        {
          if (!skip_past (reader, "-->"))
            return fail (reader, error, "a comment without end");
        }
      else
        return TRUE;
    }
}

static gboolean
read_name (Reader *reader, char name[XML_NAME_MAX + 1], GError **error)
{
  gsize length = 0;

  while (reader->at < reader->end && length < XML_NAME_MAX
         && (g_ascii_isalnum (*reader->at) || strchr ("_-.:", *reader->at) != NULL)
         && *reader->at != '\0')
    name[length++] = *reader->at++;

  name[length] = '\0';
  return length > 0 || fail (reader, error, "a missing name");
}

static gboolean
parse_reference (const char *text, gunichar *character)
{
  static const struct
  {
    const char *name;
    char character;
  } named[] = { { "amp", '&' }, { "lt", '<' }, { "gt", '>' }, { "quot", '"' }, { "apos", '\'' } };
  guint64 number;

  for (guint i = 0; i < G_N_ELEMENTS (named); i++)
    if (g_str_equal (text, named[i].name))
      {
        *character = (gunichar) named[i].character;
        return TRUE;
      }

  if (text[0] != '#')
    return FALSE;
  if (!(text[1] == 'x' ? g_ascii_string_to_unsigned (text + 2, 16, 1, 0x10ffff, &number, NULL)
                       : g_ascii_string_to_unsigned (text + 1, 10, 1, 0x10ffff, &number, NULL)))
    return FALSE;

  *character = (gunichar) number;
  return g_unichar_validate (*character)
         && (number >= 0x20 || strchr ("\t\n\r", (int) number) != NULL) && number != 0xfffe
         && number != 0xffff;
}

/* A reference is never longer in UTF-8 than it is in the document. */
static gboolean
read_reference (Reader *reader, guint8 *to, gsize *used, GError **error)
{
  const char *semicolon
      = memchr (reader->at, ';', MIN ((gsize) (reader->end - reader->at), REFERENCE_MAX + 2));
  char text[REFERENCE_MAX + 2];
  gunichar character;
  gsize length;

  if (semicolon == NULL)
    return fail (reader, error, "an & without reference");

  length = (gsize) (semicolon - reader->at) - 1;
  memcpy (text, reader->at + 1, length);
  text[length] = '\0';
  if (!parse_reference (text, &character))
    return fail (reader, error, "an unknown reference");

  *used += (gsize) g_unichar_to_utf8 (character, (char *) to + *used);
  reader->at = semicolon + 1;
  return TRUE;
}

/* One character of text; line ends are folded as XML demands (2.11). */
static gboolean
read_character (Reader *reader, guint8 *to, gsize *used, GError **error)
{
  const guint8 byte = (guint8) *reader->at;

  if (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r')
    return fail (reader, error, "a forbidden character");

  reader->at++;
  if (byte == '\r')
    {
      if (reader->at == reader->end || *reader->at != '\n')
        to[(*used)++] = '\n';
    }
  else
    to[(*used)++] = byte;
  return TRUE;
}

/* The text up to the byte @stop (a quote or <), unescaped. */
static KlSecret *
read_text (Reader *reader, char stop, GError **error)
{
  g_autoptr (KlSecret) text = NULL;
  const char *stopped = memchr (reader->at, stop, (gsize) (reader->end - reader->at));
  gsize used = 0;
  guint8 *to;

  if (stopped == NULL)
    {
      fail (reader, error, "a text without end");
      return NULL;
    }

  text = kl_secret_new_sized ((gsize) (stopped - reader->at));
  to = kl_secret_get_buffer (text);
  while (reader->at < stopped)
    if (*reader->at == '&' ? !read_reference (reader, to, &used, error)
                           : !read_character (reader, to, &used, error))
      return NULL;

  kl_secret_truncate (text, used);
  return g_steal_pointer (&text);
}

static gboolean
read_attribute (Reader *reader, Element *element, GError **error)
{
  char name[XML_NAME_MAX + 1];
  g_autoptr (KlSecret) value = NULL;
  char quote;

  if (!read_name (reader, name, error))
    return FALSE;
  skip_space (reader);
  if (!looking_at (reader, "="))
    return fail (reader, error, "an attribute without value");
  reader->at++;
  skip_space (reader);
  if (!looking_at (reader, "\"") && !looking_at (reader, "'"))
    return fail (reader, error, "an attribute without quotes");

  quote = *reader->at++;
  value = read_text (reader, quote, error);
  if (value == NULL)
    return FALSE;
  reader->at++;

  if (g_str_equal (name, "name"))
    {
      if (element->variable != NULL)
        return fail (reader, error, "an attribute given twice");
      element->variable = g_steal_pointer (&value);
    }
  return TRUE;
}

static gboolean
read_start_tag (Reader *reader, Element *element, GError **error)
{
  if (!looking_at (reader, "<") || looking_at (reader, "<!"))
    return fail (reader, error, "something other than an element");
  reader->at++;
  if (!read_name (reader, element->name, error))
    return FALSE;

  for (guint n = 0;; n++)
    {
      skip_space (reader);
      element->empty = looking_at (reader, "/>");
      if (element->empty || looking_at (reader, ">"))
        {
          reader->at += element->empty ? 2 : 1;
          return TRUE;
        }
      if (n == ATTRIBUTES_MAX)
        return fail (reader, error, "too many attributes");
      if (!read_attribute (reader, element, error))
        return FALSE;
    }
}

static gboolean
read_end_tag (Reader *reader, const char *name, GError **error)
{
  char found[XML_NAME_MAX + 1];

  if (!looking_at (reader, "</"))
    return fail (reader, error, "an element that does not end");
  reader->at += 2;
  if (!read_name (reader, found, error))
    return FALSE;
  skip_space (reader);
  if (!g_str_equal (found, name) || !looking_at (reader, ">"))
    return fail (reader, error, "an end that does not fit");

  reader->at++;
  return TRUE;
}

static KlSecret *
read_cdata (Reader *reader, GError **error)
{
  g_autoptr (KlSecret) text = NULL;
  Reader inner = *reader;
  gsize used = 0;

  inner.at = reader->at + strlen ("<![CDATA[");
  reader->at = inner.at;
  if (!skip_past (reader, "]]>"))
    {
      fail (reader, error, "a CDATA section without end");
      return NULL;
    }

  inner.end = reader->at - strlen ("]]>");
  text = kl_secret_new_sized ((gsize) (inner.end - inner.at));
  while (inner.at < inner.end)
    if (!read_character (&inner, kl_secret_get_buffer (text), &used, error))
      return NULL;

  kl_secret_truncate (text, used);
  return g_steal_pointer (&text);
}

static void
append_text (KlSecret **value, KlSecret *more)
{
  const gsize length = kl_secret_get_length (*value);
  KlSecret *joined;

  if (kl_secret_get_length (more) == 0)
    return;
  if (length == 0)
    joined = kl_secret_ref (more);
  else
    {
      joined = kl_secret_new_sized (length + kl_secret_get_length (more));
      memcpy (kl_secret_get_buffer (joined), kl_secret_get_data (*value), length);
      memcpy (kl_secret_get_buffer (joined) + length, kl_secret_get_data (more),
              kl_secret_get_length (more));
    }

  kl_secret_unref (*value);
  *value = joined;
}

/* Text, CDATA and comments up to the end tag. Joining copies, so the number of pieces is bounded.
 */
static KlSecret *
read_content (Reader *reader, GError **error)
{
  g_autoptr (KlSecret) value = kl_secret_new_sized (0);

  for (guint piece = 0; piece < 64; piece++)
    {
      g_autoptr (KlSecret) more = NULL;

      if (looking_at (reader, "</"))
        return g_steal_pointer (&value);
      if (looking_at (reader, "<!--"))
        {
          if (!skip_past (reader, "-->"))
            {
              fail (reader, error, "a comment without end");
              return NULL;
            }
          continue;
        }

      if (looking_at (reader, "<![CDATA["))
        more = read_cdata (reader, error);
      else if (looking_at (reader, "<"))
        fail (reader, error, "an element inside a value");
      else
        more = read_text (reader, '<', error);
      if (more == NULL)
        return NULL;
      append_text (&value, more);
    }

  fail (reader, error, "a value of too many pieces");
  return NULL;
}

static gboolean
read_variable (Reader *reader, KlVariables *variables, GError **error)
{
  Element element = { 0 };
  g_autoptr (KlSecret) name = NULL;
  g_autoptr (KlSecret) value = NULL;
  gboolean ok = read_start_tag (reader, &element, error);

  name = g_steal_pointer (&element.variable);
  if (!ok)
    return FALSE;
  if (!g_str_equal (element.name, CHILD))
    return fail (reader, error, "an element that is no variable");
  if (kl_secret_is_empty (name))
    return fail (reader, error, "a variable without name");
  if (kl_variables_get_length (variables) == KL_VARIABLES_MAX)
    return fail (reader, error, "too many variables");

  value = element.empty ? kl_secret_new_sized (0) : read_content (reader, error);
  if (value == NULL || (!element.empty && !read_end_tag (reader, CHILD, error)))
    return FALSE;

  kl_variables_append_secret (variables, kl_secret_get_text (name), value);
  return TRUE;
}

static gboolean
read_document (Reader *reader, KlVariables *variables, GError **error)
{
  Element root = { 0 };
  gboolean ok = skip_misc (reader, error) && read_start_tag (reader, &root, error);

  g_clear_pointer (&root.variable, kl_secret_unref);
  if (!ok)
    return FALSE;
  if (!g_str_equal (root.name, ROOT))
    return fail (reader, error, "a root other than MediaVarList");

  for (;;)
    {
      if (root.empty)
        break;
      if (!skip_misc (reader, error))
        return FALSE;
      if (looking_at (reader, "</"))
        {
          if (!read_end_tag (reader, ROOT, error))
            return FALSE;
          break;
        }
      if (!read_variable (reader, variables, error))
        return FALSE;
    }

  return skip_misc (reader, error)
         && (reader->at == reader->end || fail (reader, error, "something behind the list"));
}

gboolean
kl_variables_xml_read (KlSecret *xml, KlVariables *variables, GError **error)
{
  const char *text = kl_secret_get_text (xml);
  Reader reader = { text, text, text + kl_secret_get_length (xml) };

  if (!g_utf8_validate (text, (gssize) kl_secret_get_length (xml), NULL))
    return fail (&reader, error, "text that is not UTF-8");

  return read_document (&reader, variables, error);
}
