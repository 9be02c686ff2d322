/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "import/import.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/file-io.h"
#include "read-only.h"

#define BULK_SIZE ((gsize) 3 << 20)

typedef struct
{
  char *folder; /* temporary */
  char *path;   /* of the catalog, in it */
  char *wim;    /* one bootable image with all its boot files */
  KlCatalog *catalog;
} Fixture;

static const char *program;

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
put (const char *folder, const char *path, const void *content, gsize length)
{
  g_autofree char *full = g_build_filename (folder, path, NULL);
  g_autofree char *above = g_path_get_dirname (full);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_mkdir_with_parents (above, 0755), ==, 0);
  g_file_set_contents (full, content, (gssize) length, &error);
  g_assert_no_error (error);
}

/* The smallest PE32+ that has a machine and a subsystem ("PE Format"). */
static void
put_program (const char *folder, const char *path, guint16 machine, guint16 subsystem)
{
  guint8 bytes[512] = "MZ";

  kl_put_u32 (bytes + 0x3c, 0x40);
  memcpy (bytes + 0x40, "PE\0\0", 4);
  kl_put_u16 (bytes + 0x44, machine);
  kl_put_u16 (bytes + 0x54, 240);
  kl_put_u16 (bytes + 0x58, 0x20b);
  kl_put_u16 (bytes + 0x58 + 68, subsystem);
  put (folder, path, bytes, sizeof bytes);
}

static void
put_sdi_entry (guint8 *at, const char *type, guint64 offset, guint64 length, guint64 base)
{
  memcpy (at, type, strlen (type));
  kl_put_u64 (at + 16, offset);
  kl_put_u64 (at + 24, length);
  kl_put_u64 (at + 32, base);
}

/* media-formats.md 6 */
static void
put_sdi (const char *folder, const char *path)
{
  guint8 bytes[0x3000] = "$SDI0001";
  guint8 sum = 0;

  kl_put_u64 (bytes + 0x70, 2);
  for (int i = 0; i < 0x200; i++)
    sum = (guint8) (sum + bytes[i]);
  bytes[0x1ff] = (guint8) -sum;
  put_sdi_entry (bytes + 0x400, "PART", 0x2000, 0x1000, 7);
  put_sdi_entry (bytes + 0x440, "WIM", 0x3000, 0, 0);
  put (folder, path, bytes, sizeof bytes);
}

static void
put_boot_files (const char *folder, const char *bootmgr, const char *loader, const char *sdi)
{
  guint8 etfsboot[4096] = "BOOTFIX.BIN BOOTMGR";

  put (folder, bootmgr, "\xeb\x10 BOOTMGR is here", 18);
  put_program (folder, loader, 0x8664, 10);
  put_sdi (folder, sdi);
  put (folder, "Boot/etfsboot.com", etfsboot, sizeof etfsboot);
}

/* What a Windows PE image has, in the case in which it has it; the content is ours. */
static char *
make_tree (Fixture *fixture, const char *name, gboolean bootable, gboolean boot_files)
{
  char *tree = g_build_filename (fixture->folder, name, NULL);
  g_autofree guint8 *bulk = g_malloc (BULK_SIZE);
  g_autoptr (GRand) random = g_rand_new_with_seed (11);

  for (gsize i = 0; i < BULK_SIZE; i++)
    bulk[i] = (guint8) (g_rand_int (random) & 0x3f);
  put (tree, "Windows/System32/shell32.dll", bulk, BULK_SIZE);
  put (tree, "Windows/notepad.exe", name, strlen (name));
  if (bootable)
    {
      put_program (tree, "Windows/System32/winload.exe", 0x8664, 16);
      put_program (tree, "Windows/System32/Boot/winload.efi", 0x8664, 16);
    }
  if (boot_files)
    put_boot_files (tree, "Windows/Boot/PCAT/bootmgr", "Windows/Boot/EFI/bootmgfw.efi",
                    "Windows/Boot/DVD/PCAT/boot.sdi");
  return tree;
}

