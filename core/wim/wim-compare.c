/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-wim-compare"

#include "wim/wim.h"

#include <string.h>

#include "base/checksum.h"
#include "base/error.h"
#include "base/file-io.h"
#include "wim/wim-compress.h"
#include "wim/wim-library.h"
#include "wim/wim-metadata.h"

typedef struct
{
  GHashTable *wanted; /* SHA-1 → KlWimAddition, both borrowed: those that were not found yet */
  struct wimlib_resource_entry metadata;
  guint n_metadata;
} Search;

static int
search_cb (const struct wimlib_resource_entry *resource, void *user_data)
{
  Search *search = user_data;
  const KlWimAddition *file;

  if (resource->is_missing)
    return 0;
  if (resource->is_metadata)
    {
      search->metadata = *resource;
      search->n_metadata++;
      return 0;
    }
  file = g_hash_table_lookup (search->wanted, resource->sha1_hash);
  if (file != NULL && file->size == resource->uncompressed_size)
    g_hash_table_remove (search->wanted, resource->sha1_hash);
  return 0;
}

/* The metadata of the only image, as far as their sum is right. */
static GBytes *
read_metadata (KlWim *self, const Search *search, GError **error)
{
  const struct wimlib_resource_entry *metadata = &search->metadata;
  gsize stored = (gsize) metadata->compressed_size;
  g_autofree guint8 *data = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autofd int fd = -1;
  guint8 sha1[KL_SHA1_SIZE];

  if (search->n_metadata != 1 || metadata->packed || metadata->uncompressed_size == 0)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_WIM_DAMAGED, "“%s” does not hold one image",
                   self->path);
      return NULL;
    }

  fd = kl_open_for_reading (self->path, error);
  data = g_malloc (stored);
  if (fd < 0 || !kl_read_at (fd, data, stored, metadata->offset, self->path, error))
    return NULL;
  bytes = g_bytes_new_take (g_steal_pointer (&data), stored);
  if (metadata->is_compressed)
    {
      GBytes *plain = kl_wim_decompress (bytes, metadata->uncompressed_size, self->path, error);

      g_bytes_unref (bytes);
      bytes = plain;
    }
  if (bytes == NULL)
    return NULL;

  kl_sha1_data (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), sha1);
  if (memcmp (sha1, metadata->sha1_hash, sizeof sha1) == 0)
    return g_steal_pointer (&bytes);
  g_set_error (error, KL_ERROR, KL_ERROR_WIM_DAMAGED, "The metadata of “%s” are damaged",
               self->path);
  return NULL;
}

static gboolean
has_file (KlWimMetadata *metadata, GHashTable *missing, const KlWimAddition *file)
{
  static const guint8 empty[KL_SHA1_SIZE];
  const guint8 *sha1 = kl_wim_metadata_find (metadata, file->path);

  return sha1 != NULL && memcmp (sha1, file->size > 0 ? file->sha1 : empty, KL_SHA1_SIZE) == 0
         && (file->size == 0 || !g_hash_table_contains (missing, file->sha1));
}

/**
 * kl_wim_compare:
 * @self: of one image
 * @files: of KlWimAddition; @content is not looked at
 * @different: (out) (transfer none) (nullable): the first of them that is not in the image, or not
 *   as it should be; %NULL where all are
 *
 * Compares paths, sizes and sums of files with what the metadata of the image and the table of
 * contents say. wimlib's own reading of them takes a kilobyte a file, and this a sixth of that.
 *
 * Errors: KL_ERROR_WIM_DAMAGED, KL_ERROR_* of reading. Blocks.
 */
gboolean
kl_wim_compare (KlWim *self, GPtrArray *files, const KlWimAddition **different, GError **error)
{
  g_autoptr (GHashTable) wanted = kl_wim_sha1_map_new (NULL);
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (KlWimMetadata) metadata = NULL;
  Search search = { .wanted = wanted };

  for (guint i = 0; i < files->len; i++)
    {
      KlWimAddition *file = files->pdata[i];

      if (file->size > 0)
        g_hash_table_insert (wanted, (gpointer) file->sha1, file);
    }
  wimlib_iterate_lookup_table (self->wim, 0, search_cb, &search);
  bytes = read_metadata (self, &search, error);
  metadata = bytes != NULL ? kl_wim_metadata_new (bytes, self->path, error) : NULL;
  if (metadata == NULL)
    return FALSE;

  *different = NULL;
  for (guint i = 0; i < files->len && *different == NULL; i++)
    if (!has_file (metadata, wanted, files->pdata[i]))
      *different = files->pdata[i];
  return TRUE;
}
