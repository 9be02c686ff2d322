/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-media-source"

#include "source/media-source.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file-copy.h"
#include "base/file-io.h"
#include "source/media-source-kinds.h"

#define COPY_STEP ((guint64) 8 * KL_IO_BLOCK)

typedef struct
{
  char *path;
  const char *kind; /* a literal */
  char *label;
  GPtrArray *entries;    /* of KlMediaEntry; NULL until listed */
  GHashTable *by_path;   /* folded path → KlMediaEntry in entries; NULL until listed */
  GPtrArray *unreadable; /* of char *, paths of folders; NULL: they are an error */
} KlMediaSourcePrivate;

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (KlMediaSource, kl_media_source, G_TYPE_OBJECT)

#define PRIVATE(self)                                                                              \
  ((KlMediaSourcePrivate *) kl_media_source_get_instance_private ((KlMediaSource *) (self)))

/* What one copy feeds with the bytes it reads. */
typedef struct
{
  gboolean wanted;
  guint32 crc32c;
  KlHasher *hasher; /* borrowed; NULL where no SHA-256 is wanted */
} Sums;

static void
kl_media_source_finalize (GObject *object)
{
  KlMediaSourcePrivate *priv = PRIVATE (object);

  g_clear_pointer (&priv->by_path, g_hash_table_unref);
  g_clear_pointer (&priv->entries, g_ptr_array_unref);
  g_clear_pointer (&priv->unreadable, g_ptr_array_unref);
  g_free (priv->path);
  g_free (priv->label);

  G_OBJECT_CLASS (kl_media_source_parent_class)->finalize (object);
}

static void
kl_media_source_class_init (KlMediaSourceClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = kl_media_source_finalize;
}

static void
kl_media_source_init (KlMediaSource *self)
{
  PRIVATE (self)->kind = "";
  PRIVATE (self)->label = g_strdup ("");
}

void
kl_media_entry_free (KlMediaEntry *self)
{
  if (self == NULL)
    return;

  g_free (self->path);
  g_free (self);
}

/* For the kinds, once, right after construction. */
void
kl_media_source_describe (KlMediaSource *self,
                          const char *path,
                          const char *kind,
                          const char *label)
{
  KlMediaSourcePrivate *priv = PRIVATE (self);

  g_free (priv->path);
  g_free (priv->label);
  priv->path = g_strdup (path);
  priv->kind = kind;
  priv->label = label != NULL ? g_utf8_make_valid (label, -1) : g_strdup ("");
}

void
kl_media_listing_init (KlMediaListing *self, const char *source)
{
  self->source = source;
  self->entries = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_media_entry_free);
  self->n_seen = 0;
}

void
kl_media_listing_clear (KlMediaListing *self)
{
  g_clear_pointer (&self->entries, g_ptr_array_unref);
}

/*
 * kl_media_listing_is_name:
 *
 * Whether a name from outside can be a part of a path. Others (no UTF-8, a separator or a control
 * character inside, "." and "..") are left out of the list: no boot file bears such a name.
 */
gboolean
kl_media_listing_is_name (const char *name)
{
  if (*name == '\0' || strcmp (name, ".") == 0 || strcmp (name, "..") == 0)
    return FALSE;
  if (strpbrk (name, "/\\") != NULL || !g_utf8_validate (name, -1, NULL))
    return FALSE;

  for (const char *at = name; *at != '\0'; at++)
    if (g_ascii_iscntrl (*at))
      return FALSE;
  return TRUE;
}

/*
 * kl_media_listing_count:
 * @depth: of @folder; 0 for the root
 *
 * Counts one file or folder in @folder against the limits. KL_ERROR_FORMAT where one is exceeded,
 * as it is by records that point back at their parents.
 */
gboolean
kl_media_listing_count (KlMediaListing *self, const char *folder, guint depth, GError **error)
{
  if (depth >= KL_MEDIA_MAX_DEPTH || strlen (folder) > KL_MEDIA_MAX_PATH)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_FORMAT,
                   "“%s” has folders nested deeper than %d levels, at “%.60s…”", self->source,
                   KL_MEDIA_MAX_DEPTH, folder);
      return FALSE;
    }
  if (++self->n_seen > KL_MEDIA_MAX_ENTRIES)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_FORMAT, "“%s” has more than %d files and folders",
                   self->source, KL_MEDIA_MAX_ENTRIES);
      return FALSE;
    }

  return TRUE;
}

