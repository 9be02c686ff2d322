/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-folder-writer"

#include "volume/folder-writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/checksum.h"
#include "base/error.h"
#include "base/file-io.h"
#include "sink/read-ahead.h"
#include "volume/folder-names.h"

/* What may wait in memory behind the writing, so that cancelling does not wait for more than this;
 * bytes. A flush of FUSE is dearer and is done less often. */
#define WINDOW ((guint64) 2 << 20)
#define SLOW_WINDOW ((guint64) 4 << 20)

#define TEMPORARY_PREFIX "kindling-"
#define TEMPORARY_SUFFIX ".part"
#define TEMPORARY_DIGITS 8

/* A file that was written and has not got its name yet. */
typedef struct
{
  KlFolderChange *change; /* borrowed */
  char *path;             /* owned; the temporary name, "/sources/kindling-0123abcd.part" */
} Written;

struct _KlFolderWriter
{
  KlFolderOptions options;
  GPtrArray *changes; /* borrowed from the plan */
  GPtrArray *waiting; /* owned; of Written */
  GPtrArray *created; /* owned; paths of folders that were made */
  KlFolderState state;
};

const KlFileCalls kl_file_calls = {
  .pwrite = pwrite,
  .fdatasync = fdatasync,
  .syncfs = syncfs,
  .renameat = renameat,
  .unlinkat = unlinkat,
};

static void
written_free (gpointer data)
{
  Written *self = data;

  g_free (self->path);
  g_free (self);
}

/**
 * kl_folder_writer_new:
 * @options: copied
 *
 * Returns: (transfer full): free with kl_folder_writer_free()
 */
KlFolderWriter *
kl_folder_writer_new (const KlFolderOptions *options)
{
  KlFolderWriter *self = g_new0 (KlFolderWriter, 1);

  self->options = *options;
  if (self->options.calls == NULL)
    self->options.calls = &kl_file_calls;
  self->changes = kl_folder_plan_get_changes (options->plan);
  self->waiting = g_ptr_array_new_with_free_func (written_free);
  self->created = g_ptr_array_new_with_free_func (g_free);
  return self;
}

KlFolderState
kl_folder_writer_get_state (KlFolderWriter *self)
{
  return self->state;
}

static int
open_parent (KlFolderWriter *self, const char *path, GPtrArray *created, GError **error)
{
  return kl_folder_open_parent (self->options.root, self->options.where, path, created, error);
}

/* @format: of the file, whose path is in two parts. */
#define set_call_error(self, format, path, error)                                                  \
  (kl_set_error_errno (error, errno, format, (self)->options.where, path), FALSE)

static gboolean
sync_all (KlFolderWriter *self, GError **error)
{
  return self->options.calls->syncfs (self->options.root) == 0
         || set_call_error (self, "Cannot flush “%s%s”", "", error);
}

static gboolean
unlink_path (KlFolderWriter *self, const char *path, int flags)
{
  g_autofd int folder = open_parent (self, path, NULL, NULL);

  return folder >= 0
         && (self->options.calls->unlinkat (folder, kl_folder_get_name (path), flags) == 0
             || errno == ENOENT);
}

/**
 * kl_folder_writer_abort:
 *
 * Removes what has not got its name, and folders that were made for it.
 *
 * Returns: whether nothing is left of them
 */
gboolean
kl_folder_writer_abort (KlFolderWriter *self)
{
  gboolean clean = TRUE;

  for (guint i = 0; i < self->waiting->len; i++)
    clean = unlink_path (self, ((const Written *) self->waiting->pdata[i])->path, 0) && clean;
  g_ptr_array_set_size (self->waiting, 0);

  /* Those in which something has its name by now stay. */
  for (guint i = self->created->len; i > 0 && self->state != KL_FOLDER_COMPLETE; i--)
    unlink_path (self, self->created->pdata[i - 1], AT_REMOVEDIR);
  g_ptr_array_set_size (self->created, 0);
  return clean;
}

