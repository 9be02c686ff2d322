/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-plain-ini"

#include "base/plain-ini.h"

#include <string.h>

/* More than any record of ours has; what has more is read by GKeyFile. */
#define MAX_LINES 64

/* Offsets into the text. */
typedef struct
{
  guint16 group;
  guint16 key; /* 0 for the line of the group itself */
  guint16 value;
} Line;

/* Small: larger blocks that come and go between small ones that stay tear the heap to pieces. */
struct _KlPlainIni
{
  char *text; /* owned; lines and keys are cut out in place */
  guint n_lines;
  Line lines[MAX_LINES];
};

/* Most differ in their first letter. */
static inline gboolean
is_same (const char *a, const char *b)
{
  return *a == *b && strcmp (a, b) == 0;
}

static gboolean
is_printable (const char *text, gsize length)
{
  for (gsize i = 0; i < length; i++)
    if (text[i] < ' ' || text[i] > '~' || text[i] == '\\')
      return FALSE;
  return TRUE;
}

static gboolean
is_key (const char *text, gsize length)
{
  for (gsize i = 0; i < length; i++)
    if (!g_ascii_isalnum (text[i]))
      return FALSE;
  /* GKeyFile looks at what is called Encoding. */
  return length > 0 && !(length == 8 && memcmp (text, "Encoding", 8) == 0);
}

/* GKeyFile puts groups of one name together, and of two keys takes the last. */
static gboolean
comes_again (const KlPlainIni *self, const Line *line)
{
  for (guint i = 0; i < self->n_lines; i++)
    {
      const Line *other = &self->lines[i];

      if (line->key == 0
              ? other->key == 0 && is_same (self->text + other->group, self->text + line->group)
              : other->group == line->group && other->key != 0
                    && is_same (self->text + other->key, self->text + line->key))
        return TRUE;
    }
  return FALSE;
}

static gboolean
add_line (KlPlainIni *self, const Line *line)
{
  if (self->n_lines == MAX_LINES || comes_again (self, line))
    return FALSE;

  self->lines[self->n_lines++] = *line;
  return TRUE;
}

static gboolean
read_group (KlPlainIni *self, char *text, gsize length)
{
  if (length < 3 || text[length - 1] != ']' || !is_printable (text, length)
      || strcspn (text + 1, "[]") != length - 2)
    return FALSE;

  text[length - 1] = '\0';
  return add_line (self, &(Line){ .group = (guint16) (text + 1 - self->text) });
}

static gboolean
read_key (KlPlainIni *self, char *text, gsize length)
{
  char *equals = memchr (text, '=', length);
  Line line = { 0 };

  if (equals == NULL || self->n_lines == 0 || !is_key (text, (gsize) (equals - text))
      || !is_printable (equals, length - (gsize) (equals - text)))
    return FALSE;
  /* Spaces at the ends of a value are something of their own. */
  if (equals[1] == ' ' || text[length - 1] == ' ')
    return FALSE;

  line.group = self->lines[self->n_lines - 1].group;
  line.key = (guint16) (text - self->text);
  line.value = (guint16) (equals + 1 - self->text);
  *equals = '\0';
  return add_line (self, &line);
}

static gboolean
read_lines (KlPlainIni *self, char *end)
{
  for (char *at = self->text; at < end;)
    {
      char *stop = memchr (at, '\n', (gsize) (end - at));
      gsize length;

      if (stop == NULL)
        stop = end;
      length = (gsize) (stop - at);
      *stop = '\0';
      if (length > 0 && !(*at == '[' ? read_group (self, at, length) : read_key (self, at, length)))
        return FALSE;
      at = stop + 1;
    }

  return TRUE;
}

/**
 * kl_plain_ini_new:
 * @data: a whole file; it is copied
 *
 * Returns: (transfer full) (nullable): %NULL where the file is not plain: it may be a key file all
 *   the same
 */
KlPlainIni *
kl_plain_ini_new (const char *data, gsize length)
{
  g_autoptr (KlPlainIni) self = NULL;

  if (length > G_MAXUINT16)
    return NULL;

  self = g_new (KlPlainIni, 1);
  self->n_lines = 0;
  self->text = g_malloc (length + 1);
  memcpy (self->text, data, length);
  return read_lines (self, self->text + length) ? g_steal_pointer (&self) : NULL;
}

void
kl_plain_ini_free (KlPlainIni *self)
{
  if (self == NULL)
    return;

  g_free (self->text);
  g_free (self);
}

gboolean
kl_plain_ini_has_group (KlPlainIni *self, const char *group)
{
  for (guint i = 0; i < self->n_lines; i++)
    if (self->lines[i].key == 0 && is_same (self->text + self->lines[i].group, group))
      return TRUE;
  return FALSE;
}

/* Returns: (nullable): the value, of printable ASCII */
const char *
kl_plain_ini_get (KlPlainIni *self, const char *group, const char *key)
{
  for (guint i = 0; i < self->n_lines; i++)
    {
      const Line *line = &self->lines[i];

      if (line->key != 0 && is_same (self->text + line->key, key)
          && is_same (self->text + line->group, group))
        return self->text + line->value;
    }
  return NULL;
}

/**
 * kl_plain_ini_get_line:
 * @n: counted from 0, in the order of the file; empty lines do not count
 * @key: (out): %NULL for the line of the group itself
 * @value: (out): likewise
 *
 * Returns: %FALSE behind the last one
 */
gboolean
kl_plain_ini_get_line (
    KlPlainIni *self, guint n, const char **group, const char **key, const char **value)
{
  const Line *line;

  if (n >= self->n_lines)
    return FALSE;

  line = &self->lines[n];
  *group = self->text + line->group;
  *key = line->key != 0 ? self->text + line->key : NULL;
  *value = line->key != 0 ? self->text + line->value : NULL;
  return TRUE;
}
