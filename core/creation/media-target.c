/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-media-target"

#include "creation/media-target.h"

#include "access/drive-handle.h"
#include "base/error.h"
#include "disk/bios-code.h"
#include "media/fat32-writer.h"
#include "sink/drive-sink.h"
#include "sink/file-sink.h"
#include "sink/verifier.h"
#include "volume/volume-target.h"

/* The boot sector and everything after it count in these; bytes. */
#define DISK_BLOCK 512u

/* Either sink and writer, or a volume whose files are written. */
struct _KlMediaTarget
{
  KlMediaRequest *request; /* owned */
  KlVolumeTarget *volume;  /* owned; nullable */
  KlSink *sink;            /* owned; nullable */
  KlMediaWriter *writer;   /* owned; NULL with a volume, and before plan or writing ahead */
  GError *ahead_problem;   /* owned; nullable; why nothing more could be written ahead */
  guint64 drive_bytes;     /* of the drive; 0 for a file */
  guint64 bytes;           /* of the medium; 0 before plan */
  gboolean finished;       /* whether the medium may start, although something failed then */
};

/* The targets that jobs of this process are at work on. */
static GMutex reserved_lock;
static GHashTable *reserved; /* of owned paths; guarded by reserved_lock */

/**
 * kl_media_target_reserve:
 * @destination: path of a file or node
 *
 * Any thread. Errors: KL_ERROR_BUSY.
 */
gboolean
kl_media_target_reserve (const char *destination, GError **error)
{
  gboolean taken;

  g_mutex_lock (&reserved_lock);
  if (reserved == NULL)
    reserved = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  taken = g_hash_table_add (reserved, g_strdup (destination));
  g_mutex_unlock (&reserved_lock);

  if (!taken)
    g_set_error (error, KL_ERROR, KL_ERROR_BUSY, "“%s” is being written by another job",
                 destination);
  return taken;
}

/* What kl_media_target_reserve() kept; any thread. */
void
kl_media_target_release (const char *destination)
{
  g_mutex_lock (&reserved_lock);
  g_hash_table_remove (reserved, destination);
  g_mutex_unlock (&reserved_lock);
}

/* A medium never lands inside the catalog, where it could replace the image it is made from. */
static gboolean
check_outside_catalog (KlCatalog *catalog, const char *destination, GError **error)
{
  if (!kl_catalog_contains (catalog, destination))
    return TRUE;

  g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
               "“%s” lies inside the catalog “%s”; choose another folder", destination,
               kl_catalog_get_path (catalog));
  return FALSE;
}

/**
 * kl_media_target_check_place:
 * @catalog: which must not hold the medium
 *
 * What can be told before anything is opened. Errors: KL_ERROR_INVALID_ARGUMENT.
 */
gboolean
kl_media_target_check_place (KlMediaRequest *request, KlCatalog *catalog, GError **error)
{
  return kl_media_request_get_drive (request) != NULL
         || check_outside_catalog (catalog, kl_media_request_get_destination (request), error);
}

static KlSink *
open_file (KlMediaRequest *request, KlCatalog *catalog, GError **error)
{
  g_autoptr (KlSink) sink = kl_file_sink_new (kl_media_request_get_destination (request), error);

  /* Where a symbolic link leads, too. */
  if (sink == NULL
      || !check_outside_catalog (catalog, kl_file_sink_get_path (KL_FILE_SINK (sink)), error))
    return NULL;
  if (kl_media_request_get_keep_other_files (request))
    kl_file_sink_set_kind (KL_FILE_SINK (sink), KL_FILE_KIND_ISO);
  return g_steal_pointer (&sink);
}

static KlSink *
open_drive (KlDrive *drive, guint64 *drive_bytes, GCancellable *cancellable, GError **error)
{
  g_autoptr (KlDriveHandle) handle
      = kl_drive_open (drive, kl_drive_get_identity (drive), cancellable, error);

  if (handle == NULL)
    return NULL;
  if (kl_drive_handle_get_block_size (handle) != DISK_BLOCK)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                   "“%s” has blocks of %u bytes; PCs start from drives with blocks of %u bytes",
                   kl_drive_get_path (drive), kl_drive_handle_get_block_size (handle), DISK_BLOCK);
      return NULL;
    }

  *drive_bytes = kl_drive_handle_get_size (handle);
  return kl_drive_sink_new (handle);
}

static KlVolumeTarget *
open_volume (KlMediaRequest *request, gboolean read_only, GCancellable *cancellable, GError **error)
{
  const KlVolumeOptions options = {
    .drive = kl_media_request_get_drive (request),
    .volume = kl_media_request_get_volume (request),
    .bios_start = kl_media_request_get_bios_start (request),
    .bios_code_folder = kl_media_request_get_bios_code_folder (request),
    .verify = kl_media_request_get_verify (request),
    .read_only = read_only,
  };

  return kl_volume_target_new (&options, cancellable, error);
}

