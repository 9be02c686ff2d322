/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-drive"

#include "drive/refusal.h"

#include <string.h>

#include "drive/mount-table.h"

/* What the running system stands on; below /home a person's own folder. The last four are where
 * live systems keep the stick that they were started from. */
static const char *const system_folders[] = {
  "/boot", "/efi", "/etc",      "/nix",           "/opt",         "/root",  "/srv",
  "/usr",  "/var", "/run/live", "/run/initramfs", "/run/archiso", "/cdrom",
};

static gboolean
is_below (const char *path, const char *folder)
{
  gsize length = strlen (folder);

  return strncmp (path, folder, length) == 0 && (path[length] == '\0' || path[length] == '/');
}

static gboolean
is_system_mount_point (const char *where)
{
  if (g_str_equal (where, "/") || g_str_equal (where, "/home"))
    return TRUE;
  if (is_below (where, "/home"))
    return strchr (where + strlen ("/home/"), '/') == NULL;

  for (guint i = 0; i < G_N_ELEMENTS (system_folders); i++)
    if (is_below (where, system_folders[i]))
      return TRUE;
  return FALSE;
}

static char *
find_system_use (const char *name, GPtrArray *mounts)
{
  for (guint i = 0; i < mounts->len; i++)
    {
      const KlMount *mount = g_ptr_array_index (mounts, i);

      if (!kl_mount_is_on (mount, name))
        continue;
      if (mount->swap)
        return g_strdup_printf ("It holds swap space in use (“%s”)", mount->where);
      if (is_system_mount_point (mount->where))
        return g_strdup_printf ("It holds “%s” of the running system", mount->where);
    }
  return NULL;
}

static char *
find_protected_path (const char *name, GPtrArray *protection)
{
  for (guint i = 0; protection != NULL && i < protection->len; i++)
    {
      const KlMount *path = g_ptr_array_index (protection, i);

      if (kl_mount_is_on (path, name))
        return g_strdup_printf ("It holds “%s”, which is in use by Kindling", path->where);
    }
  return NULL;
}

/* The removable flag alone says little: USB disks do not set it, and some SATA ports do. */
static gboolean
is_plugged_in (const KlDriveFacts *facts)
{
  return facts->removable || g_strcmp0 (facts->bus, "usb") == 0
         || g_strcmp0 (facts->bus, "mmc") == 0 || g_strcmp0 (facts->bus, "ieee1394") == 0;
}

/**
 * kl_refusal_find:
 * @mounts: of KlMount: what the system uses
 * @allow_fixed: whether fixed disks were asked for
 * @reason: (out): a sentence without its full stop; untouched with KL_REFUSAL_NONE
 *
 * Returns: the gravest reason against writing on the drive. What the system or Kindling itself
 *   stands on is never allowed.
 */
KlRefusal
kl_refusal_find (const KlDriveFacts *facts, GPtrArray *mounts, gboolean allow_fixed, char **reason)
{
  const char *name = kl_drive_facts_get_kernel_name (facts);
  char *text = find_system_use (name, mounts);

  if (text != NULL)
    {
      *reason = text;
      return KL_REFUSAL_SYSTEM;
    }
  text = find_protected_path (name, facts->protection);
  if (text != NULL)
    {
      *reason = text;
      return KL_REFUSAL_IN_USE;
    }
  if (facts->identity->size == 0)
    {
      *reason = g_strdup ("There is no medium in it");
      return KL_REFUSAL_NO_MEDIUM;
    }
  if (facts->read_only)
    {
      *reason = g_strdup ("It is write-protected");
      return KL_REFUSAL_READ_ONLY;
    }
  if (!allow_fixed && !is_plugged_in (facts))
    {
      *reason = facts->bus != NULL ? g_strdup_printf ("It is a fixed disk (%s)", facts->bus)
                                   : g_strdup ("It is a fixed disk of an unknown bus");
      return KL_REFUSAL_FIXED;
    }
  return KL_REFUSAL_NONE;
}
