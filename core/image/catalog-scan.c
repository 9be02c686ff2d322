/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-catalog-scan"

#include "image/catalog-scan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file-io.h"
#include "image/catalog-entry.h"
#include "image/image-ini.h"

/* Within this time a file system may give two changes one modification time; FAT and some network
 * shares count in 2 s. */
#define RACY_TIME ((gint64) 2 * G_USEC_PER_SEC)

typedef struct
{
  guint64 inode;
  gint64 seconds;
  gint64 nanoseconds;
  gint64 size; /* bytes */
} FileStamp;

static const char *const stamped_files[]
    = { KL_INI_IMAGE_FILE, KL_INI_STATUS_FILE, KL_SOURCE_WIM_FILE, KL_BOOT_WIM_FILE,
        KL_MEDIA_FOLDER };

typedef struct
{
  FileStamp folder;
  gboolean racy; /* the folder was changed so lately that it can change again unseen */
  FileStamp files[G_N_ELEMENTS (stamped_files)];
  guint generation;     /* of the scan that saw it last */
  gboolean in_progress; /* a worker prepares it; nothing changes on the disk when that dies */
} EntryStamp;

struct _KlCatalogScan
{
  gatomicrefcount refs;
  char *path;
  gint required; /* atomic: an absent folder is an error */

  GMutex running;     /* one scan at a time; guards stamps and generation */
  GHashTable *stamps; /* ID → EntryStamp */
  guint generation;

  GMutex lock;        /* guards changes */
  GPtrArray *changes; /* of KlCatalogChange, in the order in which they were seen */
};

/* Any thread. */
void
kl_catalog_scan_require (KlCatalogScan *self)
{
  g_atomic_int_set (&self->required, TRUE);
}

gboolean
kl_catalog_scan_is_required (KlCatalogScan *self)
{
  return g_atomic_int_get (&self->required);
}

void
kl_catalog_change_free (KlCatalogChange *self)
{
  g_clear_object (&self->image);
  g_free (self->id);
  g_free (self);
}

static GPtrArray *
changes_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) kl_catalog_change_free);
}

KlCatalogScan *
kl_catalog_scan_new (const char *path)
{
  KlCatalogScan *self = g_new0 (KlCatalogScan, 1);

  g_atomic_ref_count_init (&self->refs);
  g_mutex_init (&self->running);
  g_mutex_init (&self->lock);
  self->path = g_strdup (path);
  self->stamps = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->changes = changes_new ();
  return self;
}

