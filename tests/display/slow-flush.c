/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Preloaded into a program, it makes each flush of a file right in SLOW_FOLDER take SLOW_FLUSH
 * seconds, so that a test has the time to look at a job that runs, on any disk. */

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void
wait_a_while (int fd)
{
  const char *seconds = getenv ("SLOW_FLUSH");
  const char *folder = getenv ("SLOW_FOLDER");
  char link[64], path[PATH_MAX] = "";

  snprintf (link, sizeof link, "/proc/self/fd/%d", fd);
  if (seconds == NULL || folder == NULL || readlink (link, path, sizeof path - 1) <= 0
      || strrchr (path, '/') == NULL)
    return;
  *strrchr (path, '/') = '\0';
  if (strcmp (path, folder) == 0)
    sleep ((unsigned int) atoi (seconds));
}

#define WRAP(name)                                                                                 \
  int name (int fd);                                                                               \
  int name (int fd)                                                                                \
  {                                                                                                \
    int (*next) (int) = (int (*) (int)) dlsym (RTLD_NEXT, #name);                                  \
    wait_a_while (fd);                                                                             \
    return next (fd);                                                                              \
  }

WRAP (fsync)
WRAP (fdatasync)
