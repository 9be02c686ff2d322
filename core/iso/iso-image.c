/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-iso-image"

#include "iso/iso-image.h"

#include "config.h"

#include <stdlib.h>
#include <string.h>

/* libisofs.h wants these before it. */
#include <stdint.h>
#include <sys/types.h>

#define LIBISOFS_WITHOUT_LIBBURN
#include <libisofs/libisofs.h>

#include "base/error.h"
#include "source/media-source-kinds.h"
#include "iso/iso-content.h"
#include "source/iso-records.h"

/* From this size on, content goes straight from file to extent; bytes. */
#define BIG_FILE ((guint64) 1 << 20)

/* A file of this size needs a second extent, which boot managers don't read (media-formats.md 8.3);
 * bytes. */
#define FILE_LIMIT (((guint64) 4 << 30) - 2048)

/* Boot managers count in 32 bits (media-formats.md 8.3); bytes. */
#define BOOT_LIMIT ((guint64) 4 << 30)

/* Where a file system shares extents, their place must be a multiple of this; bytes. */
#define SHARED_BLOCK 4096

#define FIFO_BLOCKS 128 /* 256 KiB */

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
} Piece;

struct _KlIsoImage
{
  KlIsoReading reading; /* layout, cancellable, and errors of the thread of libisofs */
  IsoImage *image;
  IsoWriteOpts *options;
  struct burn_source *source;
  GHashTable *folders; /* path in small letters → IsoDir, borrowed from the image */
  GPtrArray *pieces;   /* of Piece, sorted by path */
  GPtrArray *big;      /* of Piece, borrowed; in their order on the medium */
  guint64 size;        /* bytes, of the whole medium */
  guint64 at;          /* bytes; how many were read */
  guint64 structures;  /* bytes before the first file */
};

static gboolean
set_library_error (GError **error, int status, const char *what)
{
  g_set_error (error, KL_ERROR,
               status == (int) ISO_OUT_OF_MEM ? KL_ERROR_OUT_OF_MEMORY : KL_ERROR_FAILED,
               "Cannot lay out the ISO file: %s: libisofs error %08x", what, (guint) status);
  return FALSE;
}

/* Ends the thread of libisofs, if there is one. */
static void
close_source (KlIsoImage *self)
{
  if (self->source == NULL)
    return;

  self->source->cancel (self->source);
  self->source->free_data (self->source);
  free (self->source);
  self->source = NULL;
}

/* The folder of @path, made if need be. Boot managers don't know case, so /Boot and /boot are one
 * folder. */
