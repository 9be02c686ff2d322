/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Preloaded into a program, the SCARCE_N-th piece of memory of 64 KiB or more is not to be had.
 * The file SCARCE_COUNTER gets how many were asked for, as an int. */

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define LARGE ((size_t) 64 << 10)

void *__libc_malloc (size_t size);
void *__libc_calloc (size_t n, size_t size);
void *__libc_realloc (void *old, size_t size);

static int own_count;
static int *counter = &own_count;
static int number;

__attribute__ ((constructor)) static void
start (void)
{
  const char *path = getenv ("SCARCE_COUNTER"), *n = getenv ("SCARCE_N");
  int fd = path != NULL ? open (path, O_RDWR | O_CLOEXEC) : -1;
  void *map = fd >= 0 ? mmap (NULL, sizeof *counter, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)
                      : MAP_FAILED;

  if (map != MAP_FAILED)
    counter = map;
  if (fd >= 0)
    close (fd);
  number = n != NULL ? atoi (n) : 0;
}

static int
is_scarce (size_t size)
{
  if (size < LARGE || __atomic_add_fetch (counter, 1, __ATOMIC_SEQ_CST) != number)
    return 0;
  errno = ENOMEM;
  return 1;
}

void *
malloc (size_t size)
{
  return is_scarce (size) ? NULL : __libc_malloc (size);
}

void *
calloc (size_t n, size_t size)
{
  return n > 0 && size <= SIZE_MAX / n && is_scarce (n * size) ? NULL : __libc_calloc (n, size);
}

void *
realloc (void *old, size_t size)
{
  return is_scarce (size) ? NULL : __libc_realloc (old, size);
}
