/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-drive"

#include "access/access.h"

#include <string.h>

#include "base/error.h"
#include "drive/block-tree.h"

/* So many are named; more would not fit a message. */
#define MAX_NAMED 3

static const char *const single_links[] = { "cwd", "root", "exe" };

/* The mount point itself and what is below it; the drive's node and those of its partitions. */
static gboolean
is_on_drive (const char *target, const KlDriveFacts *facts, const char *mount_point)
{
  gsize length = mount_point != NULL ? strlen (mount_point) : 0;

  if (length > 0 && strncmp (target, mount_point, length) == 0
      && (target[length] == '\0' || target[length] == '/'))
    return TRUE;
  if (g_str_equal (target, facts->path))
    return TRUE;
  for (guint i = 0; i < facts->volumes->len; i++)
    {
      const KlVolume *volume = g_ptr_array_index (facts->volumes, i);

      if (g_str_equal (target, volume->path))
        return TRUE;
    }
  return FALSE;
}

static gboolean
link_is_on_drive (const char *link, const KlDriveFacts *facts, const char *mount_point)
{
  g_autofree char *target = g_file_read_link (link, NULL);

  return target != NULL && is_on_drive (target, facts, mount_point);
}

static gboolean
process_uses (const char *folder, const KlDriveFacts *facts, const char *mount_point)
{
  g_autofree char *descriptors = g_build_filename (folder, "fd", NULL);
  g_autoptr (GDir) dir = NULL;
  const char *name;

  for (guint i = 0; i < G_N_ELEMENTS (single_links); i++)
    {
      g_autofree char *link = g_build_filename (folder, single_links[i], NULL);

      if (link_is_on_drive (link, facts, mount_point))
        return TRUE;
    }

  dir = g_dir_open (descriptors, 0, NULL);
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *link = g_build_filename (descriptors, name, NULL);

      if (link_is_on_drive (link, facts, mount_point))
        return TRUE;
    }
  return FALSE;
}

static char *
describe_process (const char *folder, const char *pid)
{
  g_autofree char *path = g_build_filename (folder, "comm", NULL);
  g_autofree char *text = NULL;
  g_autofree char *name = NULL;

  if (g_file_get_contents (path, &text, NULL, NULL))
    name = kl_drive_clean_text (text);
  return name != NULL ? g_strdup_printf ("%s (PID %s)", name, pid)
                      : g_strdup_printf ("a program (PID %s)", pid);
}

static void
append (GString *text, const char *who)
{
  if (text->len > 0)
    g_string_append (text, ", ");
  g_string_append (text, who);
}

static void
append_processes (GString *text, const KlDriveFacts *facts, const char *mount_point)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc", 0, NULL);
  const char *pid;
  guint named = 0;

  while (dir != NULL && named < MAX_NAMED && (pid = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *folder = g_build_filename ("/proc", pid, NULL);

      if (g_ascii_isdigit (*pid) && process_uses (folder, facts, mount_point))
        {
          g_autofree char *who = describe_process (folder, pid);

          append (text, who);
          named++;
        }
    }
}

static void
append_holders (GString *text, const char *name)
{
  g_auto (GStrv) holders = kl_block_tree_list_holders (name);

  for (guint i = 0; holders[i] != NULL; i++)
    {
      g_autofree char *label = kl_block_tree_read (holders[i], "dm/name");
      g_autofree char *who = g_strdup_printf ("%s on %s", label != NULL ? label : holders[i], name);

      append (text, who);
    }
}

/* Programs that have the drive or a file on it open, as far as this user may know, and devices that
 * are stacked on it (LVM, RAID, LUKS): "bash (PID 12)"; NULL for none. @mount_point: (nullable):
 * look for those who use files below it as well */
static char *
find_users (const KlDriveFacts *facts, const char *mount_point)
{
  GString *text = g_string_new (NULL);

  append_holders (text, kl_drive_facts_get_kernel_name (facts));
  for (guint i = 0; i < facts->volumes->len; i++)
    {
      const KlVolume *volume = g_ptr_array_index (facts->volumes, i);

      if (!g_str_equal (volume->path, facts->path))
        append_holders (text, strrchr (volume->path, '/') + 1);
    }
  append_processes (text, facts, mount_point);

  return g_string_free (text, text->len == 0);
}

/* What a person calls it: its label, and where it is mounted. */
static char *
dup_volume_name (const KlDriveFacts *facts, const char *mount_point)
{
  for (guint i = 0; mount_point != NULL && i < facts->volumes->len; i++)
    {
      const KlVolume *volume = g_ptr_array_index (facts->volumes, i);

      if (g_strv_contains ((const char *const *) volume->mount_points, mount_point)
          && volume->label != NULL && *volume->label != '\0')
        return g_strdup_printf ("%s (%s)", volume->label, mount_point);
    }
  return g_strdup (mount_point != NULL ? mount_point : facts->path);
}

/**
 * kl_drive_blame_users:
 * @error: if it is KL_ERROR_BUSY, it becomes KL_ERROR_DRIVE_IN_USE: its message begins with who
 *   keeps the drive, and its detail names the volume and them: "WINPE (/media/ann/WINPE): bash (PID
 *   12)"
 * @mount_point: (nullable): what stays mounted
 */
void
kl_drive_blame_users (GError **error, const KlDriveFacts *facts, const char *mount_point)
{
  g_autofree char *users = NULL;
  g_autofree char *name = NULL;
  g_autofree char *detail = NULL;

  if (error == NULL || !g_error_matches (*error, KL_ERROR, KL_ERROR_BUSY))
    return;

  users = find_users (facts, mount_point);
  name = dup_volume_name (facts, mount_point);
  detail = g_strjoin (": ", name, users, NULL);
  if (users != NULL)
    g_prefix_error (error, "“%s” is in use by %s. ", facts->path, users);
  (*error)->code = KL_ERROR_DRIVE_IN_USE;
  kl_error_set_detail (*error, detail);
}
