/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-ini-text"

#include "edit/ini-text.h"

#include <string.h>

#include "base/error.h"

/* Nobody means a mark that follows the first one, and written again it would become the first. */
static void
strip_marks (char *text)
{
  gsize skip = 0;

  while (g_str_has_prefix (text + skip, "\xef\xbb\xbf"))
    skip += 3;
  memmove (text, text + skip, strlen (text + skip) + 1);
}

static char *
decode (GBytes *content, const char *name, GError **error)
{
  gsize size;
  const char *data = g_bytes_get_data (content, &size);
  const char *encoding = NULL;
  g_autoptr (GError) failure = NULL;
  char *text;

  if (size >= 2 && memcmp (data, "\xff\xfe", 2) == 0)
    encoding = "UTF-16LE";
  else if (size >= 2 && memcmp (data, "\xfe\xff", 2) == 0)
    encoding = "UTF-16BE";
  else if (size >= 3 && memcmp (data, "\xef\xbb\xbf", 3) == 0)
    /* What is no UTF-8 behind that mark must not become a mark of another kind. */
    return g_utf8_make_valid (data + 3, (gssize) strnlen (data + 3, size - 3));
  if (encoding == NULL)
    return g_strndup (size > 0 ? data : "", size);

  text = g_convert (data + 2, (gssize) size - 2, "UTF-8", encoding, NULL, NULL, &failure);
  if (text == NULL)
    g_set_error (error, KL_ERROR, KL_ERROR_FORMAT, "“%s” in the image cannot be read: %s", name,
                 failure->message);
  return text;
}

/**
 * kl_ini_text_new:
 * @content: (nullable): %NULL for an empty file
 * @name: for messages
 *
 * Errors: KL_ERROR_FORMAT for broken UTF-16.
 */
KlIniText *
kl_ini_text_new (GBytes *content, const char *name, GError **error)
{
  g_autofree char *text = content != NULL ? decode (content, name, error) : g_strdup ("");
  g_auto (GStrv) lines = NULL;
  KlIniText *self;
  guint n;

  if (text == NULL)
    return NULL;

  strip_marks (text);
  /* Old files may end in Ctrl-Z. */
  g_strdelimit (text, "\x1a", '\0');
  lines = g_strsplit (text, "\n", -1);
  n = g_strv_length (lines);
  if (n > 0 && *lines[n - 1] == '\0')
    n--;

  self = g_new0 (KlIniText, 1);
  self->lines = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < n; i++)
    {
      gsize length = strlen (lines[i]);

      if (length > 0 && lines[i][length - 1] == '\r')
        length--;
      g_ptr_array_add (self->lines, g_strndup (lines[i], length));
    }
  return self;
}

void
kl_ini_text_free (KlIniText *self)
{
  if (self == NULL)
    return;

  g_ptr_array_unref (self->lines);
  g_free (self);
}

GBytes *
kl_ini_text_to_bytes (KlIniText *self)
{
  GString *text = g_string_new (NULL);
  gsize length;

  for (guint i = 0; i < self->lines->len; i++)
    {
      g_string_append (text, self->lines->pdata[i]);
      g_string_append (text, "\r\n");
    }

  length = text->len;
  return g_bytes_new_take (g_string_free (text, FALSE), length);
}

static gboolean
is_section (const char *line, const char *section)
{
  g_autofree char *wanted = section != NULL ? g_strdup_printf ("[%s]", section) : NULL;
  g_autofree char *stripped = g_strstrip (g_strdup (line));

  if (section == NULL)
    return *stripped == '[';
  return g_ascii_strcasecmp (stripped, wanted) == 0;
}

/**
 * kl_ini_text_find_section:
 * @first: (out): position of its first line behind the heading
 * @end: (out): behind its last line
 */
gboolean
kl_ini_text_find_section (KlIniText *self, const char *section, guint *first, guint *end)
{
  for (guint i = 0; i < self->lines->len; i++)
    if (is_section (self->lines->pdata[i], section))
      {
        guint last = i + 1;

        while (last < self->lines->len && !is_section (self->lines->pdata[last], NULL))
          last++;
        *first = i + 1;
        *end = last;
        return TRUE;
      }
  return FALSE;
}

/* Whether any line holds a word, whatever its case. */
gboolean
kl_ini_text_mentions (KlIniText *self, const char *word)
{
  g_autofree char *wanted = g_ascii_strdown (word, -1);

  for (guint i = 0; i < self->lines->len; i++)
    {
      g_autofree char *line = g_ascii_strdown (self->lines->pdata[i], -1);

      if (strstr (line, wanted) != NULL)
        return TRUE;
    }
  return FALSE;
}

void
kl_ini_text_insert (KlIniText *self, guint position, const char *line)
{
  g_ptr_array_insert (self->lines, (int) position, g_strdup (line));
}

/* What stands behind "key=" in a line; NULL for another line. */
static const char *
find_value (const char *line, const char *key)
{
  gsize length = strlen (key);

  while (g_ascii_isspace (*line))
    line++;
  if (g_ascii_strncasecmp (line, key, length) != 0)
    return NULL;
  line += length;
  while (g_ascii_isspace (*line))
    line++;
  return *line == '=' ? line + 1 : NULL;
}

/**
 * kl_ini_text_set:
 *
 * Sets the first line of a key; adds the line, and the section, where they lack.
 */
void
kl_ini_text_set (KlIniText *self, const char *section, const char *key, const char *value)
{
  g_autofree char *line = g_strdup_printf ("%s=%s", key, value);
  g_autofree char *heading = g_strdup_printf ("[%s]", section);
  guint first, end;

  if (!kl_ini_text_find_section (self, section, &first, &end))
    {
      kl_ini_text_insert (self, self->lines->len, heading);
      kl_ini_text_insert (self, self->lines->len, line);
      return;
    }

  for (guint i = first; i < end; i++)
    if (find_value (self->lines->pdata[i], key) != NULL)
      {
        g_free (self->lines->pdata[i]);
        self->lines->pdata[i] = g_steal_pointer (&line);
        return;
      }

  /* Before the blank lines that divide it from the next section. */
  while (end > first && *(const char *) self->lines->pdata[end - 1] == '\0')
    end--;
  kl_ini_text_insert (self, end, line);
}