void
kl_folder_writer_free (KlFolderWriter *self)
{
  if (self == NULL)
    return;

  kl_folder_writer_abort (self);
  g_ptr_array_unref (self->waiting);
  g_ptr_array_unref (self->created);
  g_free (self);
}

/* ---- Reading. ---- */

static void
drop_cached (KlFolderWriter *self)
{
  if (self->options.drop_cached != NULL)
    self->options.drop_cached (self->options.drop_data);
}

/* Reads a file of the volume from the disk and not from memory. */
static gboolean
sum_file (KlFolderWriter *self,
          const char *path,
          guint64 size,
          KlHasher *hasher,
          guint32 *crc32c,
          KlProgress *progress,
          GCancellable *cancellable,
          GError **error)
{
  g_autofree char *name = g_strconcat (self->options.where, path, NULL);
  g_autofd int folder = open_parent (self, path, NULL, error);
  g_autofd int fd = -1;
  g_autoptr (KlReadAhead) reader = NULL;

  if (folder < 0)
    return FALSE;
  fd = openat (folder, kl_folder_get_name (path), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0)
    return set_call_error (self, "Cannot read “%s%s”", path, error);

  posix_fadvise (fd, 0, 0, POSIX_FADV_DONTNEED);
  *crc32c = 0;
  reader = kl_read_ahead_new (fd, name, 0, size, KL_IO_BLOCK);
  for (guint64 at = 0; at < size;)
    {
      const KlReadBlock *block = kl_read_ahead_next (reader, cancellable, error);

      if (block == NULL)
        return FALSE;
      *crc32c = kl_crc32c_update (*crc32c, block->data, block->length);
      if (hasher != NULL)
        kl_hasher_feed (hasher, g_bytes_new (block->data, block->length));
      at += block->length;
      kl_progress_advance (progress, block->length);
    }
  return TRUE;
}

static gboolean
fill_from_item (KlFolderWriter *self,
                const KlLayoutItem *item,
                int fd,
                guint8 *bytes,
                gsize length,
                guint64 offset,
                GCancellable *cancellable,
                GError **error)
{
  KlReadMember *member = self->options.member;

  if (item->bytes == NULL)
    return member != NULL ? kl_read_member_read (member, fd, bytes, length, offset, item->file,
                                                 cancellable, error)
                          : kl_read_at (fd, bytes, length, offset, item->file, error);

  memcpy (bytes, (const guint8 *) g_bytes_get_data (item->bytes, NULL) + offset, length);
  return TRUE;
}

/* The first byte of @path that is not as it should be; the size where none is found any more. */
static guint64
find_difference (KlFolderWriter *self, const char *path, const KlLayoutItem *item)
{
  g_autofree guint8 *wanted = g_malloc (KL_IO_BLOCK), *there = g_malloc (KL_IO_BLOCK);
  g_autofd int folder = open_parent (self, path, NULL, NULL);
  g_autofd int fd
      = folder >= 0 ? openat (folder, kl_folder_get_name (path), O_RDONLY | O_CLOEXEC) : -1;
  g_autofd int source = item->file != NULL ? kl_open_for_reading (item->file, NULL) : -1;

  for (guint64 at = 0; fd >= 0 && at < item->size; at += KL_IO_BLOCK)
    {
      gsize length = (gsize) MIN (KL_IO_BLOCK, item->size - at);

      if (!fill_from_item (self, item, source, wanted, length, at, NULL, NULL)
          || !kl_read_at (fd, there, length, at, path, NULL))
        break;
      for (gsize i = 0; i < length; i++)
        if (wanted[i] != there[i])
          return at + i;
    }
  return item->size;
}

/* ---- Before the first write. ---- */