static char *
capture (Fixture *fixture, const char *tree, const char *name, const char *option)
{
  char *wim = g_build_filename (fixture->folder, name, NULL);

  run (fixture->folder, "wimlib-imagex", "capture", tree, wim, "Test image", "Made by the test",
       "--boot", option != NULL ? option : "--compress=LZX",
       "--image-property=WINDOWS/VERSION/MAJOR=10", "--image-property=WINDOWS/VERSION/MINOR=0",
       "--image-property=WINDOWS/VERSION/BUILD=26100", "--image-property=WINDOWS/VERSION/SPBUILD=7",
       "--image-property=WINDOWS/ARCH=9", "--image-property=WINDOWS/LANGUAGES/LANGUAGE=de-DE",
       "--image-property=WINDOWS/LANGUAGES/DEFAULT=de-DE", NULL);
  return wim;
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autofree char *tree = NULL;

  fixture->folder = g_dir_make_tmp ("kl-import-XXXXXX", NULL);
  g_assert_nonnull (fixture->folder);
  fixture->path = g_build_filename (fixture->folder, "share/catalog", NULL);
  fixture->catalog = kl_catalog_new (fixture->path);
  tree = make_tree (fixture, "tree", TRUE, TRUE);
  fixture->wim = capture (fixture, tree, "boot.wim", NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_clear_object (&fixture->catalog);
  kl_remove_tree (fixture->folder, &error);
  g_assert_no_error (error);
  g_free (fixture->folder);
  g_free (fixture->path);
  g_free (fixture->wim);
}

static KlBootImage *
import (Fixture *fixture, const KlImportOptions *options)
{
  g_autoptr (GError) error = NULL;
  KlBootImage *image = kl_catalog_import (fixture->catalog, options, NULL, NULL, &error);

  g_assert_no_error (error);
  g_assert_null (kl_boot_image_get_error (image));
  return image;
}

/* Nothing may remain of a failed import, hidden or not. */
static void
assert_catalog_has (Fixture *fixture, guint expected)
{
  g_autoptr (GDir) dir = g_dir_open (fixture->path, 0, NULL);
  const char *name;
  guint n = 0;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_assert_cmpint (name[0], !=, '.');
      n++;
    }
  g_assert_cmpuint (n, ==, expected);
}

static void
assert_refused (Fixture *fixture, const KlImportOptions *options, int code, const char *message)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KlBootImage) image = kl_catalog_import (fixture->catalog, options, NULL, NULL, &error);

  g_assert_null (image);
  if (error->domain != KL_ERROR || error->code != code || strstr (error->message, message) == NULL)
    g_error ("expected code %d and “%s”: %s %d %s", code, message,
             g_quark_to_string (error->domain), error->code, error->message);
  g_assert_null (strstr (error->message, ".import-"));
  assert_catalog_has (fixture, 0);
}

static void
assert_same_file (KlBootImage *image, const char *original)
{
  g_autofree char *copy = g_build_filename (kl_boot_image_get_folder (image), "source.wim", NULL);

  run (NULL, "cmp", copy, original, NULL);
}

