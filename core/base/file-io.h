/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <sys/stat.h>

#include "base/checksum.h"
#include "base/file-kind.h"
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
gboolean kl_sync_directory (const char *path, GError **error);
gboolean kl_remove_tree (const char *path, GError **error);

/*
 * A file that appears under its name only when it is complete: it is written without a name, or
 * under a hidden one beside the target where the file system has no O_TMPFILE, and renamed over the
 * target after fsync. Whatever stood there before is untouched until then. Freed without commit,
 * nothing remains.
 */
typedef struct _KlAtomicFile KlAtomicFile;

void kl_atomic_file_sweep (const char *folder);
KlAtomicFile *kl_atomic_file_new (const char *path, int mode, GError **error);
void kl_atomic_file_set_kind (KlAtomicFile *self, KlFileKind kind);
int kl_atomic_file_get_fd (KlAtomicFile *self);
gboolean kl_atomic_file_commit (KlAtomicFile *self, GError **error);
void kl_atomic_file_free (KlAtomicFile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlAtomicFile, kl_atomic_file_free)

gboolean kl_replace_file (const char *path, const void *data, gsize length, GError **error);

G_END_DECLS
