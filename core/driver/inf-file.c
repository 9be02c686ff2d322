/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-inf-file"

#include "driver/inf-file.h"

#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file-io.h"

#define ARENA_BLOCK ((gsize) 64 << 10)
#define MAX_EXPANDED_LINE ((gsize) 4 * KL_INF_MAX_LINE) /* bytes: UTF-8 */
#define ENGLISH_STRINGS "strings.0409"

/* Small pieces that are freed together. */
typedef struct
{
  GPtrArray *blocks; /* of bytes, owned */
  guint8 *at;
  gsize left; /* bytes at @at */
} Arena;

/* A line before its tokens are replaced. */
typedef struct
{
  guint section; /* index */
  char *text;    /* in the decoded text, or in the arena for a line that was continued */
  guint number;
} RawLine;

struct _KlInfFile
{
  char *name;          /* for messages */
  char *text;          /* decoded, cut into lines */
  GHashTable *indices; /* section name in lower case → index + 1 */
  GPtrArray *sections; /* by index: GArray of KlInfLine */
  GHashTable *tokens;  /* name in lower case → text; [Strings] and the English one before it */
  Arena arena;
  gsize expanded; /* bytes of keys and values so far */
};

/* What reads a line: position in it and what has been made of it. */
typedef struct
{
  KlInfFile *file;
  const char *at;
  gboolean tokens;   /* replace them */
  GString *out;      /* the value that is being read */
  gsize quoted_to;   /* bytes of @out that stand for quoted text and are not trimmed */
  GPtrArray *values; /* of char *, in the arena */
  gsize expanded;    /* bytes of this line */
} Reader;

static gpointer
arena_take (Arena *arena, gsize size)
{
  gpointer piece;

  size = (size + sizeof (gpointer) - 1) & ~(sizeof (gpointer) - 1);
  if (size > arena->left)
    {
      arena->left = MAX (size, ARENA_BLOCK);
      arena->at = g_malloc (arena->left);
      g_ptr_array_add (arena->blocks, arena->at);
    }

  piece = arena->at;
  arena->at += size;
  arena->left -= size;
  return piece;
}

static char *
arena_text (Arena *arena, const char *text, gsize length)
{
  char *copy = arena_take (arena, length + 1);

  memcpy (copy, text, length);
  copy[length] = '\0';
  return copy;
}

static gboolean
refuse (const KlInfFile *self, guint number, GError **error, const char *why)
{
  if (number > 0)
    g_set_error (error, KL_ERROR, KL_ERROR_FORMAT, "“%s” is not a usable INF file: line %u %s",
                 self->name, number, why);
  else
    g_set_error (error, KL_ERROR, KL_ERROR_FORMAT, "“%s” is not a usable INF file: it %s",
                 self->name, why);
  return FALSE;
}

/* Names are compared without case. Most are ASCII. */
static char *
fold (const char *name, gssize length)
{
  gsize size = length < 0 ? strlen (name) : (gsize) length;

  for (gsize i = 0; i < size; i++)
    if ((guchar) name[i] >= 0x80)
      return g_utf8_strdown (name, (gssize) size);
  return g_ascii_strdown (name, (gssize) size);
}

static gboolean
is_space (char c)
{
  return c == ' ' || c == '\t' || c == '\v' || c == '\f' || c == '\r';
}

