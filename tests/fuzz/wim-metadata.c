/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include "base/checksum.h"
#include "wim/wim-metadata.h"

static void
add_cb (const guint8 *sha1, gboolean is_link, gpointer user_data)
{
  guint *sum = user_data;

  for (gsize i = 0; i < KL_SHA1_SIZE; i++)
    *sum = *sum * 31 + sha1[i];
  *sum += is_link;
}

/* Depends on each content in its place. */
static guint
sum (KlWimMetadata *metadata)
{
  guint all = 0;

  kl_wim_metadata_foreach (metadata, add_cb, &all);
  return all;
}

/* What was written is read as the same tree. */
static void
read_again (KlWimMetadata *metadata)
{
  g_autoptr (GBytes) written = g_byte_array_free_to_bytes (kl_wim_metadata_write (metadata));
  g_autoptr (GError) error = NULL;
  g_autoptr (KlWimMetadata) again = kl_wim_metadata_new (written, "written", &error);

  g_assert_no_error (error);
  g_assert_cmpuint (kl_wim_metadata_get_n_files (again), ==,
                    kl_wim_metadata_get_n_files (metadata));
  g_assert_cmpuint (kl_wim_metadata_get_n_folders (again), ==,
                    kl_wim_metadata_get_n_folders (metadata));
  g_assert_cmpuint (sum (again), ==, sum (metadata));
}

/* The uncompressed metadata of an image: read, with files laid over it, written, and read again. */
int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static const guint8 sha1[KL_SHA1_SIZE] = { 1 };
  static const char *const paths[]
      = { "\\Windows\\System32\\winpeshl.ini", "\\A\\B\\C", "\\a", "\\windows", "\\", "\\\\x" };
  g_autoptr (GBytes) bytes = g_bytes_new_static (data, size);
  g_autoptr (KlWimMetadata) metadata = kl_wim_metadata_new (bytes, "fuzz.wim", NULL);
  g_autoptr (GByteArray) same = NULL;

  if (metadata == NULL)
    return 0;

  /* The list of a folder has an end, which one at the end of the bytes could lack. */
  same = kl_wim_metadata_write (metadata);
  g_assert_cmpuint (same->len, <=, 2 * size + 8 * kl_wim_metadata_get_n_folders (metadata) + 16);
  read_again (metadata);

  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    kl_wim_metadata_put (metadata, paths[i], i % 2 == 0 ? sha1 : NULL, 0, NULL);
  read_again (metadata);
  return 0;
}
