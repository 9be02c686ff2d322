/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-volume-target"

#include "volume/volume-target.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "access/volume-mount.h"
#include "base/error.h"
#include "base/file-io.h"
#include "disk/fat-format.h"
#include "disk/volume-kind.h"
#include "volume/bios-start.h"
#include "volume/folder-writer.h"

/* Not in linux/magic.h: the NTFS drivers of the kernel, of 2021 and before. */
#define NTFS3_MAGIC 0x7366746e
#define NTFS_MAGIC 0x5346544e

/* The kernel reads and writes the drive itself in blocks of this size; bytes. */
#define DISK_BLOCK 512u

struct _KlVolumeTarget
{
  KlVolumeOptions options; /* drive owned, volume and folder not kept */
  KlVolumeMount *mount;    /* owned */
  KlVolumeKind kind;
  gboolean fuse;          /* the file system runs as a program */
  KlBiosCode *code;       /* owned; NULL where it cannot be read and is not needed */
  KlDriveHandle *handle;  /* owned; with bios_start */
  guint64 start;          /* of the volume on the drive, in sectors */
  char *bios_obstacle;    /* owned; why no BIOS starts the medium from here, or NULL */
  char *uefi_obstacle;    /* owned; likewise */
  KlFolderPlan *plan;     /* owned */
  KlFolderWriter *writer; /* owned; works on plan */
  gboolean begun;         /* something may have been written */
};

/**
 * kl_volume_target_new:
 * @options: copied
 *
 * Looks whether the drive is the one that was chosen. Errors: those of kl_volume_mount_new() and,
 * where start code is wanted, of kl_bios_code_load().
 *
 * Returns: (transfer full) (nullable): free with kl_volume_target_free()
 */
KlVolumeTarget *
kl_volume_target_new (const KlVolumeOptions *options, GCancellable *cancellable, GError **error)
{
  g_autoptr (KlVolumeTarget) self = g_new0 (KlVolumeTarget, 1);

  self->options = *options;
  self->options.drive = g_object_ref (options->drive);
  self->options.volume = self->options.bios_code_folder = NULL;
  self->mount = kl_volume_mount_new (options->drive, options->volume, options->read_only,
                                     cancellable, error);
  if (self->mount == NULL)
    return NULL;

  self->start = kl_volume_mount_get_start (self->mount);
  if (options->bios_code_folder != NULL)
    self->code = kl_bios_code_load (options->bios_code_folder, options->bios_start ? error : NULL);
  else if (options->bios_start)
    g_set_error (error, KL_ERROR, KL_ERROR_NOT_FOUND,
                 "The start code for BIOS is not there, which is part of the program");
  return self->code != NULL || !options->bios_start ? g_steal_pointer (&self) : NULL;
}

/* Gives the volume back, unmounted if it was so before. */
void
kl_volume_target_free (KlVolumeTarget *self)
{
  if (self == NULL)
    return;

  kl_folder_writer_free (self->writer);
  kl_folder_plan_free (self->plan);
  g_clear_object (&self->handle);
  g_clear_pointer (&self->code, kl_bios_code_free);
  g_clear_pointer (&self->mount, kl_volume_mount_free);
  g_clear_object (&self->options.drive);
  g_free (self->bios_obstacle);
  g_free (self->uefi_obstacle);
  g_free (self);
}

/* ---- Which file system it is. ---- */

static const char *
name_fs_type (const char *fs_type)
{
  static const char *const names[][2] = {
    { "exfat", "exFAT" },
    { "iso9660", "an ISO 9660 file system" },
    { "crypto_LUKS", "an encrypted volume (LUKS)" },
    { "BitLocker", "an encrypted volume (BitLocker)" },
    { "vfat", "a damaged FAT file system" },
    { "ntfs", "a damaged NTFS file system" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_strcmp0 (fs_type, names[i][0]) == 0)
      return names[i][1];
  return fs_type != NULL ? fs_type : "no file system that is known";
}

static gboolean
check_kind (KlVolumeTarget *self, KlVolumeKind kind, guint64 n_clusters, GError **error)
{
  const KlVolume *volume = kl_volume_mount_get_volume (self->mount);

  if (kind == KL_VOLUME_FAT32 || kind == KL_VOLUME_NTFS)
    return TRUE;
  if (kind == KL_VOLUME_UNKNOWN)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_UFD_FS_UNKNOWN,
                   "“%s” holds %s; it must be FAT32 or NTFS", volume->path,
                   name_fs_type (volume->fs_type));
      return FALSE;
    }

  if (n_clusters > 0)
    g_set_error (error, KL_ERROR, KL_ERROR_UFD_FS_FAT16,
                 "“%s” is %s (%" G_GUINT64_FORMAT " clusters); it must be FAT32 or NTFS",
                 volume->path, kl_volume_kind_to_string (kind), n_clusters);
  else
    g_set_error (error, KL_ERROR, KL_ERROR_UFD_FS_FAT16, "“%s” is %s; it must be FAT32 or NTFS",
                 volume->path, kl_volume_kind_to_string (kind));
  return FALSE;
}

