/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-drive"

#include "drive/mount-table.h"

#include <string.h>

#include "drive/block-tree.h"

/* Fields of a line of mountinfo, proc(5), before the optional ones and after the dash. */
enum
{
  FIELD_ROOT = 3,
  FIELD_MOUNT_POINT = 4,
  FIELDS_BEFORE_OPTIONAL = 6,
  FIELD_SOURCE_AFTER_DASH = 2,
};

KlMount *
kl_mount_new (const char *where, const char *device, gboolean swap)
{
  KlMount *self = g_new0 (KlMount, 1);

  self->where = g_strdup (where);
  self->device = g_strdup (device);
  self->swap = swap;
  self->names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return self;
}

void
kl_mount_free (KlMount *self)
{
  g_free (self->where);
  g_free (self->device);
  g_hash_table_unref (self->names);
  g_free (self);
}

/* @name: of a partition or a disk */
gboolean
kl_mount_is_on (const KlMount *self, const char *name)
{
  return g_hash_table_contains (self->names, name);
}

GPtrArray *
kl_mount_table_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) kl_mount_free);
}

/* Mount point and source of a line of mountinfo; FALSE for what is not of that form. @partial:
 * (optional) */
static gboolean
parse_line (const char *line, char **mount_point, char **source, gboolean *partial)
{
  g_auto (GStrv) fields = g_strsplit (line, " ", -1);
  guint n_fields = g_strv_length (fields);

  for (guint i = FIELDS_BEFORE_OPTIONAL; i + FIELD_SOURCE_AFTER_DASH < n_fields; i++)
    if (g_str_equal (fields[i], "-"))
      {
        /* Space, tab, end of line and backslash are written as octal numbers. */
        *mount_point = g_strcompress (fields[FIELD_MOUNT_POINT]);
        *source = g_strcompress (fields[i + FIELD_SOURCE_AFTER_DASH]);
        if (partial != NULL)
          *partial = !g_str_equal (fields[FIELD_ROOT], "/");
        return TRUE;
      }
  return FALSE;
}

static char **
read_lines (const char *proc, const char *file)
{
  g_autofree char *path = g_build_filename (proc, file, NULL);
  g_autofree char *text = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return g_new0 (char *, 1);
  return g_strsplit (text, "\n", -1);
}

static void
add_mount (GPtrArray *mounts, const char *where, const char *node, gboolean partial)
{
  g_autofree char *name = kl_block_tree_find_name_of_node (node);
  KlMount *mount;

  if (name == NULL)
    return;

  mount = kl_mount_new (where, name, FALSE);
  mount->partial = partial;
  kl_block_tree_collect (mount->names, name);
  g_ptr_array_add (mounts, mount);
}

static void
add_swap (GPtrArray *mounts, const char *where)
{
  g_autofree char *name = kl_block_tree_find_name_of_node (where);
  KlMount *mount = kl_mount_new (where, name, TRUE);

  kl_block_tree_collect_path (mount->names, where);
  if (name != NULL)
    kl_block_tree_collect (mount->names, name);
  g_ptr_array_add (mounts, mount);
}

/**
 * kl_mount_table_read:
 * @proc: "/proc", or a folder that a test has filled
 *
 * Adds what is mounted from block devices, in the order in which it was mounted, and the swap space
 * in use.
 */
void
kl_mount_table_read (GPtrArray *mounts, const char *proc)
{
  g_auto (GStrv) lines = read_lines (proc, "self/mountinfo");
  g_auto (GStrv) swaps = read_lines (proc, "swaps");

  for (guint i = 0; lines[i] != NULL; i++)
    {
      g_autofree char *mount_point = NULL;
      g_autofree char *source = NULL;
      gboolean partial = FALSE;

      if (parse_line (lines[i], &mount_point, &source, &partial)
          && g_str_has_prefix (source, "/dev/"))
        add_mount (mounts, mount_point, source, partial);
    }

  for (guint i = 0; swaps[i] != NULL; i++)
    if (*swaps[i] == '/')
      {
        g_auto (GStrv) fields = g_strsplit_set (swaps[i], " \t", 2);
        g_autofree char *where = g_strcompress (fields[0]);

        add_swap (mounts, where);
      }
}

/**
 * kl_mount_table_of_paths:
 * @paths: (nullable): files and folders that may not be lost; they need not be there yet
 *
 * Returns: (transfer full): of KlMount
 */
GPtrArray *
kl_mount_table_of_paths (const char *const *paths)
{
  GPtrArray *mounts = kl_mount_table_new ();

  for (guint i = 0; paths != NULL && paths[i] != NULL; i++)
    {
      KlMount *mount = kl_mount_new (paths[i], NULL, FALSE);

      kl_block_tree_collect_path (mount->names, paths[i]);
      g_ptr_array_add (mounts, mount);
    }
  return mounts;
}

static gboolean
is_at_or_below (const char *path, const char *folder)
{
  gsize length = strlen (folder);

  return g_str_equal (folder, "/")
         || (strncmp (path, folder, length) == 0 && (path[length] == '\0' || path[length] == '/'));
}

/**
 * kl_mount_table_find_source:
 * @path: canonical
 *
 * Returns: (transfer full) (nullable): the node from which the file system of @path was mounted, as
 *   this process sees it
 */
char *
kl_mount_table_find_source (const char *path)
{
  g_auto (GStrv) lines = read_lines ("/proc", "self/mountinfo");
  g_autofree char *found = NULL;
  gsize longest = 0;

  for (guint i = 0; lines[i] != NULL; i++)
    {
      g_autofree char *mount_point = NULL;
      g_autofree char *source = NULL;

      if (!parse_line (lines[i], &mount_point, &source, NULL) || !is_at_or_below (path, mount_point)
          || strlen (mount_point) < longest)
        continue;
      longest = strlen (mount_point);
      g_free (found);
      found = g_steal_pointer (&source);
    }

  return found != NULL && g_str_has_prefix (found, "/dev/") ? g_steal_pointer (&found) : NULL;
}
