/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <sys/types.h>

#include <glib.h>

G_BEGIN_DECLS

/* What stands on what among block devices, read from /sys; names are the kernel's: "sda2", "dm-0".
 * Any thread. */
char *kl_block_tree_find_name (dev_t number);
char *kl_block_tree_find_name_of_node (const char *path);
char *kl_block_tree_read (const char *name, const char *attribute);
guint64 kl_block_tree_read_number (const char *name, const char *attribute);
char **kl_block_tree_list_holders (const char *name);
void kl_block_tree_collect (GHashTable *names, const char *name);
void kl_block_tree_collect_path (GHashTable *names, const char *path);

G_END_DECLS
