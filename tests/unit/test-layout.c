/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "layout-fixture.h"

static void
test_complete_cd (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlBootImage) image = make_image (fixture, PARTS_ALL, KL_PE_MACHINE_X64);
  g_autoptr (KlMediaLayout) layout = make_layout (image, KL_MEDIA_TYPE_CD, KL_BOOT_MANAGER_DEFAULT);
  const char *reason = "untouched";

  assert_items (layout, "/Boot/BCD generated\n"
                        "/Boot/Fonts/segoe_slboot.ttf image boot files\n"
                        "/Boot/Fonts/wgl4_boot.ttf image boot files\n"
                        "/Boot/Resources/bootres.dll image boot files\n"
                        "/Boot/boot.sdi image boot files\n"
                        "/Boot/de-DE/bootmgr.exe.mui image boot files\n"
                        "/Boot/en-US/bootmgr.exe.mui image boot files\n"
                        "/Boot/etfsboot.com image boot files\n"
                        "/EFI/BOOT/BOOTX64.EFI image boot files\n"
                        "/EFI/Microsoft/Boot/BCD generated\n"
                        "/EFI/Microsoft/Boot/Fonts/segoe_slboot.ttf image boot files\n"
                        "/EFI/Microsoft/Boot/Fonts/wgl4_boot.ttf image boot files\n"
                        "/EFI/Microsoft/Boot/Resources/bootres.dll image boot files\n"
                        "/EFI/Microsoft/Boot/boot.stl image boot files\n"
                        "/EFI/Microsoft/Boot/efisys.bin generated\n"
                        "/MediaLabel.txt generated\n"
                        "/bootmgr image boot files\n"
                        "/kindling.manifest generated\n"
                        "/sources/boot.wim image\n");
  g_assert_true (kl_media_layout_has_bios (layout, &reason));
  g_assert_null (reason);
  g_assert_true (kl_media_layout_has_uefi (layout, &reason));
  g_assert_null (reason);
  g_assert_cmpstr (kl_media_layout_get_uefi_architecture (layout), ==, "x64");
  g_assert_cmpstr (kl_media_layout_get_image_id (layout), ==, IMAGE_ID);
  g_assert_cmpint (kl_media_layout_get_media_type (layout), ==, KL_MEDIA_TYPE_CD);
  g_assert_cmpstr (kl_media_layout_get_bios_boot_image (layout)->path, ==, "/Boot/etfsboot.com");
  g_assert_cmpstr (kl_media_layout_get_efi_boot_image (layout)->path, ==,
                   "/EFI/Microsoft/Boot/efisys.bin");
  g_assert_true (kl_media_layout_find (layout, "/BOOT/boot.SDI")
                 == kl_media_layout_find (layout, "/Boot/boot.sdi"));
  g_assert_null (kl_media_layout_find (layout, "/Boot"));
}

static void
test_drive (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlBootImage) image = make_image (fixture, PARTS_BIOS | PARTS_UEFI, KL_PE_MACHINE_X64);
  g_autoptr (KlMediaLayout) layout
      = make_layout (image, KL_MEDIA_TYPE_UFD_FORMAT, KL_BOOT_MANAGER_DEFAULT);

  assert_items (layout, "/Boot/BCD generated\n"
                        "/Boot/boot.sdi image boot files\n"
                        "/EFI/BOOT/BOOTX64.EFI image boot files\n"
                        "/EFI/Microsoft/Boot/BCD generated\n"
                        "/MediaLabel.txt generated\n"
                        "/bootmgr image boot files\n"
                        "/kindling.manifest generated\n"
                        "/sources/boot.wim image\n");
  g_assert_null (kl_media_layout_get_bios_boot_image (layout));
  g_assert_null (kl_media_layout_get_efi_boot_image (layout));
}

