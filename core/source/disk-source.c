/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-disk-source"

#include "source/media-source-kinds.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/file-io.h"
#include "disk/fat-format.h"
#include "disk/fat32-folder.h"
#include "disk/partition-table.h"
#include "disk/vhd.h"

#define HEAD_BYTES ((gsize) KL_GPT_HEAD_SECTORS * KL_DISK_SECTOR)
#define WINDOW_BYTES ((gsize) 64 << 10)
#define FIRST_CLUSTER 2
#define MAX_FOLDER_BYTES ((guint64) KL_FAT_MAX_FOLDER_ENTRIES * sizeof (KlFatEntry))

#define KL_TYPE_DISK_SOURCE (kl_disk_source_get_type ())
G_DECLARE_FINAL_TYPE (KlDiskSource, kl_disk_source, KL, DISK_SOURCE, KlMediaSource)

struct _KlDiskSource
{
  KlMediaSource parent_instance;

  char *path;
  int fd;         /* owned */
  guint64 size;   /* bytes, of the disk */
  guint64 volume; /* bytes, where it begins */
  guint64 fat;    /* bytes, where the first FAT begins */
  guint64 data;   /* bytes, where the first cluster begins */
  guint32 cluster_bytes;
  guint32 n_clusters;
  guint32 root_cluster;

  guint64 window; /* bytes, where in the FAT the window begins */
  gsize window_bytes;
  guint8 *fat_bytes; /* owned; WINDOW_BYTES */

  GHashTable *files;   /* owned; path → first cluster */
  GHashTable *folders; /* owned; first clusters of those listed */
};

G_DEFINE_FINAL_TYPE (KlDiskSource, kl_disk_source, KL_TYPE_MEDIA_SOURCE)

/* Clusters that follow one another. */
typedef struct
{
  guint32 first;
  guint32 count;
} Run;

typedef struct
{
  GArray *runs;   /* owned; of Run */
  guint run;      /* index of the one to read from */
  guint64 in_run; /* bytes of it that were read */
  guint64 left;   /* bytes of the file */
} Handle;

G_GNUC_PRINTF (3, 4)
static gboolean
set_damaged (KlDiskSource *self, GError **error, const char *format, ...)
{
  g_autofree char *what = NULL;
  va_list arguments;

  va_start (arguments, format);
  what = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_set_error (error, KL_ERROR, KL_ERROR_FORMAT, "The FAT32 volume in “%s” is damaged: %s",
               self->path, what);
  return FALSE;
}

/* ---- Cluster chains. ---- */

static gboolean
is_cluster (KlDiskSource *self, guint32 cluster)
{
  return cluster >= FIRST_CLUSTER && cluster - FIRST_CLUSTER < self->n_clusters;
}

/* The cluster after @cluster, as the FAT says. */
static gboolean
get_next (KlDiskSource *self, guint32 cluster, guint32 *next, GError **error)
{
  guint64 at = (guint64) cluster * 4;
  guint64 end = ((guint64) self->n_clusters + FIRST_CLUSTER) * 4;
  KlBytesView view;
  guint32 value = 0;

  if (at < self->window || at + 4 > self->window + self->window_bytes)
    {
      guint64 from = at - at % WINDOW_BYTES;
      gsize length = (gsize) MIN (WINDOW_BYTES, end - from);

      self->window_bytes = 0;
      if (!kl_read_at (self->fd, self->fat_bytes, length, self->fat + from, self->path, error))
        return FALSE;
      self->window = from;
      self->window_bytes = length;
    }

  view = (KlBytesView){ self->fat_bytes, self->window_bytes };
  if (!kl_view_u32 (view, at - self->window, &value))
    return set_damaged (self, error, "cluster %u is not in its table", cluster);
  *next = value & KL_FAT32_ENTRY_MASK;
  return TRUE;
}

