/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-wim"

#include "wim/wim.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include <glib/gstdio.h>

#include "base/error.h"
#include "base/file-io.h"
#include "wim/wim-header.h"
#include "wim/wim-library.h"
#include "wim/wim-private.h"

/* Limits for what a file from outside may claim. */
#define MAX_IMAGES 1000
#define MAX_METADATA_SIZE ((guint64) 256 << 20) /* bytes; a 100,000-file image has some 20 MB */
#define MAX_LISTED_FILES 20000

static void
entry_free (KlWimEntry *entry)
{
  g_free (entry->path);
  g_free (entry);
}

static gpointer
init_wimlib (gpointer data)
{
  int code;

  wimlib_set_print_errors (false);
  code = wimlib_global_init (WIMLIB_INIT_FLAG_DEFAULT_CASE_INSENSITIVE);
  if (code == 0)
    code = wimlib_set_default_compression_level (WIMLIB_COMPRESSION_TYPE_LZX, KL_WIM_LZX_LEVEL);
  return GINT_TO_POINTER (code);
}

/* Write-back is started behind the writer, so that the fsync at the end is short and cancelling
 * stays quick. */
static void
start_write_back (KlWimCall *call)
{
  if (call->written == NULL)
    return;
  if (call->written_fd < 0)
    call->written_fd = open (call->written, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (call->written_fd >= 0)
    sync_file_range (call->written_fd, 0, 0, SYNC_FILE_RANGE_WRITE);
}

static void
report (KlWimCall *call, guint64 done, guint64 total)
{
  if (total == 0)
    return;
  kl_progress_set_total (call->progress, total);
  kl_progress_set_done (call->progress, MIN (done, total));
}

enum wimlib_progress_status
kl_wim_progress_cb (enum wimlib_progress_msg message,
                    union wimlib_progress_info *info,
                    void *user_data)
{
  KlWimCall *call = user_data;

  /* Only the messages that count bytes matter here; every message asks for a cancel. */
  if (message == WIMLIB_PROGRESS_MSG_WRITE_STREAMS)
    {
      report (call, info->write_streams.completed_bytes, info->write_streams.total_bytes);
      start_write_back (call);
    }
  else if (message == WIMLIB_PROGRESS_MSG_EXTRACT_STREAMS)
    report (call, info->extract.completed_bytes, info->extract.total_bytes);
  else if (message == WIMLIB_PROGRESS_MSG_VERIFY_INTEGRITY)
    report (call, info->integrity.completed_bytes, info->integrity.total_bytes);
  else if (message == WIMLIB_PROGRESS_MSG_VERIFY_STREAMS)
    report (call, info->verify_streams.completed_bytes, info->verify_streams.total_bytes);

  return g_cancellable_is_cancelled (call->cancellable) ? WIMLIB_PROGRESS_STATUS_ABORT
                                                        : WIMLIB_PROGRESS_STATUS_CONTINUE;
}

typedef struct
{
  KlWim *wim;
  guint64 truncated_at; /* end of a resource beyond the end of the file, or 0 */
  guint64 too_large;    /* size of a metadata resource beyond all reason, or 0 */
} TableCheck;

static int
check_resource_cb (const struct wimlib_resource_entry *resource, void *user_data)
{
  TableCheck *check = user_data;
  guint64 offset = resource->packed ? resource->raw_resource_offset_in_wim : resource->offset;
  guint64 size
      = resource->packed ? resource->raw_resource_compressed_size : resource->compressed_size;
  guint64 end;

  if (resource->is_missing)
    return 0;
  if (resource->packed)
    check->wim->has_solid = TRUE;
  if (!g_uint64_checked_add (&end, offset, size))
    end = G_MAXUINT64;
  if (end > check->wim->header.file_size)
    check->truncated_at = end;
  if (resource->is_metadata && resource->uncompressed_size > MAX_METADATA_SIZE)
    check->too_large = resource->uncompressed_size;
  return 0;
}

/* wimlib believes the table; nothing is read through it before it fits the file. */
static gboolean
check_table (KlWim *self, GError **error)
{
  TableCheck check = { .wim = self };
  int code = wimlib_iterate_lookup_table (self->wim, 0, check_resource_cb, &check);

  if (code != 0)
    {
      kl_wim_set_error (error, code, 0, NULL, "Cannot read the blob table of “%s”", self->path);
      return FALSE;
    }
  if (check.truncated_at > 0)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_WIM_TRUNCATED,
                   "“%s” is truncated: its data reach to byte %" G_GUINT64_FORMAT
                   ", and the file has %" G_GUINT64_FORMAT " bytes",
                   self->path, check.truncated_at, self->header.file_size);
      return FALSE;
    }
  if (check.too_large > 0)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_WIM_DAMAGED,
                   "An image in “%s” claims metadata of %" G_GUINT64_FORMAT
                   " bytes; at most %" G_GUINT64_FORMAT " are accepted",
                   self->path, check.too_large, MAX_METADATA_SIZE);
      return FALSE;
    }

  return TRUE;
}

