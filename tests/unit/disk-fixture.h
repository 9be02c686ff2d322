/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Layouts without a boot image, and disk images made of them. Each test program that includes this
 * has its own copy. */

#include <glib/gstdio.h>
#include <string.h>

#include "base/checksum.h"
#include "base/error.h"
#include "base/file-io.h"
#include "media/fat32-writer.h"
#include "media/layout-private.h"
#include "sink/file-sink.h"

#define DISK_MIB ((guint64) 1 << 20)

typedef struct
{
  char *folder;
  char *path;    /* folder/disk.img */
  char *sources; /* folder of the files of layouts, outside of folder */
  KlBiosCode *code;
  KlMediaLayout *layout; /* a small one, with BIOS */
} DiskFixture;

static void
layout_item_free (gpointer data)
{
  KlLayoutItem *item = data;

  g_free (item->path);
  g_free (item->file);
  g_clear_pointer (&item->bytes, g_bytes_unref);
  g_free (item->sha256);
  g_free (item);
}

static KlMediaLayout *
disk_layout_new (gboolean bios)
{
  KlMediaLayout *layout = g_object_new (KL_TYPE_MEDIA_LAYOUT, NULL);

  g_ptr_array_set_free_func (layout->items, layout_item_free);
  layout->type = KL_MEDIA_TYPE_UFD_FORMAT;
  layout->label = g_strdup ("Test disk");
  layout->image_id = g_strdup ("TST00001");
  layout->created = g_date_time_new_utc (2026, 3, 4, 5, 6, 8);
  layout->bios = bios;
  return layout;
}

/* A file of random bytes: in memory, or on disk in @folder. */
static void
disk_layout_add (
    KlMediaLayout *layout, const char *path, gsize size, GRand *rand, const char *folder)
{
  KlLayoutItem *item = g_new0 (KlLayoutItem, 1);
  guint8 *bytes = g_malloc (size + 4);

  for (gsize i = 0; i < size; i += 4)
    kl_put_u32 (bytes + i, g_rand_int (rand));
  item->path = g_strdup (path);
  item->size = size;
  item->crc32c = kl_crc32c_update (0, bytes, size);
  item->sha256 = kl_sha256_data (bytes, size);
  if (folder != NULL)
    {
      item->file = g_strdup_printf ("%s/%u", folder, layout->items->len);
      g_assert_true (g_file_set_contents (item->file, (char *) bytes, (gssize) size, NULL));
      g_free (bytes);
    }
  else
    item->bytes = g_bytes_new_take (bytes, size);
  g_ptr_array_add (layout->items, item);
  g_hash_table_insert (layout->by_path, g_ascii_strdown (path, -1), item);
}

G_GNUC_UNUSED static void
disk_set_up (DiskFixture *fixture, gconstpointer data)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  g_autoptr (GError) error = NULL;

  fixture->folder = g_dir_make_tmp ("kl-disk-XXXXXX", NULL);
  fixture->sources = g_dir_make_tmp ("kl-disk-sources-XXXXXX", NULL);
  fixture->path = g_build_filename (fixture->folder, "disk.img", NULL);
  fixture->code = kl_bios_code_load (g_getenv ("KL_BIOS_CODE"), &error);
  g_assert_no_error (error);

  fixture->layout = disk_layout_new (TRUE);
  disk_layout_add (fixture->layout, "/bootmgr", 450001, rand, fixture->sources);
  disk_layout_add (fixture->layout, "/Boot/BCD", 12288, rand, NULL);
  disk_layout_add (fixture->layout, "/Boot/boot.sdi", 30000, rand, fixture->sources);
  disk_layout_add (fixture->layout, "/empty", 0, rand, NULL);
  disk_layout_add (fixture->layout, "/sources/boot.wim", 9000000, rand, fixture->sources);
}

G_GNUC_UNUSED static void
disk_tear_down (DiskFixture *fixture, gconstpointer data)
{
  g_object_unref (fixture->layout);
  kl_bios_code_free (fixture->code);
  g_assert_true (kl_remove_tree (fixture->folder, NULL));
  g_assert_true (kl_remove_tree (fixture->sources, NULL));
  g_free (fixture->folder);
  g_free (fixture->sources);
  g_free (fixture->path);
}

static KlMediaWriter *
disk_writer_new (DiskFixture *fixture, KlMediaLayout *layout, guint64 bytes, gboolean vhd)
{
  const KlFat32Options options = { .disk_bytes = bytes, .vhd = vhd, .bios_code = fixture->code };
  g_autoptr (GError) error = NULL;
  KlMediaWriter *writer = kl_fat32_writer_new (layout, &options, &error);

  g_assert_no_error (error);
  return writer;
}

/* As the creator does it. */
static gboolean
disk_write (KlMediaWriter *writer, KlSink *sink, GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) last = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_region_free);

  return kl_media_writer_write (writer, sink, NULL, cancellable, error)
         && kl_sink_flush (sink, NULL, cancellable, error)
         && kl_verify_regions (sink, kl_media_writer_get_regions (writer), NULL, cancellable, error)
         && kl_media_writer_finish (writer, sink, last, NULL, error)
         && kl_verify_regions (sink, last, NULL, NULL, error) && kl_sink_commit (sink, error);
}

G_GNUC_UNUSED static void
disk_make (DiskFixture *fixture, KlMediaLayout *layout, guint64 bytes, gboolean vhd)
{
  g_autoptr (KlMediaWriter) writer = disk_writer_new (fixture, layout, bytes, vhd);
  g_autoptr (KlSink) sink = kl_file_sink_new (fixture->path, NULL);
  g_autoptr (GError) error = NULL;

  kl_file_sink_set_sparse (KL_FILE_SINK (sink),
                           kl_fat32_writer_get_written_bytes (KL_FAT32_WRITER (writer)));
  disk_write (writer, sink, NULL, &error);
  g_assert_no_error (error);
}