/* What udev and UDisks2 say comes from libblkid, which looks at the content too. */
static KlVolumeKind
find_kind_by_hearsay (const KlVolume *volume)
{
  static const KlVolumeKind fat[] = { KL_VOLUME_FAT32, KL_VOLUME_FAT16, KL_VOLUME_FAT12 };

  if (g_strcmp0 (volume->fs_type, "ntfs") == 0)
    return KL_VOLUME_NTFS;
  for (guint i = 0; g_strcmp0 (volume->fs_type, "vfat") == 0 && i < G_N_ELEMENTS (fat); i++)
    if (g_strcmp0 (volume->fs_version, kl_volume_kind_to_string (fat[i])) == 0)
      return fat[i];
  return KL_VOLUME_UNKNOWN;
}

static gboolean
judge_boot_sector (KlVolumeTarget *self, GCancellable *cancellable, GError **error)
{
  const KlVolume *volume = kl_volume_mount_get_volume (self->mount);
  guint8 sector[KL_FAT_SECTOR];
  guint64 n_clusters = 0;
  g_autoptr (GError) problem = NULL;

  if (kl_volume_mount_read_head (self->mount, sector, sizeof sector, cancellable, &problem))
    self->kind
        = kl_volume_kind_detect ((KlBytesView){ sector, sizeof sector }, volume->size, &n_clusters);
  else if (g_error_matches (problem, KL_ERROR, KL_ERROR_DEVICE_GONE)
           || g_error_matches (problem, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      g_propagate_error (error, g_steal_pointer (&problem));
      return FALSE;
    }
  else
    {
      g_debug ("%s: %s", volume->path, problem->message);
      self->kind = find_kind_by_hearsay (volume);
    }
  return check_kind (self, self->kind, n_clusters, error);
}

/* What the kernel took it for when it was mounted must agree; of a FAT it tells the clusters. */
static gboolean
judge_mount (KlVolumeTarget *self, GError **error)
{
  struct statfs info;

  if (fstatfs (kl_volume_mount_get_fd (self->mount), &info) != 0)
    {
      kl_set_error_errno (error, errno, "Cannot look at “%s”",
                          kl_volume_mount_get_folder (self->mount));
      return FALSE;
    }

  self->fuse = info.f_type == FUSE_SUPER_MAGIC;
  if (info.f_type == MSDOS_SUPER_MAGIC)
    return check_kind (self, kl_volume_kind_of_clusters (info.f_blocks), info.f_blocks, error);
  if (self->fuse || info.f_type == NTFS3_MAGIC || info.f_type == NTFS_MAGIC
      || kl_volume_mount_is_stand_in (self->mount))
    return TRUE;
  return check_kind (self, KL_VOLUME_UNKNOWN, 0, error);
}

/* ---- What starts from it. ---- */

static gboolean
open_drive (KlVolumeTarget *self, GCancellable *cancellable, GError **error)
{
  const char *path = kl_drive_get_path (self->options.drive);
  guint8 *head;
  gsize changed = 0;
  gboolean fits;

  self->handle = kl_drive_open_beside (self->options.drive, cancellable, error);
  if (self->handle == NULL)
    return FALSE;
  if (kl_drive_handle_get_block_size (self->handle) != DISK_BLOCK)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                   "“%s” has blocks of %u bytes; a BIOS starts from drives with blocks of %u bytes",
                   path, kl_drive_handle_get_block_size (self->handle), DISK_BLOCK);
      return FALSE;
    }

  /* A rehearsal in memory: nothing is written to a drive that cannot have the code. */
  head = g_malloc0 (KL_BIOS_START_HEAD_BYTES);
  fits = kl_read_at (kl_drive_handle_get_fd (self->handle), head, KL_BIOS_START_HEAD_BYTES, 0, path,
                     error)
         && kl_bios_start_put (head, KL_BIOS_START_HEAD_BYTES, self->start, self->code, path,
                               &changed, error);
  g_free (head);
  return fits;
}

/* Whether start code is there already: by what lies there, else by the word of the medium that is
 * there. @seen: (out): whether it was looked at */
