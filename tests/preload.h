/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What modules that are preloaded into a program share. */

#ifndef KL_TEST_PRELOAD_H
#define KL_TEST_PRELOAD_H

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

/* The function of this name that the program would have called. */
#define NEXT(name) ((__typeof__ (&name)) dlsym (RTLD_NEXT, #name))

/* Says where @fd lies: @path, which holds PATH_MAX bytes. Returns 0 where nobody knows. */
static inline int
find_path (int fd, char *path)
{
  char link[64];
  ssize_t length;

  snprintf (link, sizeof link, "/proc/self/fd/%d", fd);
  length = readlink (link, path, PATH_MAX - 1);
  path[length > 0 ? length : 0] = '\0';
  return length > 0;
}

#endif
