/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <sys/stat.h>

#include <glib.h>

G_BEGIN_DECLS

/*
 * SHA-1 sums of files that were read before, so that folders of drivers of some gigabytes are not
 * read again because a line of a script has changed. A file is known by its path, device, inode,
 * size and the times of its last changes, as Git knows it; nobody can set the time of the inode's.
 * What is kept may be deleted at any time.
 */
typedef struct _KlKnownSums KlKnownSums;

KlKnownSums *kl_known_sums_load (const char *path);
void kl_known_sums_free (KlKnownSums *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlKnownSums, kl_known_sums_free)

gboolean
kl_known_sums_find (KlKnownSums *self, const char *path, const struct stat *info, guint8 *sha1);
void kl_known_sums_add (
    KlKnownSums *self, const char *path, int fd, const struct stat *info, const guint8 *sha1);
void kl_known_sums_save (KlKnownSums *self);
void kl_known_sums_forget (KlKnownSums *self);

G_END_DECLS