/*
 * kl_media_listing_add:
 * @folder: "" for the root, else "/sources"
 *
 * Adds a file. Counting it (kl_media_listing_count()) is the caller's.
 */
gboolean
kl_media_listing_add (
    KlMediaListing *self, const char *folder, const char *name, guint64 size, GError **error)
{
  KlMediaEntry *entry;

  if (strlen (folder) + strlen (name) + 1 > KL_MEDIA_MAX_PATH)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_FORMAT,
                   "“%s” has a path longer than %d bytes, at “%.60s…”", self->source,
                   KL_MEDIA_MAX_PATH, folder);
      return FALSE;
    }

  entry = g_new0 (KlMediaEntry, 1);
  entry->path = g_strconcat (folder, "/", name, NULL);
  entry->size = size;
  g_ptr_array_add (self->entries, entry);
  return TRUE;
}

/**
 * kl_media_source_open:
 * @path: a folder, an ISO file, a disk image (raw or fixed VHD), or a drive
 *
 * UDF goes before ISO 9660: Windows DVDs have their files in UDF only, and in ISO 9660 one
 * readme that says so.
 *
 * Errors: KL_ERROR_* of stat(2) and open(2), KL_ERROR_FORMAT for a file with neither ISO 9660 nor
 * UDF nor FAT32 on a disk, and for an unfinished medium.
 *
 * Returns: (transfer full): the source
 */
KlMediaSource *
kl_media_source_open (const char *path, GError **error)
{
  g_autoptr (GError) udf_error = NULL;
  g_autoptr (GError) iso_error = NULL;
  g_autoptr (GError) disk_error = NULL;
  gboolean is_disk = FALSE;
  KlMediaSource *source;
  struct stat info;

  g_return_val_if_fail (path != NULL, NULL);

  if (stat (path, &info) != 0)
    {
      kl_set_error_errno (error, errno, "Cannot open “%s”", path);
      return NULL;
    }
  if (S_ISDIR (info.st_mode))
    return kl_folder_source_new (path, error);

  source = kl_udf_source_new (path, &udf_error);
  if (source != NULL)
    return source;
  if (!g_error_matches (udf_error, KL_ERROR, KL_ERROR_FORMAT))
    {
      g_propagate_error (error, g_steal_pointer (&udf_error));
      return NULL;
    }

  source = kl_iso9660_source_new (path, &iso_error);
  if (source != NULL || !g_error_matches (iso_error, KL_ERROR, KL_ERROR_FORMAT))
    {
      if (source == NULL)
        g_propagate_error (error, g_steal_pointer (&iso_error));
      return source;
    }

  source = kl_disk_source_new (path, &is_disk, &disk_error);
  if (source == NULL)
    g_propagate_error (error,
                       is_disk ? g_steal_pointer (&disk_error) : g_steal_pointer (&iso_error));
  return source;
}

const char *
kl_media_source_get_path (KlMediaSource *self)
{
  g_return_val_if_fail (KL_IS_MEDIA_SOURCE (self), NULL);

  return PRIVATE (self)->path;
}

const char *
kl_media_source_get_kind (KlMediaSource *self)
{
  g_return_val_if_fail (KL_IS_MEDIA_SOURCE (self), NULL);

  return PRIVATE (self)->kind;
}

const char *
kl_media_source_get_label (KlMediaSource *self)
{
  g_return_val_if_fail (KL_IS_MEDIA_SOURCE (self), NULL);

  return PRIVATE (self)->label;
}

static int
compare_entries (gconstpointer a, gconstpointer b)
{
  const KlMediaEntry *const *left = a;
  const KlMediaEntry *const *right = b;

  return strcmp ((*left)->path, (*right)->path);
}

/**
 * kl_media_source_forgive_unreadable:
 *
 * For those who say what is there, and can say of what they do not see: a folder below the top of
 * a folder that this user may not read (as “System Volume Information” on NTFS) is left out.
 */