/* A file that is kept must be there byte by byte; one that is not is written after all. */
static gboolean
check_kept (KlFolderWriter *self,
            KlFolderChange *change,
            KlProgress *progress,
            GCancellable *cancellable,
            GError **error)
{
  g_autoptr (GError) problem = NULL;
  guint32 crc32c = 0;

  kl_progress_set_info (progress, "Reading %s", change->path + 1);
  if (sum_file (self, change->path, change->item->size, NULL, &crc32c, progress, cancellable,
                &problem))
    {
      if (crc32c != change->item->crc32c)
        change->kind = KL_CHANGE_WRITE;
      return TRUE;
    }
  if (problem->domain != KL_ERROR || problem->code == KL_ERROR_DEVICE_GONE)
    {
      g_propagate_error (error, g_steal_pointer (&problem));
      return FALSE;
    }

  /* A bad sector, say: the new file is written elsewhere. */
  change->kind = KL_CHANGE_WRITE;
  return TRUE;
}

/* A file that is no longer as the earlier medium says is somebody's work, and stays. */
static gboolean
check_removed (KlFolderWriter *self,
               const KlFolderChange *change,
               gboolean *ours,
               KlProgress *progress,
               GCancellable *cancellable,
               GError **error)
{
  g_autoptr (KlHasher) hasher = kl_hasher_new ();
  g_autofree char *sha256 = NULL;
  guint32 crc32c = 0;

  kl_progress_set_info (progress, "Reading %s", change->path + 1);
  if (!sum_file (self, change->path, change->old_bytes, hasher, &crc32c, progress, cancellable,
                 error))
    return FALSE;
  sha256 = kl_hasher_finish (hasher);
  *ours = g_ascii_strcasecmp (sha256, change->old_sha256) == 0;
  return TRUE;
}

static gboolean
check_all (KlFolderWriter *self, KlProgress *progress, GCancellable *cancellable, GError **error)
{
  drop_cached (self);
  for (guint i = 0; i < self->changes->len;)
    {
      KlFolderChange *change = self->changes->pdata[i];
      gboolean ours = TRUE;

      if (change->kind == KL_CHANGE_KEEP && self->options.verify
          && !check_kept (self, change, progress, cancellable, error))
        return FALSE;
      if (change->kind == KL_CHANGE_REMOVE
          && !check_removed (self, change, &ours, progress, cancellable, error))
        return FALSE;
      if (ours)
        i++;
      else
        g_ptr_array_remove_index (self->changes, i);
    }
  return kl_folder_plan_check_space (self->options.plan, &self->options.space, error);
}

static gboolean
is_temporary (const char *name)
{
  gsize prefix = strlen (TEMPORARY_PREFIX);

  if (!g_str_has_prefix (name, TEMPORARY_PREFIX)
      || strlen (name) != prefix + TEMPORARY_DIGITS + strlen (TEMPORARY_SUFFIX)
      || !g_str_has_suffix (name, TEMPORARY_SUFFIX))
    return FALSE;
  for (guint i = 0; i < TEMPORARY_DIGITS; i++)
    if (!g_ascii_isxdigit (name[prefix + i]))
      return FALSE;
  return TRUE;
}

/* What is left of a run that ended with the plug. */
static void
remove_leftovers (KlFolderWriter *self)
{
  for (guint i = 0; i < self->changes->len; i++)
    {
      const KlFolderChange *change = self->changes->pdata[i];
      g_autofd int folder = open_parent (self, change->path, NULL, NULL);
      g_autoptr (GPtrArray) names = folder >= 0 ? kl_folder_list (folder, "", NULL) : NULL;

      for (guint j = 0; names != NULL && j < names->len; j++)
        if (is_temporary (names->pdata[j]))
          self->options.calls->unlinkat (folder, names->pdata[j], 0);
    }
}

/* ---- Writing. ---- */

G_GNUC_PRINTF (4, 5)
static gboolean
set_changed_error (
    KlFolderWriter *self, const KlLayoutItem *item, GError **error, const char *format, ...)
{
  const char *id = kl_media_layout_get_image_id (kl_folder_plan_get_layout (self->options.plan));
  g_autofree char *how = NULL;
  GError *made;
  va_list arguments;

  va_start (arguments, format);
  how = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  made = g_error_new (KL_ERROR, KL_ERROR_MISSING_PACKAGE,
                      "“%s” of boot image %s has changed since it was imported: %s", item->file, id,
                      how);
  kl_error_set_detail (made, id);
  g_propagate_error (error, made);
  return FALSE;
}

