/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "iso9660.h"
#include "manifest.h"
#include "sha256.h"

#include <string.h>

#include <gio/gio.h>
#include <glib/gstdio.h>

/* The parts of the sample's UEFI program that need no firmware, against a disc made by xorriso. */

typedef struct
{
  char *folder;
  char *disc; /* the ISO's bytes */
  gsize disc_bytes;
  gsize readable; /* reads beyond fail */
} Fixture;

static bool
read_disc (void *context, uint64_t offset, void *buffer, uint32_t length)
{
  Fixture *fixture = context;

  if (offset > fixture->readable || length > fixture->readable - offset)
    return false;
  memcpy (buffer, fixture->disc + offset, length);
  return true;
}

static void
run (const char *const *arguments)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) process = NULL;

  process = g_subprocess_newv (arguments, G_SUBPROCESS_FLAGS_STDERR_SILENCE, &error);
  g_assert_no_error (error);
  g_subprocess_wait_check (process, NULL, &error);
  g_assert_no_error (error);
}

static void
put (Fixture *fixture, const char *path, const char *content)
{
  g_autofree char *file = g_build_filename (fixture->folder, "tree", path, NULL);
  g_autofree char *parent = g_path_get_dirname (file);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_mkdir_with_parents (parent, 0700), ==, 0);
  g_file_set_contents (file, content, -1, &error);
  g_assert_no_error (error);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autofree char *iso = NULL, *tree = NULL;
  g_autoptr (GError) error = NULL;

  fixture->folder = g_dir_make_tmp ("kindling-sample-XXXXXX", &error);
  g_assert_no_error (error);
  iso = g_build_filename (fixture->folder, "disc.iso", NULL);
  tree = g_build_filename (fixture->folder, "tree", NULL);
  put (fixture, "sources/boot.wim", "content of the image");
  put (fixture, "EFI/Microsoft/Boot/BCD", "regf");
  put (fixture, "bootmgr", "loader");
  for (int i = 0; i < 120; i++) /* more than a sector of records */
    {
      g_autofree char *name = g_strdup_printf ("many/file-number-%03d.txt", i);

      put (fixture, name, name);
    }
  {
    const char *const arguments[]
        = { "xorriso", "-as", "mkisofs", "-quiet", "-iso-level", "3", "-o", iso, tree, NULL };
    run (arguments);
  }
  g_file_get_contents (iso, &fixture->disc, &fixture->disc_bytes, &error);
  g_assert_no_error (error);
  fixture->readable = fixture->disc_bytes;
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  const char *const arguments[] = { "rm", "-rf", fixture->folder, NULL };

  run (arguments);
  g_free (fixture->folder);
  g_free (fixture->disc);
}

static Iso9660
open_disc (Fixture *fixture)
{
  Iso9660 iso;

  g_assert_cmpint (iso9660_open (&iso, read_disc, fixture, fixture->disc_bytes), ==, ISO9660_FOUND);
  return iso;
}

static void
assert_content (Fixture *fixture, Iso9660 *iso, const char *path, const char *content)
{
  uint64_t offset;
  uint32_t bytes;

  g_assert_cmpint (iso9660_find (iso, path, &offset, &bytes), ==, ISO9660_FOUND);
  g_assert_cmpmem (fixture->disc + offset, bytes, content, strlen (content));
}

/* xorriso writes "BOOT.WIM;1" and "BOOTMGR.;1": version and dot must not matter, nor case. */
static void
test_finds_files (Fixture *fixture, gconstpointer data)
{
  Iso9660 iso = open_disc (fixture);

  assert_content (fixture, &iso, "/sources/boot.wim", "content of the image");
  assert_content (fixture, &iso, "/SOURCES/Boot.Wim", "content of the image");
  assert_content (fixture, &iso, "/bootmgr", "loader");
  assert_content (fixture, &iso, "/efi/microsoft/boot/bcd", "regf");
  assert_content (fixture, &iso, "/many/file_number_119.txt", "many/file-number-119.txt");
}