/* UTF-16 with its BOM left off; half a pair becomes U+FFFD, an odd byte at the end is dropped. */
static char *
decode_utf16 (const guint8 *bytes, gsize size, gboolean big_endian)
{
  GString *text = g_string_sized_new (size / 2 + 1);

  for (gsize i = 0; i + 1 < size; i += 2)
    {
      gunichar unit = big_endian ? (gunichar) (bytes[i] << 8 | bytes[i + 1])
                                 : (gunichar) (bytes[i + 1] << 8 | bytes[i]);

      if (unit < 0x80)
        {
          g_string_append_c (text, unit == 0 ? ' ' : (char) unit);
          continue;
        }
      if ((unit & 0xfc00) == 0xd800 && i + 3 < size)
        {
          gunichar low = big_endian ? (gunichar) (bytes[i + 2] << 8 | bytes[i + 3])
                                    : (gunichar) (bytes[i + 3] << 8 | bytes[i + 2]);

          if ((low & 0xfc00) == 0xdc00)
            {
              unit = 0x10000 + ((unit & 0x3ff) << 10 | (low & 0x3ff));
              i += 2;
            }
        }
      g_string_append_unichar (text, unit >= 0xd800 && unit < 0xe000 ? 0xfffd : unit);
    }

  return g_string_free (text, FALSE);
}

static char *
decode_cp1252 (const guint8 *bytes, gsize size)
{
  /* 0x80 to 0x9f, from Unicode's mapping table of the code page; 0 where nothing is assigned. */
  static const guint16 upper[32] = {
    0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017d, 0,      0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178,
  };
  GString *text = g_string_sized_new (size + 16);

  for (gsize i = 0; i < size; i++)
    {
      guint8 byte = bytes[i];

      if (byte < 0x80)
        g_string_append_c (text, byte == 0 ? ' ' : (char) byte);
      else if (byte >= 0xa0 || upper[byte - 0x80] == 0)
        g_string_append_unichar (text, byte >= 0xa0 ? byte : 0xfffd);
      else
        g_string_append_unichar (text, upper[byte - 0x80]);
    }

  return g_string_free (text, FALSE);
}

/* BOM, then valid UTF-8, then CP1252 (image-customisation.md 5.3). A NUL, of which some files have
 * strays, becomes a space. */
static void
decode (KlInfFile *self, const guint8 *bytes, gsize size)
{
  if (size >= 2 && (bytes[0] == 0xff || bytes[0] == 0xfe) && bytes[1] == (bytes[0] ^ 1))
    {
      self->text = decode_utf16 (bytes + 2, size - 2, bytes[0] == 0xfe);
      return;
    }

  if (size >= 3 && memcmp (bytes, "\xef\xbb\xbf", 3) == 0)
    {
      bytes += 3;
      size -= 3;
    }
  self->text = g_strndup ("", size);
  for (gsize i = 0; i < size; i++)
    self->text[i] = bytes[i] == 0 ? ' ' : (char) bytes[i];
  if (g_utf8_validate (self->text, (gssize) size, NULL))
    return;

  g_free (self->text);
  self->text = decode_cp1252 (bytes, size);
}

/* The end of "%token%", which hides semicolons and commas in it; NULL for a lone percent sign. */
static const char *
find_token_end (const char *percent)
{
  return strchr (percent + 1, '%');
}

/* Cuts the comment and the space around it off. Says whether the line ends within quotes. */
static gboolean
strip_comment (char *line)
{
  gboolean quoted = FALSE;
  char *end;

  for (end = line; *end != '\0'; end++)
    {
      const char *token_end = NULL;

      if (*end == '"')
        quoted = !quoted;
      else if (*end == ';' && !quoted)
        break;
      else if (*end == '%' && !quoted)
        token_end = find_token_end (end);
      if (token_end != NULL)
        end = line + (token_end - line);
    }

  while (end > line && (is_space (end[-1]) || end[-1] == 0x1a))
    end--;
  *end = '\0';
  return quoted;
}

static gboolean
is_too_long (const char *line)
{
  gsize size = strlen (line);

  return size > KL_INF_MAX_LINE && g_utf8_strlen (line, (gssize) size) > KL_INF_MAX_LINE;
}

/* The next physical line, cut out of the text: NULL at the end. Lone CRs end lines too. */
static char *
next_line (char **text)
{
  char *line = *text;
  gsize length;

  if (line == NULL)
    return NULL;

  length = strcspn (line, "\n\r");
  if (line[length] == '\0')
    *text = NULL;
  else
    {
      *text = line + length + (line[length] == '\r' && line[length + 1] == '\n' ? 2 : 1);
      line[length] = '\0';
    }
  while (is_space (*line))
    line++;
  return line;
}

