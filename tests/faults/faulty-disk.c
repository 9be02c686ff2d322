/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Preloaded into a program, it makes a faulty disk of the folder FAULT_FOLDER: the FAULT_N-th of
 * the calls FAULT_CALLS (names divided by commas; all if unset) on something in it, at any depth,
 * goes wrong in the way of FAULT_KIND, and with FAULT_STICKY also all after it.
 *
 *     a number  the call does nothing and fails with this errno
 *     short     reads or writes half of what it was asked for
 *     lie       says that all is well, but changed a byte or did nothing
 *     delay     takes a third of a second longer
 *     kill      the program ends on the spot
 *
 * The file FAULT_COUNTER gets the number of calls, as an int, and from byte 8 on the name of the
 * one that went wrong and its place. Without FAULT_N calls are only counted. */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>

#include "preload.h"

#define RECORD 4096

typedef enum
{
  NOTHING,
  FAIL,
  SHORT,
  LIE,
} Fault;

static const char *folder;
static const char *calls;
static int number;
static int sticky;
static int failure; /* errno */
static Fault kind;
static int delay, killing;
static char *record; /* shared with whoever looks at the file */
static int own_count;
static int *counter = &own_count;

__attribute__ ((constructor)) static void
start (void)
{
  const char *wanted = getenv ("FAULT_KIND"), *path = getenv ("FAULT_COUNTER"),
             *n = getenv ("FAULT_N");
  int fd = path != NULL ? (int) syscall (SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC) : -1;

  folder = getenv ("FAULT_FOLDER");
  calls = getenv ("FAULT_CALLS");
  sticky = getenv ("FAULT_STICKY") != NULL;
  number = n != NULL ? atoi (n) : 0;
  if (wanted != NULL)
    {
      failure = atoi (wanted);
      delay = strcmp (wanted, "delay") == 0;
      killing = strcmp (wanted, "kill") == 0;
      kind = failure > 0                     ? FAIL
             : strcmp (wanted, "short") == 0 ? SHORT
             : strcmp (wanted, "lie") == 0   ? LIE
                                             : NOTHING;
    }
  if (fd >= 0)
    {
      record = (char *) syscall (SYS_mmap, NULL, RECORD, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
      syscall (SYS_close, fd);
      if (record == MAP_FAILED)
        abort ();
      counter = (int *) (void *) record;
    }
}

static int
is_wanted (const char *call)
{
  const size_t length = strlen (call);

  for (const char *at = calls; at != NULL && *at != '\0'; at += strspn (at, ","))
    {
      const size_t n = strcspn (at, ",");

      if (n == length && strncmp (at, call, n) == 0)
        return 1;
      at += n;
    }
  return calls == NULL;
}

static Fault
decide (const char *call, const char *place)
{
  int n;

  if (folder == NULL || strncmp (place, folder, strlen (folder)) != 0 || !is_wanted (call))
    return NOTHING;
  n = __atomic_add_fetch (counter, 1, __ATOMIC_SEQ_CST);
  if (number == 0 || (sticky ? n < number : n != number))
    return NOTHING;

  if (record != NULL && n == number)
    snprintf (record + 8, RECORD - 8, "%s %s", call, place + strlen (folder));
  if (delay)
    usleep (300000);
  if (killing)
    syscall (SYS_kill, getpid (), SIGKILL);
  if (kind == FAIL)
    errno = failure;
  return kind;
}

static Fault
decide_by_fd (const char *call, int fd)
{
  char link[64], path[PATH_MAX] = "";

  snprintf (link, sizeof link, "/proc/self/fd/%d", fd);
  if (folder == NULL || syscall (SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1) <= 0)
    return NOTHING;
  return decide (call, path);
}

static Fault
decide_by_name (const char *call, int at, const char *name)
{
  if (name == NULL)
    return NOTHING;
  return name[0] == '/' ? decide (call, name) : at >= 0 ? decide_by_fd (call, at) : NOTHING;
}

/* ---- Opening ---- */

/* On a full disk, what only reads can be opened. */
static const char *
name_of_open (int flags)
{
  return (flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC)) ? "create" : "open";
}

/* The mode is there only where a file is made; else what is taken for it is not looked at. */
#define WRAP_OPEN(name, parameters, at, path, arguments)                                           \
  int name parameters;                                                                             \
  int name parameters                                                                              \
  {                                                                                                \
    mode_t mode = 0;                                                                               \
    va_list list;                                                                                  \
                                                                                                   \
    if (flags & (O_CREAT | __O_TMPFILE))                                                           \
      {                                                                                            \
        va_start (list, flags);                                                                    \
        mode = va_arg (list, mode_t);                                                              \
        va_end (list);                                                                             \
      }                                                                                            \
    return decide_by_name (name_of_open (flags), at, path) == FAIL ? -1 : NEXT (name) arguments;   \
  }

WRAP_OPEN (open, (const char *path, int flags, ...), -1, path, (path, flags, mode))
WRAP_OPEN (open64, (const char *path, int flags, ...), -1, path, (path, flags, mode))
WRAP_OPEN (openat, (int at, const char *path, int flags, ...), at, path, (at, path, flags, mode))
WRAP_OPEN (openat64, (int at, const char *path, int flags, ...), at, path, (at, path, flags, mode))

/* ---- Reading and writing ---- */

