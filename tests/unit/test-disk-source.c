/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "source/media-source.h"

#include <fcntl.h>
#include <unistd.h>

#include "disk-fixture.h"
#include "disk/vhd.h"

#define VOLUME ((guint64) 1 << 20)

/* Where things are on the disk that open_disk() makes. */
typedef struct
{
  DiskFixture disk;
  guint64 fat;  /* bytes, on the disk */
  guint64 data; /* bytes, on the disk */
  guint8 *head; /* the first 2 MiB */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  int fd;

  disk_set_up (&fixture->disk, data);
  disk_make (&fixture->disk, fixture->disk.layout, 64 * DISK_MIB, g_strcmp0 (data, "vhd") == 0);
  fixture->head = g_malloc (2 * VOLUME);
  fd = kl_open_for_reading (fixture->disk.path, NULL);
  g_assert_true (kl_read_at (fd, fixture->head, 2 * VOLUME, 0, fixture->disk.path, NULL));
  kl_close_fd (&fd);
  fixture->fat
      = VOLUME + 512 * (guint64) (fixture->head[VOLUME + 14] | fixture->head[VOLUME + 15] << 8);
  fixture->data = 2 * VOLUME;
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_free (fixture->head);
  disk_tear_down (&fixture->disk, data);
}

static void
patch (Fixture *fixture, guint64 offset, const void *bytes, gsize length)
{
  int fd = open (fixture->disk.path, O_WRONLY | O_CLOEXEC);

  g_assert_true (kl_write_at (fd, bytes, length, offset, fixture->disk.path, NULL));
  close (fd);
}

static void
patch_u32 (Fixture *fixture, guint64 offset, guint32 value)
{
  guint8 bytes[4];

  kl_put_u32 (bytes, value);
  patch (fixture, offset, bytes, 4);
}

static void
assert_good (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KlMediaSource) source = kl_media_source_open (fixture->disk.path, &error);
  GPtrArray *entries;

  g_assert_no_error (error);
  g_assert_cmpstr (kl_media_source_get_kind (source), ==, "FAT32");
  g_assert_cmpstr (kl_media_source_get_label (source), ==, "TEST DISK");
  entries = kl_media_source_list (source, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (entries->len, ==, fixture->disk.layout->items->len);
  for (guint i = 0; i < entries->len; i++)
    {
      const KlMediaEntry *entry = entries->pdata[i];
      const KlLayoutItem *item = kl_media_layout_find (fixture->disk.layout, entry->path);
      g_autofree char *sha256 = NULL;
      guint32 crc32c = 0;

      g_assert_nonnull (item);
      g_assert_cmpstr (entry->path, ==, item->path);
      g_assert_cmpuint (entry->size, ==, item->size);
      g_assert_true (kl_media_source_copy (source, entry->path, -1, NULL, &crc32c, &sha256, NULL,
                                           NULL, &error));
      g_assert_cmpstr (sha256, ==, item->sha256);
    }
}

/* Opens, lists and reads everything; the first error. */
static GError *
read_all (const char *path)
{
  GError *error = NULL;
  g_autoptr (KlMediaSource) source = kl_media_source_open (path, &error);
  GPtrArray *entries = source != NULL ? kl_media_source_list (source, &error) : NULL;

  for (guint i = 0; entries != NULL && error == NULL && i < entries->len; i++)
    kl_media_source_copy (source, ((KlMediaEntry *) entries->pdata[i])->path, -1, NULL, NULL, NULL,
                          NULL, NULL, &error);
  return error;
}

static void
assert_damage (Fixture *fixture, const char *part)
{
  g_autoptr (GError) error = read_all (fixture->disk.path);

  g_assert_error (error, KL_ERROR, KL_ERROR_FORMAT);
  if (strstr (error->message, part) == NULL)
    g_error ("“%s” is not in: %s", part, error->message);
}

static void
test_read (Fixture *fixture, gconstpointer data)
{
  assert_good (fixture);
}

static void
test_unfinished (Fixture *fixture, gconstpointer data)
{
  guint8 sector[512];

  kl_disk_mark_unfinished (sector);
  patch (fixture, 0, sector, sizeof sector);
  assert_damage (fixture, "is an unfinished medium");
}

static void
test_no_partition (Fixture *fixture, gconstpointer data)
{
  patch (fixture, 0x1be + 4, "\x83", 1);
  assert_damage (fixture, "a disk without a FAT32 partition");
}

static void
test_truncated (Fixture *fixture, gconstpointer data)
{
  g_assert_cmpint (truncate (fixture->disk.path, 30 * DISK_MIB), ==, 0);
  assert_damage (fixture, "damaged or incomplete: its partition ends at sector 131072");
}

