/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-variables"

#include "crypto/variables.h"

#include <string.h>

#include "base/error.h"
#include "crypto/variables-xml.h"

#define PROLOG "<?xml version=\"1.0\"?>"

typedef struct
{
  char *name;      /* owned */
  KlSecret *value; /* owned */
} Variable;

struct _KlVariables
{
  gatomicrefcount references;
  GPtrArray *list; /* of Variable; owned */
};

static void
variable_free (gpointer data)
{
  Variable *variable = data;

  g_free (variable->name);
  kl_secret_unref (variable->value);
  g_free (variable);
}

KlVariables *
kl_variables_new (void)
{
  KlVariables *self = g_new0 (KlVariables, 1);

  g_atomic_ref_count_init (&self->references);
  self->list = g_ptr_array_new_with_free_func (variable_free);
  return self;
}

KlVariables *
kl_variables_ref (KlVariables *self)
{
  g_atomic_ref_count_inc (&self->references);
  return self;
}

void
kl_variables_unref (KlVariables *self)
{
  if (!g_atomic_ref_count_dec (&self->references))
    return;

  g_ptr_array_unref (self->list);
  g_free (self);
}

/**
 * kl_variables_append:
 * @value: text that is no secret
 */
void
kl_variables_append (KlVariables *self, const char *name, const char *value)
{
  g_autoptr (KlSecret) secret = kl_secret_new_text (value);

  kl_variables_append_secret (self, name, secret);
}

void
kl_variables_append_secret (KlVariables *self, const char *name, KlSecret *value)
{
  Variable *variable = g_new (Variable, 1);

  variable->name = g_strdup (name);
  variable->value = kl_secret_ref (value);
  g_ptr_array_add (self->list, variable);
}

/**
 * kl_variables_append_hex:
 *
 * Appends bytes as hex digits in upper case (media-formats.md 1.4).
 */
void
kl_variables_append_hex (KlVariables *self, const char *name, const void *data, gsize length)
{
  static const char digits[] = "0123456789ABCDEF";
  g_autoptr (KlSecret) hex = kl_secret_new_sized (length * 2);
  guint8 *at = kl_secret_get_buffer (hex);
  const guint8 *bytes = data;

  for (gsize i = 0; i < length; i++)
    {
      *at++ = (guint8) digits[bytes[i] >> 4];
      *at++ = (guint8) digits[bytes[i] & 15];
    }

  kl_variables_append_secret (self, name, hex);
}

guint
kl_variables_get_length (KlVariables *self)
{
  return self->list->len;
}

const char *
kl_variables_get_name (KlVariables *self, guint position)
{
  return ((Variable *) g_ptr_array_index (self->list, position))->name;
}

/**
 * kl_variables_get_value:
 *
 * Returns: (transfer none): the value as UTF-8 text
 */
KlSecret *
kl_variables_get_value (KlVariables *self, guint position)
{
  return ((Variable *) g_ptr_array_index (self->list, position))->value;
}

/**
 * kl_variables_find:
 * @name: compared without the case of ASCII letters, as task sequences do
 *
 * Returns: (transfer none) (nullable): the value of the first variable of that name
 */
KlSecret *
kl_variables_find (KlVariables *self, const char *name)
{
  for (guint i = 0; i < self->list->len; i++)
    if (g_ascii_strcasecmp (kl_variables_get_name (self, i), name) == 0)
      return kl_variables_get_value (self, i);

  return NULL;
}

/* Char of XML 1.0, 2.2. */
static gboolean
is_xml_character (gunichar character)
{
  return character == '\t' || character == '\n' || character == '\r'
         || (character >= 0x20 && character <= 0xd7ff)
         || (character >= 0xe000 && character <= 0xfffd) || character >= 0x10000;
}

/* 0 where all may be in XML; else the first that may not. */
static gboolean
is_xml_text (const char *text, gunichar *forbidden)
{
  for (; *text != '\0'; text = g_utf8_next_char (text))
    if (!is_xml_character (g_utf8_get_char (text)))
      {
        *forbidden = g_utf8_get_char (text);
        return FALSE;
      }

  return TRUE;
}

static gboolean
check_own_name (const char *name, GError **error)
{
  if (name == NULL || name[0] == '\0' || !g_utf8_validate (name, -1, NULL))
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                   "A media variable has no name, or one that is not UTF-8 text");
      return FALSE;
    }
  if (name[0] == '_')
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                   "The media variable “%s” cannot be set: names that begin with _ are reserved",
                   name);
      return FALSE;
    }
  if (g_utf8_strlen (name, -1) > KL_VARIABLE_NAME_MAX)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                   "The name of a media variable has %ld characters; at most %d are possible",
                   g_utf8_strlen (name, -1), KL_VARIABLE_NAME_MAX);
      return FALSE;
    }

  for (const char *at = name; *at != '\0'; at = g_utf8_next_char (at))
    if (!g_unichar_isalnum (g_utf8_get_char (at)) && strchr ("_-.", *at) == NULL)
      {
        g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                     "The name of a media variable may hold letters, digits, _, - and . only, not "
                     "U+%04X",
                     g_utf8_get_char (at));
        return FALSE;
      }

  return TRUE;
}

/**
 * kl_variable_check_own:
 * @name: (nullable): the name that a person gave
 * @value: its value, UTF-8
 *
 * Names that begin with _ are reserved, the site's SMSTSMP and SMSTSLocationMPs too; characters
 * that XML forbids and lengths out of bounds are refused (media-formats.md 1.4). Messages tell the
 * name and never the value.
 *
 * Errors: KL_ERROR_INVALID_ARGUMENT. Any thread.
 */
