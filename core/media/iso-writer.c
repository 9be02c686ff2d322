/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-iso-writer"

#include "media/iso-writer.h"

#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* libisofs.h wants these before it. */
#include <stdint.h>
#include <sys/types.h>

#define LIBISOFS_WITHOUT_LIBBURN
#include <libisofs/libisofs.h>

#include "base/checksum.h"
#include "base/error.h"
#include "base/file-io.h"
#include "image/media-source-kinds.h"
#include "media/iso-records.h"

/* From this size on, content goes straight from file to extent; bytes. */
#define BIG_FILE ((guint64) 1 << 20)

/* A file of this size needs a second extent, which boot managers don't read (media-formats.md 8.3);
 * bytes. */
#define FILE_LIMIT (((guint64) 4 << 30) - 2048)

/* Boot managers count in 32 bits (media-formats.md 8.3); bytes. */
#define BOOT_LIMIT ((guint64) 4 << 30)

/* Zeros at the end that old read-ahead of CD drives may run into, as all ISO writers have them. */
#define TAIL_BLOCKS 150

/* Where a file system shares extents, their place must be a multiple of this; bytes. */
#define SHARED_BLOCK 4096

#define CHUNK_BYTES ((gsize) 256 << 10)
#define REGION_BYTES ((guint64) 4 << 20)
#define FIFO_BLOCKS 512 /* 1 MiB */

/* Directories of any layout fit ten times; bytes. */
#define MAX_STRUCTURES ((guint64) 64 << 20)

#define HIDDEN (LIBISO_HIDE_ON_RR | LIBISO_HIDE_ON_JOLIET | LIBISO_HIDE_BUT_WRITE)

enum
{
  WEIGHT_SMALL = 10000,
  WEIGHT_PAD = 9000,
  WEIGHT_BIG = 8000, /* one less for each */
};

/* Boot managers open these (media-formats.md 8.3). */
static const char *const boot_files[] = {
  "/bootmgr", "/boot/bcd", "/boot/boot.sdi", "/efi/microsoft/boot/bcd", "/sources/boot.wim",
};

/* One file of the layout on its way to the medium. */
typedef struct
{
  const KlLayoutItem *item; /* borrowed from the layout */
  IsoFile *file;            /* borrowed from the image */
  gboolean big;
  guint64 offset; /* bytes, on the medium; of big ones, once read from the records */
} Piece;

/* One run of libisofs. */
typedef struct
{
  KlMediaLayout *layout;     /* borrowed */
  GCancellable *cancellable; /* borrowed */
  IsoImage *image;
  IsoWriteOpts *options;
  struct burn_source *source;
  GHashTable *folders; /* path in small letters → IsoDir, borrowed from the image */
  GPtrArray *pieces;   /* of Piece, sorted by path */
  GPtrArray *big;      /* of Piece, borrowed; in their order on the medium */
  guint64 size;        /* bytes, of the whole medium */
  guint64 structures;  /* bytes before the first file */
  GMutex lock;
  GError *error; /* the first one in the thread of libisofs; guarded by lock */
} Production;

/* What libisofs holds of a file: the data of an IsoStream. */
typedef struct
{
  Production *production;
  const KlLayoutItem *item;
  gboolean big;
  ino_t number;
  int fd; /* owned */
  guint64 done;
  guint32 crc32c;
} Content;

struct _KlIsoWriter
{
  KlMediaWriter parent_instance;

  KlMediaLayout *layout; /* owned */
  GPtrArray *regions;    /* owned; of KlRegion */
};

G_DEFINE_FINAL_TYPE (KlIsoWriter, kl_iso_writer, KL_TYPE_MEDIA_WRITER)

static void production_free (Production *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Production, production_free)

static gboolean
set_library_error (GError **error, int status, const char *what)
{
  g_set_error (error, KL_ERROR,
               status == (int) ISO_OUT_OF_MEM ? KL_ERROR_OUT_OF_MEMORY : KL_ERROR_FAILED,
               "Cannot lay out the ISO file: %s: %s", what, iso_error_to_msg (status));
  return FALSE;
}

