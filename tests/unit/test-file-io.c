/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/file-io.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "base/atomic-file.h"
#include "base/error.h"

typedef struct
{
  char *folder;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->folder = g_dir_make_tmp ("kl-file-io-XXXXXX", NULL);
  g_assert_nonnull (fixture->folder);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (kl_remove_tree (fixture->folder, &error));
  g_assert_no_error (error);
  g_assert_false (g_file_test (fixture->folder, G_FILE_TEST_EXISTS));
  g_free (fixture->folder);
}

static guint
count_names (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

static void
test_atomic_commit (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = g_build_filename (fixture->folder, "a.iso", NULL);
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (KlAtomicFile) file = NULL;

  g_assert_true (g_file_set_contents (path, "old", -1, NULL));
  file = kl_atomic_file_new (path, 0666, &error);
  g_assert_no_error (error);
  g_assert_true (kl_write_at (kl_atomic_file_get_fd (file), "newer", 5, 0, path, &error));
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "old");
  g_clear_pointer (&text, g_free);
  g_assert_true (kl_atomic_file_commit (file, &error));
  g_assert_no_error (error);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "newer");
  g_assert_cmpuint (count_names (fixture->folder), ==, 1);
}

static void
test_atomic_abort (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = g_build_filename (fixture->folder, "a.iso", NULL);
  g_autoptr (GError) error = NULL;
  KlAtomicFile *file = kl_atomic_file_new (path, 0666, &error);

  g_assert_no_error (error);
  g_assert_true (kl_write_at (kl_atomic_file_get_fd (file), "half", 4, 0, path, &error));
  kl_atomic_file_free (file);
  g_assert_cmpuint (count_names (fixture->folder), ==, 0);
}

