/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-drive"

#include "drive/block-tree.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "drive/mount-table.h"

#define CLASS_BLOCK "/sys/class/block"

/* Of loop devices on files on loop devices …; more than that is no setup of a sane person. */
#define MAX_NAMES 1024

/**
 * kl_block_tree_find_name:
 *
 * Returns: (transfer full) (nullable): the kernel's name of the block device of this number
 */
char *
kl_block_tree_find_name (dev_t number)
{
  g_autofree char *link = g_strdup_printf ("/sys/dev/block/%u:%u", major (number), minor (number));
  g_autofree char *target = g_file_read_link (link, NULL);

  return target != NULL ? g_path_get_basename (target) : NULL;
}

static gboolean
is_block_name (const char *name)
{
  g_autofree char *folder = g_build_filename (CLASS_BLOCK, name, NULL);

  return *name != '\0' && *name != '.' && strchr (name, '/') == NULL
         && g_file_test (folder, G_FILE_TEST_EXISTS);
}

/**
 * kl_block_tree_find_name_of_node:
 * @path: "/dev/sda2", "/dev/mapper/root", a link to such a node
 *
 * Returns: (transfer full) (nullable): the kernel's name of it
 */
char *
kl_block_tree_find_name_of_node (const char *path)
{
  struct stat info;
  char *name = NULL;

  if (stat (path, &info) == 0 && S_ISBLK (info.st_mode))
    name = kl_block_tree_find_name (info.st_rdev);
  if (name == NULL)
    {
      g_autofree char *base = g_path_get_basename (path);

      if (is_block_name (base))
        name = g_steal_pointer (&base);
    }
  return name;
}

/**
 * kl_block_tree_read:
 * @attribute: "size", "loop/backing_file"
 *
 * Returns: (transfer full) (nullable): the attribute without its end of line; %NULL if there is
 *   none
 */
char *
kl_block_tree_read (const char *name, const char *attribute)
{
  g_autofree char *path = g_build_filename (CLASS_BLOCK, name, attribute, NULL);
  char *text = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return NULL;
  return g_strchomp (text);
}

/* 0 if there is no such attribute. */
guint64
kl_block_tree_read_number (const char *name, const char *attribute)
{
  g_autofree char *text = kl_block_tree_read (name, attribute);

  return text != NULL ? g_ascii_strtoull (text, NULL, 10) : 0;
}

static char **
list_folder (const char *path)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    g_strv_builder_add (builder, name);
  return g_strv_builder_end (builder);
}

/**
 * kl_block_tree_list_holders:
 *
 * Returns: (transfer full): names of the devices that are stacked on this one, such as "dm-0"
 */
char **
kl_block_tree_list_holders (const char *name)
{
  g_autofree char *path = g_build_filename (CLASS_BLOCK, name, "holders", NULL);

  return list_folder (path);
}

static void
collect_all (GHashTable *names, const char *folder)
{
  g_auto (GStrv) entries = list_folder (folder);

  for (guint i = 0; entries[i] != NULL; i++)
    kl_block_tree_collect (names, entries[i]);
}

/* A file system of btrfs on several devices names one of them only in the mount table. */
static void
collect_btrfs_members (GHashTable *names, const char *name)
{
  g_auto (GStrv) file_systems = list_folder ("/sys/fs/btrfs");

  for (guint i = 0; file_systems[i] != NULL; i++)
    {
      g_autofree char *folder
          = g_build_filename ("/sys/fs/btrfs", file_systems[i], "devices", NULL);
      g_autofree char *member = g_build_filename (folder, name, NULL);

      if (g_file_test (member, G_FILE_TEST_EXISTS))
        collect_all (names, folder);
    }
}

static void
collect_disk_of_partition (GHashTable *names, const char *name)
{
  g_autofree char *link = g_build_filename (CLASS_BLOCK, name, NULL);
  g_autofree char *number = g_build_filename (link, "partition", NULL);
  g_autofree char *target = g_file_read_link (link, NULL);
  g_autofree char *folder = NULL;
  g_autofree char *disk = NULL;

  if (target == NULL || !g_file_test (number, G_FILE_TEST_EXISTS))
    return;

  folder = g_path_get_dirname (target);
  disk = g_path_get_basename (folder);
  kl_block_tree_collect (names, disk);
}

/**
 * kl_block_tree_collect:
 * @names: (element-type utf8): a set that owns its keys
 *
 * Adds @name and everything below it: the disk of a partition; the members of RAID, LVM and LUKS
 * (/sys/…/slaves), the disk that holds the file of a loop device, the other devices of a btrfs.
 */
void
kl_block_tree_collect (GHashTable *names, const char *name)
{
  g_autofree char *slaves = g_build_filename (CLASS_BLOCK, name, "slaves", NULL);
  g_autofree char *backing = NULL;

  if (g_hash_table_size (names) >= MAX_NAMES || !g_hash_table_add (names, g_strdup (name)))
    return;

  collect_disk_of_partition (names, name);
  collect_all (names, slaves);
  collect_btrfs_members (names, name);
  backing = kl_block_tree_read (name, "loop/backing_file");
  if (backing != NULL && g_path_is_absolute (backing))
    kl_block_tree_collect_path (names, backing);
}

/* The file or folder itself, or the nearest folder above it that is there. */
static char *
find_existing (const char *path, struct stat *info)
{
  g_autofree char *current = g_canonicalize_filename (path, NULL);

  while (stat (current, info) != 0)
    {
      char *parent = g_path_get_dirname (current);

      if (g_str_equal (parent, current))
        {
          g_free (parent);
          return NULL;
        }
      g_free (current);
      current = parent;
    }
  return g_steal_pointer (&current);
}

/**
 * kl_block_tree_collect_path:
 * @path: a file or folder; need not be there yet
 *
 * Adds the devices that hold @path, as kl_block_tree_collect() does.
 */
void
kl_block_tree_collect_path (GHashTable *names, const char *path)
{
  struct stat info;
  g_autofree char *existing = find_existing (path, &info);
  g_autofree char *name = NULL;

  if (existing == NULL)
    return;
  if (S_ISBLK (info.st_mode))
    name = kl_block_tree_find_name_of_node (existing);
  else if (major (info.st_dev) != 0)
    name = kl_block_tree_find_name (info.st_dev);
  else
    {
      /* btrfs, overlay: the number is made up, but the mount table may name the device. */
      g_autofree char *source = kl_mount_table_find_source (existing);

      if (source != NULL)
        name = kl_block_tree_find_name_of_node (source);
    }

  if (name != NULL)
    kl_block_tree_collect (names, name);
}