static gboolean
set_changed_error (KlMediaLayout *layout, const KlLayoutItem *item, const char *how, GError **error)
{
  GError *changed = g_error_new (KL_ERROR, KL_ERROR_MISSING_PACKAGE,
                                 "“%s” of boot image %s has changed since it was imported: %s",
                                 item->file != NULL ? item->file : item->path,
                                 kl_media_layout_get_image_id (layout), how);

  kl_error_set_detail (changed, kl_media_layout_get_image_id (layout));
  g_propagate_error (error, changed);
  return FALSE;
}

/* Opens an item's file and makes sure that it has the recorded size. */
static int
open_item (KlMediaLayout *layout, const KlLayoutItem *item, GError **error)
{
  g_autofd int fd = kl_open_for_reading (item->file, error);
  struct stat info;

  if (fd < 0)
    return -1;
  if (fstat (fd, &info) != 0 || (guint64) info.st_size != item->size)
    {
      g_autofree char *how
          = g_strdup_printf ("%" G_GUINT64_FORMAT " bytes and not %" G_GUINT64_FORMAT,
                             (guint64) info.st_size, item->size);

      set_changed_error (layout, item, how, error);
      return -1;
    }

  return g_steal_fd (&fd);
}

/* Keeps the first error of libisofs's thread: what the library makes of it says less. */
static int
fail_content (Content *self, GError *error)
{
  g_mutex_lock (&self->production->lock);
  if (self->production->error == NULL)
    self->production->error = g_steal_pointer (&error);
  g_mutex_unlock (&self->production->lock);

  g_clear_error (&error);
  return (int) ISO_FILE_READ_ERROR;
}

static int
content_open (IsoStream *stream)
{
  Content *self = stream->data;
  GError *error = NULL;

  self->done = 0;
  self->crc32c = 0;
  if (self->big || self->item->bytes != NULL)
    return ISO_SUCCESS;

  self->fd = open_item (self->production->layout, self->item, &error);
  return self->fd >= 0 ? ISO_SUCCESS : fail_content (self, error);
}

static int
content_close (IsoStream *stream)
{
  Content *self = stream->data;

  kl_close_fd (&self->fd);
  return ISO_SUCCESS;
}

static off_t
content_get_size (IsoStream *stream)
{
  const Content *self = stream->data;

  return (off_t) self->item->size;
}

static gboolean
content_fill (Content *self, void *buffer, gsize length, GError **error)
{
  if (g_cancellable_set_error_if_cancelled (self->production->cancellable, error))
    return FALSE;

  if (self->item->bytes != NULL)
    memcpy (buffer, (const guint8 *) g_bytes_get_data (self->item->bytes, NULL) + self->done,
            length);
  else if (!kl_read_at (self->fd, buffer, length, self->done, self->item->file, error))
    return FALSE;

  self->done += length;
  self->crc32c = kl_crc32c_update (self->crc32c, buffer, length);
  if (self->done == self->item->size && self->crc32c != self->item->crc32c)
    return set_changed_error (self->production->layout, self->item, "its checksum differs", error);
  return TRUE;
}

static int
content_read (IsoStream *stream, void *buffer, size_t count)
{
  Content *self = stream->data;
  gsize length = (gsize) MIN (count, self->item->size - self->done);
  GError *error = NULL;

  /* libisofs runs ahead into the first big file by what its ring buffer holds. Nobody reads that.
   */
  if (self->big)
    {
      memset (buffer, 0, length);
      self->done += length;
      return (int) length;
    }

  return content_fill (self, buffer, length, &error) ? (int) length : fail_content (self, error);
}

static int
content_is_repeatable (IsoStream *stream)
{
  return 1;
}

/* Each file is itself: two with the same content still get an extent each. */
static void
content_get_id (IsoStream *stream, unsigned int *fs_id, dev_t *dev_id, ino_t *ino_id)
{
  const Content *self = stream->data;

  *fs_id = 0;
  *dev_id = 0;
  *ino_id = self->number;
}

static void
content_free (IsoStream *stream)
{
  Content *self = stream->data;

  kl_close_fd (&self->fd);
  g_free (self);
}

static int
content_update_size (IsoStream *stream)
{
  return ISO_SUCCESS;
}