static void
test_sums (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlBootImage) image = make_image (fixture, PARTS_ALL, KL_PE_MACHINE_X64);
  g_autoptr (KlMediaLayout) layout = make_layout (image, KL_MEDIA_TYPE_CD, KL_BOOT_MANAGER_DEFAULT);
  guint64 total = 0;
  guint i;

  for (i = 0; i < kl_media_layout_get_n_items (layout); i++)
    {
      const KlLayoutItem *item = kl_media_layout_get_item (layout, i);
      g_autoptr (GBytes) content = read_item (layout, item->path);
      g_autofree char *sha256 = NULL;
      gsize length;
      gconstpointer bytes = g_bytes_get_data (content, &length);

      sha256 = kl_sha256_data (bytes, length);
      g_assert_cmpuint (item->size, ==, length);
      g_assert_cmphex (item->crc32c, ==, kl_crc32c_update (0, bytes, length));
      g_assert_cmpstr (item->sha256, ==, sha256);
      total += length;
    }
  g_assert_cmpuint (kl_media_layout_get_content_bytes (layout), ==, total);
}

static void
test_manifest (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlBootImage) image = make_image (fixture, PARTS_ALL, KL_PE_MACHINE_X64);
  g_autoptr (KlMediaLayout) layout = make_layout (image, KL_MEDIA_TYPE_CD, KL_BOOT_MANAGER_DEFAULT);
  g_autoptr (GBytes) bytes = read_item (layout, KL_MANIFEST_PATH);
  g_autoptr (GError) error = NULL;
  g_autoptr (KlManifest) manifest = kl_manifest_parse (bytes, &error);
  guint i;

  g_assert_no_error (error);
  g_assert_cmpstr (manifest->image_id, ==, IMAGE_ID);
  g_assert_cmpstr (manifest->image_name, ==, "Windows PE: test");
  g_assert_cmpstr (manifest->architecture, ==, "x64");
  g_assert_cmpstr (manifest->media_type, ==, "CD");
  g_assert_cmpstr (manifest->label, ==, "SHOP FLOOR");
  g_assert_cmpstr (manifest->created, ==, "2026-11-20T12:00:00Z");
  g_assert_true (manifest->bios);
  g_assert_cmpstr (manifest->uefi, ==, "x64");
  g_assert_null (manifest->signer);
  g_assert_cmpuint (manifest->files->len, ==, kl_media_layout_get_n_items (layout) - 1);
  for (i = 0; i < manifest->files->len; i++)
    {
      const KlManifestFile *file = manifest->files->pdata[i];
      const KlLayoutItem *item = kl_media_layout_find (layout, file->path);

      g_assert_nonnull (item);
      g_assert_cmpstr (item->path, !=, KL_MANIFEST_PATH);
      g_assert_cmpuint (file->size, ==, item->size);
      g_assert_cmpstr (file->sha256, ==, item->sha256);
    }
}

static void
test_generated (Fixture *fixture, gconstpointer data)
{
  static const KlBcdOptions bios
      = { "\\windows\\system32\\boot\\winload.exe", "Windows PE: test", "de-DE", 0, 0 };
  static const KlBcdOptions uefi
      = { "\\windows\\system32\\winload.efi", "Windows PE: test", "de-DE", 0, 0 };
  g_autoptr (KlBootImage) image = make_image (fixture, PARTS_ALL, KL_PE_MACHINE_X64);
  g_autoptr (KlMediaLayout) layout = make_layout (image, KL_MEDIA_TYPE_CD, KL_BOOT_MANAGER_DEFAULT);
  g_autoptr (GBytes) bios_store = kl_bcd_store_build (KL_BCD_BIOS, &bios, NULL);
  g_autoptr (GBytes) uefi_store = kl_bcd_store_build (KL_BCD_UEFI, &uefi, NULL);
  g_autoptr (GBytes) label = g_bytes_new ("label=SHOP FLOOR\r\n", 18);
  const KlLayoutItem *loader = kl_media_layout_find (layout, "/EFI/BOOT/BOOTX64.EFI");
  g_autoptr (GBytes) efi_image = kl_efi_image_build ("BOOTX64.EFI", loader->file, NULL, NULL);

  g_assert_true (g_bytes_equal (kl_media_layout_find (layout, "/Boot/BCD")->bytes, bios_store));
  g_assert_true (
      g_bytes_equal (kl_media_layout_find (layout, "/EFI/Microsoft/Boot/BCD")->bytes, uefi_store));
  g_assert_true (g_bytes_equal (kl_media_layout_find (layout, "/MediaLabel.txt")->bytes, label));
  g_assert_true (g_bytes_equal (kl_media_layout_get_efi_boot_image (layout)->bytes, efi_image));
}

