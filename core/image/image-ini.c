/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-image-ini"

#include "image/image-ini.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/atomic-file.h"
#include "base/checksum.h"
#include "base/error.h"
#include "base/file-io.h"

#define MAX_INI_SIZE ((gsize) 1 << 20) /* bytes */

static char *
read_file (const char *folder, const char *file, gsize *length, char **path, GError **error)
{
  struct stat info;
  g_autofd int fd = -1;

  *path = g_build_filename (folder, file, NULL);
  fd = kl_open_with_info (*path, &info, error);
  if (fd < 0)
    return NULL;
  if (info.st_size == 0 || (guint64) info.st_size > MAX_INI_SIZE)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_IMAGE_BROKEN,
                   "“%s” has %" G_GINT64_FORMAT " bytes; 1 to %" G_GSIZE_FORMAT " are expected",
                   *path, (gint64) info.st_size, MAX_INI_SIZE);
      return NULL;
    }

  *length = (gsize) info.st_size;
  return kl_read_all (fd, *length, *path, error);
}

static GKeyFile *
parse (const char *data, gsize length, const char *path, GError **error)
{
  g_autoptr (GKeyFile) ini = g_key_file_new ();
  g_autoptr (GError) parse_error = NULL;
  g_autofree char *reason = NULL;

  if (g_key_file_load_from_data (
          ini, data, length, G_KEY_FILE_KEEP_COMMENTS | G_KEY_FILE_KEEP_TRANSLATIONS, &parse_error))
    return g_steal_pointer (&ini);

  reason = g_utf8_make_valid (parse_error->message, -1);
  g_set_error (error, KL_ERROR, KL_ERROR_IMAGE_BROKEN, "“%s” is no key file: %s", path, reason);
  return NULL;
}

/**
 * kl_image_ini_load:
 * @folder: of the catalog entry
 * @file: KL_INI_IMAGE_FILE or KL_INI_STATUS_FILE
 *
 * Errors: KL_ERROR_NOT_FOUND and other KL_ERROR_* of opening and reading; KL_ERROR_IMAGE_BROKEN for
 * content that is no key file.
 *
 * Returns: (transfer full): the key file
 */
GKeyFile *
kl_image_ini_load (const char *folder, const char *file, GError **error)
{
  g_autofree char *path = NULL;
  gsize length = 0;
  g_autofree char *data = read_file (folder, file, &length, &path, error);

  return data != NULL ? parse (data, length, path, error) : NULL;
}

/**
 * kl_image_ini_save:
 *
 * Replaces the file atomically; the folder's modification time changes with it, by which other
 * processes notice.
 */
gboolean
kl_image_ini_save (GKeyFile *ini, const char *folder, const char *file, GError **error)
{
  g_autofree char *path = g_build_filename (folder, file, NULL);
  gsize length = 0;
  g_autofree char *data = g_key_file_to_data (ini, &length, NULL);

  return kl_replace_file (path, data, length, error);
}

/* As most values are: ASCII without control characters and escapes. */
static gboolean
is_plain (const char *value, gsize max_characters)
{
  gsize n = 0;

  for (; value[n] != '\0' && n <= max_characters; n++)
    if (value[n] < ' ' || value[n] > '~' || value[n] == '\\')
      return FALSE;
  return n <= max_characters;
}

/**
 * kl_image_ini_dup_text:
 * @max_characters: where a longer value is cut
 *
 * Returns: (transfer full): the value, valid UTF-8 in one line; "" where there is none
 */
char *
kl_image_ini_dup_text (GKeyFile *ini, const char *group, const char *key, gsize max_characters)
{
  g_autofree char *raw = g_key_file_get_value (ini, group, key, NULL);
  g_autofree char *value = NULL;
  g_autofree char *valid = NULL;
  GString *text;
  gsize n = 0;

  if (raw == NULL)
    return g_strdup ("");
  if (is_plain (raw, max_characters))
    return g_steal_pointer (&raw);

  /* A value that is no UTF-8, or has an unknown escape, is only to be had raw. */
  value = g_key_file_get_string (ini, group, key, NULL);
  valid = g_utf8_make_valid (value != NULL ? value : raw, -1);
  text = g_string_new (NULL);

  for (const char *at = valid; *at != '\0' && n < max_characters; at = g_utf8_next_char (at), n++)
    {
      gunichar character = g_utf8_get_char (at);

      g_string_append_unichar (text, g_unichar_iscntrl (character) ? ' ' : character);
    }

  return g_string_free (text, FALSE);
}

/**
 * kl_image_ini_get_number:
 * @base: 10 or 16
 * @max: the largest value that is taken
 * @value: (out): the value, if %TRUE
 *
 * Digits only: no sign, no space, nothing behind.
 */
gboolean
kl_image_ini_get_number (
    GKeyFile *ini, const char *group, const char *key, guint base, guint64 max, guint64 *value)
{
  g_autofree char *text = g_key_file_get_value (ini, group, key, NULL);

  if (text == NULL)
    return FALSE;
  return g_ascii_string_to_unsigned (text, base, 0, max, value, NULL);
}

static gboolean
is_of_recipe (const char *group)
{
  return strcmp (group, KL_INI_RECIPE) == 0 || g_str_has_prefix (group, KL_INI_DRIVER_PREFIX);
}

static void
append_group (GString *text, GKeyFile *ini, const char *group)
{
  g_auto (GStrv) keys = g_key_file_get_keys (ini, group, NULL, NULL);

  g_string_append_printf (text, "[%s]\n", group);
  for (guint i = 0; keys != NULL && keys[i] != NULL; i++)
    {
      g_autofree char *value = g_key_file_get_value (ini, group, keys[i], NULL);

      g_string_append_printf (text, "%s=%s\n", keys[i], value != NULL ? value : "");
    }
}