static IsoStream *
content_get_input_stream (IsoStream *stream, int flag)
{
  return NULL;
}

static IsoStreamIface content_class = {
  .version = 2,
  .type = { 'u', 's', 'e', 'r' },
  .open = content_open,
  .close = content_close,
  .get_size = content_get_size,
  .read = content_read,
  .is_repeatable = content_is_repeatable,
  .get_id = content_get_id,
  .free = content_free,
  .update_size = content_update_size,
  .get_input_stream = content_get_input_stream,
};

static IsoStream *
content_new (Production *production, const KlLayoutItem *item, gboolean big)
{
  /* libisofs frees it. */
  IsoStream *stream = calloc (1, sizeof *stream);
  Content *self = g_new0 (Content, 1);

  g_assert (stream != NULL);
  self->production = production;
  self->item = item;
  self->big = big;
  self->number = production->pieces->len + 1;
  self->fd = -1;
  stream->class = &content_class;
  stream->refcount = 1;
  stream->data = self;
  return stream;
}

/* Ends the thread of libisofs, if there is one. */
static void
close_source (Production *self)
{
  if (self->source == NULL)
    return;

  self->source->cancel (self->source);
  self->source->free_data (self->source);
  free (self->source);
  self->source = NULL;
}

static void
production_free (Production *self)
{
  if (self == NULL)
    return;

  close_source (self);
  g_clear_pointer (&self->options, iso_write_opts_free);
  g_clear_pointer (&self->image, iso_image_unref);
  g_clear_pointer (&self->folders, g_hash_table_unref);
  g_clear_pointer (&self->big, g_ptr_array_unref);
  g_clear_pointer (&self->pieces, g_ptr_array_unref);
  g_clear_error (&self->error);
  g_mutex_clear (&self->lock);
  g_free (self);
}

/* The folder of @path, made if need be. Boot managers don't know case, so /Boot and /boot are one
 * folder. */
static IsoDir *
make_folder (Production *self, const char *path, GError **error)
{
  g_autofree char *key = g_ascii_strdown (path, -1);
  g_autofree char *above = NULL;
  g_autofree char *name = NULL;
  IsoDir *folder = g_hash_table_lookup (self->folders, key);
  IsoDir *parent;
  int status;

  if (folder != NULL)
    return folder;

  above = g_path_get_dirname (path);
  name = g_path_get_basename (path);
  parent = make_folder (self, above, error);
  if (parent == NULL)
    return NULL;

  status = iso_image_add_new_dir (self->image, parent, name, &folder);
  if (status < 0)
    {
      set_library_error (error, status, path);
      return NULL;
    }

  g_hash_table_insert (self->folders, g_steal_pointer (&key), folder);
  return folder;
}

/* Whether each part of the path stands in both trees as it is, so that its record is found again.
 */
static gboolean
has_plain_name (const char *path)
{
  g_auto (GStrv) parts = g_strsplit (path + 1, "/", -1);

  for (guint i = 0; parts[i] != NULL; i++)
    if (strlen (parts[i]) > 31 || !g_str_is_ascii (parts[i])
        || strpbrk (parts[i], "*:;?\\") != NULL)
      return FALSE;

  return TRUE;
}

static gboolean
add_file (Production *self, const KlLayoutItem *item, GError **error)
{
  g_autofree char *folder_path = g_path_get_dirname (item->path);
  g_autofree char *name = g_path_get_basename (item->path);
  IsoDir *folder = make_folder (self, folder_path, error);
  Piece *piece;
  IsoStream *stream;
  int status;

  if (folder == NULL)
    return FALSE;

  piece = g_new0 (Piece, 1);
  piece->item = item;
  piece->big = item->file != NULL && item->size >= BIG_FILE && has_plain_name (item->path);
  stream = content_new (self, item, piece->big);
  g_ptr_array_add (self->pieces, piece);
  status = iso_image_add_new_file (self->image, folder, name, stream, &piece->file);
  if (status < 0)
    {
      iso_stream_unref (stream);
      return set_library_error (error, status, item->path);
    }

  iso_node_set_sort_weight (ISO_NODE (piece->file), WEIGHT_SMALL);
  if (piece->big)
    g_ptr_array_add (self->big, piece);
  return TRUE;
}