static void
test_reproducible (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlBootImage) image = make_image (fixture, PARTS_ALL, KL_PE_MACHINE_X64);
  g_autoptr (KlMediaLayout) first = make_layout (image, KL_MEDIA_TYPE_CD, KL_BOOT_MANAGER_DEFAULT);
  g_autoptr (KlMediaLayout) second = make_layout (image, KL_MEDIA_TYPE_CD, KL_BOOT_MANAGER_DEFAULT);
  const KlLayoutItem *manifest = kl_media_layout_find (first, KL_MANIFEST_PATH);

  /* The manifest names the sums of all others. */
  g_assert_cmpstr (manifest->sha256, ==, kl_media_layout_find (second, KL_MANIFEST_PATH)->sha256);
}

static void
test_without_etfsboot (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlBootImage) image
      = make_image (fixture, PARTS_ALL & ~PART_ETFSBOOT, KL_PE_MACHINE_X64);
  g_autoptr (KlMediaLayout) disc = make_layout (image, KL_MEDIA_TYPE_CD, KL_BOOT_MANAGER_DEFAULT);
  g_autoptr (KlMediaLayout) drive = make_layout (image, KL_MEDIA_TYPE_UFD, KL_BOOT_MANAGER_DEFAULT);
  const char *reason = NULL;

  g_assert_false (kl_media_layout_has_bios (disc, &reason));
  g_assert_nonnull (strstr (reason, "etfsboot.com"));
  g_assert_true (has_warning (disc, "start on UEFI only. The image has no etfsboot.com"));
  g_assert_null (kl_media_layout_find (disc, "/bootmgr"));
  g_assert_null (kl_media_layout_find (disc, "/Boot/BCD"));
  g_assert_nonnull (kl_media_layout_find (disc, "/Boot/boot.sdi"));
  g_assert_null (kl_media_layout_get_bios_boot_image (disc));
  g_assert_nonnull (kl_media_layout_get_efi_boot_image (disc));
  g_assert_true (kl_media_layout_has_bios (drive, NULL));
  g_assert_nonnull (kl_media_layout_find (drive, "/bootmgr"));
}

static void
test_bios_only (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlBootImage) image
      = make_image (fixture, PARTS_ALL & ~PART_WINLOAD_EFI, KL_PE_MACHINE_X64);
  g_autoptr (KlMediaLayout) layout = make_layout (image, KL_MEDIA_TYPE_CD, KL_BOOT_MANAGER_DEFAULT);
  const char *reason = NULL;

  g_assert_false (kl_media_layout_has_uefi (layout, &reason));
  g_assert_nonnull (strstr (reason, "winload.efi"));
  g_assert_true (has_warning (layout, "start on BIOS only. The image has no winload.efi"));
  g_assert_false (has_warning (layout, "Secure Boot"));
  g_assert_null (kl_media_layout_get_uefi_architecture (layout));
  g_assert_null (kl_media_layout_find (layout, "/EFI/BOOT/BOOTX64.EFI"));
  g_assert_null (kl_media_layout_get_efi_boot_image (layout));
  assert_no_layout (image, KL_MEDIA_TYPE_CD, KL_BOOT_MANAGER_2011, KL_ERROR_NO_BOOT_FILES,
                    "A UEFI boot manager was chosen");
}