/**
 * kl_image_ini_dup_recipe_stamp:
 * @ini: of an image.ini
 *
 * Returns: (transfer full): a sum over the recipe and the record of the source WIM; another one
 *   means that boot.wim is stale
 */
char *
kl_image_ini_dup_recipe_stamp (GKeyFile *ini)
{
  g_auto (GStrv) groups = g_key_file_get_groups (ini, NULL);
  g_autofree char *sha256 = kl_image_ini_dup_text (ini, KL_INI_SOURCE, KL_INI_SHA256, 64);
  g_autofree char *index = kl_image_ini_dup_text (ini, KL_INI_SOURCE, KL_INI_INDEX, 8);
  g_autoptr (GString) text = g_string_new (NULL);

  g_string_append_printf (text, "%s %s\n", sha256, index);
  for (guint i = 0; groups[i] != NULL; i++)
    if (is_of_recipe (groups[i]))
      append_group (text, ini, groups[i]);
  return kl_sha256_data (text->str, text->len);
}

/**
 * kl_image_ini_get_build:
 * @ini: an image.ini
 *
 * Returns: the build of the image's Windows, 26100 for "10.0.26100.1"; 0 where it is not known
 */
guint
kl_image_ini_get_build (GKeyFile *ini)
{
  g_autofree char *version = kl_image_ini_dup_text (ini, KL_INI_IMAGE, KL_INI_OS_VERSION, 64);
  g_auto (GStrv) parts = g_strsplit (version, ".", 4);
  guint64 build = 0;

  if (g_strv_length (parts) >= 3)
    g_ascii_string_to_unsigned (parts[2], 10, 0, G_MAXUINT32, &build, NULL);
  return (guint) build;
}

/**
 * kl_image_record_load:
 * @folder: of the catalog entry
 *
 * Reads KL_INI_IMAGE_FILE. Errors: those of kl_image_ini_load().
 *
 * Returns: (transfer full): the record
 */
KlImageRecord *
kl_image_record_load (const char *folder, GError **error)
{
  g_autoptr (KlImageRecord) self = g_new0 (KlImageRecord, 1);
  g_autofree char *path = NULL;
  gsize length = 0;
  g_autofree char *data = read_file (folder, KL_INI_IMAGE_FILE, &length, &path, error);

  if (data == NULL)
    return NULL;
  self->plain = kl_plain_ini_new (data, length);
  if (self->plain == NULL)
    self->ini = parse (data, length, path, error);
  return self->plain != NULL || self->ini != NULL ? g_steal_pointer (&self) : NULL;
}

void
kl_image_record_free (KlImageRecord *self)
{
  if (self == NULL)
    return;

  g_clear_pointer (&self->plain, kl_plain_ini_free);
  g_clear_pointer (&self->ini, g_key_file_unref);
  g_free (self);
}

gboolean
kl_image_record_has_group (KlImageRecord *self, const char *group)
{
  return self->plain != NULL ? kl_plain_ini_has_group (self->plain, group)
                             : g_key_file_has_group (self->ini, group);
}

/* As kl_image_ini_dup_text(). */
char *
kl_image_record_dup_text (KlImageRecord *self,
                          const char *group,
                          const char *key,
                          gsize max_characters)
{
  const char *value;

  if (self->plain == NULL)
    return kl_image_ini_dup_text (self->ini, group, key, max_characters);

  value = kl_plain_ini_get (self->plain, group, key);
  return value != NULL ? g_strndup (value, strnlen (value, max_characters)) : g_strdup ("");
}

/* As kl_image_ini_get_number(). */
gboolean
kl_image_record_get_number (KlImageRecord *self,
                            const char *group,
                            const char *key,
                            guint base,
                            guint64 max,
                            guint64 *value)
{
  const char *text;

  if (self->plain == NULL)
    return kl_image_ini_get_number (self->ini, group, key, base, max, value);

  text = kl_plain_ini_get (self->plain, group, key);
  return text != NULL && g_ascii_string_to_unsigned (text, base, 0, max, value, NULL);
}

/* %FALSE too where there is none. */
gboolean
kl_image_record_get_flag (KlImageRecord *self, const char *group, const char *key)
{
  const char *text;

  if (self->plain == NULL)
    return g_key_file_get_boolean (self->ini, group, key, NULL);

  text = kl_plain_ini_get (self->plain, group, key);
  return g_strcmp0 (text, "true") == 0 || g_strcmp0 (text, "1") == 0;
}

/* As kl_image_ini_dup_recipe_stamp(). */
char *
kl_image_record_dup_recipe_stamp (KlImageRecord *self)
{
  g_autoptr (GString) text = NULL;
  const char *group, *key, *value;
  g_autofree char *sha256 = NULL;
  g_autofree char *index = NULL;

  if (self->plain == NULL)
    return kl_image_ini_dup_recipe_stamp (self->ini);

  sha256 = kl_image_record_dup_text (self, KL_INI_SOURCE, KL_INI_SHA256, 64);
  index = kl_image_record_dup_text (self, KL_INI_SOURCE, KL_INI_INDEX, 8);
  text = g_string_new (NULL);
  g_string_append_printf (text, "%s %s\n", sha256, index);
  for (guint i = 0; kl_plain_ini_get_line (self->plain, i, &group, &key, &value); i++)
    if (!is_of_recipe (group))
      continue;
    else if (key == NULL)
      g_string_append_printf (text, "[%s]\n", group);
    else
      g_string_append_printf (text, "%s=%s\n", key, value);
  return kl_sha256_data (text->str, text->len);
}
