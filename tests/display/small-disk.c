/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Preloaded into a program, it makes the disk of the folder SMALL_DISK look as if only
 * SMALL_DISK_FREE bytes were free; a test cannot mount a small one without root. */

/* Both spellings are defined below. */
#undef _FILE_OFFSET_BITS

#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>

#include "preload.h"

static int
is_small (const char *path)
{
  const char *folder = getenv ("SMALL_DISK");

  return folder != NULL && path != NULL && strncmp (path, folder, strlen (folder)) == 0;
}

static int
is_small_fd (int fd)
{
  char path[PATH_MAX];

  return find_path (fd, path) && is_small (path);
}

#define WRAP(name, type, argument, small)                                                          \
  int name (argument, struct type *buffer);                                                        \
  int name (argument, struct type *buffer)                                                         \
  {                                                                                                \
    int result = NEXT (name) (what, buffer);                                                       \
    if (result == 0 && small (what) && getenv ("SMALL_DISK_FREE") != NULL)                         \
      buffer->f_bavail = buffer->f_bfree                                                           \
          = strtoull (getenv ("SMALL_DISK_FREE"), NULL, 10) / (unsigned long) buffer->f_bsize;     \
    return result;                                                                                 \
  }

WRAP (statfs, statfs, const char *what, is_small)
WRAP (statfs64, statfs64, const char *what, is_small)
WRAP (fstatfs, statfs, int what, is_small_fd)
WRAP (fstatfs64, statfs64, int what, is_small_fd)
WRAP (statvfs, statvfs, const char *what, is_small)
WRAP (statvfs64, statvfs64, const char *what, is_small)
WRAP (fstatvfs, statvfs, int what, is_small_fd)
WRAP (fstatvfs64, statvfs64, int what, is_small_fd)