static gboolean
is_boot_file (const char *path)
{
  for (guint i = 0; i < G_N_ELEMENTS (boot_files); i++)
    if (g_ascii_strcasecmp (boot_files[i], path) == 0)
      return TRUE;

  return FALSE;
}

/* What boot managers open comes first, below 4 GiB; the biggest last. */
static int
compare_big (gconstpointer a, gconstpointer b)
{
  const KlLayoutItem *one = (*(Piece *const *) a)->item, *other = (*(Piece *const *) b)->item;
  int boot = is_boot_file (other->path) - is_boot_file (one->path);

  if (boot != 0)
    return boot;
  return one->size < other->size ? -1 : one->size > other->size;
}

static guint64
round_up (guint64 bytes, guint64 multiple)
{
  return (bytes + multiple - 1) / multiple * multiple;
}

static gboolean
set_too_large_error (KlMediaLayout *layout, const KlLayoutItem *item, guint64 end, GError **error)
{
  GError *too_large = g_error_new (
      KL_ERROR, KL_ERROR_PACKAGE_TOO_LARGE,
      "“%s” has %" G_GUINT64_FORMAT " bytes and would end at byte %" G_GUINT64_FORMAT
      " of the medium; on an ISO file boot managers read files of less than %" G_GUINT64_FORMAT
      " bytes that end before byte %" G_GUINT64_FORMAT,
      item->path, item->size, end, FILE_LIMIT, BOOT_LIMIT);

  kl_error_set_detail (too_large, kl_media_layout_get_image_id (layout));
  g_propagate_error (error, too_large);
  return FALSE;
}

static gboolean
add_files (Production *self, GError **error)
{
  for (guint i = 0; i < kl_media_layout_get_n_items (self->layout); i++)
    {
      const KlLayoutItem *item = kl_media_layout_get_item (self->layout, i);

      if (item->size >= FILE_LIMIT)
        return set_too_large_error (self->layout, item, item->size, error);
      if (!add_file (self, item, error))
        return FALSE;
    }

  g_ptr_array_sort (self->big, compare_big);
  for (guint i = 0; i < self->big->len; i++)
    {
      const Piece *piece = g_ptr_array_index (self->big, i);

      iso_node_set_sort_weight (ISO_NODE (piece->file), WEIGHT_BIG - (int) i);
    }
  return TRUE;
}

static char *
dup_node_path (Production *self, const KlLayoutItem *item)
{
  for (guint i = 0; i < self->pieces->len; i++)
    {
      const Piece *piece = g_ptr_array_index (self->pieces, i);

      if (piece->item == item)
        return iso_tree_get_node_path (ISO_NODE (piece->file));
    }

  return NULL;
}

/* Adds the first or a further entry to the boot catalogue. */
static gboolean
add_boot_entry (Production *self,
                const KlLayoutItem *item,
                ElToritoBootImage **entry,
                GError **error)
{
  char *path = dup_node_path (self, item);
  gboolean first = !iso_image_get_boot_image (self->image, NULL, NULL, NULL);
  int status;

  if (path == NULL)
    return set_library_error (error, (int) ISO_NODE_DOESNT_EXIST, item->path);
  if (first)
    status = iso_image_set_boot_image (self->image, path, ELTORITO_NO_EMUL, "/boot.cat", entry);
  else
    status = iso_image_add_boot_image (self->image, path, ELTORITO_NO_EMUL, 0, entry);
  free (path);
  if (status < 0)
    return set_library_error (error, status, item->path);

  if (first)
    {
      /* The catalogue has no name on the medium: it is no file of the layout. */
      iso_image_set_boot_catalog_weight (self->image, WEIGHT_SMALL);
      iso_image_set_boot_catalog_hidden (self->image, HIDDEN);
    }
  return TRUE;
}

