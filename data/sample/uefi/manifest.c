/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "manifest.h"

static const char version_line[] = "kindling-manifest=1";
static const char file_key[] = "file=";

static bool
starts_with (const char *text, size_t length, const char *start)
{
  for (size_t i = 0; start[i] != '\0'; i++)
    if (i >= length || text[i] != start[i])
      return false;
  return true;
}

/* The length of the line at @text, without its line feed. */
static size_t
line_length (const char *text, size_t length)
{
  size_t n = 0;

  while (n < length && text[n] != '\n')
    n++;
  return n;
}

static int
hex_digit (char c)
{
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  return -1;
}

/* Parses "SHA256 SIZE /path", the whole of @line. */
static bool
parse_file (const char *line, size_t length, ManifestFile *file)
{
  size_t i = 2 * SHA256_BYTES, path_length;

  if (length < i + 4 || line[i] != ' ')
    return false;
  for (size_t n = 0; n < SHA256_BYTES; n++)
    {
      int high = hex_digit (line[2 * n]), low = hex_digit (line[2 * n + 1]);

      if (high < 0 || low < 0)
        return false;
      file->sha256[n] = (uint8_t) (high << 4 | low);
    }
  file->size = 0;
  for (i++; i < length && line[i] >= '0' && line[i] <= '9'; i++)
    {
      if (file->size > UINT64_MAX / 10 - 1)
        return false;
      file->size = file->size * 10 + (uint64_t) (line[i] - '0');
    }
  if (line[i - 1] == ' ' || i + 2 > length || line[i] != ' ' || line[i + 1] != '/')
    return false;
  path_length = length - i - 1;
  if (path_length > MANIFEST_MAX_PATH)
    return false;
  for (size_t n = 0; n < path_length; n++)
    file->path[n] = line[i + 1 + n];
  file->path[path_length] = '\0';
  return true;
}

bool
manifest_has_version (const char *text, size_t length)
{
  return starts_with (text, length, version_line)
         && line_length (text, length) == sizeof version_line - 1;
}

/* Copies the value of the first line "@key=value", cut to @room; false if there is none. */
bool
manifest_get_value (const char *text, size_t length, const char *key, char *value, size_t room)
{
  for (size_t position = 0; position < length;)
    {
      const char *line = text + position;
      size_t n = line_length (line, length - position), key_length = 0, i;

      while (key[key_length] != '\0')
        key_length++;
      if (n > key_length && starts_with (line, n, key) && line[key_length] == '=')
        {
          line += key_length + 1;
          n -= key_length + 1;
          for (i = 0; i < n && i + 1 < room; i++)
            value[i] = line[i];
          value[i] = '\0';
          return true;
        }
      position += n + 1;
    }
  return false;
}

/* Gives the next "file=" line from *@position on; other lines are passed over. */
ManifestResult
manifest_next_file (const char *text, size_t length, size_t *position, ManifestFile *file)
{
  while (*position < length)
    {
      const char *line = text + *position;
      size_t n = line_length (line, length - *position);

      *position += n + 1;
      if (starts_with (line, n, file_key))
        return parse_file (line + sizeof file_key - 1, n - (sizeof file_key - 1), file)
                   ? MANIFEST_FILE
                   : MANIFEST_DAMAGED;
    }
  return MANIFEST_END;
}