void
kl_media_source_forgive_unreadable (KlMediaSource *self)
{
  KlMediaSourcePrivate *priv = PRIVATE (self);

  g_return_if_fail (KL_IS_MEDIA_SOURCE (self) && priv->entries == NULL);

  if (priv->unreadable == NULL)
    priv->unreadable = g_ptr_array_new_with_free_func (g_free);
}

/**
 * kl_media_source_get_unreadable:
 *
 * Returns: (transfer none) (nullable) (element-type utf8): after list, the paths of folders that
 *   were left out; %NULL where they are an error
 */
GPtrArray *
kl_media_source_get_unreadable (KlMediaSource *self)
{
  g_return_val_if_fail (KL_IS_MEDIA_SOURCE (self), NULL);

  return PRIVATE (self)->unreadable;
}

/**
 * kl_media_source_list:
 *
 * Reads the tree at the first call. Errors: KL_ERROR_FORMAT for a damaged or endless tree,
 * KL_ERROR_* of reading it.
 *
 * Returns: (transfer none) (element-type KlMediaEntry): all files, sorted by path
 */
GPtrArray *
kl_media_source_list (KlMediaSource *self, GError **error)
{
  KlMediaSourcePrivate *priv = PRIVATE (self);

  g_return_val_if_fail (KL_IS_MEDIA_SOURCE (self), NULL);

  if (priv->entries != NULL)
    return priv->entries;

  priv->entries = KL_MEDIA_SOURCE_GET_CLASS (self)->list (self, error);
  if (priv->entries == NULL)
    return NULL;

  g_ptr_array_sort (priv->entries, compare_entries);
  priv->by_path = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < priv->entries->len; i++)
    {
      KlMediaEntry *entry = priv->entries->pdata[i];
      g_autofree char *folded = g_utf8_casefold (entry->path, -1);

      /* Of names that differ in case only, the first counts. */
      if (!g_hash_table_contains (priv->by_path, folded))
        g_hash_table_insert (priv->by_path, g_steal_pointer (&folded), entry);
    }

  return priv->entries;
}

/**
 * kl_media_source_find:
 * @path: "/sources/boot.wim", in any case
 *
 * A tree that cannot be read has no files: ask kl_media_source_list() first where the reason
 * matters.
 *
 * Returns: (transfer none) (nullable): the file
 */
const KlMediaEntry *
kl_media_source_find (KlMediaSource *self, const char *path)
{
  g_autofree char *folded = NULL;

  g_return_val_if_fail (KL_IS_MEDIA_SOURCE (self), NULL);

  if (!g_utf8_validate (path, -1, NULL) || kl_media_source_list (self, NULL) == NULL)
    return NULL;

  folded = g_utf8_casefold (path, -1);
  return g_hash_table_lookup (PRIVATE (self)->by_path, folded);
}

static const KlMediaEntry *
require (KlMediaSource *self, const char *path, GError **error)
{
  const KlMediaEntry *entry;

  if (kl_media_source_list (self, error) == NULL)
    return NULL;

  entry = kl_media_source_find (self, path);
  if (entry == NULL)
    g_set_error (error, KL_ERROR, KL_ERROR_NOT_FOUND, "“%s” has no file “%s”", PRIVATE (self)->path,
                 path);
  return entry;
}

/* Fills @buffer with exactly @length bytes. */
static gboolean
read_exactly (KlMediaSource *self,
              gpointer handle,
              const KlMediaEntry *entry,
              guint8 *buffer,
              gsize length,
              GError **error)
{
  while (length > 0)
    {
      gssize n = KL_MEDIA_SOURCE_GET_CLASS (self)->read (self, handle, buffer, length, error);

      if (n < 0)
        return FALSE;
      if (n == 0)
        {
          g_set_error (error, KL_ERROR, KL_ERROR_FORMAT,
                       "“%s” in “%s” ends before its %" G_GUINT64_FORMAT " bytes", entry->path,
                       PRIVATE (self)->path, entry->size);
          return FALSE;
        }
      buffer += n;
      length -= (gsize) n;
    }

  return TRUE;
}

/*
 * kl_media_source_peek:
 *
 * Returns: bytes read from the file's beginning, as many as it has up to @length; -1 with @error
 * set
 */
