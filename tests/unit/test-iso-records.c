/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "source/iso-records.h"

#include <string.h>

#include <glib/gstdio.h>

#include "base/error.h"
#include "base/file-io.h"

typedef struct
{
  guint8 *bytes; /* an ISO file made by genisoimage */
  gsize size;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autofree char *folder = g_dir_make_tmp ("kl-iso-records-XXXXXX", NULL);
  g_autofree char *iso = g_build_filename (folder, "a.iso", NULL);
  g_autofree char *command = g_strdup_printf (
      "cd '%s'; mkdir -p t/one/two; echo a >t/top.txt; echo bc >t/one/two/Deep.txt; "
      "head -c 4096 /dev/zero >t/boot.bin; "
      "genisoimage -quiet -J -b boot.bin -no-emul-boot -o a.iso t 2>log || cat log",
      folder);
  char *argv[] = { (char *) "sh", (char *) "-ec", command, NULL };
  int status = -1;

  g_assert_true (
      g_spawn_sync (NULL, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, &status, NULL));
  g_assert_cmpint (status, ==, 0);
  g_assert_true (g_file_get_contents (iso, (char **) &fixture->bytes, &fixture->size, NULL));
  g_assert_true (kl_remove_tree (folder, NULL));
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_free (fixture->bytes);
}

static GPtrArray *
read_tree (Fixture *fixture, KlIsoTree tree, GError **error)
{
  return kl_iso_records_read ((KlBytesView){ fixture->bytes, fixture->size }, tree, error);
}

static void
assert_refused (Fixture *fixture, const char *part)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (read_tree (fixture, KL_ISO_TREE_PRIMARY, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_FORMAT);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, part));
}

/* The record of a name in the primary tree's directories. */
static guint8 *
find_record (Fixture *fixture, const char *name)
{
  gsize length = strlen (name);

  for (gsize at = 18 * KL_ISO_BLOCK; at + length < fixture->size; at++)
    if (fixture->bytes[at] == length && memcmp (fixture->bytes + at + 1, name, length) == 0)
      return fixture->bytes + at - 32;

  g_assert_not_reached ();
}

static void
test_both_trees (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) primary = read_tree (fixture, KL_ISO_TREE_PRIMARY, &error);
  g_autoptr (GPtrArray) joliet = NULL;
  const KlIsoRecord *one, *other;

  g_assert_no_error (error);
  joliet = read_tree (fixture, KL_ISO_TREE_JOLIET, &error);
  g_assert_no_error (error);
  one = kl_iso_records_find (primary, "/ONE/TWO/DEEP.TXT;1");
  other = kl_iso_records_find (joliet, "/one/two/Deep.txt");
  g_assert_nonnull (one);
  g_assert_nonnull (other);
  g_assert_cmpstr (other->path, ==, "/one/two/Deep.txt");
  g_assert_cmpuint (one->offset, ==, other->offset);
  g_assert_cmpuint (one->size, ==, 3);
  g_assert_cmpmem (fixture->bytes + one->offset, 3, "bc\n", 3);
  g_assert_null (kl_iso_records_find (joliet, "/one"));
  g_assert_cmpuint (joliet->len, ==, 4);
}

static void
test_loop (Fixture *fixture, gconstpointer data)
{
  guint8 *record = find_record (fixture, "ONE");
  guint8 *root = fixture->bytes + 16 * KL_ISO_BLOCK + 156;

  memcpy (record + 2, root + 2, 16);
  assert_refused (fixture, "nested too deep");
}

static void
test_outside (Fixture *fixture, gconstpointer data)
{
  kl_put_u32 (find_record (fixture, "ONE") + 2, 0xFFFFFFF0);
  assert_refused (fixture, "outside the head (/ONE)");
}

static void
test_several_extents (Fixture *fixture, gconstpointer data)
{
  find_record (fixture, "TOP.TXT;1")[25] |= 0x80;
  assert_refused (fixture, "several extents (/TOP.TXT;1)");
}

static void
test_cut_off (Fixture *fixture, gconstpointer data)
{
  find_record (fixture, "TOP.TXT;1")[0] = 20;
  assert_refused (fixture, "cut off");
}

