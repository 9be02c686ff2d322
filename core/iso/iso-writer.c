/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-iso-writer"

#include "iso/iso-writer.h"

#include "base/checksum.h"
#include "base/error.h"
#include "base/file-io.h"
#include "iso/iso-image.h"
#include "source/iso-records.h"

#define CHUNK_BYTES ((gsize) 128 << 10)
#define REGION_BYTES ((guint64) 4 << 20)

/* What is written ahead between two looks whether that is enough; bytes. Of less than that copying
 * would leave too much to the memory (kl_copy_range). */
#define AHEAD_BYTES ((guint64) 64 << 20)

/* Directories of any layout fit ten times; bytes. */
#define MAX_STRUCTURES ((guint64) 64 << 20)

struct _KlIsoWriter
{
  KlMediaWriter parent_instance;

  KlMediaLayout *layout; /* owned */
  GPtrArray *regions;    /* owned; of KlRegion */
  GPtrArray *ahead;      /* owned; of Ahead */
  guint64 ahead_size;    /* bytes; of the medium, when something was written ahead */
};

G_DEFINE_FINAL_TYPE (KlIsoWriter, kl_iso_writer, KL_TYPE_MEDIA_WRITER)

/* A big file of which something was written ahead. */
typedef struct
{
  char *path;     /* on the medium */
  guint64 size;   /* bytes */
  guint64 offset; /* bytes; where it begins on the medium */
  guint64 done;   /* bytes from its beginning */
  guint32 crc32c; /* of these */
  int fd;         /* owned; of the source: another one may take its place meanwhile; -1: taken */
} Ahead;

/* What goes out in order, with the sums of what went out. */
typedef struct
{
  KlIsoImage *image;
  KlSink *sink;
  KlProgress *progress;
  GCancellable *cancellable;
  GPtrArray *regions;
  GPtrArray *ahead; /* borrowed; of Ahead */
  gboolean lost;    /* what was written ahead is not there any more */
  guint64 *extents; /* borrowed; bytes, where each big file begins, as the records say */
  guint64 at;       /* bytes; the next one to write */
  guint64 start;    /* bytes; of the region that is being summed */
  guint32 crc32c;
} Stream;

static guint64
round_up (guint64 bytes, guint64 multiple)
{
  return (bytes + multiple - 1) / multiple * multiple;
}

static gboolean
set_extent_error (const char *path, const char *what, GError **error)
{
  g_set_error (error, KL_ERROR, KL_ERROR_FAILED, "Cannot lay out the ISO file: “%s” %s", path,
               what);
  return FALSE;
}

/* Files without content have no extent, whatever their record says. */
static guint
count_behind (GPtrArray *records, guint64 offset)
{
  guint n = 0;

  for (guint i = 0; i < records->len; i++)
    {
      const KlIsoRecord *record = g_ptr_array_index (records, i);

      n += record->size > 0 && record->offset + record->size > offset;
    }

  return n;
}

/* Reads from one tree's records where each big file lies, and makes sure that they are the last
 * ones, without a gap. */
static gboolean
find_extents (Stream *self, KlBytesView structures, KlIsoTree tree, guint n_files, GError **error)
{
  g_autoptr (GPtrArray) records = kl_iso_records_read (structures, tree, error);
  guint64 end = kl_iso_image_get_size (self->image) - KL_ISO_TAIL_BYTES;
  guint n_big = kl_iso_image_get_n_big (self->image);

  if (records == NULL)
    return FALSE;
  if (records->len != n_files)
    return set_extent_error ("/", "has more or fewer files than the layout", error);

  for (guint i = n_big; i-- > 0;)
    {
      const KlLayoutItem *item = kl_iso_image_get_big (self->image, i);
      const KlIsoRecord *record = kl_iso_records_find (records, item->path);

      if (record == NULL || record->size != item->size)
        return set_extent_error (item->path, "has no record of its size", error);
      if (record->offset + round_up (record->size, KL_ISO_BLOCK) != end)
        return set_extent_error (item->path, "lies elsewhere than behind all others", error);
      self->extents[i] = record->offset;
      end = record->offset;
    }

  if (count_behind (records, end) != n_big)
    return set_extent_error ("/", "has small files behind the big ones", error);
  return TRUE;
}