static gboolean
has_bios_start (KlVolumeTarget *self, gboolean *seen, GCancellable *cancellable)
{
  g_autofree guint8 *head = g_malloc0 (KL_BIOS_START_HEAD_BYTES);
  g_autoptr (KlManifest) manifest = NULL;

  *seen = self->code != NULL
          && kl_volume_mount_read_drive_head (self->mount, head, KL_BIOS_START_HEAD_BYTES,
                                              cancellable, NULL);
  if (*seen)
    return kl_bios_start_is_there ((KlBytesView){ head, KL_BIOS_START_HEAD_BYTES }, self->start,
                                   self->code);

  manifest = kl_folder_read_manifest (kl_volume_mount_get_fd (self->mount), NULL);
  return manifest != NULL && manifest->bios;
}

static gboolean
judge_firmware (KlVolumeTarget *self, GCancellable *cancellable, GError **error)
{
  const char *volume = kl_volume_mount_get_volume (self->mount)->path;
  gboolean seen = FALSE;

  if (self->kind == KL_VOLUME_NTFS)
    self->uefi_obstacle
        = g_strdup_printf ("UEFI firmware starts from FAT32, and “%s” is NTFS.", volume);
  if (self->options.bios_start)
    return open_drive (self, cancellable, error);
  if (!has_bios_start (self, &seen, cancellable))
    self->bios_obstacle = g_strdup_printf (
        seen
            ? "There is no start code of Kindling for BIOS on “%s”; it lies outside the volume and "
              "is written on request only."
            : "Whether start code for BIOS is on “%s” cannot be seen without more rights; it lies "
              "outside the volume and is written on request only.",
        kl_drive_get_path (self->options.drive));
  return TRUE;
}

/**
 * kl_volume_target_judge:
 *
 * Which file system the volume holds: by its boot sector where that can be read without asking a
 * person for a password, else by what udev or UDisks2 found in it, and by what it is mounted as.
 * Mounts it where it is not.
 *
 * Errors: KL_ERROR_UFD_FS_FAT16, KL_ERROR_UFD_FS_UNKNOWN; then those of kl_volume_mount_open(); and
 * with start code those of kl_drive_open_beside() and kl_bios_start_put().
 */
gboolean
kl_volume_target_judge (KlVolumeTarget *self, GCancellable *cancellable, GError **error)
{
  return judge_boot_sector (self, cancellable, error)
         && kl_volume_mount_open (self->mount, cancellable, error) && judge_mount (self, error)
         && judge_firmware (self, cancellable, error);
}

/* After judge: why no BIOS will start a medium from here; NULL: nothing is in the way. */
const char *
kl_volume_target_get_bios_obstacle (KlVolumeTarget *self)
{
  return self->bios_obstacle;
}

const char *
kl_volume_target_get_uefi_obstacle (KlVolumeTarget *self)
{
  return self->uefi_obstacle;
}

/* ---- The plan. ---- */

static gboolean
check_writable (KlVolumeTarget *self, const struct statvfs *info, GError **error)
{
  const char *where = kl_volume_mount_get_folder (self->mount);

  if (self->options.read_only)
    return TRUE;
  if (info->f_flag & ST_RDONLY)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_WRITE_PROTECTED,
                   "“%s” is mounted read-only at “%s”. A volume that was not unmounted cleanly is "
                   "mounted so; unmount it, have it checked, and mount it again",
                   kl_volume_mount_get_volume (self->mount)->path, where);
      return FALSE;
    }
  if (faccessat (kl_volume_mount_get_fd (self->mount), ".", W_OK, AT_EACCESS) == 0)
    return TRUE;
  kl_set_error_errno (error, errno, "“%s” may not be written to by this user", where);
  return FALSE;
}

static gboolean
measure_space (KlVolumeTarget *self, KlFolderSpace *space, GError **error)
{
  struct statvfs info;

  if (fstatvfs (kl_volume_mount_get_fd (self->mount), &info) != 0 || info.f_frsize == 0)
    {
      kl_set_error_errno (error, errno, "Cannot look at “%s”",
                          kl_volume_mount_get_folder (self->mount));
      return FALSE;
    }

  space->cluster_bytes = info.f_frsize;
  space->free_bytes = (guint64) info.f_bavail * info.f_frsize;
  space->max_file_bytes = self->kind == KL_VOLUME_FAT32 ? KL_FAT32_MAX_FILE : G_MAXINT64;
  return check_writable (self, &info, error);
}

static void
drop_cached_cb (gpointer data)
{
  kl_volume_mount_drop_cached (data);
}

/**
 * kl_volume_target_plan:
 * @layout: what goes there
 * @member: (nullable): through which its files are read, which lives as long as @self
 *
 * After judge: compares with what is there, and counts whether it fits.
 *
 * Errors: KL_ERROR_PACKAGE_TOO_LARGE, detail: the boot image ID; KL_ERROR_INVALID_ARGUMENT where
 * something is in the way, or start code would have nothing to start; KL_ERROR_WRITE_PROTECTED,
 * KL_ERROR_PERMISSION.
 */
