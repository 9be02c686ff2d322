/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Preloaded into a program, it makes time pass FAST_CLOCK times as quickly for what the program
 * waits for, so that a test of its patience needs none. The clock on the wall goes on as it does.
 */

#include <poll.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>

#include "preload.h"

#define NANOSECONDS 1000000000ll

static long long start; /* of the program, by the monotonic clock; nanoseconds */
static int factor;

static long long
read_clock (struct timespec *now)
{
  syscall (SYS_clock_gettime, CLOCK_MONOTONIC, now);
  return now->tv_sec * NANOSECONDS + now->tv_nsec;
}

__attribute__ ((constructor)) static void
begin (void)
{
  const char *wanted = getenv ("FAST_CLOCK");
  struct timespec now;

  factor = wanted != NULL && atoi (wanted) > 0 ? atoi (wanted) : 1;
  start = read_clock (&now);
}

int
clock_gettime (clockid_t id, struct timespec *now)
{
  long long fast;

  if (id != CLOCK_MONOTONIC || factor == 0)
    return (int) syscall (SYS_clock_gettime, id, now);

  fast = start + (read_clock (now) - start) * factor;
  now->tv_sec = fast / NANOSECONDS;
  now->tv_nsec = fast % NANOSECONDS;
  return 0;
}

int
poll (struct pollfd *fds, nfds_t n, int milliseconds)
{
  return NEXT (poll) (fds, n,
                      milliseconds > 0 && factor > 1 ? milliseconds / factor + 1 : milliseconds);
}