/* media-formats.md 8.1. */
static gboolean
add_boot_entries (Production *self, GError **error)
{
  guint8 id[28] = "Microsoft Corporation";
  const KlLayoutItem *bios = kl_media_layout_get_bios_boot_image (self->layout);
  const KlLayoutItem *efi = kl_media_layout_get_efi_boot_image (self->layout);
  ElToritoBootImage *entry = NULL;

  if (bios != NULL)
    {
      if (!add_boot_entry (self, bios, &entry, error))
        return FALSE;
      el_torito_set_load_size (entry, 8);
      el_torito_set_id_string (entry, id);
    }

  if (efi != NULL)
    {
      if (!add_boot_entry (self, efi, &entry, error))
        return FALSE;
      el_torito_set_boot_platform_id (entry, 0xEF);
      el_torito_set_full_load (entry, 1);
    }
  return TRUE;
}

/* media-formats.md 8.2. */
static gboolean
make_options (Production *self, GError **error)
{
  int status = iso_write_opts_new (&self->options, 0);
  IsoWriteOpts *options = self->options;

  if (status < 0)
    {
      self->options = NULL;
      return set_library_error (error, status, "options");
    }

  iso_write_opts_set_iso_level (options, 3);
  iso_write_opts_set_rockridge (options, 0);
  iso_write_opts_set_omit_version_numbers (options, 1);
  iso_write_opts_set_no_force_dots (options, 3);
  iso_write_opts_set_allow_7bit_ascii (options, 1);
  iso_write_opts_set_allow_deep_paths (options, 1);
  iso_write_opts_set_allow_longer_paths (options, 1);
  iso_write_opts_set_joliet (options, 1);
  iso_write_opts_set_joliet_long_names (options, 1);
  iso_write_opts_set_joliet_longer_paths (options, 1);
  iso_write_opts_set_sort_files (options, 1);
  iso_write_opts_set_tail_blocks (options, TAIL_BLOCKS);
  iso_write_opts_set_fifo_size (options, FIFO_BLOCKS);
  return TRUE;
}

/* Lays the image out, and starts to produce it unless @only_measure. */
static gboolean
open_source (Production *self, gboolean only_measure, GError **error)
{
  uint32_t data_start = 0;
  int status;

  close_source (self);
  iso_write_opts_set_will_cancel (self->options, only_measure);
  status = iso_image_create_burn_source (self->image, self->options, &self->source);
  if (status < 0)
    {
      self->source = NULL;
      return set_library_error (error, status, "layout");
    }

  status = iso_write_opts_get_data_start (self->options, &data_start, 0);
  if (status < 0)
    return set_library_error (error, status, "start of the files");

  self->size = (guint64) self->source->get_size (self->source);
  self->structures = (guint64) data_start * KL_ISO_BLOCK;
  return TRUE;
}

/* Where big files will begin, counted from the end. What libisofs makes of it is read from its
 * records later (find_extents); this only chooses the padding and refuses what is too far out. */
static gboolean
predict_extents (Production *self, guint64 *offset_of_last, GError **error)
{
  guint64 end = self->size - (guint64) TAIL_BLOCKS * KL_ISO_BLOCK;

  *offset_of_last = 0;
  for (guint i = self->big->len; i-- > 0;)
    {
      const Piece *piece = g_ptr_array_index (self->big, i);
      guint64 offset = end - round_up (piece->item->size, KL_ISO_BLOCK);

      if (is_boot_file (piece->item->path) && offset + piece->item->size >= BOOT_LIMIT)
        return set_too_large_error (self->layout, piece->item, offset + piece->item->size, error);
      if (i == self->big->len - 1)
        *offset_of_last = offset;
      end = offset;
    }

  return TRUE;
}

/* One block of zeros before the big files, in no directory. */
static gboolean
add_pad (Production *self, GError **error)
{
  /* libisofs frees both. */
  unsigned char *zeros = calloc (1, KL_ISO_BLOCK);
  IsoStream *stream = NULL;
  IsoFile *file = NULL;
  int status;

  g_assert (zeros != NULL);
  status = iso_memory_stream_new (zeros, KL_ISO_BLOCK, &stream);
  if (status < 0)
    {
      free (zeros);
      return set_library_error (error, status, "padding");
    }

  status = iso_image_add_new_file (self->image, iso_image_get_root (self->image), "padding.bin",
                                   stream, &file);
  if (status < 0)
    {
      iso_stream_unref (stream);
      return set_library_error (error, status, "padding");
    }

  iso_node_set_hidden (ISO_NODE (file), HIDDEN);
  iso_node_set_sort_weight (ISO_NODE (file), WEIGHT_PAD);
  return TRUE;
}

