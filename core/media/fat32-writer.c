/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-fat32-writer"

#include "media/fat32-writer.h"

#include <string.h>

#include "base/error.h"
#include "disk/fat32-plan.h"
#include "disk/vhd.h"
#include "media/block-stream.h"
#include "media/disk-frame.h"
#include "sink/capacity-probe.h"

#define MIB ((guint64) 1 << 20)
#define PARTITION_OFFSET KL_DISK_FRAME_PARTITION

/* What drives with large sectors want offsets and lengths to be multiples of; bytes. */
#define ALIGNMENT ((guint64) 4096)

struct _KlFat32Writer
{
  KlMediaWriter parent_instance;

  KlMediaLayout *layout;  /* owned */
  KlFat32Plan *plan;      /* owned; laid out */
  GBytes *front;          /* owned; everything before the partition */
  GBytes *tail;           /* owned, nullable; the second GPT */
  GDateTime *created;     /* borrowed from layout */
  KlReadMember *member;   /* owned, nullable */
  KlCapacityProbe *probe; /* owned, nullable */
  guint64 disk_bytes;
  guint64 min_bytes; /* of the disk */
  gboolean vhd;
  guint32 serial;
  GPtrArray *regions; /* owned; of KlRegion */
};

G_DEFINE_FINAL_TYPE (KlFat32Writer, kl_fat32_writer, KL_TYPE_MEDIA_WRITER)

/* ---- The plan. ---- */

/* The boot library of old BIOSes reaches the first sectors only, so small things that it needs lie
 * first and the WIM last (media-formats.md 9.2). */
static guint
rank (const KlLayoutItem *item)
{
  if (g_str_equal (item->path, "/bootmgr"))
    return 0;
  if (g_str_has_suffix (item->path, "/BCD"))
    return 1;
  if (g_str_has_suffix (item->path, "/boot.sdi"))
    return 2;
  return g_str_has_suffix (item->path, ".wim") ? 4 : 3;
}

static int
compare_items (gconstpointer a, gconstpointer b, gpointer user_data)
{
  KlMediaLayout *layout = user_data;
  const KlLayoutItem *first = kl_media_layout_get_item (layout, *(const guint *) a);
  const KlLayoutItem *second = kl_media_layout_get_item (layout, *(const guint *) b);
  guint rank_first = rank (first), rank_second = rank (second);

  return rank_first != rank_second ? (rank_first < rank_second ? -1 : 1)
                                   : strcmp (first->path, second->path);
}

static gboolean
set_image_detail (KlFat32Writer *self, GError **error)
{
  const char *id = kl_media_layout_get_image_id (self->layout);

  if (error != NULL && *error != NULL)
    {
      g_prefix_error (error, "Boot image %s: ", id);
      if (g_error_matches (*error, KL_ERROR, KL_ERROR_PACKAGE_TOO_LARGE))
        kl_error_set_detail (*error, id);
    }
  return FALSE;
}

static gboolean
make_plan (KlFat32Writer *self, GError **error)
{
  guint n = kl_media_layout_get_n_items (self->layout);
  g_autofree guint *order = g_new (guint, n + 1);

  for (guint i = 0; i < n; i++)
    order[i] = i;
  g_qsort_with_data (order, (gint) n, sizeof *order, compare_items, self->layout);

  self->plan = kl_fat32_plan_new (kl_media_layout_get_label (self->layout), self->created);
  for (guint i = 0; i < n; i++)
    {
      const KlLayoutItem *item = kl_media_layout_get_item (self->layout, order[i]);

      if (!kl_fat32_plan_add_file (self->plan, item->path, item->size, order[i], error))
        return set_image_detail (self, error);
    }
  return kl_fat32_plan_finish (self->plan, error) || set_image_detail (self, error);
}

static gboolean
set_too_large_error (KlFat32Writer *self, GError **error)
{
  GError *made;
  const char *id = kl_media_layout_get_image_id (self->layout);

  if (self->min_bytes == 0)
    made = g_error_new (KL_ERROR, KL_ERROR_PACKAGE_TOO_LARGE,
                        "The files of boot image %s do not fit on a FAT32 volume of 2 TiB", id);
  else
    made = g_error_new (KL_ERROR, KL_ERROR_PACKAGE_TOO_LARGE,
                        "The files of boot image %s need a target of at least %" G_GUINT64_FORMAT
                        " bytes, but this one has %" G_GUINT64_FORMAT,
                        id, self->min_bytes, self->disk_bytes);
  kl_error_set_detail (made, id);
  g_propagate_error (error, made);
  return FALSE;
}