static void
add_to_runs (GArray *runs, guint32 cluster)
{
  Run *last = runs->len > 0 ? &g_array_index (runs, Run, runs->len - 1) : NULL;
  const Run run = { cluster, 1 };

  if (last != NULL && last->first + last->count == cluster)
    last->count++;
  else
    g_array_append_val (runs, run);
}

/* The chain from @cluster on: @needed clusters of a file, or all of a folder up to a limit. */
static GArray *
read_chain (KlDiskSource *self,
            guint32 cluster,
            guint64 needed,
            gboolean is_folder,
            const char *path,
            GError **error)
{
  g_autoptr (GArray) runs = g_array_new (FALSE, FALSE, sizeof (Run));

  for (guint64 n = 0; n < needed; n++)
    {
      if (is_folder && n > 0 && cluster > KL_FAT32_ENTRY_BAD)
        return g_steal_pointer (&runs);
      if (!is_cluster (self, cluster))
        {
          set_damaged (self, error,
                       "the chain of “%s” leads to cluster %u after %" G_GUINT64_FORMAT " of %u",
                       path, cluster, n, self->n_clusters);
          return NULL;
        }
      add_to_runs (runs, cluster);
      if (!get_next (self, cluster, &cluster, error))
        return NULL;
    }

  if (is_folder && cluster <= KL_FAT32_ENTRY_BAD)
    {
      set_damaged (self, error, "the folder “%s” has no end", path);
      return NULL;
    }
  return g_steal_pointer (&runs);
}

static guint64
get_offset (KlDiskSource *self, guint32 cluster)
{
  return self->data + (guint64) (cluster - FIRST_CLUSTER) * self->cluster_bytes;
}

/* ---- Folders. ---- */

static GBytes *
read_folder (KlDiskSource *self, guint32 cluster, const char *path, GError **error)
{
  guint64 limit = (MAX_FOLDER_BYTES + self->cluster_bytes - 1) / self->cluster_bytes;
  g_autoptr (GArray) runs = read_chain (self, cluster, limit, TRUE, path, error);
  g_autoptr (GByteArray) bytes = NULL;

  if (runs == NULL)
    return NULL;

  bytes = g_byte_array_new ();
  for (guint i = 0; i < runs->len; i++)
    {
      const Run *run = &g_array_index (runs, Run, i);
      gsize length = (gsize) run->count * self->cluster_bytes, at = bytes->len;

      g_byte_array_set_size (bytes, (guint) (at + length));
      if (!kl_read_at (self->fd, bytes->data + at, length, get_offset (self, run->first),
                       self->path, error))
        return NULL;
    }
  return g_byte_array_free_to_bytes (g_steal_pointer (&bytes));
}

static gboolean list_folder (KlDiskSource *self,
                             guint32 cluster,
                             const char *path,
                             guint depth,
                             KlMediaListing *listing,
                             GError **error);

static gboolean
list_item (KlDiskSource *self,
           const KlFat32Item *item,
           const char *path,
           guint depth,
           KlMediaListing *listing,
           GError **error)
{
  g_autofree char *child = g_strconcat (path, "/", item->name, NULL);

  if (!kl_media_listing_is_name (item->name))
    return TRUE;
  if (!kl_media_listing_count (listing, path, depth, error))
    return FALSE;
  if (item->is_folder)
    return list_folder (self, item->first_cluster, child, depth + 1, listing, error);
  if (!kl_media_listing_add (listing, path, item->name, item->size, error))
    return FALSE;

  g_hash_table_insert (self->files, g_steal_pointer (&child),
                       GUINT_TO_POINTER (item->first_cluster));
  return TRUE;
}

