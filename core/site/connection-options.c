/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-connection-options"

#include "site/connection-options.h"

#include <string.h>

#include "base/error.h"

#define ITEMS_MAX 64

/* media-api.md 1.1 */
static const char *const allowed[] = { "Username", "Domain", "Password", "Local", "Authority" };

/* The trimmed name of each item. Values stay where they are: one of them is a password, and no
 * message repeats an item that is not in order, because it may be the rest of one. */
static char **
split_names (const char *options, GError **error)
{
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  const char *at = options;

  for (guint number = 1;; number++)
    {
      const gsize length = strcspn (at, ",");
      const char *equals = memchr (at, '=', length);
      g_autofree char *name = equals != NULL ? g_strndup (at, (gsize) (equals - at)) : NULL;

      if (name == NULL || g_strstrip (name)[0] == '\0' || number > ITEMS_MAX)
        {
          g_set_error (error, KL_ERROR, KL_ERROR_CONNECTION_OPTIONS,
                       "Item %u of the connection options is not of the form name=value", number);
          return NULL;
        }
      if (!g_hash_table_add (seen, g_ascii_strdown (name, -1)))
        {
          g_set_error (error, KL_ERROR, KL_ERROR_CONNECTION_OPTIONS,
                       "Item %u of the connection options repeats a name", number);
          return NULL;
        }

      g_strv_builder_add (names, name);
      if (at[length] == '\0')
        return g_strv_builder_end (names);
      at += length + 1;
    }
}

static gboolean
is_allowed (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (allowed); i++)
    if (g_ascii_strcasecmp (name, allowed[i]) == 0)
      return TRUE;

  return FALSE;
}

/**
 * kl_connection_options_check:
 * @options: (nullable): "name=value,…"; nothing at all is in order
 *
 * Errors (media-api.md 3): KL_ERROR_CONNECTION_OPTIONS (an item without "=", an empty name, a name
 * given twice), then KL_ERROR_CONNECTION_OPTION_NAME with the first unknown name as detail. Any
 * thread.
 */
gboolean
kl_connection_options_check (const char *options, GError **error)
{
  g_auto (GStrv) names = NULL;

  if (options == NULL || options[strspn (options, " \t")] == '\0')
    return TRUE;

  names = split_names (options, error);
  if (names == NULL)
    return FALSE;

  for (guint i = 0; names[i] != NULL; i++)
    if (!is_allowed (names[i]))
      {
        g_autofree char *valid = g_utf8_make_valid (names[i], -1);
        g_autofree char *name = g_utf8_substring (valid, 0, MIN (64, g_utf8_strlen (valid, -1)));
        GError *local = g_error_new (KL_ERROR, KL_ERROR_CONNECTION_OPTION_NAME,
                                     "“%s” is no connection option", name);

        kl_error_set_detail (local, name);
        g_propagate_error (error, local);
        return FALSE;
      }

  return TRUE;
}