/* Decides the sizes of disk and partition, and where everything lies. */
static gboolean
lay_out (KlFat32Writer *self, const KlFat32Options *options, GError **error)
{
  guint64 min_sectors = kl_fat32_plan_get_min_sectors (self->plan);
  guint64 partition;

  self->disk_bytes = options->disk_bytes;
  if (min_sectors == 0)
    return set_too_large_error (self, error);

  self->min_bytes
      = (KL_DISK_PARTITION_START + min_sectors) * KL_DISK_SECTOR + (options->gpt ? MIB : 0);
  if (self->disk_bytes == 0)
    self->disk_bytes = self->min_bytes;
  partition = kl_mbr_compute_partition (self->disk_bytes / KL_DISK_SECTOR);
  if (options->gpt)
    partition = MIN (partition, kl_gpt_compute_partition (self->disk_bytes / KL_DISK_SECTOR));
  if (partition < min_sectors || !kl_fat32_plan_lay_out (self->plan, partition))
    return set_too_large_error (self, error);
  return TRUE;
}

/* Everything before the partition: table and BIOS start code, or the GPT. */
static void
make_front (KlFat32Writer *self, const KlFat32Options *options)
{
  guint32 n_sectors = kl_fat32_plan_get_geometry (self->plan)->n_sectors;
  gboolean bios = kl_media_layout_has_bios (self->layout, NULL) && options->bios_code != NULL;
  guint8 *front = g_malloc0 (PARTITION_OFFSET);

  if (options->gpt)
    {
      const KlGptGuid disk = kl_gpt_guid_new (), partition = kl_gpt_guid_new ();
      guint8 *tail = g_malloc0 (KL_GPT_TAIL_SECTORS * KL_DISK_SECTOR);

      kl_gpt_build (self->disk_bytes / KL_DISK_SECTOR, n_sectors, &disk, &partition, front, tail);
      self->tail = g_bytes_new_take (tail, KL_GPT_TAIL_SECTORS * KL_DISK_SECTOR);
    }
  else
    {
      kl_mbr_build (n_sectors, kl_disk_frame_make_serial (), bios ? options->bios_code->mbr : NULL,
                    front);
      if (bios)
        memcpy (front + KL_DISK_SECTOR, g_bytes_get_data (options->bios_code->core, NULL),
                g_bytes_get_size (options->bios_code->core));
    }
  self->front = g_bytes_new_take (front, PARTITION_OFFSET);
}

/* In what is neither used nor cleared, or overwritten by the second partition table. */
static KlCapacityProbe *
make_probe (KlFat32Writer *self)
{
  guint64 used = PARTITION_OFFSET + kl_fat32_plan_get_used_bytes (self->plan);
  guint64 end = self->disk_bytes - (self->tail != NULL ? MIB : 0);

  return kl_capacity_probe_new (used, end / ALIGNMENT * ALIGNMENT, self->disk_bytes);
}

/* ---- The pieces. ---- */

static void
make_fat (gpointer data, guint number, guint64 offset, guint8 *bytes, gsize length)
{
  kl_fat32_plan_fill_fat (data, offset, bytes, length);
}

static void
make_folder (gpointer data, guint number, guint64 offset, guint8 *bytes, gsize length)
{
  g_autoptr (GBytes) folder = kl_fat32_plan_make_folder (data, number);

  memcpy (bytes, (const guint8 *) g_bytes_get_data (folder, NULL) + offset, length);
}

static void
add_structures (KlFat32Writer *self, GPtrArray *pieces)
{
  const KlFat32Geometry *geometry = kl_fat32_plan_get_geometry (self->plan);
  guint64 head_end = PARTITION_OFFSET + KL_FAT32_HEAD_BYTES;
  guint64 fat = PARTITION_OFFSET + (guint64) geometry->reserved_sectors * KL_DISK_SECTOR;
  guint64 fat_bytes = (guint64) geometry->fat_sectors * KL_DISK_SECTOR;

  kl_disk_frame_add_front (pieces, self->front, KL_FAT32_HEAD_BYTES);
  kl_pieces_add (pieces, head_end, fat, "file system structures");
  for (guint i = 0; i < 2; i++)
    {
      KlPiece *piece = kl_pieces_add (pieces, fat + i * fat_bytes, fat + (i + 1) * fat_bytes,
                                      "file allocation table");

      piece->make = make_fat;
      piece->data = self->plan;
    }
}

