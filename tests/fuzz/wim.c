/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include <string.h>

#include "base/bytes.h"
#include "boot/boot-search.h"
#include "wim/wim-format.h"
#include "wim/wim-header.h"
#include "wim/wim-layout.h"
#include "wim/wim.h"

#define METADATA_FLAG 2

/* wimlib's documentation of the format: 8 bytes of security data, the root folder's entry of 102
 * bytes at a multiple of 8, the end of its list. */
#define ROOT 8
#define ROOT_BYTES 104
#define METADATA_BYTES (ROOT + ROOT_BYTES + 8)
#define TABLE_BYTES 50

static void
put_resource (guint8 *at, guint64 offset, guint64 size, guint8 flags)
{
  kl_put_u64 (at, size | (guint64) flags << 56);
  kl_put_u64 (at + 8, offset);
  kl_put_u64 (at + 16, size);
}

/* A WIM with one empty image, and @data as its XML. */
static GBytes *
wrap_xml (const uint8_t *data, size_t size)
{
  const gsize metadata = sizeof (KlWimDiskHeader), table = metadata + METADATA_BYTES,
              xml = table + TABLE_BYTES;
  guint8 *wim = g_malloc0 (xml + size);
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA1);
  gsize n_sum = 20;

  memcpy (wim, KL_WIM_MAGIC, KL_WIM_MAGIC_SIZE);
  kl_put_u32 (wim + 0x08, sizeof (KlWimDiskHeader));
  kl_put_u32 (wim + 0x0c, 0x10d00);
  kl_put_u16 (wim + 0x28, 1);
  kl_put_u16 (wim + 0x2a, 1);
  kl_put_u32 (wim + 0x2c, 1);
  put_resource (wim + 0x30, table, TABLE_BYTES, METADATA_FLAG);
  put_resource (wim + 0x48, xml, size, METADATA_FLAG);
  put_resource (wim + 0x60, metadata, METADATA_BYTES, METADATA_FLAG);
  kl_put_u32 (wim + 0x78, 1);

  kl_put_u32 (wim + metadata, ROOT);
  kl_put_u64 (wim + metadata + ROOT, ROOT_BYTES);
  kl_put_u32 (wim + metadata + ROOT + 8, 0x10);
  kl_put_u32 (wim + metadata + ROOT + 12, G_MAXUINT32);
  kl_put_u64 (wim + metadata + ROOT + 16, ROOT + ROOT_BYTES);

  put_resource (wim + table, metadata, METADATA_BYTES, METADATA_FLAG);
  kl_put_u16 (wim + table + 24, 1);
  kl_put_u32 (wim + table + 26, 1);
  g_checksum_update (sum, wim + metadata, METADATA_BYTES);
  g_checksum_get_digest (sum, wim + table + 30, &n_sum);
  if (size > 0)
    memcpy (wim + xml, data, size);
  return g_bytes_new_take (wim, xml + size);
}

static void
look_up (KlWim *wim)
{
  g_autofree char *reason = NULL;
  guint index;

  kl_wim_get_fitness (wim, &reason);
  for (guint i = 1; i <= MIN (kl_wim_get_n_images (wim), 4); i++)
    {
      const KlWimImage *image = kl_wim_get_image (wim, i);
      g_autoptr (GPtrArray) found = kl_boot_search_image (wim, i, NULL);

      g_free (kl_wim_detect_architecture (wim, i, NULL));
      g_assert_true (g_utf8_validate (image->name, -1, NULL));
      g_assert_true (g_utf8_validate (image->description, -1, NULL));
      for (guint k = 0; found != NULL && k < found->len; k++)
        {
          const KlBootCandidate *candidate = found->pdata[k];

          g_assert_true (kl_boot_name_is_safe (candidate->name));
        }
    }
  kl_wim_choose_image (wim, 0, &index, NULL);
}

/* The parts that a prepared WIM would be made of. */
static void
lay_out (KlWim *wim)
{
  const KlWimOverlay overlay = { .level = 20 };

  for (guint i = 1; kl_wim_can_compose (wim) && i <= MIN (kl_wim_get_n_images (wim), 2); i++)
    {
      g_autoptr (KlWimLayout) layout = kl_wim_layout_new (wim, i, &overlay, NULL);

      if (layout != NULL)
        g_assert_cmpuint (g_bytes_get_size (layout->header), <=, layout->size);
    }
}

/* A WIM from anywhere; and one whose XML is from anywhere, which the rest keeps few inputs from
 * reaching. */
int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const KlBytesView view = { data, size };
  g_autoptr (GBytes) wrapped = NULL;
  g_autoptr (KlWim) wim = NULL;
  g_autofree char *xml = NULL;
  const char *path;

  if (!kl_view_equals (view, 0, KL_WIM_MAGIC, KL_WIM_MAGIC_SIZE)
      && !kl_view_equals (view, 0, KL_WIM_PIPABLE_MAGIC, KL_WIM_MAGIC_SIZE))
    {
      wrapped = wrap_xml (data, size);
      data = g_bytes_get_data (wrapped, &size);
    }

  path = fuzz_write_file ("fuzz.wim", data, size);
  xml = kl_wim_header_read_xml (path, NULL);
  wim = kl_wim_open (path, NULL);
  if (wim != NULL)
    {
      look_up (wim);
      lay_out (wim);
    }
  return 0;
}
