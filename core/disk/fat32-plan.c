/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-fat32-plan"

#include "disk/fat32-plan.h"

#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "disk/fat32-name.h"

#define FIRST_CLUSTER 2
#define N_FATS 2
#define MIN_RESERVED 32

/* More than KL_FAT32_MIN_CLUSTERS: some drivers are off by a few (media-formats.md 9.2). */
#define MIN_CLUSTERS 65536

#define MIB_SECTORS ((guint64) 2048)
#define MAX_SECTORS ((guint64) G_MAXUINT32)

#define INFO_SECTOR 1
#define BACKUP_SECTOR 6

typedef struct _Node Node;

struct _Node
{
  char *name;          /* owned; "" for the root */
  Node *parent;        /* borrowed; NULL for the root */
  GPtrArray *children; /* owned, of borrowed Node; NULL for a file */
  guint64 size;        /* bytes; of a folder: its entries */
  guint number;        /* of a file: the caller's; of a folder: its place in folders */
  KlFat32Name fat_name;
  guint32 first_cluster; /* 0: no content */
  guint32 n_clusters;
};

struct _KlFat32Plan
{
  char label[11];
  gboolean has_label;
  guint16 date; /* as in KlFatEntry */
  guint16 time;
  GPtrArray *folders;  /* owned, of owned Node; the root first */
  GPtrArray *files;    /* owned, of owned Node, as they shall lie */
  GHashTable *by_path; /* owned; folded path → Node */
  gboolean finished;
  KlFat32Geometry geometry;
  guint32 n_used;    /* clusters */
  GPtrArray *placed; /* owned, of borrowed Node with content, by cluster */
};

/* The largest cluster that the size of the volume calls for; bytes are powers of two. */
static guint
choose_cluster_sectors (guint64 n_sectors)
{
  static const struct
  {
    guint64 below_mib;
    guint cluster_sectors;
  } table[]
      = { { 64, 1 }, { 128, 2 }, { 256, 4 }, { 8 << 10, 8 }, { 16 << 10, 16 }, { 32 << 10, 32 } };

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    if (n_sectors < table[i].below_mib * MIB_SECTORS)
      return table[i].cluster_sectors;
  return 64;
}

static gboolean
compute_for_cluster (guint64 n_sectors, guint cluster_sectors, KlFat32Geometry *geometry)
{
  guint64 reserved = MIN_RESERVED, fat = 0, data = 0;

  for (;; reserved += 2)
    {
      guint64 per_sector = (guint64) 128 * cluster_sectors + N_FATS;

      if (n_sectors <= reserved)
        return FALSE;
      fat = (n_sectors - reserved + 2 * cluster_sectors + per_sector - 1) / per_sector;
      if ((reserved + N_FATS * fat) % MIB_SECTORS == 0)
        break;
    }
  if (n_sectors <= reserved + N_FATS * fat)
    return FALSE;

  data = n_sectors - reserved - N_FATS * fat;
  *geometry = (KlFat32Geometry){ (guint32) n_sectors, cluster_sectors, (guint) reserved,
                                 (guint32) fat, (guint32) (data / cluster_sectors) };
  return geometry->n_clusters >= MIN_CLUSTERS && geometry->n_clusters < KL_FAT32_MAX_CLUSTERS;
}

/**
 * kl_fat32_geometry_compute:
 * @n_sectors: of the volume
 *
 * The geometry of media-formats.md 9.2: clusters by the size of the volume, smaller ones where
 * there would be too few, and a data area that begins at a MiB of the volume.
 *
 * Returns: FALSE for a volume too small (below 33 MiB) or too large (2 TiB) for FAT32
 */
gboolean
kl_fat32_geometry_compute (guint64 n_sectors, KlFat32Geometry *geometry)
{
  if (n_sectors > MAX_SECTORS)
    return FALSE;

  for (guint sectors = choose_cluster_sectors (n_sectors); sectors > 0; sectors /= 2)
    if (compute_for_cluster (n_sectors, sectors, geometry))
      return TRUE;
  return FALSE;
}

