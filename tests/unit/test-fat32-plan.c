/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "disk/fat32-plan.h"

#include <string.h>

#include "base/error.h"
#include "disk/fat32-folder.h"
#include "disk/fat32-name.h"

#define MIB_SECTORS 2048

static KlFat32Plan *
new_plan (void)
{
  g_autoptr (GDateTime) created = g_date_time_new_utc (2026, 3, 4, 5, 6, 8);

  return kl_fat32_plan_new ("Über PE: 1", created);
}

static void
add (KlFat32Plan *plan, const char *path, guint64 size)
{
  g_autoptr (GError) error = NULL;

  kl_fat32_plan_add_file (plan, path, size, 7, &error);
  g_assert_no_error (error);
}

/* ---- Geometry. ---- */

/* The check values of media-formats.md 9.2. */
static void
test_check_values (void)
{
  static const KlFat32Geometry expected[] = {
    { 614400, 8, 850, 599, 76544 },
    { 16384000, 8, 830, 15969, 2043904 },
    { 131072000, 64, 774, 15997, 2047488 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    {
      KlFat32Geometry geometry = { 0 };

      g_assert_true (kl_fat32_geometry_compute (expected[i].n_sectors, &geometry));
      g_assert_cmpuint (geometry.n_sectors, ==, expected[i].n_sectors);
      g_assert_cmpuint (geometry.cluster_sectors, ==, expected[i].cluster_sectors);
      g_assert_cmpuint (geometry.reserved_sectors, ==, expected[i].reserved_sectors);
      g_assert_cmpuint (geometry.fat_sectors, ==, expected[i].fat_sectors);
      g_assert_cmpuint (geometry.n_clusters, ==, expected[i].n_clusters);
    }
}

static void
assert_sound (guint64 n_sectors)
{
  KlFat32Geometry geometry = { 0 };

  g_assert_true (kl_fat32_geometry_compute (n_sectors, &geometry));
  g_assert_cmpuint (geometry.n_clusters, >=, 65536);
  g_assert_cmpuint (geometry.n_clusters, <, 0x0ffffff5);
  g_assert_cmpuint (geometry.reserved_sectors, >=, 32);
  g_assert_cmpuint (geometry.reserved_sectors, <=, G_MAXUINT16);
  g_assert_cmpuint (((guint64) geometry.n_clusters + 2) * 4, <=,
                    (guint64) geometry.fat_sectors * 512);
  g_assert_cmpuint (kl_fat32_geometry_get_data_offset (&geometry) % (1 << 20), ==, 0);
  g_assert_cmpuint (kl_fat32_geometry_get_data_offset (&geometry) / 512
                        + (guint64) geometry.n_clusters * geometry.cluster_sectors,
                    <=, n_sectors);
}

static void
test_every_size_is_sound (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (3);
  const guint64 end = G_MAXUINT32 / MIB_SECTORS;
  KlFat32Geometry geometry = { 0 };

  for (guint64 mib = 34; mib < 1200; mib++)
    assert_sound (mib * MIB_SECTORS);
  for (guint64 mib = 1200; mib < end; mib += (guint64) g_rand_int_range (rand, 1, 6000))
    assert_sound (mib * MIB_SECTORS);
  assert_sound (G_MAXUINT32);
  for (guint i = 0; i < 2000; i++)
    assert_sound ((guint64) g_rand_int_range (rand, 35 * MIB_SECTORS, G_MAXINT32));

  g_assert_false (kl_fat32_geometry_compute (0, &geometry));
  g_assert_false (kl_fat32_geometry_compute (32 * MIB_SECTORS, &geometry));
  g_assert_false (kl_fat32_geometry_compute ((guint64) G_MAXUINT32 + 1, &geometry));
}

/* ---- Names. ---- */

static void
assert_name (const char *name, const char *short_name, guint8 flags, guint n_entries)
{
  g_autoptr (GHashTable) taken = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GError) error = NULL;
  KlFat32Name made = { { 0 } };

  kl_fat32_name_make (name, taken, &made, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (made.short_name, 11, short_name, 11);
  g_assert_cmpuint (made.case_flags, ==, flags);
  g_assert_cmpuint (kl_fat32_name_count_entries (&made), ==, n_entries);
  kl_fat32_name_clear (&made);
}

static void
test_names (void)
{
  assert_name ("bootmgr", "BOOTMGR    ", 0x08, 1);
  assert_name ("BOOTX64.EFI", "BOOTX64 EFI", 0, 1);
  assert_name ("boot.WIM", "BOOT    WIM", 0x08, 1);
  assert_name ("BOOT.wim", "BOOT    WIM", 0x10, 1);
  assert_name ("Boot", "BOOT       ", 0, 2);
  assert_name ("kindling.manifest", "KINDLI~1MAN", 0, 3);
  assert_name ("a.b.c", "AB~1    C  ", 0, 2);
  assert_name (".hidden", "HIDDEN~1   ", 0, 2);
  assert_name ("ä ö", "__~1       ", 0, 2);
  assert_name ("thirteenchars", "THIRTE~1   ", 0, 2);
  assert_name ("fourteen_chars", "FOURTE~1   ", 0, 3);
}

static void
test_names_that_cannot_be (void)
{
  static const char *const names[]
      = { "", ".", "..", "a.", "a ", " a", "a:b", "a\\b", "a?", "a\x01", "\xff", "a|b" };
  g_autofree char *long_name = g_strnfill (256, 'x');
  g_autoptr (GHashTable) taken = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  KlFat32Name made;

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (kl_fat32_name_make (names[i], taken, &made, &error));
      g_assert_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT);
      g_assert_nonnull (strstr (error->message, "cannot be a name on FAT32"));
    }

  g_assert_false (kl_fat32_name_make (long_name, taken, &made, NULL));
  long_name[255] = '\0';
  g_assert_true (kl_fat32_name_make (long_name, taken, &made, NULL));
  g_assert_cmpuint (kl_fat32_name_count_entries (&made), ==, 21);
  kl_fat32_name_clear (&made);
}