static IsoDir *
make_folder (KlIsoImage *self, const char *path, GError **error)
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
add_file (KlIsoImage *self, const KlLayoutItem *item, GError **error)
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
  stream = kl_iso_content_new (&self->reading, item, piece->big, self->pieces->len + 1);
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
add_files (KlIsoImage *self, GError **error)
{
  for (guint i = 0; i < kl_media_layout_get_n_items (self->reading.layout); i++)
    {
      const KlLayoutItem *item = kl_media_layout_get_item (self->reading.layout, i);

      if (item->size >= FILE_LIMIT)
        return set_too_large_error (self->reading.layout, item, item->size, error);
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
dup_node_path (KlIsoImage *self, const KlLayoutItem *item)
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
add_boot_entry (KlIsoImage *self,
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
add_boot_entries (KlIsoImage *self, GError **error)
{
  guint8 id[28] = "Microsoft Corporation";
  const KlLayoutItem *bios = kl_media_layout_get_bios_boot_image (self->reading.layout);
  const KlLayoutItem *efi = kl_media_layout_get_efi_boot_image (self->reading.layout);
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
make_options (KlIsoImage *self, GError **error)
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
  iso_write_opts_set_tail_blocks (options, KL_ISO_TAIL_BYTES / KL_ISO_BLOCK);
  iso_write_opts_set_fifo_size (options, FIFO_BLOCKS);
  return TRUE;
}

/* Lays the image out, and starts to produce it unless @only_measure. */
static gboolean
open_source (KlIsoImage *self, gboolean only_measure, GError **error)
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

/* Chooses the padding and refuses what is too far out. What libisofs makes of it is read from its
 * records later (find_extents). */
static gboolean
predict_extents (KlIsoImage *self, guint64 *offset_of_largest, GError **error)
{
  guint64 largest = 0;

  *offset_of_largest = 0;
  for (guint i = self->big->len; i-- > 0;)
    {
      const Piece *piece = g_ptr_array_index (self->big, i);
      guint64 offset = kl_iso_image_predict_offset (self, i);

      if (is_boot_file (piece->item->path) && offset + piece->item->size >= BOOT_LIMIT)
        return set_too_large_error (self->reading.layout, piece->item, offset + piece->item->size,
                                    error);
      if (piece->item->size > largest)
        {
          largest = piece->item->size;
          *offset_of_largest = offset;
        }
    }

  return TRUE;
}

/* One block of zeros before the big files, in no directory. */
static gboolean
add_pad (KlIsoImage *self, GError **error)
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
measure (KlIsoImage *self, GError **error)
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
make_image (KlIsoImage *self, GError **error)
{
  g_autofree char *volume
      = kl_label_dup_volume_id (kl_media_layout_get_label (self->reading.layout));
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

/**
 * kl_iso_image_new:
 * @layout: of the media type CD
 * @cancellable: (nullable): asked for whenever content is read
 *
 * Lays a volume out; no file's content is read yet. Any thread; several may be at work at once.
 *
 * Errors: KL_ERROR_PACKAGE_TOO_LARGE, detail: the boot image ID, for a file of 4 GiB − 2 KiB or
 * more, and where a file that boot managers open would end above 4 GiB (media-formats.md 8.3).
 *
 * Returns: (transfer full) (nullable): free with kl_iso_image_free()
 */
KlIsoImage *
kl_iso_image_new (KlMediaLayout *layout, GCancellable *cancellable, GError **error)
{
  g_autoptr (KlIsoImage) self = g_new0 (KlIsoImage, 1);

  kl_libisofs_start ();
  self->reading.layout = layout;
  self->reading.cancellable = cancellable;
  self->folders = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->pieces = g_ptr_array_new_with_free_func (g_free);
  self->big = g_ptr_array_new ();
  g_mutex_init (&self->reading.lock);

  if (!make_image (self, error) || !add_files (self, error) || !add_boot_entries (self, error)
      || !make_options (self, error) || !measure (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
kl_iso_image_free (KlIsoImage *self)
{
  if (self == NULL)
    return;

  close_source (self);
  g_clear_pointer (&self->options, iso_write_opts_free);
  g_clear_pointer (&self->image, iso_image_unref);
  g_clear_pointer (&self->folders, g_hash_table_unref);
  g_clear_pointer (&self->big, g_ptr_array_unref);
  g_clear_pointer (&self->pieces, g_ptr_array_unref);
  g_clear_error (&self->reading.error);
  g_mutex_clear (&self->reading.lock);
  g_free (self);
}

/**
 * kl_iso_image_get_size:
 *
 * Returns: bytes of the whole volume, big files and the zeros at the end included
 */
guint64
kl_iso_image_get_size (KlIsoImage *self)
{
  return self->size;
}

/**
 * kl_iso_image_get_structures_size:
 *
 * Returns: bytes from the beginning to the end of all directories
 */
guint64
kl_iso_image_get_structures_size (KlIsoImage *self)
{
  return self->structures;
}

guint
kl_iso_image_get_n_big (KlIsoImage *self)
{
  return self->big->len;
}

/**
 * kl_iso_image_get_big:
 *
 * Returns: (transfer none): a file whose content is not in the stream; in their order on the medium
 */
const KlLayoutItem *
kl_iso_image_get_big (KlIsoImage *self, guint position)
{
  return ((const Piece *) g_ptr_array_index (self->big, position))->item;
}

/**
 * kl_iso_image_predict_offset:
 *
 * Where a big file will begin, counted from the end. The records say later where it does.
 *
 * Returns: bytes from the beginning of the medium
 */
guint64
kl_iso_image_predict_offset (KlIsoImage *self, guint position)
{
  guint64 offset = self->size - KL_ISO_TAIL_BYTES;

  for (guint i = self->big->len; i-- > position;)
    offset -= round_up (kl_iso_image_get_big (self, i)->size, KL_ISO_BLOCK);
  return offset;
}

/**
 * kl_iso_image_open_item:
 *
 * Opens the file of an item that has one. Errors: KL_ERROR_* of open(2); KL_ERROR_MISSING_PACKAGE,
 * detail: the boot image ID, if it has not the size that the layout says.
 *
 * Returns: a descriptor to close, or -1 with @error set
 */
int
kl_iso_image_open_item (KlIsoImage *self, const KlLayoutItem *item, GError **error)
{
  return kl_iso_content_open_item (self->reading.layout, item, error);
}

/**
 * kl_iso_image_check_item:
 * @crc32c: of what was read from the descriptor of kl_iso_image_open_item()
 *
 * Errors: KL_ERROR_MISSING_PACKAGE, detail: the boot image ID, if the layout says another.
 */
gboolean
kl_iso_image_check_item (KlIsoImage *self, const KlLayoutItem *item, guint32 crc32c, GError **error)
{
  return kl_iso_content_check_item (self->reading.layout, item, crc32c, error);
}

/**
 * kl_iso_image_start:
 *
 * Begins to produce the volume, in a thread of libisofs that is never more than 1 MiB ahead.
 */
gboolean
kl_iso_image_start (KlIsoImage *self, GError **error)
{
  self->at = 0;
  return open_source (self, FALSE, error);
}

/**
 * kl_iso_image_read:
 * @buffer: gets the next @length bytes
 *
 * Errors: those of reading the layout's files; KL_ERROR_MISSING_PACKAGE, detail: the boot image ID,
 * if one is no longer what the layout says; G_IO_ERROR_CANCELLED.
 */
gboolean
kl_iso_image_read (KlIsoImage *self, guint8 *buffer, gsize length, GError **error)
{
  gboolean read;

  if (g_cancellable_set_error_if_cancelled (self->reading.cancellable, error))
    return FALSE;

  read = self->source->read_xt (self->source, buffer, (int) length) == (int) length;
  g_mutex_lock (&self->reading.lock);
  if (self->reading.error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&self->reading.error));
      read = FALSE;
    }
  else if (!read)
    g_set_error (error, KL_ERROR, KL_ERROR_FAILED,
                 "Cannot lay out the ISO file: libisofs ended at byte %" G_GUINT64_FORMAT
                 " of %" G_GUINT64_FORMAT,
                 self->at, self->size);
  g_mutex_unlock (&self->reading.lock);

  self->at += length;
  return read;
}

/**
 * kl_iso_image_stop:
 *
 * Ends the thread of libisofs.
 */
void
kl_iso_image_stop (KlIsoImage *self)
{
  close_source (self);
}

char *
kl_iso_image_dup_library_version (void)
{
  int major = 0;
  int minor = 0;
  int micro = 0;

  iso_lib_version (&major, &minor, &micro);
  return g_strdup_printf ("%d.%d.%d", major, minor, micro);
}