static void
test_wim (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlBootImage) image = NULL;
  g_autoptr (KlBootFiles) files = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *sum = NULL;
  g_autofree char *command = g_strdup_printf ("sha256sum %s", fixture->wim);
  const char *reason;

  image = import (fixture, &(KlImportOptions){ .path = fixture->wim });
  assert_catalog_has (fixture, 1);
  assert_same_file (image, fixture->wim);
  g_assert_cmpstr (kl_boot_image_get_id (image), ==, "KDL00001");
  g_assert_cmpstr (kl_boot_image_get_name (image), ==, "Test image");
  g_assert_cmpstr (kl_boot_image_get_description (image), ==, "Made by the test");
  g_assert_cmpstr (kl_boot_image_get_architecture (image), ==, "x64");
  g_assert_cmpstr (kl_boot_image_get_os_version (image), ==, "10.0.26100.7");
  g_assert_cmpstr (kl_boot_image_get_language (image), ==, "de-DE");
  g_assert_cmpstr (kl_boot_image_get_source_path (image), ==, fixture->wim);
  g_assert_cmpuint (kl_boot_image_get_source_index (image), ==, 1);
  g_assert_nonnull (kl_boot_image_get_imported (image));
  g_assert_true (g_str_has_suffix (kl_boot_image_get_media_wim (image), "/source.wim"));
  g_assert_true (kl_boot_image_can_bios (image, FALSE, NULL));
  g_assert_false (kl_boot_image_can_bios (image, TRUE, &reason));
  g_assert_nonnull (strstr (reason, "etfsboot.com"));
  g_assert_true (kl_boot_image_can_uefi (image, NULL));
  g_assert_cmpstr (kl_boot_image_get_uefi_architecture (image), ==, "x64");
  g_assert_null (kl_boot_image_get_signer (image));
  g_assert_true (kl_boot_image_has_boot_manager (image, KL_BOOT_MANAGER_2011));

  g_assert_true (g_spawn_command_line_sync (command, &sum, NULL, NULL, NULL));
  g_assert_true (g_str_has_prefix (sum, kl_boot_image_get_sha256 (image)));
  g_assert_true (kl_boot_image_check (image, NULL, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (kl_boot_image_check_sha256 (image, NULL, NULL, &error));
  g_assert_no_error (error);

  files = kl_boot_image_load_boot_files (image, &error);
  g_assert_no_error (error);
  g_assert_true (
      g_file_test (kl_boot_files_get (files, KL_BOOT_ROLE_BOOT_SDI)->path, G_FILE_TEST_IS_REGULAR));
}

static void
test_ids (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlBootImage) first = NULL;
  g_autoptr (KlBootImage) second = NULL;
  g_autoptr (KlBootImage) third = NULL;
  g_autoptr (GError) error = NULL;

  first = import (fixture, &(KlImportOptions){ .path = fixture->wim, .id = "KDL0000F" });
  second = import (fixture, &(KlImportOptions){ .path = fixture->wim, .name = "Zweites" });
  third = import (fixture, &(KlImportOptions){ .path = fixture->wim, .id = "ABC12345" });
  g_assert_cmpstr (kl_boot_image_get_id (second), ==, "KDL00010");
  g_assert_cmpstr (kl_boot_image_get_name (second), ==, "Zweites");
  g_assert_cmpstr (kl_boot_image_get_id (third), ==, "ABC12345");

  g_assert_null (kl_catalog_import (fixture->catalog,
                                    &(KlImportOptions){ .path = fixture->wim, .id = "KDL0000F" },
                                    NULL, NULL, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "already exists"));
  assert_catalog_has (fixture, 3);
}

static void
test_options (Fixture *fixture, gconstpointer data)
{
  assert_refused (fixture, &(KlImportOptions){ .path = fixture->wim, .id = "kdl0000g" },
                  KL_ERROR_INVALID_ARGUMENT, "no ID of a boot image");
  assert_refused (fixture, &(KlImportOptions){ .path = fixture->wim, .id = "../../xx" },
                  KL_ERROR_INVALID_ARGUMENT, "no ID of a boot image");
  assert_refused (fixture, &(KlImportOptions){ .path = fixture->wim, .name = " " },
                  KL_ERROR_INVALID_ARGUMENT, "1 to 256");
  assert_refused (fixture, &(KlImportOptions){ .path = fixture->wim, .name = "a\x1b[2J" },
                  KL_ERROR_INVALID_ARGUMENT, "control characters");
  assert_refused (fixture, &(KlImportOptions){ .path = "/nowhere/boot.wim" }, KL_ERROR_NOT_FOUND,
                  "/nowhere/boot.wim");
  assert_refused (fixture, &(KlImportOptions){ .path = "/dev/null" }, KL_ERROR_INVALID_ARGUMENT,
                  "not a file");
}