static void
test_tells_what_is_missing (Fixture *fixture, gconstpointer data)
{
  static const char *const paths[] = { "/sources/boot.wi",
                                       "/sources/boot.wimx",
                                       "/nothing/boot.wim",
                                       "/sources",
                                       "/bootmgr/x",
                                       "/sources//boot.wim",
                                       "/",
                                       "bootmgr",
                                       "" };
  Iso9660 iso = open_disc (fixture);
  uint64_t offset = 7;
  uint32_t bytes = 7;

  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    g_assert_cmpint (iso9660_find (&iso, paths[i], &offset, &bytes), ==, ISO9660_MISSING);
  g_assert_cmpuint (offset, ==, 7);
  g_assert_cmpuint (bytes, ==, 7);
}

static void
test_tells_read_errors (Fixture *fixture, gconstpointer data)
{
  Iso9660 iso = open_disc (fixture);
  uint64_t offset;
  uint32_t bytes;

  fixture->readable = 17 * ISO9660_SECTOR;
  g_assert_cmpint (iso9660_find (&iso, "/bootmgr", &offset, &bytes), ==, ISO9660_UNREADABLE);
  fixture->readable = 0;
  g_assert_cmpint (iso9660_open (&iso, read_disc, fixture, fixture->disc_bytes), ==,
                   ISO9660_UNREADABLE);
}

static void
test_refuses_other_discs (Fixture *fixture, gconstpointer data)
{
  Iso9660 iso;

  fixture->disc[16 * ISO9660_SECTOR + 3] = 'X';
  g_assert_cmpint (iso9660_open (&iso, read_disc, fixture, fixture->disc_bytes), ==,
                   ISO9660_DAMAGED);
}

/* The volume ends before the file's extent does: as with an ISO that was copied in part. */
static void
test_refuses_extents_beyond_the_end (Fixture *fixture, gconstpointer data)
{
  Iso9660 iso = open_disc (fixture);
  uint64_t offset;
  uint32_t bytes;

  g_assert_cmpint (iso9660_find (&iso, "/sources/boot.wim", &offset, &bytes), ==, ISO9660_FOUND);
  iso.volume_bytes = offset + bytes - 1;
  g_assert_cmpint (iso9660_find (&iso, "/sources/boot.wim", &offset, &bytes), ==, ISO9660_DAMAGED);
}

/* Whatever the bytes are, reading stays within bounds and ends (sanitizer builds see the rest). */
static void
test_survives_damage (Fixture *fixture, gconstpointer data)
{
  g_autofree char *sound = g_memdup2 (fixture->disc, fixture->disc_bytes);
  gsize directories = 40 * ISO9660_SECTOR; /* descriptors, path tables and directories lie there */

  g_assert_cmpuint (fixture->disc_bytes, >, directories);
  for (int round = 0; round < 3000; round++)
    {
      Iso9660 iso;
      uint64_t offset;
      uint32_t bytes;

      memcpy (fixture->disc, sound, directories);
      for (int i = 0; i < 24; i++)
        fixture->disc[g_test_rand_int_range (16 * ISO9660_SECTOR, (gint32) directories)]
            = (char) g_test_rand_int ();
      if (iso9660_open (&iso, read_disc, fixture, fixture->disc_bytes) != ISO9660_FOUND)
        continue;
      if (iso9660_find (&iso, "/many/file_number_119.txt", &offset, &bytes) == ISO9660_FOUND)
        g_assert_cmpuint (offset + bytes, <=, fixture->disc_bytes);
    }
}

static void
assert_sha256 (gsize length)
{
  g_autofree guchar *bytes = g_malloc (length + 1);
  guint8 wanted[SHA256_BYTES], got[SHA256_BYTES];
  gsize wanted_length = sizeof wanted, first = length / 3;
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  Sha256 sha256;

  for (gsize i = 0; i < length; i++)
    bytes[i] = (guchar) (i * 31);
  g_checksum_update (checksum, bytes, (gssize) length);
  g_checksum_get_digest (checksum, wanted, &wanted_length);
  sha256_init (&sha256);
  sha256_update (&sha256, bytes, first);
  sha256_update (&sha256, bytes + first, length - first);
  sha256_finish (&sha256, got);
  g_assert_cmpmem (got, sizeof got, wanted, wanted_length);
}

