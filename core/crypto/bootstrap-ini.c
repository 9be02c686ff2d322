/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-bootstrap-ini"

#include "crypto/bootstrap-ini.h"

#include <string.h>

#include "base/error.h"

#define SECTION "MediaInfo"
#define SIZE_MAX_BYTES 65536

/**
 * kl_bootstrap_ini_to_bytes:
 *
 * Returns: (transfer full): ASCII, CR LF, exactly the three known keys
 */
GBytes *
kl_bootstrap_ini_to_bytes (const KlBootstrapIni *self)
{
  char *text = g_strdup_printf ("[" SECTION "]\r\nMediaType=%s\r\nPasswordRequired=%s\r\n"
                                "Unattended=%s\r\n",
                                self->media_type, self->password_required ? "true" : "false",
                                self->unattended ? "true" : "false");

  return g_bytes_new_take (text, strlen (text));
}

/* UTF-16LE with or without a BOM, UTF-8 with or without one, or ANSI. Keys and the values that are
 * understood are ASCII, so what else an ANSI text holds does not matter. */
static char *
dup_text (GBytes *bytes)
{
  gsize size;
  const guint8 *content = g_bytes_get_data (bytes, &size);
  const guint8 *data = size > 0 ? content : (const guint8 *) "";
  const gboolean marked = size >= 2 && data[0] == 0xff && data[1] == 0xfe;

  if (marked || (size >= 2 && data[0] != 0 && data[1] == 0))
    {
      const gsize skip = marked ? 2 : 0;

      return g_convert ((const char *) data + skip, (gssize) (size - skip), "UTF-8", "UTF-16LE",
                        NULL, NULL, NULL);
    }
  if (size >= 3 && memcmp (data, "\xef\xbb\xbf", 3) == 0)
    return g_utf8_make_valid ((const char *) data + 3, (gssize) size - 3);

  return g_utf8_make_valid ((const char *) data, (gssize) size);
}

static gboolean
parse_boolean (const char *key, const char *text, gboolean *value, GError **error)
{
  if (g_ascii_strcasecmp (text, "true") == 0 || g_ascii_strcasecmp (text, "false") == 0)
    {
      *value = g_ascii_strcasecmp (text, "true") == 0;
      return TRUE;
    }

  g_set_error (error, KL_ERROR, KL_ERROR_FORMAT,
               "TsmBootstrap.ini: %s is “%.32s” and neither true nor false", key, text);
  return FALSE;
}

static gboolean
take_line (KlBootstrapIni *self, char *line, GError **error)
{
  char *value = strchr (line, '=');

  if (value == NULL)
    return TRUE;

  *value++ = '\0';
  g_strstrip (line);
  g_strstrip (value);
  if (g_ascii_strcasecmp (line, "PasswordRequired") == 0)
    return parse_boolean ("PasswordRequired", value, &self->password_required, error);
  if (g_ascii_strcasecmp (line, "Unattended") == 0)
    return parse_boolean ("Unattended", value, &self->unattended, error);
  if (g_ascii_strcasecmp (line, "MediaType") == 0)
    {
      g_free (self->media_type);
      self->media_type = g_strdup (value);
    }

  return TRUE;
}

static gboolean
take_text (KlBootstrapIni *self, char *text, GError **error)
{
  g_auto (GStrv) lines = g_strsplit_set (text, "\r\n", -1);
  gboolean inside = FALSE;

  for (guint i = 0; lines[i] != NULL; i++)
    {
      char *line = g_strstrip (lines[i]);

      if (line[0] == '[')
        inside = g_ascii_strcasecmp (line, "[" SECTION "]") == 0;
      else if (inside && line[0] != ';' && !take_line (self, line, error))
        return FALSE;
    }

  return TRUE;
}

/**
 * kl_bootstrap_ini_parse:
 * @bytes: from outside: ANSI, UTF-8 or UTF-16LE
 *
 * Section and keys are compared without case, unknown keys are ignored, absent ones are false.
 *
 * Errors: KL_ERROR_FORMAT (over 64 KiB, no text, no MediaType, a value that is not Boolean).
 *
 * Returns: (transfer full) (nullable): what it says
 */
KlBootstrapIni *
kl_bootstrap_ini_parse (GBytes *bytes, GError **error)
{
  g_autoptr (KlBootstrapIni) self = g_new0 (KlBootstrapIni, 1);
  g_autofree char *text = NULL;

  if (g_bytes_get_size (bytes) <= SIZE_MAX_BYTES)
    text = dup_text (bytes);
  if (text == NULL)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_FORMAT,
                   "TsmBootstrap.ini: its %" G_GSIZE_FORMAT " bytes are no text of at most %d",
                   g_bytes_get_size (bytes), SIZE_MAX_BYTES);
      return NULL;
    }

  if (!take_text (self, text, error))
    return NULL;
  if (self->media_type == NULL || self->media_type[0] == '\0')
    {
      g_set_error (error, KL_ERROR, KL_ERROR_FORMAT,
                   "TsmBootstrap.ini has no MediaType in its section [" SECTION "]");
      return NULL;
    }

  return g_steal_pointer (&self);
}

void
kl_bootstrap_ini_free (KlBootstrapIni *self)
{
  g_free (self->media_type);
  g_free (self);
}