gssize
kl_media_source_peek (
    KlMediaSource *self, const char *path, void *buffer, gsize length, GError **error)
{
  KlMediaSourceClass *klass = KL_MEDIA_SOURCE_GET_CLASS (self);
  const KlMediaEntry *entry = require (self, path, error);
  gpointer handle = NULL;
  gboolean read;

  if (entry == NULL || !klass->open (self, entry, &handle, error))
    return -1;

  length = (gsize) MIN (length, entry->size);
  read = read_exactly (self, handle, entry, buffer, length, error);
  klass->close (self, handle);
  return read ? (gssize) length : -1;
}

/**
 * kl_media_source_read:
 * @limit: the largest size that is taken; bytes
 *
 * Errors: KL_ERROR_NOT_FOUND, KL_ERROR_FORMAT for a file above @limit or a damaged source.
 *
 * Returns: (transfer full): the whole content of one file
 */
GBytes *
kl_media_source_read (KlMediaSource *self, const char *path, gsize limit, GError **error)
{
  KlMediaSourceClass *klass = KL_MEDIA_SOURCE_GET_CLASS (self);
  const KlMediaEntry *entry = require (self, path, error);
  g_autofree guint8 *data = NULL;
  gpointer handle = NULL;
  gboolean read;

  if (entry == NULL)
    return NULL;
  if (entry->size > limit)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_FORMAT,
                   "“%s” in “%s” has %" G_GUINT64_FORMAT " bytes; at most %" G_GSIZE_FORMAT
                   " are expected",
                   entry->path, PRIVATE (self)->path, entry->size, limit);
      return NULL;
    }
  data = kl_try_malloc (entry->size, entry->path, error);
  if (data == NULL || !klass->open (self, entry, &handle, error))
    return NULL;

  read = read_exactly (self, handle, entry, data, (gsize) entry->size, error);
  klass->close (self, handle);
  if (!read)
    return NULL;

  return g_bytes_new_take (g_steal_pointer (&data), (gsize) entry->size);
}

static gboolean
sum_block (KlMediaSource *self,
           gpointer handle,
           const KlMediaEntry *entry,
           gsize length,
           int target,
           guint64 target_offset,
           const char *target_name,
           Sums *sums,
           GError **error)
{
  guint8 *block = g_malloc (length);
  g_autoptr (GBytes) bytes = g_bytes_new_take (block, length);

  if (!read_exactly (self, handle, entry, block, length, error))
    return FALSE;
  if (target >= 0 && !kl_write_at (target, block, length, target_offset, target_name, error))
    return FALSE;

  if (target >= 0)
    sync_file_range (target, (off64_t) target_offset, (off64_t) length, SYNC_FILE_RANGE_WRITE);
  if (sums->wanted)
    sums->crc32c = kl_crc32c_update (sums->crc32c, block, length);
  if (sums->hasher != NULL)
    kl_hasher_feed (sums->hasher, bytes);
  return TRUE;
}

/* Reads a range of the file for its sums, and writes it to @target unless that is -1. */
static gboolean
stream_range (KlMediaSource *self,
              gpointer handle,
              const KlMediaEntry *entry,
              guint64 offset,
              guint64 length,
              int target,
              const char *target_name,
              Sums *sums,
              KlProgress *progress,
              GCancellable *cancellable,
              GError **error)
{
  while (length > 0)
    {
      gsize n = (gsize) MIN (length, KL_IO_BLOCK);

      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      if (!sum_block (self, handle, entry, n, target, offset, target_name, sums, error))
        return FALSE;
      offset += n;
      length -= n;
      kl_progress_advance (progress, n);
    }

  return TRUE;
}

