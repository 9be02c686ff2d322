/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-wim-contents"

#include "wim/wim.h"

#include <string.h>

#include "base/checksum.h"
#include "wim/wim-library.h"

/* Keys of 20 bytes. They are sums already. */
static guint
sha1_hash (gconstpointer key)
{
  guint hash;

  memcpy (&hash, key, sizeof hash);
  return hash;
}

static gboolean
sha1_equal (gconstpointer a, gconstpointer b)
{
  return memcmp (a, b, KL_SHA1_SIZE) == 0;
}

/**
 * kl_wim_sha1_set_new:
 *
 * Returns: (transfer full): an empty set of sums
 */
GHashTable *
kl_wim_sha1_set_new (void)
{
  return g_hash_table_new_full (sha1_hash, sha1_equal, g_free, NULL);
}

/**
 * kl_wim_sha1_map_new:
 * @free_value: (nullable)
 *
 * Returns: (transfer full): an empty table of sums, each of which is part of its value
 */
GHashTable *
kl_wim_sha1_map_new (GDestroyNotify free_value)
{
  return g_hash_table_new_full (sha1_hash, sha1_equal, NULL, free_value);
}

void
kl_wim_sha1_set_add (GHashTable *set, const guint8 *sha1)
{
  g_hash_table_add (set, g_memdup2 (sha1, KL_SHA1_SIZE));
}

typedef struct
{
  GHashTable *wanted;
  GHashTable *found;
} Search;

static int
search_cb (const struct wimlib_resource_entry *resource, void *user_data)
{
  Search *search = user_data;

  if (!resource->is_missing && !resource->is_metadata
      && g_hash_table_contains (search->wanted, resource->sha1_hash))
    kl_wim_sha1_set_add (search->found, resource->sha1_hash);
  return 0;
}

/**
 * kl_wim_find_contents:
 * @wanted: a set of sums
 * @found: a set that gets those that the file has
 *
 * Which contents a WIM holds, by its table alone.
 *
 * Errors: as kl_wim_open(). Blocks.
 */
gboolean
kl_wim_find_contents (const char *path, GHashTable *wanted, GHashTable *found, GError **error)
{
  g_autoptr (KlWim) wim = kl_wim_open (path, error);
  Search search = { wanted, found };

  return wim != NULL && wimlib_iterate_lookup_table (wim->wim, 0, search_cb, &search) == 0;
}

char *
kl_wim_dup_library_version (void)
{
  const guint32 version = wimlib_get_version ();

  return g_strdup_printf ("%u.%u.%u", version >> 20, (version >> 10) & 0x3ff, version & 0x3ff);
}
