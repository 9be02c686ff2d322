/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Boot images with all sorts of boot files, made by wimlib-imagex, and the layouts of them. */
#pragma once

#include "media/layout.h"

#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/file-io.h"
#include "image/image-ini.h"
#include "crypto/pe-file.h"
#include "bcd/bcd-store.h"
#include "media/efi-image.h"
#include "media/manifest.h"

#define IMAGE_ID "KDL0000A"
#define SIGNER_2023 "Windows UEFI CA 2023"

#define PE_SIZE 2048
#define SDI_SIZE 0x3000

/* What the tree that becomes the WIM holds. */
typedef enum
{
  PART_BOOTMGR = 1 << 0,
  PART_ETFSBOOT = 1 << 1,
  PART_SDI = 1 << 2,
  PART_LOADER = 1 << 3,
  PART_LOADER_2023 = 1 << 4,
  PART_STL = 1 << 5,
  PART_EXTRAS = 1 << 6, /* fonts, bootres.dll, two languages */
  PART_WINLOAD_EXE = 1 << 7,
  PART_WINLOAD_EFI = 1 << 8,
  PARTS_BIOS = PART_BOOTMGR | PART_ETFSBOOT | PART_SDI | PART_WINLOAD_EXE,
  PARTS_UEFI = PART_LOADER | PART_SDI | PART_WINLOAD_EFI,
  PARTS_ALL = (1 << 9) - 1,
} Parts;

typedef struct
{
  char *folder;
  char *tree;
  char *entry;  /* the catalog entry */
  char *wim;    /* its source.wim */
  char *beside; /* a folder with boot files, or NULL */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->folder = g_dir_make_tmp ("kl-layout-XXXXXX", NULL);
  fixture->tree = g_build_filename (fixture->folder, "tree", NULL);
  fixture->entry = g_build_filename (fixture->folder, IMAGE_ID, NULL);
  fixture->wim = g_build_filename (fixture->entry, KL_SOURCE_WIM_FILE, NULL);
  fixture->beside = NULL;
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_assert_true (kl_remove_tree (fixture->folder, NULL));
  g_free (fixture->folder);
  g_free (fixture->tree);
  g_free (fixture->entry);
  g_free (fixture->wim);
  g_free (fixture->beside);
}

static void
run_tool (const char *const *command)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *output = NULL;
  g_autofree char *errors = NULL;
  int status = -1;

  g_assert_true (g_spawn_sync (NULL, (char **) command, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL,
                               &output, &errors, &status, &error));
  g_assert_no_error (error);
  if (!g_spawn_check_wait_status (status, NULL))
    g_error ("%s failed:\n%s%s", command[0], output, errors);
}

static void
write_file (const char *root, const char *name, const void *data, gsize length)
{
  g_autofree char *path = g_build_filename (root, name, NULL);
  g_autofree char *folder = g_path_get_dirname (path);

  g_assert_cmpint (g_mkdir_with_parents (folder, 0777), ==, 0);
  g_assert_true (g_file_set_contents (path, data, (gssize) length, NULL));
}

/* A program with one section, as little as a signer accepts; @fill tells programs apart. */
static void
write_program (const char *root, const char *name, guint16 machine, guint8 fill)
{
  guint8 pe[PE_SIZE];
  guint8 *coff = pe + 0x44;
  guint8 *optional = coff + 20;
  guint8 *section = optional + 0xf0;

  memset (pe, 0, sizeof pe);
  memset (pe + 0x400, fill, sizeof pe - 0x400);
  memcpy (pe, "MZ", 2);
  kl_put_u32 (pe + 0x3c, 0x40);
  memcpy (pe + 0x40, "PE\0\0", 4);
  kl_put_u16 (coff, machine);
  kl_put_u16 (coff + 2, 1);
  kl_put_u16 (coff + 16, 0xf0);
  kl_put_u16 (optional, 0x20b);
  kl_put_u32 (optional + 32, 0x1000);
  kl_put_u32 (optional + 36, 0x200);
  kl_put_u32 (optional + 56, 0x2000);
  kl_put_u32 (optional + 60, 0x400);
  kl_put_u16 (optional + 68, KL_PE_SUBSYSTEM_EFI_APPLICATION);
  kl_put_u32 (optional + 108, 16);
  memcpy (section, ".text", 5);
  kl_put_u32 (section + 8, PE_SIZE - 0x400);
  kl_put_u32 (section + 12, 0x1000);
  kl_put_u32 (section + 16, PE_SIZE - 0x400);
  kl_put_u32 (section + 20, 0x400);
  write_file (root, name, pe, sizeof pe);
}