/**
 * kl_fat32_geometry_get_data_offset:
 *
 * Returns: where cluster 2 begins, bytes from the beginning of the volume
 */
guint64
kl_fat32_geometry_get_data_offset (const KlFat32Geometry *geometry)
{
  return ((guint64) geometry->reserved_sectors + N_FATS * (guint64) geometry->fat_sectors)
         * KL_FAT_SECTOR;
}

static void
node_free (gpointer data)
{
  Node *self = data;

  g_free (self->name);
  g_clear_pointer (&self->children, g_ptr_array_unref);
  kl_fat32_name_clear (&self->fat_name);
  g_free (self);
}

static Node *
add_node (KlFat32Plan *self, Node *parent, const char *name, gboolean is_folder)
{
  Node *node = g_new0 (Node, 1);
  GPtrArray *nodes = is_folder ? self->folders : self->files;

  node->name = g_strdup (name);
  node->parent = parent;
  if (is_folder)
    {
      node->children = g_ptr_array_new ();
      node->number = nodes->len;
    }
  if (parent != NULL)
    g_ptr_array_add (parent->children, node);
  g_ptr_array_add (nodes, node);
  return node;
}

/* FAT has no zone: the times are UTC, so that the same layout gives the same bytes everywhere. */
static void
set_times (KlFat32Plan *self, GDateTime *created)
{
  g_autoptr (GDateTime) utc = g_date_time_to_utc (created);
  gint year = CLAMP (g_date_time_get_year (utc), 1980, 2107);

  self->date = (guint16) (((year - 1980) << 9) | (g_date_time_get_month (utc) << 5)
                          | g_date_time_get_day_of_month (utc));
  self->time = (guint16) ((g_date_time_get_hour (utc) << 11) | (g_date_time_get_minute (utc) << 5)
                          | (g_date_time_get_second (utc) / 2));
}

/**
 * kl_fat32_plan_new:
 * @label: UTF-8; see kl_fat32_name_make_label(); "" for none
 * @created: the time of all files and folders
 */
KlFat32Plan *
kl_fat32_plan_new (const char *label, GDateTime *created)
{
  KlFat32Plan *self;

  g_return_val_if_fail (label != NULL && created != NULL, NULL);

  self = g_new0 (KlFat32Plan, 1);
  kl_fat32_name_make_label (label, self->label);
  self->has_label = *label != '\0';
  set_times (self, created);
  self->folders = g_ptr_array_new_with_free_func (node_free);
  self->files = g_ptr_array_new_with_free_func (node_free);
  self->by_path = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->placed = g_ptr_array_new ();
  add_node (self, NULL, "", TRUE);
  return self;
}

void
kl_fat32_plan_free (KlFat32Plan *self)
{
  if (self == NULL)
    return;

  g_ptr_array_unref (self->placed);
  g_hash_table_unref (self->by_path);
  g_ptr_array_unref (self->files);
  g_ptr_array_unref (self->folders);
  g_free (self);
}

static gboolean
set_clash_error (const char *path, GError **error)
{
  g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
               "“%s” stands twice in the file system; FAT32 knows no case", path);
  return FALSE;
}

/* The folder of the first @length bytes of @path, made if it is not there. */
static Node *
find_folder (KlFat32Plan *self, const char *path, gsize length, GError **error)
{
  g_autofree char *part = g_strndup (path, length);
  g_autofree char *folded = g_utf8_casefold (part, -1);
  Node *folder
      = length == 0 ? self->folders->pdata[0] : g_hash_table_lookup (self->by_path, folded);
  const char *slash;
  Node *parent;

  if (folder != NULL && folder->children == NULL)
    {
      set_clash_error (part, error);
      return NULL;
    }
  if (folder != NULL)
    return folder;

  slash = strrchr (part, '/');
  parent = find_folder (self, path, (gsize) (slash - part), error);
  if (parent == NULL)
    return NULL;

  folder = add_node (self, parent, slash + 1, TRUE);
  g_hash_table_insert (self->by_path, g_steal_pointer (&folded), folder);
  return folder;
}

