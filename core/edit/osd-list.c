/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-osd-list"

#include "edit/osd-list.h"

#include <string.h>

#include "base/error.h"

#define MAX_FILES 20000
#define MAX_DEPTH 16
#define MAX_TEXT 1024 /* bytes of one value */

typedef struct
{
  const char *architecture;
  GPtrArray *files; /* of KlOsdFile */
  guint depth;
  gboolean wanted;   /* inside the <Architecture> that is asked for */
  gboolean any;      /* there was one */
  char *source_kind; /* of the <FileList> */
  KlOsdFile *file;   /* owned; the <File> that is being read */
  GString *text;     /* of the element that is being read */
} Parser;

static void
osd_file_free (gpointer data)
{
  KlOsdFile *file = data;

  if (file == NULL)
    return;

  g_free (file->source_kind);
  g_free (file->name);
  g_free (file->source);
  g_free (file->destination);
  g_free (file);
}

static const char *
find_attribute (const char **names, const char **values, const char *name)
{
  for (guint i = 0; names[i] != NULL; i++)
    if (g_ascii_strcasecmp (names[i], name) == 0)
      return values[i];
  return "";
}

static void
start_cb (GMarkupParseContext *context,
          const char *element,
          const char **names,
          const char **values,
          gpointer user_data,
          GError **error)
{
  Parser *parser = user_data;

  g_string_truncate (parser->text, 0);
  if (++parser->depth > MAX_DEPTH)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_FORMAT, "Elements lie more than %d deep", MAX_DEPTH);
      return;
    }

  if (g_ascii_strcasecmp (element, "Architecture") == 0)
    {
      const char *name = find_attribute (names, values, "imgArch");

      parser->wanted = g_ascii_strcasecmp (name, parser->architecture) == 0
                       || (strcmp (parser->architecture, "x86") == 0
                           && g_ascii_strcasecmp (name, "i386") == 0);
      parser->any |= parser->wanted;
    }
  else if (g_ascii_strcasecmp (element, "FileList") == 0)
    {
      g_free (parser->source_kind);
      parser->source_kind = g_strdup (find_attribute (names, values, "source"));
    }
  else if (g_ascii_strcasecmp (element, "File") == 0)
    {
      g_clear_pointer (&parser->file, osd_file_free);
      parser->file = g_new0 (KlOsdFile, 1);
      parser->file->source_kind = g_strdup (parser->source_kind != NULL ? parser->source_kind : "");
      parser->file->name = g_strdup (find_attribute (names, values, "name"));
      parser->file->source = g_strdup ("");
      parser->file->destination = g_strdup ("");
    }
}

/* A path that leads nowhere but down; "" is one. */
static gboolean
is_inside (const char *path)
{
  g_autofree char *slashed = g_strdelimit (g_strdup (path), "/", '\\');
  g_auto (GStrv) parts = g_strsplit (slashed, "\\", -1);

  if (strchr (path, ':') != NULL || g_str_has_prefix (slashed, "\\\\"))
    return FALSE;
  for (guint i = 0; parts[i] != NULL; i++)
    if (strcmp (parts[i], "..") == 0)
      return FALSE;
  return TRUE;
}

static gboolean
check_file (const KlOsdFile *file, GError **error)
{
  if (*file->name == '\0' || strpbrk (file->name, "\\/:") != NULL || strcmp (file->name, "..") == 0)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_FORMAT, "“%s” is no file name", file->name);
      return FALSE;
    }
  if (!is_inside (file->destination) || !is_inside (file->source))
    {
      g_set_error (error, KL_ERROR, KL_ERROR_FORMAT,
                   "“%s” of the file “%s” leads out of its folder",
                   is_inside (file->source) ? file->destination : file->source, file->name);
      return FALSE;
    }
  return TRUE;
}

