/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-bios-code"

#include "disk/bios-code.h"

#include <gio/gio.h>

#include "base/bytes.h"
#include "base/error.h"

#define MAX_CORE (((gsize) KL_DISK_PARTITION_START - 1) * KL_DISK_SECTOR)

/* Where GRUB's first sector holds the place of the core, and the check of the drive number. */
#define KERNEL_SECTOR_OFFSET 0x5c
#define DRIVE_CHECK_OFFSET 0x66

/* The list of blocks in the core's first sector: place, count, segment of what follows. */
#define BLOCK_LIST_OFFSET 0x1f4

static GBytes *
load (const char *folder, const char *name, GError **error)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autoptr (GError) failure = NULL;
  char *data = NULL;
  gsize size = 0;

  if (g_file_get_contents (path, &data, &size, &failure))
    return g_bytes_new_take (data, size);

  g_set_error (error, KL_ERROR, KL_ERROR_NOT_FOUND,
               "The start code for BIOS cannot be read, which is part of the program: %s",
               failure->message);
  return NULL;
}

static gboolean
is_first_sector (GBytes *bytes)
{
  const KlBytesView view = { g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes) };
  guint64 place = 0;

  return view.size == KL_DISK_SECTOR && kl_mbr_has_signature (view)
         && kl_view_u64 (view, KERNEL_SECTOR_OFFSET, &place) && place == 1;
}

static gboolean
is_core (GBytes *bytes)
{
  const KlBytesView view = { g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes) };
  gsize n_sectors = (view.size + KL_DISK_SECTOR - 1) / KL_DISK_SECTOR;
  guint64 place = 0;
  guint16 count = 0;

  return n_sectors > 1 && view.size <= MAX_CORE && kl_view_u64 (view, BLOCK_LIST_OFFSET, &place)
         && kl_view_u16 (view, BLOCK_LIST_OFFSET + 8, &count) && place == 2
         && count == n_sectors - 1;
}

/**
 * kl_bios_code_load:
 * @folder: with boot.img and core.img, as the build makes them
 *
 * GRUB's installer turns the check of the drive number on for hard disks, since some BIOSes pass
 * a wrong one; so does this.
 *
 * Errors: KL_ERROR_NOT_FOUND where a file is missing, KL_ERROR_FORMAT for files that do not belong
 * together.
 *
 * Returns: (transfer full) (nullable): free with kl_bios_code_free()
 */
KlBiosCode *
kl_bios_code_load (const char *folder, GError **error)
{
  g_autoptr (GBytes) mbr = NULL;
  g_autoptr (GBytes) core = NULL;
  KlBiosCode *self;

  g_return_val_if_fail (folder != NULL, NULL);

  mbr = load (folder, "boot.img", error);
  core = mbr != NULL ? load (folder, "core.img", error) : NULL;
  if (core == NULL)
    return NULL;
  if (!is_first_sector (mbr) || !is_core (core))
    {
      g_set_error (error, KL_ERROR, KL_ERROR_FORMAT,
                   "“%s”: boot.img and core.img are not the start code that was built", folder);
      return NULL;
    }

  self = g_new0 (KlBiosCode, 1);
  memcpy (self->mbr, g_bytes_get_data (mbr, NULL), sizeof self->mbr);
  if (self->mbr[DRIVE_CHECK_OFFSET] == 0xeb)
    self->mbr[DRIVE_CHECK_OFFSET] = self->mbr[DRIVE_CHECK_OFFSET + 1] = 0x90;
  self->core = g_steal_pointer (&core);
  return self;
}

void
kl_bios_code_free (KlBiosCode *self)
{
  if (self == NULL)
    return;

  g_bytes_unref (self->core);
  g_free (self);
}
