/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "source/media-source.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "base/error.h"
#include "base/file-io.h"

#define BIG_SIZE ((gsize) 3 * 1024 * 1024 + 12345)

typedef struct
{
  char *folder; /* temporary */
  char *tree;   /* a small Windows-like medium in it */
} Fixture;

static void
run (const char *folder, const char *first, ...)
{
  g_autoptr (GPtrArray) args = g_ptr_array_new ();
  g_autofree char *output = NULL;
  g_autofree char *complaint = NULL;
  g_autoptr (GError) error = NULL;
  const char *arg;
  int status = 0;
  va_list list;

  va_start (list, first);
  for (arg = first; arg != NULL; arg = va_arg (list, const char *))
    g_ptr_array_add (args, (gpointer) arg);
  va_end (list);
  g_ptr_array_add (args, NULL);

  g_spawn_sync (folder, (char **) args->pdata, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &output,
                &complaint, &status, &error);
  g_assert_no_error (error);
  if (status != 0)
    g_error ("%s: %s%s", first, output, complaint);
}

static void
put (const char *folder, const char *path, const char *content, gssize length)
{
  g_autofree char *full = g_build_filename (folder, path, NULL);
  g_autofree char *above = g_path_get_dirname (full);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_mkdir_with_parents (above, 0755), ==, 0);
  g_file_set_contents (full, content, length, &error);
  g_assert_no_error (error);
}

static void
fill (guint8 *data, gsize length, guint32 seed)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (seed);

  for (gsize i = 0; i < length; i++)
    data[i] = (guint8) g_rand_int (random);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autofree guint8 *big = g_malloc (BIG_SIZE);

  fixture->folder = g_dir_make_tmp ("kl-media-source-XXXXXX", NULL);
  g_assert_nonnull (fixture->folder);
  fixture->tree = g_build_filename (fixture->folder, "tree", NULL);

  fill (big, BIG_SIZE, 7);
  put (fixture->tree, "sources/boot.wim", (char *) big, BIG_SIZE);
  put (fixture->tree, "bootmgr", "the boot manager", -1);
  put (fixture->tree, "Boot/Fonts/segoe_slboot_long_name.ttf", "font", -1);
  put (fixture->tree, "Boot/de-DE/Überraschung.txt", "", 0);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  kl_remove_tree (fixture->folder, &error);
  g_assert_no_error (error);
  g_free (fixture->tree);
  g_free (fixture->folder);
}