/* Where the first big file begins, which is where libisofs is no longer needed. */
static gboolean
find_end_of_head (Stream *self, GByteArray *structures, guint n_files, guint64 *end, GError **error)
{
  const KlBytesView view = { structures->data, structures->len };

  if (!find_extents (self, view, KL_ISO_TREE_PRIMARY, n_files, error)
      || !find_extents (self, view, KL_ISO_TREE_JOLIET, n_files, error))
    return FALSE;

  *end = kl_iso_image_get_n_big (self->image) > 0 ? self->extents[0]
                                                  : kl_iso_image_get_size (self->image);
  return TRUE;
}

static void
end_region (Stream *self, const char *name)
{
  if (self->at > self->start)
    g_ptr_array_add (self->regions,
                     kl_region_new (self->start, self->at - self->start, self->crc32c, name, NULL));
  self->start = self->at;
  self->crc32c = 0;
}

static gboolean
write_bytes (Stream *self, const guint8 *data, gsize length, const char *name, GError **error)
{
  if (!kl_sink_write (self->sink, data, length, self->at, error))
    return FALSE;

  self->crc32c = kl_crc32c_update (self->crc32c, data, length);
  self->at += length;
  kl_progress_advance (self->progress, length);
  if (self->at - self->start >= REGION_BYTES)
    end_region (self, name);
  return TRUE;
}

/* Everything up to the first big file, by libisofs. The first bytes are kept until they hold all
 * directories, which then say how far to go. */
static gboolean
write_head (Stream *self, guint n_files, GError **error)
{
  static const char name[] = "file system and small files";
  g_autofree guint8 *buffer = g_malloc (CHUNK_BYTES);
  g_autoptr (GByteArray) structures = g_byte_array_new ();
  guint64 end = kl_iso_image_get_structures_size (self->image);
  gboolean known = FALSE;

  if (end > MAX_STRUCTURES || end > kl_iso_image_get_size (self->image))
    return set_extent_error ("/", "has directories of an absurd size", error);

  while (self->at < end)
    {
      gsize length = (gsize) MIN (CHUNK_BYTES, end - self->at);

      if (!kl_iso_image_read (self->image, buffer, length, error))
        return FALSE;
      if (!known)
        g_byte_array_append (structures, buffer, (guint) length);
      if (!write_bytes (self, buffer, length, name, error))
        return FALSE;
      if (!known && self->at == end)
        {
          known = TRUE;
          if (!find_end_of_head (self, structures, n_files, &end, error))
            return FALSE;
        }
    }

  end_region (self, name);
  return TRUE;
}

static gboolean
write_zeros (Stream *self, guint64 length, GError **error)
{
  static const guint8 zeros[64 << 10];
  static const char name[] = "padding";

  while (length > 0)
    {
      gsize n = (gsize) MIN (length, sizeof zeros);

      if (g_cancellable_set_error_if_cancelled (self->cancellable, error)
          || !write_bytes (self, zeros, n, name, error))
        return FALSE;
      length -= n;
    }

  end_region (self, name);
  return TRUE;
}

static void
ahead_free (gpointer data)
{
  Ahead *ahead = data;

  kl_close_fd (&ahead->fd);
  g_free (ahead->path);
  g_free (ahead);
}

static Ahead *
find_ahead (Stream *self, const KlLayoutItem *item)
{
  for (guint i = 0; i < self->ahead->len; i++)
    {
      Ahead *ahead = g_ptr_array_index (self->ahead, i);

      if (ahead->size == item->size && g_str_equal (ahead->path, item->path))
        return ahead;
    }

  return NULL;
}