static void
test_boot_sectors (Fixture *fixture, gconstpointer data)
{
  static const struct
  {
    guint offset;
    const char *bytes;
    gsize length;
    const char *part;
  } cases[] = {
    { 11, "\0\4", 2, "none of FAT32" },
    { 13, "\0", 1, "none of FAT32" },
    { 13, "\3", 1, "none of FAT32" },
    { 14, "\0\0", 2, "none of FAT32" },
    { 16, "\0", 1, "none of FAT32" },
    { 16, "\7", 1, "none of FAT32" },
    { 32, "\xff\xff\xff\xff", 4, "sectors, and there are" },
    { 32, "\1\0\0\0", 4, "sectors, and there are" },
    { 36, "\1\0\0\0", 4, "do not fit into its table" },
    { 36, "\xff\xff\xff\xff", 4, "sectors, and there are" },
    { 44, "\0\0\0\0", 4, "leads to cluster 0" },
    { 44, "\xff\xff\xff\x0f", 4, "leads to cluster 268435455" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      patch (fixture, VOLUME + cases[i].offset, cases[i].bytes, cases[i].length);
      assert_damage (fixture, cases[i].part);
      patch (fixture, VOLUME, fixture->head + VOLUME, 512);
    }
  assert_good (fixture);
}

static void
test_chains (Fixture *fixture, gconstpointer data)
{
  const guint32 last = 131072;

  /* The root's chain is a circle; then it leads out of the volume. */
  patch_u32 (fixture, fixture->fat + 8, 2);
  assert_damage (fixture, "the folder “” has no end");
  patch_u32 (fixture, fixture->fat + 8, last + 1);
  assert_damage (fixture, "leads to cluster 131073 after 1");
  patch_u32 (fixture, fixture->fat + 8, 0x0fffffff);
  assert_good (fixture);

  /* The chain of bootmgr, the first file, ends after a cluster. */
  patch_u32 (fixture, fixture->fat + 5 * 4, 0x0fffffff);
  assert_damage (fixture, "the chain of “/bootmgr” leads to cluster 268435455 after 1");
  patch_u32 (fixture, fixture->fat + 5 * 4, 0);
  assert_damage (fixture, "the chain of “/bootmgr” leads to cluster 0 after 1");
}

/* A folder that is its own parent would never end. */
static void
test_folders_in_circles (Fixture *fixture, gconstpointer data)
{
  guint8 entry[32] = "LOOP       \x10";

  kl_put_u16 (entry + 26, 3);
  patch (fixture, fixture->data + 512 + 64, entry, sizeof entry);
  assert_damage (fixture, "is also another one (cluster 3)");
  kl_put_u16 (entry + 26, 2);
  patch (fixture, fixture->data + 512 + 64, entry, sizeof entry);
  assert_damage (fixture, "is also another one (cluster 2)");
}

static void
test_dynamic_vhd (Fixture *fixture, gconstpointer data)
{
  guint8 footer[512];
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();

  kl_vhd_build_footer (640 * DISK_MIB, now, footer);
  patch (fixture, 64 * DISK_MIB, footer, sizeof footer);
  assert_damage (fixture, "not fixed, or not whole");
}

/* Random bytes in structures: an error or not, but an end and no crash. */
static void
test_random_damage (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (4);

  for (guint i = 0; i < 400; i++)
    {
      const guint64 places[] = { 0x1be, VOLUME, fixture->fat, fixture->data, fixture->data + 512 };
      const gsize spans[] = { 66, 90, 400, 512, 512 };
      guint at = (guint) g_rand_int_range (rand, 0, G_N_ELEMENTS (places));
      guint64 offset = places[at] + (guint64) g_rand_int_range (rand, 0, (gint) spans[at]);
      guint8 byte = (guint8) g_rand_int (rand), old = 0;
      g_autoptr (GError) error = NULL;
      int fd = kl_open_for_reading (fixture->disk.path, NULL);

      g_assert_true (kl_read_at (fd, &old, 1, offset, fixture->disk.path, NULL));
      kl_close_fd (&fd);
      patch (fixture, offset, &byte, 1);
      error = read_all (fixture->disk.path);
      if (error != NULL)
        g_assert_error (error, KL_ERROR, KL_ERROR_FORMAT);
      if (i % 3 != 0)
        patch (fixture, offset, &old, 1);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, data, func)                                                                      \
  g_test_add ("/disk-source/" path, Fixture, data, set_up, func, tear_down)
  ADD ("a-raw-disk-image-is-read", NULL, test_read);
  ADD ("a-fixed-vhd-is-read", "vhd", test_read);
  ADD ("an-unfinished-medium-is-told", NULL, test_unfinished);
  ADD ("a-disk-without-fat32-is-told", NULL, test_no_partition);
  ADD ("a-truncated-image-is-told", NULL, test_truncated);
  ADD ("boot-sectors-are-held-to-bounds", NULL, test_boot_sectors);
  ADD ("chains-have-an-end", NULL, test_chains);
  ADD ("folders-do-not-go-in-circles", NULL, test_folders_in_circles);
  ADD ("a-vhd-that-is-not-fixed-is-told", "vhd", test_dynamic_vhd);
  ADD ("random-damage-does-no-harm", NULL, test_random_damage);
#undef ADD
  return g_test_run ();
}
