/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "edit/known-sums.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "base/checksum.h"
#include "base/file-io.h"
#include "edit/image-sums.h"

#define SIZE ((gsize) 70000)

typedef struct
{
  char *folder;
  char *file;
  char *sums;
  guint8 sha1[KL_SHA1_SIZE]; /* of the file */
} Fixture;

/* What the clock of the program says is ahead by so much; microseconds. */
static gint64 ahead;

/* Stands before that of GLib. */
gint64
g_get_real_time (void)
{
  struct timespec now;

  clock_gettime (CLOCK_REALTIME, &now);
  return (gint64) now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000 + ahead;
}

static void
set_contents (const char *path, const void *data, gsize size)
{
  g_assert_true (
      g_file_set_contents_full (path, data, (gssize) size, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
}

static void
write_file (Fixture *fixture, guint8 first)
{
  g_autofree guint8 *data = g_malloc (SIZE);

  memset (data, 'x', SIZE);
  data[0] = first;
  set_contents (fixture->file, data, SIZE);
  kl_sha1_data (data, SIZE, fixture->sha1);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->folder = g_dir_make_tmp ("kl-known-sums-XXXXXX", NULL);
  g_assert_nonnull (fixture->folder);
  fixture->file = g_build_filename (fixture->folder, "driver.sys", NULL);
  fixture->sums = g_build_filename (fixture->folder, "cache", "file-sums", NULL);
  write_file (fixture, 'a');
  ahead = 20 * G_USEC_PER_SEC;
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  ahead = 0;
  g_assert_true (kl_remove_tree (fixture->folder, NULL));
  g_free (fixture->folder);
  g_free (fixture->file);
  g_free (fixture->sums);
}

/* Sums the file up as a preparation does, with what is kept; keeps it. */
static void
sum_up (Fixture *fixture, guint8 *sha1)
{
  g_autoptr (KlKnownSums) known = kl_known_sums_load (fixture->sums);
  g_autoptr (KlImageSums) sums = kl_image_sums_new (known);
  g_autoptr (GError) error = NULL;
  struct stat info;
  int fd = kl_open_with_info (fixture->file, &info, &error);

  g_assert_no_error (error);
  g_assert_true (kl_image_sums_add (sums, fd, &info, fixture->file, sha1, NULL, NULL, &error));
  g_assert_true (kl_image_sums_wait (sums, &error));
  g_assert_no_error (error);
  kl_known_sums_save (known);
}

static gboolean
is_known (Fixture *fixture)
{
  g_autoptr (KlKnownSums) known = kl_known_sums_load (fixture->sums);
  guint8 sha1[KL_SHA1_SIZE];
  struct stat info;

  g_assert_cmpint (stat (fixture->file, &info), ==, 0);
  if (!kl_known_sums_find (known, fixture->file, &info, sha1))
    return FALSE;
  g_assert_cmpmem (sha1, sizeof sha1, fixture->sha1, sizeof fixture->sha1);
  return TRUE;
}

static void
assert_sum (Fixture *fixture)
{
  guint8 sha1[KL_SHA1_SIZE] = { 0 };

  sum_up (fixture, sha1);
  g_assert_cmpmem (sha1, sizeof sha1, fixture->sha1, sizeof fixture->sha1);
}

static void
test_kept (Fixture *fixture, gconstpointer data)
{
  g_assert_false (is_known (fixture));
  assert_sum (fixture);
  g_assert_true (is_known (fixture));
  assert_sum (fixture);
  g_assert_true (is_known (fixture));
}

/* After a restart, FAT may call another file by the same number. */
static void
test_other_path (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlKnownSums) known = NULL;
  guint8 sha1[KL_SHA1_SIZE];
  struct stat info;

  assert_sum (fixture);
  known = kl_known_sums_load (fixture->sums);
  g_assert_cmpint (stat (fixture->file, &info), ==, 0);
  g_assert_true (kl_known_sums_find (known, fixture->file, &info, sha1));
  g_assert_false (kl_known_sums_find (known, "/media/STICK/other.sys", &info, sha1));
}

/* A sum that is known is taken without reading. */
static void
test_not_read (Fixture *fixture, gconstpointer data)
{
  const guint8 other[KL_SHA1_SIZE] = "19 bytes and a NUL:";
  guint8 sha1[KL_SHA1_SIZE];
  struct stat info;
  int fd = kl_open_with_info (fixture->file, &info, NULL);

  {
    g_autoptr (KlKnownSums) known = kl_known_sums_load (fixture->sums);

    kl_known_sums_add (known, fixture->file, fd, &info, other);
    kl_known_sums_save (known);
  }
  kl_close_fd (&fd);
  sum_up (fixture, sha1);
  g_assert_cmpmem (sha1, sizeof sha1, other, sizeof other);
}

/* Also one that was given the old times again. */
static void
test_changed (Fixture *fixture, gconstpointer data)
{
  struct timespec times[2];
  struct stat info;
  int fd;

  assert_sum (fixture);
  g_assert_cmpint (stat (fixture->file, &info), ==, 0);
  times[0] = info.st_atim;
  times[1] = info.st_mtim;
  fd = open (fixture->file, O_WRONLY | O_CLOEXEC);
  g_assert_cmpint (pwrite (fd, "b", 1, 0), ==, 1);
  g_assert_cmpint (futimens (fd, times), ==, 0);
  close (fd);
  g_assert_false (is_known (fixture));

  write_file (fixture, 'c');
  assert_sum (fixture);
  g_assert_true (is_known (fixture));
}

static void
test_just_written (Fixture *fixture, gconstpointer data)
{
  ahead = 0;
  assert_sum (fixture);
  g_assert_false (is_known (fixture));
  ahead = 11 * G_USEC_PER_SEC;
  assert_sum (fixture);
  g_assert_true (is_known (fixture));
}

/* Each byte of what is kept, and each length. */
static void
test_damaged (Fixture *fixture, gconstpointer data)
{
  g_autofree char *kept = NULL;
  gsize size = 0;

  assert_sum (fixture);
  g_assert_true (g_file_get_contents (fixture->sums, &kept, &size, NULL));
  for (gsize i = 0; i < size; i++)
    {
      kept[i] ^= 4;
      set_contents (fixture->sums, kept, size);
      g_assert_false (is_known (fixture));
      kept[i] ^= 4;
      set_contents (fixture->sums, kept, i);
      g_assert_false (is_known (fixture));
    }
  assert_sum (fixture);
  g_assert_true (is_known (fixture));
}

/* The newest ones stay. */
static void
test_bounded (Fixture *fixture, gconstpointer data)
{
  struct stat info;

  {
    g_autoptr (KlKnownSums) known = kl_known_sums_load (fixture->sums);
    int fd = open (fixture->file, O_RDWR | O_CLOEXEC);

    for (guint i = 0; i < 10001; i++)
      {
        const struct timespec times[] = { { 0, UTIME_OMIT }, { i, 0 } };

        g_assert_cmpint (futimens (fd, times), ==, 0);
        g_assert_cmpint (fstat (fd, &info), ==, 0);
        kl_known_sums_add (known, fixture->file, fd, &info, fixture->sha1);
      }
    close (fd);
    kl_known_sums_save (known);
  }
  assert_sum (fixture);
  g_assert_true (is_known (fixture));
  g_assert_cmpint (stat (fixture->sums, &info), ==, 0);
  g_assert_cmpint (info.st_size, ==, 10000 * 72 + 12);
}

static void
test_forgotten (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlKnownSums) known = NULL;

  assert_sum (fixture);
  known = kl_known_sums_load (fixture->sums);
  kl_known_sums_forget (known);
  g_assert_false (is_known (fixture));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)
  ADD ("/known-sums/are-kept", test_kept);
  ADD ("/known-sums/save-the-reading", test_not_read);
  ADD ("/known-sums/another-file-of-that-number-is-read", test_other_path);
  ADD ("/known-sums/a-changed-file-is-read", test_changed);
  ADD ("/known-sums/one-that-was-just-written-is-not-known", test_just_written);
  ADD ("/known-sums/what-is-damaged-says-nothing", test_damaged);
  ADD ("/known-sums/are-bounded", test_bounded);
  ADD ("/known-sums/can-be-forgotten", test_forgotten);
#undef ADD
  return g_test_run ();
}