static gboolean
list_folder (KlDiskSource *self,
             guint32 cluster,
             const char *path,
             guint depth,
             KlMediaListing *listing,
             GError **error)
{
  g_autoptr (GBytes) bytes = NULL;
  KlFat32Item item = { NULL };
  gsize at = 0;

  if (!g_hash_table_add (self->folders, GUINT_TO_POINTER (cluster)))
    return set_damaged (self, error, "the folder “%s” is also another one (cluster %u)", path,
                        cluster);
  bytes = read_folder (self, cluster, path, error);
  if (bytes == NULL)
    return FALSE;

  while (kl_fat32_folder_next (
      (KlBytesView){ g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes) }, &at, &item))
    {
      gboolean listed = list_item (self, &item, path, depth, listing, error);

      kl_fat32_item_clear (&item);
      if (!listed)
        return FALSE;
    }
  return TRUE;
}

static GPtrArray *
kl_disk_source_list (KlMediaSource *source, GError **error)
{
  KlDiskSource *self = KL_DISK_SOURCE (source);
  g_auto (KlMediaListing) listing = { 0 };

  kl_media_listing_init (&listing, self->path);
  if (!list_folder (self, self->root_cluster, "", 0, &listing, error))
    return NULL;
  return g_steal_pointer (&listing.entries);
}

/* ---- Files. ---- */

static void
handle_free (Handle *self)
{
  g_array_unref (self->runs);
  g_free (self);
}

static gboolean
kl_disk_source_open (KlMediaSource *source,
                     const KlMediaEntry *entry,
                     gpointer *handle,
                     GError **error)
{
  KlDiskSource *self = KL_DISK_SOURCE (source);
  guint32 cluster = GPOINTER_TO_UINT (g_hash_table_lookup (self->files, entry->path));
  guint64 needed = (entry->size + self->cluster_bytes - 1) / self->cluster_bytes;
  GArray *runs = read_chain (self, cluster, needed, FALSE, entry->path, error);
  Handle *opened;

  if (runs == NULL)
    return FALSE;

  opened = g_new0 (Handle, 1);
  opened->runs = runs;
  opened->left = entry->size;
  *handle = opened;
  return TRUE;
}

static gssize
kl_disk_source_read (
    KlMediaSource *source, gpointer handle, void *buffer, gsize length, GError **error)
{
  KlDiskSource *self = KL_DISK_SOURCE (source);
  Handle *opened = handle;
  const Run *run;
  guint64 in_run;

  length = (gsize) MIN (length, opened->left);
  if (length == 0)
    return 0;

  run = &g_array_index (opened->runs, Run, opened->run);
  in_run = (guint64) run->count * self->cluster_bytes;
  length = (gsize) MIN (length, in_run - opened->in_run);
  if (!kl_read_at (self->fd, buffer, length, get_offset (self, run->first) + opened->in_run,
                   self->path, error))
    return -1;

  opened->left -= length;
  opened->in_run += length;
  if (opened->in_run == in_run)
    {
      opened->run++;
      opened->in_run = 0;
    }
  return (gssize) length;
}

static void
kl_disk_source_close (KlMediaSource *source, gpointer handle)
{
  handle_free (handle);
}

static void
kl_disk_source_finalize (GObject *object)
{
  KlDiskSource *self = KL_DISK_SOURCE (object);

  kl_close_fd (&self->fd);
  g_hash_table_unref (self->files);
  g_hash_table_unref (self->folders);
  g_free (self->fat_bytes);
  g_free (self->path);

  G_OBJECT_CLASS (kl_disk_source_parent_class)->finalize (object);
}

static void
kl_disk_source_class_init (KlDiskSourceClass *klass)
{
  KlMediaSourceClass *source_class = KL_MEDIA_SOURCE_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = kl_disk_source_finalize;
  source_class->list = kl_disk_source_list;
  source_class->open = kl_disk_source_open;
  source_class->read = kl_disk_source_read;
  source_class->close = kl_disk_source_close;
}

static void
kl_disk_source_init (KlDiskSource *self)
{
  self->fd = -1;
  self->fat_bytes = g_malloc (WINDOW_BYTES);
  self->files = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->folders = g_hash_table_new (NULL, NULL);
}