static void
test_two_images (Fixture *fixture, gconstpointer data)
{
  g_autofree char *other = make_tree (fixture, "other", TRUE, TRUE);
  g_autofree char *boot_wim = NULL;
  g_autofree char *info = NULL;
  g_autofree char *command = NULL;
  g_autoptr (KlBootImage) image = NULL;
  g_autoptr (KlBootImage) chosen = NULL;
  g_autoptr (GError) error = NULL;

  run (fixture->folder, "wimlib-imagex", "append", other, fixture->wim, "Second image", "--boot",
       NULL);
  image = import (fixture, &(KlImportOptions){ .path = fixture->wim });
  assert_same_file (image, fixture->wim);
  g_assert_cmpstr (kl_boot_image_get_name (image), ==, "Second image");
  g_assert_cmpuint (kl_boot_image_get_source_index (image), ==, 2);
  g_assert_true (g_str_has_suffix (kl_boot_image_get_media_wim (image), "/boot.wim"));
  g_assert_true (kl_boot_image_check_sha256 (image, NULL, NULL, &error));
  g_assert_no_error (error);

  boot_wim = g_strdup (kl_boot_image_get_media_wim (image));
  run (NULL, "wimlib-imagex", "verify", boot_wim, NULL);
  command = g_strdup_printf ("wimlib-imagex info %s", boot_wim);
  g_assert_true (g_spawn_command_line_sync (command, &info, NULL, NULL, NULL));
  g_assert_true (g_regex_match_simple ("Image Count: +1\\n", info, 0, 0));
  g_assert_true (g_regex_match_simple ("Boot Index: +1\\n", info, 0, 0));
  g_assert_nonnull (strstr (info, "Second image"));

  chosen = import (fixture, &(KlImportOptions){ .path = fixture->wim, .index = 1 });
  g_assert_cmpstr (kl_boot_image_get_name (chosen), ==, "Test image");
}

/* As on a Windows medium: the WIM has no boot files, they lie beside it. */
static char *
make_medium (Fixture *fixture)
{
  g_autofree char *bare = make_tree (fixture, "bare", TRUE, FALSE);
  g_autofree char *wim = capture (fixture, bare, "bare.wim", NULL);
  char *medium = g_build_filename (fixture->folder, "medium", NULL);
  g_autofree char *sources = g_build_filename (medium, "sources", NULL);
  g_autofree char *target = g_build_filename (sources, "BOOT.WIM", NULL);

  put_boot_files (medium, "bootmgr", "efi/boot/bootx64.efi", "boot/boot.sdi");
  g_mkdir (sources, 0755);
  run (fixture->folder, "mv", wim, target, NULL);
  put (medium, "sources/install.wim", "not looked at", 13);
  return medium;
}

static void
assert_medium_import (Fixture *fixture, const char *path, const char *medium)
{
  g_autofree char *wim = g_build_filename (medium, "sources/BOOT.WIM", NULL);
  g_autoptr (KlBootImage) image = import (fixture, &(KlImportOptions){ .path = path });
  const char *reason = "";

  assert_same_file (image, wim);
  g_assert_true (kl_boot_image_can_uefi (image, &reason));
  g_assert_true (kl_boot_image_can_bios (image, TRUE, &reason));
  g_assert_cmpstr (kl_boot_image_get_source_path (image), ==, path);
}

static void
test_folder (Fixture *fixture, gconstpointer data)
{
  g_autofree char *medium = make_medium (fixture);

  assert_medium_import (fixture, medium, medium);
}

static void
test_iso (Fixture *fixture, gconstpointer data)
{
  g_autofree char *medium = make_medium (fixture);
  g_autofree char *iso = g_build_filename (fixture->folder, "medium.iso", NULL);

  run (fixture->folder, "xorriso", "-as", "mkisofs", "-quiet", "-J", "-o", iso, medium, NULL);
  assert_medium_import (fixture, iso, medium);
}

static void
test_udf (Fixture *fixture, gconstpointer data)
{
  g_autofree char *medium = make_medium (fixture);
  g_autofree char *iso = g_build_filename (fixture->folder, "dvd.iso", NULL);

  run (fixture->folder, "genisoimage", "-quiet", "-udf", "-hide", "sources", "-hide", "boot",
       "-hide", "efi", "-hide", "bootmgr", "-o", iso, medium, NULL);
  assert_medium_import (fixture, iso, medium);
}