/* Whether @rest goes on with a line that ends with a backslash. Some INFs end a folder's name with
 * one: before an empty line, before a section, and right behind a name before another entry. */
static gboolean
goes_on (const char *line, gsize length, const char *rest)
{
  gsize next;

  if (rest == NULL || length == 0 || line[length - 1] != '\\')
    return FALSE;
  while (is_space (*rest))
    rest++;
  if (*rest == '\0' || *rest == '\n' || *rest == '[')
    return FALSE;

  next = strcspn (rest, "\n\r=");
  return rest[next] != '=' || length == 1 || line[length - 2] == ',' || is_space (line[length - 2]);
}

/* Joins @line with those that follow while it ends with a backslash outside quotes. */
static gboolean
join_lines (KlInfFile *self, char **line, char **rest, guint *number, GError **error)
{
  const guint first = *number;
  g_autoptr (GString) joined = NULL;
  gboolean quoted = strip_comment (*line);
  char *piece = *line;

  for (;;)
    {
      gsize length = strlen (piece);
      const gboolean joins = !quoted && goes_on (piece, length, *rest);

      if (joins && joined == NULL)
        joined = g_string_new (NULL);
      if (joined != NULL)
        g_string_append_len (joined, piece, (gssize) (joins ? length - 1 : length));
      if (is_too_long (joined != NULL ? joined->str : piece))
        return refuse (self, first, error, "is longer than 4096 characters");
      if (!joins)
        break;

      piece = next_line (rest);
      (*number)++;
      quoted = strip_comment (piece);
    }

  if (joined != NULL)
    *line = arena_text (&self->arena, joined->str, joined->len);
  return TRUE;
}

/* "[name]", also in quotes, also without its closing bracket. The index, or -1 with @error set. */
static int
open_section (KlInfFile *self, const char *line, guint number, GError **error)
{
  const char *end = strchr (line, ']');
  const char *start = line + 1;
  g_autofree char *name = NULL;
  gpointer known;

  if (end == NULL)
    end = line + strlen (line);
  while (start < end && (is_space (*start) || *start == '"'))
    start++;
  while (end > start && (is_space (end[-1]) || end[-1] == '"'))
    end--;

  name = fold (start, end - start);
  if (g_utf8_strlen (name, -1) > KL_INF_MAX_SECTION_NAME)
    {
      refuse (self, number, error, "names a section with more than 255 characters");
      return -1;
    }
  known = g_hash_table_lookup (self->indices, name);
  if (known != NULL)
    return GPOINTER_TO_INT (known) - 1;
  if (self->sections->len >= KL_INF_MAX_SECTIONS)
    {
      refuse (self, number, error, "begins section 32769");
      return -1;
    }

  g_ptr_array_add (self->sections, g_array_new (FALSE, FALSE, sizeof (KlInfLine)));
  g_hash_table_insert (self->indices, g_steal_pointer (&name),
                       GINT_TO_POINTER (self->sections->len));
  return (int) self->sections->len - 1;
}

/* Cuts the text into the lines of sections; what stands before the first section is no one's. */
static gboolean
split (KlInfFile *self, GArray *lines, GError **error)
{
  char *rest = self->text;
  char *line;
  int section = -1;
  guint number = 0;

  while ((line = next_line (&rest)) != NULL)
    {
      RawLine raw = { .number = ++number };

      if (*line == '[')
        {
          section = open_section (self, line, number, error);
          if (section < 0)
            return FALSE;
          continue;
        }
      if (!join_lines (self, &line, &rest, &number, error))
        return FALSE;
      if (*line == '\0' || section < 0)
        continue;
      if (lines->len >= KL_INF_MAX_LINES)
        return refuse (self, raw.number, error, "is one too many: there are over 500000");

      raw.section = (guint) section;
      raw.text = line;
      g_array_append_val (lines, raw);
    }

  return TRUE;
}

