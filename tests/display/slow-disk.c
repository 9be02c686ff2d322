/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Preloaded into a program, it makes a slow disk of the folder SLOW_FOLDER, so that a test has the
 * time to look at a job that runs, on any disk: writing files in it, at any depth, takes a second
 * for each SLOW_RATE MiB, also from its end on where SLOW_STREAMS is set, and flushing one right in
 * it takes SLOW_FLUSH seconds. Reading takes a second for each SLOW_READ MiB. With SLOW_BACK
 * writing is quick, as into the memory of the system, and a second for each so many MiB passes
 * before what was written is on the disk: whoever waits for that waits. What is not set is not
 * slow, and nothing is any more while there is a file SLOW_UNTIL: what the test wanted to look at,
 * it has seen. */

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>

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

/* Of the one file that is written, from its begin to its end. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static off_t end;       /* of what was written */
static double all_done; /* when all of that will be on the disk; seconds */

static double
get_seconds (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return (double) now.tv_sec + (double) now.tv_nsec / 1e9;
}

static void
rest (double seconds)
{
  const char *path = getenv ("SLOW_UNTIL");
  const double end_of_rest = get_seconds () + seconds;
  const double slice = path != NULL ? 0.02 : seconds;
  double left = seconds;

  while (left > 0 && (path == NULL || access (path, F_OK) != 0))
    {
      usleep ((useconds_t) ((left < slice ? left : slice) * 1e6));
      left = end_of_rest - get_seconds ();
    }
}

/* Of @length bytes on the disk; seconds. */
static double
get_duration (off_t length)
{
  return (double) length / 1048576 / atoi (getenv ("SLOW_BACK"));
}

/* Takes note of a write to @offset. */
static void
queue (int fd, ssize_t written, off_t offset)
{
  const double now = get_seconds ();

  if (getenv ("SLOW_BACK") == NULL || written <= 0 || depth_in_folder (fd) == 0)
    return;
  pthread_mutex_lock (&lock);
  all_done = (all_done > now ? all_done : now) + get_duration (written);
  if (offset + written > end)
    end = offset + written;
  pthread_mutex_unlock (&lock);
}

/* Waits until what was written before @offset is on the disk. */
static void
wait_until_written (int fd, off_t offset)
{
  double left;

  if (getenv ("SLOW_BACK") == NULL || depth_in_folder (fd) == 0)
    return;
  pthread_mutex_lock (&lock);
  left = all_done - (offset < end ? get_duration (end - offset) : 0) - get_seconds ();
  pthread_mutex_unlock (&lock);
  rest (left);
}

static void
wait_for_flush (int fd)
{
  const char *seconds = getenv ("SLOW_FLUSH");

  if (seconds != NULL && depth_in_folder (fd) == 1)
    rest (atoi (seconds));
}

static ssize_t
wait_for_write (int fd, ssize_t written)
{
  const char *rate = getenv ("SLOW_RATE");

  if (rate != NULL && written > 0 && depth_in_folder (fd) > 0)
    rest ((double) written / 1048576 / atoi (rate));
  return written;
}

#define WRAP_FLUSH(name)                                                                           \
  int name (int fd);                                                                               \
  int name (int fd)                                                                                \
  {                                                                                                \
    wait_for_flush (fd);                                                                           \
    wait_until_written (fd, LONG_MAX);                                                             \
    return NEXT (name) (fd);                                                                       \
  }

#define WRAP_WRITE(name)                                                                           \
  ssize_t name (int fd, const void *data, size_t length, off_t offset);                            \
  ssize_t name (int fd, const void *data, size_t length, off_t offset)                             \
  {                                                                                                \
    const ssize_t written = NEXT (name) (fd, data, length, offset);                                \
                                                                                                   \
    queue (fd, written, offset);                                                                   \
    return wait_for_write (fd, written);                                                           \
  }

/* By which wimlib writes. */
ssize_t
write (int fd, const void *data, size_t length)
{
  const ssize_t written = NEXT (write) (fd, data, length);

  return getenv ("SLOW_STREAMS") != NULL ? wait_for_write (fd, written) : written;
}

ssize_t
pread (int fd, void *data, size_t length, off_t offset)
{
  const ssize_t got = NEXT (pread) (fd, data, length, offset);
  const char *rate = getenv ("SLOW_READ");

  if (rate != NULL && got > 0 && depth_in_folder (fd) > 0)
    rest ((double) got / 1048576 / atoi (rate));
  return got;
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
  const off_t offset = to_offset != NULL ? *to_offset : 0;
  const ssize_t written = NEXT (copy_file_range) (from, from_offset, to, to_offset, length, flags);

  queue (to, written, offset);
  return wait_for_write (to, written);
}

int sync_file_range (int fd, off_t offset, off_t length, unsigned int flags);
int
sync_file_range (int fd, off_t offset, off_t length, unsigned int flags)
{
  const unsigned int wait_after = 4; /* SYNC_FILE_RANGE_WAIT_AFTER */

  if (flags & wait_after)
    wait_until_written (fd, offset + length);
  return NEXT (sync_file_range) (fd, offset, length, flags);
}
