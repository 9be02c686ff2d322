/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-wim-header"

#include "wim/wim-header.h"

#include <sys/stat.h>

#include "base/error.h"
#include "base/file-io.h"
#include "wim/wim-format.h"

/* Far above what images have (a 100,000-file image: some 5 MB of table, 10 KB of XML), far below
 * what hurts. wimlib takes the sizes at their word. */
#define MAX_TABLE_SIZE ((guint64) 512 << 20)
#define MAX_XML_SIZE ((guint64) 32 << 20)

typedef struct
{
  guint64 size;          /* bytes in the file */
  guint64 offset;        /* bytes */
  guint64 original_size; /* bytes */
} Resource;

/* The caller has checked that @view holds a whole header. */
static Resource
read_resource (KlBytesView view, gsize at)
{
  Resource resource = { 0 };

  kl_view_u64 (view, at + G_STRUCT_OFFSET (KlWimDiskResource, size), &resource.size);
  resource.size &= ((guint64) 1 << 56) - 1;
  kl_view_u64 (view, at + G_STRUCT_OFFSET (KlWimDiskResource, offset), &resource.offset);
  kl_view_u64 (view, at + G_STRUCT_OFFSET (KlWimDiskResource, original_size),
               &resource.original_size);
  return resource;
}

static gboolean
check_resource (const Resource *resource,
                const char *what,
                guint64 limit,
                guint64 file_size,
                const char *name,
                GError **error)
{
  if (resource->offset > file_size || resource->size > file_size - resource->offset)
    {
      guint64 needed;

      if (!g_uint64_checked_add (&needed, resource->offset, resource->size))
        needed = G_MAXUINT64;
      g_set_error (error, KL_ERROR, KL_ERROR_WIM_TRUNCATED,
                   "“%s” is truncated: its %s ends at byte %" G_GUINT64_FORMAT
                   ", and the file has %" G_GUINT64_FORMAT " bytes",
                   name, what, needed, file_size);
      return FALSE;
    }
  if (limit > 0 && MAX (resource->size, resource->original_size) > limit)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_WIM_DAMAGED,
                   "The %s of “%s” claims a size of %" G_GUINT64_FORMAT
                   " bytes; at most %" G_GUINT64_FORMAT " are accepted",
                   what, name, MAX (resource->size, resource->original_size), limit);
      return FALSE;
    }

  return TRUE;
}

static gboolean
check_resources (KlBytesView view, guint64 file_size, const char *name, GError **error)
{
  Resource table = read_resource (view, G_STRUCT_OFFSET (KlWimDiskHeader, blob_table));
  Resource xml = read_resource (view, G_STRUCT_OFFSET (KlWimDiskHeader, xml));
  Resource metadata = read_resource (view, G_STRUCT_OFFSET (KlWimDiskHeader, boot_metadata));
  Resource integrity = read_resource (view, G_STRUCT_OFFSET (KlWimDiskHeader, integrity));

  return check_resource (&table, "blob table", MAX_TABLE_SIZE, file_size, name, error)
         && check_resource (&xml, "XML data", MAX_XML_SIZE, file_size, name, error)
         && check_resource (&metadata, "boot metadata", 0, file_size, name, error)
         && check_resource (&integrity, "integrity table", MAX_TABLE_SIZE, file_size, name, error);
}

static gboolean
check_split (KlBytesView view, guint32 flags, const char *name, GError **error)
{
  guint16 part = 0, n_parts = 0;

  kl_view_u16 (view, G_STRUCT_OFFSET (KlWimDiskHeader, part_number), &part);
  kl_view_u16 (view, G_STRUCT_OFFSET (KlWimDiskHeader, n_parts), &n_parts);
  if (n_parts <= 1 && (flags & KL_WIM_FLAG_SPANNED) == 0)
    return TRUE;

  g_set_error (error, KL_ERROR, KL_ERROR_WIM_SPLIT,
               "“%s” is part %u of %u of a split WIM. Join the parts first, for instance with "
               "“wimlib-imagex join boot.wim boot*.swm”",
               name, part, n_parts);
  return FALSE;
}

static gboolean
has_magic (KlBytesView view, gboolean *pipable)
{
  *pipable = kl_view_equals (view, 0, KL_WIM_PIPABLE_MAGIC, KL_WIM_MAGIC_SIZE);
  return *pipable || kl_view_equals (view, 0, KL_WIM_MAGIC, KL_WIM_MAGIC_SIZE);
}

/**
 * kl_wim_header_parse:
 * @view: the beginning of the file, or the last 208 bytes of a pipable WIM
 * @file_size: bytes
 * @name: the file's name, for messages
 * @header: (out): untouched on failure
 *
 * Errors: KL_ERROR_FORMAT (not a WIM), KL_ERROR_WIM_TRUNCATED, KL_ERROR_WIM_SPLIT,
 * KL_ERROR_WIM_DAMAGED (absurd sizes, or marked as half-written). Any thread.
 */