KlCatalogScan *
kl_catalog_scan_ref (KlCatalogScan *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
kl_catalog_scan_unref (KlCatalogScan *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;

  g_mutex_clear (&self->running);
  g_mutex_clear (&self->lock);
  g_hash_table_unref (self->stamps);
  g_ptr_array_unref (self->changes);
  g_free (self->path);
  g_free (self);
}

static FileStamp
stamp_of (const struct stat *info)
{
  return (FileStamp){ info->st_ino, info->st_mtim.tv_sec, info->st_mtim.tv_nsec, info->st_size };
}

static gboolean
stamps_equal (const FileStamp *a, const FileStamp *b)
{
  return a->inode == b->inode && a->seconds == b->seconds && a->nanoseconds == b->nanoseconds
         && a->size == b->size;
}

static void
stamp_files (int catalog, const char *id, FileStamp *files)
{
  for (gsize i = 0; i < G_N_ELEMENTS (stamped_files); i++)
    {
      g_autofree char *path = g_build_filename (id, stamped_files[i], NULL);
      struct stat info;

      files[i] = (FileStamp){ 0 };
      if (fstatat (catalog, path, &info, 0) == 0)
        files[i] = stamp_of (&info);
    }
}

static void
push (KlCatalogScan *self, const char *id, KlBootImage *image)
{
  KlCatalogChange *change = g_new0 (KlCatalogChange, 1);

  change->id = g_strdup (id);
  change->image = image;
  g_mutex_lock (&self->lock);
  g_ptr_array_add (self->changes, change);
  g_mutex_unlock (&self->lock);
}

/* Whether the image is being prepared. */
static gboolean
read_entry (KlCatalogScan *self, const char *id)
{
  gboolean in_progress;
  g_autofree char *folder = g_build_filename (self->path, id, NULL);
  GError *error = NULL;
  KlBootImage *image = kl_boot_image_load (folder, &error);

  if (image == NULL)
    image = kl_boot_image_new_broken (folder, error);
  in_progress = kl_boot_image_get_state (image) == KL_IMAGE_STATE_IN_PROGRESS;
  push (self, id, image);
  return in_progress;
}

static gboolean
has_died (KlCatalogScan *self, const char *id)
{
  g_autofree char *folder = g_build_filename (self->path, id, NULL);

  return !kl_entry_lock_is_held (folder);
}

/* One stat where nothing changed. */
static void
look_at (KlCatalogScan *self, int catalog, const char *id)
{
  EntryStamp *known = g_hash_table_lookup (self->stamps, id);
  EntryStamp now = { 0 };
  struct stat info;
  gboolean same;

  if (fstatat (catalog, id, &info, 0) != 0 || !S_ISDIR (info.st_mode))
    return;

  now.generation = self->generation;
  now.folder = stamp_of (&info);
  now.racy = info.st_mtim.tv_sec * G_USEC_PER_SEC > g_get_real_time () - RACY_TIME;
  if (known != NULL && !known->racy && stamps_equal (&known->folder, &now.folder)
      && !known->in_progress)
    {
      known->generation = self->generation;
      return;
    }

  stamp_files (catalog, id, now.files);
  same = known != NULL && known->folder.inode == now.folder.inode;
  for (gsize i = 0; same && i < G_N_ELEMENTS (stamped_files); i++)
    same = stamps_equal (&known->files[i], &now.files[i]);

  now.in_progress = same && known->in_progress;
  if (!same || (now.in_progress && has_died (self, id)))
    now.in_progress = read_entry (self, id);
  g_hash_table_replace (self->stamps, g_strdup (id), g_memdup2 (&now, sizeof now));
}

static void
drop_unseen (KlCatalogScan *self)
{
  GHashTableIter iter;
  gpointer id, stamp;

  g_hash_table_iter_init (&iter, self->stamps);
  while (g_hash_table_iter_next (&iter, &id, &stamp))
    if (((EntryStamp *) stamp)->generation != self->generation)
      {
        push (self, id, NULL);
        g_hash_table_iter_remove (&iter);
      }
}

static gboolean
scan_folder (KlCatalogScan *self, GError **error)
{
  int fd = open (self->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *folder = fd >= 0 ? fdopendir (fd) : NULL;
  struct dirent *item;

  self->generation++;
  if (folder == NULL)
    {
      int saved = errno;

      kl_close_fd (&fd);
      if (saved == ENOENT && !kl_catalog_scan_is_required (self))
        {
          drop_unseen (self);
          return TRUE;
        }
      kl_set_error_errno (error, saved, "Cannot read the catalog “%s”", self->path);
      return FALSE;
    }

  while ((errno = 0, item = readdir (folder)) != NULL)
    if (kl_catalog_is_valid_id (item->d_name))
      look_at (self, fd, item->d_name);

  if (errno != 0)
    {
      kl_set_error_errno (error, errno, "Cannot read the catalog “%s”", self->path);
      closedir (folder);
      return FALSE;
    }

  closedir (folder);
  drop_unseen (self);
  return TRUE;
}

/**
 * kl_catalog_scan_run:
 *
 * Compares the catalog with how it looked last, and reads what changed. Each change in an entry is
 * a rename in its folder and so a new modification time: for an entry that did not change, one stat
 * is all. An absent catalog is empty, unless it is required.
 *
 * Errors: KL_ERROR_* of reading the catalog folder; what was known stays. Blocks.
 */
gboolean
kl_catalog_scan_run (KlCatalogScan *self, GError **error)
{
  gboolean scanned;

  g_mutex_lock (&self->running);
  scanned = scan_folder (self, error);
  g_mutex_unlock (&self->running);
  return scanned;
}

gboolean
kl_catalog_scan_has_changes (KlCatalogScan *self)
{
  gboolean has;

  g_mutex_lock (&self->lock);
  has = self->changes->len > 0;
  g_mutex_unlock (&self->lock);
  return has;
}

/**
 * kl_catalog_scan_take_changes:
 *
 * Returns: (transfer full) (element-type KlCatalogChange): all changes since they were last taken,
 *   oldest first
 */
GPtrArray *
kl_catalog_scan_take_changes (KlCatalogScan *self)
{
  GPtrArray *changes;

  g_mutex_lock (&self->lock);
  changes = g_steal_pointer (&self->changes);
  self->changes = changes_new ();
  g_mutex_unlock (&self->lock);
  return changes;
}