static void
test_adk (Fixture *fixture, gconstpointer data)
{
  g_autofree char *adk = g_build_filename (fixture->folder, "adk", NULL);
  g_autofree char *en = g_build_filename (adk, "amd64/en-us", NULL);
  g_autofree char *winpe = g_build_filename (en, "winpe.wim", NULL);
  g_autofree char *second = g_build_filename (adk, "amd64/winpe.wim", NULL);
  g_autoptr (KlBootImage) image = NULL;

  g_assert_cmpint (g_mkdir_with_parents (en, 0755), ==, 0);
  assert_refused (fixture, &(KlImportOptions){ .path = adk }, KL_ERROR_NOT_FOUND,
                  "holds no WIM file");

  run (fixture->folder, "cp", fixture->wim, winpe, NULL);
  put (adk, "amd64/lang.wim", "not bootable", 12);
  image = import (fixture, &(KlImportOptions){ .path = adk });
  g_assert_cmpstr (kl_boot_image_get_name (image), ==, "Test image");
  g_assert_true (kl_catalog_remove (fixture->catalog, kl_boot_image_get_id (image), NULL));

  run (fixture->folder, "cp", fixture->wim, second, NULL);
  assert_refused (fixture, &(KlImportOptions){ .path = adk }, KL_ERROR_INVALID_ARGUMENT,
                  "“/amd64/en-us/winpe.wim”, “/amd64/winpe.wim”");
}

static void
test_boot_files (Fixture *fixture, gconstpointer data)
{
  g_autofree char *bare = make_tree (fixture, "bare", TRUE, FALSE);
  g_autofree char *wim = capture (fixture, bare, "bare.wim", NULL);
  g_autofree char *beside = g_build_filename (fixture->folder, "beside", NULL);
  g_autoptr (KlBootImage) image = NULL;

  assert_refused (fixture, &(KlImportOptions){ .path = wim }, KL_ERROR_NO_BOOT_FILES,
                  "--boot-files");
  put_boot_files (beside, "bootmgr", "efi/boot/bootx64.efi", "boot/boot.sdi");
  image = import (fixture, &(KlImportOptions){ .path = wim, .boot_files = beside });
  g_assert_true (kl_boot_image_can_uefi (image, NULL));
  g_assert_true (kl_catalog_remove (fixture->catalog, kl_boot_image_get_id (image), NULL));
  assert_refused (fixture, &(KlImportOptions){ .path = wim, .boot_files = "/nowhere" },
                  KL_ERROR_NOT_FOUND, "/nowhere");
}

static void
test_bad_wims (Fixture *fixture, gconstpointer data)
{
  g_autofree char *plain = make_tree (fixture, "plain", FALSE, TRUE);
  g_autofree char *not_bootable = capture (fixture, plain, "plain.wim", NULL);
  g_autofree char *tree = g_build_filename (fixture->folder, "tree", NULL);
  g_autofree char *pipable = capture (fixture, tree, "pipable.wim", "--pipable");
  g_autofree char *solid = capture (fixture, tree, "solid.wim", "--solid");
  g_autofree char *part = g_build_filename (fixture->folder, "part.swm", NULL);
  g_autofree char *noise = g_build_filename (fixture->folder, "noise.wim", NULL);
  g_autofree char *empty = g_build_filename (fixture->folder, "empty.wim", NULL);

  assert_refused (fixture, &(KlImportOptions){ .path = not_bootable }, KL_ERROR_WIM_NOT_BOOTABLE,
                  "winload");
  assert_refused (fixture, &(KlImportOptions){ .path = fixture->wim, .index = 2 },
                  KL_ERROR_WIM_INDEX, "image 2");
  assert_refused (fixture, &(KlImportOptions){ .path = pipable }, KL_ERROR_WIM_UNREADABLE,
                  "--reexport");
  assert_refused (fixture, &(KlImportOptions){ .path = solid }, KL_ERROR_WIM_UNREADABLE,
                  "--reexport");

  run (fixture->folder, "wimlib-imagex", "split", fixture->wim, part, "1", NULL);
  assert_refused (fixture, &(KlImportOptions){ .path = part }, KL_ERROR_WIM_SPLIT, "part");

  put (fixture->folder, "noise.wim", "This is a text and no WIM file at all.", 38);
  assert_refused (fixture, &(KlImportOptions){ .path = noise }, KL_ERROR_FORMAT,
                  "neither a WIM file nor an ISO file");
  put (fixture->folder, "empty.wim", "", 0);
  assert_refused (fixture, &(KlImportOptions){ .path = empty }, KL_ERROR_FORMAT, "is empty");

  g_assert_cmpint (truncate (fixture->wim, 100000), ==, 0);
  assert_refused (fixture, &(KlImportOptions){ .path = fixture->wim }, KL_ERROR_WIM_TRUNCATED,
                  fixture->wim);
}

