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

/* Threads read entries side by side where so many are new at once. */
#define MANY 256
#define MAX_READERS 8

typedef struct
{
  guint64 inode;
  gint64 seconds;
  gint64 nanoseconds;
  gint64 size; /* bytes */
} FileStamp;

enum
{
  STAMP_IMAGE,
  STAMP_STATUS,
  STAMP_SOURCE,
  STAMP_BOOT,
  STAMP_MEDIA,
  N_STAMPS,
};

static const char *const stamped_files[N_STAMPS] = {
  [STAMP_IMAGE] = KL_INI_IMAGE_FILE,   [STAMP_STATUS] = KL_INI_STATUS_FILE,
  [STAMP_SOURCE] = KL_SOURCE_WIM_FILE, [STAMP_BOOT] = KL_BOOT_WIM_FILE,
  [STAMP_MEDIA] = KL_MEDIA_FOLDER,
};

typedef struct
{
  FileStamp folder;
  gboolean racy; /* the folder was changed so lately that it can change again unseen */
  FileStamp files[N_STAMPS];
  guint generation;     /* of the scan that saw it last */
  gboolean in_progress; /* a worker prepares it; nothing changes on the disk when that dies */
} EntryStamp;

/* An entry that is looked at: by one thread, which writes nothing else. */
typedef struct
{
  char *id;
  gboolean there;
  gboolean renewed;   /* @now differs from what was known */
  EntryStamp now;     /* if renewed */
  KlBootImage *image; /* owned; NULL where nothing changed */
} Look;

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
  for (gsize i = 0; i < N_STAMPS; i++)
    {
      char path[64];
      struct stat info;

      g_snprintf (path, sizeof path, "%s/%s", id, stamped_files[i]);
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

/* After the files were stamped: what comes in between is seen by its stamp the next time. */
static KlBootImage *
read_entry (KlCatalogScan *self, const char *id, const FileStamp *files)
{
  const KlEntryFiles seen = {
    .status = files[STAMP_STATUS].inode != 0,
    .media = files[STAMP_MEDIA].inode != 0,
    .source_size = (guint64) files[STAMP_SOURCE].size,
    .boot_size = (guint64) files[STAMP_BOOT].size,
  };
  g_autofree char *folder = g_build_filename (self->path, id, NULL);
  GError *error = NULL;
  KlBootImage *image = kl_boot_image_load_seen (folder, &seen, &error);

  return image != NULL ? image : kl_boot_image_new_broken (folder, error);
}

static gboolean
has_died (KlCatalogScan *self, const char *id)
{
  g_autofree char *folder = g_build_filename (self->path, id, NULL);

  return !kl_entry_lock_is_held (folder);
}

/* One stat where nothing changed. Any thread, with all others only looking. */
static void
look_at (KlCatalogScan *self, int catalog, Look *look)
{
  const EntryStamp *known = g_hash_table_lookup (self->stamps, look->id);
  EntryStamp *now = &look->now;
  struct stat info;
  gboolean same;

  if (fstatat (catalog, look->id, &info, 0) != 0 || !S_ISDIR (info.st_mode))
    return;

  look->there = TRUE;
  now->folder = stamp_of (&info);
  now->racy = info.st_mtim.tv_sec * G_USEC_PER_SEC > g_get_real_time () - RACY_TIME;
  if (known != NULL && !known->racy && stamps_equal (&known->folder, &now->folder)
      && !known->in_progress)
    return;

  look->renewed = TRUE;
  stamp_files (catalog, look->id, now->files);
  same = known != NULL && known->folder.inode == now->folder.inode;
  for (gsize i = 0; same && i < N_STAMPS; i++)
    same = stamps_equal (&known->files[i], &now->files[i]);

  now->in_progress = same && known->in_progress;
  if (same && !(now->in_progress && has_died (self, look->id)))
    return;
  look->image = read_entry (self, look->id, now->files);
  now->in_progress = kl_boot_image_get_state (look->image) == KL_IMAGE_STATE_IN_PROGRESS;
}

/* Remembers what was seen. */
static void
take_look (KlCatalogScan *self, Look *look)
{
  if (look->image != NULL)
    push (self, look->id, g_steal_pointer (&look->image));
  if (look->renewed)
    {
      look->now.generation = self->generation;
      g_hash_table_replace (self->stamps, g_steal_pointer (&look->id),
                            g_memdup2 (&look->now, sizeof look->now));
    }
  else if (look->there)
    ((EntryStamp *) g_hash_table_lookup (self->stamps, look->id))->generation = self->generation;
}

typedef struct
{
  KlCatalogScan *scan;
  int catalog;
  GArray *looks; /* of Look */
  guint next;    /* atomic */
} Looking;

static gpointer
looking_thread (gpointer data)
{
  Looking *looking = data;
  guint i;

  while ((i = (guint) g_atomic_int_add (&looking->next, 1)) < looking->looks->len)
    look_at (looking->scan, looking->catalog, &g_array_index (looking->looks, Look, i));
  return NULL;
}

static void
look_at_all (KlCatalogScan *self, int catalog, GArray *looks)
{
  Looking looking = { self, catalog, looks, 0 };
  GThread *readers[MAX_READERS] = { NULL };
  guint n_readers = 0;

  if (looks->len > g_hash_table_size (self->stamps) + MANY)
    n_readers = MIN (g_get_num_processors (), MAX_READERS) - 1;
  for (guint i = 0; i < n_readers; i++)
    readers[i] = g_thread_try_new ("kl-catalog-look", looking_thread, &looking, NULL);
  looking_thread (&looking);
  for (guint i = 0; i < n_readers; i++)
    g_clear_pointer (&readers[i], g_thread_join);
  for (guint i = 0; i < looks->len; i++)
    take_look (self, &g_array_index (looks, Look, i));
}

static void
look_clear (gpointer data)
{
  g_free (((Look *) data)->id);
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
  g_autoptr (GArray) looks = g_array_new (FALSE, TRUE, sizeof (Look));
  struct dirent *item;

  g_array_set_clear_func (looks, look_clear);
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
      {
        const Look look = { .id = g_strdup (item->d_name) };

        g_array_append_val (looks, look);
      }

  if (errno != 0)
    {
      kl_set_error_errno (error, errno, "Cannot read the catalog “%s”", self->path);
      closedir (folder);
      return FALSE;
    }

  look_at_all (self, fd, looks);
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