/* The kernel copies, and what it copied is read for the sums while it is in the page cache. */
static gboolean
copy_by_kernel (KlMediaSource *self,
                gpointer handle,
                int fd,
                const KlMediaEntry *entry,
                int target,
                const char *target_name,
                Sums *sums,
                KlProgress *progress,
                GCancellable *cancellable,
                GError **error)
{
  gboolean shared = entry->size > 0 && ioctl (target, FICLONE, fd) == 0;
  guint64 done = 0;

  while (done < entry->size)
    {
      guint64 n = MIN (entry->size - done, COPY_STEP);

      if (!shared
          && !kl_copy_range (fd, done, target, done, n, entry->path, target_name, NULL,
                             sums->wanted ? NULL : progress, cancellable, error))
        return FALSE;
      if (shared && !sums->wanted)
        kl_progress_advance (progress, n);
      if (sums->wanted
          && !stream_range (self, handle, entry, done, n, -1, target_name, sums, progress,
                            cancellable, error))
        return FALSE;
      done += n;
    }

  return TRUE;
}

/* A file that changed between listing and the end of the copy is neither the old nor the new one.
 */
static gboolean
check_unchanged (KlMediaSource *self,
                 int fd,
                 const struct stat *before,
                 const KlMediaEntry *entry,
                 GError **error)
{
  struct stat after;

  if (fd < 0 || fstat (fd, &after) != 0)
    return TRUE;
  if ((guint64) after.st_size == entry->size && before->st_mtim.tv_sec == after.st_mtim.tv_sec
      && before->st_mtim.tv_nsec == after.st_mtim.tv_nsec)
    return TRUE;

  g_set_error (error, KL_ERROR, KL_ERROR_BUSY,
               "“%s” in “%s” was changed by another program while it was copied", entry->path,
               PRIVATE (self)->path);
  return FALSE;
}

static gboolean
copy_opened (KlMediaSource *self,
             gpointer handle,
             const KlMediaEntry *entry,
             int target,
             const char *target_name,
             Sums *sums,
             KlProgress *progress,
             GCancellable *cancellable,
             GError **error)
{
  KlMediaSourceClass *klass = KL_MEDIA_SOURCE_GET_CLASS (self);
  int fd = klass->get_fd != NULL ? klass->get_fd (self, handle) : -1;
  struct stat before = { 0 };

  if (fd >= 0)
    fstat (fd, &before);

  if (fd >= 0 && target >= 0)
    {
      if (!copy_by_kernel (self, handle, fd, entry, target, target_name, sums, progress,
                           cancellable, error))
        return FALSE;
    }
  else if ((target >= 0 || sums->wanted)
           && !stream_range (self, handle, entry, 0, entry->size, target, target_name, sums,
                             progress, cancellable, error))
    return FALSE;

  return check_unchanged (self, fd, &before, entry, error);
}

/**
 * kl_media_source_copy:
 * @path: the file, in any case
 * @target: an empty file open for writing, or -1
 * @target_name: for messages
 * @crc32c: (out) (optional): of the content
 * @sha256: (out) (optional): of the content
 * @progress: (nullable): advances by the bytes copied; the total is the caller's to set
 *
 * Out of a folder the file is shared where the file system can (reflink), else copied by the
 * kernel, else by reading and writing.
 *
 * Errors: KL_ERROR_NOT_FOUND, KL_ERROR_FORMAT for a source that ends early, KL_ERROR_BUSY for a
 * file that changes meanwhile, KL_ERROR_* of reading and writing; G_IO_ERROR_CANCELLED within one
 * block.
 */
gboolean
kl_media_source_copy (KlMediaSource *self,
                      const char *path,
                      int target,
                      const char *target_name,
                      guint32 *crc32c,
                      char **sha256,
                      KlProgress *progress,
                      GCancellable *cancellable,
                      GError **error)
{
  KlMediaSourceClass *klass = KL_MEDIA_SOURCE_GET_CLASS (self);
  const KlMediaEntry *entry = require (self, path, error);
  g_autoptr (KlHasher) hasher = sha256 != NULL ? kl_hasher_new () : NULL;
  Sums sums = { crc32c != NULL || sha256 != NULL, 0, hasher };
  gpointer handle = NULL;
  gboolean copied;

  if (entry == NULL || !klass->open (self, entry, &handle, error))
    return FALSE;

  copied
      = copy_opened (self, handle, entry, target, target_name, &sums, progress, cancellable, error);
  klass->close (self, handle);
  if (!copied)
    return FALSE;

  if (crc32c != NULL)
    *crc32c = sums.crc32c;
  if (sha256 != NULL)
    *sha256 = kl_hasher_finish (hasher);
  return TRUE;
}