/**
 * kl_fat32_plan_add_file:
 * @path: absolute, with "/", UTF-8; its folders are made
 * @size: bytes
 * @number: the caller's, given back with the extent
 *
 * Errors: KL_ERROR_PACKAGE_TOO_LARGE above 4 GiB - 1; KL_ERROR_INVALID_ARGUMENT for a path that is
 * there already in whatever case, or has no parts.
 */
gboolean
kl_fat32_plan_add_file (
    KlFat32Plan *self, const char *path, guint64 size, guint number, GError **error)
{
  g_autofree char *folded = NULL;
  const char *slash;
  Node *folder, *file;

  g_return_val_if_fail (self != NULL && !self->finished, FALSE);
  g_return_val_if_fail (path != NULL && path[0] == '/', FALSE);

  if (size > KL_FAT32_MAX_FILE)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_PACKAGE_TOO_LARGE,
                   "“%s” has %" G_GUINT64_FORMAT " bytes, but a file on FAT32 can have "
                   "%" G_GUINT64_FORMAT,
                   path, size, KL_FAT32_MAX_FILE);
      return FALSE;
    }

  slash = strrchr (path, '/');
  folded = g_utf8_casefold (path, -1);
  if (g_hash_table_contains (self->by_path, folded))
    return set_clash_error (path, error);
  folder = find_folder (self, path, (gsize) (slash - path), error);
  if (folder == NULL)
    return FALSE;

  file = add_node (self, folder, slash + 1, FALSE);
  file->size = size;
  file->number = number;
  g_hash_table_insert (self->by_path, g_steal_pointer (&folded), file);
  return TRUE;
}

/* Gives the children of a folder their names, short ones first, and the folder its size. */
static gboolean
name_children (Node *folder, GError **error)
{
  g_autoptr (GHashTable) taken = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  guint64 n_entries = folder->parent != NULL ? 2 : 1;

  for (guint round = 0; round < 2; round++)
    for (guint i = 0; i < folder->children->len; i++)
      {
        Node *child = folder->children->pdata[i];

        if (kl_fat32_name_is_short (child->name) != (round == 0))
          continue;
        if (!kl_fat32_name_make (child->name, taken, &child->fat_name, error))
          return FALSE;
        n_entries += kl_fat32_name_count_entries (&child->fat_name);
      }

  if (n_entries > KL_FAT_MAX_FOLDER_ENTRIES)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                   "The folder “%s” needs %" G_GUINT64_FORMAT
                   " entries, but a folder on FAT32 has at most %d",
                   folder->name, n_entries, KL_FAT_MAX_FOLDER_ENTRIES);
      return FALSE;
    }
  folder->size = n_entries * sizeof (KlFatEntry);
  return TRUE;
}

/**
 * kl_fat32_plan_finish:
 *
 * After the last file, before anything else: gives every file its name.
 *
 * Errors: KL_ERROR_INVALID_ARGUMENT for a name that FAT32 cannot hold, and for too many in one
 * folder.
 */
gboolean
kl_fat32_plan_finish (KlFat32Plan *self, GError **error)
{
  g_return_val_if_fail (self != NULL && !self->finished, FALSE);

  for (guint i = 0; i < self->folders->len; i++)
    if (!name_children (self->folders->pdata[i], error))
      return FALSE;

  self->finished = TRUE;
  return TRUE;
}

static guint64
count_clusters (GPtrArray *nodes, guint cluster_sectors)
{
  guint64 bytes = (guint64) cluster_sectors * KL_FAT_SECTOR, n = 0;

  for (guint i = 0; i < nodes->len; i++)
    n += (((const Node *) nodes->pdata[i])->size + bytes - 1) / bytes;
  return n;
}

static guint64
count_needed (KlFat32Plan *self, guint cluster_sectors)
{
  return count_clusters (self->folders, cluster_sectors)
         + count_clusters (self->files, cluster_sectors);
}

