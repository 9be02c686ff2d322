/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-drive"

#include "drive/udisks-objects.h"

#include <string.h>

#include "drive/block-tree.h"
#include "drive/mount-table.h"

#define BLOCK KL_UDISKS_NAME ".Block"
#define DRIVE KL_UDISKS_NAME ".Drive"
#define FILE_SYSTEM KL_UDISKS_NAME ".Filesystem"
#define PARTITION KL_UDISKS_NAME ".Partition"
#define PARTITION_TABLE KL_UDISKS_NAME ".PartitionTable"
#define SWAP_SPACE KL_UDISKS_NAME ".Swapspace"

/* How many partitions and containers may stand on each other. */
#define MAX_DEPTH 16

typedef struct
{
  GVariant *objects; /* a{oa{sa{sv}}} */
  GHashTable *paths; /* object path (borrowed from objects) → a{sa{sv}} */
} Objects;

/**
 * kl_udisks_path_of_device:
 * @kernel_name: "sdb1"
 *
 * Returns: (transfer full): the object path of that block device, by UDisks2's rule for characters
 *   that D-Bus does not allow
 */
char *
kl_udisks_path_of_device (const char *kernel_name)
{
  GString *path = g_string_new (KL_UDISKS_PATH "/block_devices/");

  for (const char *at = kernel_name; *at != '\0'; at++)
    if (g_ascii_isalnum (*at) || *at == '_')
      g_string_append_c (path, *at);
    else
      g_string_append_printf (path, "_%02x", (guchar) *at);
  return g_string_free (path, FALSE);
}

/* (transfer full) (nullable): the properties of an interface, a{sv} */
static GVariant *
find_interface (const Objects *self, const char *path, const char *interface)
{
  GVariant *interfaces = g_hash_table_lookup (self->paths, path);

  return interfaces != NULL ? g_variant_lookup_value (interfaces, interface, G_VARIANT_TYPE_VARDICT)
                            : NULL;
}

static char *
dup_text (GVariant *properties, const char *name)
{
  const char *text = NULL;

  if (properties == NULL || !g_variant_lookup (properties, name, "&s", &text))
    return NULL;
  return kl_drive_clean_text (text);
}

static char *
dup_object_path (GVariant *properties, const char *name)
{
  const char *path = NULL;

  if (properties == NULL || !g_variant_lookup (properties, name, "&o", &path)
      || g_str_equal (path, "/"))
    return NULL;
  return g_strdup (path);
}

static gboolean
get_flag (GVariant *properties, const char *name)
{
  gboolean flag = FALSE;

  return properties != NULL && g_variant_lookup (properties, name, "b", &flag) && flag;
}

static guint64
get_number (GVariant *properties, const char *name)
{
  guint64 number = 0;

  if (properties != NULL)
    g_variant_lookup (properties, name, "t", &number);
  return number;
}

/* NULL unless it is "/dev/" and a name. */
static char *
dup_node (GVariant *block)
{
  g_autoptr (GVariant) value
      = block != NULL ? g_variant_lookup_value (block, "Device", G_VARIANT_TYPE_BYTESTRING) : NULL;
  const char *node = value != NULL ? g_variant_get_bytestring (value) : "";

  return g_str_has_prefix (node, "/dev/") && node[strlen ("/dev/")] != '\0' ? g_strdup (node)
                                                                            : NULL;
}

static GStrv
dup_paths (GVariant *properties, const char *name)
{
  GStrv paths = NULL;

  if (properties != NULL)
    g_variant_lookup (properties, name, "^aay", &paths);
  return paths != NULL ? paths : g_new0 (char *, 1);
}

static const char *
base_name (const char *node)
{
  return strrchr (node, '/') + 1;
}

/* By UDisks2's own relations, and by /sys, which also knows LVM and RAID. */
static void
collect (const Objects *self, GHashTable *names, const char *path, guint depth)
{
  g_autoptr (GVariant) block = find_interface (self, path, BLOCK);
  g_autoptr (GVariant) partition = find_interface (self, path, PARTITION);
  g_autofree char *node = dup_node (block);
  g_autofree char *backing = dup_object_path (block, "CryptoBackingDevice");
  g_autofree char *table = dup_object_path (partition, "Table");

  if (node == NULL || depth > MAX_DEPTH)
    return;

  kl_block_tree_collect (names, base_name (node));
  if (backing != NULL)
    collect (self, names, backing, depth + 1);
  if (table != NULL)
    collect (self, names, table, depth + 1);
}

static void
add_mount (const Objects *self,
           GPtrArray *mounts,
           const char *path,
           const char *node,
           const char *where,
           gboolean swap)
{
  KlMount *mount = kl_mount_new (where, base_name (node), swap);

  collect (self, mount->names, path, 0);
  g_ptr_array_add (mounts, mount);
}

static void
add_mounts (const Objects *self, GPtrArray *mounts, const char *path)
{
  g_autoptr (GVariant) block = find_interface (self, path, BLOCK);
  g_autoptr (GVariant) file_system = find_interface (self, path, FILE_SYSTEM);
  g_autoptr (GVariant) swap = find_interface (self, path, SWAP_SPACE);
  g_autofree char *node = dup_node (block);
  g_auto (GStrv) points = dup_paths (file_system, "MountPoints");

  if (node == NULL)
    return;
  for (guint i = 0; points[i] != NULL; i++)
    add_mount (self, mounts, path, node, points[i], FALSE);
  if (get_flag (swap, "Active"))
    add_mount (self, mounts, path, node, node, TRUE);
}