/* Adds @length bytes of a file, from @done on, to what lies at @offset, and to its sum. */
static gboolean
copy_part (Stream *self,
           const KlLayoutItem *item,
           int fd,
           guint64 offset,
           guint64 done,
           guint64 length,
           guint32 *crc32c,
           KlProgress *progress,
           GError **error)
{
  guint32 part = 0;

  if (length > 0
      && !kl_sink_copy (self->sink, fd, item->file, done, length, offset + done, &part, progress,
                        self->cancellable, error))
    return FALSE;

  *crc32c = kl_crc32c_shift (*crc32c, length) ^ part;
  return done + length < item->size || kl_iso_image_check_item (self->image, item, *crc32c, error);
}

/* The content of one big file from its source to its extent. What was written ahead is there, or,
 * if it lies elsewhere, is written again; it has been counted in either case. */
static gboolean
copy_big (
    Stream *self, const KlLayoutItem *item, int fd, guint64 offset, guint32 *crc32c, GError **error)
{
  const Ahead *ahead = find_ahead (self, item);
  const guint64 done = ahead != NULL ? ahead->done : 0;
  const gboolean there = done > 0 && !self->lost && ahead->offset == offset;

  *crc32c = there ? ahead->crc32c : 0;
  return (there || copy_part (self, item, fd, offset, 0, done, crc32c, NULL, error))
         && copy_part (self, item, fd, offset, done, item->size - done, crc32c, self->progress,
                       error);
}

/* The file of which something was written ahead is the one to go on with. */
static int
open_big (Stream *self, const KlLayoutItem *item, GError **error)
{
  Ahead *ahead = find_ahead (self, item);

  return ahead != NULL && ahead->fd >= 0 ? g_steal_fd (&ahead->fd)
                                         : kl_iso_image_open_item (self->image, item, error);
}

/* One big file, and zeros to the end of its last block. */
static gboolean
write_big (Stream *self, const KlLayoutItem *item, guint64 offset, GError **error)
{
  g_autofd int fd = open_big (self, item, error);
  guint32 crc32c = 0;

  if (fd < 0)
    return FALSE;

  kl_progress_set_info (self->progress, "Writing %s", item->path + 1);
  if (!copy_big (self, item, fd, offset, &crc32c, error))
    return FALSE;

  g_ptr_array_add (self->regions,
                   kl_region_new (offset, item->size, crc32c, item->path, item->file));
  self->at = self->start = offset + item->size;
  return write_zeros (self, round_up (self->at, KL_ISO_BLOCK) - self->at, error);
}

static gboolean
write_all (Stream *self, guint n_files, GError **error)
{
  guint64 size = kl_iso_image_get_size (self->image);

  kl_progress_set_total (self->progress, size);
  kl_progress_set_info (self->progress, "Writing the file system and small files");
  if (!kl_iso_image_start (self->image, error) || !write_head (self, n_files, error))
    return FALSE;

  kl_iso_image_stop (self->image);
  for (guint i = 0; i < kl_iso_image_get_n_big (self->image); i++)
    if (!write_big (self, kl_iso_image_get_big (self->image, i), self->extents[i], error))
      return FALSE;

  return write_zeros (self, size - self->at, error);
}

static gboolean
write_ahead (Stream *self,
             const KlLayoutItem *item,
             Ahead *ahead,
             KlEnoughFunc enough,
             gpointer user_data,
             GError **error)
{
  ahead->fd = kl_iso_image_open_item (self->image, item, error);
  if (ahead->fd < 0)
    return FALSE;

  kl_progress_set_info (self->progress, "Writing %s", item->path + 1);
  while (ahead->done < ahead->size && !enough (user_data))
    {
      const guint64 length = MIN (AHEAD_BYTES, ahead->size - ahead->done);

      if (!copy_part (self, item, ahead->fd, ahead->offset, ahead->done, length, &ahead->crc32c,
                      self->progress, error))
        return FALSE;
      ahead->done += length;
    }

  return TRUE;
}