static void
test_aliases_differ (void)
{
  g_autoptr (GHashTable) taken = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < 3000; i++)
    {
      g_autofree char *name = g_strdup_printf ("a long name %u.text", i);
      g_autoptr (GError) error = NULL;
      KlFat32Name made;

      kl_fat32_name_make (name, taken, &made, &error);
      g_assert_no_error (error);
      kl_fat32_name_clear (&made);
      g_assert_cmpuint (g_hash_table_size (taken), ==, i + 1);
    }
}

static void
test_labels (void)
{
  char field[11];

  kl_fat32_name_make_label ("Über PE: 1 and more", field);
  g_assert_cmpmem (field, 11, "_BER PE_ 1 ", 11);
  kl_fat32_name_make_label ("", field);
  g_assert_cmpmem (field, 11, "           ", 11);
}

/* ---- Plans. ---- */

static void
test_files_lie_in_their_order (void)
{
  g_autoptr (KlFat32Plan) plan = new_plan ();
  guint64 end = 0;

  add (plan, "/sources/boot.wim", 5000000);
  add (plan, "/bootmgr", 4097);
  add (plan, "/empty", 0);
  g_assert_true (kl_fat32_plan_finish (plan, NULL));
  g_assert_true (kl_fat32_plan_lay_out (plan, 300 * MIB_SECTORS));
  g_assert_cmpuint (kl_fat32_plan_get_n_extents (plan), ==, 4);

  for (guint i = 0; i < 4; i++)
    {
      KlFat32Extent extent = kl_fat32_plan_get_extent (plan, i);

      g_assert_cmpint (extent.is_folder, ==, i < 2);
      g_assert_cmpuint (extent.offset % 4096, ==, 0);
      g_assert_cmpuint (extent.offset, >=, end);
      end = extent.offset + extent.length;
    }
  g_assert_cmpuint (kl_fat32_plan_get_extent (plan, 2).length, ==, 5000000);
  g_assert_cmpuint (kl_fat32_plan_get_extent (plan, 3).length, ==, 4097);
  g_assert_cmpuint (kl_fat32_plan_get_used_bytes (plan), ==,
                    kl_fat32_plan_get_extent (plan, 3).offset + 8192);
}

