/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-driver"

#include "driver/driver-archive.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mspack.h>

#include "base/confine.h"
#include "base/error.h"
#include "base/file-io.h"

#define MAX_FILES 50000
#define MAX_SIZE ((guint64) 8 << 30) /* bytes of all files */
#define MAX_NAME 1024                /* bytes of a path in the archive */

struct _KlDriverArchive
{
  char *folder; /* owned, with all that is in it */
};

/* libmspack's view of files. Failures wait here for the caller, who makes an error of them. */
typedef struct
{
  struct mspack_system system; /* first: libmspack hands back a pointer to it */
  const char *archive;
  const char *folder;        /* where all goes */
  KlProgress *progress;      /* nullable */
  GCancellable *cancellable; /* nullable */
  GError *error;             /* owned; the first failure */
} System;

/* struct mspack_file is never defined: this is what one points to. */
typedef struct
{
  System *system;
  int fd;
  gboolean writing;
  char *name; /* owned */
} File;

static struct mspack_file *
system_open (struct mspack_system *base, const char *name, int mode)
{
  System *self = (System *) base;
  const gboolean writing = mode != MSPACK_SYS_OPEN_READ;
  File *file;
  int fd;

  if (self->error != NULL)
    return NULL;
  if (writing)
    {
      fd = open (name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
      if (fd < 0)
        kl_set_error_errno (&self->error, errno, "Cannot write “%s” out of “%s”", name,
                            self->archive);
    }
  else
    fd = kl_open_for_reading (name, &self->error);
  if (fd < 0)
    return NULL;

  file = g_new (File, 1);
  *file = (File){ .system = self, .fd = fd, .writing = writing, .name = g_strdup (name) };
  return (struct mspack_file *) file;
}

static void
system_close (struct mspack_file *base)
{
  File *file = (File *) base;

  close (file->fd);
  g_free (file->name);
  g_free (file);
}

static int
system_read (struct mspack_file *base, void *buffer, int length)
{
  File *file = (File *) base;

  if (file->system->error != NULL || length < 0)
    return -1;
  return (int) kl_read_some (file->fd, buffer, (gsize) length, file->name,
                             file->system->cancellable, &file->system->error);
}

static int
system_write (struct mspack_file *base, void *buffer, int length)
{
  File *file = (File *) base;
  off_t at = lseek (file->fd, 0, SEEK_CUR);

  if (file->system->error != NULL || length < 0
      || g_cancellable_set_error_if_cancelled (file->system->cancellable, &file->system->error)
      || !kl_write_at (file->fd, buffer, (gsize) length, (guint64) at, file->name,
                       &file->system->error))
    return -1;

  lseek (file->fd, at + length, SEEK_SET);
  kl_progress_advance (file->system->progress, (guint64) length);
  return length;
}

static int
system_seek (struct mspack_file *base, off_t offset, int mode)
{
  static const int whence[] = { SEEK_SET, SEEK_CUR, SEEK_END };

  if (mode < 0 || mode >= (int) G_N_ELEMENTS (whence))
    return -1;
  return lseek (((File *) base)->fd, offset, whence[mode]) < 0 ? -1 : 0;
}

static off_t
system_tell (struct mspack_file *base)
{
  return lseek (((File *) base)->fd, 0, SEEK_CUR);
}

static void
system_message (struct mspack_file *base, const char *format, ...)
{
  /* What matters comes back as an error number too. */
}

static void *
system_alloc (struct mspack_system *base, size_t length)
{
  return g_try_malloc (length);
}

static void
system_copy (void *source, void *target, size_t length)
{
  memcpy (target, source, length);
}

static void
system_init (System *self, const char *archive, KlProgress *progress, GCancellable *cancellable)
{
  *self = (System){
    .system = { .open = system_open,
                .close = system_close,
                .read = system_read,
                .write = system_write,
                .seek = system_seek,
                .tell = system_tell,
                .message = system_message,
                .alloc = system_alloc,
                .free = g_free,
                .copy = system_copy },
    .archive = archive,
    .progress = progress,
    .cancellable = cancellable,
  };
}

/* The first failure of the system below libmspack, else libmspack's own. */
static gboolean
fail (System *system, int code, GError **error)
{
  if (system->error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&system->error));
      return FALSE;
    }

  switch (code)
    {
    case MSPACK_ERR_SIGNATURE:
      g_set_error (error, KL_ERROR, KL_ERROR_FORMAT,
                   "“%s” is not a cabinet file, or ends within its header", system->archive);
      break;
    case MSPACK_ERR_NOMEMORY:
      g_set_error (error, KL_ERROR, KL_ERROR_OUT_OF_MEMORY, "No memory to unpack “%s”",
                   system->archive);
      break;
    default:
      g_set_error (error, KL_ERROR, KL_ERROR_FORMAT,
                   "The cabinet file “%s” is damaged or one part of several (libmspack error %d)",
                   system->archive, code);
    }
  return FALSE;
}