/* Found in the copy, and told of the file that the user knows. */
static void
test_damaged (Fixture *fixture, gconstpointer data)
{
  g_autofree char *tree = g_build_filename (fixture->folder, "tree", NULL);
  g_autofree char *checked = capture (fixture, tree, "checked.wim", "--check");
  const char *const wims[] = { fixture->wim, checked };

  for (int i = 0; i < 2; i++)
    {
      int fd = open (wims[i], O_RDWR | O_CLOEXEC);
      guint8 bytes[16];

      /* In the middle of the one big file. */
      g_assert_cmpint (pread (fd, bytes, sizeof bytes, 1 << 20), ==, sizeof bytes);
      for (int j = 0; j < 16; j++)
        bytes[j] ^= 0xff;
      g_assert_cmpint (pwrite (fd, bytes, sizeof bytes, 1 << 20), ==, sizeof bytes);
      close (fd);
      assert_refused (fixture, &(KlImportOptions){ .path = wims[i] }, KL_ERROR_WIM_DAMAGED,
                      wims[i]);
    }
}

static void
test_reexport (Fixture *fixture, gconstpointer data)
{
  g_autofree char *tree = g_build_filename (fixture->folder, "tree", NULL);
  g_autofree char *solid = capture (fixture, tree, "solid.wim", "--solid");
  g_autoptr (KlBootImage) image
      = import (fixture, &(KlImportOptions){ .path = solid, .reexport = TRUE });
  g_autofree char *info = NULL;
  g_autofree char *command
      = g_strdup_printf ("wimlib-imagex info %s", kl_boot_image_get_media_wim (image));

  assert_same_file (image, solid);
  run (NULL, "wimlib-imagex", "verify", kl_boot_image_get_media_wim (image), NULL);
  g_assert_true (g_spawn_command_line_sync (command, &info, NULL, NULL, NULL));
  g_assert_true (g_regex_match_simple ("Compression: +LZX\\n", info, 0, 0));
}

typedef struct
{
  GCancellable *cancellable;
  guint step; /* cancel in this one */
  gint64 when;
} CancelAt;

static void
cancel_cb (const KlProgressReport *report, gpointer data)
{
  CancelAt *at = data;

  if (report->step == at->step && at->when == 0)
    {
      at->when = g_get_monotonic_time ();
      g_cancellable_cancel (at->cancellable);
    }
}

static void
test_cancel (Fixture *fixture, gconstpointer data)
{
  g_autofree char *other = make_tree (fixture, "other", TRUE, TRUE);

  run (fixture->folder, "wimlib-imagex", "append", other, fixture->wim, "Second image", "--boot",
       NULL);
  for (guint step = 1; step <= 5; step++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      CancelAt at = { cancellable, step, 0 };
      g_autoptr (KlProgress) progress = kl_progress_new (cancel_cb, &at);
      g_autoptr (GError) error = NULL;

      g_assert_null (kl_catalog_import (fixture->catalog,
                                        &(KlImportOptions){ .path = fixture->wim }, progress,
                                        cancellable, &error));
      g_test_message ("step %u", step);
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_assert_cmpint (g_get_monotonic_time () - at.when, <, G_USEC_PER_SEC);
      assert_catalog_has (fixture, 0);
    }
}

static void
record_cb (const KlProgressReport *report, gpointer data)
{
  *(double *) data = report->fraction;
}

static void
test_progress (Fixture *fixture, gconstpointer data)
{
  double fraction = 0;
  g_autoptr (KlProgress) progress = kl_progress_new (record_cb, &fraction);
  g_autoptr (KlBootImage) image = kl_catalog_import (
      fixture->catalog, &(KlImportOptions){ .path = fixture->wim }, progress, NULL, NULL);

  g_assert_nonnull (image);
  g_assert_cmpfloat (fraction, >, 0.999);
}