static int
open_item (KlFolderWriter *self, const KlLayoutItem *item, GError **error)
{
  struct stat info;
  g_autofd int fd = kl_open_with_info (item->file, &info, error);

  if (fd < 0)
    return -1;
  if ((guint64) info.st_size != item->size)
    {
      set_changed_error (self, item, error,
                         "%" G_GUINT64_FORMAT " bytes and not %" G_GUINT64_FORMAT,
                         (guint64) info.st_size, item->size);
      return -1;
    }
  return g_steal_fd (&fd);
}

static gboolean
write_block (KlFolderWriter *self,
             int fd,
             const guint8 *bytes,
             gsize length,
             guint64 offset,
             const char *path,
             GError **error)
{
  while (length > 0)
    {
      gssize n = self->options.calls->pwrite (fd, bytes, length, (off_t) offset);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        {
          kl_set_error_errno (error, n == 0 ? ENOSPC : errno,
                              "Cannot write “%s%s” at byte %" G_GUINT64_FORMAT, self->options.where,
                              path, offset);
          return FALSE;
        }
      bytes += n;
      offset += (guint64) n;
      length -= (gsize) n;
    }
  return TRUE;
}

/* Keeps what waits in memory small: a window is on its way to the disk while the next is filled. */
static gboolean
pace (KlFolderWriter *self, int fd, guint64 written, const char *path, GError **error)
{
  if (self->options.slow_flush)
    return written % SLOW_WINDOW != 0 || self->options.calls->fdatasync (fd) == 0
           || set_call_error (self, "Cannot flush “%s%s”", path, error);
  if (written % WINDOW != 0)
    return TRUE;

  sync_file_range (fd, (off_t) (written - WINDOW), (off_t) WINDOW, SYNC_FILE_RANGE_WRITE);
  if (written >= 2 * WINDOW
      && sync_file_range (fd, (off_t) (written - 2 * WINDOW), (off_t) WINDOW,
                          SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE
                              | SYNC_FILE_RANGE_WAIT_AFTER)
             != 0
      && errno == EIO)
    return set_call_error (self, "Cannot write “%s%s”", path, error);
  return TRUE;
}

static gboolean
write_content (KlFolderWriter *self,
               const KlFolderChange *change,
               int fd,
               KlProgress *progress,
               GCancellable *cancellable,
               GError **error)
{
  const KlLayoutItem *item = change->item;
  g_autofree guint8 *buffer = g_malloc (KL_IO_BLOCK);
  g_autofd int source = -1;
  guint32 crc32c = 0;
  gsize length;

  if (item->bytes == NULL)
    {
      source = open_item (self, item, error);
      if (source < 0)
        return FALSE;
    }
  for (guint64 at = 0; at < item->size; at += length)
    {
      length = (gsize) MIN (KL_IO_BLOCK, item->size - at);
      if (g_cancellable_set_error_if_cancelled (cancellable, error)
          || !fill_from_item (self, item, source, buffer, length, at, cancellable, error)
          || !write_block (self, fd, buffer, length, at, change->path, error)
          || !pace (self, fd, at + length, change->path, error))
        return FALSE;
      crc32c = kl_crc32c_update (crc32c, buffer, length);
      kl_progress_advance (progress, length);
    }
  if (crc32c != item->crc32c)
    return set_changed_error (self, item, error, "its checksum differs");
  return self->options.calls->fdatasync (fd) == 0
         || set_call_error (self, "Cannot flush “%s%s”", change->path, error);
}