/* A path in the archive, with "/"; NULL for one that would lead out of a folder. */
static char *
safe_name (const struct mscabd_file *file)
{
  g_autofree char *name = NULL;
  g_auto (GStrv) parts = NULL;

  if (strlen (file->filename) > MAX_NAME)
    return NULL;
  name = g_utf8_make_valid (file->filename, -1);
  g_strdelimit (name, "\\", '/');
  parts = g_strsplit (name, "/", -1);
  for (guint i = 0; parts[i] != NULL; i++)
    if (*parts[i] == '\0' || strcmp (parts[i], ".") == 0 || strcmp (parts[i], "..") == 0
        || strchr (parts[i], ':') != NULL)
      return NULL;
  return g_steal_pointer (&name);
}

static gboolean
check_contents (System *system, const struct mscabd_cabinet *cabinet, GError **error)
{
  guint64 size = 0;
  guint n = 0;

  for (const struct mscabd_file *file = cabinet->files; file != NULL; file = file->next)
    {
      g_autofree char *name = safe_name (file);

      if (name == NULL)
        {
          g_autofree char *shown = g_utf8_make_valid (file->filename, -1);

          g_set_error (error, KL_ERROR, KL_ERROR_FORMAT,
                       "“%s” holds a file with the unsafe name “%s”", system->archive, shown);
          return FALSE;
        }
      size += file->length;
      n++;
    }

  if (n > MAX_FILES || size > MAX_SIZE)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_FORMAT,
                   "“%s” holds %u files with %" G_GUINT64_FORMAT
                   " bytes; %u files with %" G_GUINT64_FORMAT " bytes are taken at most",
                   system->archive, n, size, MAX_FILES, MAX_SIZE);
      return FALSE;
    }
  kl_progress_set_total (system->progress, size);
  return TRUE;
}

static gboolean
extract_file (System *system,
              struct mscab_decompressor *cab,
              struct mscabd_file *file,
              const char *folder,
              GError **error)
{
  g_autofree char *name = safe_name (file);
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autofree char *parent = g_path_get_dirname (path);
  int code;

  if (g_mkdir_with_parents (parent, 0700) != 0)
    {
      kl_set_error_errno (error, errno, "Cannot make the folder “%s”", parent);
      return FALSE;
    }
  code = cab->extract (cab, file, path);
  return code == MSPACK_ERR_OK && system->error == NULL ? TRUE : fail (system, code, error);
}

static gboolean
extract_all (System *system,
             struct mscab_decompressor *cab,
             const char *path,
             const char *folder,
             GError **error)
{
  struct mscabd_cabinet *cabinet = cab->open (cab, path);
  gboolean ok;

  if (cabinet == NULL)
    {
      int code = cab->last_error (cab);

      return fail (system, code == MSPACK_ERR_READ ? MSPACK_ERR_SIGNATURE : code, error);
    }

  ok = check_contents (system, cabinet, error);
  for (struct mscabd_file *file = cabinet->files; ok && file != NULL; file = file->next)
    ok = extract_file (system, cab, file, folder, error);
  cab->close (cab, cabinet);
  return ok;
}

/**
 * kl_driver_archive_is_cab:
 *
 * Returns: whether the name says that a file is a cabinet file
 */
gboolean
kl_driver_archive_is_cab (const char *path)
{
  gsize length = strlen (path);

  return length > 4 && g_ascii_strcasecmp (path + length - 4, ".cab") == 0;
}

static gboolean
extract_confined (gpointer data, GError **error)
{
  System *system = data;
  struct mscab_decompressor *cab = mspack_create_cab_decompressor (&system->system);
  gboolean ok;

  if (cab == NULL)
    return fail (system, MSPACK_ERR_NOMEMORY, error);

  ok = extract_all (system, cab, system->archive, system->folder, error);
  mspack_destroy_cab_decompressor (cab);
  g_clear_error (&system->error);
  return ok;
}

/**
 * kl_driver_archive_extract:
 * @progress: (nullable): counts bytes written
 *
 * Unpacks a cabinet file into a new folder that only this user can enter, below the folder for
 * temporary files.
 *
 * Errors: KL_ERROR_FORMAT for another kind of file, a damaged one, unsafe names in it, more than
 * 50000 files or 8 GiB; KL_ERROR_NO_SPACE; G_IO_ERROR_CANCELLED. Blocks; any thread.
 *
 * Returns: (transfer full) (nullable)
 */
KlDriverArchive *
kl_driver_archive_extract (const char *path,
                           KlProgress *progress,
                           GCancellable *cancellable,
                           GError **error)
{
  g_autoptr (KlDriverArchive) self = g_new0 (KlDriverArchive, 1);
  System system;

  system_init (&system, path, progress, cancellable);
  self->folder = g_dir_make_tmp ("kindling-cab-XXXXXX", error);
  if (self->folder == NULL)
    {
      kl_translate_io_error (error, "Cannot unpack “%s”", path);
      return NULL;
    }

  system.folder = self->folder;
  return kl_confine_run (extract_confined, &system, self->folder, error) ? g_steal_pointer (&self)
                                                                         : NULL;
}

const char *
kl_driver_archive_get_folder (KlDriverArchive *self)
{
  return self->folder;
}

void
kl_driver_archive_free (KlDriverArchive *self)
{
  if (self == NULL)
    return;

  if (self->folder != NULL)
    kl_remove_tree (self->folder, NULL);
  g_free (self->folder);
  g_free (self);
}
