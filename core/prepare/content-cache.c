/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-content-cache"

#include "prepare/content-cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "base/checksum.h"
#include "base/error.h"
#include "base/file-io.h"
#include "image/catalog-entry.h"

#define FOLDER ".cache"
#define PACK_FORMAT "blobs-%08x-%" G_GUINT64_FORMAT ".wim"

/* How much is kept; what was used last goes last. */
#define MAX_SIZE ((guint64) 1 << 30) /* bytes */
#define MAX_PACKS 64

/* What is not worth a place, and a pack; bytes. */
#define MIN_FILE_SIZE ((guint64) 4096)
#define MIN_PACK_SIZE ((guint64) 1 << 20)

/* Room that there has to be, as a multiple of what is to be compressed: the pack, and the same in
 * the image. */
#define SPACE_FACTOR 2

struct _KlContentCache
{
  char *folder;      /* the cache */
  char *work;        /* of the preparation, on the same file system */
  GPtrArray *files;  /* of KlTreeFile, borrowed: what may be shared, each content once */
  GHashTable *found; /* SHA-1 of contents that are there */
  GPtrArray *donors; /* of paths */
  char *pack;        /* path of what this preparation compressed; NULL for nothing */
};

typedef struct
{
  char *path;
  guint64 size; /* bytes */
  guint32 crc32c;
  gint64 used; /* seconds */
} Pack;

static void
pack_free (gpointer data)
{
  g_free (((Pack *) data)->path);
  g_free (data);
}

static Pack *
read_pack (const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autofree char *canonical = NULL;
  struct stat info;
  guint64 size = 0;
  guint32 crc = 0;
  Pack *pack;

  if (sscanf (name, PACK_FORMAT, &crc, &size) != 2)
    return NULL;
  canonical = g_strdup_printf (PACK_FORMAT, crc, size);
  if (strcmp (canonical, name) != 0 || lstat (path, &info) != 0 || !S_ISREG (info.st_mode))
    return NULL;

  pack = g_new0 (Pack, 1);
  pack->path = g_steal_pointer (&path);
  pack->size = size;
  pack->crc32c = crc;
  pack->used = info.st_mtim.tv_sec;
  return pack;
}

static int
compare_use (gconstpointer a, gconstpointer b)
{
  const Pack *left = *(Pack *const *) a, *right = *(Pack *const *) b;

  return left->used != right->used ? (left->used < right->used ? 1 : -1)
                                   : strcmp (left->path, right->path);
}

/* All packs, last used first. */
static GPtrArray *
list_packs (const char *folder)
{
  GPtrArray *packs = g_ptr_array_new_with_free_func (pack_free);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      Pack *pack = read_pack (folder, name);

      if (pack != NULL)
        g_ptr_array_add (packs, pack);
    }
  g_ptr_array_sort (packs, compare_use);
  return packs;
}

static void
drop (const Pack *pack, const char *why)
{
  g_message ("“%s” is dropped from the cache of compressed files: %s", pack->path, why);
  g_unlink (pack->path);
}

/* Whether a pack is what it was when it was written. */
static gboolean
check_pack (const Pack *pack, const char *path, GCancellable *cancellable)
{
  g_autoptr (GError) error = NULL;
  guint64 size = 0;
  guint32 crc = 0;

  if (!kl_crc32c_file (path, NULL, cancellable, &size, &crc, &error))
    return FALSE;
  if (size == pack->size && crc == pack->crc32c)
    return TRUE;

  drop (pack, "it is damaged");
  return FALSE;
}

static GHashTable *
find_wanted (KlContentCache *self)
{
  GHashTable *wanted = kl_wim_sha1_set_new ();

  for (guint i = 0; i < self->files->len; i++)
    {
      const KlTreeFile *file = self->files->pdata[i];

      if (!kl_wim_sha1_set_contains (self->found, file->sha1))
        kl_wim_sha1_set_add (wanted, file->sha1);
    }
  return wanted;
}

/* Takes what a pack has of what is still wanted: it is used through a link of our own, so that
 * nobody removes it meanwhile. */
static void
take (KlContentCache *self, const Pack *pack, GHashTable *wanted, GCancellable *cancellable)
{
  g_autofree char *path = g_strdup_printf ("%s/donor-%u.wim", self->work, self->donors->len);
  g_autoptr (GHashTable) here = kl_wim_sha1_set_new ();
  g_autoptr (GError) error = NULL;
  GHashTableIter iter;
  gpointer sum;

  if (link (pack->path, path) != 0)
    return;
  if (!kl_wim_find_contents (path, wanted, here, &error))
    drop (pack, error->message);
  if (g_hash_table_size (here) == 0 || !check_pack (pack, path, cancellable))
    {
      g_unlink (path);
      return;
    }

  g_hash_table_iter_init (&iter, here);
  while (g_hash_table_iter_next (&iter, &sum, NULL))
    {
      kl_wim_sha1_set_add (self->found, sum);
      g_hash_table_remove (wanted, sum);
    }
  utimensat (AT_FDCWD, path, NULL, 0);
  g_ptr_array_add (self->donors, g_steal_pointer (&path));
}

/**
 * kl_content_cache_find:
 *
 * Looks for packs that hold contents of the tree. What is wrong with the cache is nobody's error.
 * Blocks while packs are read.
 */
void
kl_content_cache_find (KlContentCache *self, GCancellable *cancellable)
{
  g_autoptr (GHashTable) wanted = find_wanted (self);
  g_autoptr (GPtrArray) packs = NULL;

  if (g_hash_table_size (wanted) == 0)
    return;

  packs = list_packs (self->folder);
  for (guint i = 0; i < packs->len && g_hash_table_size (wanted) > 0; i++)
    take (self, packs->pdata[i], wanted, cancellable);
}