static void
test_neither (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlBootImage) image
      = make_image (fixture, PARTS_BIOS & ~PART_ETFSBOOT, KL_PE_MACHINE_X64);

  assert_no_layout (image, KL_MEDIA_TYPE_CD, KL_BOOT_MANAGER_DEFAULT, KL_ERROR_NO_BOOT_FILES,
                    "The image has no etfsboot.com");
  assert_no_layout (image, KL_MEDIA_TYPE_CD, KL_BOOT_MANAGER_DEFAULT, KL_ERROR_NO_BOOT_FILES,
                    "The image has no boot manager for UEFI");
}

static void
test_architectures (Fixture *fixture, gconstpointer data)
{
  guint16 machine = (guint16) GPOINTER_TO_UINT (data);
  g_autoptr (KlBootImage) image = make_image (fixture, PARTS_ALL, machine);
  g_autoptr (KlMediaLayout) layout = make_layout (image, KL_MEDIA_TYPE_CD, KL_BOOT_MANAGER_DEFAULT);
  gboolean arm = machine == KL_PE_MACHINE_ARM64;

  g_assert_cmpstr (kl_media_layout_get_uefi_architecture (layout), ==, arm ? "arm64" : "x86");
  g_assert_nonnull (
      kl_media_layout_find (layout, arm ? "/EFI/BOOT/BOOTAA64.EFI" : "/EFI/BOOT/BOOTIA32.EFI"));
  g_assert_null (kl_media_layout_find (layout, "/EFI/BOOT/BOOTX64.EFI"));
  g_assert_cmpint (kl_media_layout_has_bios (layout, NULL), ==, !arm);
}

static void
test_2023 (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlBootImage) image = make_image (fixture, PARTS_ALL, KL_PE_MACHINE_X64);
  g_autoptr (KlMediaLayout) new = make_layout (image, KL_MEDIA_TYPE_CD, KL_BOOT_MANAGER_2023);
  g_autoptr (KlMediaLayout) old = make_layout (image, KL_MEDIA_TYPE_CD, KL_BOOT_MANAGER_2011);
  g_autoptr (GBytes) new_font = read_item (new, "/EFI/Microsoft/Boot/Fonts/wgl4_boot.ttf");
  g_autoptr (GBytes) bios_font = read_item (new, "/Boot/Fonts/wgl4_boot.ttf");

  assert_fill (new, "/EFI/BOOT/BOOTX64.EFI", 4);
  assert_fill (old, "/EFI/BOOT/BOOTX64.EFI", 3);
  g_assert_cmpmem (g_bytes_get_data (new_font, NULL), g_bytes_get_size (new_font), "\0\1\0\0new",
                   7);
  g_assert_cmpmem (g_bytes_get_data (bios_font, NULL), g_bytes_get_size (bios_font), "\0\1\0\0old",
                   7);
  g_assert_null (kl_media_layout_find (new, "/EFI/Microsoft/Boot/Fonts/segoe_slboot.ttf"));
  g_assert_true (has_warning (new, "trusts Windows UEFI CA 2023"));
  g_assert_false (has_warning (new, "boot.stl"));
  g_assert_false (has_warning (old, "CA 2023"));
}

static void
test_2023_without_trust_list (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlBootImage) image = make_image (fixture, PARTS_ALL & ~PART_STL, KL_PE_MACHINE_X64);
  g_autoptr (KlMediaLayout) new = make_layout (image, KL_MEDIA_TYPE_CD, KL_BOOT_MANAGER_2023);
  g_autoptr (KlMediaLayout) old = make_layout (image, KL_MEDIA_TYPE_CD, KL_BOOT_MANAGER_2011);

  g_assert_true (has_warning (new, "The image has no boot.stl"));
  g_assert_false (has_warning (old, "boot.stl"));
}

