/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-manifest"

#include "media/manifest.h"

#include <string.h>

#include "base/checksum.h"
#include "base/error.h"

#define FORMAT_VERSION "1"
#define CHECKSUM_KEY "manifest-sha256"
#define MAX_BYTES ((gsize) 16 << 20)
#define MAX_FILES 100000
#define MAX_PATH_BYTES 4096
#define SHA256_DIGITS 64

/* The keys with one text value each, in the order in which they are written. */
typedef struct
{
  const char *key;
  gsize offset;      /* of the char * in KlManifest */
  gboolean required; /* a manifest without it is refused; otherwise it is left out when NULL */
} TextKey;

static const TextKey text_keys[] = {
  { "image-id", G_STRUCT_OFFSET (KlManifest, image_id), TRUE },
  { "image-name", G_STRUCT_OFFSET (KlManifest, image_name), TRUE },
  { "architecture", G_STRUCT_OFFSET (KlManifest, architecture), TRUE },
  { "media-type", G_STRUCT_OFFSET (KlManifest, media_type), TRUE },
  { "label", G_STRUCT_OFFSET (KlManifest, label), TRUE },
  { "created", G_STRUCT_OFFSET (KlManifest, created), TRUE },
  { "made-by", G_STRUCT_OFFSET (KlManifest, made_by), FALSE },
  { "uefi", G_STRUCT_OFFSET (KlManifest, uefi), TRUE },
  { "boot-manager-signer", G_STRUCT_OFFSET (KlManifest, signer), FALSE },
  { "certificate-subject", G_STRUCT_OFFSET (KlManifest, certificate_subject), FALSE },
  { "certificate-thumbprint", G_STRUCT_OFFSET (KlManifest, certificate_thumbprint), FALSE },
  { "certificate-start", G_STRUCT_OFFSET (KlManifest, certificate_start), FALSE },
  { "certificate-end", G_STRUCT_OFFSET (KlManifest, certificate_end), FALSE },
};

/* What is known while a manifest is being read. */
typedef struct
{
  KlManifest *manifest; /* borrowed */
  GHashTable *paths;    /* owned; set of lower-case paths seen */
  gboolean bios_seen;
  guint line;       /* 1 … */
  const char *rest; /* borrowed: what follows the line */
} Reading;

static char **
text_field (KlManifest *self, const TextKey *key)
{
  return G_STRUCT_MEMBER_P (self, key->offset);
}

static void
manifest_file_free (gpointer data)
{
  KlManifestFile *file = data;

  g_free (file->path);
  g_free (file->sha256);
  g_free (file);
}

static int
compare_files (gconstpointer a, gconstpointer b)
{
  const KlManifestFile *first = *(KlManifestFile *const *) a;
  const KlManifestFile *second = *(KlManifestFile *const *) b;

  return strcmp (first->path, second->path);
}

/* A value is one line: what would end the line, and the escape character itself, are escaped. */
static void
append_escaped (GString *text, const char *value)
{
  g_autofree char *valid = g_utf8_make_valid (value != NULL ? value : "", -1);
  const char *at;

  for (at = valid; *at != '\0'; at++)
    {
      if (*at == '\n')
        g_string_append (text, "\\n");
      else if (*at == '\r')
        g_string_append (text, "\\r");
      else if (*at == '\\')
        g_string_append (text, "\\\\");
      else
        g_string_append_c (text, *at);
    }
}

static void
append_key (GString *text, const char *key, const char *value)
{
  g_string_append_printf (text, "%s=", key);
  append_escaped (text, value);
  g_string_append_c (text, '\n');
}

static gboolean
refuse (const Reading *reading, GError **error, const char *problem)
{
  g_set_error (error, KL_ERROR, KL_ERROR_FORMAT, "Manifest, line %u: %s", reading->line, problem);
  return FALSE;
}

