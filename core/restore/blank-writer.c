/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-blank-writer"

#include "restore/blank-writer.h"

#include <string.h>

#include "base/error.h"
#include "disk/exfat-volume.h"
#include "disk/fat32-plan.h"
#include "disk/partition-table.h"
#include "media/block-stream.h"
#include "media/disk-frame.h"
#include "media/label.h"
#include "sink/capacity-probe.h"

#define MIB ((guint64) 1 << 20)
#define PARTITION_OFFSET KL_DISK_FRAME_PARTITION

/* What drives with large sectors want offsets and lengths to be multiples of; bytes. */
#define ALIGNMENT ((guint64) 4096)

/* SDHC cards and sticks up to there are sold with FAT32, larger ones with exFAT. */
#define MAX_FAT32_BY_SIZE (32 * 1024 * MIB)

/* What an MBR can describe. */
#define MAX_MBR_SECTORS ((guint64) 1 << 32)

/* Both file systems have as many; of FAT32 bytes, of exFAT units of UTF-16. */
#define MAX_LABEL 11

struct _KlBlankWriter
{
  KlMediaWriter parent_instance;

  KlBlankKind kind;
  guint64 disk_bytes;
  guint64 volume_sectors;
  guint64 used_bytes;     /* from the beginning of the volume */
  KlFat32Plan *plan;      /* owned; NULL for exFAT */
  KlExfatVolume *exfat;   /* owned; NULL for FAT32 */
  KlExfatGeometry layout; /* of exfat */
  GBytes *front;          /* owned; everything before the partition */
  GBytes *head;           /* owned; the first sectors of the volume */
  GBytes *tail;           /* owned, nullable; the second GPT */
  KlCapacityProbe *probe; /* owned, nullable */
  GPtrArray *regions;     /* owned; of KlRegion */
};

G_DEFINE_FINAL_TYPE (KlBlankWriter, kl_blank_writer, KL_TYPE_MEDIA_WRITER)

static const struct
{
  const char *name;
  const char *title;
} kinds[] = {
  [KL_BLANK_FAT32] = { "fat32", "FAT32" },
  [KL_BLANK_EXFAT] = { "exfat", "exFAT" },
};

gboolean
kl_blank_kind_from_string (const char *text, KlBlankKind *kind)
{
  for (guint i = KL_BLANK_FAT32; i < G_N_ELEMENTS (kinds); i++)
    if (g_ascii_strcasecmp (text, kinds[i].name) == 0)
      {
        *kind = (KlBlankKind) i;
        return TRUE;
      }
  return FALSE;
}

const char *
kl_blank_kind_to_string (KlBlankKind kind)
{
  return kinds[kind].name;
}

const char *
kl_blank_kind_get_title (KlBlankKind kind)
{
  return kinds[kind].title;
}

/**
 * kl_blank_kind_choose:
 *
 * Returns: what a disk of that size is expected to have: FAT32 up to 32 GiB, which every device
 *   reads, and exFAT above, or where FAT32 does not fit because the disk is too small
 */
KlBlankKind
kl_blank_kind_choose (guint64 disk_bytes)
{
  KlFat32Geometry geometry;

  return disk_bytes <= MAX_FAT32_BY_SIZE
                 && kl_fat32_geometry_compute (
                     kl_mbr_compute_partition (disk_bytes / KL_DISK_SECTOR), &geometry)
             ? KL_BLANK_FAT32
             : KL_BLANK_EXFAT;
}

static gboolean
fits_fat32 (const char *label)
{
  for (const char *at = label; *at != '\0'; at++)
    if (!g_ascii_isalnum (*at) && *at != ' ' && *at != '-' && *at != '_')
      return FALSE;
  return label[0] != ' ';
}

/* Of UTF-16. */
static guint
count_units (const char *label)
{
  guint n = 0;

  for (const char *at = label; *at != '\0'; at = g_utf8_next_char (at))
    n += g_utf8_get_char (at) < 0x10000 ? 1 : 2;
  return n;
}

/**
 * kl_blank_check_label:
 * @kind: FAT32 or exFAT
 * @label: "" for none
 *
 * Whether a volume can bear the label as it is, but for small letters, which FAT32 makes capitals.
 *
 * Errors: KL_ERROR_INVALID_ARGUMENT with the rule.
 */