static void
test_leftovers (Fixture *fixture, gconstpointer data)
{
  g_autofree char *dead = g_build_filename (fixture->path, ".import-dead", NULL);
  g_autofree char *gone = g_build_filename (fixture->path, ".removed-KDL00009-1", NULL);
  g_autofree char *live = g_build_filename (fixture->path, ".import-live", NULL);
  g_autofree char *fresh = g_build_filename (fixture->path, ".import-fresh", NULL);
  g_autofree char *live_lock = g_build_filename (live, ".lock", NULL);
  struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
  g_autoptr (KlBootImage) image = NULL;
  g_autofd int fd = -1;

  put (dead, ".lock", "", 0);
  put (dead, "source.wim", "half", 4);
  put (gone, ".lock", "", 0);
  put (live, ".lock", "", 0);
  g_assert_cmpint (g_mkdir (fresh, 0755), ==, 0);
  fd = open (live_lock, O_RDWR | O_CLOEXEC);
  g_assert_cmpint (fcntl (fd, F_OFD_SETLK, &lock), ==, 0);

  image = import (fixture, &(KlImportOptions){ .path = fixture->wim });
  g_assert_false (g_file_test (dead, G_FILE_TEST_EXISTS));
  g_assert_false (g_file_test (gone, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (live, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (fresh, G_FILE_TEST_EXISTS));
}

static int
import_in_process (char **argv)
{
  g_autoptr (KlCatalog) catalog = kl_catalog_new (argv[2]);
  g_autoptr (KlBootImage) image
      = kl_catalog_import (catalog, &(KlImportOptions){ .path = argv[3] }, NULL, NULL, NULL);

  return image != NULL ? 0 : 1;
}

static void
test_two_processes (Fixture *fixture, gconstpointer data)
{
  GSubprocess *processes[4];
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (processes); i++)
    {
      processes[i] = g_subprocess_new (G_SUBPROCESS_FLAGS_NONE, &error, program, "--import",
                                       fixture->path, fixture->wim, NULL);
      g_assert_no_error (error);
    }
  for (guint i = 0; i < G_N_ELEMENTS (processes); i++)
    {
      g_autofree char *id = g_strdup_printf ("KDL%05X", i + 1);
      g_autoptr (KlBootImage) image = NULL;

      g_assert_true (g_subprocess_wait_check (processes[i], NULL, &error));
      g_assert_no_error (error);
      g_object_unref (processes[i]);
    }

  assert_catalog_has (fixture, 4);
  g_assert_true (kl_catalog_load (fixture->catalog, &error));
  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (processes); i++)
    {
      g_autoptr (KlBootImage) image = g_list_model_get_item (G_LIST_MODEL (fixture->catalog), i);
      g_autofree char *id = g_strdup_printf ("KDL%05X", i + 1);

      g_assert_cmpstr (kl_boot_image_get_id (image), ==, id);
      g_assert_null (kl_boot_image_get_error (image));
    }
}

/* A killed process leaves a hidden folder at most, and the next import clears it. */
static void
test_killed (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (KlBootImage) image = NULL;
  g_autoptr (GError) error = NULL;
  gboolean begun = FALSE;

  process = g_subprocess_new (G_SUBPROCESS_FLAGS_NONE, &error, program, "--import", fixture->path,
                              fixture->wim, NULL);
  g_assert_no_error (error);
  while (!begun)
    {
      g_autoptr (GDir) dir = g_dir_open (fixture->path, 0, NULL);
      g_autofree char *lock = NULL;
      const char *name = dir != NULL ? g_dir_read_name (dir) : NULL;

      lock = name != NULL ? g_build_filename (fixture->path, name, "source.wim", NULL) : NULL;
      begun = lock != NULL && g_file_test (lock, G_FILE_TEST_EXISTS);
    }
  g_subprocess_force_exit (process);
  g_subprocess_wait (process, NULL, NULL);

  image = import (fixture, &(KlImportOptions){ .path = fixture->wim, .id = "ABC00001" });
  g_assert_true (g_str_has_prefix (kl_boot_image_get_id (image), "ABC"));
  run (fixture->path, "sh", "-c", "! ls -A | grep -q '^[.]import'", NULL);
}