/* "%%", "%token%", or a lone percent sign; an unknown token stays as it is. */
static void
read_percent (Reader *reader)
{
  const char *end = find_token_end (reader->at);
  g_autofree char *name = NULL;
  const char *text;

  if (end == NULL || !reader->tokens)
    {
      g_string_append_c (reader->out, *reader->at++);
      return;
    }
  if (end == reader->at + 1)
    {
      g_string_append_c (reader->out, '%');
      reader->at = end + 1;
      return;
    }

  name = fold (reader->at + 1, end - reader->at - 1);
  text = g_hash_table_lookup (reader->file->tokens, name);
  if (text != NULL)
    g_string_append (reader->out, text);
  else
    g_string_append_len (reader->out, reader->at, end + 1 - reader->at);
  reader->quoted_to = reader->out->len;
  reader->at = end + 1;
}

/* At the opening quote; a quote that is never closed ends with the line. */
static void
read_quoted (Reader *reader)
{
  reader->at++;
  while (*reader->at != '\0' && reader->out->len <= MAX_EXPANDED_LINE)
    if (*reader->at == '"' && reader->at[1] == '"')
      {
        g_string_append_c (reader->out, '"');
        reader->at += 2;
      }
    else if (*reader->at == '"')
      {
        reader->at++;
        break;
      }
    else if (*reader->at == '%')
      read_percent (reader);
    else
      g_string_append_c (reader->out, *reader->at++);
  reader->quoted_to = reader->out->len;
}

/* Reads up to one of @stops or the end of the line, and returns the text, in the arena. */
static char *
read_value (Reader *reader, const char *stops)
{
  g_string_truncate (reader->out, 0);
  reader->quoted_to = 0;
  while (is_space (*reader->at))
    reader->at++;

  while (*reader->at != '\0' && strchr (stops, *reader->at) == NULL
         && reader->out->len <= MAX_EXPANDED_LINE)
    if (*reader->at == '"')
      read_quoted (reader);
    else if (*reader->at == '%')
      read_percent (reader);
    else
      g_string_append_c (reader->out, *reader->at++);

  while (reader->out->len > reader->quoted_to && is_space (reader->out->str[reader->out->len - 1]))
    g_string_truncate (reader->out, reader->out->len - 1);
  reader->expanded += reader->out->len + 1;
  return arena_text (&reader->file->arena, reader->out->str, reader->out->len);
}

static gboolean
parse_line (Reader *reader, const RawLine *raw, KlInfLine *line, GError **error)
{
  KlInfFile *self = reader->file;
  const char **values;

  *line = (KlInfLine){ .number = raw->number };
  reader->at = raw->text;
  reader->expanded = 0;
  g_ptr_array_set_size (reader->values, 0);

  do
    {
      gboolean first = line->key == NULL && reader->values->len == 0;
      /* A text of [Strings] may hold commas without quotes. */
      char *value = read_value (reader, first ? "=," : reader->tokens ? "," : "");

      if (*reader->at == '=' && first)
        line->key = value;
      else
        g_ptr_array_add (reader->values, value);
      if (reader->expanded > MAX_EXPANDED_LINE)
        return refuse (self, raw->number, error, "is too long once its tokens are replaced");
    }
  while (*reader->at != '\0' && *reader->at++ != '\0');

  self->expanded += reader->expanded + reader->values->len * sizeof (char *);
  if (self->expanded > KL_INF_MAX_EXPANDED)
    return refuse (self, 0, error, "has more than 64 MiB once its tokens are replaced");

  values = arena_take (&self->arena, MAX (reader->values->len, 1) * sizeof *values);
  for (guint i = 0; i < reader->values->len; i++)
    values[i] = g_ptr_array_index (reader->values, i);
  line->values = values;
  line->n_values = reader->values->len;
  return TRUE;
}