static void
write_sdi (const char *root, const char *name)
{
  guint8 sdi[SDI_SIZE] = { 0 };
  guint8 sum = 0;
  guint i;

  memcpy (sdi, "$SDI0001", 8);
  kl_put_u64 (sdi + 0x70, 2);
  for (i = 0; i < 0x200; i++)
    sum = (guint8) (sum + sdi[i]);
  sdi[0x1f8] = (guint8) -sum;
  memcpy (sdi + 0x400, "PART", 4);
  kl_put_u64 (sdi + 0x410, 0x2000);
  kl_put_u64 (sdi + 0x418, SDI_SIZE - 0x2000);
  kl_put_u64 (sdi + 0x420, 7);
  memcpy (sdi + 0x440, "WIM", 3);
  kl_put_u64 (sdi + 0x450, SDI_SIZE);
  write_file (root, name, sdi, sizeof sdi);
}

/* PKCS#7 SignedData without signers around an empty certificate trust list. */
static void
write_trust_list (const char *root, const char *name)
{
  static const guint8 der[] = {
    0x30, 0x23, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02,
    0xa0, 0x16, 0x30, 0x14, 0x02, 0x01, 0x01, 0x31, 0x00, 0x30, 0x0b, 0x06, 0x09,
    0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x0a, 0x01, 0x31, 0x00,
  };

  write_file (root, name, der, sizeof der);
}

static void
write_etfsboot (const char *root, const char *name)
{
  char content[4096] = "BOOTFIX BOOTMGR";

  write_file (root, name, content, sizeof content);
}

static void
write_extras (const char *root)
{
  write_file (root, "Windows/Boot/Fonts/wgl4_boot.ttf", "\0\1\0\0old", 7);
  write_file (root, "Windows/Boot/Fonts/segoe_slboot.ttf", "\0\1\0\0older", 9);
  write_program (root, "Windows/Boot/Resources/bootres.dll", KL_PE_MACHINE_X64, 0x11);
  write_program (root, "Windows/Boot/PCAT/en-US/bootmgr.exe.mui", KL_PE_MACHINE_X86, 0x12);
  write_program (root, "Windows/Boot/PCAT/de-DE/bootmgr.exe.mui", KL_PE_MACHINE_X86, 0x13);
}

static void
write_tree (Fixture *fixture, guint parts, guint16 machine)
{
  const char *root = fixture->tree;

  write_program (root, "Windows/System32/ntoskrnl.exe", machine, 0x90);
  if (parts & PART_WINLOAD_EXE)
    write_program (root, "Windows/System32/Boot/winload.exe", machine, 1);
  if (parts & PART_WINLOAD_EFI)
    write_program (root, "Windows/System32/winload.efi", machine, 2);
  if (parts & PART_BOOTMGR)
    write_file (root, "Windows/Boot/PCAT/bootmgr", "\xe9 BOOTMGR", 9);
  if (parts & PART_ETFSBOOT)
    write_etfsboot (root, "Windows/Boot/DVD/PCAT/etfsboot.com");
  if (parts & PART_SDI)
    write_sdi (root, "Windows/Boot/DVD/PCAT/boot.sdi");
  if (parts & PART_LOADER)
    write_program (root, "Windows/Boot/EFI/bootmgfw.efi", machine, 3);
  if (parts & PART_LOADER_2023)
    {
      write_program (root, "Windows/Boot/EFI_EX/bootmgfw_EX.efi", machine, 4);
      write_file (root, "Windows/Boot/Fonts_EX/wgl4_boot_EX.ttf", "\0\1\0\0new", 7);
    }
  if (parts & PART_STL)
    write_trust_list (root, "Windows/Boot/EFI/boot.stl");
  if (parts & PART_EXTRAS)
    write_extras (root);
}

static void
capture_wim (Fixture *fixture, guint16 machine)
{
  const char *architecture = machine == KL_PE_MACHINE_X86     ? "WINDOWS/ARCH=0"
                             : machine == KL_PE_MACHINE_ARM64 ? "WINDOWS/ARCH=12"
                                                              : "WINDOWS/ARCH=9";
  const char *const command[]
      = { "wimlib-imagex", "capture", fixture->tree,      fixture->wim, "Windows PE: test",
          "--boot",        "--quiet", "--image-property", architecture, NULL };

  g_assert_cmpint (g_mkdir_with_parents (fixture->entry, 0777), ==, 0);
  run_tool (command);
}