/* ---- Opening. ---- */

static gboolean
open_disk (KlDiskSource *self, GError **error)
{
  off_t end;

  self->fd = kl_open_for_reading (self->path, error);
  if (self->fd < 0)
    return FALSE;

  end = lseek (self->fd, 0, SEEK_END);
  if (end < 0)
    {
      kl_set_error_errno (error, errno, "Cannot find the size of “%s”", self->path);
      return FALSE;
    }
  self->size = (guint64) end;
  return TRUE;
}

/* Leaves the footer of a VHD out. */
static gboolean
check_footer (KlDiskSource *self, GError **error)
{
  guint8 footer[KL_VHD_FOOTER_BYTES];
  const KlBytesView view = { footer, sizeof footer };
  gboolean fixed = FALSE;
  guint64 disk_bytes = 0;

  if (self->size < sizeof footer)
    return TRUE;
  if (!kl_read_at (self->fd, footer, sizeof footer, self->size - sizeof footer, self->path, error))
    return FALSE;
  if (!kl_vhd_parse_footer (view, &fixed, &disk_bytes))
    return TRUE;
  if (!fixed || disk_bytes > self->size - sizeof footer)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_FORMAT,
                   "“%s” is a virtual disk that is not fixed, or not whole; only fixed ones can be "
                   "read",
                   self->path);
      return FALSE;
    }
  self->size = disk_bytes;
  return TRUE;
}

/* Finds the first FAT32 partition, or a volume without a partition table. */
static gboolean
find_volume (KlDiskSource *self, KlBytesView head, guint64 *start, guint64 *n_sectors)
{
  KlMbrPartition partition;

  if (kl_view_equals (head, G_STRUCT_OFFSET (KlFat32BootSector, type_name), "FAT32   ", 8)
      && kl_mbr_has_signature (head))
    {
      *start = 0;
      *n_sectors = self->size / KL_DISK_SECTOR;
      return TRUE;
    }

  for (guint i = 0; i < 4; i++)
    {
      if (!kl_mbr_get_partition (head, i, &partition))
        continue;
      if (partition.type == KL_MBR_TYPE_GPT)
        return kl_gpt_find_partition (head, start, n_sectors);
      if (partition.type == KL_MBR_TYPE_FAT32_LBA || partition.type == KL_MBR_TYPE_FAT32_CHS)
        {
          *start = partition.start;
          *n_sectors = partition.n_sectors;
          return TRUE;
        }
    }
  return FALSE;
}

/* Takes the geometry from the boot sector (media-formats.md 9.2), all of it within the partition.
 */
static gboolean
take_geometry (KlDiskSource *self, const KlFat32BootSector *sector, guint64 limit, GError **error)
{
  guint64 n_sectors = GUINT32_FROM_LE (sector->n_sectors);
  guint64 reserved = GUINT16_FROM_LE (sector->reserved_sectors);
  guint64 fat_sectors = GUINT32_FROM_LE (sector->fat_sectors);
  guint64 data = reserved + sector->n_fats * fat_sectors;
  guint cluster = sector->cluster_sectors;
  guint64 n_clusters;

  if (GUINT16_FROM_LE (sector->sector_size) != KL_FAT_SECTOR || cluster == 0
      || (cluster & (cluster - 1)) != 0 || reserved == 0 || sector->n_fats == 0
      || sector->n_fats > 2 || fat_sectors == 0 || sector->n_root_entries != 0
      || sector->fat_sectors_small != 0)
    return set_damaged (self, error, "its boot sector is none of FAT32");
  if (n_sectors > limit || data >= n_sectors)
    return set_damaged (self, error,
                        "its boot sector says %" G_GUINT64_FORMAT
                        " sectors, and there are %" G_GUINT64_FORMAT,
                        n_sectors, limit);

  n_clusters = (n_sectors - data) / cluster;
  if (n_clusters + FIRST_CLUSTER > fat_sectors * (KL_FAT_SECTOR / 4)
      || n_clusters >= KL_FAT32_MAX_CLUSTERS)
    return set_damaged (self, error,
                        "%" G_GUINT64_FORMAT " clusters do not fit into its table of "
                        "%" G_GUINT64_FORMAT " sectors",
                        n_clusters, fat_sectors);

  self->fat = self->volume + reserved * KL_FAT_SECTOR;
  self->data = self->volume + data * KL_FAT_SECTOR;
  self->cluster_bytes = cluster * KL_FAT_SECTOR;
  self->n_clusters = (guint32) n_clusters;
  self->root_cluster = GUINT32_FROM_LE (sector->root_cluster);
  return TRUE;
}