/* Undoes append_escaped(); NULL where a backslash is followed by something else. */
static char *
dup_unescaped (const char *value)
{
  g_autoptr (GString) text = g_string_new (NULL);
  const char *at;

  for (at = value; *at != '\0'; at++)
    {
      if (*at != '\\')
        {
          g_string_append_c (text, *at);
          continue;
        }
      at++;
      if (*at == 'n')
        g_string_append_c (text, '\n');
      else if (*at == 'r')
        g_string_append_c (text, '\r');
      else if (*at == '\\')
        g_string_append_c (text, '\\');
      else
        return NULL;
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* Absolute, and every component a name: not empty, not "." and not "..". A backslash would
 * separate folders for Windows and is therefore no part of a name either. */
static gboolean
is_plain_path (const char *path)
{
  g_auto (GStrv) names = NULL;
  guint i;

  if (path[0] != '/' || strlen (path) > MAX_PATH_BYTES || strpbrk (path, "\\\n\r") != NULL)
    return FALSE;
  names = g_strsplit (path + 1, "/", -1);
  for (i = 0; names[i] != NULL; i++)
    {
      if (names[i][0] == '\0' || g_str_equal (names[i], ".") || g_str_equal (names[i], ".."))
        return FALSE;
    }
  return i > 0;
}

static gboolean
is_sha256 (const char *text)
{
  return strlen (text) == SHA256_DIGITS && strspn (text, "0123456789abcdefABCDEF") == SHA256_DIGITS;
}

/* Decimal digits only, no leading zero, and within 63 bits so that sums and offsets stay safe. */
static gboolean
parse_size (const char *text, guint64 *size)
{
  if (text[0] == '0' && text[1] != '\0')
    return FALSE;
  return strspn (text, "0123456789") == strlen (text)
         && g_ascii_string_to_unsigned (text, 10, 0, G_MAXINT64, size, NULL);
}

static gboolean
read_file_value (Reading *reading, const char *value, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (value, " ", 3);
  g_autofree char *path = NULL;
  g_autofree char *sha256 = NULL;
  guint64 size;

  if (g_strv_length (parts) != 3)
    return refuse (reading, error, "a file is not \"SHA256 SIZE /path\"");
  if (!is_sha256 (parts[0]))
    return refuse (reading, error, "the SHA-256 of a file is not 64 hexadecimal digits");
  if (!parse_size (parts[1], &size))
    return refuse (reading, error, "the size of a file is not a number of bytes");
  path = dup_unescaped (parts[2]);
  if (path == NULL || !is_plain_path (path))
    return refuse (reading, error, "the path of a file is not absolute and plain");
  if (reading->manifest->files->len >= MAX_FILES)
    return refuse (reading, error, "more than 100000 files");
  if (!g_hash_table_add (reading->paths, g_ascii_strdown (path, -1)))
    return refuse (reading, error, "a path that is listed already");

  sha256 = g_ascii_strdown (parts[0], -1);
  kl_manifest_add_file (reading->manifest, path, size, sha256);
  return TRUE;
}

static gboolean
read_bios_value (Reading *reading, const char *value, GError **error)
{
  if (reading->bios_seen)
    return refuse (reading, error, "\"bios\" stands there twice");
  if (!g_str_equal (value, "true") && !g_str_equal (value, "false"))
    return refuse (reading, error, "\"bios\" is neither true nor false");

  reading->bios_seen = TRUE;
  reading->manifest->bios = g_str_equal (value, "true");
  return TRUE;
}

static gboolean
read_text_value (Reading *reading, const TextKey *key, const char *value, GError **error)
{
  char **field = text_field (reading->manifest, key);
  g_autofree char *text = dup_unescaped (value);

  if (*field != NULL)
    return refuse (reading, error, "a key stands there twice");
  if (text == NULL)
    return refuse (reading, error, "a backslash that escapes nothing");
  *field = g_steal_pointer (&text);
  return TRUE;
}

/* Over all that follows its line, so that a manifest that was cut off is found, too. Those of
 * earlier versions have none. */
static gboolean
check_sum (Reading *reading, const char *value, GError **error)
{
  g_autofree char *sha256 = kl_sha256_data (reading->rest, strlen (reading->rest));

  return g_ascii_strcasecmp (value, sha256) == 0
         || refuse (reading, error, "the checksum does not fit: the manifest is damaged");
}

static gboolean
read_line (Reading *reading, const char *line, GError **error)
{
  const char *equals = strchr (line, '=');
  g_autofree char *key = NULL;
  gsize i;

  if (equals == NULL || equals == line)
    return refuse (reading, error, "not \"key=value\"");
  key = g_strndup (line, (gsize) (equals - line));
  if (reading->line == 1)
    {
      if (!g_str_equal (key, "kindling-manifest"))
        return refuse (reading, error, "not a Kindling manifest");
      if (!g_str_equal (equals + 1, FORMAT_VERSION))
        return refuse (reading, error, "a format version that this program does not know");
      return TRUE;
    }
  if (reading->line == 2 && g_str_equal (key, CHECKSUM_KEY))
    return check_sum (reading, equals + 1, error);
  if (g_str_equal (key, "file"))
    return read_file_value (reading, equals + 1, error);
  if (g_str_equal (key, "bios"))
    return read_bios_value (reading, equals + 1, error);
  for (i = 0; i < G_N_ELEMENTS (text_keys); i++)
    {
      if (g_str_equal (key, text_keys[i].key))
        return read_text_value (reading, &text_keys[i], equals + 1, error);
    }
  return TRUE;
}

static gboolean
read_lines (Reading *reading, const char *text, GError **error)
{
  const char *at = text;

  while (*at != '\0')
    {
      const char *end = strchr (at, '\n');
      g_autofree char *line = NULL;

      reading->line++;
      if (end == NULL)
        return refuse (reading, error, "the last line does not end: the manifest is cut off");
      line = g_strndup (at, (gsize) (end - at));
      reading->rest = end + 1;
      if (!read_line (reading, line, error))
        return FALSE;
      at = end + 1;
    }
  return TRUE;
}

static gboolean
check_complete (const Reading *reading, GError **error)
{
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (text_keys); i++)
    {
      if (text_keys[i].required && *text_field (reading->manifest, &text_keys[i]) == NULL)
        {
          g_set_error (error, KL_ERROR, KL_ERROR_FORMAT, "Manifest: the key \"%s\" is missing",
                       text_keys[i].key);
          return FALSE;
        }
    }
  if (!reading->bios_seen)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_FORMAT, "Manifest: the key \"bios\" is missing");
      return FALSE;
    }
  return TRUE;
}

