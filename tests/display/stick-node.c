/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Preloaded into a program that runs under umockdev, it completes what umockdev pretends of block
 * devices: the descriptor of a node, a file below UMOCKDEV_DIR, says what the node says. Once the
 * node is gone, writing to it fails as on a stick that was pulled. Flushing waits as long as there
 * is a file “.hold” beside the nodes, so that a test can do that in the middle. */

/* Both spellings are defined below. */
#undef _FILE_OFFSET_BITS

#include <errno.h>
#include <linux/fs.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "preload.h"

/* Whether it is the descriptor of a node or of one that has gone: the folder of nodes and its path,
 * both of PATH_MAX bytes. */
static int
find_node (int fd, char *folder, char *path)
{
  const char *root = getenv ("UMOCKDEV_DIR");

  if (root == NULL)
    return 0;
  snprintf (folder, PATH_MAX, "%s/dev/", root);
  return find_path (fd, path) && strncmp (path, folder, strlen (folder)) == 0;
}

/* Whether it is the descriptor of a node; its number. */
static int
is_node (int fd, dev_t *number)
{
  char path[PATH_MAX], folder[PATH_MAX], node[2 * PATH_MAX], text[32] = "";
  unsigned int node_major, node_minor;

  if (!find_node (fd, folder, path))
    return 0;
  snprintf (node, sizeof node, "%s.node/%s", folder, path + strlen (folder));
  if (readlink (node, text, sizeof text - 1) <= 0
      || sscanf (text, "%u:%u", &node_major, &node_minor) != 2)
    return 0;
  *number = makedev (node_major, node_minor);
  return 1;
}

#define WRAP(name, type)                                                                           \
  int name (int fd, struct type *info);                                                            \
  int name (int fd, struct type *info)                                                             \
  {                                                                                                \
    int result = NEXT (name) (fd, info);                                                           \
    dev_t number;                                                                                  \
    if (result == 0 && S_ISREG (info->st_mode) && is_node (fd, &number))                           \
      {                                                                                            \
        info->st_mode = S_IFBLK | 0660;                                                            \
        info->st_rdev = number;                                                                    \
      }                                                                                            \
    return result;                                                                                 \
  }

WRAP (fstat, stat)
WRAP (fstat64, stat64)

/* Whether it was a node; sets errno. */
static int
is_pulled (int fd)
{
  char path[PATH_MAX], folder[PATH_MAX];

  if (!find_node (fd, folder, path) || strstr (path, " (deleted)") == NULL)
    return 0;
  errno = ENODEV;
  return 1;
}

int
ioctl (int fd, unsigned long request, ...)
{
  off_t size;
  dev_t number;
  va_list arguments;
  void *argument;

  va_start (arguments, request);
  argument = va_arg (arguments, void *);
  va_end (arguments);
  if (is_pulled (fd))
    return -1;
  if (!is_node (fd, &number))
    return NEXT (ioctl) (fd, request, argument);

  switch (request)
    {
    case BLKGETSIZE64:
      size = lseek (fd, 0, SEEK_END);
      memcpy (argument, &(uint64_t){ (uint64_t) size }, sizeof (uint64_t));
      return 0;
    case BLKSSZGET:
      *(int *) argument = 512;
      return 0;
    case BLKROGET:
      *(int *) argument = 0;
      return 0;
    case BLKFLSBUF:
    case BLKRRPART:
      return 0;
    default:
      errno = ENOTTY;
      return -1;
    }
}

#define WRAP_WRITE(name, type)                                                                     \
  ssize_t name (int fd, const void *data, size_t length, type offset);                             \
  ssize_t name (int fd, const void *data, size_t length, type offset)                              \
  {                                                                                                \
    return is_pulled (fd) ? -1 : NEXT (name) (fd, data, length, offset);                           \
  }

WRAP_WRITE (pwrite, off_t)
WRAP_WRITE (pwrite64, off64_t)

int
fsync (int fd)
{
  const char *root = getenv ("UMOCKDEV_DIR");
  char hold[PATH_MAX];
  dev_t number;

  snprintf (hold, sizeof hold, "%s/dev/.hold", root != NULL ? root : "");
  while (is_node (fd, &number) && access (hold, F_OK) == 0)
    usleep (10000);
  return is_pulled (fd) ? -1 : NEXT (fsync) (fd);
}