static KlMediaSource *
open_source (const char *path, const char *kind)
{
  g_autoptr (GError) error = NULL;
  KlMediaSource *source = kl_media_source_open (path, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (kl_media_source_get_kind (source), ==, kind);
  return source;
}

static void
assert_big_file (Fixture *fixture, KlMediaSource *source)
{
  g_autofree char *wim = g_build_filename (fixture->tree, "sources/boot.wim", NULL);
  g_autofree char *copy = g_build_filename (fixture->folder, "copy", NULL);
  g_autofree char *expected = NULL;
  g_autofree char *found = NULL;
  g_autofree char *sha256 = NULL;
  g_autofree char *expected_sha256 = NULL;
  g_autoptr (GError) error = NULL;
  gsize expected_size = 0, size = 0;
  guint32 crc = 1;
  g_autofd int fd = open (copy, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

  kl_media_source_copy (source, "/SOURCES/Boot.WIM", fd, copy, &crc, &sha256, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_file_get_contents (wim, &expected, &expected_size, NULL));
  g_assert_true (g_file_get_contents (copy, &found, &size, NULL));
  g_assert_cmpmem (expected, expected_size, found, size);
  g_assert_cmpuint (crc, ==, kl_crc32c_update (0, expected, expected_size));
  expected_sha256 = kl_sha256_data (expected, expected_size);
  g_assert_cmpstr (sha256, ==, expected_sha256);
}

/* Spelling: @bootmgr and @font as the kind gives them back. */
static void
assert_tree (Fixture *fixture, KlMediaSource *source, const char *bootmgr, const char *font)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;
  const KlMediaEntry *entry;

  g_assert_nonnull (kl_media_source_list (source, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (kl_media_source_list (source, NULL)->len, ==, 4);

  entry = kl_media_source_find (source, "/BootMGR");
  g_assert_nonnull (entry);
  g_assert_cmpstr (entry->path, ==, bootmgr);
  g_assert_cmpuint (entry->size, ==, 16);
  bytes = kl_media_source_read (source, "/bootmgr", 100, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), "the boot manager",
                   16);

  if (font != NULL)
    {
      entry = kl_media_source_find (source, font);
      g_assert_nonnull (entry);
      g_assert_cmpstr (entry->path, ==, font);
      entry = kl_media_source_find (source, "/boot/de-de/überraschung.TXT");
      g_assert_nonnull (entry);
      g_assert_cmpuint (entry->size, ==, 0);
    }

  g_assert_null (kl_media_source_find (source, "/sources"));
  g_assert_null (kl_media_source_find (source, "/sources/install.wim"));
  assert_big_file (fixture, source);
}

static void
test_folder (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlMediaSource) source = open_source (fixture->tree, "folder");

  assert_tree (fixture, source, "/bootmgr", "/Boot/Fonts/segoe_slboot_long_name.ttf");
  g_assert_cmpstr (kl_media_source_get_label (source), ==, "");
  g_assert_cmpstr (kl_media_source_get_path (source), ==, fixture->tree);
}

static void
test_joliet (Fixture *fixture, gconstpointer data)
{
  g_autofree char *iso = g_build_filename (fixture->folder, "joliet.iso", NULL);
  g_autoptr (KlMediaSource) source = NULL;

  run (fixture->folder, "xorriso", "-as", "mkisofs", "-quiet", "-V", "KL_TEST", "-J",
       "-input-charset", "utf-8", "-o", iso, fixture->tree, NULL);
  source = open_source (iso, "ISO 9660");
  assert_tree (fixture, source, "/bootmgr", "/Boot/Fonts/segoe_slboot_long_name.ttf");
  g_assert_cmpstr (kl_media_source_get_label (source), ==, "KL_TEST");
}

static void
test_primary_tree (Fixture *fixture, gconstpointer data)
{
  g_autofree char *iso = g_build_filename (fixture->folder, "primary.iso", NULL);
  g_autoptr (KlMediaSource) source = NULL;

  run (fixture->folder, "genisoimage", "-quiet", "-iso-level", "1", "-input-charset", "utf-8", "-o",
       iso, fixture->tree, NULL);
  source = open_source (iso, "ISO 9660");
  assert_tree (fixture, source, "/BOOTMGR", NULL);
}

static void
test_udf (Fixture *fixture, gconstpointer data)
{
  g_autofree char *iso = g_build_filename (fixture->folder, "udf.iso", NULL);
  g_autoptr (KlMediaSource) source = NULL;

  run (fixture->folder, "genisoimage", "-quiet", "-udf", "-V", "KL_UDF", "-allow-limited-size",
       "-input-charset", "utf-8", "-o", iso, fixture->tree, NULL);
  source = open_source (iso, "UDF");
  assert_tree (fixture, source, "/bootmgr", "/Boot/Fonts/segoe_slboot_long_name.ttf");
  g_assert_cmpstr (kl_media_source_get_label (source), ==, "KL_UDF");
}

/* As on a Windows DVD: ISO 9660 has a readme and nothing else. */
static void
test_udf_alone (Fixture *fixture, gconstpointer data)
{
  g_autofree char *iso = g_build_filename (fixture->folder, "dvd.iso", NULL);
  g_autofree char *listing = NULL;
  g_autofree char *list_command = g_strdup_printf ("isoinfo -f -i %s", iso);
  g_autoptr (KlMediaSource) source = NULL;

  run (fixture->folder, "genisoimage", "-quiet", "-udf", "-hide", "sources", "-hide", "boot.wim",
       "-hide", "bootmgr", "-hide", "Boot", "-input-charset", "utf-8", "-o", iso, fixture->tree,
       NULL);
  g_assert_true (g_spawn_command_line_sync (list_command, &listing, NULL, NULL, NULL));
  g_assert_null (strstr (listing, "BOOTMGR"));
  source = open_source (iso, "UDF");
  assert_tree (fixture, source, "/bootmgr", "/Boot/Fonts/segoe_slboot_long_name.ttf");
}

static void
test_links (Fixture *fixture, gconstpointer data)
{
  g_autofree char *secret = g_build_filename (fixture->folder, "secret.wim", NULL);
  g_autofree char *out = g_build_filename (fixture->tree, "out.wim", NULL);
  g_autofree char *out_folder = g_build_filename (fixture->tree, "outside", NULL);
  g_autofree char *inside = g_build_filename (fixture->tree, "inside.wim", NULL);
  g_autofree char *loop = g_build_filename (fixture->tree, "Boot/loop", NULL);
  g_autofree char *late = g_build_filename (fixture->tree, "late.wim", NULL);
  g_autoptr (KlMediaSource) source = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;

  put (fixture->folder, "secret.wim", "secret", -1);
  put (fixture->tree, "late.wim", "public", -1);
  g_assert_cmpint (symlink ("../secret.wim", out), ==, 0);
  g_assert_cmpint (symlink ("/etc", out_folder), ==, 0);
  g_assert_cmpint (symlink ("sources/boot.wim", inside), ==, 0);
  g_assert_cmpint (symlink ("..", loop), ==, 0);

  source = open_source (fixture->tree, "folder");
  g_assert_nonnull (kl_media_source_list (source, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (kl_media_source_list (source, NULL)->len, ==, 6);
  g_assert_null (kl_media_source_find (source, "/out.wim"));
  g_assert_null (kl_media_source_find (source, "/outside/passwd"));
  g_assert_cmpuint (kl_media_source_find (source, "/inside.wim")->size, ==, BIG_SIZE);

  /* Exchanged after it was listed. */
  g_assert_cmpint (g_unlink (late), ==, 0);
  g_assert_cmpint (symlink ("../secret.wim", late), ==, 0);
  bytes = kl_media_source_read (source, "/late.wim", 100, &error);
  g_assert_null (bytes);
  g_assert_error (error, KL_ERROR, KL_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, "leads out of"));
}

static void
test_depth (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GString) path = g_string_new ("a");
  g_autoptr (KlMediaSource) source = NULL;
  g_autoptr (GError) error = NULL;

  for (int i = 0; i < 40; i++)
    g_string_append (path, "/a");
  put (fixture->tree, path->str, "x", 1);

  source = open_source (fixture->tree, "folder");
  g_assert_null (kl_media_source_list (source, &error));
  g_assert_null (kl_media_source_get_unreadable (source));
  g_assert_error (error, KL_ERROR, KL_ERROR_FORMAT);
  g_assert_nonnull (strstr (error->message, "deeper than 32 levels"));
}

/* Lets a folder of an ISO 9660 tree name its parent as its child's place. */
static void
test_cycle (Fixture *fixture, gconstpointer data)
{
  g_autofree char *iso = g_build_filename (fixture->folder, "cycle.iso", NULL);
  g_autofree char *image = NULL;
  g_autoptr (KlMediaSource) source = NULL;
  g_autoptr (GError) error = NULL;
  gsize size = 0;
  guint changed = 0;

  run (fixture->folder, "genisoimage", "-quiet", "-iso-level", "1", "-input-charset", "utf-8", "-o",
       iso, fixture->tree, NULL);
  g_assert_true (g_file_get_contents (iso, &image, &size, NULL));
  for (gsize i = 18 * 2048; i + 64 < size && i < 64 * 2048; i++)
    if (image[i] == 4 && memcmp (image + i, "\4BOOT", 5) == 0)
      {
        /* ECMA-119 9.1: the extent stands 30 bytes before the name's length, and the root's record
         * is at byte 156 of the volume descriptor. */
        memcpy (image + i - 30, image + 16 * 2048 + 156 + 2, 16);
        changed++;
      }
  g_assert_cmpuint (changed, >, 0);
  g_assert_true (g_file_set_contents (iso, image, (gssize) size, NULL));

  source = open_source (iso, "ISO 9660");
  g_assert_null (kl_media_source_list (source, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_FORMAT);
  g_assert_nonnull (strstr (error->message, "deeper than 32 levels"));
}

static void
test_truncated (Fixture *fixture, gconstpointer data)
{
  g_autofree char *iso = g_build_filename (fixture->folder, "short.iso", NULL);

  for (int udf = 0; udf < 2; udf++)
    {
      g_autoptr (KlMediaSource) source = NULL;
      g_autoptr (GError) error = NULL;

      run (fixture->folder, "genisoimage", "-quiet", udf ? "-udf" : "-J", "-input-charset", "utf-8",
           "-o", iso, fixture->tree, NULL);
      g_assert_cmpint (truncate (iso, 2 * 1024 * 1024), ==, 0);

      source = open_source (iso, udf ? "UDF" : "ISO 9660");
      g_assert_nonnull (kl_media_source_find (source, "/sources/boot.wim"));
      g_assert_false (kl_media_source_copy (source, "/sources/boot.wim", -1, "none", NULL,
                                            &(char *){ NULL }, NULL, NULL, &error));
      g_assert_error (error, KL_ERROR, KL_ERROR_FORMAT);
      g_assert_nonnull (strstr (error->message, "damaged or incomplete"));
    }
}

static void
test_no_iso (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = g_build_filename (fixture->folder, "none.iso", NULL);
  g_autofree guint8 *noise = g_malloc (200000);
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) error_empty = NULL;
  g_autoptr (GError) error_absent = NULL;
  g_autoptr (GError) error_device = NULL;

  fill (noise, 200000, 3);
  g_assert_true (g_file_set_contents (path, (char *) noise, 200000, NULL));
  g_assert_null (kl_media_source_open (path, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_FORMAT);
  g_assert_nonnull (strstr (error->message, "neither ISO 9660 nor UDF"));

  g_assert_true (g_file_set_contents (path, "", 0, NULL));
  g_assert_null (kl_media_source_open (path, &error_empty));
  g_assert_error (error_empty, KL_ERROR, KL_ERROR_FORMAT);
  g_assert_nonnull (strstr (error_empty->message, "is empty"));

  g_unlink (path);
  g_assert_null (kl_media_source_open (path, &error_absent));
  g_assert_error (error_absent, KL_ERROR, KL_ERROR_NOT_FOUND);

  g_assert_null (kl_media_source_open ("/dev/null", &error_device));
  g_assert_error (error_device, KL_ERROR, KL_ERROR_INVALID_ARGUMENT);
}

/* Whatever bytes a disc image has, reading it ends, with a list or with an error of ours. */
static void
test_mutations (Fixture *fixture, gconstpointer data)
{
  g_autofree char *iso = g_build_filename (fixture->folder, "mutated.iso", NULL);
  g_autoptr (GRand) random = g_rand_new_with_seed (20260131);
  guint n_errors = 0;

  run (fixture->folder, "rm", "-r", "tree/sources", NULL);
  for (int udf = 0; udf < 2; udf++)
    {
      g_autofree char *image = NULL;
      gsize size = 0;

      run (fixture->folder, "genisoimage", "-quiet", udf ? "-udf" : "-J", "-input-charset", "utf-8",
           "-o", iso, fixture->tree, NULL);
      g_assert_true (g_file_get_contents (iso, &image, &size, NULL));

      for (int round = 0; round < 150; round++)
        {
          g_autofree char *mutated = g_memdup2 (image, size);
          g_autoptr (KlMediaSource) source = NULL;
          g_autoptr (GError) error = NULL;

          for (int i = 0; i < 1 << (round % 10); i++)
            {
              gsize at = (gsize) g_rand_int_range (random, 16 * 2048, (gint32) size);

              /* Where there is something; the rest of an ISO is zeros. */
              for (int tries = 0; tries < 4096 && image[at] == 0; tries++)
                at = at + 1 < size ? at + 1 : 16 * 2048;
              mutated[at] = (char) g_rand_int (random);
            }
          g_assert_true (g_file_set_contents (iso, mutated, (gssize) size, NULL));

          source = kl_media_source_open (iso, &error);
          if (source != NULL && kl_media_source_list (source, &error) != NULL)
            for (guint i = 0; i < kl_media_source_list (source, NULL)->len; i++)
              {
                KlMediaEntry *entry = kl_media_source_list (source, NULL)->pdata[i];
                g_autoptr (GBytes) bytes
                    = kl_media_source_read (source, entry->path, 1 << 20, NULL);

                g_assert_true (bytes == NULL || g_bytes_get_size (bytes) == entry->size);
              }
          else
            {
              g_assert_nonnull (error);
              g_assert_true (error->domain == KL_ERROR);
              n_errors++;
            }
        }
    }
  g_test_message ("%u of 300 were refused", n_errors);
  g_assert_cmpuint (n_errors, >, 0);
}

static void
test_limit (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlMediaSource) source = open_source (fixture->tree, "folder");
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) error_absent = NULL;

  g_assert_null (kl_media_source_read (source, "/bootmgr", 15, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_FORMAT);
  g_assert_nonnull (strstr (error->message, "16 bytes; at most 15"));
  g_assert_null (kl_media_source_read (source, "/absent", 15, &error_absent));
  g_assert_error (error_absent, KL_ERROR, KL_ERROR_NOT_FOUND);
}

static void
test_cancel (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlMediaSource) source = open_source (fixture->tree, "folder");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  guint32 crc = 5;

  g_cancellable_cancel (cancellable);
  g_assert_false (kl_media_source_copy (source, "/sources/boot.wim", -1, "none", &crc, NULL, NULL,
                                        cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (crc, ==, 5);
}

static void
test_closed_folder (Fixture *fixture, gconstpointer data)
{
  g_autofree char *boot = g_build_filename (fixture->tree, "Boot", NULL);
  g_autoptr (KlMediaSource) source = NULL;
  g_autoptr (GError) error = NULL;
  gboolean root = geteuid () == 0;
  GPtrArray *unreadable;

  g_assert_cmpint (g_chmod (boot, 0), ==, 0);
  g_assert_cmpint (g_chmod (fixture->folder, 0755), ==, 0);
  /* Permission bits do not bind root. */
  if (root)
    g_assert_cmpint (seteuid (65534), ==, 0);
  source = open_source (fixture->tree, "folder");
  g_assert_null (kl_media_source_list (source, &error));
  kl_media_source_forgive_unreadable (source);
  g_assert_nonnull (kl_media_source_list (source, NULL));
  unreadable = kl_media_source_get_unreadable (source);
  if (root)
    g_assert_cmpint (seteuid (0), ==, 0);
  g_assert_cmpint (g_chmod (boot, 0755), ==, 0);
  g_assert_cmpuint (unreadable->len, ==, 1);
  g_assert_cmpstr (unreadable->pdata[0], ==, "/Boot");
  g_assert_nonnull (kl_media_source_find (source, "/sources/boot.wim"));

  g_assert_error (error, KL_ERROR, KL_ERROR_PERMISSION);
  g_assert_nonnull (strstr (error->message, "/Boot"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define TEST(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)
  TEST ("/media-source/folder-is-read-without-case", test_folder);
  TEST ("/media-source/joliet-names-are-given-back", test_joliet);
  TEST ("/media-source/primary-tree-loses-versions", test_primary_tree);
  TEST ("/media-source/udf-is-read", test_udf);
  TEST ("/media-source/udf-goes-before-iso-9660", test_udf_alone);
  TEST ("/media-source/links-that-leave-are-not-followed", test_links);
  TEST ("/media-source/deep-folders-are-refused", test_depth);
  TEST ("/media-source/cycle-is-refused", test_cycle);
  TEST ("/media-source/truncated-iso-says-so", test_truncated);
  TEST ("/media-source/other-files-are-refused", test_no_iso);
  TEST ("/media-source/mutated-images-end-in-order", test_mutations);
  TEST ("/media-source/limit-is-kept", test_limit);
  TEST ("/media-source/copy-can-be-cancelled", test_cancel);
  TEST ("/media-source/closed-folder-is-named", test_closed_folder);
  return g_test_run ();
}