gboolean
kl_blank_check_label (KlBlankKind kind, const char *label, GError **error)
{
  g_autoptr (GError) problem = NULL;
  guint length;

  if (*label == '\0')
    return TRUE;
  if (!kl_label_check (label, &problem))
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT, "%s", problem->message);
      return FALSE;
    }
  if (kind == KL_BLANK_FAT32 && !fits_fat32 (label))
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                   "The label “%s” does not fit: on FAT32 it has letters from A to Z, digits, "
                   "spaces, - and _",
                   label);
      return FALSE;
    }
  length = count_units (label);
  if (length > MAX_LABEL)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                   "The label “%s” has %u characters; on %s it has at most %d", label, length,
                   kl_blank_kind_get_title (kind), MAX_LABEL);
      return FALSE;
    }
  return TRUE;
}

/* ---- The plan. ---- */

static gboolean
set_size_error (KlBlankWriter *self, const char *rule, GError **error)
{
  g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
               "%s does not fit a disk of %" G_GUINT64_FORMAT " bytes: %s",
               kl_blank_kind_get_title (self->kind), self->disk_bytes, rule);
  return FALSE;
}

static gboolean
plan_fat32 (KlBlankWriter *self, const char *label, GError **error)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  guint8 *head = g_malloc (KL_FAT32_HEAD_BYTES);

  self->head = g_bytes_new_take (head, KL_FAT32_HEAD_BYTES);
  if (self->disk_bytes / KL_DISK_SECTOR > MAX_MBR_SECTORS)
    return set_size_error (self, "it ends at 2 TiB; choose exFAT", error);

  self->plan = kl_fat32_plan_new (label, now);
  if (!kl_fat32_plan_finish (self->plan, error))
    return FALSE;
  if (!kl_fat32_plan_lay_out (self->plan, self->volume_sectors))
    return set_size_error (self, "it begins at 34 MiB; choose exFAT", error);
  kl_fat32_plan_fill_head (self->plan, KL_DISK_PARTITION_START, kl_disk_frame_make_serial (), head);
  self->used_bytes = kl_fat32_plan_get_used_bytes (self->plan);
  return TRUE;
}

static gboolean
plan_exfat (KlBlankWriter *self, const char *label, GError **error)
{
  guint8 *head = g_malloc (KL_EXFAT_HEAD_BYTES);

  self->head = g_bytes_new_take (head, KL_EXFAT_HEAD_BYTES);
  if (!kl_exfat_geometry_compute (self->volume_sectors, &self->layout))
    return set_size_error (self, "5 MiB are the least", error);

  self->exfat = kl_exfat_volume_new (&self->layout, label, kl_disk_frame_make_serial ());
  kl_exfat_volume_fill_head (self->exfat, KL_DISK_PARTITION_START, head);
  self->used_bytes = kl_exfat_volume_get_used_bytes (self->exfat);
  return TRUE;
}

/* Everything before the partition, and the second GPT where the disk is too large for an MBR. */
static void
make_front (KlBlankWriter *self, gboolean gpt)
{
  guint8 *front = g_malloc0 (PARTITION_OFFSET);

  if (gpt)
    {
      const KlGptGuid disk = kl_gpt_guid_new (), partition = kl_gpt_guid_new ();
      guint8 *tail = g_malloc0 (KL_GPT_TAIL_SECTORS * KL_DISK_SECTOR);

      kl_gpt_build (self->disk_bytes / KL_DISK_SECTOR, self->volume_sectors, &disk, &partition,
                    front, tail);
      self->tail = g_bytes_new_take (tail, KL_GPT_TAIL_SECTORS * KL_DISK_SECTOR);
    }
  else
    kl_mbr_build_for_data (self->plan != NULL ? KL_MBR_TYPE_FAT32_LBA : KL_MBR_TYPE_EXFAT,
                           (guint32) self->volume_sectors, kl_disk_frame_make_serial (), front);
  self->front = g_bytes_new_take (front, PARTITION_OFFSET);
}

/* ---- The pieces. ---- */

/* @offset, @end: bytes, of the volume */
static void
add_made (KlBlankWriter *self,
          GPtrArray *pieces,
          guint64 offset,
          guint64 end,
          const char *name,
          KlPieceFunc make)
{
  KlPiece *piece = kl_pieces_add (pieces, PARTITION_OFFSET + offset, PARTITION_OFFSET + end, name);

  piece->make = make;
  piece->data = self;
}

static void
make_fat32_table (gpointer data, guint number, guint64 offset, guint8 *bytes, gsize length)
{
  kl_fat32_plan_fill_fat (KL_BLANK_WRITER (data)->plan, offset, bytes, length);
}

static void
make_exfat_table (gpointer data, guint number, guint64 offset, guint8 *bytes, gsize length)
{
  kl_exfat_volume_fill_fat (KL_BLANK_WRITER (data)->exfat, offset, bytes, length);
}

static void
make_bitmap (gpointer data, guint number, guint64 offset, guint8 *bytes, gsize length)
{
  kl_exfat_volume_fill_bitmap (KL_BLANK_WRITER (data)->exfat, offset, bytes, length);
}