static gboolean
write_file (KlFolderWriter *self,
            KlFolderChange *change,
            KlProgress *progress,
            GCancellable *cancellable,
            GError **error)
{
  g_autofree char *parent = g_path_get_dirname (change->path);
  Written *written = g_new0 (Written, 1);
  g_autofd int folder = -1, fd = -1;

  written->change = change;
  written->path = g_strdup_printf ("%s/" TEMPORARY_PREFIX "%08x" TEMPORARY_SUFFIX,
                                   g_str_equal (parent, "/") ? "" : parent, g_random_int ());
  g_ptr_array_add (self->waiting, written);
  folder = open_parent (self, written->path, self->created, error);
  if (folder < 0)
    return FALSE;
  fd = openat (folder, kl_folder_get_name (written->path),
               O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, KL_FILE_MODE);
  if (fd < 0)
    return set_call_error (self, "Cannot write “%s%s”", change->path, error);
  kl_progress_set_info (progress, "Writing %s", change->path + 1);
  return write_content (self, change, fd, progress, cancellable, error);
}

static gboolean
name_one (KlFolderWriter *self, const Written *written, GError **error)
{
  g_autofd int folder = open_parent (self, written->path, NULL, error);

  if (folder < 0)
    return FALSE;
  if (self->options.calls->renameat (folder, kl_folder_get_name (written->path), folder,
                                     kl_folder_get_name (written->change->path))
      != 0)
    return set_call_error (self, "Cannot give “%s%s” its name", written->change->path, error);
  self->state = KL_FOLDER_PARTIAL;
  return TRUE;
}

/* Gives names to the first @n files that wait. */
static gboolean
name_first (KlFolderWriter *self, guint n, GError **error)
{
  for (guint i = 0; i < n; i++)
    {
      if (!name_one (self, self->waiting->pdata[0], error))
        return FALSE;
      g_ptr_array_remove_index (self->waiting, 0);
    }
  return n == 0 || sync_all (self, error);
}

static gboolean
write_all (KlFolderWriter *self, KlProgress *progress, GCancellable *cancellable, GError **error)
{
  for (guint i = 0; i < self->changes->len; i++)
    {
      KlFolderChange *change = self->changes->pdata[i];

      if (change->kind != KL_CHANGE_WRITE)
        continue;
      if ((change->name_before && !name_first (self, self->waiting->len, error))
          || !write_file (self, change, progress, cancellable, error))
        return FALSE;
    }
  return TRUE;
}

/**
 * kl_folder_writer_write:
 * @progress: (nullable): gets its total here: bytes that are read to see whether they may stay, and
 *   bytes that are written
 *
 * Reads what is to be kept or removed, then writes the rest under temporary names. Nothing that was
 * there changes its content unless room is short.
 *
 * Errors: KL_ERROR_PACKAGE_TOO_LARGE before anything is written, where files must be written that
 * were thought to be there; KL_ERROR_MISSING_PACKAGE, detail: the boot image ID, where a file of
 * the image has changed; KL_ERROR_NO_SPACE, KL_ERROR_IO, KL_ERROR_DEVICE_GONE and others of the
 * volume; G_IO_ERROR_CANCELLED.
 */
gboolean
kl_folder_writer_write (KlFolderWriter *self,
                        KlProgress *progress,
                        GCancellable *cancellable,
                        GError **error)
{
  KlFolderPlan *plan = self->options.plan;
  guint64 read_bytes = kl_folder_plan_sum_bytes (plan, KL_CHANGE_REMOVE);
  gboolean written;

  if (self->options.verify)
    read_bytes += kl_folder_plan_sum_bytes (plan, KL_CHANGE_KEEP);
  kl_progress_set_total (progress, read_bytes + kl_folder_plan_sum_bytes (plan, KL_CHANGE_WRITE));
  if (!check_all (self, progress, cancellable, error))
    return FALSE;

  kl_progress_set_total (progress, read_bytes + kl_folder_plan_sum_bytes (plan, KL_CHANGE_WRITE));
  remove_leftovers (self);
  written = write_all (self, progress, cancellable, error);
  kl_read_member_finish (self->options.member);
  return written;
}

/* Brings everything to the disk. */
gboolean
kl_folder_writer_flush (KlFolderWriter *self, GCancellable *cancellable, GError **error)
{
  return !g_cancellable_set_error_if_cancelled (cancellable, error) && sync_all (self, error);
}

/* ---- Reading back. ---- */