/**
 * kl_fat32_plan_get_min_sectors:
 *
 * Returns: sectors of the smallest volume of whole MiB that holds everything; 0 if none does
 */
guint64
kl_fat32_plan_get_min_sectors (KlFat32Plan *self)
{
  guint64 needed[8] = { 0 };
  guint64 sectors;

  g_return_val_if_fail (self != NULL && self->finished, 0);

  /* Every file takes at least its own sectors, so no smaller volume need be tried. */
  sectors = count_needed (self, 1) / MIB_SECTORS * MIB_SECTORS;
  for (; sectors <= MAX_SECTORS; sectors += MIB_SECTORS)
    {
      KlFat32Geometry geometry;
      guint i;

      if (!kl_fat32_geometry_compute (sectors, &geometry))
        continue;
      i = (guint) g_bit_nth_lsf (geometry.cluster_sectors, -1);
      if (needed[i] == 0)
        needed[i] = count_needed (self, geometry.cluster_sectors);
      if (needed[i] <= geometry.n_clusters)
        return sectors;
    }
  return 0;
}

static void
place (KlFat32Plan *self, GPtrArray *nodes)
{
  guint64 bytes = (guint64) self->geometry.cluster_sectors * KL_FAT_SECTOR;

  for (guint i = 0; i < nodes->len; i++)
    {
      Node *node = nodes->pdata[i];

      node->n_clusters = (guint32) ((node->size + bytes - 1) / bytes);
      node->first_cluster = node->n_clusters > 0 ? FIRST_CLUSTER + self->n_used : 0;
      self->n_used += node->n_clusters;
      if (node->n_clusters > 0)
        g_ptr_array_add (self->placed, node);
    }
}

/**
 * kl_fat32_plan_lay_out:
 * @n_sectors: of the volume
 *
 * Gives everything its clusters: the root first, folders, files in their order; each in one piece.
 *
 * Returns: FALSE if it does not fit, or the size is none for FAT32
 */
gboolean
kl_fat32_plan_lay_out (KlFat32Plan *self, guint64 n_sectors)
{
  KlFat32Geometry geometry;

  g_return_val_if_fail (self != NULL && self->finished, FALSE);

  if (!kl_fat32_geometry_compute (n_sectors, &geometry)
      || count_needed (self, geometry.cluster_sectors) > geometry.n_clusters)
    return FALSE;

  self->geometry = geometry;
  self->n_used = 0;
  g_ptr_array_set_size (self->placed, 0);
  place (self, self->folders);
  place (self, self->files);
  return TRUE;
}

const KlFat32Geometry *
kl_fat32_plan_get_geometry (KlFat32Plan *self)
{
  return &self->geometry;
}

static guint64
cluster_offset (KlFat32Plan *self, guint32 cluster)
{
  return kl_fat32_geometry_get_data_offset (&self->geometry)
         + (guint64) (cluster - FIRST_CLUSTER) * self->geometry.cluster_sectors * KL_FAT_SECTOR;
}

/**
 * kl_fat32_plan_get_used_bytes:
 *
 * Returns: bytes from the beginning of the volume to the end of its last used cluster
 */
guint64
kl_fat32_plan_get_used_bytes (KlFat32Plan *self)
{
  return cluster_offset (self, FIRST_CLUSTER + self->n_used);
}

guint
kl_fat32_plan_get_n_extents (KlFat32Plan *self)
{
  return self->placed->len;
}

/**
 * kl_fat32_plan_get_extent:
 * @position: below kl_fat32_plan_get_n_extents(); they come in the order of their offsets
 */
KlFat32Extent
kl_fat32_plan_get_extent (KlFat32Plan *self, guint position)
{
  const Node *node = self->placed->pdata[position];

  return (KlFat32Extent){ cluster_offset (self, node->first_cluster), node->size,
                          node->children != NULL, node->number };
}

