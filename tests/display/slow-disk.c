/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Preloaded into a program, it makes a slow disk of the folder SLOW_FOLDER, so that a test has the
 * time to look at a job that runs, on any disk: writing files in it, at any depth, takes a second
 * for each SLOW_RATE MiB, also from its end on where SLOW_STREAMS is set, and flushing one right in
 * it takes SLOW_FLUSH seconds. What is not set is not slow. */

#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "preload.h"

/* Says where @fd lies: 0 elsewhere, 1 right in the folder, 2 and more below it. */
static int
depth_in_folder (int fd)
{
  const char *folder = getenv ("SLOW_FOLDER");
  char path[PATH_MAX];
  int depth = 0;

  if (folder == NULL || !find_path (fd, path) || strncmp (path, folder, strlen (folder)) != 0)
    return 0;

  for (const char *at = path + strlen (folder); *at != '\0'; at++)
    depth += *at == '/';
  return depth;
}

static void
wait_for_flush (int fd)
{
  const char *seconds = getenv ("SLOW_FLUSH");

  if (seconds != NULL && depth_in_folder (fd) == 1)
    sleep ((unsigned int) atoi (seconds));
}

static ssize_t
wait_for_write (int fd, ssize_t written)
{
  const char *rate = getenv ("SLOW_RATE");

  if (rate != NULL && written > 0 && depth_in_folder (fd) > 0)
    usleep ((useconds_t) ((double) written / 1.048576 / atoi (rate)));
  return written;
}

#define WRAP_FLUSH(name)                                                                           \
  int name (int fd);                                                                               \
  int name (int fd)                                                                                \
  {                                                                                                \
    wait_for_flush (fd);                                                                           \
    return NEXT (name) (fd);                                                                       \
  }

#define WRAP_WRITE(name)                                                                           \
  ssize_t name (int fd, const void *data, size_t length, off_t offset);                            \
  ssize_t name (int fd, const void *data, size_t length, off_t offset)                             \
  {                                                                                                \
    return wait_for_write (fd, NEXT (name) (fd, data, length, offset));                            \
  }

/* By which wimlib writes. */
ssize_t
write (int fd, const void *data, size_t length)
{
  const ssize_t written = NEXT (write) (fd, data, length);

  return getenv ("SLOW_STREAMS") != NULL ? wait_for_write (fd, written) : written;
}

WRAP_FLUSH (fsync)
WRAP_FLUSH (fdatasync)
WRAP_WRITE (pwrite)

ssize_t copy_file_range (
    int from, off_t *from_offset, int to, off_t *to_offset, size_t length, unsigned int flags);
ssize_t
copy_file_range (
    int from, off_t *from_offset, int to, off_t *to_offset, size_t length, unsigned int flags)
{
  return wait_for_write (to,
                         NEXT (copy_file_range) (from, from_offset, to, to_offset, length, flags));
}