static void
end_cb (GMarkupParseContext *context, const char *element, gpointer user_data, GError **error)
{
  Parser *parser = user_data;
  g_autofree char *text = g_strstrip (g_strdup (parser->text->str));
  gboolean yes = g_ascii_strcasecmp (text, "true") == 0 || strcmp (text, "1") == 0;
  KlOsdFile *file = parser->file;

  parser->depth--;
  g_string_truncate (parser->text, 0);
  if (g_ascii_strcasecmp (element, "Architecture") == 0)
    parser->wanted = FALSE;
  if (file == NULL)
    return;

  if (g_ascii_strcasecmp (element, "Source") == 0)
    {
      g_free (file->source);
      file->source = g_steal_pointer (&text);
    }
  else if (g_ascii_strcasecmp (element, "Destination") == 0)
    {
      g_free (file->destination);
      file->destination = g_steal_pointer (&text);
    }
  else if (g_ascii_strcasecmp (element, "LocaleNeeded") == 0)
    file->locale_needed = yes;
  else if (g_ascii_strcasecmp (element, "DebugBinary") == 0)
    file->debug = yes;
  else if (g_ascii_strcasecmp (element, "File") == 0)
    {
      parser->file = NULL;
      if (parser->wanted && check_file (file, error) && parser->files->len < MAX_FILES)
        g_ptr_array_add (parser->files, file);
      else
        osd_file_free (file);
    }
}

static void
text_cb (GMarkupParseContext *context,
         const char *text,
         gsize length,
         gpointer user_data,
         GError **error)
{
  Parser *parser = user_data;

  if (parser->text->len + length > MAX_TEXT)
    g_set_error (error, KL_ERROR, KL_ERROR_FORMAT, "A value has more than %d bytes", MAX_TEXT);
  else
    g_string_append_len (parser->text, text, (gssize) length);
}

static void
parser_clear (Parser *parser)
{
  g_clear_pointer (&parser->file, osd_file_free);
  g_clear_pointer (&parser->source_kind, g_free);
  g_string_free (parser->text, TRUE);
}

/* The XML without a byte order mark, in UTF-8; GMarkup refuses another encoding in its heading. */
static char *
decode (const char *text, gsize length, gsize *decoded_length)
{
  g_autofree char *utf8 = NULL;
  gsize size = length;
  const char *end;

  if (length >= 2 && memcmp (text, "\xff\xfe", 2) == 0)
    utf8 = g_convert (text + 2, (gssize) length - 2, "UTF-8", "UTF-16LE", NULL, &size, NULL);
  else if (length >= 3 && memcmp (text, "\xef\xbb\xbf", 3) == 0)
    utf8 = g_strndup (text + 3, size = length - 3);
  else
    utf8 = g_strndup (text, length);
  if (utf8 == NULL)
    return NULL;

  end = g_str_has_prefix (utf8, "<?xml") ? strstr (utf8, "?>") : NULL;
  if (end != NULL)
    {
      gsize skipped = (gsize) (end + 2 - utf8);

      *decoded_length = size - skipped;
      return g_strndup (end + 2, size - skipped);
    }
  *decoded_length = size;
  return g_steal_pointer (&utf8);
}

/**
 * kl_osd_list_parse:
 * @text: the content of an osdinjection.xml
 * @architecture: of the image
 *
 * Unknown elements are left alone. Errors: KL_ERROR_FORMAT for what is no XML, for paths that lead
 * out, and where there is no list for the architecture.
 *
 * Returns: (transfer full): of KlOsdFile
 */
GPtrArray *
kl_osd_list_parse (const char *text, gsize length, const char *architecture, GError **error)
{
  static const GMarkupParser functions = { start_cb, end_cb, text_cb, NULL, NULL };
  g_autoptr (GPtrArray) files = g_ptr_array_new_with_free_func (osd_file_free);
  Parser parser = { .architecture = architecture, .files = files };
  g_autoptr (GMarkupParseContext) context = NULL;
  g_autoptr (GError) failure = NULL;
  gsize size = 0;
  g_autofree char *decoded = decode (text, length, &size);
  gboolean parsed;

  if (decoded == NULL)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_FORMAT, "It is not valid UTF-16");
      return NULL;
    }

  parser.text = g_string_new (NULL);
  context = g_markup_parse_context_new (&functions, G_MARKUP_TREAT_CDATA_AS_TEXT, &parser, NULL);
  parsed = g_markup_parse_context_parse (context, decoded, (gssize) size, &failure)
           && g_markup_parse_context_end_parse (context, &failure);
  parser_clear (&parser);
  if (!parsed)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_FORMAT, "%s", failure->message);
      return NULL;
    }
  if (!parser.any)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_FORMAT, "It lists no files for images of %s",
                   architecture);
      return NULL;
    }
  return g_steal_pointer (&files);
}