/**
 * kl_media_target_open:
 *
 * Opens the file or the drive, which is unmounted and held exclusively from then on, or looks
 * whether the drive with the volume is the one that was chosen; writes nothing.
 *
 * Errors: those of kl_file_sink_new(), kl_drive_open() and kl_volume_target_new().
 *
 * Returns: (transfer full) (nullable): the target
 */
KlMediaTarget *
kl_media_target_open (KlMediaRequest *request,
                      KlCatalog *catalog,
                      GCancellable *cancellable,
                      GError **error)
{
  KlDrive *drive = kl_media_request_get_drive (request);
  g_autoptr (KlMediaTarget) self = g_new0 (KlMediaTarget, 1);

  self->request = g_object_ref (request);
  if (kl_media_request_get_media_type (request) == KL_MEDIA_TYPE_UFD)
    {
      self->volume = open_volume (request, FALSE, cancellable, error);
      return self->volume != NULL ? g_steal_pointer (&self) : NULL;
    }

  self->sink = drive != NULL ? open_drive (drive, &self->drive_bytes, cancellable, error)
                             : open_file (request, catalog, error);
  return self->sink != NULL ? g_steal_pointer (&self) : NULL;
}

/* A file that was not committed is gone, a drive keeps what was written. */
void
kl_media_target_free (KlMediaTarget *self)
{
  g_clear_object (&self->writer);
  g_clear_error (&self->ahead_problem);
  g_clear_object (&self->sink);
  g_clear_pointer (&self->volume, kl_volume_target_free);
  g_clear_object (&self->request);
  g_free (self);
}

static KlMediaWriter *
make_fat32_writer (KlMediaRequest *request,
                   KlMediaLayout *layout,
                   guint64 drive_bytes,
                   KlReadMember *member,
                   GError **error)
{
  const char *folder = kl_media_request_get_bios_code_folder (request);
  g_autoptr (KlBiosCode) code = NULL;
  KlFat32Options options = {
    .disk_bytes = drive_bytes > 0 ? drive_bytes : kl_media_request_get_disk_image_bytes (request),
    .vhd = kl_media_request_get_vhd (request),
    .gpt = kl_media_request_get_gpt (request),
    .probe_capacity = drive_bytes > 0,
    .member = member,
  };

  if (kl_media_layout_has_bios (layout, NULL) && !options.gpt)
    {
      if (folder == NULL)
        {
          g_set_error (error, KL_ERROR, KL_ERROR_NOT_FOUND,
                       "The start code for BIOS is not there, which is part of the program");
          return NULL;
        }
      options.bios_code = code = kl_bios_code_load (folder, error);
      if (code == NULL)
        return NULL;
    }
  return kl_fat32_writer_new (layout, &options, error);
}

/* @drive_bytes: 0 for a file */
static KlMediaWriter *
make_writer (KlMediaRequest *request,
             KlMediaLayout *layout,
             guint64 drive_bytes,
             KlReadMember *member,
             GError **error)
{
  switch (kl_media_layout_get_media_type (layout))
    {
    case KL_MEDIA_TYPE_UFD_FORMAT:
      return make_fat32_writer (request, layout, drive_bytes, member, error);
    case KL_MEDIA_TYPE_CD:
    case KL_MEDIA_TYPE_UFD: /* no writer of blocks, see open_volume() */
    default:
      kl_read_member_finish (member);
      return kl_iso_writer_new (layout);
    }
}

/**
 * kl_media_target_write_ahead:
 * @draft: the layout of a CD, as it will most likely be
 * @enough: see kl_iso_writer_write_ahead()
 * @progress: that of kl_media_target_write(), which goes on with it
 *
 * Writes what is large into a file that has no name yet, while the layout that counts is not there.
 * What goes wrong is an error of kl_media_target_plan() or kl_media_target_write(), if they come to
 * it.
 */
void
kl_media_target_write_ahead (KlMediaTarget *self,
                             KlMediaLayout *draft,
                             KlEnoughFunc enough,
                             gpointer user_data,
                             KlProgress *progress,
                             GCancellable *cancellable)
{
  g_autoptr (KlMediaWriter) writer = kl_iso_writer_new (draft);
  guint64 bytes;

  g_return_if_fail (KL_IS_FILE_SINK (self->sink) && self->writer == NULL);

  if (!kl_media_writer_measure (writer, &bytes, NULL) || !kl_sink_prepare (self->sink, bytes, NULL))
    return;

  kl_progress_start (progress);
  kl_iso_writer_write_ahead (KL_ISO_WRITER (writer), self->sink, enough, user_data, progress,
                             cancellable, &self->ahead_problem);
  self->writer = g_steal_pointer (&writer);
}

