/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Preloaded into a program, it makes the clock jump by JUMP_SECONDS, forward and back, at each
 * reading. The monotonic clock goes on as it does. */

#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static time_t
jump (void)
{
  static unsigned int n;
  const char *seconds = getenv ("JUMP_SECONDS");

  if (seconds == NULL)
    return 0;
  return __atomic_fetch_add (&n, 1, __ATOMIC_RELAXED) % 2 == 0 ? atol (seconds) : -atol (seconds);
}

int
clock_gettime (clockid_t id, struct timespec *now)
{
  int result = (int) syscall (SYS_clock_gettime, id, now);

  if (result == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
    now->tv_sec += jump ();
  return result;
}

int
gettimeofday (struct timeval *restrict now, void *restrict zone)
{
  int result = (int) syscall (SYS_gettimeofday, now, zone);

  if (result == 0)
    now->tv_sec += jump ();
  return result;
}

time_t
time (time_t *place)
{
  struct timespec now;

  clock_gettime (CLOCK_REALTIME, &now);
  if (place != NULL)
    *place = now.tv_sec;
  return now.tv_sec;
}
