/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/catalog.h"

#include <sys/mount.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "base/error.h"
#include "base/file-io.h"

typedef struct
{
  char *folder; /* temporary */
  KlCatalog *catalog;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->folder = g_dir_make_tmp ("kl-folder-XXXXXX", NULL);
  g_assert_nonnull (fixture->folder);
  fixture->catalog = kl_catalog_new (fixture->folder);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_clear_object (&fixture->catalog);
  kl_remove_tree (fixture->folder, NULL);
  g_free (fixture->folder);
}

static guint
count_files (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

static void
test_good (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (kl_catalog_probe (fixture->catalog, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (count_files (fixture->folder), ==, 0);
}

static void
test_absent (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_rmdir (fixture->folder), ==, 0);
  g_assert_false (kl_catalog_probe (fixture->catalog, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_NOT_FOUND);
  g_assert_false (g_file_test (fixture->folder, G_FILE_TEST_EXISTS));
}

static void
test_entry (Fixture *fixture, gconstpointer data)
{
  g_autofree char *ini = g_build_filename (fixture->folder, "image.ini", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_set_contents (ini, "", 0, NULL));
  g_assert_false (kl_catalog_probe (fixture->catalog, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, fixture->folder));
}

static void
test_read_only (Fixture *fixture, gconstpointer data)
{
  const gboolean root = geteuid () == 0;
  const int expected = root ? KL_ERROR_WRITE_PROTECTED : KL_ERROR_PERMISSION;
  g_autoptr (GError) error = NULL;

  if (!root)
    g_assert_cmpint (g_chmod (fixture->folder, 0555), ==, 0);
  else if (mount (fixture->folder, fixture->folder, NULL, MS_BIND, NULL) != 0
           || mount (NULL, fixture->folder, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL) != 0)
    {
      g_test_skip ("cannot mount here");
      return;
    }

  g_assert_false (kl_catalog_probe (fixture->catalog, &error));
  g_assert_error (error, KL_ERROR, expected);
  g_assert_nonnull (strstr (error->message, "choose another catalog folder"));
  if (root)
    g_assert_cmpint (umount (fixture->folder), ==, 0);
  else
    g_assert_cmpint (g_chmod (fixture->folder, 0755), ==, 0);
}

/* A share that is not mounted must neither look empty nor be filled beside its mount point. */
static void
test_required (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_rmdir (fixture->folder), ==, 0);
  g_assert_true (kl_catalog_load (fixture->catalog, &error));
  g_assert_no_error (error);

  kl_catalog_require (fixture->catalog);
  g_assert_true (kl_catalog_is_required (fixture->catalog));
  g_assert_false (kl_catalog_load (fixture->catalog, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_NOT_FOUND);

  g_assert_cmpint (g_mkdir (fixture->folder, 0700), ==, 0);
  g_clear_error (&error);
  g_assert_true (kl_catalog_load (fixture->catalog, &error));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define TEST(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)
  TEST ("/catalog-folder/good-one-is-left-as-it-was", test_good);
  TEST ("/catalog-folder/absent-one-is-refused-and-not-made", test_absent);
  TEST ("/catalog-folder/entry-of-a-catalog-is-refused", test_entry);
  TEST ("/catalog-folder/read-only-one-is-refused-with-what-to-do", test_read_only);
  TEST ("/catalog-folder/required-one-is-not-taken-for-empty", test_required);
  return g_test_run ();
}