/**
 * kl_media_target_judge:
 *
 * What must be known of the target before the layout is made.
 *
 * Errors: for UFD those of kl_volume_target_judge(), KL_ERROR_UFD_FS_FAT16 and
 * KL_ERROR_UFD_FS_UNKNOWN first.
 */
gboolean
kl_media_target_judge (KlMediaTarget *self, GCancellable *cancellable, GError **error)
{
  return self->volume == NULL || kl_volume_target_judge (self->volume, cancellable, error);
}

/* After judge: why no BIOS will start a medium from this target, a sentence; NULL: nothing is in
 * the way. */
const char *
kl_media_target_get_bios_obstacle (KlMediaTarget *self)
{
  return self->volume != NULL ? kl_volume_target_get_bios_obstacle (self->volume) : NULL;
}

const char *
kl_media_target_get_uefi_obstacle (KlMediaTarget *self)
{
  return self->volume != NULL ? kl_volume_target_get_uefi_obstacle (self->volume) : NULL;
}

/**
 * kl_media_target_plan:
 * @layout: what goes there
 * @member: (nullable): through which its files are read, which lives as long as @self; see
 *   kl_pieces_write()
 *
 * The last checks: whether it fits. Writes nothing; what was written ahead may be lost.
 *
 * Errors: KL_ERROR_PACKAGE_TOO_LARGE, KL_ERROR_NO_SPACE, those of the writer.
 */
gboolean
kl_media_target_plan (KlMediaTarget *self,
                      KlMediaLayout *layout,
                      KlReadMember *member,
                      GCancellable *cancellable,
                      GError **error)
{
  if (self->volume != NULL)
    {
      self->bytes = kl_media_layout_get_content_bytes (layout);
      return kl_volume_target_plan (self->volume, layout, member, cancellable, error);
    }

  if (self->writer != NULL)
    kl_iso_writer_set_layout (KL_ISO_WRITER (self->writer), layout);
  else
    self->writer = make_writer (self->request, layout, self->drive_bytes, member, error);
  if (self->writer == NULL)
    return FALSE;

  if (KL_IS_FAT32_WRITER (self->writer) && KL_IS_FILE_SINK (self->sink))
    kl_file_sink_set_sparse (KL_FILE_SINK (self->sink),
                             kl_fat32_writer_get_written_bytes (KL_FAT32_WRITER (self->writer)));
  return kl_media_writer_measure (self->writer, &self->bytes, error)
         && kl_sink_prepare (self->sink, self->bytes, error);
}

/**
 * kl_media_target_get_changes:
 *
 * Returns: (transfer none) (nullable): after plan: what changes among the files of a volume; %NULL
 *   for all other targets
 */
KlFolderPlan *
kl_media_target_get_changes (KlMediaTarget *self)
{
  return self->volume != NULL ? kl_volume_target_get_plan (self->volume) : NULL;
}

/* Likewise, for the caller to free; nothing can be written any more. */
KlFolderPlan *
kl_media_target_steal_changes (KlMediaTarget *self)
{
  return self->volume != NULL ? kl_volume_target_steal_plan (self->volume) : NULL;
}

/**
 * kl_media_target_get_bytes:
 *
 * Returns: the size of the medium, bytes; 0 before kl_media_target_plan()
 */
guint64
kl_media_target_get_bytes (KlMediaTarget *self)
{
  return self->bytes;
}

static gboolean
write_content (KlMediaTarget *self, KlProgress *progress, GCancellable *cancellable, GError **error)
{
  if (self->volume != NULL)
    return kl_volume_target_write (self->volume, progress, cancellable, error);
  return kl_media_writer_write (self->writer, self->sink, progress, cancellable, error);
}

static gboolean
flush (KlMediaTarget *self, KlProgress *progress, GCancellable *cancellable, GError **error)
{
  if (self->volume != NULL)
    return kl_volume_target_flush (self->volume, cancellable, error);
  return kl_sink_flush (self->sink, progress, cancellable, error);
}

/* All but what makes the medium start, see kl_media_writer_write(), which is then brought to the
 * disk. */
gboolean
kl_media_target_write (KlMediaTarget *self,
                       KlProgress *writing,
                       KlProgress *flushing,
                       GCancellable *cancellable,
                       GError **error)
{
  if (self->ahead_problem != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&self->ahead_problem));
      return FALSE;
    }

  kl_progress_start (writing);
  if (!write_content (self, writing, cancellable, error))
    return FALSE;
  kl_progress_finish (writing);

  kl_progress_start (flushing);
  if (!flush (self, flushing, cancellable, error))
    return FALSE;
  kl_progress_finish (flushing);
  return TRUE;
}