static void
test_no_space (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  struct rlimit limit = { 1 << 20, RLIM_INFINITY };
  struct rlimit before;

  /* A write fails in the middle of the copy. */
  signal (SIGXFSZ, SIG_IGN);
  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &before), ==, 0);
  limit.rlim_max = before.rlim_max;
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
  g_assert_null (kl_catalog_import (fixture->catalog, &(KlImportOptions){ .path = fixture->wim },
                                    NULL, NULL, &error));
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &before), ==, 0);
  g_assert_error (error, KL_ERROR, KL_ERROR_NO_SPACE);
  assert_catalog_has (fixture, 0);

  /* A file system that is too small: known before. */
  if (mount ("tmpfs", fixture->path, "tmpfs", 0, "size=2m") != 0)
    {
      g_test_message ("cannot mount here");
      return;
    }
  assert_refused (fixture, &(KlImportOptions){ .path = fixture->wim }, KL_ERROR_NO_SPACE,
                  "2097152 bytes available");
  g_assert_cmpint (umount (fixture->path), ==, 0);
}

static void
test_no_folder (Fixture *fixture, gconstpointer data)
{
  g_autofree char *share = g_build_filename (fixture->folder, "share", NULL);

  g_assert_true (g_file_set_contents (share, "in the way", -1, NULL));
  assert_refused (fixture, &(KlImportOptions){ .path = fixture->wim }, KL_ERROR_NOT_FOUND,
                  "Cannot use the catalog folder");
}

static void
test_read_only (Fixture *fixture, gconstpointer data)
{
  ReadOnly read_only;

  g_assert_cmpint (g_mkdir_with_parents (fixture->path, 0755), ==, 0);
  assert_refused (fixture, &(KlImportOptions){ .path = fixture->wim },
                  read_only_begin (&read_only, fixture->path), "choose another catalog folder");
  read_only_end (&read_only);
}

/* The mouth of a truncated ISO file: the WIM inside ends early. */
static void
test_truncated_iso (Fixture *fixture, gconstpointer data)
{
  g_autofree char *medium = make_medium (fixture);
  g_autofree char *iso = g_build_filename (fixture->folder, "short.iso", NULL);

  run (fixture->folder, "xorriso", "-as", "mkisofs", "-quiet", "-J", "-o", iso, medium, NULL);
  g_assert_cmpint (truncate (iso, 1 << 20), ==, 0);
  assert_refused (fixture, &(KlImportOptions){ .path = iso }, KL_ERROR_FORMAT,
                  "damaged or incomplete");
}

int
main (int argc, char **argv)
{
  program = argv[0];
  if (argc == 4 && strcmp (argv[1], "--import") == 0)
    return import_in_process (argv);

  g_test_init (&argc, &argv, NULL);

#define TEST(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)
  TEST ("/import/wim-is-copied-as-it-is", test_wim);
  TEST ("/import/ids-are-given-or-counted-up", test_ids);
  TEST ("/import/wrong-options-are-refused", test_options);
  TEST ("/import/one-image-of-two-is-exported", test_two_images);
  TEST ("/import/folder-gives-boot-files-too", test_folder);
  TEST ("/import/iso-gives-boot-files-too", test_iso);
  TEST ("/import/udf-gives-boot-files-too", test_udf);
  TEST ("/import/adk-folder-has-one-boot-image", test_adk);
  TEST ("/import/boot-files-can-lie-elsewhere", test_boot_files);
  TEST ("/import/bad-wims-are-refused-with-the-reason", test_bad_wims);
  TEST ("/import/damage-is-found-at-import", test_damaged);
  TEST ("/import/solid-wim-is-compressed-anew-when-allowed", test_reexport);
  TEST ("/import/cancel-leaves-nothing", test_cancel);
  TEST ("/import/progress-ends-at-one", test_progress);
  TEST ("/import/leftovers-are-swept-unless-in-use", test_leftovers);
  TEST ("/import/processes-get-different-ids", test_two_processes);
  TEST ("/import/killed-import-shows-nothing", test_killed);
  TEST ("/import/full-disk-leaves-nothing", test_no_space);
  TEST ("/import/no-place-for-a-catalog", test_no_folder);
  TEST ("/import/read-only-catalog-says-so", test_read_only);
  TEST ("/import/truncated-iso-leaves-nothing", test_truncated_iso);
  return g_test_run ();
}