/* Lays everything out and knows the size. The biggest file gets a place at which file systems can
 * share its blocks with the source instead of copying them. */
static gboolean
measure (Production *self, GError **error)
{
  guint64 offset = 0;

  if (!open_source (self, TRUE, error) || !predict_extents (self, &offset, error))
    return FALSE;
  if (offset % SHARED_BLOCK == 0)
    return TRUE;

  return add_pad (self, error) && open_source (self, TRUE, error)
         && predict_extents (self, &offset, error);
}

static gboolean
make_image (Production *self, GError **error)
{
  g_autofree char *volume = kl_label_dup_volume_id (kl_media_layout_get_label (self->layout));
  int status = iso_image_new (volume, &self->image);

  if (status < 0)
    {
      self->image = NULL;
      return set_library_error (error, status, "volume");
    }

  iso_image_set_volume_id (self->image, volume);
  iso_image_set_volset_id (self->image, volume);
  iso_image_set_publisher_id (self->image, "KINDLING");
  iso_image_set_data_preparer_id (self->image, "KINDLING");
  iso_image_set_application_id (self->image, "KINDLING " KL_VERSION);
  g_hash_table_insert (self->folders, g_strdup ("/"), iso_image_get_root (self->image));
  return TRUE;
}

static Production *
production_new (KlMediaLayout *layout, GCancellable *cancellable, GError **error)
{
  g_autoptr (Production) self = g_new0 (Production, 1);

  kl_libisofs_start ();
  self->layout = layout;
  self->cancellable = cancellable;
  self->folders = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->pieces = g_ptr_array_new_with_free_func (g_free);
  self->big = g_ptr_array_new ();
  g_mutex_init (&self->lock);

  if (!make_image (self, error) || !add_files (self, error) || !add_boot_entries (self, error)
      || !make_options (self, error) || !measure (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

static gboolean
set_extent_error (const char *path, const char *what, GError **error)
{
  g_set_error (error, KL_ERROR, KL_ERROR_FAILED, "Cannot lay out the ISO file: “%s” %s", path,
               what);
  return FALSE;
}

/* Reads from one tree's records where each big file lies, and makes sure that they are the last
 * ones, without a gap. */
static gboolean
find_extents (Production *self, KlBytesView head, KlIsoTree tree, GError **error)
{
  g_autoptr (GPtrArray) records = kl_iso_records_read (head, tree, error);
  guint64 end = self->size - (guint64) TAIL_BLOCKS * KL_ISO_BLOCK;
  guint n_behind = 0;

  if (records == NULL)
    return FALSE;
  if (records->len != self->pieces->len)
    return set_extent_error ("/", "has more or fewer files than the layout", error);

  for (guint i = self->big->len; i-- > 0;)
    {
      Piece *piece = g_ptr_array_index (self->big, i);
      const KlIsoRecord *record = kl_iso_records_find (records, piece->item->path);

      if (record == NULL || record->size != piece->item->size)
        return set_extent_error (piece->item->path, "has no record of its size", error);
      if (record->offset + round_up (record->size, KL_ISO_BLOCK) != end)
        return set_extent_error (piece->item->path, "lies elsewhere than behind all others", error);
      piece->offset = record->offset;
      end = record->offset;
    }

  for (guint i = 0; i < records->len; i++)
    {
      const KlIsoRecord *record = g_ptr_array_index (records, i);

      n_behind += record->size > 0 && record->offset + record->size > end;
    }
  if (n_behind != self->big->len)
    return set_extent_error ("/", "has small files behind the big ones", error);
  return TRUE;
}

/* Where the first big file begins, which is where libisofs is no longer needed. */
static gboolean
find_end_of_head (Production *self, GByteArray *structures, guint64 *end, GError **error)
{
  const KlBytesView head = { structures->data, structures->len };

  if (!find_extents (self, head, KL_ISO_TREE_PRIMARY, error)
      || !find_extents (self, head, KL_ISO_TREE_JOLIET, error))
    return FALSE;

  *end = self->size;
  if (self->big->len > 0)
    *end = ((const Piece *) g_ptr_array_index (self->big, 0))->offset;
  return TRUE;
}

/* Takes the next bytes from libisofs. */
static gboolean
read_source (Production *self, guint8 *buffer, gsize length, guint64 offset, GError **error)
{
  int n;

  if (g_cancellable_set_error_if_cancelled (self->cancellable, error))
    return FALSE;

  n = self->source->read_xt (self->source, buffer, (int) length);
  g_mutex_lock (&self->lock);
  if (self->error != NULL)
    g_propagate_error (error, g_steal_pointer (&self->error));
  else if (n != (int) length)
    g_set_error (error, KL_ERROR, KL_ERROR_FAILED,
                 "Cannot lay out the ISO file: libisofs ended at byte %" G_GUINT64_FORMAT
                 " of %" G_GUINT64_FORMAT,
                 offset, self->size);
  else
    n = -1;
  g_mutex_unlock (&self->lock);
  return n == -1;
}

/* What goes out in order, with the sums of what went out. */
typedef struct
{
  KlSink *sink;
  KlProgress *progress;
  GPtrArray *regions;
  guint64 at;    /* bytes; the next one to write */
  guint64 start; /* bytes; of the region that is being summed */
  guint32 crc32c;
} Stream;

static void
end_region (Stream *stream, const char *name)
{
  if (stream->at > stream->start)
    g_ptr_array_add (stream->regions, kl_region_new (stream->start, stream->at - stream->start,
                                                     stream->crc32c, name, NULL));
  stream->start = stream->at;
  stream->crc32c = 0;
}

static gboolean
write_bytes (Stream *stream, const guint8 *data, gsize length, const char *name, GError **error)
{
  if (!kl_sink_write (stream->sink, data, length, stream->at, error))
    return FALSE;

  stream->crc32c = kl_crc32c_update (stream->crc32c, data, length);
  stream->at += length;
  kl_progress_advance (stream->progress, length);
  if (stream->at - stream->start >= REGION_BYTES)
    end_region (stream, name);
  return TRUE;
}

/* Everything up to the first big file, by libisofs. The first bytes are kept until they hold all
 * directories, which then say how far to go. */
static gboolean
write_head (Production *self, Stream *stream, GError **error)
{
  static const char name[] = "file system and small files";
  g_autofree guint8 *buffer = g_malloc (CHUNK_BYTES);
  g_autoptr (GByteArray) structures = g_byte_array_new ();
  guint64 end = self->structures;
  gboolean known = FALSE;

  if (self->structures > MAX_STRUCTURES || self->structures > self->size)
    return set_extent_error ("/", "has directories of an absurd size", error);

  while (stream->at < end)
    {
      gsize length = (gsize) MIN (CHUNK_BYTES, end - stream->at);

      if (!read_source (self, buffer, length, stream->at, error))
        return FALSE;
      if (!known)
        g_byte_array_append (structures, buffer, (guint) length);
      if (!write_bytes (stream, buffer, length, name, error))
        return FALSE;
      if (!known && stream->at == end)
        {
          known = TRUE;
          if (!find_end_of_head (self, structures, &end, error))
            return FALSE;
        }
    }

  end_region (stream, name);
  return TRUE;
}

static gboolean
write_zeros (Stream *stream, guint64 length, GCancellable *cancellable, GError **error)
{
  static const guint8 zeros[64 << 10];
  static const char name[] = "padding";

  while (length > 0)
    {
      gsize n = (gsize) MIN (length, sizeof zeros);

      if (g_cancellable_set_error_if_cancelled (cancellable, error)
          || !write_bytes (stream, zeros, n, name, error))
        return FALSE;
      length -= n;
    }

  end_region (stream, name);
  return TRUE;
}

/* One big file from its source to its extent, and zeros to the end of its last block. */
static gboolean
write_big (Production *self, Stream *stream, const Piece *piece, GError **error)
{
  const KlLayoutItem *item = piece->item;
  g_autofd int fd = open_item (self->layout, item, error);

  if (fd < 0)
    return FALSE;

  kl_progress_set_info (stream->progress, "Writing %s", item->path + 1);
  if (!kl_sink_copy (stream->sink, fd, item->file, 0, item->size, piece->offset, stream->progress,
                     self->cancellable, error))
    return FALSE;

  g_ptr_array_add (stream->regions,
                   kl_region_new (piece->offset, item->size, item->crc32c, item->path, item->file));
  stream->at = stream->start = piece->offset + item->size;
  return write_zeros (stream, round_up (stream->at, KL_ISO_BLOCK) - stream->at, self->cancellable,
                      error);
}

static gboolean
write_all (Production *self, Stream *stream, GError **error)
{
  kl_progress_set_total (stream->progress, self->size);
  kl_progress_set_info (stream->progress, "Writing the file system and small files");
  if (!open_source (self, FALSE, error) || !write_head (self, stream, error))
    return FALSE;

  close_source (self);
  for (guint i = 0; i < self->big->len; i++)
    if (!write_big (self, stream, g_ptr_array_index (self->big, i), error))
      return FALSE;

  return write_zeros (stream, self->size - stream->at, self->cancellable, error);
}

static gboolean
kl_iso_writer_measure (KlMediaWriter *writer, guint64 *size, GError **error)
{
  KlIsoWriter *self = KL_ISO_WRITER (writer);
  g_autoptr (Production) production = production_new (self->layout, NULL, error);

  if (production == NULL)
    return FALSE;

  *size = production->size;
  return TRUE;
}

static gboolean
kl_iso_writer_write (KlMediaWriter *writer,
                     KlSink *sink,
                     KlProgress *progress,
                     GCancellable *cancellable,
                     GError **error)
{
  KlIsoWriter *self = KL_ISO_WRITER (writer);
  g_autoptr (GPtrArray) regions = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_region_free);
  Stream stream = { .sink = sink, .progress = progress, .regions = regions };
  g_autoptr (Production) production = production_new (self->layout, cancellable, error);

  if (production == NULL || !kl_sink_prepare (sink, production->size, error)
      || !write_all (production, &stream, error))
    return FALSE;

  g_ptr_array_unref (self->regions);
  self->regions = g_steal_pointer (&regions);
  return TRUE;
}

static GPtrArray *
kl_iso_writer_get_regions (KlMediaWriter *writer)
{
  return KL_ISO_WRITER (writer)->regions;
}

static void
kl_iso_writer_finalize (GObject *object)
{
  KlIsoWriter *self = KL_ISO_WRITER (object);

  g_clear_object (&self->layout);
  g_clear_pointer (&self->regions, g_ptr_array_unref);

  G_OBJECT_CLASS (kl_iso_writer_parent_class)->finalize (object);
}

static void
kl_iso_writer_class_init (KlIsoWriterClass *klass)
{
  KlMediaWriterClass *writer_class = KL_MEDIA_WRITER_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = kl_iso_writer_finalize;
  writer_class->measure = kl_iso_writer_measure;
  writer_class->write = kl_iso_writer_write;
  writer_class->get_regions = kl_iso_writer_get_regions;
}

static void
kl_iso_writer_init (KlIsoWriter *self)
{
  self->regions = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_region_free);
}

/**
 * kl_iso_writer_new:
 * @layout: of the media type CD
 *
 * A writer of ISO files (media-formats.md 8). libisofs makes the structures and everything that
 * comes before the first big file; content of big files goes straight from file to extent, which
 * the directory records name, since libisofs would move it through its ring buffer in steps of
 * 2 KiB. Memory: about 3 MiB and the directories, whatever the size of the files. Several writers
 * may run side by side.
 *
 * Returns: (transfer full): the writer
 */
KlMediaWriter *
kl_iso_writer_new (KlMediaLayout *layout)
{
  KlIsoWriter *self;

  g_return_val_if_fail (KL_IS_MEDIA_LAYOUT (layout), NULL);

  self = g_object_new (KL_TYPE_ISO_WRITER, NULL);
  self->layout = g_object_ref (layout);
  return KL_MEDIA_WRITER (self);
}
