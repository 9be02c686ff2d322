/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-wim-layout"

#include "wim/wim-layout.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "base/error.h"
#include "base/file-io.h"
#include "wim/wim-compress.h"
#include "wim/wim-format.h"
#include "wim/wim-library.h"
#include "wim/wim-metadata.h"

/* What is kept stays where it is if no more than one byte in so many is of no use then. */
#define GAP_SHARE 100

/* A smaller content is not worth the room to begin at a multiple of KL_WIM_ALIGNMENT; bytes. */
#define MIN_ALIGNED_SIZE ((guint64) 256 << 10)

gboolean
kl_wim_can_compose (KlWim *self)
{
  return self->info.compression_type == WIMLIB_COMPRESSION_TYPE_LZX
         && self->info.chunk_size == KL_WIM_BOOT_CHUNK_SIZE && !self->info.pipable
         && !self->has_solid;
}

G_STATIC_ASSERT (KL_WIM_HEADER_SIZE == sizeof (KlWimDiskHeader));

/* What a WIM says of an image without the contents of its files. */
typedef struct
{
  GBytes *file; /* a WIM of that image alone, without contents and uncompressed */
  GBytes *metadata;
  GString *xml; /* UTF-8 */
} Skeleton;

static void
skeleton_clear (Skeleton *self)
{
  g_clear_pointer (&self->file, g_bytes_unref);
  g_clear_pointer (&self->metadata, g_bytes_unref);
  if (self->xml != NULL)
    g_string_free (g_steal_pointer (&self->xml), TRUE);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Skeleton, skeleton_clear)

static int
write_skeleton (KlWim *wim, guint index, int fd)
{
  WIMStruct *single = NULL;
  int code = wimlib_create_new_wim (WIMLIB_COMPRESSION_TYPE_NONE, &single);

  if (code == 0)
    code = wimlib_export_image (wim->wim, (int) index, single, NULL, NULL, WIMLIB_EXPORT_FLAG_BOOT);
  if (code == 0)
    code = wimlib_write_to_fd (single, fd, WIMLIB_ALL_IMAGES,
                               WIMLIB_WRITE_FLAG_NOT_PIPABLE | WIMLIB_WRITE_FLAG_SKIP_EXTERNAL_WIMS,
                               1);
  kl_wim_free_keeping_errno (single);
  return code;
}

static GBytes *
get_resource (GBytes *file, gsize place)
{
  KlBytesView view;
  guint64 offset = 0, size = 0;

  view.data = g_bytes_get_data (file, &view.size);
  if (!kl_view_u64 (view, place + G_STRUCT_OFFSET (KlWimDiskResource, offset), &offset)
      || !kl_view_u64 (view, place + G_STRUCT_OFFSET (KlWimDiskResource, original_size), &size)
      || !kl_view_slice (view, offset, size, &view))
    return g_bytes_new_static ("", 0);
  return g_bytes_new_from_bytes (file, (gsize) offset, (gsize) size);
}

static GString *
dup_xml (GBytes *file)
{
  g_autoptr (GBytes) xml = get_resource (file, G_STRUCT_OFFSET (KlWimDiskHeader, xml));
  gsize size, length;
  const char *data = g_bytes_get_data (xml, &size);
  gsize skip = size >= 2 && memcmp (data, "\xff\xfe", 2) == 0 ? 2 : 0;
  g_autofree char *text
      = g_convert (data + skip, (gssize) (size - skip), "UTF-8", "UTF-16LE", NULL, &length, NULL);

  return text != NULL ? g_string_new_len (text, (gssize) length) : g_string_new (NULL);
}

/* wimlib takes the image out of the others that the source may have. */
static gboolean
take_skeleton (KlWim *wim, guint index, Skeleton *skeleton, GError **error)
{
  g_autofd int fd = memfd_create ("kindling-wim", MFD_CLOEXEC);
  g_autoptr (GMappedFile) map = NULL;
  int code = WIMLIB_ERR_OPEN;

  errno = fd < 0 ? errno : 0;
  if (fd >= 0)
    code = write_skeleton (wim, index, fd);
  if (code != 0)
    {
      kl_wim_set_error (error, code, errno, NULL, "Cannot read image %u of “%s”", index, wim->path);
      return FALSE;
    }

  map = g_mapped_file_new_from_fd (fd, FALSE, error);
  if (map == NULL)
    {
      kl_translate_io_error (error, "Cannot read image %u of “%s”", index, wim->path);
      return FALSE;
    }
  skeleton->file = g_mapped_file_get_bytes (map);
  skeleton->metadata
      = get_resource (skeleton->file, G_STRUCT_OFFSET (KlWimDiskHeader, boot_metadata));
  skeleton->xml = dup_xml (skeleton->file);
  return TRUE;
}

