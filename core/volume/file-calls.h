/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <sys/types.h>

#include <glib.h>

G_BEGIN_DECLS

/* The calls by which a volume is changed. A test puts its own in their place, which fail on the
 * n-th of them; otherwise they are those of the system. */
typedef struct
{
  ssize_t (*pwrite) (int fd, const void *data, size_t length, off_t offset);
  int (*fdatasync) (int fd);
  int (*syncfs) (int fd);
  int (*renameat) (int old_folder, const char *old_name, int new_folder, const char *new_name);
  int (*unlinkat) (int folder, const char *name, int flags);
} KlFileCalls;

extern const KlFileCalls kl_file_calls;

G_END_DECLS