static void
test_2023_missing (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlBootImage) image = make_image (fixture, PARTS_BIOS | PARTS_UEFI, KL_PE_MACHINE_X64);
  g_autoptr (KlBootImage) set = NULL;

  assert_no_layout (image, KL_MEDIA_TYPE_CD, KL_BOOT_MANAGER_2023, KL_ERROR_NO_BOOT_FILES,
                    SIGNER_2023);
  set = write_record (fixture, KL_PE_MACHINE_X64, 0, "2023");
  assert_no_layout (set, KL_MEDIA_TYPE_CD, KL_BOOT_MANAGER_DEFAULT, KL_ERROR_NO_BOOT_FILES,
                    SIGNER_2023);
}

static void
test_setting_of_the_image (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlBootImage) image = make_image (fixture, PARTS_ALL, KL_PE_MACHINE_X64);
  g_autoptr (KlBootImage) set = write_record (fixture, KL_PE_MACHINE_X64, 0, "2023");
  g_autoptr (KlMediaLayout) unset = make_layout (image, KL_MEDIA_TYPE_CD, KL_BOOT_MANAGER_DEFAULT);
  g_autoptr (KlMediaLayout) by_setting
      = make_layout (set, KL_MEDIA_TYPE_CD, KL_BOOT_MANAGER_DEFAULT);
  g_autoptr (KlMediaLayout) by_request = make_layout (set, KL_MEDIA_TYPE_CD, KL_BOOT_MANAGER_2011);

  assert_fill (unset, "/EFI/BOOT/BOOTX64.EFI", 3);
  assert_fill (by_setting, "/EFI/BOOT/BOOTX64.EFI", 4);
  assert_fill (by_request, "/EFI/BOOT/BOOTX64.EFI", 3);
}

static void
test_only_2023 (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlBootImage) image = make_image (fixture, PARTS_ALL & ~PART_LOADER, KL_PE_MACHINE_X64);
  g_autoptr (KlMediaLayout) layout = make_layout (image, KL_MEDIA_TYPE_CD, KL_BOOT_MANAGER_DEFAULT);

  assert_fill (layout, "/EFI/BOOT/BOOTX64.EFI", 4);
  assert_no_layout (image, KL_MEDIA_TYPE_CD, KL_BOOT_MANAGER_2011, KL_ERROR_NO_BOOT_FILES,
                    "The image has no boot manager for UEFI");
}

/* Signs the 2023 loader with a certificate of that name before the WIM is made. */
static void
test_signer (Fixture *fixture, gconstpointer data)
{
  g_autofree char *key = g_build_filename (fixture->folder, "key.pem", NULL);
  g_autofree char *certificate = g_build_filename (fixture->folder, "certificate.pem", NULL);
  g_autofree char *loader
      = g_build_filename (fixture->tree, "Windows/Boot/EFI_EX/bootmgfw_EX.efi", NULL);
  const char *const request[]
      = { "openssl",          "req",     "-x509", "-newkey", "rsa:2048",  "-nodes", "-subj",
          "/CN=" SIGNER_2023, "-keyout", key,     "-out",    certificate, NULL };
  const char *const sign[]
      = { "sbsign", "--key", key, "--cert", certificate, "--output", loader, loader, NULL };
  g_autoptr (KlBootImage) image = NULL;
  g_autoptr (KlMediaLayout) new = NULL;
  g_autoptr (KlMediaLayout) old = NULL;
  g_autoptr (KlManifest) manifest = NULL;
  g_autoptr (GBytes) bytes = NULL;

  write_tree (fixture, PARTS_ALL, KL_PE_MACHINE_X64);
  run_tool (request);
  run_tool (sign);
  image = make_image (fixture, PARTS_ALL & ~PART_LOADER_2023, KL_PE_MACHINE_X64);
  new = make_layout (image, KL_MEDIA_TYPE_CD, KL_BOOT_MANAGER_2023);
  old = make_layout (image, KL_MEDIA_TYPE_CD, KL_BOOT_MANAGER_2011);
  g_assert_cmpstr (kl_media_layout_get_signer (new), ==, SIGNER_2023);
  g_assert_null (kl_media_layout_get_signer (old));
  g_assert_true (has_warning (old, "carries no signature"));
  g_assert_false (has_warning (new, "carries no signature"));
  bytes = read_item (new, KL_MANIFEST_PATH);
  manifest = kl_manifest_parse (bytes, NULL);
  g_assert_cmpstr (manifest->signer, ==, SIGNER_2023);
}