typedef struct
{
  GHashTable *known;
  GHashTable *wanted; /* NULL for all */
  guint file;
} Collection;

static int
collect_cb (const struct wimlib_resource_entry *resource, void *user_data)
{
  Collection *collection = user_data;
  KlWimBlob *blob;

  if (resource->is_metadata || resource->is_missing || resource->packed
      || g_hash_table_contains (collection->known, resource->sha1_hash)
      || (collection->wanted != NULL
          && !g_hash_table_contains (collection->wanted, resource->sha1_hash)))
    return 0;

  blob = g_new0 (KlWimBlob, 1);
  memcpy (blob->sha1, resource->sha1_hash, sizeof blob->sha1);
  blob->file = collection->file;
  blob->offset = resource->offset;
  blob->size = resource->uncompressed_size;
  blob->is_compressed = resource->is_compressed;
  blob->stored_size
      = resource->is_compressed ? resource->compressed_size : resource->uncompressed_size;
  g_hash_table_insert (collection->known, blob->sha1, blob);
  return 0;
}

static void
collect (KlWimLayout *self, KlWim *wim, GHashTable *wanted)
{
  Collection collection = { self->known, wanted, self->files->len };

  wimlib_iterate_lookup_table (wim->wim, 0, collect_cb, &collection);
  g_ptr_array_add (self->files, g_strdup (kl_wim_get_path (wim)));
}

static guint
get_n_additions (const KlWimOverlay *overlay)
{
  return overlay->files != NULL ? overlay->files->len : 0;
}

static const KlWimAddition *
get_addition (const KlWimOverlay *overlay, guint i)
{
  return overlay->files->pdata[i];
}

static gboolean
collect_donor (KlWimLayout *self, const char *path, GHashTable *wanted, GError **error)
{
  g_autoptr (KlWim) donor = kl_wim_open (path, error);

  if (donor == NULL)
    return FALSE;
  if (!kl_wim_can_compose (donor))
    {
      g_set_error (error, KL_ERROR, KL_ERROR_WIM_UNREADABLE,
                   "“%s” is not compressed as contents of a boot image are",
                   kl_wim_get_path (donor));
      return FALSE;
    }
  collect (self, donor, wanted);
  return TRUE;
}

static gboolean
collect_donors (KlWimLayout *self, const KlWimOverlay *overlay, GError **error)
{
  g_autoptr (GHashTable) wanted = kl_wim_sha1_set_new ();

  if (overlay->donors == NULL || overlay->donors->len == 0)
    return TRUE;
  for (guint i = 0; i < get_n_additions (overlay); i++)
    if (get_addition (overlay, i)->size > 0)
      kl_wim_sha1_set_add (wanted, get_addition (overlay, i)->sha1);
  for (guint i = 0; overlay->donors != NULL && i < overlay->donors->len; i++)
    if (!collect_donor (self, overlay->donors->pdata[i], wanted, error))
      return FALSE;
  return TRUE;
}

typedef struct
{
  GHashTable *known;
  gboolean is_missing; /* a content that nothing holds */
  guint n_contents;
  guint64 size;      /* of all names, bytes */
  guint64 link_size; /* of those that are one more name of a file */
} Count;

static void
count_cb (const guint8 *sha1, gboolean is_link, gpointer user_data)
{
  Count *count = user_data;
  KlWimBlob *blob = g_hash_table_lookup (count->known, sha1);

  if (blob == NULL)
    {
      count->is_missing = TRUE;
      return;
    }
  if (blob->n_references++ == 0)
    count->n_contents++;
  count->size += blob->size;
  count->link_size += is_link ? blob->size : 0;
}

/* What no file holds is known by its content from now on. */
static void
want (KlWimLayout *self, const KlWimAddition *file)
{
  KlWimBlob *blob;

  if (file->size == 0 || g_hash_table_contains (self->known, file->sha1))
    return;

  blob = g_new0 (KlWimBlob, 1);
  memcpy (blob->sha1, file->sha1, sizeof blob->sha1);
  blob->file = KL_WIM_NO_FILE;
  blob->content = file->content;
  blob->size = file->size;
  g_hash_table_insert (self->known, blob->sha1, blob);
}