typedef struct
{
  guint64 size; /* bytes */
  char *name;   /* as spelt in the image */
  gboolean is_file;
} Found;

static gboolean
is_plain_file (const struct wimlib_dir_entry *entry)
{
  const guint32 special = WIMLIB_FILE_ATTRIBUTE_DIRECTORY | WIMLIB_FILE_ATTRIBUTE_REPARSE_POINT
                          | WIMLIB_FILE_ATTRIBUTE_ENCRYPTED | WIMLIB_FILE_ATTRIBUTE_DEVICE;

  /* A name that holds a separator could stand for another file. */
  return (entry->attributes & special) == 0 && entry->filename != NULL && entry->filename[0] != '\0'
         && strpbrk (entry->filename, "/\\") == NULL;
}

static int
found_cb (const struct wimlib_dir_entry *entry, void *user_data)
{
  Found *found = user_data;

  found->is_file = is_plain_file (entry);
  found->size = entry->streams[0].resource.uncompressed_size;
  g_free (found->name);
  found->name = g_strdup (entry->filename != NULL ? entry->filename : "");
  return 0;
}

/* wimlib's paths have "/"; a backslash is no separator there on Linux in every function. */
static char *
dup_wimlib_path (const char *path)
{
  g_autofree char *slashed = g_strdelimit (g_strdup (path), "\\", '/');

  return slashed[0] == '/' ? g_steal_pointer (&slashed) : g_strconcat ("/", slashed, NULL);
}

/**
 * kl_wim_open:
 *
 * Opens a WIM and reads its table and XML. The header is looked at first, so that each kind of bad
 * file gets an error of its own. Solid and pipable files open, see kl_wim_get_fitness(). The
 * integrity table is not checked here, see kl_wim_verify().
 *
 * Errors: KL_ERROR_FORMAT (not a WIM, empty), KL_ERROR_WIM_TRUNCATED, KL_ERROR_WIM_SPLIT,
 * KL_ERROR_WIM_DAMAGED, KL_ERROR_WIM_UNREADABLE, KL_ERROR_* of open(2) and read(2). Blocks; any
 * thread.
 *
 * Returns: (transfer full) (nullable): the WIM, to be used by one thread at a time
 */
KlWim *
kl_wim_open (const char *path, GError **error)
{
  static GOnce once = G_ONCE_INIT;
  g_autoptr (KlWim) self = g_new0 (KlWim, 1);
  int code = GPOINTER_TO_INT (g_once (&once, init_wimlib, NULL));

  if (code != 0)
    {
      kl_wim_set_error (error, code, 0, NULL, "Cannot prepare wimlib");
      return NULL;
    }

  self->path = g_strdup (path);
  self->images = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_wim_image_free);
  if (!kl_wim_header_read (path, &self->header, error))
    return NULL;
  if (self->header.n_images > MAX_IMAGES)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_WIM_DAMAGED,
                   "“%s” claims to hold %u images; at most %d are accepted", path,
                   self->header.n_images, MAX_IMAGES);
      return NULL;
    }

  errno = 0;
  code = wimlib_open_wim (path, WIMLIB_OPEN_FLAG_ERROR_IF_SPLIT, &self->wim);
  if (code == 0)
    code = wimlib_get_wim_info (self->wim, &self->info);
  if (code != 0)
    {
      kl_wim_set_error (error, code, errno, NULL, "Cannot open “%s”", path);
      return NULL;
    }
  if (!check_table (self, error))
    return NULL;

  for (guint i = 1; i <= self->info.image_count; i++)
    g_ptr_array_add (self->images, kl_wim_image_read (self, i));
  return g_steal_pointer (&self);
}

/* What was known of an image lies in many small pieces, which the system gets back only on request.
 */
static void
close_wim (KlWim *self)
{
  g_clear_pointer (&self->wim, wimlib_free);
  malloc_trim (0);
}

void
kl_wim_free (KlWim *self)
{
  if (self == NULL)
    return;

  close_wim (self);
  g_clear_pointer (&self->images, g_ptr_array_unref);
  g_free (self->path);
  g_free (self);
}