/* Whatever part of a FAT is asked for, it is the same. */
static void
test_parts_of_the_fat_agree (void)
{
  g_autoptr (KlFat32Plan) plan = new_plan ();
  const gsize length = 40000;
  g_autofree guint8 *whole = g_malloc (length);
  g_autofree guint8 *part = g_malloc (length);
  g_autoptr (GRand) rand = g_rand_new_with_seed (5);

  for (guint i = 0; i < 300; i++)
    {
      g_autofree char *path = g_strdup_printf ("/%u/%u", i % 7, i);

      add (plan, path, i * 317);
    }
  g_assert_true (kl_fat32_plan_finish (plan, NULL));
  g_assert_true (kl_fat32_plan_lay_out (plan, 40 * MIB_SECTORS));
  kl_fat32_plan_fill_fat (plan, 0, whole, length);
  g_assert_cmpmem (whole, 12, "\xf8\xff\xff\x0f\xff\xff\xff\x0f\xff\xff\xff\x0f", 12);

  for (guint i = 0; i < 500; i++)
    {
      gsize from = (gsize) g_rand_int_range (rand, 0, (gint) length / 4) * 4;
      gsize n = (gsize) g_rand_int_range (rand, 0, (gint) (length - from) / 4 + 1) * 4;

      kl_fat32_plan_fill_fat (plan, from, part, n);
      g_assert_cmpmem (part, n, whole + from, n);
    }
}

static void
test_exactly_full (void)
{
  g_autoptr (KlFat32Plan) plan = new_plan ();
  g_autoptr (KlFat32Plan) over = new_plan ();
  KlFat32Geometry geometry = { 0 };
  guint8 head[KL_FAT32_HEAD_BYTES];
  guint64 content;

  g_assert_true (kl_fat32_geometry_compute (40 * MIB_SECTORS, &geometry));
  content = (guint64) (geometry.n_clusters - 1) * geometry.cluster_sectors * 512;
  add (plan, "/full", content);
  g_assert_true (kl_fat32_plan_finish (plan, NULL));
  g_assert_cmpuint (kl_fat32_plan_get_min_sectors (plan), ==, 40 * MIB_SECTORS);
  g_assert_true (kl_fat32_plan_lay_out (plan, 40 * MIB_SECTORS));
  g_assert_false (kl_fat32_plan_lay_out (plan, 39 * MIB_SECTORS));

  g_assert_true (kl_fat32_plan_lay_out (plan, 40 * MIB_SECTORS));
  kl_fat32_plan_fill_head (plan, 2048, 1, head);
  g_assert_cmpmem (head + 512 + 0x1e8, 8, "\0\0\0\0\xff\xff\xff\xff", 8);
  g_assert_cmpmem (head, 1536, head + 3072, 1536);

  add (over, "/full", content + 1);
  g_assert_true (kl_fat32_plan_finish (over, NULL));
  g_assert_false (kl_fat32_plan_lay_out (over, 40 * MIB_SECTORS));
  g_assert_cmpuint (kl_fat32_plan_get_min_sectors (over), ==, 41 * MIB_SECTORS);
}

static void
test_files_that_cannot_be (void)
{
  g_autoptr (KlFat32Plan) plan = new_plan ();
  g_autoptr (GError) error = NULL;

  g_assert_false (kl_fat32_plan_add_file (plan, "/big", (guint64) 4 << 30, 0, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_PACKAGE_TOO_LARGE);
  g_assert_nonnull (strstr (error->message, "4294967296 bytes"));
  g_clear_error (&error);
  g_assert_true (kl_fat32_plan_add_file (plan, "/big", KL_FAT32_MAX_FILE, 0, NULL));

  g_assert_false (kl_fat32_plan_add_file (plan, "/BIG", 1, 0, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "stands twice"));
  g_clear_error (&error);
  g_assert_false (kl_fat32_plan_add_file (plan, "/big/inside", 1, 0, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "stands twice"));
}

static void
test_more_than_a_volume_holds (void)
{
  g_autoptr (KlFat32Plan) plan = new_plan ();

  for (guint i = 0; i < 520; i++)
    {
      g_autofree char *path = g_strdup_printf ("/%u", i);

      add (plan, path, KL_FAT32_MAX_FILE);
    }
  g_assert_true (kl_fat32_plan_finish (plan, NULL));
  g_assert_cmpuint (kl_fat32_plan_get_min_sectors (plan), ==, 0);
}

static void
test_a_folder_has_a_limit (void)
{
  g_autoptr (KlFat32Plan) plan = new_plan ();
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 33000; i++)
    {
      g_autofree char *path = g_strdup_printf ("/Folder/Longer%u", i);

      add (plan, path, 0);
    }
  g_assert_false (kl_fat32_plan_finish (plan, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "at most 65536"));
}

