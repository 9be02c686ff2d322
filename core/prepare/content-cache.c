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
#include "image/image-ini.h"

/* Level, CRC-32C, where it begins to be new, size of the file; then the image's ID. */
#define NAME_START "wim-%u-%08x-%" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT "-"

/* How many WIM files are known, and how many of them are opened: what was used last goes first. */
#define MAX_KNOWN 64
#define MAX_OPENED 16

struct _KlContentCache
{
  char *catalog; /* folder */
  char *folder;  /* the cache */
  char *work;    /* of the preparation, on the same file system */
  guint level;
  GPtrArray *donors; /* of paths */
};

/* What is known of a prepared WIM. */
typedef struct
{
  char *path;  /* of the file that says it */
  char *wim;   /* path */
  char *id;    /* of the image */
  guint level; /* LZX */
  guint32 crc32c;
  guint64 start; /* bytes */
  guint64 size;  /* bytes */
  gint64 used;   /* seconds */
} Known;

static void
known_free (gpointer data)
{
  Known *known = data;

  g_free (known->path);
  g_free (known->wim);
  g_free (known->id);
  g_free (known);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Known, known_free)

static char *
dup_name (guint level, guint32 crc32c, guint64 start, guint64 size, const char *id)
{
  return g_strdup_printf (NAME_START "%s", level, crc32c, start, size, id);
}

/* NULL for what is no name of ours. */
static Known *
read_name (KlContentCache *self, const char *name)
{
  g_autoptr (Known) known = NULL;
  g_autofree char *canonical = NULL;
  struct stat info;
  int end = 0;
  guint level;
  guint32 crc;
  guint64 start, size;

  if (sscanf (name, NAME_START "%n", &level, &crc, &start, &size, &end) != 4 || end == 0
      || name[end] == '\0' || name[end] == '.')
    return NULL;
  canonical = dup_name (level, crc, start, size, name + end);
  if (strcmp (canonical, name) != 0)
    return NULL;

  known = g_new0 (Known, 1);
  known->path = g_build_filename (self->folder, name, NULL);
  known->id = g_strdup (name + end);
  known->wim = g_build_filename (self->catalog, known->id, KL_BOOT_WIM_FILE, NULL);
  known->level = level;
  known->crc32c = crc;
  known->start = start;
  known->size = size;
  if (lstat (known->path, &info) != 0 || !S_ISREG (info.st_mode))
    return NULL;
  known->used = info.st_mtim.tv_sec;
  return g_steal_pointer (&known);
}

static int
compare_use (gconstpointer a, gconstpointer b)
{
  const Known *left = *(Known *const *) a, *right = *(Known *const *) b;

  return left->used != right->used ? (left->used < right->used ? 1 : -1)
                                   : strcmp (left->path, right->path);
}

/* All that is known, last used first. */
static GPtrArray *
list_known (KlContentCache *self)
{
  GPtrArray *list = g_ptr_array_new_with_free_func (known_free);
  g_autoptr (GDir) dir = g_dir_open (self->folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      Known *known = read_name (self, name);

      if (known != NULL)
        g_ptr_array_add (list, known);
    }
  g_ptr_array_sort (list, compare_use);
  return list;
}

static gboolean
is_there (const Known *known)
{
  struct stat info;

  return lstat (known->wim, &info) == 0 && S_ISREG (info.st_mode)
         && (guint64) info.st_size == known->size;
}

/* Whether all that will be taken from it, and what says where it is, is as it was written. */
static gboolean
check (const Known *known, const char *path, GCancellable *cancellable)
{
  g_autoptr (GError) error = NULL;
  struct stat info;
  g_autofd int fd = kl_open_with_info (path, &info, &error);
  const guint64 length = known->size - known->start;
  guint32 header, rest;

  if (fd >= 0 && (guint64) info.st_size == known->size && known->start <= known->size
      && kl_crc32c_range (fd, path, 0, KL_WIM_HEADER_SIZE, NULL, cancellable, &header, &error)
      && kl_crc32c_range (fd, path, known->start, length, NULL, cancellable, &rest, &error)
      && (kl_crc32c_shift (header, length) ^ rest) == known->crc32c)
    return TRUE;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return FALSE;
  g_message ("Nothing is taken from “%s”: %s", known->wim,
             error != NULL ? error->message : "it is not what was prepared");
  g_unlink (known->path);
  return FALSE;
}

/* Takes what a WIM has of what is still wanted: it is used through a link of our own, so that it
 * stays while somebody else prepares that image. */