/**
 * kl_wim_forget:
 *
 * Drops what was read of the images, which takes some hundred bytes a file; it is read again when
 * it is needed.
 *
 * Errors: as kl_wim_open(); the object is of no use then. Blocks.
 */
gboolean
kl_wim_forget (KlWim *self, GError **error)
{
  int code;

  close_wim (self);
  errno = 0;
  code = wimlib_open_wim (self->path, WIMLIB_OPEN_FLAG_ERROR_IF_SPLIT, &self->wim);
  if (code != 0)
    kl_wim_set_error (error, code, errno, NULL, "Cannot open “%s”", self->path);
  return code == 0;
}

const char *
kl_wim_get_path (KlWim *self)
{
  return self->path;
}

guint
kl_wim_get_n_images (KlWim *self)
{
  return self->images->len;
}

/* What the XML says under a path such as "WINDOWS/ARCH", unchecked; NULL where it is silent. */
const char *
kl_wim_get_property (KlWim *self, guint index, const char *property)
{
  return wimlib_get_image_property (self->wim, (int) index, property);
}

/**
 * kl_wim_get_boot_index:
 *
 * Returns: the image that the header marks as bootable, 1 …; 0 for none
 */
guint
kl_wim_get_boot_index (KlWim *self)
{
  return self->info.boot_index <= self->images->len ? self->info.boot_index : 0;
}

gboolean
kl_wim_has_integrity_table (KlWim *self)
{
  return self->header.has_integrity_table;
}

static char *
dup_unreadable_reason (KlWim *self)
{
  if (self->info.pipable)
    return g_strdup ("It is a pipable WIM, which boot managers cannot read.");
  if (self->has_solid)
    return g_strdup ("It is a solid WIM (an ESD), which boot managers cannot read.");
  if (self->info.compression_type == WIMLIB_COMPRESSION_TYPE_LZMS)
    return g_strdup ("It is compressed with LZMS, which boot managers cannot read.");
  if (self->info.compression_type != WIMLIB_COMPRESSION_TYPE_NONE
      && self->info.chunk_size != KL_WIM_BOOT_CHUNK_SIZE)
    return g_strdup_printf ("It is compressed in chunks of %u bytes, and boot managers read "
                            "chunks of %u bytes.",
                            self->info.chunk_size, KL_WIM_BOOT_CHUNK_SIZE);

  return NULL;
}

/**
 * kl_wim_get_fitness:
 * @reason: (out) (optional) (nullable): an English sentence; %NULL for %KL_WIM_FIT
 *
 * Whether the file can go on a medium as it is (media-formats.md 10).
 */
KlWimFitness
kl_wim_get_fitness (KlWim *self, char **reason)
{
  g_autofree char *why = dup_unreadable_reason (self);
  KlWimFitness fitness = KL_WIM_FIT;

  if (why != NULL)
    fitness = KL_WIM_NEEDS_REEXPORT;
  else if (self->images->len != 1)
    why = g_strdup_printf ("It holds %u images, and a boot image holds one.", self->images->len);
  else if (kl_wim_get_boot_index (self) == 0)
    why = g_strdup ("Its image is not marked as bootable.");

  if (fitness == KL_WIM_FIT && why != NULL)
    fitness = KL_WIM_NEEDS_EXPORT;
  if (reason != NULL)
    *reason = g_steal_pointer (&why);
  return fitness;
}

/**
 * kl_wim_get_image:
 * @index: 1 … kl_wim_get_n_images()
 *
 * Returns: (transfer none): what the XML says about an image, with control characters replaced
 */
const KlWimImage *
kl_wim_get_image (KlWim *self, guint index)
{
  g_return_val_if_fail (index >= 1 && index <= self->images->len, NULL);

  return g_ptr_array_index (self->images, index - 1);
}

typedef struct
{
  GPtrArray *entries;
  gboolean too_many;
} Listing;

static int
list_cb (const struct wimlib_dir_entry *entry, void *user_data)
{
  Listing *listing = user_data;
  KlWimEntry *listed;

  if (!is_plain_file (entry))
    return 0;
  if (listing->entries->len >= MAX_LISTED_FILES)
    {
      listing->too_many = TRUE;
      return WIMLIB_ERR_ABORTED_BY_PROGRESS;
    }

  listed = g_new0 (KlWimEntry, 1);
  listed->path = g_strdelimit (g_strdup (entry->full_path), "/", '\\');
  listed->size = entry->streams[0].resource.uncompressed_size;
  g_ptr_array_add (listing->entries, listed);
  return 0;
}