static void
fill_boot_sector (KlFat32Plan *self, guint32 hidden_sectors, guint32 serial, guint8 *at)
{
  static const guint8 jump[] = { 0xeb, 0x58, 0x90 };
  /* A BIOS that starts the volume itself: INT 18h, "try the next device", then stand still. */
  static const guint8 code[] = { 0xcd, 0x18, 0xeb, 0xfe };
  const KlFat32Geometry *geometry = &self->geometry;
  KlFat32BootSector sector = { 0 };

  memcpy (sector.jump, jump, sizeof jump);
  memcpy (sector.oem_name, "MSWIN4.1", sizeof sector.oem_name);
  sector.sector_size = GUINT16_TO_LE (KL_FAT_SECTOR);
  sector.cluster_sectors = (guint8) geometry->cluster_sectors;
  sector.reserved_sectors = GUINT16_TO_LE ((guint16) geometry->reserved_sectors);
  sector.n_fats = N_FATS;
  sector.media = KL_FAT_MEDIA_FIXED;
  sector.track_sectors = GUINT16_TO_LE (63);
  sector.n_heads = GUINT16_TO_LE (255);
  sector.n_hidden_sectors = GUINT32_TO_LE (hidden_sectors);
  sector.n_sectors = GUINT32_TO_LE (geometry->n_sectors);
  sector.fat_sectors = GUINT32_TO_LE (geometry->fat_sectors);
  sector.root_cluster = GUINT32_TO_LE (FIRST_CLUSTER);
  sector.info_sector = GUINT16_TO_LE (INFO_SECTOR);
  sector.backup_sector = GUINT16_TO_LE (BACKUP_SECTOR);
  sector.drive = 0x80;
  sector.extended_signature = 0x29;
  sector.serial = GUINT32_TO_LE (serial);
  memcpy (sector.label, self->has_label ? self->label : "NO NAME    ", sizeof sector.label);
  memcpy (sector.type_name, "FAT32   ", sizeof sector.type_name);
  memcpy (sector.code, code, sizeof code);
  sector.signature[0] = 0x55;
  sector.signature[1] = 0xaa;
  memcpy (at, &sector, sizeof sector);
}

static void
fill_info_sector (KlFat32Plan *self, guint8 *at)
{
  KlFat32InfoSector sector = { { 0 } };
  guint32 n_free = self->geometry.n_clusters - self->n_used;
  guint32 next = n_free > 0 ? FIRST_CLUSTER + self->n_used : G_MAXUINT32;

  memcpy (sector.lead_signature, "RRaA", 4);
  memcpy (sector.struct_signature, "rrAa", 4);
  sector.n_free = GUINT32_TO_LE (n_free);
  sector.next_free = GUINT32_TO_LE (next);
  sector.signature[0] = 0x55;
  sector.signature[1] = 0xaa;
  memcpy (at, &sector, sizeof sector);
}

/**
 * kl_fat32_plan_fill_head:
 * @hidden_sectors: before the volume
 * @serial: of the volume
 * @head: (out caller-allocates): the first sectors of the volume
 *
 * Makes what turns the other structures into a volume: boot sector, FSInfo and their copies. The
 * rest of the reserved sectors is zero.
 */
void
kl_fat32_plan_fill_head (KlFat32Plan *self,
                         guint32 hidden_sectors,
                         guint32 serial,
                         guint8 head[KL_FAT32_HEAD_BYTES])
{
  memset (head, 0, KL_FAT32_HEAD_BYTES);
  fill_boot_sector (self, hidden_sectors, serial, head);
  fill_info_sector (self, head + INFO_SECTOR * KL_FAT_SECTOR);
  head[2 * KL_FAT_SECTOR + 0x1fe] = 0x55;
  head[2 * KL_FAT_SECTOR + 0x1ff] = 0xaa;
  memcpy (head + BACKUP_SECTOR * KL_FAT_SECTOR, head, 3 * KL_FAT_SECTOR);
}

/* The position in placed of the node that holds @cluster, or would come behind it. */
static guint
find_placed (KlFat32Plan *self, guint64 cluster)
{
  guint from = 0, to = self->placed->len;

  while (from < to)
    {
      guint middle = (from + to) / 2;
      const Node *node = self->placed->pdata[middle];

      if (cluster < (guint64) node->first_cluster + node->n_clusters)
        to = middle;
      else
        from = middle + 1;
    }
  return from;
}