static void
add_content (KlFat32Writer *self, GPtrArray *pieces)
{
  guint n = kl_fat32_plan_get_n_extents (self->plan);
  guint64 end = PARTITION_OFFSET + kl_fat32_plan_get_used_bytes (self->plan);

  /* Clusters may be smaller than the blocks of a drive. */
  end = (end + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  for (guint i = 0; i < n; i++)
    {
      KlFat32Extent extent = kl_fat32_plan_get_extent (self->plan, i);
      guint64 offset = PARTITION_OFFSET + extent.offset, next = end;
      const KlLayoutItem *item
          = extent.is_folder ? NULL : kl_media_layout_get_item (self->layout, extent.number);
      KlPiece *piece = kl_pieces_add (pieces, offset, offset + extent.length,
                                      item != NULL ? item->path : "folders");

      if (i + 1 < n)
        next = PARTITION_OFFSET + kl_fat32_plan_get_extent (self->plan, i + 1).offset;
      piece->item = item;
      piece->make = item == NULL ? make_folder : NULL;
      piece->data = self->plan;
      piece->number = extent.number;
      kl_pieces_add (pieces, offset + extent.length, next, "padding");
    }
}

static void
add_end (KlFat32Writer *self, GPtrArray *pieces)
{
  kl_disk_frame_add_tail (pieces, self->disk_bytes, self->tail);
  if (self->vhd)
    {
      guint8 *footer = g_malloc (KL_VHD_FOOTER_BYTES);

      kl_vhd_build_footer (self->disk_bytes, self->created, footer);
      kl_pieces_add_bytes (pieces, self->disk_bytes, g_bytes_new_take (footer, KL_VHD_FOOTER_BYTES),
                           "footer of the virtual disk");
    }
}

static GPtrArray *
make_pieces (KlFat32Writer *self)
{
  GPtrArray *pieces = kl_pieces_new ();

  add_structures (self, pieces);
  add_content (self, pieces);
  add_end (self, pieces);
  return pieces;
}

/* ---- The writer. ---- */

static guint64
get_size (KlFat32Writer *self)
{
  return self->disk_bytes + (self->vhd ? KL_VHD_FOOTER_BYTES : 0);
}

/* Before the content, so that a drive which obviously lies does not cost the time of writing. */
static gboolean
write_probe (KlFat32Writer *self, KlSink *sink, GCancellable *cancellable, GError **error)
{
  return self->probe == NULL
         || (kl_capacity_probe_write (self->probe, sink, cancellable, error)
             && kl_sink_flush (sink, NULL, cancellable, error)
             && kl_capacity_probe_check (self->probe, sink, cancellable, error));
}

static gboolean
kl_fat32_writer_measure (KlMediaWriter *writer, guint64 *size, GError **error)
{
  *size = get_size (KL_FAT32_WRITER (writer));
  return TRUE;
}

static gboolean
kl_fat32_writer_write (KlMediaWriter *writer,
                       KlSink *sink,
                       KlProgress *progress,
                       GCancellable *cancellable,
                       GError **error)
{
  KlFat32Writer *self = KL_FAT32_WRITER (writer);
  g_autoptr (GPtrArray) pieces = make_pieces (self);
  g_autoptr (GPtrArray) regions = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_region_free);

  if (g_cancellable_set_error_if_cancelled (cancellable, error)
      || !kl_sink_prepare (sink, get_size (self), error)
      || !kl_disk_frame_begin (sink, get_size (self), KL_FAT32_HEAD_BYTES, cancellable, error)
      || !write_probe (self, sink, cancellable, error)
      || !kl_pieces_write (pieces, self->layout, self->member, sink, regions, progress, cancellable,
                           error))
    return FALSE;

  g_ptr_array_unref (self->regions);
  self->regions = g_steal_pointer (&regions);
  return TRUE;
}

/* If the drive holds what it says. */
static gboolean
kl_fat32_writer_finish (KlMediaWriter *writer,
                        KlSink *sink,
                        GPtrArray *regions,
                        GCancellable *cancellable,
                        GError **error)
{
  KlFat32Writer *self = KL_FAT32_WRITER (writer);
  guint8 *bytes = g_malloc (KL_FAT32_HEAD_BYTES);
  g_autoptr (GBytes) head = g_bytes_new_take (bytes, KL_FAT32_HEAD_BYTES);

  kl_fat32_plan_fill_head (self->plan, KL_DISK_PARTITION_START, self->serial, bytes);
  return !g_cancellable_set_error_if_cancelled (cancellable, error)
         && (self->probe == NULL || kl_capacity_probe_check (self->probe, sink, cancellable, error))
         && kl_disk_frame_end (sink, head, self->front, regions, error);
}