static void
test_size_limits (Fixture *fixture, gconstpointer data)
{
  const guint64 gib4 = (guint64) 4 << 30;
  g_autoptr (KlBootImage) image = make_image (fixture, PARTS_BIOS | PARTS_UEFI, KL_PE_MACHINE_X64);
  g_autoptr (KlBootImage) fits = write_record (fixture, KL_PE_MACHINE_X64, gib4 - 2049, "");
  g_autoptr (KlMediaLayout) disc = make_layout (fits, KL_MEDIA_TYPE_CD, KL_BOOT_MANAGER_DEFAULT);
  g_autoptr (KlBootImage) over_cd = NULL;
  g_autoptr (KlBootImage) over_fat = NULL;
  g_autoptr (KlMediaLayout) drive = NULL;
  g_autoptr (KlMediaLayout) folder = NULL;

  g_assert_cmpuint (kl_boot_image_get_size (image), <, gib4);
  g_assert_cmpuint (kl_media_layout_find (disc, "/sources/boot.wim")->size, ==, gib4 - 2049);

  g_assert_cmpint (truncate (fixture->wim, 4096), ==, 0);
  over_cd = write_record (fixture, KL_PE_MACHINE_X64, gib4 - 2048, "");
  assert_no_layout (over_cd, KL_MEDIA_TYPE_CD, KL_BOOT_MANAGER_DEFAULT, KL_ERROR_PACKAGE_TOO_LARGE,
                    "4294965248 bytes, but a file on this kind of media can have 4294965247");
  drive = make_layout (over_cd, KL_MEDIA_TYPE_UFD_FORMAT, KL_BOOT_MANAGER_DEFAULT);

  g_assert_cmpint (truncate (fixture->wim, 4096), ==, 0);
  over_fat = write_record (fixture, KL_PE_MACHINE_X64, gib4, "");
  assert_no_layout (over_fat, KL_MEDIA_TYPE_UFD_FORMAT, KL_BOOT_MANAGER_DEFAULT,
                    KL_ERROR_PACKAGE_TOO_LARGE, "add fewer drivers");
  folder = make_layout (over_fat, KL_MEDIA_TYPE_UFD, KL_BOOT_MANAGER_DEFAULT);
}

static void
test_large_x86 (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlBootImage) small = make_image (fixture, PARTS_ALL, KL_PE_MACHINE_X86);
  g_autoptr (KlMediaLayout) quiet = make_layout (small, KL_MEDIA_TYPE_CD, KL_BOOT_MANAGER_DEFAULT);
  g_autoptr (KlBootImage) large = write_record (fixture, KL_PE_MACHINE_X86, 300000001, "");
  g_autoptr (KlMediaLayout) warned = make_layout (large, KL_MEDIA_TYPE_CD, KL_BOOT_MANAGER_DEFAULT);
  g_autoptr (KlBootImage) other = NULL;
  g_autoptr (KlMediaLayout) unconcerned = NULL;

  g_assert_false (has_warning (quiet, "Windows 8 PE"));
  g_assert_true (has_warning (warned, "300000001 bytes; boot managers of Windows 8 PE for x86"));
  g_assert_cmpint (truncate (fixture->wim, 4096), ==, 0);
  other = write_record (fixture, KL_PE_MACHINE_X64, 300000001, "");
  unconcerned = make_layout (other, KL_MEDIA_TYPE_CD, KL_BOOT_MANAGER_DEFAULT);
  g_assert_false (has_warning (unconcerned, "Windows 8 PE"));
}