static guint
count_files (Fixture *fixture)
{
  g_autoptr (GDir) dir = g_dir_open (fixture->folder, 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

/* What a program that was killed left under a hidden name goes when the file is written the next
 * time; not what another program is writing, nor what only looks like it. */
static void
test_atomic_sweeps (Fixture *fixture, gconstpointer data)
{
  static const char *const left[] = { ".a.iso.0123abcd.part", ".a.iso.00000000.part" };
  static const char *const others[]
      = { ".a.iso.0123abcd.par", ".a.iso.0123abcg.part", ".a.iso.0123abcd0.part",
          "a.iso.0123abcd.part", ".b.iso.0123abcd.part", ".a.iso.busybusy.part" };
  g_autofree char *path = g_build_filename (fixture->folder, "a.iso", NULL);
  g_autofree char *busy = g_build_filename (fixture->folder, ".a.iso.fedcba98.part", NULL);
  g_autofree char *link = g_build_filename (fixture->folder, ".a.iso.11111111.part", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (KlAtomicFile) file = NULL;
  g_autofd int fd = open (busy, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

  g_assert_cmpint (flock (fd, LOCK_EX), ==, 0);
  g_assert_cmpint (symlink (busy, link), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (left) + G_N_ELEMENTS (others); i++)
    {
      const char *name = i < G_N_ELEMENTS (left) ? left[i] : others[i - G_N_ELEMENTS (left)];
      g_autofree char *one = g_build_filename (fixture->folder, name, NULL);

      g_assert_true (g_file_set_contents (one, "half", 4, NULL));
    }

  file = kl_atomic_file_new (path, 0666, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (count_files (fixture), ==, G_N_ELEMENTS (others) + 2);
  g_assert_true (g_file_test (busy, G_FILE_TEST_EXISTS));
  g_assert_true (kl_atomic_file_commit (file, &error));
  g_assert_cmpuint (count_files (fixture), ==, G_N_ELEMENTS (others) + 3);

  /* In a folder where no name comes twice, those of all files. */
  kl_atomic_file_sweep (fixture->folder);
  g_assert_cmpuint (count_files (fixture), ==, G_N_ELEMENTS (others) + 2);
  g_assert_true (g_file_test (busy, G_FILE_TEST_EXISTS));
}

/* The umask decides about the group, which may share a catalog; nobody else may ever write. */
static void
test_atomic_modes (Fixture *fixture, gconstpointer data)
{
  static const struct
  {
    mode_t mask, mode, result;
  } rows[] = { { 0, KL_FILE_MODE, 0664 },
               { 022, KL_FILE_MODE, 0644 },
               { 077, KL_FILE_MODE, 0600 },
               { 0, 0600, 0600 } };
  const mode_t usual = umask (0);

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *path = g_strdup_printf ("%s/%u", fixture->folder, i);
      g_autoptr (KlAtomicFile) file = NULL;
      struct stat info;

      umask (rows[i].mask);
      file = kl_atomic_file_new (path, (int) rows[i].mode, NULL);
      g_assert_true (kl_atomic_file_commit (file, NULL));
      g_assert_cmpint (stat (path, &info), ==, 0);
      g_assert_cmphex (info.st_mode & 07777, ==, rows[i].result);
    }
  umask (usual);
}

static void
test_atomic_refuses (Fixture *fixture, gconstpointer data)
{
  g_autofree char *missing = g_build_filename (fixture->folder, "no", "a.iso", NULL);
  g_autoptr (GError) folder = NULL;
  g_autoptr (GError) device = NULL;
  g_autoptr (GError) absent = NULL;

  g_assert_null (kl_atomic_file_new (fixture->folder, 0666, &folder));
  g_assert_error (folder, KL_ERROR, KL_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (folder->message, "a folder"));
  g_assert_null (kl_atomic_file_new ("/dev/null", 0666, &device));
  g_assert_error (device, KL_ERROR, KL_ERROR_INVALID_ARGUMENT);
  g_assert_null (kl_atomic_file_new (missing, 0666, &absent));
  g_assert_error (absent, KL_ERROR, KL_ERROR_NOT_FOUND);
}

static void
test_opens_files_only (Fixture *fixture, gconstpointer data)
{
  g_autofree char *fifo = g_build_filename (fixture->folder, "fifo", NULL);
  g_autoptr (GError) folder = NULL;
  g_autoptr (GError) pipe = NULL;

  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  g_assert_cmpint (kl_open_for_reading (fixture->folder, &folder), ==, -1);
  g_assert_error (folder, KL_ERROR, KL_ERROR_INVALID_ARGUMENT);
  g_assert_cmpint (kl_open_for_reading (fifo, &pipe), ==, -1);
  g_assert_error (pipe, KL_ERROR, KL_ERROR_INVALID_ARGUMENT);
}

/* RFC 3720 B.4: 32 bytes of zeroes; and FIPS 180-2's "abc". */
static void
test_checksums (Fixture *fixture, gconstpointer data)
{
  static const guint8 zeroes[32];
  g_autofree char *sha = kl_sha256_data ("abc", 3);
  g_autofree char *fed = NULL;
  g_autoptr (KlHasher) hasher = kl_hasher_new ();

  g_assert_cmphex (kl_crc32c_update (0, zeroes, sizeof zeroes), ==, 0x8A9136AA);
  g_assert_cmphex (kl_crc32c_update (kl_crc32c_update (0, zeroes, 9), zeroes, 23), ==, 0x8A9136AA);
  for (gsize n = 0; n <= sizeof zeroes; n++)
    g_assert_cmphex (kl_crc32c_shift (kl_crc32c_update (0, zeroes, n), sizeof zeroes - n)
                         ^ kl_crc32c_update (0, zeroes, sizeof zeroes - n),
                     ==, 0x8A9136AA);
  g_assert_cmpstr (sha, ==, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  for (const char *at = "abc"; *at != '\0'; at++)
    {
      g_autoptr (GBytes) byte = g_bytes_new (at, 1);

      kl_hasher_feed (hasher, byte);
    }
  fed = kl_hasher_finish (hasher);
  g_assert_cmpstr (fed, ==, sha);
}

/* Two threads sum a file up, whose blocks are of 1 MiB. */
static void
test_file_checksum (Fixture *fixture, gconstpointer data)
{
  static const gsize sizes[] = { 0, 1, KL_IO_BLOCK - 1, KL_IO_BLOCK, 5 * KL_IO_BLOCK + 70001 };
  g_autofree char *path = g_build_filename (fixture->folder, "summed", NULL);
  g_autoptr (GRand) rand = g_rand_new_with_seed (7);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  guint64 size = 0;
  guint32 crc = 0;

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autofree guint8 *bytes = g_malloc (sizes[i] + 1);

      for (gsize at = 0; at < sizes[i]; at++)
        bytes[at] = (guint8) g_rand_int (rand);
      g_assert_true (g_file_set_contents (path, (const char *) bytes, (gssize) sizes[i], NULL));
      g_assert_true (kl_crc32c_file (path, NULL, NULL, &size, &crc, &error));
      g_assert_no_error (error);
      g_assert_cmpuint (size, ==, sizes[i]);
      g_assert_cmphex (crc, ==, kl_crc32c_update (0, bytes, sizes[i]));
    }

  g_cancellable_cancel (cancellable);
  g_assert_false (kl_crc32c_file (path, NULL, cancellable, &size, &crc, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_cmpint (g_unlink (path), ==, 0);
  g_assert_false (kl_crc32c_file (path, NULL, NULL, &size, &crc, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_NOT_FOUND);
}

/* Parts as who copies a file reads them: in order with something left out, and in disorder. */
static void
test_part_sum (Fixture *fixture, gconstpointer data)
{
  static const gsize parts[][3][2] = { { { 100, 50 }, { 150, 1 }, { 90000, 10000 } },
                                       { { 0, 100000 }, { 100000, 0 }, { 100000, 0 } },
                                       { { 500, 50 }, { 400, 200 }, { 90000, 10000 } } };
  g_autofree char *path = g_build_filename (fixture->folder, "parts", NULL);
  g_autofree guint8 *bytes = g_malloc (100000);
  g_autofd int fd = -1;

  for (guint i = 0; i < 100000; i++)
    bytes[i] = (guint8) (i * i / 7);
  g_assert_true (g_file_set_contents (path, (const char *) bytes, 100000, NULL));
  fd = open (path, O_RDONLY | O_CLOEXEC);
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      g_autoptr (GError) error = NULL;
      KlPartSum sum = { .fd = fd, .name = path };

      for (guint j = 0; j < G_N_ELEMENTS (parts[i]); j++)
        g_assert_true (kl_part_sum_add (&sum, bytes + parts[i][j][0], parts[i][j][1],
                                        parts[i][j][0], NULL, &error));
      g_assert_true (kl_part_sum_finish (&sum, NULL, &error));
      g_assert_no_error (error);
      g_assert_cmpuint (sum.at, ==, 100000);
      g_assert_cmphex (sum.crc32c, ==, kl_crc32c_update (0, bytes, 100000));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)
  ADD ("/file-io/commit-replaces-the-old-file-at-once", test_atomic_commit);
  ADD ("/file-io/nothing-remains-without-commit", test_atomic_abort);
  ADD ("/file-io/leftovers-of-the-killed-go", test_atomic_sweeps);
  ADD ("/file-io/nobody-else-may-write", test_atomic_modes);
  ADD ("/file-io/a-folder-or-device-is-no-target", test_atomic_refuses);
  ADD ("/file-io/only-files-are-opened", test_opens_files_only);
  ADD ("/file-io/checksums-match-published-values", test_checksums);
  ADD ("/file-io/a-file-is-summed-up-by-threads", test_file_checksum);
  ADD ("/file-io/the-checksum-of-a-file-comes-of-parts", test_part_sum);
#undef ADD
  return g_test_run ();
}