static gboolean
put_files (KlWimLayout *self, const KlWimOverlay *overlay, KlWimMetadata *metadata, GError **error)
{
  for (guint i = 0; i < get_n_additions (overlay); i++)
    {
      const KlWimAddition *file = get_addition (overlay, i);

      want (self, file);
      if (!kl_wim_metadata_put (metadata, file->path, file->size > 0 ? file->sha1 : NULL,
                                overlay->time, error))
        return FALSE;
    }
  return TRUE;
}

static int
compare_blobs (gconstpointer a, gconstpointer b)
{
  const KlWimBlob *left = *(KlWimBlob *const *) a, *right = *(KlWimBlob *const *) b;

  return left->offset != right->offset ? (left->offset < right->offset ? -1 : 1) : 0;
}

/* First what the source has, in its order, then what is new, in the order of the overlay: so the
 * file does not depend on where the new was found. */
static void
order_blobs (KlWimLayout *self, const KlWimOverlay *overlay)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->known);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (((KlWimBlob *) value)->file == 0 && ((KlWimBlob *) value)->n_references > 0)
      g_ptr_array_add (self->kept, value);
  g_ptr_array_sort (self->kept, compare_blobs);

  for (guint i = 0; i < get_n_additions (overlay); i++)
    {
      const KlWimAddition *file = get_addition (overlay, i);
      KlWimBlob *blob = file->size > 0 ? g_hash_table_lookup (self->known, file->sha1) : NULL;

      if (blob == NULL || blob->file == 0 || blob->n_references == 0 || blob->is_fresh)
        continue;
      blob->is_fresh = TRUE;
      g_ptr_array_add (self->fresh, blob);
    }
}

/* Whether what is kept can stay where it is in the source. */
static gboolean
can_stay (KlWimLayout *self)
{
  guint64 end = sizeof (KlWimDiskHeader), gaps = 0;

  for (guint i = 0; i < self->kept->len; i++)
    {
      const KlWimBlob *blob = self->kept->pdata[i];

      if (blob->offset < end)
        return FALSE;
      gaps += blob->offset - end;
      end = blob->offset + blob->stored_size;
    }
  return gaps <= end / GAP_SHARE;
}

static void
place_kept (KlWimLayout *self)
{
  gboolean stays = can_stay (self);
  guint64 end = sizeof (KlWimDiskHeader);

  for (guint i = 0; i < self->kept->len; i++)
    {
      KlWimBlob *blob = self->kept->pdata[i];

      blob->place = stays ? blob->offset : end;
      end = blob->place + blob->stored_size;
    }
  self->fresh_start = kl_wim_align (end);
}

static void
put_resource (KlWimDiskResource *disk, guint64 stored, guint8 flags, guint64 offset, guint64 size)
{
  guint8 bytes[8];

  kl_put_u64 (bytes, stored);
  memcpy (disk->size, bytes, sizeof disk->size);
  disk->flags = flags;
  kl_put_u64 (disk->offset, offset);
  kl_put_u64 (disk->original_size, size);
}

static void
put_blob (GByteArray *table, const KlWimDiskResource *resource, guint32 n, const guint8 *sha1)
{
  KlWimDiskBlob disk = { .resource = *resource };

  kl_put_u16 (disk.part_number, 1);
  kl_put_u32 (disk.n_references, n);
  memcpy (disk.sha1, sha1, sizeof disk.sha1);
  g_byte_array_append (table, (const guint8 *) &disk, sizeof disk);
}

/* The text of the first element of that name behind @from, which gets one where it has none. */
static void
set_element (GString *xml, const char *from, const char *name, guint64 value)
{
  g_autofree char *open = g_strdup_printf ("<%s>", name);
  g_autofree char *close = g_strdup_printf ("</%s>", name);
  g_autofree char *text = g_strdup_printf ("%s%" G_GUINT64_FORMAT "%s", open, value, close);
  const char *start = strstr (xml->str, from);
  const char *begin = start != NULL ? strstr (start, open) : NULL;
  const char *end = begin != NULL ? strstr (begin, close) : NULL;
  gssize at = start != NULL ? strchr (start, '>') + 1 - xml->str : 0;

  if (end != NULL)
    {
      at = begin - xml->str;
      g_string_erase (xml, at, end - begin + (gssize) strlen (close));
    }
  g_string_insert (xml, at, text);
}