static const char *
find_path_now (KlFolderWriter *self, const KlFolderChange *change)
{
  for (guint i = 0; i < self->waiting->len; i++)
    {
      const Written *written = self->waiting->pdata[i];

      if (written->change == change)
        return written->path;
    }
  return change->path;
}

static gboolean
verify_one (KlFolderWriter *self,
            const KlFolderChange *change,
            KlProgress *progress,
            GCancellable *cancellable,
            GError **error)
{
  const char *path = find_path_now (self, change);
  guint32 crc32c = 0;

  kl_progress_set_info (progress, "Reading %s", change->path + 1);
  if (!sum_file (self, path, change->item->size, NULL, &crc32c, progress, cancellable, error))
    return FALSE;
  if (crc32c == change->item->crc32c)
    return TRUE;

  g_set_error (error, KL_ERROR, KL_ERROR_MISMATCH,
               "“%s%s” does not read back as it was written, from byte %" G_GUINT64_FORMAT " on",
               self->options.where, change->path, find_difference (self, path, change->item));
  return FALSE;
}

/**
 * kl_folder_writer_verify:
 * @progress: (nullable): gets its total here and advances by bytes
 *
 * Reads every file that was written from the disk and compares its CRC-32C.
 *
 * Errors: KL_ERROR_MISMATCH naming file and byte; those of reading; G_IO_ERROR_CANCELLED.
 */
gboolean
kl_folder_writer_verify (KlFolderWriter *self,
                         KlProgress *progress,
                         GCancellable *cancellable,
                         GError **error)
{
  kl_progress_set_total (progress, kl_folder_plan_sum_bytes (self->options.plan, KL_CHANGE_WRITE));
  drop_cached (self);
  for (guint i = 0; i < self->changes->len; i++)
    {
      const KlFolderChange *change = self->changes->pdata[i];

      if (change->kind == KL_CHANGE_WRITE
          && !verify_one (self, change, progress, cancellable, error))
        return FALSE;
    }
  return TRUE;
}

/* ---- The end. ---- */

/* Folders that held nothing else go too. */
static void
remove_empty_parents (KlFolderWriter *self, const char *path)
{
  g_autofree char *parent = g_path_get_dirname (path);

  while (!g_str_equal (parent, "/") && unlink_path (self, parent, AT_REMOVEDIR))
    {
      char *next = g_path_get_dirname (parent);

      g_free (parent);
      parent = next;
    }
}

static gboolean
remove_old (KlFolderWriter *self, GError **error)
{
  for (guint i = 0; i < self->changes->len; i++)
    {
      const KlFolderChange *change = self->changes->pdata[i];

      if (change->kind != KL_CHANGE_REMOVE)
        continue;
      if (!unlink_path (self, change->path, 0))
        return set_call_error (self, "Cannot remove “%s%s”", change->path, error);
      self->state = KL_FOLDER_PARTIAL;
      remove_empty_parents (self, change->path);
    }
  return TRUE;
}

static guint
count_waiting (KlFolderWriter *self, KlChangeStage stage)
{
  guint n = 0;

  while (n < self->waiting->len
         && ((const Written *) self->waiting->pdata[n])->change->stage <= stage)
    n++;
  return n;
}

/**
 * kl_folder_writer_commit:
 *
 * Gives all files their names, what starts the medium after everything else; removes what the
 * earlier medium had and this one has not; the manifest comes last. Flushes in between.
 *
 * Errors: those of renaming, removing and flushing; kl_folder_writer_get_state() tells how far it
 * came.
 */
gboolean
kl_folder_writer_commit (KlFolderWriter *self, GError **error)
{
  if (!name_first (self, count_waiting (self, KL_STAGE_CONTENT), error)
      || !name_first (self, count_waiting (self, KL_STAGE_START), error)
      || !remove_old (self, error) || !name_first (self, self->waiting->len, error))
    return FALSE;

  self->state = KL_FOLDER_COMPLETE;
  g_ptr_array_set_size (self->created, 0);
  return TRUE;
}
