/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-bios-start"

#include "volume/bios-start.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <gio/gio.h>

#include "base/error.h"
#include "base/file-io.h"

#define N_ENTRIES 4
#define TABLE_OFFSET 0x1be
#define ENTRY_BYTES 16
#define ACTIVE 0x80

/* What O_DIRECT wants memory to be aligned to, on any drive; bytes. */
#define ALIGNMENT 4096

static gboolean
has_gpt (KlBytesView head)
{
  KlMbrPartition partition = { 0 };

  for (guint i = 0; i < N_ENTRIES; i++)
    if (kl_mbr_get_partition (head, i, &partition) && partition.type == KL_MBR_TYPE_GPT)
      return TRUE;
  return kl_view_equals (head, KL_DISK_SECTOR, "EFI PART", 8);
}

/* The entry of the partition that begins at @start, and the first sector of all partitions. */
static gboolean
find_entry (KlBytesView head, guint64 start, guint *entry, guint64 *first)
{
  gboolean found = FALSE;

  *first = G_MAXUINT64;
  for (guint i = 0; i < N_ENTRIES; i++)
    {
      KlMbrPartition partition = { 0 };

      if (!kl_mbr_get_partition (head, i, &partition) || partition.type == 0)
        continue;
      *first = MIN (*first, partition.start);
      if (partition.start == start && !found)
        {
          *entry = i;
          found = TRUE;
        }
    }
  return found;
}

/**
 * kl_bios_start_is_there:
 * @head: of the drive, KL_BIOS_START_HEAD_BYTES
 * @start: of the partition, in sectors
 *
 * Whether exactly this code starts this partition.
 */
gboolean
kl_bios_start_is_there (KlBytesView head, guint64 start, const KlBiosCode *code)
{
  gsize size = 0;
  gconstpointer core = g_bytes_get_data (code->core, &size);
  KlMbrPartition partition = { 0 };
  guint64 first;
  guint entry = 0;

  return kl_mbr_has_signature (head) && !has_gpt (head) && find_entry (head, start, &entry, &first)
         && kl_mbr_get_partition (head, entry, &partition) && partition.active
         && kl_view_equals (head, 0, code->mbr, sizeof code->mbr)
         && kl_view_equals (head, KL_DISK_SECTOR, core, size);
}

/**
 * kl_bios_start_put:
 * @head: (inout): of the drive
 * @length: of it; bytes
 * @start: of the partition that holds the medium, in sectors; 0: the volume is all of the drive
 * @drive: its name, for messages
 * @changed: (out): so many bytes from the beginning are new
 *
 * Puts the code before the first partition and marks the partition as active.
 *
 * Errors: KL_ERROR_INVALID_ARGUMENT where there is no MBR, a GPT, no room, or where the partition
 * is a logical one; @head is untouched then.
 */
gboolean
kl_bios_start_put (guint8 *head,
                   gsize length,
                   guint64 start,
                   const KlBiosCode *code,
                   const char *drive,
                   gsize *changed,
                   GError **error)
{
  const KlBytesView view = { head, length };
  gsize size = g_bytes_get_size (code->core);
  guint64 needed = 1 + (size + KL_DISK_SECTOR - 1) / KL_DISK_SECTOR;
  guint64 first = 0;
  guint entry = 0;

  if (start == 0 || !kl_mbr_has_signature (view))
    g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                 "“%s” has no partition table, so there is no place for start code for BIOS",
                 drive);
  else if (has_gpt (view))
    g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                 "“%s” has a GPT; start code for BIOS needs an MBR partition table", drive);
  else if (!find_entry (view, start, &entry, &first))
    g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                 "The volume on “%s” is a logical partition, which a BIOS does not start", drive);
  else if (needed > first || needed * KL_DISK_SECTOR > length)
    g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                 "Start code for BIOS needs %" G_GUINT64_FORMAT
                 " sectors before the first partition of “%s”, and there are %" G_GUINT64_FORMAT,
                 needed, drive, first);
  else
    {
      memcpy (head, code->mbr, sizeof code->mbr);
      memset (head + KL_DISK_SECTOR, 0, (needed - 1) * KL_DISK_SECTOR);
      memcpy (head + KL_DISK_SECTOR, g_bytes_get_data (code->core, NULL), size);
      for (guint i = 0; i < N_ENTRIES; i++)
        head[TABLE_OFFSET + i * ENTRY_BYTES] = i == entry ? ACTIVE : 0;
      *changed = needed * KL_DISK_SECTOR;
      return TRUE;
    }
  return FALSE;
}

static gboolean
flush (int fd, const char *drive, GError **error)
{
  if (fdatasync (fd) == 0)
    return TRUE;
  kl_set_error_errno (error, errno, "Cannot flush “%s”", drive);
  return FALSE;
}

/* Sector by sector as they lie, past the page cache: what is behind the last one belongs to a file
 * system that is in use. */
static gboolean
write_sectors (int fd, guint8 *head, gsize changed, const char *drive, GError **error)
{
  g_autofree guint8 *before = g_memdup2 (head, changed);
  guint8 *there = g_aligned_alloc (1, changed, ALIGNMENT);
  gboolean written;

  written = kl_write_at (fd, head + KL_DISK_SECTOR, changed - KL_DISK_SECTOR, KL_DISK_SECTOR, drive,
                         error)
            && flush (fd, drive, error) && kl_write_at (fd, head, KL_DISK_SECTOR, 0, drive, error)
            && flush (fd, drive, error);
  posix_fadvise (fd, 0, (off_t) changed, POSIX_FADV_DONTNEED);
  written = written && kl_read_at (fd, there, changed, 0, drive, error);
  if (written && memcmp (there, before, changed) != 0)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_MISMATCH,
                   "The start code for BIOS on “%s” does not read back as it was written", drive);
      written = FALSE;
    }
  g_aligned_free (there);
  return written;
}

/**
 * kl_bios_start_write:
 * @handle: from kl_drive_open_beside()
 *
 * Locks the drive, compares its identity once more, and writes the code: the first sector last.
 *
 * Errors: those of kl_bios_start_put(); KL_ERROR_BUSY, KL_ERROR_WRONG_DRIVE, KL_ERROR_MISMATCH and
 * those of writing.
 */
gboolean
kl_bios_start_write (KlDriveHandle *handle, guint64 start, const KlBiosCode *code, GError **error)
{
  const char *drive = kl_drive_handle_get_path (handle);
  int fd = kl_drive_handle_get_fd (handle);
  gsize changed = 0;
  guint8 *head;
  gboolean done;

  if (!kl_drive_handle_lock (handle, NULL, error) || !kl_drive_handle_confirm (handle, error))
    return FALSE;

  fcntl (fd, F_SETFL, fcntl (fd, F_GETFL) | O_DIRECT);
  head = g_aligned_alloc (1, KL_BIOS_START_HEAD_BYTES, ALIGNMENT);
  done = kl_read_at (fd, head, KL_BIOS_START_HEAD_BYTES, 0, drive, error)
         && kl_bios_start_put (head, KL_BIOS_START_HEAD_BYTES, start, code, drive, &changed, error)
         && write_sectors (fd, head, changed, drive, error);
  g_aligned_free (head);
  return done;
}
