/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-label"

#include "media/label.h"

#include <string.h>

#include "base/error.h"

#define MAX_CHARACTERS 32
#define FORBIDDEN "\"*+,./:;<=>?[\\]|"
#define FALLBACK "WINPE"

static gboolean
is_forbidden (gunichar character)
{
  return g_unichar_iscntrl (character)
         || (character < 0x80 && strchr (FORBIDDEN, (char) character) != NULL);
}

static gboolean
check_characters (const char *label, GError **error)
{
  const char *at;

  for (at = label; *at != '\0'; at = g_utf8_next_char (at))
    {
      gunichar character = g_utf8_get_char (at);

      if (g_unichar_iscntrl (character))
        {
          g_set_error (error, KL_ERROR, KL_ERROR_LABEL,
                       "The label has the control character U+%04X; a label is one line of text",
                       character);
          return FALSE;
        }
      if (is_forbidden (character))
        {
          g_set_error (error, KL_ERROR, KL_ERROR_LABEL,
                       "The label \"%s\" has the character %c; a label has none of %s", label,
                       (char) character, FORBIDDEN);
          return FALSE;
        }
    }
  return TRUE;
}

/**
 * kl_label_check:
 *
 * Whether media can bear @label: 1 to 32 characters that are not all spaces, no control
 * characters, and none that a FAT label refuses (media-formats.md 9.2).
 *
 * Errors: KL_ERROR_LABEL with the character and the rule.
 */
gboolean
kl_label_check (const char *label, GError **error)
{
  glong length;

  g_return_val_if_fail (label != NULL, FALSE);

  if (!g_utf8_validate (label, -1, NULL))
    {
      g_set_error (error, KL_ERROR, KL_ERROR_LABEL, "The label is not UTF-8 text");
      return FALSE;
    }
  if (label[strspn (label, " ")] == '\0')
    {
      g_set_error (error, KL_ERROR, KL_ERROR_LABEL,
                   "The label is empty; a label has 1 to %d characters", MAX_CHARACTERS);
      return FALSE;
    }
  if (!check_characters (label, error))
    return FALSE;
  length = g_utf8_strlen (label, -1);
  if (length > MAX_CHARACTERS)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_LABEL,
                   "The label \"%s\" has %ld characters; a label has at most %d", label, length,
                   MAX_CHARACTERS);
      return FALSE;
    }
  return TRUE;
}

/**
 * kl_label_dup_default:
 * @image_name: any text
 *
 * The label for media of an image that nobody chose a label for: its name, each forbidden
 * character replaced by "_", cut to 32 characters, without spaces at either end.
 *
 * Returns: (transfer full): a label that passes kl_label_check()
 */
char *
kl_label_dup_default (const char *image_name)
{
  g_autofree char *valid = NULL;
  g_autoptr (GString) label = g_string_new (NULL);
  const char *at;
  guint n = 0;

  g_return_val_if_fail (image_name != NULL, NULL);

  valid = g_strstrip (g_utf8_make_valid (image_name, -1));
  for (at = valid; *at != '\0' && n < MAX_CHARACTERS; at = g_utf8_next_char (at), n++)
    {
      gunichar character = g_utf8_get_char (at);

      g_string_append_unichar (label, is_forbidden (character) ? '_' : character);
    }
  g_strchomp (label->str);
  return g_strdup (label->str[0] != '\0' ? label->str : FALLBACK);
}

/**
 * kl_label_dup_volume_id:
 * @label: UTF-8 text
 *
 * The volume name of an ISO 9660 file system for a label: upper case, one "_" for every character
 * that is not in [A-Z0-9_], at most 32 (media-formats.md 8.2).
 */
char *
kl_label_dup_volume_id (const char *label)
{
  g_autofree char *valid = NULL;
  g_autoptr (GString) id = g_string_new (NULL);
  const char *at;

  g_return_val_if_fail (label != NULL, NULL);

  valid = g_utf8_make_valid (label, -1);
  for (at = valid; *at != '\0' && id->len < MAX_CHARACTERS; at = g_utf8_next_char (at))
    {
      gunichar character = g_utf8_get_char (at);

      if (character < 0x80 && g_ascii_isalnum ((char) character))
        g_string_append_c (id, g_ascii_toupper ((char) character));
      else
        g_string_append_c (id, '_');
    }
  return g_string_free (g_steal_pointer (&id), FALSE);
}