/* The lines of one section, or with -1 of all but @strings and @english. */
static gboolean
parse_lines (
    KlInfFile *self, const GArray *raw_lines, int only, int strings, int english, GError **error)
{
  g_autoptr (GString) out = g_string_new (NULL);
  g_autoptr (GPtrArray) values = g_ptr_array_new ();
  Reader reader = { .file = self, .out = out, .values = values, .tokens = only < 0 };

  for (guint i = 0; i < raw_lines->len; i++)
    {
      const RawLine *raw = &g_array_index (raw_lines, RawLine, i);
      const int section = (int) raw->section;
      KlInfLine line;

      if (only >= 0 ? section != only : section == strings || section == english)
        continue;
      if (!parse_line (&reader, raw, &line, error))
        return FALSE;
      g_array_append_val ((GArray *) g_ptr_array_index (self->sections, raw->section), line);
    }

  return TRUE;
}

/* The first text of a token counts. */
static void
add_tokens (KlInfFile *self, int section)
{
  const GArray *lines = g_ptr_array_index (self->sections, section);

  for (guint i = 0; i < lines->len; i++)
    {
      const KlInfLine *line = &g_array_index (lines, KlInfLine, i);
      g_autofree char *name = line->key != NULL ? fold (line->key, -1) : NULL;

      if (name != NULL && !g_hash_table_contains (self->tokens, name))
        g_hash_table_insert (self->tokens, g_steal_pointer (&name),
                             (gpointer) (line->n_values > 0 ? line->values[0] : ""));
    }
}

static gboolean
parse (KlInfFile *self, GError **error)
{
  g_autoptr (GArray) lines = g_array_new (FALSE, FALSE, sizeof (RawLine));
  int strings, english;

  if (!split (self, lines, error))
    return FALSE;

  english = GPOINTER_TO_INT (g_hash_table_lookup (self->indices, ENGLISH_STRINGS)) - 1;
  strings = GPOINTER_TO_INT (g_hash_table_lookup (self->indices, "strings")) - 1;
  if ((english >= 0 && !parse_lines (self, lines, english, strings, english, error))
      || (strings >= 0 && !parse_lines (self, lines, strings, strings, english, error)))
    return FALSE;
  if (english >= 0)
    add_tokens (self, english);
  if (strings >= 0)
    add_tokens (self, strings);

  return parse_lines (self, lines, -1, strings, english, error);
}

/**
 * kl_inf_file_parse:
 * @bytes: the whole file
 * @name: for messages
 *
 * Parses an INF file by the grammar of image-customisation.md 5.3 with the tolerances of 5.5.
 * Tokens are replaced from the English strings where the file has them, else from [Strings]; one
 * that is not there stays as it is written. Whether it is a driver's INF is not judged here.
 *
 * Errors: KL_ERROR_FORMAT for a file beyond the limits. Any thread.
 *
 * Returns: (transfer full) (nullable)
 */
KlInfFile *
kl_inf_file_parse (GBytes *bytes, const char *name, GError **error)
{
  g_autoptr (KlInfFile) self = g_new0 (KlInfFile, 1);
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);

  self->name = g_strdup (name);
  self->arena.blocks = g_ptr_array_new_with_free_func (g_free);
  self->sections = g_ptr_array_new_with_free_func ((GDestroyNotify) g_array_unref);
  self->indices = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->tokens = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  if (size > KL_INF_MAX_SIZE)
    {
      refuse (self, 0, error, "has more than 16 MiB");
      return NULL;
    }

  decode (self, data, size);
  return parse (self, error) ? g_steal_pointer (&self) : NULL;
}

/**
 * kl_inf_file_load:
 *
 * Reads and parses a file. Errors: those of kl_open_for_reading() and of kl_inf_file_parse().
 * Blocks; any thread.
 *
 * Returns: (transfer full) (nullable)
 */
