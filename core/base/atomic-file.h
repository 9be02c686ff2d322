/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/file-kind.h"

G_BEGIN_DECLS

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