static gint
compare_entries (gconstpointer a, gconstpointer b)
{
  const KlWimEntry *const *left = a, *const *right = b;

  return g_strcmp0 ((*left)->path, (*right)->path);
}

/**
 * kl_wim_list_files:
 * @folder: "\Windows\Boot"; the case does not matter
 *
 * Lists the plain files at and below a folder of an image: no folders, links or encrypted files.
 *
 * Errors: KL_ERROR_WIM_DAMAGED (metadata broken, or more than 20,000 files). Blocks.
 *
 * Returns: (transfer full) (nullable): of KlWimEntry, sorted by path; empty without the folder
 */
GPtrArray *
kl_wim_list_files (KlWim *self, guint index, const char *folder, GError **error)
{
  g_autofree char *inner = dup_wimlib_path (folder);
  g_autoptr (GPtrArray) entries = g_ptr_array_new_with_free_func ((GDestroyNotify) entry_free);
  Listing listing = { entries, FALSE };
  int code = wimlib_iterate_dir_tree (self->wim, (int) index, inner,
                                      WIMLIB_ITERATE_DIR_TREE_FLAG_RECURSIVE
                                          | WIMLIB_ITERATE_DIR_TREE_FLAG_CHILDREN,
                                      list_cb, &listing);

  if (listing.too_many)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_WIM_DAMAGED,
                   "“%s” of image %u in “%s” holds more than %d files", folder, index, self->path,
                   MAX_LISTED_FILES);
      return NULL;
    }
  if (code != 0 && code != WIMLIB_ERR_PATH_DOES_NOT_EXIST && code != WIMLIB_ERR_NOTDIR)
    {
      kl_wim_set_error (error, code, 0, NULL, "Cannot list “%s” of image %u in “%s”", folder, index,
                        self->path);
      return NULL;
    }

  g_ptr_array_sort (entries, compare_entries);
  return g_steal_pointer (&entries);
}

static gboolean
find_entry (KlWim *self, guint index, const char *path, Found *found, GError **error)
{
  g_autofree char *inner = dup_wimlib_path (path);
  int code = wimlib_iterate_dir_tree (self->wim, (int) index, inner, 0, found_cb, found);

  if (code == 0 || code == WIMLIB_ERR_PATH_DOES_NOT_EXIST || code == WIMLIB_ERR_NOTDIR)
    return TRUE;

  kl_wim_set_error (error, code, 0, NULL, "Cannot read image %u of “%s”", index, self->path);
  g_clear_pointer (&found->name, g_free);
  return FALSE;
}

/**
 * kl_wim_lookup:
 * @name: (out) (transfer full) (nullable): base name as spelt in the image; %NULL where @path is no
 *   plain file
 * @size: (out): bytes, where it is one
 *
 * Errors: KL_ERROR_WIM_DAMAGED. Blocks while the metadata of the image is read for the first time.
 */
gboolean
kl_wim_lookup (
    KlWim *self, guint index, const char *path, char **name, guint64 *size, GError **error)
{
  Found found = { 0 };

  if (!find_entry (self, index, path, &found, error))
    return FALSE;
  if (!found.is_file)
    g_clear_pointer (&found.name, g_free);
  *name = found.name;
  *size = found.size;
  return TRUE;
}

typedef struct
{
  char *name; /* as spelt in the image */
  gboolean is_folder;
} Spelling;

static int
spelling_cb (const struct wimlib_dir_entry *entry, void *user_data)
{
  Spelling *spelling = user_data;

  spelling->is_folder = (entry->attributes & WIMLIB_FILE_ATTRIBUTE_DIRECTORY) != 0
                        && (entry->attributes & WIMLIB_FILE_ATTRIBUTE_REPARSE_POINT) == 0;
  g_free (spelling->name);
  spelling->name = g_strdup (entry->filename != NULL ? entry->filename : "");
  return 0;
}

/**
 * kl_wim_find_spelling:
 * @path: "\Windows\System32"; the case does not matter
 * @name: (out) (transfer full) (nullable): the last part of @path as spelt in the image; %NULL
 *   where there is nothing of that name
 * @is_folder: (out): whether it is a folder, and no link
 *
 * Errors: KL_ERROR_WIM_DAMAGED. Blocks while the metadata of the image is read for the first time.
 */
gboolean
kl_wim_find_spelling (
    KlWim *self, guint index, const char *path, char **name, gboolean *is_folder, GError **error)
{
  g_autofree char *inner = dup_wimlib_path (path);
  Spelling spelling = { 0 };
  int code = wimlib_iterate_dir_tree (self->wim, (int) index, inner, 0, spelling_cb, &spelling);

  if (code != 0 && code != WIMLIB_ERR_PATH_DOES_NOT_EXIST && code != WIMLIB_ERR_NOTDIR)
    {
      kl_wim_set_error (error, code, 0, NULL, "Cannot read image %u of “%s”", index, self->path);
      g_free (spelling.name);
      return FALSE;
    }

  *name = spelling.name;
  *is_folder = spelling.is_folder;
  return TRUE;
}