/* Reads back what was written, while the medium does not start yet; KL_ERROR_MISMATCH names file
 * and byte. */
gboolean
kl_media_target_verify (KlMediaTarget *self,
                        KlProgress *progress,
                        GCancellable *cancellable,
                        GError **error)
{
  if (self->volume != NULL)
    return kl_volume_target_verify (self->volume, progress, cancellable, error);
  return kl_verify_regions (self->sink, kl_media_writer_get_regions (self->writer), progress,
                            cancellable, error);
}

/* Not to be interrupted: it takes a moment, and half of it helps nobody. */
static gboolean
finish_medium (KlMediaTarget *self, GError **error)
{
  g_autoptr (GPtrArray) regions = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_region_free);

  if (!kl_media_writer_finish (self->writer, self->sink, regions, NULL, error))
    return FALSE;

  self->finished = TRUE;
  return !kl_media_request_get_verify (self->request)
         || kl_verify_regions (self->sink, regions, NULL, NULL, error);
}

/* Writes what makes the medium start, and reads that back too. Then the medium is complete: a file
 * gets its name, a drive is given back. */
gboolean
kl_media_target_commit (KlMediaTarget *self, GError **error)
{
  if (self->volume != NULL)
    return kl_volume_target_commit (self->volume, error);
  return finish_medium (self, error) && kl_sink_commit (self->sink, error);
}

static KlMediaState
get_state_of_volume (KlFolderState state)
{
  switch (state)
    {
    case KL_FOLDER_COMPLETE:
      return KL_MEDIA_STATE_DOUBTFUL;
    case KL_FOLDER_PARTIAL:
      return KL_MEDIA_STATE_PARTIAL;
    case KL_FOLDER_UNTOUCHED:
    default:
      return KL_MEDIA_STATE_UNTOUCHED;
    }
}

/**
 * kl_media_target_say_state:
 * @error: of the failure; prefixed
 *
 * A drive that was begun is no longer what it was, and not yet a medium.
 *
 * Returns: the same for programs
 */
KlMediaState
kl_media_target_say_state (KlMediaTarget *self, GError **error)
{
  if (self->volume != NULL)
    return get_state_of_volume (kl_volume_target_say_state (self->volume, error));
  if (!KL_IS_DRIVE_SINK (self->sink) || !kl_drive_sink_has_written (KL_DRIVE_SINK (self->sink)))
    return KL_MEDIA_STATE_UNTOUCHED;

  g_prefix_error (error,
                  self->finished
                      ? "“%s” is written, but not to be relied on; make the medium again: "
                      : "“%s” is unfinished and does not start any more: ",
                  kl_media_request_get_destination (self->request));
  return self->finished ? KL_MEDIA_STATE_DOUBTFUL : KL_MEDIA_STATE_UNFINISHED;
}

/**
 * kl_media_target_peek:
 *
 * For a dry run: opens the volume of a request for UFD without writing anything, and mounts it
 * read-only where it is not mounted.
 *
 * Errors: those of kl_volume_target_new().
 *
 * Returns: (transfer full) (nullable): a target to judge and to plan with
 */
KlMediaTarget *
kl_media_target_peek (KlMediaRequest *request, GCancellable *cancellable, GError **error)
{
  g_autoptr (KlMediaTarget) self = g_new0 (KlMediaTarget, 1);

  self->request = g_object_ref (request);
  self->volume = open_volume (request, TRUE, cancellable, error);
  return self->volume != NULL ? g_steal_pointer (&self) : NULL;
}

/**
 * kl_media_target_measure:
 * @bytes: (out): what the medium needs at least, bytes
 *
 * Without a look at the destination; not for UFD. Errors: those of the writer.
 */
gboolean
kl_media_target_measure (KlMediaRequest *request,
                         KlMediaLayout *layout,
                         guint64 *bytes,
                         GError **error)
{
  KlDrive *drive = kl_media_request_get_drive (request);
  g_autoptr (KlMediaWriter) writer
      = make_writer (request, layout, drive != NULL ? kl_drive_get_size (drive) : 0, NULL, error);

  if (writer == NULL)
    return FALSE;
  if (!KL_IS_FAT32_WRITER (writer))
    return kl_media_writer_measure (writer, bytes, error);

  *bytes = kl_fat32_writer_get_min_bytes (KL_FAT32_WRITER (writer));
  return TRUE;
}
