/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-image-name"

#include "edit/image-name.h"

#include <string.h>

#include "base/error.h"

#define MAX_PATH_LENGTH 255 /* UTF-16 units below "X:" */

static gboolean
set_wrong (GError **error, const char *name, const char *why)
{
  g_autofree char *valid = g_utf8_make_valid (name, -1);

  g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT, "Windows cannot have the name “%s”: %s",
               valid, why);
  return FALSE;
}

/* The part before the first dot decides: "con.txt" is the console too. */
static gboolean
is_device (const char *name)
{
  static const char *const devices[]
      = { "con", "prn", "aux", "nul", "conin$", "conout$", "clock$" };
  gsize length = strcspn (name, ".");
  g_autofree char *stem = g_ascii_strdown (name, (gssize) length);

  g_strchomp (stem);
  for (gsize i = 0; i < G_N_ELEMENTS (devices); i++)
    if (strcmp (stem, devices[i]) == 0)
      return TRUE;
  return strlen (stem) == 4 && (g_str_has_prefix (stem, "com") || g_str_has_prefix (stem, "lpt"))
         && stem[3] >= '1' && stem[3] <= '9';
}

/**
 * kl_image_name_check:
 *
 * Errors: KL_ERROR_INVALID_ARGUMENT, with the reason.
 */
gboolean
kl_image_name_check (const char *name, GError **error)
{
  gsize length = strlen (name);

  if (!g_utf8_validate (name, -1, NULL))
    return set_wrong (error, name, "it is not valid UTF-8");
  if (length == 0 || strcmp (name, ".") == 0 || strcmp (name, "..") == 0)
    return set_wrong (error, name, "it names no file");
  for (const char *at = name; *at != '\0'; at++)
    if ((guchar) *at < 0x20 || strchr ("\\/:*?\"<>|", *at) != NULL)
      return set_wrong (error, name, "it holds one of \\ / : * ? \" < > | or a control character");
  if (name[length - 1] == '.' || name[length - 1] == ' ')
    return set_wrong (error, name, "it ends in a dot or space");
  if (is_device (name))
    return set_wrong (error, name, "it is the name of a device");
  return TRUE;
}

/**
 * kl_image_path_check:
 * @path: from the image's root on, "\Windows\System32\winpeshl.ini"; the first backslash may lack
 *
 * Errors: KL_ERROR_INVALID_ARGUMENT, with the reason.
 */
gboolean
kl_image_path_check (const char *path, GError **error)
{
  const char *below = *path == '\\' ? path + 1 : path;
  g_auto (GStrv) parts = g_strsplit (below, "\\", -1);
  glong units = 0;
  g_autofree gunichar2 *utf16 = NULL;

  for (guint i = 0; parts[i] != NULL; i++)
    if (!kl_image_name_check (parts[i], error))
      return FALSE;
  if (parts[0] == NULL)
    return set_wrong (error, path, "it is empty");

  utf16 = g_utf8_to_utf16 (below, -1, NULL, &units, NULL);
  if (utf16 == NULL || units + 1 > MAX_PATH_LENGTH)
    return set_wrong (error, path, "the path is longer than 255 characters");
  return TRUE;
}