/**
 * kl_wim_extract_flat:
 * @paths: of strings; their base names differ
 * @folder: where each file goes under the name that it has in the image
 *
 * Errors: KL_ERROR_WIM_DAMAGED, KL_ERROR_* of writing, G_IO_ERROR_CANCELLED. Blocks.
 */
gboolean
kl_wim_extract_flat (KlWim *self,
                     guint index,
                     GPtrArray *paths,
                     const char *folder,
                     KlProgress *progress,
                     GCancellable *cancellable,
                     GError **error)
{
  KlWimCall call = { progress, cancellable, NULL, -1 };
  g_autoptr (GPtrArray) inner = g_ptr_array_new_with_free_func (g_free);
  int code;

  for (guint i = 0; i < paths->len; i++)
    g_ptr_array_add (inner, dup_wimlib_path (g_ptr_array_index (paths, i)));

  wimlib_register_progress_function (self->wim, kl_wim_progress_cb, &call);
  errno = 0;
  code = wimlib_extract_paths (
      self->wim, (int) index, folder, (const char *const *) inner->pdata, inner->len,
      WIMLIB_EXTRACT_FLAG_NO_PRESERVE_DIR_STRUCTURE | WIMLIB_EXTRACT_FLAG_NO_ACLS
          | WIMLIB_EXTRACT_FLAG_NO_ATTRIBUTES);
  if (code != 0)
    kl_wim_set_error (error, code, errno, cancellable, "Cannot extract from image %u of “%s”",
                      index, self->path);
  wimlib_register_progress_function (self->wim, NULL, NULL);
  return code == 0;
}

static gboolean
verify_integrity (KlWim *self, KlWimCall *call, GError **error)
{
  WIMStruct *checked = NULL;
  int code;

  errno = 0;
  code = wimlib_open_wim_with_progress (self->path, WIMLIB_OPEN_FLAG_CHECK_INTEGRITY, &checked,
                                        kl_wim_progress_cb, call);
  if (code != 0)
    {
      kl_wim_set_error (error, code, errno, call->cancellable,
                        "“%s” does not match its integrity table", self->path);
      return FALSE;
    }

  wimlib_free (checked);
  return TRUE;
}

static gboolean
verify_blobs (KlWim *self, KlWimCall *call, GError **error)
{
  int code;

  wimlib_register_progress_function (self->wim, kl_wim_progress_cb, call);
  errno = 0;
  code = wimlib_verify_wim (self->wim, 0);
  if (code == WIMLIB_ERR_RESOURCE_NOT_FOUND)
    g_set_error (error, KL_ERROR, KL_ERROR_WIM_DAMAGED,
                 "“%s” is incomplete: the content of some files is not in it, as in a delta WIM",
                 self->path);
  else if (code != 0)
    kl_wim_set_error (error, code, errno, call->cancellable, "“%s” is damaged", self->path);
  wimlib_register_progress_function (self->wim, NULL, NULL);
  return code == 0;
}

/**
 * kl_wim_verify:
 * @blobs: also decompress everything and compare its SHA-1
 * @progress: (nullable): counts bytes
 *
 * Checks the file against its integrity table, if it has one.
 *
 * Errors: KL_ERROR_WIM_DAMAGED, KL_ERROR_WIM_TRUNCATED, KL_ERROR_* of read(2),
 * G_IO_ERROR_CANCELLED. Blocks.
 */
gboolean
kl_wim_verify (
    KlWim *self, gboolean blobs, KlProgress *progress, GCancellable *cancellable, GError **error)
{
  gboolean table = self->header.has_integrity_table;
  KlWimCall call = { .cancellable = cancellable, .written_fd = -1 };
  KlProgress *table_step = table ? kl_progress_add_step (progress, 1, NULL) : NULL;
  KlProgress *blobs_step = blobs ? kl_progress_add_step (progress, 3, NULL) : NULL;

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;

  call.progress = table_step;
  if (table && !verify_integrity (self, &call, error))
    return FALSE;
  kl_progress_finish (table_step);

  call.progress = blobs_step;
  if (blobs && !verify_blobs (self, &call, error))
    return FALSE;
  kl_progress_finish (blobs_step);
  return TRUE;
}