static void
collect_boot_files (Fixture *fixture)
{
  g_autofree char *target = g_build_filename (fixture->entry, KL_BOOT_FILES_FOLDER, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (KlWim) wim = kl_wim_open (fixture->wim, &error);
  g_autoptr (KlMediaSource) beside = NULL;
  g_autoptr (KlBootFiles) files = NULL;

  g_assert_no_error (error);
  g_assert_cmpint (g_mkdir_with_parents (target, 0777), ==, 0);
  if (fixture->beside != NULL)
    beside = kl_media_source_open (fixture->beside, &error);
  g_assert_no_error (error);
  files = kl_boot_files_collect (wim, 1, beside, target, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_nonnull (files);
}

/* The record of an entry whose WIM has @size bytes, or as many as it has for 0. A larger size makes
 * a sparse file, so that a WIM of 4 GiB costs nothing. */
static KlBootImage *
write_record (Fixture *fixture, guint16 machine, guint64 size, const char *manager)
{
  g_autoptr (GKeyFile) ini = g_key_file_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (KlBootImage) image = NULL;
  g_autofree char *content = NULL;
  g_autofree char *sha256 = NULL;
  g_autofree char *crc32c = NULL;
  gsize length = 0;

  g_assert_true (g_file_get_contents (fixture->wim, &content, &length, NULL));
  sha256 = kl_sha256_data (content, length);
  crc32c = g_strdup_printf ("%08x", kl_crc32c_update (0, content, length));
  if (size != 0)
    g_assert_cmpint (truncate (fixture->wim, (off_t) size), ==, 0);
  g_key_file_set_string (ini, KL_INI_IMAGE, KL_INI_NAME, "Windows PE: test");
  g_key_file_set_string (ini, KL_INI_IMAGE, KL_INI_ARCHITECTURE,
                         kl_pe_machine_to_architecture (machine));
  g_key_file_set_string (ini, KL_INI_IMAGE, KL_INI_LANGUAGE, "de-DE");
  g_key_file_set_string (ini, KL_INI_IMAGE, KL_INI_BOOT_MANAGER, manager);
  g_key_file_set_uint64 (ini, KL_INI_SOURCE, KL_INI_SIZE, size != 0 ? size : length);
  g_key_file_set_string (ini, KL_INI_SOURCE, KL_INI_CRC32C, crc32c);
  g_key_file_set_string (ini, KL_INI_SOURCE, KL_INI_SHA256, sha256);
  g_assert_true (kl_image_ini_save (ini, fixture->entry, KL_INI_IMAGE_FILE, &error));
  g_assert_no_error (error);
  image = kl_boot_image_load (fixture->entry, &error);
  g_assert_no_error (error);
  return g_steal_pointer (&image);
}

static KlBootImage *
make_image (Fixture *fixture, guint parts, guint16 machine)
{
  write_tree (fixture, parts, machine);
  capture_wim (fixture, machine);
  collect_boot_files (fixture);
  return write_record (fixture, machine, 0, "");
}

static KlMediaLayout *
make_layout (KlBootImage *image, KlMediaType type, KlBootManager manager)
{
  g_autoptr (GDateTime) created = g_date_time_new_from_iso8601 ("2026-11-20T13:00:00+01", NULL);
  const KlLayoutOptions options = { type, "SHOP FLOOR", manager, created };
  g_autoptr (GError) error = NULL;
  KlMediaLayout *layout = kl_media_layout_new (image, &options, &error);

  g_assert_no_error (error);
  g_assert_nonnull (layout);
  return layout;
}

static void
assert_no_layout (
    KlBootImage *image, KlMediaType type, KlBootManager manager, KlError code, const char *part)
{
  const KlLayoutOptions options = { type, NULL, manager, NULL };
  g_autoptr (GError) error = NULL;

  g_assert_null (kl_media_layout_new (image, &options, &error));
  g_assert_error (error, KL_ERROR, (gint) code);
  if (strstr (error->message, part) == NULL)
    g_error ("no \"%s\" in \"%s\"", part, error->message);
  if (code == KL_ERROR_PACKAGE_TOO_LARGE || code == KL_ERROR_MISSING_PACKAGE)
    g_assert_cmpstr (kl_error_get_detail (error), ==, IMAGE_ID);
}

/* @expected: lines "path source". */
static void
assert_items (KlMediaLayout *layout, const char *expected)
{
  g_autoptr (GString) text = g_string_new (NULL);
  guint i;

  for (i = 0; i < kl_media_layout_get_n_items (layout); i++)
    {
      const KlLayoutItem *item = kl_media_layout_get_item (layout, i);

      g_string_append_printf (text, "%s %s\n", item->path,
                              kl_layout_source_to_string (item->source));
    }
  g_assert_cmpstr (text->str, ==, expected);
}

static gboolean
has_warning (KlMediaLayout *layout, const char *part)
{
  const char *const *warnings = kl_media_layout_get_warnings (layout);

  for (; *warnings != NULL; warnings++)
    if (strstr (*warnings, part) != NULL)
      return TRUE;
  return FALSE;
}

static GBytes *
read_item (KlMediaLayout *layout, const char *path)
{
  const KlLayoutItem *item = kl_media_layout_find (layout, path);
  char *content = NULL;
  gsize length = 0;

  g_assert_nonnull (item);
  g_assert_true ((item->file != NULL) != (item->bytes != NULL));
  if (item->bytes != NULL)
    return g_bytes_ref (item->bytes);
  g_assert_true (g_path_is_absolute (item->file));
  g_assert_true (g_file_get_contents (item->file, &content, &length, NULL));
  return g_bytes_new_take (content, length);
}

static void
assert_fill (KlMediaLayout *layout, const char *path, guint8 fill)
{
  g_autoptr (GBytes) content = read_item (layout, path);

  g_assert_cmpuint (g_bytes_get_size (content), >=, PE_SIZE);
  g_assert_cmphex (((const guint8 *) g_bytes_get_data (content, NULL))[PE_SIZE - 1], ==, fill);
}