static void
add_volume (const Objects *self, KlDriveFacts *facts, const char *path)
{
  g_autoptr (GVariant) block = find_interface (self, path, BLOCK);
  g_autofree char *node = dup_node (block);
  KlVolume *volume;

  if (node == NULL)
    return;

  volume = kl_drive_facts_add_volume (facts, node);
  volume->fs_type = dup_text (block, "IdType");
  volume->fs_version = dup_text (block, "IdVersion");
  volume->label = dup_text (block, "IdLabel");
  volume->size = get_number (block, "Size");
}

static gint
compare_volumes (gconstpointer left, gconstpointer right)
{
  const KlVolume *a = *(KlVolume *const *) left, *b = *(KlVolume *const *) right;
  gsize length_a = strlen (a->path), length_b = strlen (b->path);

  if (length_a != length_b)
    return length_a < length_b ? -1 : 1;
  return strcmp (a->path, b->path);
}

static void
add_volumes (const Objects *self, KlDriveFacts *facts, const char *disk)
{
  g_autoptr (GVariant) block = find_interface (self, disk, BLOCK);
  g_autofree char *type = dup_text (block, "IdType");
  GHashTableIter iter;
  gpointer path;

  if (type != NULL)
    add_volume (self, facts, disk);

  g_hash_table_iter_init (&iter, self->paths);
  while (g_hash_table_iter_next (&iter, &path, NULL))
    {
      g_autoptr (GVariant) partition = find_interface (self, path, PARTITION);
      g_autofree char *table = dup_object_path (partition, "Table");

      if (g_strcmp0 (table, disk) == 0)
        add_volume (self, facts, path);
    }
  g_ptr_array_sort (facts->volumes, compare_volumes);
}

/* UDisks2 does not say where a drive is plugged in, but knows the link that udev made for it. */
static char *
find_port_path (GVariant *block)
{
  static const char prefix[] = "/dev/disk/by-path/";
  g_auto (GStrv) links = dup_paths (block, "Symlinks");

  for (guint i = 0; links[i] != NULL; i++)
    if (g_str_has_prefix (links[i], prefix))
      return kl_drive_clean_text (links[i] + strlen (prefix));
  return NULL;
}

/* UDisks2's word for SD cards is that of the bus they once had. */
static char *
find_bus (GVariant *drive)
{
  g_autofree char *bus = dup_text (drive, "ConnectionBus");

  if (g_strcmp0 (bus, "sdio") == 0)
    return g_strdup ("mmc");
  return g_steal_pointer (&bus);
}

static void
read_identity (KlDriveFacts *facts, GVariant *block, GVariant *drive)
{
  KlDriveIdentity *identity = facts->identity;

  identity->name = facts->vendor != NULL && facts->model != NULL
                       ? g_strdup_printf ("%s %s", facts->vendor, facts->model)
                       : g_strdup (facts->vendor != NULL ? facts->vendor : facts->model);
  identity->serial = dup_text (drive, "Serial");
  identity->wwn = dup_text (drive, "WWN");
  identity->port_path = find_port_path (block);
  identity->size = get_number (block, "Size");
  identity->diskseq = kl_block_tree_read_number (kl_drive_facts_get_kernel_name (facts), "diskseq");
}

/* NULL if the object is no whole disk of a drive that can be written to. */
static KlDriveFacts *
read_disk (const Objects *self, const char *path)
{
  g_autoptr (GVariant) block = find_interface (self, path, BLOCK);
  g_autoptr (GVariant) partition = find_interface (self, path, PARTITION);
  g_autoptr (GVariant) table = find_interface (self, path, PARTITION_TABLE);
  g_autofree char *node = dup_node (block);
  g_autofree char *drive_path = dup_object_path (block, "Drive");
  g_autoptr (GVariant) drive = drive_path != NULL ? find_interface (self, drive_path, DRIVE) : NULL;
  KlDriveFacts *facts;

  if (node == NULL || partition != NULL || drive == NULL || get_flag (drive, "Optical"))
    return NULL;

  facts = kl_drive_facts_new (node);
  facts->object_path = g_strdup (path);
  facts->vendor = dup_text (drive, "Vendor");
  facts->model = dup_text (drive, "Model");
  facts->bus = find_bus (drive);
  facts->partition_table = dup_text (table, "Type");
  facts->removable = get_flag (drive, "MediaRemovable");
  facts->read_only = get_flag (block, "ReadOnly");
  read_identity (facts, block, drive);
  add_volumes (self, facts, path);
  return facts;
}

static void
index_objects (Objects *self)
{
  GVariantIter iter;
  const char *path;
  GVariant *interfaces;

  self->paths
      = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) g_variant_unref);
  g_variant_iter_init (&iter, self->objects);
  while (g_variant_iter_next (&iter, "{&o@a{sa{sv}}}", &path, &interfaces))
    g_hash_table_insert (self->paths, (gpointer) path, interfaces);
}

/**
 * kl_udisks_parse:
 * @reply: of GetManagedObjects, (a{oa{sa{sv}}})
 * @drives: gets KlDriveFacts
 * @mounts: gets KlMount: what is mounted on the host, which a sandbox cannot see
 */
void
kl_udisks_parse (GVariant *reply, GPtrArray *drives, GPtrArray *mounts)
{
  Objects self = { .objects = g_variant_get_child_value (reply, 0) };
  GHashTableIter iter;
  gpointer path;

  index_objects (&self);
  g_hash_table_iter_init (&iter, self.paths);
  while (g_hash_table_iter_next (&iter, &path, NULL))
    {
      KlDriveFacts *facts = read_disk (&self, path);

      add_mounts (&self, mounts, path);
      if (facts != NULL)
        g_ptr_array_add (drives, facts);
    }
  for (guint i = 0; i < drives->len; i++)
    kl_drive_facts_take_mounts (g_ptr_array_index (drives, i), mounts);

  g_hash_table_unref (self.paths);
  g_variant_unref (self.objects);
}