gboolean
kl_variable_check_own (const char *name, KlSecret *value, GError **error)
{
  const char *text = kl_secret_get_text (value);
  gunichar forbidden = 0;

  if (!check_own_name (name, error))
    return FALSE;
  if (g_ascii_strcasecmp (name, "SMSTSMP") == 0
      || g_ascii_strcasecmp (name, "SMSTSLocationMPs") == 0)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                   "The media variable “%s” comes from the site profile", name);
      return FALSE;
    }
  if (kl_secret_get_length (value) > KL_VARIABLE_VALUE_MAX)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                   "The value of “%s” has %" G_GSIZE_FORMAT " bytes; at most %d are possible", name,
                   kl_secret_get_length (value), KL_VARIABLE_VALUE_MAX);
      return FALSE;
    }
  if (strlen (text) != kl_secret_get_length (value)
      || !g_utf8_validate (text, (gssize) kl_secret_get_length (value), NULL)
      || !is_xml_text (text, &forbidden))
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                   "The value of “%s” holds a character that XML cannot carry (U+%04X)", name,
                   forbidden);
      return FALSE;
    }

  return TRUE;
}

/* Writes to @to unless it is NULL; the length in either case. */
static gsize
put (guint8 *to, gsize at, const char *text, gsize length)
{
  if (to != NULL)
    memcpy (to + at, text, length);
  return length;
}

/* A carriage return would come back as a line feed: every XML reader folds line ends. */
static gsize
put_escaped (guint8 *to, gsize at, const char *text)
{
  const gsize start = at;

  for (; *text != '\0'; text++)
    switch (*text)
      {
      case '&':
        at += put (to, at, "&amp;", 5);
        break;
      case '<':
        at += put (to, at, "&lt;", 4);
        break;
      case '>':
        at += put (to, at, "&gt;", 4);
        break;
      case '"':
        at += put (to, at, "&quot;", 6);
        break;
      case '\r':
        at += put (to, at, "&#13;", 5);
        break;
      default:
        at += put (to, at, text, 1);
      }

  return at - start;
}

static gsize
put_document (KlVariables *self, guint8 *to)
{
  gsize at = put (to, 0, PROLOG "<MediaVarList>", strlen (PROLOG "<MediaVarList>"));

  for (guint i = 0; i < self->list->len; i++)
    {
      at += put (to, at, "<var name=\"", 11);
      at += put_escaped (to, at, kl_variables_get_name (self, i));
      at += put (to, at, "\">", 2);
      at += put_escaped (to, at, kl_secret_get_text (kl_variables_get_value (self, i)));
      at += put (to, at, "</var>", 6);
    }

  return at + put (to, at, "</MediaVarList>", 15);
}

/**
 * kl_variables_to_xml:
 *
 * Returns: (transfer full): the document in UTF-8, without a NUL of its own
 */
KlSecret *
kl_variables_to_xml (KlVariables *self)
{
  KlSecret *xml = kl_secret_new_sized (put_document (self, NULL));

  put_document (self, kl_secret_get_buffer (xml));
  return xml;
}

/**
 * kl_variables_parse_xml:
 * @xml: the document in UTF-8; from outside
 *
 * CDATA, comments, any attributes and a missing prolog are accepted; a document type is not.
 *
 * Errors: KL_ERROR_FORMAT, with the place and never with a value. Any thread.
 *
 * Returns: (transfer full) (nullable): the variables in the order of the document
 */
KlVariables *
kl_variables_parse_xml (KlSecret *xml, GError **error)
{
  g_autoptr (KlVariables) self = kl_variables_new ();

  if (!kl_variables_xml_read (xml, self, error))
    return NULL;

  return g_steal_pointer (&self);
}

/**
 * kl_variables_to_plaintext:
 *
 * Returns: (transfer full): what is sealed: UTF-16LE without BOM, one NUL behind it
 */
KlSecret *
kl_variables_to_plaintext (KlVariables *self)
{
  g_autoptr (KlSecret) xml = kl_variables_to_xml (self);
  g_autoptr (KlSecret) wide = kl_secret_new_utf16 (xml);
  const gsize length = kl_secret_get_length (wide);
  KlSecret *plaintext = kl_secret_new_sized (length + 2);

  memcpy (kl_secret_get_buffer (plaintext), kl_secret_get_data (wide), length);
  return plaintext;
}

/**
 * kl_variables_parse_plaintext:
 * @plaintext: what was unsealed
 *
 * Cuts at the last NUL and strips U+FEFF and U+FFFF at both ends (media-formats.md 1.4).
 *
 * Errors: KL_ERROR_FORMAT.
 */
KlVariables *
kl_variables_parse_plaintext (KlSecret *plaintext, GError **error)
{
  const guint8 *data = kl_secret_get_data (plaintext);
  gsize start = 0;
  gsize end = kl_secret_get_length (plaintext) / 2 * 2;
  g_autoptr (KlSecret) xml = NULL;

  for (gsize at = end; at >= 2; at -= 2)
    if (data[at - 2] == 0 && data[at - 1] == 0)
      {
        end = at - 2;
        break;
      }

  while (end - start >= 2 && data[start + 1] == 0xff && data[start] >= 0xfe)
    start += 2;
  while (end - start >= 2 && data[start] == 0xff && data[start + 1] == 0xfe)
    start += 2;
  while (end - start >= 2 && data[end - 1] >= 0xfe && data[end - 2] == 0xff)
    end -= 2;

  xml = kl_secret_new_from_utf16 (data + start, end - start, error);
  return xml != NULL ? kl_variables_parse_xml (xml, error) : NULL;
}