/* Returns where the next piece begins; bytes, of the volume. */
static guint64
add_fat32 (KlBlankWriter *self, GPtrArray *pieces)
{
  const KlFat32Geometry *geometry = kl_fat32_plan_get_geometry (self->plan);
  const guint64 fat = (guint64) geometry->reserved_sectors * KL_DISK_SECTOR;
  const guint64 fat_bytes = (guint64) geometry->fat_sectors * KL_DISK_SECTOR;
  const guint64 root = kl_fat32_geometry_get_data_offset (geometry);
  GBytes *entries = kl_fat32_plan_make_folder (self->plan, 0);

  kl_pieces_add (pieces, PARTITION_OFFSET + KL_FAT32_HEAD_BYTES, PARTITION_OFFSET + fat,
                 "file system structures");
  for (guint i = 0; i < 2; i++)
    add_made (self, pieces, fat + i * fat_bytes, fat + (i + 1) * fat_bytes, "file allocation table",
              make_fat32_table);
  kl_pieces_add_bytes (pieces, PARTITION_OFFSET + root, entries, "folders");
  return root + g_bytes_get_size (entries);
}

static guint64
add_exfat (KlBlankWriter *self, GPtrArray *pieces)
{
  const guint64 fat = (guint64) self->layout.fat_offset * KL_DISK_SECTOR;
  const guint64 bitmap = kl_exfat_volume_get_bitmap_offset (self->exfat);
  const guint64 upcase = kl_exfat_volume_get_upcase_offset (self->exfat);
  const guint64 root = kl_exfat_volume_get_root_offset (self->exfat);
  GBytes *table = kl_exfat_upcase_make ();
  GBytes *entries = kl_exfat_volume_make_root (self->exfat);

  kl_pieces_add (pieces, PARTITION_OFFSET + KL_EXFAT_HEAD_BYTES, PARTITION_OFFSET + fat,
                 "file system structures");
  add_made (self, pieces, fat, bitmap, "file allocation table", make_exfat_table);
  add_made (self, pieces, bitmap, upcase, "allocation bitmap", make_bitmap);
  kl_pieces_add_bytes (pieces, PARTITION_OFFSET + upcase, table, "table of capitals");
  kl_pieces_add (pieces, PARTITION_OFFSET + upcase + g_bytes_get_size (table),
                 PARTITION_OFFSET + root, "padding");
  kl_pieces_add_bytes (pieces, PARTITION_OFFSET + root, entries, "folders");
  return root + g_bytes_get_size (entries);
}

static void
add_end (KlBlankWriter *self, GPtrArray *pieces, guint64 offset)
{
  const guint64 end = (self->used_bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;

  kl_pieces_add (pieces, PARTITION_OFFSET + offset, PARTITION_OFFSET + end, "padding");
  kl_disk_frame_add_tail (pieces, self->disk_bytes, self->tail);
}

static GPtrArray *
make_pieces (KlBlankWriter *self)
{
  GPtrArray *pieces = kl_pieces_new ();

  kl_disk_frame_add_front (pieces, self->front, g_bytes_get_size (self->head));
  add_end (self, pieces, self->plan != NULL ? add_fat32 (self, pieces) : add_exfat (self, pieces));
  return pieces;
}

/* ---- The writer. ---- */

static gboolean
kl_blank_writer_measure (KlMediaWriter *writer, guint64 *size, GError **error)
{
  *size = KL_BLANK_WRITER (writer)->disk_bytes;
  return TRUE;
}

static gboolean
kl_blank_writer_write (KlMediaWriter *writer,
                       KlSink *sink,
                       KlProgress *progress,
                       GCancellable *cancellable,
                       GError **error)
{
  KlBlankWriter *self = KL_BLANK_WRITER (writer);
  g_autoptr (GPtrArray) pieces = make_pieces (self);

  return !g_cancellable_set_error_if_cancelled (cancellable, error)
         && kl_sink_prepare (sink, self->disk_bytes, error)
         && kl_disk_frame_begin (sink, self->disk_bytes, g_bytes_get_size (self->head), cancellable,
                                 error)
         && (self->probe == NULL
             || (kl_capacity_probe_write (self->probe, sink, cancellable, error)
                 && kl_sink_flush (sink, NULL, cancellable, error)))
         && kl_pieces_write (pieces, NULL, NULL, sink, self->regions, progress, cancellable, error);
}

/* If the drive holds what it says. */
static gboolean
kl_blank_writer_finish (KlMediaWriter *writer,
                        KlSink *sink,
                        GPtrArray *regions,
                        GCancellable *cancellable,
                        GError **error)
{
  KlBlankWriter *self = KL_BLANK_WRITER (writer);

  return !g_cancellable_set_error_if_cancelled (cancellable, error)
         && (self->probe == NULL || kl_capacity_probe_check (self->probe, sink, cancellable, error))
         && kl_disk_frame_end (sink, self->head, self->front, regions, error);
}

static GPtrArray *
kl_blank_writer_get_regions (KlMediaWriter *writer)
{
  return KL_BLANK_WRITER (writer)->regions;
}

static void
kl_blank_writer_finalize (GObject *object)
{
  KlBlankWriter *self = KL_BLANK_WRITER (object);

  g_clear_pointer (&self->plan, kl_fat32_plan_free);
  g_clear_pointer (&self->exfat, kl_exfat_volume_free);
  g_clear_pointer (&self->front, g_bytes_unref);
  g_clear_pointer (&self->head, g_bytes_unref);
  g_clear_pointer (&self->tail, g_bytes_unref);
  g_clear_pointer (&self->probe, kl_capacity_probe_free);
  g_clear_pointer (&self->regions, g_ptr_array_unref);

  G_OBJECT_CLASS (kl_blank_writer_parent_class)->finalize (object);
}

static void
kl_blank_writer_class_init (KlBlankWriterClass *klass)
{
  KlMediaWriterClass *writer_class = KL_MEDIA_WRITER_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = kl_blank_writer_finalize;
  writer_class->measure = kl_blank_writer_measure;
  writer_class->write = kl_blank_writer_write;
  writer_class->finish = kl_blank_writer_finish;
  writer_class->get_regions = kl_blank_writer_get_regions;
}

static void
kl_blank_writer_init (KlBlankWriter *self)
{
  self->regions = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_region_free);
}

