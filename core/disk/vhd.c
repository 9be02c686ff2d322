/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-vhd"

#include "disk/vhd.h"

#define COOKIE "conectix"
#define TYPE_FIXED 2
#define EPOCH ((gint64) 946684800) /* 2000-01-01T00:00:00Z, seconds of Unix time */
#define SECTOR 512
#define SUM_OFFSET 64

/* Integers are big-endian here. */
static void
put_u32 (guint8 *at, guint32 value)
{
  value = GUINT32_TO_BE (value);
  memcpy (at, &value, sizeof value);
}

static void
put_u64 (guint8 *at, guint64 value)
{
  value = GUINT64_TO_BE (value);
  memcpy (at, &value, sizeof value);
}

/* The geometry that the appendix of the specification computes. */
static guint32
compute_geometry (guint64 disk_bytes)
{
  guint64 total = MIN (disk_bytes / SECTOR, (guint64) 65535 * 16 * 255);
  guint64 sectors = 255, heads = 16, tracks = total / 255;

  if (total < (guint64) 65535 * 16 * 63)
    {
      sectors = 17;
      tracks = total / sectors;
      heads = MAX ((tracks + 1023) / 1024, 4);
      if (tracks >= heads * 1024 || heads > 16)
        {
          sectors = 31;
          heads = 16;
          tracks = total / sectors;
        }
      if (tracks >= heads * 1024)
        {
          sectors = 63;
          heads = 16;
          tracks = total / sectors;
        }
    }
  return (guint32) ((tracks / heads) << 16 | heads << 8 | sectors);
}

/* The ones' complement of the sum of all bytes, those of the sum itself left out. */
static guint32
compute_sum (const guint8 *footer)
{
  guint32 sum = 0;

  for (guint i = 0; i < KL_VHD_FOOTER_BYTES; i++)
    if (i < SUM_OFFSET || i >= SUM_OFFSET + 4)
      sum += footer[i];
  return ~sum;
}

/**
 * kl_vhd_build_footer:
 * @disk_bytes: whole MiB
 * @footer: (out caller-allocates): KL_VHD_FOOTER_BYTES
 *
 * The creator is given as "win ": QEMU takes the size of such disks from its field, as Hyper-V
 * does, and of unknown creators from the geometry, which is smaller.
 */
void
kl_vhd_build_footer (guint64 disk_bytes, GDateTime *created, guint8 *footer)
{
  gint64 seconds = g_date_time_to_unix (created) - EPOCH;

  memset (footer, 0, KL_VHD_FOOTER_BYTES);
  memcpy (footer, COOKIE, 8);
  put_u32 (footer + 8, 2);
  put_u32 (footer + 12, 0x00010000);
  memset (footer + 16, 0xff, 8);
  put_u32 (footer + 24, (guint32) CLAMP (seconds, 0, G_MAXUINT32));
  memcpy (footer + 28, "win ", 4);
  put_u32 (footer + 32, 0x00010000);
  memcpy (footer + 36, "Wi2k", 4);
  put_u64 (footer + 40, disk_bytes);
  put_u64 (footer + 48, disk_bytes);
  put_u32 (footer + 56, compute_geometry (disk_bytes));
  put_u32 (footer + 60, TYPE_FIXED);
  for (guint i = 0; i < 16; i += 4)
    put_u32 (footer + 68 + i, g_random_int ());
  put_u32 (footer + SUM_OFFSET, compute_sum (footer));
}

static gboolean
is_footer (KlBytesView footer)
{
  return footer.size >= KL_VHD_FOOTER_BYTES && kl_view_equals (footer, 0, COOKIE, 8);
}

/**
 * kl_vhd_parse_footer:
 * @footer: the last KL_VHD_FOOTER_BYTES of a file
 * @fixed: (out): whether the disk lies before it as it is
 * @disk_bytes: (out): as the footer says
 *
 * Returns: whether it is a whole footer
 */
gboolean
kl_vhd_parse_footer (KlBytesView footer, gboolean *fixed, guint64 *disk_bytes)
{
  guint32 sum = 0, type = 0;
  guint64 size = 0;

  if (!is_footer (footer) || !kl_view_u32 (footer, SUM_OFFSET, &sum)
      || !kl_view_u32 (footer, 60, &type) || !kl_view_u64 (footer, 48, &size)
      || GUINT32_SWAP_LE_BE (sum) != compute_sum (footer.data))
    return FALSE;

  *fixed = GUINT32_SWAP_LE_BE (type) == TYPE_FIXED;
  *disk_bytes = GUINT64_SWAP_LE_BE (size);
  return TRUE;
}