/**
 * kl_fat32_plan_fill_fat:
 * @offset: bytes from the beginning of the FAT, a multiple of 4
 * @length: bytes, a multiple of 4
 *
 * Makes a part of the FAT; both are alike.
 */
void
kl_fat32_plan_fill_fat (KlFat32Plan *self, guint64 offset, guint8 *bytes, gsize length)
{
  guint64 cluster = offset / 4, end = (offset + length) / 4;
  guint at = find_placed (self, cluster);
  guint8 *entry = bytes;

  memset (bytes, 0, length);
  for (; cluster < MIN (end, FIRST_CLUSTER); cluster++, entry += 4)
    kl_put_u32 (entry, cluster == 0 ? KL_FAT32_ENTRY_MEDIA : KL_FAT32_ENTRY_END);

  for (; cluster < end && at < self->placed->len; at++)
    {
      const Node *node = self->placed->pdata[at];
      guint64 last = (guint64) node->first_cluster + node->n_clusters - 1;

      for (; cluster < MIN (end, last); cluster++, entry += 4)
        kl_put_u32 (entry, (guint32) cluster + 1);
      if (cluster < end)
        {
          kl_put_u32 (entry, KL_FAT32_ENTRY_END);
          cluster++;
          entry += 4;
        }
    }
}

static void
fill_entry (KlFat32Plan *self, KlFatEntry *entry, guint8 attributes, guint32 cluster, guint64 size)
{
  *entry = (KlFatEntry){ .attributes = attributes };
  entry->created_time = entry->modified_time = GUINT16_TO_LE (self->time);
  entry->created_date = entry->modified_date = entry->accessed_date = GUINT16_TO_LE (self->date);
  entry->cluster_high = GUINT16_TO_LE ((guint16) (cluster >> 16));
  entry->cluster = GUINT16_TO_LE ((guint16) (cluster & 0xffff));
  entry->size = GUINT32_TO_LE ((guint32) size);
}

static guint8 *
put_special (KlFat32Plan *self, const char *name, guint8 attributes, guint32 cluster, guint8 *at)
{
  KlFatEntry entry;

  fill_entry (self, &entry, attributes, cluster, 0);
  memcpy (entry.name, name, sizeof entry.name);
  memcpy (at, &entry, sizeof entry);
  return at + sizeof entry;
}

/**
 * kl_fat32_plan_make_folder:
 * @number: as its extent says
 *
 * Returns: (transfer full): the entries of a folder, as many bytes as its extent has
 */
GBytes *
kl_fat32_plan_make_folder (KlFat32Plan *self, guint number)
{
  const Node *folder = self->folders->pdata[number];
  guint8 *bytes = g_malloc0 (folder->size);
  guint8 *at = bytes;

  if (folder->parent == NULL && self->has_label)
    at = put_special (self, self->label, KL_FAT_ATTRIBUTE_LABEL, 0, at);
  else if (folder->parent != NULL)
    {
      /* The root is cluster 0 for its children. */
      guint32 parent = folder->parent->parent == NULL ? 0 : folder->parent->first_cluster;

      at = put_special (self, ".          ", KL_FAT_ATTRIBUTE_DIRECTORY, folder->first_cluster, at);
      at = put_special (self, "..         ", KL_FAT_ATTRIBUTE_DIRECTORY, parent, at);
    }

  for (guint i = 0; i < folder->children->len; i++)
    {
      const Node *child = folder->children->pdata[i];
      gboolean is_folder = child->children != NULL;
      KlFatEntry entry;

      fill_entry (self, &entry, is_folder ? KL_FAT_ATTRIBUTE_DIRECTORY : KL_FAT_ATTRIBUTE_ARCHIVE,
                  child->first_cluster, is_folder ? 0 : child->size);
      at = kl_fat32_name_put (&child->fat_name, &entry, at);
    }
  return g_bytes_new_take (bytes, folder->size);
}