static void
take (KlContentCache *self, const Known *known, GHashTable *wanted, GCancellable *cancellable)
{
  g_autofree char *path = g_strdup_printf ("%s/donor-%u.wim", self->work, self->donors->len);
  g_autoptr (GHashTable) here = kl_wim_sha1_set_new ();
  GHashTableIter iter;
  gpointer sum;

  if (link (known->wim, path) != 0)
    return;
  if (!check (known, path, cancellable) || !kl_wim_find_contents (path, wanted, here, NULL)
      || g_hash_table_size (here) == 0)
    {
      g_unlink (path);
      return;
    }

  g_hash_table_iter_init (&iter, here);
  while (g_hash_table_iter_next (&iter, &sum, NULL))
    g_hash_table_remove (wanted, sum);
  utimensat (AT_FDCWD, known->path, NULL, 0);
  g_ptr_array_add (self->donors, g_steal_pointer (&path));
}

/**
 * kl_content_cache_find:
 * @tree: finished
 *
 * Looks for prepared WIM files that hold contents of the tree, compressed at the same level: so the
 * image becomes the same, whether there are any or not. What is wrong with them is nobody's error.
 * Blocks while they are read.
 *
 * Returns: (transfer none): of paths of WIM files, which stay as they are until the work folder is
 *   removed
 */
GPtrArray *
kl_content_cache_find (KlContentCache *self, KlImageTree *tree, GCancellable *cancellable)
{
  g_autoptr (GHashTable) wanted = kl_wim_sha1_set_new ();
  g_autoptr (GPtrArray) list = list_known (self);
  GPtrArray *files = kl_image_tree_get_files (tree);
  guint n_opened = 0;

  for (guint i = 0; i < files->len; i++)
    if (((KlTreeFile *) files->pdata[i])->size > 0)
      kl_wim_sha1_set_add (wanted, ((KlTreeFile *) files->pdata[i])->sha1);

  for (guint i = 0; i < list->len && n_opened < MAX_OPENED && g_hash_table_size (wanted) > 0; i++)
    {
      const Known *known = list->pdata[i];

      if (known->level != self->level || !is_there (known))
        continue;
      n_opened++;
      take (self, known, wanted, cancellable);
    }
  return self->donors;
}

/* What it replaces, what is there no longer, and what was not used for longest. */
static void
prune (KlContentCache *self, const char *id)
{
  g_autoptr (GPtrArray) list = list_known (self);
  guint n = 1;

  for (guint i = 0; i < list->len; i++)
    {
      const Known *known = list->pdata[i];

      if (strcmp (known->id, id) == 0 || !is_there (known) || ++n > MAX_KNOWN)
        g_unlink (known->path);
    }
}

/**
 * kl_content_cache_store:
 * @id: of the image
 * @sums: of its prepared WIM, which has taken its place
 *
 * Makes the WIM known to those that are prepared after it. What fails here is nobody's error.
 */
void
kl_content_cache_store (KlContentCache *self, const char *id, const KlWimSums *sums)
{
  g_autofree char *name
      = dup_name (self->level, sums->fresh_crc32c, sums->fresh_start, sums->size, id);
  g_autofree char *path = g_build_filename (self->folder, name, NULL);
  g_autofd int fd = -1;

  prune (self, id);
  if (g_mkdir (self->folder, KL_FOLDER_MODE) == 0 || errno == EEXIST)
    fd = open (path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, KL_FILE_MODE);
  if (fd < 0)
    g_message ("Compressed files are not known to other images: “%s”: %s", path,
               g_strerror (errno));
}

/**
 * kl_content_cache_new:
 * @catalog: its folder
 * @work: a folder on the same file system, which the caller removes
 * @level: LZX level of this preparation
 *
 * Returns: (transfer full): the cache, for one preparation
 */
KlContentCache *
kl_content_cache_new (const char *catalog, const char *work, guint level)
{
  KlContentCache *self = g_new0 (KlContentCache, 1);

  self->catalog = g_strdup (catalog);
  self->folder = g_build_filename (catalog, KL_CACHE_FOLDER, NULL);
  self->work = g_strdup (work);
  self->level = level;
  self->donors = g_ptr_array_new_with_free_func (g_free);
  return self;
}

void
kl_content_cache_free (KlContentCache *self)
{
  if (self == NULL)
    return;

  g_free (self->catalog);
  g_free (self->folder);
  g_free (self->work);
  g_ptr_array_unref (self->donors);
  g_free (self);
}