static void
test_boot_folder (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlBootImage) image = NULL;
  g_autoptr (KlMediaLayout) layout = NULL;

  fixture->beside = g_build_filename (fixture->folder, "beside", NULL);
  write_sdi (fixture->beside, "media/Boot/boot.sdi");
  write_etfsboot (fixture->beside, "fwfiles/etfsboot.com");
  image = make_image (fixture, (PARTS_BIOS | PARTS_UEFI) & ~(PART_SDI | PART_ETFSBOOT),
                      KL_PE_MACHINE_X64);
  layout = make_layout (image, KL_MEDIA_TYPE_CD, KL_BOOT_MANAGER_DEFAULT);
  assert_items (layout, "/Boot/BCD generated\n"
                        "/Boot/boot.sdi boot folder\n"
                        "/Boot/etfsboot.com boot folder\n"
                        "/EFI/BOOT/BOOTX64.EFI image boot files\n"
                        "/EFI/Microsoft/Boot/BCD generated\n"
                        "/EFI/Microsoft/Boot/efisys.bin generated\n"
                        "/MediaLabel.txt generated\n"
                        "/bootmgr image boot files\n"
                        "/kindling.manifest generated\n"
                        "/sources/boot.wim image\n");
}

static void
test_changed_loader (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlBootImage) image = make_image (fixture, PARTS_BIOS | PARTS_UEFI, KL_PE_MACHINE_X64);
  g_autoptr (KlMediaLayout) layout = make_layout (image, KL_MEDIA_TYPE_CD, KL_BOOT_MANAGER_DEFAULT);
  const char *loader = kl_media_layout_find (layout, "/EFI/BOOT/BOOTX64.EFI")->file;

  write_program ("/", loader, KL_PE_MACHINE_X64, 0x77);
  assert_no_layout (image, KL_MEDIA_TYPE_CD, KL_BOOT_MANAGER_DEFAULT, KL_ERROR_MISSING_PACKAGE,
                    "CRC-32C is");
}

static void
test_broken_entry (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlBootImage) image = make_image (fixture, PARTS_BIOS | PARTS_UEFI, KL_PE_MACHINE_X64);
  g_autoptr (KlBootImage) broken = NULL;

  g_assert_cmpint (truncate (fixture->wim, 100), ==, 0);
  broken = kl_boot_image_load (fixture->entry, NULL);
  assert_no_layout (broken, KL_MEDIA_TYPE_CD, KL_BOOT_MANAGER_DEFAULT, KL_ERROR_MISSING_PACKAGE,
                    "has 100 bytes");
  g_assert_nonnull (image);
}

/* Somebody renamed a font in the record so that it clashes with another one but for case. */
static void
test_clashing_names (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlBootImage) image = make_image (fixture, PARTS_ALL, KL_PE_MACHINE_X64);
  g_autofree char *record
      = g_build_filename (fixture->entry, KL_BOOT_FILES_FOLDER, "boot-files.ini", NULL);
  g_autofree char *text = NULL;
  g_auto (GStrv) parts = NULL;
  g_autofree char *changed = NULL;

  g_assert_true (g_file_get_contents (record, &text, NULL, NULL));
  parts = g_strsplit (text, "name=segoe_slboot.ttf", -1);
  g_assert_cmpuint (g_strv_length (parts), ==, 2);
  changed = g_strjoinv ("name=WGL4_boot.ttf", parts);
  g_assert_true (g_file_set_contents (record, changed, -1, NULL));
  assert_no_layout (image, KL_MEDIA_TYPE_CD, KL_BOOT_MANAGER_DEFAULT, KL_ERROR_IMAGE_BROKEN,
                    "has two boot files for /Boot/Fonts/");
}

static void
test_label (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlBootImage) image = make_image (fixture, PARTS_BIOS | PARTS_UEFI, KL_PE_MACHINE_X64);
  const KlLayoutOptions unnamed = { .type = KL_MEDIA_TYPE_CD };
  const KlLayoutOptions refused = { .type = KL_MEDIA_TYPE_CD, .label = "a/b" };
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) label_error = NULL;
  g_autoptr (KlMediaLayout) layout = kl_media_layout_new (image, &unnamed, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (kl_media_layout_get_label (layout), ==, "Windows PE_ test");
  g_assert_null (kl_media_layout_new (image, &refused, &label_error));
  g_assert_error (label_error, KL_ERROR, KL_ERROR_LABEL);
  g_assert_nonnull (strstr (label_error->message, "has the character /"));
}