gboolean
kl_wim_header_parse (
    KlBytesView view, guint64 file_size, const char *name, KlWimHeader *header, GError **error)
{
  KlWimHeader parsed = { .file_size = file_size };
  Resource integrity, xml;
  guint32 size = 0, flags = 0;

  if (!has_magic (view, &parsed.pipable))
    {
      g_set_error (error, KL_ERROR, KL_ERROR_FORMAT, "“%s” is not a WIM file: %s", name,
                   file_size == 0 ? "it is empty" : "it does not begin with “MSWIM”");
      return FALSE;
    }
  if (view.size < sizeof (KlWimDiskHeader))
    {
      g_set_error (
          error, KL_ERROR, KL_ERROR_WIM_TRUNCATED,
          "“%s” is truncated: a WIM header has %u bytes, and the file has %" G_GUINT64_FORMAT
          " bytes",
          name, (guint) sizeof (KlWimDiskHeader), file_size);
      return FALSE;
    }

  kl_view_u32 (view, G_STRUCT_OFFSET (KlWimDiskHeader, header_size), &size);
  kl_view_u32 (view, G_STRUCT_OFFSET (KlWimDiskHeader, flags), &flags);
  kl_view_u32 (view, G_STRUCT_OFFSET (KlWimDiskHeader, n_images), &parsed.n_images);
  kl_view_u32 (view, G_STRUCT_OFFSET (KlWimDiskHeader, boot_index), &parsed.boot_index);
  integrity = read_resource (view, G_STRUCT_OFFSET (KlWimDiskHeader, integrity));
  parsed.has_integrity_table = integrity.size > 0;
  xml = read_resource (view, G_STRUCT_OFFSET (KlWimDiskHeader, xml));
  parsed.xml_offset = xml.offset;
  parsed.xml_size = xml.size;
  parsed.xml_is_plain = xml.size == xml.original_size;

  if (size != sizeof (KlWimDiskHeader))
    {
      g_set_error (error, KL_ERROR, KL_ERROR_FORMAT,
                   "“%s” is not a WIM file of a known kind: its header claims %u bytes instead "
                   "of %u",
                   name, size, (guint) sizeof (KlWimDiskHeader));
      return FALSE;
    }
  if (!check_split (view, flags, name, error) || !check_resources (view, file_size, name, error))
    return FALSE;
  if (flags & KL_WIM_FLAG_WRITE_IN_PROGRESS)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_WIM_DAMAGED,
                   "“%s” is marked as being written: the program that wrote it is still at work or "
                   "did not finish",
                   name);
      return FALSE;
    }

  *header = parsed;
  return TRUE;
}

static void
refuse_doctype (GMarkupParseContext *context,
                const char *text,
                gsize length,
                gpointer user_data,
                GError **error)
{
  if (length >= 2 && text[0] == '<' && text[1] == '!' && !g_str_has_prefix (text, "<!--")
      && !g_str_has_prefix (text, "<![CDATA["))
    g_set_error_literal (error, G_MARKUP_ERROR, G_MARKUP_ERROR_INVALID_CONTENT,
                         "it holds a document type declaration");
}

/* XML 1.0, 2.2; GMarkup does not look. */
static gboolean
has_only_xml_characters (const char *text, gsize length)
{
  for (const char *at = text; at < text + length; at = g_utf8_next_char (at))
    {
      gunichar c = g_utf8_get_char (at);

      if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0xFFFE || c == 0xFFFF)
        return FALSE;
    }

  return TRUE;
}

/**
 * kl_wim_xml_check:
 * @utf16: the XML data of a WIM: UTF-16LE, with or without a byte order mark
 * @name: the file's name, for messages
 *
 * Whether the XML is whole and plain. wimlib's parser writes its complaints to the terminal, and
 * knows entities; so it gets nothing that this one has not passed.
 *
 * Errors: KL_ERROR_WIM_DAMAGED. Any thread.
 */
gboolean
kl_wim_xml_check (KlBytesView utf16, const char *name, GError **error)
{
  const GMarkupParser parser = { .passthrough = refuse_doctype };
  g_autoptr (GMarkupParseContext) context = g_markup_parse_context_new (&parser, 0, NULL, NULL);
  g_autofree char *text = NULL;
  g_autoptr (GError) wrong = NULL;
  gsize length, skip = kl_view_equals (utf16, 0, "\xff\xfe", 2) ? 2 : 0;

  text = g_convert ((const char *) utf16.data + skip, (gssize) (utf16.size - skip), "UTF-8",
                    "UTF-16LE", NULL, &length, &wrong);
  if (text != NULL && !has_only_xml_characters (text, length))
    g_set_error_literal (&wrong, G_MARKUP_ERROR, G_MARKUP_ERROR_PARSE,
                         "there is a character that XML does not have");
  else if (text != NULL && g_markup_parse_context_parse (context, text, (gssize) length, &wrong)
           && g_markup_parse_context_end_parse (context, &wrong))
    return TRUE;

  g_set_error (error, KL_ERROR, KL_ERROR_WIM_DAMAGED, "The XML data of “%s” are damaged: %s", name,
               wrong->message);
  return FALSE;
}