static GPtrArray *
kl_fat32_writer_get_regions (KlMediaWriter *writer)
{
  return KL_FAT32_WRITER (writer)->regions;
}

static void
kl_fat32_writer_finalize (GObject *object)
{
  KlFat32Writer *self = KL_FAT32_WRITER (object);

  g_clear_pointer (&self->plan, kl_fat32_plan_free);
  g_clear_pointer (&self->front, g_bytes_unref);
  g_clear_pointer (&self->tail, g_bytes_unref);
  g_clear_pointer (&self->regions, g_ptr_array_unref);
  g_clear_pointer (&self->probe, kl_capacity_probe_free);
  g_clear_pointer (&self->member, kl_read_member_unref);
  g_clear_object (&self->layout);

  G_OBJECT_CLASS (kl_fat32_writer_parent_class)->finalize (object);
}

static void
kl_fat32_writer_class_init (KlFat32WriterClass *klass)
{
  KlMediaWriterClass *writer_class = KL_MEDIA_WRITER_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = kl_fat32_writer_finalize;
  writer_class->measure = kl_fat32_writer_measure;
  writer_class->write = kl_fat32_writer_write;
  writer_class->finish = kl_fat32_writer_finish;
  writer_class->get_regions = kl_fat32_writer_get_regions;
}

static void
kl_fat32_writer_init (KlFat32Writer *self)
{
  self->regions = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_region_free);
  self->serial = kl_disk_frame_make_serial ();
}

/**
 * kl_fat32_writer_new:
 * @layout: of the media type UFD+FORMAT
 * @options: copied
 *
 * A writer of disks with one FAT32 volume (media-formats.md 9). Everything is laid out here.
 * Writing goes in phases of ascending offsets with a flush between them: the disk is marked as
 * unfinished (see kl_disk_is_unfinished()) and both its ends are cleared; marks of a capacity
 * probe, if that is asked for, are written over the free space; one pass writes everything else;
 * kl_media_writer_finish() compares the marks and writes the volume's boot sectors and then the
 * partition table. Only what is used is written, and of the free space nothing but the marks. About
 * 3 MiB of memory, whatever the sizes.
 *
 * Errors: KL_ERROR_PACKAGE_TOO_LARGE, detail: the boot image ID, for a file above 4 GiB - 1 or a
 * disk that is too small, with both sizes; KL_ERROR_INVALID_ARGUMENT for names that FAT32 cannot
 * hold.
 *
 * Returns: (transfer full) (nullable): the writer
 */
KlMediaWriter *
kl_fat32_writer_new (KlMediaLayout *layout, const KlFat32Options *options, GError **error)
{
  g_autoptr (KlFat32Writer) self = NULL;

  g_return_val_if_fail (KL_IS_MEDIA_LAYOUT (layout) && options != NULL, NULL);
  g_return_val_if_fail (options->disk_bytes % (options->vhd ? MIB : KL_DISK_SECTOR) == 0, NULL);

  self = g_object_new (KL_TYPE_FAT32_WRITER, NULL);
  self->layout = g_object_ref (layout);
  self->created = kl_media_layout_get_created (layout);
  self->vhd = options->vhd;
  if (options->member != NULL)
    self->member = kl_read_member_ref (options->member);
  if (!make_plan (self, error) || !lay_out (self, options, error))
    return NULL;

  make_front (self, options);
  if (options->probe_capacity)
    self->probe = make_probe (self);
  return KL_MEDIA_WRITER (g_steal_pointer (&self));
}

/**
 * kl_fat32_writer_get_min_bytes:
 *
 * Returns: the size of the smallest disk that holds the layout
 */
guint64
kl_fat32_writer_get_min_bytes (KlFat32Writer *self)
{
  g_return_val_if_fail (KL_IS_FAT32_WRITER (self), 0);

  return self->min_bytes;
}

/**
 * kl_fat32_writer_get_written_bytes:
 *
 * Returns: how much of the disk is written, an upper limit: what a sparse file needs
 */
guint64
kl_fat32_writer_get_written_bytes (KlFat32Writer *self)
{
  g_return_val_if_fail (KL_IS_FAT32_WRITER (self), 0);

  return PARTITION_OFFSET + kl_fat32_plan_get_used_bytes (self->plan) + 2 * MIB;
}
