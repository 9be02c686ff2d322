/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A place where the system uses block devices: a mount point, swap space, or a path to protect. */
typedef struct
{
  char *where;  /* mount point, swap device or file, or path */
  char *device; /* kernel's name of what is mounted, "dm-0"; NULL for a path */
  gboolean swap;
  gboolean partial;  /* shows a folder of the file system and not all of it */
  GHashTable *names; /* set of the names of all devices below, partitions and disks alike */
} KlMount;

KlMount *kl_mount_new (const char *where, const char *device, gboolean swap);
void kl_mount_free (KlMount *self);
gboolean kl_mount_is_on (const KlMount *self, const char *name);

GPtrArray *kl_mount_table_new (void);
void kl_mount_table_read (GPtrArray *mounts, const char *proc);
GPtrArray *kl_mount_table_of_paths (const char *const *paths);
char *kl_mount_table_find_source (const char *path);

G_END_DECLS