static void
test_words (void)
{
  static const struct
  {
    const char *text;
    KlMediaType type;
  } words[] = {
    { "CD", KL_MEDIA_TYPE_CD },
    { "cd", KL_MEDIA_TYPE_CD },
    { "UFD", KL_MEDIA_TYPE_UFD },
    { "udf", KL_MEDIA_TYPE_UFD },
    { "Ufd+Format", KL_MEDIA_TYPE_UFD_FORMAT },
    { "UDF+FORMAT", KL_MEDIA_TYPE_UFD_FORMAT },
  };
  static const char *const others[] = { "", "DVD", "CD ", "UFD+", "UFDFORMAT" };
  KlMediaType type = KL_MEDIA_TYPE_UFD;
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (words); i++)
    {
      g_assert_true (kl_media_type_from_string (words[i].text, &type));
      g_assert_cmpint (type, ==, words[i].type);
    }
  type = KL_MEDIA_TYPE_UFD;
  for (i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_assert_false (kl_media_type_from_string (others[i], &type));
      g_assert_cmpint (type, ==, KL_MEDIA_TYPE_UFD);
    }
  g_assert_cmpstr (kl_media_type_to_string (KL_MEDIA_TYPE_UFD_FORMAT), ==, "UFD+FORMAT");
}

#define ADD(path, func) ADD_WITH (path, NULL, func)
#define ADD_WITH(path, data, func)                                                                 \
  g_test_add ("/layout/" path, Fixture, data, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("disc-of-a-complete-image-holds-every-file", test_complete_cd);
  ADD ("drive-has-no-el-torito-images", test_drive);
  ADD ("sizes-and-sums-are-those-of-the-content", test_sums);
  ADD ("manifest-lists-all-but-itself", test_manifest);
  ADD ("generated-files-come-from-the-image", test_generated);
  ADD ("same-image-same-time-same-bytes", test_reproducible);
  ADD ("no-etfsboot-means-uefi-only-on-a-disc", test_without_etfsboot);
  ADD ("no-winload-efi-means-bios-only", test_bios_only);
  ADD ("neither-firmware-is-an-error-with-both-reasons", test_neither);
  ADD_WITH ("x86-has-its-own-loader-name", GUINT_TO_POINTER (KL_PE_MACHINE_X86),
            test_architectures);
  ADD_WITH ("arm64-has-its-own-loader-name-and-no-bios", GUINT_TO_POINTER (KL_PE_MACHINE_ARM64),
            test_architectures);
  ADD ("boot-manager-2023-brings-its-fonts", test_2023);
  ADD ("boot-manager-2023-without-boot-stl-is-a-warning", test_2023_without_trust_list);
  ADD ("boot-manager-2023-is-never-replaced", test_2023_missing);
  ADD ("setting-of-the-image-counts-until-asked-otherwise", test_setting_of_the_image);
  ADD ("only-boot-manager-is-taken", test_only_2023);
  ADD ("signer-reaches-layout-and-manifest", test_signer);
  ADD ("wim-over-the-limit-is-refused-with-numbers", test_size_limits);
  ADD ("large-x86-image-is-a-warning", test_large_x86);
  ADD ("files-from-beside-say-so", test_boot_folder);
  ADD ("changed-loader-is-refused", test_changed_loader);
  ADD ("broken-entry-passes-its-error-on", test_broken_entry);
  ADD ("names-that-differ-in-case-only-are-refused", test_clashing_names);
  ADD ("label-is-checked-or-made", test_label);
  g_test_add_func ("/layout/media-types-are-read-in-any-case", test_words);
  return g_test_run ();
}