/* What is written is what the reader finds. */
static void
test_folders_read_back (void)
{
  static const char *const names[]
      = { "bootmgr", "Boot.WIM", "kindling.manifest", "größe 🙂.txt", "a+b.c", "UPPER.low" };
  g_autoptr (KlFat32Plan) plan = new_plan ();
  g_autoptr (GBytes) bytes = NULL;
  KlFat32Item item = { NULL };
  KlBytesView view;
  gsize at = 0;

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_strconcat ("/", names[i], NULL);

      add (plan, path, i * 1000);
    }
  g_assert_true (kl_fat32_plan_finish (plan, NULL));
  g_assert_true (kl_fat32_plan_lay_out (plan, 40 * MIB_SECTORS));
  bytes = kl_fat32_plan_make_folder (plan, 0);
  view = (KlBytesView){ g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes) };
  g_assert_cmpmem (view.data, 11, "_BER PE_ 1 ", 11);

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_assert_true (kl_fat32_folder_next (view, &at, &item));
      g_assert_cmpstr (item.name, ==, names[i]);
      g_assert_cmpuint (item.size, ==, i * 1000);
      g_assert_false (item.is_folder);
      kl_fat32_item_clear (&item);
    }
  g_assert_false (kl_fat32_folder_next (view, &at, &item));
}

static void
test_random_folders_do_no_harm (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (11);

  for (guint i = 0; i < 3000; i++)
    {
      gsize length = (gsize) g_rand_int_range (rand, 0, 700);
      g_autofree guint8 *bytes = g_malloc (length + 1);
      KlFat32Item item = { NULL };
      gsize at = 0;
      guint n = 0;

      for (gsize k = 0; k < length; k++)
        bytes[k] = k % 32 == 11 && g_rand_boolean (rand) ? 0x0f : (guint8) g_rand_int (rand);
      while (kl_fat32_folder_next ((KlBytesView){ bytes, length }, &at, &item))
        {
          g_assert_true (g_utf8_validate (item.name, -1, NULL));
          kl_fat32_item_clear (&item);
          n++;
        }
      g_assert_cmpuint (n, <=, length / 32);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func) g_test_add_func ("/fat32-plan/" path, func)
  ADD ("geometry-has-the-check-values", test_check_values);
  ADD ("geometry-is-sound-for-every-size", test_every_size_is_sound);
  ADD ("names-get-short-ones", test_names);
  ADD ("names-that-cannot-be-are-refused", test_names_that_cannot_be);
  ADD ("aliases-differ", test_aliases_differ);
  ADD ("labels-are-capitals", test_labels);
  ADD ("files-lie-in-their-order", test_files_lie_in_their_order);
  ADD ("parts-of-the-table-agree", test_parts_of_the_fat_agree);
  ADD ("a-volume-can-be-exactly-full", test_exactly_full);
  ADD ("files-that-cannot-be-are-refused", test_files_that_cannot_be);
  ADD ("more-than-two-tib-fits-nowhere", test_more_than_a_volume_holds);
  ADD ("a-folder-has-a-limit", test_a_folder_has_a_limit);
  ADD ("folders-read-back", test_folders_read_back);
  ADD ("random-folders-do-no-harm", test_random_folders_do_no_harm);
#undef ADD
  return g_test_run ();
}