#define WRAP_TRANSFER(name, call, parameters, fd, length, arguments, after)                        \
  ssize_t name parameters;                                                                         \
  ssize_t name parameters                                                                          \
  {                                                                                                \
    const Fault fault = decide_by_fd (#call, fd);                                                  \
    ssize_t n;                                                                                     \
                                                                                                   \
    if (fault == FAIL)                                                                             \
      return -1;                                                                                   \
    if (fault == SHORT && length > 1)                                                              \
      length /= 2;                                                                                 \
    n = NEXT (name) arguments;                                                                     \
    if (fault == LIE && n > 0)                                                                     \
      after;                                                                                       \
    return n;                                                                                      \
  }

static void
flip_read (void *data)
{
  *(unsigned char *) data ^= 0x40;
}

/* The byte that was written last; the descriptor may be for writing only. */
static void
flip_written (int fd, off_t end)
{
  unsigned char byte = 0;
  char link[64];
  int other;

  snprintf (link, sizeof link, "/proc/self/fd/%d", fd);
  other = (int) syscall (SYS_openat, AT_FDCWD, link, O_RDWR | O_CLOEXEC);
  if (other < 0 || syscall (SYS_pread64, other, &byte, (size_t) 1, end - 1) != 1)
    abort ();
  byte ^= 0x40;
  syscall (SYS_pwrite64, other, &byte, (size_t) 1, end - 1);
  syscall (SYS_close, other);
}

static off_t
where (int fd)
{
  return (off_t) syscall (SYS_lseek, fd, (off_t) 0, SEEK_CUR);
}

WRAP_TRANSFER (read,
               read,
               (int fd, void *data, size_t length),
               fd,
               length,
               (fd, data, length),
               flip_read (data))
#define WRAP_PREAD(name)                                                                           \
  WRAP_TRANSFER (name, read, (int fd, void *data, size_t length, off_t offset), fd, length,        \
                 (fd, data, length, offset), flip_read (data))
WRAP_PREAD (pread)
WRAP_PREAD (pread64)
WRAP_TRANSFER (write,
               write,
               (int fd, const void *data, size_t length),
               fd,
               length,
               (fd, data, length),
               flip_written (fd, where (fd)))
#define WRAP_PWRITE(name)                                                                          \
  WRAP_TRANSFER (name, write, (int fd, const void *data, size_t length, off_t offset), fd, length, \
                 (fd, data, length, offset), flip_written (fd, offset + n))
WRAP_PWRITE (pwrite)
WRAP_PWRITE (pwrite64)

/* Without an offset it goes by the position, which has moved by then. */
WRAP_TRANSFER (copy_file_range,
               copy,
               (int from, off_t *from_at, int to, off_t *to_at, size_t length, unsigned int flags),
               to,
               length,
               (from, from_at, to, to_at, length, flags),
               flip_written (to, to_at != NULL ? *to_at : where (to)))

/* ---- What has no data ---- */

#define WRAP(name, call, parameters, by, arguments)                                                \
  int name parameters;                                                                             \
  int name parameters                                                                              \
  {                                                                                                \
    const Fault fault = by;                                                                        \
                                                                                                   \
    return fault == FAIL ? -1 : fault == LIE ? 0 : NEXT (name) arguments;                          \
  }
#define WRAP_FD(name, call, parameters, arguments)                                                 \
  WRAP (name, call, parameters, decide_by_fd (#call, fd), arguments)
#define WRAP_NAME(name, call, parameters, at, path, arguments)                                     \
  WRAP (name, call, parameters, decide_by_name (#call, at, path), arguments)

WRAP_FD (fsync, sync, (int fd), (fd))
WRAP_FD (fdatasync, sync, (int fd), (fd))
WRAP_FD (syncfs, sync, (int fd), (fd))
WRAP_FD (sync_file_range,
         sync,
         (int fd, off_t offset, off_t length, unsigned int flags),
         (fd, offset, length, flags))
WRAP_FD (ftruncate, truncate, (int fd, off_t length), (fd, length))
WRAP_FD (ftruncate64, truncate, (int fd, off_t length), (fd, length))
WRAP_FD (fallocate,
         allocate,
         (int fd, int mode, off_t offset, off_t length),
         (fd, mode, offset, length))
WRAP_FD (fallocate64,
         allocate,
         (int fd, int mode, off_t offset, off_t length),
         (fd, mode, offset, length))
WRAP_FD (fchmod, chmod, (int fd, mode_t mode), (fd, mode))
WRAP_NAME (rename, rename, (const char *from, const char *to), -1, to, (from, to))
WRAP_NAME (renameat,
           rename,
           (int old, const char *from, int new, const char *to),
           new,
           to,
           (old, from, new, to))
WRAP_NAME (renameat2,
           rename,
           (int old, const char *from, int new, const char *to, unsigned int flags),
           new,
           to,
           (old, from, new, to, flags))
WRAP_NAME (linkat,
           link,
           (int old, const char *from, int new, const char *to, int flags),
           new,
           to,
           (old, from, new, to, flags))
WRAP_NAME (symlink, link, (const char *target, const char *path), -1, path, (target, path))
WRAP_NAME (mkdir, mkdir, (const char *path, mode_t mode), -1, path, (path, mode))
WRAP_NAME (mkdirat, mkdir, (int at, const char *path, mode_t mode), at, path, (at, path, mode))
WRAP_NAME (unlink, unlink, (const char *path), -1, path, (path))
WRAP_NAME (unlinkat, unlink, (int at, const char *path, int flags), at, path, (at, path, flags))
WRAP_NAME (rmdir, unlink, (const char *path), -1, path, (path))
WRAP_NAME (remove, unlink, (const char *path), -1, path, (path))

/* A mapping of a file. What is not in the folder is none of a disk. */
void *mmap (void *start_at, size_t length, int protection, int flags, int fd, off_t offset);
void *
mmap (void *start_at, size_t length, int protection, int flags, int fd, off_t offset)
{
  if (fd >= 0 && !(flags & MAP_ANONYMOUS) && decide_by_fd ("mmap", fd) == FAIL)
    return MAP_FAILED;
  return (void *) syscall (SYS_mmap, start_at, length, protection, flags, fd, offset);
}