static GBytes *
make_xml (KlWimLayout *self, guint64 offset, GError **error)
{
  GString *text = self->text;
  static const char *const parts[] = { "<WIM", "<IMAGE " };
  gsize size = 0;
  g_autofree char *utf16 = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (parts); i++)
    if (strstr (text->str, parts[i]) == NULL)
      {
        g_set_error (error, KL_ERROR, KL_ERROR_WIM_DAMAGED, "The XML data have no %s>", parts[i]);
        return NULL;
      }

  set_element (text, "<WIM", "TOTALBYTES", offset);
  set_element (text, "<IMAGE ", "TOTALBYTES", self->content_size);
  set_element (text, "<IMAGE ", "HARDLINKBYTES", self->link_size);
  set_element (text, "<IMAGE ", "FILECOUNT", self->n_files);
  set_element (text, "<IMAGE ", "DIRCOUNT", self->n_folders);
  g_string_prepend (text, "\xef\xbb\xbf");
  utf16 = g_convert (text->str, (gssize) text->len, "UTF-16LE", "UTF-8", NULL, &size, error);
  if (utf16 == NULL)
    {
      kl_translate_io_error (error, "The XML data of an image are damaged");
      return NULL;
    }
  return g_bytes_new_take (g_steal_pointer (&utf16), size);
}

/* The identifier is a sum over the tables, which hold the SHA-1 of all that is in the file: so the
 * same input gives the same bytes. */
static void
put_identifier (KlWimDiskHeader *disk, GBytes *table, GBytes *xml)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  guint8 digest[32];
  gsize size, length = sizeof digest;
  const guint8 *data = g_bytes_get_data (table, &size);

  g_checksum_update (sum, data, (gssize) size);
  data = g_bytes_get_data (xml, &size);
  g_checksum_update (sum, data, (gssize) size);
  g_checksum_get_digest (sum, digest, &length);
  memcpy (disk->guid, digest, sizeof disk->guid);
}

static void
put_blobs (GByteArray *table, GPtrArray *blobs)
{
  KlWimDiskResource resource;

  for (guint i = 0; i < blobs->len; i++)
    {
      const KlWimBlob *blob = blobs->pdata[i];

      put_resource (&resource, blob->stored_size,
                    blob->is_compressed ? KL_WIM_RESOURCE_COMPRESSED : 0, blob->place, blob->size);
      put_blob (table, &resource, blob->n_references, blob->sha1);
    }
}

static guint64
get_fresh_end (KlWimLayout *self, guint n)
{
  const KlWimBlob *last = n > 0 ? self->fresh->pdata[n - 1] : NULL;

  return last != NULL ? last->place + last->stored_size : self->fresh_start;
}

/**
 * kl_wim_layout_place:
 * @fresh: its place among what is new; all before it are placed, and their sizes are known
 *
 * Returns: where the content begins in the new file, bytes
 */
guint64
kl_wim_layout_place (KlWimLayout *self, guint fresh)
{
  KlWimBlob *blob = self->fresh->pdata[fresh];
  guint64 end = get_fresh_end (self, fresh);

  blob->place = blob->size >= MIN_ALIGNED_SIZE ? kl_wim_align (end) : end;
  return blob->place;
}

/**
 * kl_wim_layout_finish:
 *
 * Makes all tables, once all that is new is placed and has its size.
 *
 * Errors: KL_ERROR_WIM_DAMAGED for XML data that are none.
 */
gboolean
kl_wim_layout_finish (KlWimLayout *self, GError **error)
{
  GByteArray *table
      = g_byte_array_sized_new ((self->kept->len + self->fresh->len + 1) * sizeof (KlWimDiskBlob));
  KlWimDiskHeader disk = { 0 };
  gsize stored = g_bytes_get_size (self->metadata);
  guint64 offset = kl_wim_align (get_fresh_end (self, self->fresh->len));

  self->tail_start = offset;
  put_blobs (table, self->kept);
  put_blobs (table, self->fresh);
  put_resource (&disk.boot_metadata, stored,
                KL_WIM_RESOURCE_METADATA
                    | (stored < self->plain_size ? KL_WIM_RESOURCE_COMPRESSED : 0),
                offset, self->plain_size);
  put_blob (table, &disk.boot_metadata, 1, self->plain_sha1);
  offset += stored;

  self->table = g_byte_array_free_to_bytes (table);
  stored = g_bytes_get_size (self->table);
  put_resource (&disk.blob_table, stored, KL_WIM_RESOURCE_METADATA, offset, stored);
  offset += stored;

  self->xml = make_xml (self, offset, error);
  if (self->xml == NULL)
    return FALSE;
  stored = g_bytes_get_size (self->xml);
  put_resource (&disk.xml, stored, KL_WIM_RESOURCE_METADATA, offset, stored);
  self->size = offset + stored;

  memcpy (disk.magic, KL_WIM_MAGIC, sizeof disk.magic);
  kl_put_u32 (disk.header_size, sizeof disk);
  kl_put_u32 (disk.version, KL_WIM_VERSION);
  kl_put_u32 (disk.flags, self->flags);
  kl_put_u32 (disk.chunk_size, KL_WIM_BOOT_CHUNK_SIZE);
  put_identifier (&disk, self->table, self->xml);
  kl_put_u16 (disk.part_number, 1);
  kl_put_u16 (disk.n_parts, 1);
  kl_put_u32 (disk.n_images, 1);
  kl_put_u32 (disk.boot_index, 1);
  self->header = g_bytes_new (&disk, sizeof disk);
  return TRUE;
}

