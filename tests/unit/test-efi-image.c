/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "media/efi-image.h"

#include <string.h>

#include <glib/gstdio.h>

#include "base/bytes.h"
#include "base/checksum.h"
#include "base/error.h"
#include "base/file-io.h"

#define MIB ((gsize) 1 << 20)

typedef struct
{
  char *folder;
  char *loader; /* path */
  char *image;  /* path */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->folder = g_dir_make_tmp ("kl-efi-image-XXXXXX", NULL);
  fixture->loader = g_build_filename (fixture->folder, "loader.efi", NULL);
  fixture->image = g_build_filename (fixture->folder, "efi.img", NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_assert_true (kl_remove_tree (fixture->folder, NULL));
  g_free (fixture->folder);
  g_free (fixture->loader);
  g_free (fixture->image);
}

/* Seeded, so that a wrong cluster order shows. */
static char *
write_loader (Fixture *fixture, gsize size)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (20261120);
  char *content = g_malloc (size + 4);
  gsize i;

  for (i = 0; i < size; i += 4)
    kl_put_u32 ((guint8 *) content + i, g_rand_int (random));
  g_assert_true (g_file_set_contents (fixture->loader, content, (gssize) size, NULL));
  return content;
}

static char *
run_tool (const char *const *command)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *output = NULL;
  g_autofree char *errors = NULL;
  int status = -1;

  g_assert_true (g_spawn_sync (NULL, (char **) command, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL,
                               &output, &errors, &status, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (errors, ==, "");
  if (!g_spawn_check_wait_status (status, &error))
    g_error ("%s: %s\n%s", command[0], error->message, output);
  return g_steal_pointer (&output);
}

/* Builds an image with a loader of @size bytes, has fsck.fat judge it and mtools read it. Returns
 * what fsck.fat printed. */
static char *
build_and_check (Fixture *fixture, const char *name, gsize size)
{
  g_autofree char *content = write_loader (fixture, size);
  g_autofree char *drive_path = g_strconcat ("::/EFI/BOOT/", name, NULL);
  g_autofree char *copy = g_build_filename (fixture->folder, "copy", NULL);
  const char *const fsck[] = { "/usr/sbin/fsck.fat", "-n", "-v", fixture->image, NULL };
  const char *const mcopy[] = { "mcopy", "-n", "-o", "-i", fixture->image, drive_path, copy, NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) image = NULL;
  g_autofree char *copied = NULL;
  g_autofree char *nothing = NULL;
  guint32 crc32c = 0;
  gsize length = 0;

  image = kl_efi_image_build (name, fixture->loader, &crc32c, &error);
  g_assert_no_error (error);
  g_assert_cmphex (crc32c, ==, kl_crc32c_update (0, content, size));
  g_assert_cmpuint (g_bytes_get_size (image) % MIB, ==, 0);
  g_assert_true (g_file_set_contents (fixture->image, g_bytes_get_data (image, NULL),
                                      (gssize) g_bytes_get_size (image), NULL));
  nothing = run_tool (mcopy);
  g_assert_true (g_file_get_contents (copy, &copied, &length, NULL));
  g_assert_cmpmem (copied, length, content, size);
  return run_tool (fsck);
}

static void
assert_kind (const char *report, const char *kind)
{
  g_autofree char *line = g_strdup_printf ("2 FATs, %s bit entries", kind);

  if (strstr (report, line) == NULL)
    g_error ("no \"%s\" in: %s", line, report);
}

static void
test_common_size (Fixture *fixture, gconstpointer data)
{
  g_autofree char *report = build_and_check (fixture, "BOOTX64.EFI", 1605632);
  GStatBuf status;

  assert_kind (report, "12");
  g_assert_cmpint (g_stat (fixture->image, &status), ==, 0);
  g_assert_cmpuint ((gsize) status.st_size, ==, 3 * MIB);
}

static void
test_smallest (Fixture *fixture, gconstpointer data)
{
  g_autofree char *report = build_and_check (fixture, "BOOTIA32.EFI", 1);
  GStatBuf status;

  assert_kind (report, "12");
  g_assert_cmpint (g_stat (fixture->image, &status), ==, 0);
  g_assert_cmpuint ((gsize) status.st_size, ==, 2 * MIB);
}

/* A cluster exactly full, and one byte more. */
static void
test_cluster_ends (Fixture *fixture, gconstpointer data)
{
  g_autofree char *full = build_and_check (fixture, "BOOTX64.EFI", 4096);
  g_autofree char *more = build_and_check (fixture, "BOOTX64.EFI", 4097);

  assert_kind (full, "12");
  assert_kind (more, "12");
}

/* 7 MiB of loader would make 8 MiB, where the number of clusters is next to the limit. */
static void
test_limit_between_kinds (Fixture *fixture, gconstpointer data)
{
  g_autofree char *below = build_and_check (fixture, "BOOTX64.EFI", 6 * MIB);
  g_autofree char *at = build_and_check (fixture, "BOOTX64.EFI", 7 * MIB);
  GStatBuf status;

  assert_kind (below, "12");
  assert_kind (at, "16");
  g_assert_cmpint (g_stat (fixture->image, &status), ==, 0);
  g_assert_cmpuint ((gsize) status.st_size, ==, 9 * MIB);
}

static void
test_largest (Fixture *fixture, gconstpointer data)
{
  g_autofree char *report = build_and_check (fixture, "BOOTAA64.EFI", 30 * MIB);

  assert_kind (report, "16");
}

static void
test_listing (Fixture *fixture, gconstpointer data)
{
  const char *const mdir[] = { "mdir", "-/", "-b", "-i", fixture->image, "::", NULL };
  const char *const mlabel[] = { "mlabel", "-s", "-i", fixture->image, "::", NULL };
  g_autofree char *report = build_and_check (fixture, "BOOTX64.EFI", 5000);
  g_autofree char *listed = run_tool (mdir);
  g_autofree char *label = run_tool (mlabel);

  g_assert_cmpstr (listed, ==, "::/EFI/\n::/EFI/BOOT/\n::/EFI/BOOT/BOOTX64.EFI\n");
  g_assert_nonnull (strstr (label, "KINDLING"));
  g_assert_nonnull (strstr (report, fixture->image));
}

static void
test_reproducible (Fixture *fixture, gconstpointer data)
{
  g_autofree char *content = write_loader (fixture, 70000);
  g_autoptr (GBytes) first = kl_efi_image_build ("BOOTX64.EFI", fixture->loader, NULL, NULL);
  g_autoptr (GBytes) second = kl_efi_image_build ("BOOTX64.EFI", fixture->loader, NULL, NULL);

  g_assert_nonnull (content);
  g_assert_nonnull (first);
  g_assert_true (g_bytes_equal (first, second));
}

static void
test_refused (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) empty = NULL;
  g_autoptr (GError) large = NULL;
  g_autoptr (GError) missing = NULL;
  g_autofree char *content = write_loader (fixture, 30 * MIB + 1);

  g_assert_null (kl_efi_image_build ("BOOTX64.EFI", fixture->loader, NULL, &large));
  g_assert_error (large, KL_ERROR, KL_ERROR_FORMAT);
  g_assert_nonnull (strstr (large->message, "31457281 bytes"));

  g_assert_true (g_file_set_contents (fixture->loader, "", 0, NULL));
  g_assert_null (kl_efi_image_build ("BOOTX64.EFI", fixture->loader, NULL, &empty));
  g_assert_error (empty, KL_ERROR, KL_ERROR_FORMAT);
  g_assert_nonnull (strstr (empty->message, ": 0 bytes"));

  g_assert_cmpint (g_unlink (fixture->loader), ==, 0);
  g_assert_null (kl_efi_image_build ("BOOTX64.EFI", fixture->loader, NULL, &missing));
  g_assert_error (missing, KL_ERROR, KL_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (missing->message, fixture->loader));
}

#define ADD(path, func) g_test_add ("/efi-image/" path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("boot-manager-of-common-size-makes-3-mib", test_common_size);
  ADD ("one-byte-makes-2-mib", test_smallest);
  ADD ("last-cluster-may-be-full", test_cluster_ends);
  ADD ("stays-away-from-the-limit-of-fat12", test_limit_between_kinds);
  ADD ("thirty-mib-is-the-largest", test_largest);
  ADD ("holds-one-file-and-a-label", test_listing);
  ADD ("same-loader-gives-same-bytes", test_reproducible);
  ADD ("empty-too-large-and-missing-are-refused", test_refused);
  return g_test_run ();
}