/**
 * kl_manifest_new:
 *
 * Makes a manifest without values and files; its text members are %NULL until set, each with a
 * string of its own.
 *
 * Returns: (transfer full): a manifest; free with kl_manifest_free()
 */
KlManifest *
kl_manifest_new (void)
{
  KlManifest *self = g_new0 (KlManifest, 1);

  self->files = g_ptr_array_new_with_free_func (manifest_file_free);
  return self;
}

void
kl_manifest_free (KlManifest *self)
{
  gsize i;

  if (self == NULL)
    return;
  for (i = 0; i < G_N_ELEMENTS (text_keys); i++)
    g_free (*text_field (self, &text_keys[i]));
  g_ptr_array_unref (self->files);
  g_free (self);
}

/**
 * kl_manifest_add_file:
 * @path: on the medium, absolute, with slashes
 * @size: bytes
 * @sha256: 64 lower-case hexadecimal digits
 *
 * Adds a file; the order does not matter.
 */
void
kl_manifest_add_file (KlManifest *self, const char *path, guint64 size, const char *sha256)
{
  KlManifestFile *file;

  g_return_if_fail (self != NULL && path != NULL && sha256 != NULL);

  file = g_new0 (KlManifestFile, 1);
  file->path = g_strdup (path);
  file->size = size;
  file->sha256 = g_strdup (sha256);
  g_ptr_array_add (self->files, file);
}

/**
 * kl_manifest_to_bytes:
 *
 * Writes the manifest as text, files sorted by path. A required value that is %NULL becomes an
 * empty one; a line end within a value is written as "\n" or "\r", a backslash as two, so that no
 * value can pretend to be a key. Sorts the member "files".
 *
 * Returns: (transfer full): UTF-8 text
 */
GBytes *
kl_manifest_to_bytes (KlManifest *self)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree char *head = NULL;
  g_autofree char *sha256 = NULL;
  gsize i;

  g_return_val_if_fail (self != NULL, NULL);

  for (i = 0; i < G_N_ELEMENTS (text_keys); i++)
    {
      const char *value = *text_field (self, &text_keys[i]);

      if (g_str_equal (text_keys[i].key, "uefi"))
        append_key (text, "bios", self->bios ? "true" : "false");
      if (value != NULL || text_keys[i].required)
        append_key (text, text_keys[i].key, value);
    }
  g_ptr_array_sort (self->files, compare_files);
  for (i = 0; i < self->files->len; i++)
    {
      const KlManifestFile *file = self->files->pdata[i];

      g_string_append_printf (text, "file=%s %" G_GUINT64_FORMAT " ", file->sha256, file->size);
      append_escaped (text, file->path);
      g_string_append_c (text, '\n');
    }

  sha256 = kl_sha256_data (text->str, text->len);
  head = g_strdup_printf ("kindling-manifest=%s\n%s=%s\n", FORMAT_VERSION, CHECKSUM_KEY, sha256);
  g_string_prepend (text, head);
  return g_string_free_to_bytes (g_steal_pointer (&text));
}

/**
 * kl_manifest_parse:
 * @bytes: from a medium; may hold anything
 *
 * Reads a manifest. At most 16 MiB and 100,000 files; paths are absolute, without "." and ".." and
 * without a twin that differs in case only; unknown keys are passed over. The checksum in the
 * second line has to fit where there is one.
 *
 * Errors: KL_ERROR_FORMAT with the line and what is wrong with it.
 *
 * Returns: (transfer full): a manifest, or %NULL with @error set
 */
KlManifest *
kl_manifest_parse (GBytes *bytes, GError **error)
{
  gsize size;
  const char *data = g_bytes_get_data (bytes, &size);
  g_autoptr (KlManifest) manifest = kl_manifest_new ();
  g_autoptr (GHashTable) paths = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autofree char *text = NULL;
  Reading reading = { manifest, paths, FALSE, 0, NULL };

  if (size > MAX_BYTES)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_FORMAT,
                   "Manifest: %" G_GSIZE_FORMAT " bytes, more than the 16 MiB a manifest can have",
                   size);
      return NULL;
    }
  if (size == 0 || !g_utf8_validate_len (data, size, NULL))
    {
      g_set_error (error, KL_ERROR, KL_ERROR_FORMAT, "Manifest: %s",
                   size == 0 ? "empty" : "not UTF-8 text");
      return NULL;
    }
  text = g_strndup (data, size);
  if (!read_lines (&reading, text, error) || !check_complete (&reading, error))
    return NULL;
  return g_steal_pointer (&manifest);
}