static gboolean
check_xml (int fd, const char *path, const KlWimHeader *header, GError **error)
{
  g_autofree guint8 *bytes = NULL;

  if (!header->xml_is_plain || header->xml_size == 0)
    return TRUE;

  /* At most MAX_XML_SIZE, and inside the file: the header was checked. */
  bytes = kl_try_malloc (header->xml_size, path, error);
  return bytes != NULL
         && kl_read_at (fd, bytes, (gsize) header->xml_size, header->xml_offset, path, error)
         && kl_wim_xml_check ((KlBytesView){ bytes, (gsize) header->xml_size }, path, error);
}

/* Where the tables of a pipable WIM are stands at its end. */
static gboolean
read_trailer (int fd, const char *path, guint64 file_size, KlWimHeader *header, GError **error)
{
  guint8 bytes[sizeof (KlWimDiskHeader)];
  KlBytesView view = { bytes, sizeof bytes };
  gboolean pipable = FALSE;

  if (!kl_read_at (fd, bytes, sizeof bytes, file_size - sizeof bytes, path, error))
    return FALSE;
  if (file_size < 2 * sizeof bytes || !has_magic (view, &pipable) || !pipable)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_WIM_TRUNCATED,
                   "“%s” is truncated: a pipable WIM repeats its header at the end, and this one "
                   "of %" G_GUINT64_FORMAT " bytes does not",
                   path, file_size);
      return FALSE;
    }

  return kl_wim_header_parse (view, file_size, path, header, error);
}

/**
 * kl_wim_header_read:
 * @header: (out): untouched on failure
 *
 * Reads and checks the header and the XML of a WIM without reading its tables, so that each kind of
 * bad file has an error of its own.
 *
 * Errors: those of kl_wim_header_parse() and kl_open_for_reading(). Blocks; any thread.
 */
gboolean
kl_wim_header_read (const char *path, KlWimHeader *header, GError **error)
{
  guint8 bytes[sizeof (KlWimDiskHeader)] = { 0 };
  struct stat info;
  KlWimHeader parsed;
  guint64 size;
  g_autofd int fd = kl_open_with_info (path, &info, error);

  if (fd < 0)
    return FALSE;
  if (!S_ISREG (info.st_mode))
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT, "“%s” is not a regular file", path);
      return FALSE;
    }

  size = (guint64) info.st_size;
  if (!kl_read_at (fd, bytes, (gsize) MIN (size, sizeof bytes), 0, path, error)
      || !kl_wim_header_parse ((KlBytesView){ bytes, (gsize) MIN (size, sizeof bytes) }, size, path,
                               &parsed, error))
    return FALSE;
  if (parsed.pipable && !read_trailer (fd, path, size, &parsed, error))
    return FALSE;
  if (!check_xml (fd, path, &parsed, error))
    return FALSE;

  *header = parsed;
  return TRUE;
}

/**
 * kl_wim_header_read_xml:
 *
 * Errors: those of kl_wim_header_read(); KL_ERROR_WIM_UNREADABLE for XML that is compressed, which
 * no known program writes. Blocks; any thread.
 *
 * Returns: (transfer full): the XML of a WIM as it is in the file, in UTF-8; "" where it has none
 */
char *
kl_wim_header_read_xml (const char *path, GError **error)
{
  g_autofree guint8 *bytes = NULL;
  g_autofd int fd = -1;
  KlWimHeader header;
  gsize skip;

  if (!kl_wim_header_read (path, &header, error))
    return NULL;
  if (header.xml_size == 0)
    return g_strdup ("");
  if (!header.xml_is_plain)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_WIM_UNREADABLE, "The XML data of “%s” are compressed",
                   path);
      return NULL;
    }

  fd = kl_open_for_reading (path, error);
  bytes = fd >= 0 ? kl_try_malloc (header.xml_size, path, error) : NULL;
  if (bytes == NULL
      || !kl_read_at (fd, bytes, (gsize) header.xml_size, header.xml_offset, path, error))
    return NULL;

  /* It was found to be UTF-16 a moment ago; a file that changes meanwhile is not. */
  skip = header.xml_size >= 2 && memcmp (bytes, "\xff\xfe", 2) == 0 ? 2 : 0;
  return g_convert_with_fallback ((const char *) bytes + skip, (gssize) (header.xml_size - skip),
                                  "UTF-8", "UTF-16LE", "?", NULL, NULL, error);
}

/**
 * kl_wim_header_dup_identifier:
 *
 * Errors: KL_ERROR_* of opening and reading.
 *
 * Returns: (transfer full): the identifier in the header, 32 hexadecimal digits
 */
char *
kl_wim_header_dup_identifier (const char *path, GError **error)
{
  GString *text;
  guint8 identifier[16];
  g_autofd int fd = kl_open_for_reading (path, error);

  if (fd < 0
      || !kl_read_at (fd, identifier, sizeof identifier, G_STRUCT_OFFSET (KlWimDiskHeader, guid),
                      path, error))
    return NULL;

  text = g_string_new (NULL);
  for (gsize i = 0; i < sizeof identifier; i++)
    g_string_append_printf (text, "%02x", identifier[i]);
  return g_string_free (text, FALSE);
}
