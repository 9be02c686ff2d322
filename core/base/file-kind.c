/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-file-kind"

#include "base/file-kind.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file-io.h"

/* What tells a file's kind. The first volume descriptor of an ISO 9660 file begins at byte 32,768
 * with its type and a word; a WIM file begins with one (media-formats.md 5, 4). */
static const struct
{
  const char *name;
  const char *magic;
  gsize length; /* bytes */
  goffset offset;
} kinds[] = {
  [KL_FILE_KIND_ISO] = { "ISO", "CD001", 5, 32769 },
  [KL_FILE_KIND_WIM] = { "WIM", "MSWIM\0\0\0", 8, 0 },
};

/**
 * kl_file_kind_check:
 * @folder: descriptor that @name starts from, or AT_FDCWD
 * @name: of what would be replaced
 * @path: the same, for messages
 *
 * Whether a file of this kind may take the place of what is there: nothing, an empty file, or one
 * of its kind. Blocks; any thread.
 *
 * Errors: KL_ERROR_INVALID_ARGUMENT for anything else, and those of looking into the file.
 */
gboolean
kl_file_kind_check (int folder, const char *name, KlFileKind kind, const char *path, GError **error)
{
  g_autofd int fd = -1;
  const gsize length = kinds[kind].length;
  char magic[8];
  struct stat status;

  if (kind == KL_FILE_KIND_ANY)
    return TRUE;

  fd = openat (folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
    return TRUE; /* what is missing is told when the file is made */
  if (fd < 0 || fstat (fd, &status) != 0)
    {
      kl_set_error_errno (error, errno, "Cannot look into “%s”, which would be replaced", path);
      return FALSE;
    }
  if (S_ISREG (status.st_mode)
      && (status.st_size == 0
          || (pread (fd, magic, length, kinds[kind].offset) == (gssize) length
              && memcmp (magic, kinds[kind].magic, length) == 0)))
    return TRUE;

  g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
               "“%s” is there and is no %s file; it is not replaced", path, kinds[kind].name);
  return FALSE;
}