gboolean
kl_volume_target_plan (KlVolumeTarget *self,
                       KlMediaLayout *layout,
                       KlReadMember *member,
                       GCancellable *cancellable,
                       GError **error)
{
  const char *where = kl_volume_mount_get_folder (self->mount);
  int root = kl_volume_mount_get_fd (self->mount);
  KlFolderOptions options = {
    .root = root,
    .where = where,
    .member = member,
    .verify = self->options.verify,
    .slow_flush = self->fuse,
    .drop_cached = drop_cached_cb,
    .drop_data = self->mount,
  };
  const char *reason = NULL;

  if (self->options.bios_start && !kl_media_layout_has_bios (layout, &reason))
    {
      g_set_error (error, KL_ERROR, KL_ERROR_NO_BOOT_FILES,
                   "Start code for BIOS would have nothing to start. %s", reason);
      return FALSE;
    }
  if (!measure_space (self, &options.space, error))
    return FALSE;
  self->plan = kl_folder_plan_new (layout, root, where, !self->options.verify, error);
  if (self->plan == NULL || !kl_folder_plan_check_space (self->plan, &options.space, error))
    return FALSE;

  options.plan = self->plan;
  self->writer = kl_folder_writer_new (&options);
  return TRUE;
}

/* After plan: what is done; borrowed. */
KlFolderPlan *
kl_volume_target_get_plan (KlVolumeTarget *self)
{
  return self->plan;
}

/* Likewise, for the caller to free; nothing can be written any more. */
KlFolderPlan *
kl_volume_target_steal_plan (KlVolumeTarget *self)
{
  g_clear_pointer (&self->writer, kl_folder_writer_free);
  return g_steal_pointer (&self->plan);
}

/* ---- The work. ---- */

/* All files under temporary names, or under their own where room is short; see
 * kl_folder_writer_write(). The drive's identity is compared right before. */
gboolean
kl_volume_target_write (KlVolumeTarget *self,
                        KlProgress *progress,
                        GCancellable *cancellable,
                        GError **error)
{
  if (!kl_volume_mount_confirm (self->mount, error))
    return FALSE;

  self->begun = TRUE;
  return kl_folder_writer_write (self->writer, progress, cancellable, error);
}

gboolean
kl_volume_target_flush (KlVolumeTarget *self, GCancellable *cancellable, GError **error)
{
  return kl_folder_writer_flush (self->writer, cancellable, error);
}

/* Reads all back; KL_ERROR_MISMATCH names file and byte. */
gboolean
kl_volume_target_verify (KlVolumeTarget *self,
                         KlProgress *progress,
                         GCancellable *cancellable,
                         GError **error)
{
  return kl_folder_writer_verify (self->writer, progress, cancellable, error);
}

/**
 * kl_volume_target_commit:
 *
 * Gives the files their names, writes start code for BIOS where it was asked for, and gives the
 * volume back.
 *
 * Errors: those of kl_folder_writer_commit() and kl_bios_start_write().
 */
gboolean
kl_volume_target_commit (KlVolumeTarget *self, GError **error)
{
  if (!kl_folder_writer_commit (self->writer, error))
    return FALSE;

  if (self->handle != NULL && !kl_bios_start_write (self->handle, self->start, self->code, error))
    return FALSE;
  g_clear_object (&self->handle);
  kl_volume_mount_close (self->mount);
  return TRUE;
}

/**
 * kl_volume_target_say_state:
 * @error: of the failure; prefixed
 *
 * Takes away what is not complete, and says what the volume holds now.
 *
 * Returns: the same for programs
 */
KlFolderState
kl_volume_target_say_state (KlVolumeTarget *self, GError **error)
{
  const char *where = kl_volume_mount_get_folder (self->mount);
  KlFolderState state;
  gboolean clean;

  if (!self->begun)
    return KL_FOLDER_UNTOUCHED;

  clean = kl_folder_writer_abort (self->writer);
  state = kl_folder_writer_get_state (self->writer);
  switch (state)
    {
    case KL_FOLDER_COMPLETE:
      g_prefix_error (error,
                      "“%s” holds the new medium, but start code for BIOS is missing: ", where);
      break;
    case KL_FOLDER_PARTIAL:
      g_prefix_error (error, "“%s” holds part of the new medium; make it again: ", where);
      break;
    case KL_FOLDER_UNTOUCHED:
    default:
      g_prefix_error (error,
                      clean ? "“%s” holds what it held before: "
                            : "The files that were on “%s” are as they were, but temporary ones "
                              "are left there: ",
                      where);
    }
  return state;
}