/**
 * kl_blank_writer_new:
 * @options: copied
 *
 * A writer of disks with one empty volume from which nothing starts: a partition from 1 MiB to the
 * end, MBR up to 2 TiB and GPT above. Everything is laid out here. Writing goes in the same phases
 * as that of kl_fat32_writer_new(), and until its end the disk is marked as unfinished. What lies
 * in the free space is not overwritten.
 *
 * Errors: KL_ERROR_INVALID_ARGUMENT for a label that the volume cannot bear, and for a disk that is
 * too small or too large for the file system.
 *
 * Returns: (transfer full) (nullable): the writer
 */
KlMediaWriter *
kl_blank_writer_new (const KlBlankOptions *options, GError **error)
{
  g_autoptr (KlBlankWriter) self = NULL;
  const char *label;
  guint64 n_sectors;
  gboolean gpt;

  g_return_val_if_fail (options != NULL, NULL);
  g_return_val_if_fail (options->disk_bytes % KL_DISK_SECTOR == 0, NULL);

  n_sectors = options->disk_bytes / KL_DISK_SECTOR;
  gpt = n_sectors > MAX_MBR_SECTORS;
  label = options->label != NULL ? options->label : "";
  self = g_object_new (KL_TYPE_BLANK_WRITER, NULL);
  self->disk_bytes = options->disk_bytes;
  self->kind = options->kind != KL_BLANK_BY_SIZE ? options->kind
                                                 : kl_blank_kind_choose (options->disk_bytes);
  self->volume_sectors
      = gpt ? kl_gpt_compute_partition (n_sectors) : kl_mbr_compute_partition (n_sectors);
  if (!kl_blank_check_label (self->kind, label, error)
      || !(self->kind == KL_BLANK_FAT32 ? plan_fat32 (self, label, error)
                                        : plan_exfat (self, label, error)))
    return NULL;

  make_front (self, gpt);
  if (options->probe_capacity)
    self->probe = kl_capacity_probe_new (
        PARTITION_OFFSET + self->used_bytes,
        (self->disk_bytes - (gpt ? MIB : 0)) / ALIGNMENT * ALIGNMENT, self->disk_bytes);
  return KL_MEDIA_WRITER (g_steal_pointer (&self));
}

KlBlankKind
kl_blank_writer_get_kind (KlBlankWriter *self)
{
  g_return_val_if_fail (KL_IS_BLANK_WRITER (self), KL_BLANK_FAT32);

  return self->kind;
}

gboolean
kl_blank_writer_has_gpt (KlBlankWriter *self)
{
  g_return_val_if_fail (KL_IS_BLANK_WRITER (self), FALSE);

  return self->tail != NULL;
}

/* Of the whole volume. */
guint64
kl_blank_writer_get_volume_bytes (KlBlankWriter *self)
{
  g_return_val_if_fail (KL_IS_BLANK_WRITER (self), 0);

  return self->volume_sectors * KL_DISK_SECTOR;
}