static gboolean
open_volume (KlDiskSource *self, guint64 start, guint64 n_sectors, GError **error)
{
  g_autofree char *label = NULL;
  KlFat32BootSector sector;
  guint64 limit = self->size / KL_DISK_SECTOR;

  if (start >= limit || n_sectors > limit - start)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_FORMAT,
                   "“%s” is damaged or incomplete: its partition ends at sector %" G_GUINT64_FORMAT
                   ", the disk at %" G_GUINT64_FORMAT,
                   self->path, start + n_sectors, limit);
      return FALSE;
    }
  self->volume = start * KL_DISK_SECTOR;
  if (!kl_read_at (self->fd, &sector, sizeof sector, self->volume, self->path, error)
      || !take_geometry (self, &sector, n_sectors, error))
    return FALSE;

  label = g_strchomp (g_strndup (sector.label, sizeof sector.label));
  kl_media_source_describe (KL_MEDIA_SOURCE (self), self->path, "FAT32", label);
  return TRUE;
}

/*
 * kl_disk_source_new:
 * @recognised: (out): whether the file is a disk, readable or not
 *
 * The first FAT32 volume of a raw or fixed VHD disk image, or of a drive, by a reader of our own:
 * libraries for FAT either write too (and want a device) or are not kept. Every number from the
 * disk is held to bounds, chains to the size of what they hold, and no folder is read twice.
 *
 * Errors: KL_ERROR_* of reading; KL_ERROR_FORMAT for an unfinished medium (see
 * kl_disk_is_unfinished()), a disk without FAT32, and damage.
 */
KlMediaSource *
kl_disk_source_new (const char *path, gboolean *recognised, GError **error)
{
  g_autoptr (KlDiskSource) self = g_object_new (KL_TYPE_DISK_SOURCE, NULL);
  guint8 head[HEAD_BYTES] = { 0 };
  const KlBytesView view = { head, sizeof head };
  guint64 start = 0, n_sectors = 0;

  *recognised = FALSE;
  self->path = g_strdup (path);
  if (!open_disk (self, error))
    return NULL;
  if (self->size >= sizeof head && !kl_read_at (self->fd, head, sizeof head, 0, self->path, error))
    return NULL;

  *recognised = kl_mbr_has_signature (view) || kl_disk_is_unfinished (view);
  if (!*recognised)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_FORMAT, "“%s” has no partition table", path);
      return NULL;
    }
  if (kl_disk_is_unfinished (view))
    {
      g_set_error (error, KL_ERROR, KL_ERROR_FORMAT,
                   "“%s” is an unfinished medium: writing it was cancelled or failed", path);
      return NULL;
    }
  if (!check_footer (self, error))
    return NULL;
  if (!find_volume (self, view, &start, &n_sectors))
    {
      g_set_error (error, KL_ERROR, KL_ERROR_FORMAT, "“%s” is a disk without a FAT32 partition",
                   path);
      return NULL;
    }
  if (!open_volume (self, start, n_sectors, error))
    return NULL;
  return KL_MEDIA_SOURCE (g_steal_pointer (&self));
}