/* Sources of what was not found, in an order that depends on nothing else. */
static GPtrArray *
find_missing (KlContentCache *self, guint64 *size)
{
  GPtrArray *sources = g_ptr_array_new ();

  *size = 0;
  for (guint i = 0; i < self->files->len; i++)
    {
      const KlTreeFile *file = self->files->pdata[i];

      if (kl_wim_sha1_set_contains (self->found, file->sha1))
        continue;
      g_ptr_array_add (sources, file->source);
      *size += file->size;
    }
  g_ptr_array_add (sources, NULL);
  return sources;
}

/**
 * kl_content_cache_compress:
 * @level: LZX level
 * @progress: (nullable): counts bytes of files
 *
 * Compresses what is not there yet, as far as it is worth a pack and there is room for it beside
 * the image. That the pack comes before the image and not out of it makes the image the same,
 * whether the cache had the contents or not.
 *
 * Errors: those of kl_wim_pack_files(). Blocks.
 */
gboolean
kl_content_cache_compress (KlContentCache *self,
                           guint level,
                           KlProgress *progress,
                           GCancellable *cancellable,
                           GError **error)
{
  guint64 size;
  g_autoptr (GPtrArray) missing = find_missing (self, &size);
  g_autofree char *pack = g_build_filename (self->work, "pack.wim", NULL);

  if (size < MIN_PACK_SIZE || size > MAX_SIZE
      || !kl_catalog_check_space (self->work, SPACE_FACTOR * size, "The cache", NULL))
    return TRUE;
  if (!kl_wim_pack_files ((const char *const *) missing->pdata, level, pack, progress, cancellable,
                          error))
    return FALSE;

  self->pack = g_strdup (pack);
  g_ptr_array_add (self->donors, g_steal_pointer (&pack));
  return TRUE;
}

GPtrArray *
kl_content_cache_get_donors (KlContentCache *self)
{
  return self->donors;
}

static void
prune (const char *folder)
{
  g_autoptr (GPtrArray) packs = list_packs (folder);
  guint64 total = 0;

  for (guint i = 0; i < packs->len; i++)
    {
      const Pack *pack = packs->pdata[i];

      total += pack->size;
      if (i >= MAX_PACKS || total > MAX_SIZE)
        g_unlink (pack->path);
    }
}

/**
 * kl_content_cache_store:
 *
 * Keeps what was compressed, and removes what was not used for longest where that becomes too much.
 * To be called once the image is done. What fails here is nobody's error. Blocks while the pack is
 * read.
 */
void
kl_content_cache_store (KlContentCache *self)
{
  g_autofree char *name = NULL;
  g_autofree char *final = NULL;
  g_autoptr (GError) error = NULL;
  guint64 size = 0;
  guint32 crc = 0;

  if (self->pack == NULL || !kl_crc32c_file (self->pack, NULL, NULL, &size, &crc, &error))
    return;

  name = g_strdup_printf (PACK_FORMAT, crc, size);
  final = g_build_filename (self->folder, name, NULL);
  if ((g_mkdir (self->folder, KL_FOLDER_MODE) == 0 || errno == EEXIST)
      && rename (self->pack, final) == 0)
    prune (self->folder);
  else
    g_message ("Compressed files are not kept in “%s”: %s", self->folder, g_strerror (errno));
}

static gboolean
is_below (const char *path, const char *folder)
{
  gsize length = strlen (folder);

  return length > 0 && strncmp (path, folder, length) == 0 && path[length] == '/';
}

static int
compare_sources (gconstpointer a, gconstpointer b)
{
  return strcmp ((*(KlTreeFile *const *) a)->source, (*(KlTreeFile *const *) b)->source);
}

/**
 * kl_content_cache_new:
 * @catalog: its folder
 * @work: a folder on the same file system, removed by the caller after kl_content_cache_store()
 * @tree: finished; stays until the cache is freed
 * @private_folder: what comes from there is not kept for others; "" for none
 *
 * Shared is what users named and nobody changed: no start-up files and no hives.
 *
 * Returns: (transfer full): the cache, for one preparation
 */
KlContentCache *
kl_content_cache_new (const char *catalog,
                      const char *work,
                      KlImageTree *tree,
                      const char *private_folder)
{
  KlContentCache *self = g_new0 (KlContentCache, 1);
  GPtrArray *files = kl_image_tree_get_files (tree);
  g_autoptr (GHashTable) seen = kl_wim_sha1_set_new ();

  self->folder = g_build_filename (catalog, FOLDER, NULL);
  self->work = g_strdup (work);
  self->files = g_ptr_array_new ();
  self->found = kl_wim_sha1_set_new ();
  self->donors = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < files->len; i++)
    {
      KlTreeFile *file = files->pdata[i];

      if (file->edited || file->source == NULL || file->size < MIN_FILE_SIZE
          || is_below (file->source, private_folder) || kl_wim_sha1_set_contains (seen, file->sha1))
        continue;
      kl_wim_sha1_set_add (seen, file->sha1);
      g_ptr_array_add (self->files, file);
    }
  g_ptr_array_sort (self->files, compare_sources);
  return self;
}

void
kl_content_cache_free (KlContentCache *self)
{
  if (self == NULL)
    return;

  g_free (self->folder);
  g_free (self->work);
  g_free (self->pack);
  g_ptr_array_unref (self->files);
  g_ptr_array_unref (self->donors);
  g_hash_table_unref (self->found);
  g_free (self);
}