KlInfFile *
kl_inf_file_load (const char *path, GError **error)
{
  g_autoptr (GBytes) bytes = NULL;
  g_autofree guint8 *data = NULL;
  struct stat info;
  g_autofd int fd = kl_open_with_info (path, &info, error);

  if (fd < 0)
    return NULL;
  if (!S_ISREG (info.st_mode) || (guint64) info.st_size > KL_INF_MAX_SIZE)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_FORMAT,
                   "“%s” is not a usable INF file: it has more than 16 MiB", path);
      return NULL;
    }

  data = kl_read_all (fd, (guint64) info.st_size, path, error);
  if (data == NULL)
    return NULL;

  bytes = g_bytes_new_take (g_steal_pointer (&data), (gsize) info.st_size);
  return kl_inf_file_parse (bytes, path, error);
}

void
kl_inf_file_free (KlInfFile *self)
{
  if (self == NULL)
    return;

  g_hash_table_unref (self->indices);
  g_hash_table_unref (self->tokens);
  g_ptr_array_unref (self->sections);
  g_ptr_array_unref (self->arena.blocks);
  g_free (self->text);
  g_free (self->name);
  g_free (self);
}

/* NULL if there is no such section. */
static const GArray *
find_section (const KlInfFile *self, const char *section)
{
  g_autofree char *name = fold (section, -1);
  int index = GPOINTER_TO_INT (g_hash_table_lookup (self->indices, name)) - 1;

  return index >= 0 ? g_ptr_array_index (self->sections, index) : NULL;
}

/**
 * kl_inf_file_has_section:
 * @section: without brackets, in any case
 */
gboolean
kl_inf_file_has_section (const KlInfFile *self, const char *section)
{
  return find_section (self, section) != NULL;
}

/**
 * kl_inf_file_get_n_lines:
 *
 * Returns: how many lines all sections of that name have; 0 if there is none
 */
guint
kl_inf_file_get_n_lines (const KlInfFile *self, const char *section)
{
  const GArray *lines = find_section (self, section);

  return lines != NULL ? lines->len : 0;
}

/**
 * kl_inf_file_get_lines:
 * @n_lines: (out)
 *
 * Returns: (nullable) (array length=n_lines): the lines of all sections of that name, in the order
 *   of the file
 */
const KlInfLine *
kl_inf_file_get_lines (const KlInfFile *self, const char *section, guint *n_lines)
{
  const GArray *lines = find_section (self, section);

  *n_lines = lines != NULL ? lines->len : 0;
  return lines != NULL ? (const KlInfLine *) (gpointer) lines->data : NULL;
}

/**
 * kl_inf_file_find_line:
 * @key: in any case
 *
 * Returns: (nullable): the first line of the section with that key
 */
const KlInfLine *
kl_inf_file_find_line (const KlInfFile *self, const char *section, const char *key)
{
  guint n_lines;
  const KlInfLine *lines = kl_inf_file_get_lines (self, section, &n_lines);

  for (guint i = 0; i < n_lines; i++)
    if (lines[i].key != NULL && g_ascii_strcasecmp (lines[i].key, key) == 0)
      return &lines[i];
  return NULL;
}

/**
 * kl_inf_file_get_value:
 *
 * Returns: (nullable): the first value of the first line with that key; %NULL where it is empty
 */
const char *
kl_inf_file_get_value (const KlInfFile *self, const char *section, const char *key)
{
  const KlInfLine *line = kl_inf_file_find_line (self, section, key);

  return line != NULL ? kl_inf_line_get_value (line, 0) : NULL;
}

/**
 * kl_inf_line_get_value:
 *
 * Returns: (nullable): a value; %NULL where there is none or it is empty
 */
const char *
kl_inf_line_get_value (const KlInfLine *line, guint index)
{
  return index < line->n_values && *line->values[index] != '\0' ? line->values[index] : NULL;
}
