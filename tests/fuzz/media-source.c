/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/file-io.h"
#include "disk/partition-table.h"
#include "disk/volume-kind.h"
#include "media/medium.h"
#include "source/media-source.h"

#define SECTOR ((gsize) 512)
#define RECORD (4 + SECTOR)
#define SECTORS ((guint32) 80 << 11) /* 80 MiB: room for a FAT32 volume */

/* An input is a list of sectors: number, little-endian, and content. All others are 0, or seeds
 * would be large. sectors.py makes it of a disk image. */
static int
write_disk (const uint8_t *data, size_t size)
{
  const char *path = fuzz_write_file ("disk.img", NULL, 0);
  const KlBytesView view = { data, size };
  int fd = open (path, O_RDWR | O_CLOEXEC);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (ftruncate (fd, (off_t) (SECTORS * SECTOR)), ==, 0);
  for (gsize at = 0; at + RECORD <= size; at += RECORD)
    {
      guint32 number = 0;

      kl_view_u32 (view, at, &number);
      g_assert_cmpint (pwrite (fd, data + at + 4, SECTOR, (off_t) (number % SECTORS * SECTOR)), >,
                       0);
    }
  return fd;
}

static void
read_all (KlMediaSource *source)
{
  GPtrArray *entries = kl_media_source_list (source, NULL);

  for (guint i = 0; entries != NULL && i < MIN (entries->len, 50); i++)
    {
      const KlMediaEntry *entry = entries->pdata[i];
      g_autoptr (GBytes) bytes = NULL;

      g_assert_cmpint (entry->path[0], ==, '/');
      g_assert_null (strstr (entry->path, "/../"));
      bytes = kl_media_source_read (source, entry->path, 4096, NULL);
    }
}

/* ISO and UDF discs, disk images with FAT32, VHDs: listed, read and checked. */
int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofd int fd = write_disk (data, size);
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", fd);
  g_autoptr (KlMediaSource) source = kl_media_source_open (path, NULL);
  g_autoptr (KlMedium) medium = NULL;
  g_autoptr (KlMediumCheck) check = NULL;
  KlMbrPartition partition;
  guint64 start, n;

  kl_gpt_find_partition ((KlBytesView){ data, size }, &start, &n);
  kl_mbr_get_partition ((KlBytesView){ data, size }, 1, &partition);
  kl_volume_kind_detect ((KlBytesView){ data, size }, SECTORS * SECTOR, &n);
  if (source == NULL)
    return 0;

  read_all (source);
  medium = kl_medium_open (path, NULL);
  if (medium != NULL)
    {
      g_free (kl_medium_dup_uefi (medium));
      g_free (kl_medium_dup_signer (medium));
      check = kl_medium_check (medium, NULL, NULL, NULL);
      g_assert_true (check == NULL || check->files <= size);
    }
  return 0;
}