static gboolean
set_incomplete (KlWim *wim, GError **error)
{
  g_set_error (error, KL_ERROR, KL_ERROR_WIM_DAMAGED,
               "“%s” is incomplete: the content of some files is not in it, as in a delta WIM",
               wim->path);
  return FALSE;
}

/* Of all that is in memory here, this is the largest: what it was made of goes first. */
static gboolean
write_metadata (KlWimLayout *self, KlWimMetadata **metadata, guint level, GError **error)
{
  g_autoptr (GByteArray) plain = kl_wim_metadata_write (*metadata);

  g_clear_pointer (metadata, kl_wim_metadata_free);
  self->plain_size = plain->len;
  kl_sha1_data (plain->data, plain->len, self->plain_sha1);
  self->metadata = kl_wim_compress (plain, level, error);
  return self->metadata != NULL;
}

static gboolean
fill (KlWimLayout *self, KlWim *wim, guint index, const KlWimOverlay *overlay, GError **error)
{
  g_auto (Skeleton) skeleton = { 0 };
  g_autoptr (KlWimMetadata) metadata = NULL;
  Count count = { .known = self->known };

  collect (self, wim, NULL);
  if (!take_skeleton (wim, index, &skeleton, error) || !kl_wim_forget (wim, error)
      || !collect_donors (self, overlay, error))
    return FALSE;
  metadata = kl_wim_metadata_new (skeleton.metadata, wim->path, error);
  if (metadata == NULL || !put_files (self, overlay, metadata, error))
    return FALSE;
  kl_wim_metadata_foreach (metadata, count_cb, &count);
  order_blobs (self, overlay);
  if (count.is_missing || self->kept->len + self->fresh->len != count.n_contents)
    return set_incomplete (wim, error);
  place_kept (self);

  self->text = g_steal_pointer (&skeleton.xml);
  self->content_size = count.size;
  self->link_size = count.link_size;
  self->n_files = kl_wim_metadata_get_n_files (metadata);
  self->n_folders = kl_wim_metadata_get_n_folders (metadata);
  self->flags = KL_WIM_FLAG_COMPRESSED | KL_WIM_FLAG_LZX
                | (wim->info.has_rpfix ? KL_WIM_FLAG_RELATIVE_JUNCTIONS : 0);
  return write_metadata (self, &metadata, overlay->level, error);
}

/**
 * kl_wim_layout_new:
 * @wim: fit, see kl_wim_can_compose()
 *
 * Finds where every content of an image and its overlay is, or that it is to be compressed first.
 * What stands around them is made by kl_wim_layout_finish() (wimlib's header.c, blob_table.c and
 * xml.c have the format).
 *
 * Errors: KL_ERROR_WIM_DAMAGED; those of opening a donor. Blocks.
 *
 * Returns: (transfer full) (nullable): the layout
 */
KlWimLayout *
kl_wim_layout_new (KlWim *wim, guint index, const KlWimOverlay *overlay, GError **error)
{
  g_autoptr (KlWimLayout) self = g_new0 (KlWimLayout, 1);

  self->files = g_ptr_array_new_with_free_func (g_free);
  self->known = kl_wim_sha1_map_new (g_free);
  self->kept = g_ptr_array_new ();
  self->fresh = g_ptr_array_new ();
  return fill (self, wim, index, overlay, error) ? g_steal_pointer (&self) : NULL;
}

void
kl_wim_layout_free (KlWimLayout *self)
{
  if (self == NULL)
    return;

  g_ptr_array_unref (self->kept);
  g_ptr_array_unref (self->fresh);
  g_hash_table_unref (self->known);
  g_ptr_array_unref (self->files);
  g_clear_pointer (&self->header, g_bytes_unref);
  g_clear_pointer (&self->metadata, g_bytes_unref);
  g_clear_pointer (&self->table, g_bytes_unref);
  g_clear_pointer (&self->xml, g_bytes_unref);
  if (self->text != NULL)
    g_string_free (self->text, TRUE);
  g_free (self);
}