static gboolean
kl_iso_writer_measure (KlMediaWriter *writer, guint64 *size, GError **error)
{
  KlIsoWriter *self = KL_ISO_WRITER (writer);
  g_autoptr (KlIsoImage) image = kl_iso_image_new (self->layout, NULL, error);

  if (image == NULL)
    return FALSE;

  *size = kl_iso_image_get_size (image);
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
  g_autoptr (KlIsoImage) image = kl_iso_image_new (self->layout, cancellable, error);
  g_autofree guint64 *extents = NULL;
  Stream stream = { .image = image,
                    .sink = sink,
                    .progress = progress,
                    .cancellable = cancellable,
                    .regions = regions,
                    .ahead = self->ahead };

  if (image == NULL || !kl_sink_prepare (sink, kl_iso_image_get_size (image), error))
    return FALSE;

  stream.lost = kl_iso_image_get_size (image) != self->ahead_size;
  stream.extents = extents = g_new0 (guint64, kl_iso_image_get_n_big (image) + 1);
  if (!write_all (&stream, kl_media_layout_get_n_items (self->layout), error))
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
  g_clear_pointer (&self->ahead, g_ptr_array_unref);

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
  self->ahead = g_ptr_array_new_with_free_func (ahead_free);
}

/**
 * kl_iso_writer_new:
 * @layout: of the media type CD
 *
 * A writer of ISO files (media-formats.md 8). libisofs makes the structures and everything that
 * comes before the first big file; content of big files goes straight from file to extent, which
 * the directory records name, since libisofs would move it through its ring buffer in steps of
 * 2 KiB. Memory: about 1 MiB and the directories, whatever the size of the files. Several writers
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

/**
 * kl_iso_writer_write_ahead:
 * @sink: which was prepared for the size of the layout, a draft, and is that of
 *   kl_media_writer_write() later
 * @enough: asked between two pieces; the rest is then left to kl_media_writer_write()
 * @progress: (nullable): as that of kl_media_writer_write(), where it goes on
 *
 * Writes the content of big files to where they would begin: it only moves with the size of the
 * medium. Before kl_iso_writer_set_layout() says how the medium is laid out.
 *
 * Errors: those of kl_media_writer_write().
 */
gboolean
kl_iso_writer_write_ahead (KlIsoWriter *self,
                           KlSink *sink,
                           KlEnoughFunc enough,
                           gpointer user_data,
                           KlProgress *progress,
                           GCancellable *cancellable,
                           GError **error)
{
  g_autoptr (KlIsoImage) image = kl_iso_image_new (self->layout, cancellable, error);
  Stream stream
      = { .image = image, .sink = sink, .progress = progress, .cancellable = cancellable };

  if (image == NULL)
    return FALSE;

  self->ahead_size = kl_iso_image_get_size (image);
  kl_progress_set_total (progress, self->ahead_size);
  for (guint i = 0; i < kl_iso_image_get_n_big (image) && !enough (user_data); i++)
    {
      const KlLayoutItem *item = kl_iso_image_get_big (image, i);
      Ahead *ahead = g_new0 (Ahead, 1);

      ahead->path = g_strdup (item->path);
      ahead->size = item->size;
      ahead->fd = -1;
      ahead->offset = kl_iso_image_predict_offset (image, i);
      g_ptr_array_add (self->ahead, ahead);
      if (!write_ahead (&stream, item, ahead, enough, user_data, error))
        return FALSE;
    }

  return TRUE;
}

/**
 * kl_iso_writer_set_layout:
 * @layout: of the same image as the draft
 *
 * Takes the place of the draft, after kl_iso_writer_write_ahead().
 */
void
kl_iso_writer_set_layout (KlIsoWriter *self, KlMediaLayout *layout)
{
  g_set_object (&self->layout, layout);
}