static void
test_no_volume (Fixture *fixture, gconstpointer data)
{
  fixture->size = 17 * KL_ISO_BLOCK - 1;
  assert_refused (fixture, "no volume descriptor");
}

/* Anything at all may stand in a file from outside: nothing crashes (a sanitizer sees more). */
static void
test_noise (Fixture *fixture, gconstpointer data)
{
  g_autofree guint8 *original = g_memdup2 (fixture->bytes, fixture->size);
  GRand *rand = g_rand_new_with_seed (9660);
  guint n_read = 0;

  for (guint i = 0; i < 5000; i++)
    {
      g_autoptr (GPtrArray) records = NULL;
      KlIsoBootEntries entries;
      guint64 offset = 0;

      memcpy (fixture->bytes, original, 40 * KL_ISO_BLOCK);
      for (guint n = g_rand_int_range (rand, 1, 20); n > 0; n--)
        fixture->bytes[g_rand_int_range (rand, 16, 40) * KL_ISO_BLOCK
                       + g_rand_int_range (rand, 0, 400)]
            = (guint8) g_rand_int (rand);
      records = read_tree (fixture, i % 2 == 0 ? KL_ISO_TREE_PRIMARY : KL_ISO_TREE_JOLIET, NULL);
      n_read += records != NULL;
      if (kl_iso_boot_catalog_find ((KlBytesView){ fixture->bytes, fixture->size }, &offset)
          && offset < fixture->size)
        kl_iso_boot_catalog_parse ((KlBytesView){ fixture->bytes + offset, fixture->size - offset },
                                   &entries);
    }

  g_rand_free (rand);
  g_assert_cmpuint (n_read, >, 0);
  g_assert_cmpuint (n_read, <, 5000);
}

static void
test_boot_catalog (Fixture *fixture, gconstpointer data)
{
  const KlBytesView head = { fixture->bytes, fixture->size };
  KlIsoBootEntries entries = { FALSE, TRUE };
  guint8 *catalog;
  guint64 offset = 0;

  g_assert_true (kl_iso_boot_catalog_find (head, &offset));
  catalog = fixture->bytes + offset;
  kl_iso_boot_catalog_parse ((KlBytesView){ catalog, 2048 }, &entries);
  g_assert_true (entries.bios);
  g_assert_false (entries.efi);

  /* A section of one EFI entry behind it. */
  memcpy (catalog + 64, "\x91\xEF\x01\x00", 4);
  catalog[96] = 0x88;
  kl_iso_boot_catalog_parse ((KlBytesView){ catalog, 2048 }, &entries);
  g_assert_true (entries.bios && entries.efi);
  catalog[96] = 0;
  catalog[32] = 0;
  kl_iso_boot_catalog_parse ((KlBytesView){ catalog, 2048 }, &entries);
  g_assert_false (entries.bios || entries.efi);

  catalog[1] = 0xEF;
  catalog[32] = 0x88;
  kl_iso_boot_catalog_parse ((KlBytesView){ catalog, 64 }, &entries);
  g_assert_true (entries.efi && !entries.bios);
  catalog[30] = 0;
  kl_iso_boot_catalog_parse ((KlBytesView){ catalog, 2048 }, &entries);
  g_assert_false (entries.bios || entries.efi);

  memcpy (fixture->bytes + 17 * KL_ISO_BLOCK + 7, "SOMETHING ELSE", 14);
  g_assert_false (kl_iso_boot_catalog_find (head, &offset));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)
  ADD ("/iso-records/both-trees-name-the-same-extents", test_both_trees);
  ADD ("/iso-records/a-tree-that-loops-ends", test_loop);
  ADD ("/iso-records/a-folder-outside-is-refused", test_outside);
  ADD ("/iso-records/a-file-in-several-extents-is-refused", test_several_extents);
  ADD ("/iso-records/a-record-cut-off-is-refused", test_cut_off);
  ADD ("/iso-records/no-volume-is-refused", test_no_volume);
  ADD ("/iso-records/noise-does-no-harm", test_noise);
  ADD ("/iso-records/boot-entries-are-told-by-platform", test_boot_catalog);
#undef ADD
  return g_test_run ();
}