static void
test_sha256 (void)
{
  for (gsize length = 0; length < 300; length++)
    assert_sha256 (length);
  assert_sha256 (100003);
}

#define HASH "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF"

static void
test_manifest_files (void)
{
  static const char text[] = "kindling-manifest=1\nimage-name=Name = of it\nlater=x\n"
                             "file=" HASH " 5 /a b.txt\nfile=" HASH " 18446744073709551 /c";
  gsize length = sizeof text - 1, position = 0;
  ManifestFile file;
  char value[8];

  g_assert_true (manifest_has_version (text, length));
  g_assert_true (manifest_get_value (text, length, "image-name", value, sizeof value));
  g_assert_cmpstr (value, ==, "Name = ");
  g_assert_false (manifest_get_value (text, length, "label", value, sizeof value));
  g_assert_cmpint (manifest_next_file (text, length, &position, &file), ==, MANIFEST_FILE);
  g_assert_cmpstr (file.path, ==, "/a b.txt");
  g_assert_cmpuint (file.size, ==, 5);
  g_assert_cmpuint (file.sha256[31], ==, 0xff);
  g_assert_cmpint (manifest_next_file (text, length, &position, &file), ==, MANIFEST_FILE);
  g_assert_cmpstr (file.path, ==, "/c");
  g_assert_cmpuint (file.size, ==, 18446744073709551);
  g_assert_cmpint (manifest_next_file (text, length, &position, &file), ==, MANIFEST_END);
}

static void
test_manifest_damage (void)
{
  static const char *const lines[] = {
    "file=",
    "file=" HASH,
    "file=" HASH " ",
    "file=" HASH " 5",
    "file=" HASH " 5 ",
    "file=" HASH " 5 a",
    "file=" HASH "  /a",
    "file=" HASH " x /a",
    "file=" HASH " 99999999999999999999999 /a",
    "file=x0112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF 5 /a",
  };
  g_autofree char *long_path = g_strnfill (300, 'x');
  g_autofree char *long_line = g_strconcat ("file=" HASH " 5 /", long_path, NULL);
  ManifestFile file;
  gsize position;

  for (guint i = 0; i < G_N_ELEMENTS (lines); i++)
    {
      g_autofree char *exact = g_memdup2 (lines[i], strlen (lines[i])); /* no terminator */

      position = 0;
      g_assert_cmpint (manifest_next_file (exact, strlen (lines[i]), &position, &file), ==,
                       MANIFEST_DAMAGED);
    }
  position = 0;
  g_assert_cmpint (manifest_next_file (long_line, strlen (long_line), &position, &file), ==,
                   MANIFEST_DAMAGED);
  g_assert_false (manifest_has_version ("kindling-manifest=10\n", 21));
  g_assert_false (manifest_has_version ("kindling-", 9));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(path, function) g_test_add (path, Fixture, NULL, set_up, function, tear_down)
  ADD ("/sample-programs/iso9660-finds-files-without-case-and-version", test_finds_files);
  ADD ("/sample-programs/iso9660-tells-what-is-missing", test_tells_what_is_missing);
  ADD ("/sample-programs/iso9660-tells-read-errors", test_tells_read_errors);
  ADD ("/sample-programs/iso9660-refuses-other-discs", test_refuses_other_discs);
  ADD ("/sample-programs/iso9660-refuses-extents-beyond-the-end",
       test_refuses_extents_beyond_the_end);
  ADD ("/sample-programs/iso9660-survives-damage", test_survives_damage);
#undef ADD
  g_test_add_func ("/sample-programs/sha256-agrees-with-glib", test_sha256);
  g_test_add_func ("/sample-programs/manifest-gives-files-and-values", test_manifest_files);
  g_test_add_func ("/sample-programs/manifest-refuses-damage", test_manifest_damage);

  return g_test_run ();
}
