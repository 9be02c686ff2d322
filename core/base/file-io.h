/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <sys/stat.h>

#include "base/checksum.h"
#include "base/progress.h"

G_BEGIN_DECLS

/* The size of the blocks in which files are read and written; bytes. Cancelling is asked between
 * two. */
#define KL_IO_BLOCK ((gsize) 1 << 20)

/* Of new files and folders, before the umask, which says whether a group shares them: nobody else
 * may ever write. */
#define KL_FILE_MODE 0664
#define KL_FOLDER_MODE 0775

/* g_autofd is GLib 2.76; Debian 12 has 2.74. */
void kl_close_fd (int *fd);
#ifndef g_autofd
#define g_autofd __attribute__ ((cleanup (kl_close_fd)))
#endif

int kl_open_for_reading (const char *path, GError **error);
int kl_open_with_info (const char *path, struct stat *info, GError **error);
gpointer kl_try_malloc (guint64 size, const char *name, GError **error);
gssize kl_read_some (int fd,
                     void *buffer,
                     gsize length,
                     const char *name,
                     GCancellable *cancellable,
                     GError **error);
gboolean
kl_read_at (int fd, void *buffer, gsize length, guint64 offset, const char *name, GError **error);
gpointer kl_read_all (int fd, guint64 size, const char *name, GError **error);
gboolean kl_write_at (
    int fd, const void *data, gsize length, guint64 offset, const char *name, GError **error);
gboolean kl_sync_folder (int fd, const char *path, GError **error);
gboolean kl_sync_directory (const char *path, GError **error);
gboolean kl_remove_tree (const char *path, GError **error);

G_END_DECLS
