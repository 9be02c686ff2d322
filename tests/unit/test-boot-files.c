/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "boot/boot-files.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/checksum.h"
#include "base/error.h"
#include "boot/boot-content.h"

#include "wim-fixture.h"

#define CA_2011 "Microsoft Windows Production PCA 2011"
#define CA_2023 "Windows UEFI CA 2023"

static GBytes *
make_bootmgr (void)
{
  guint8 *bytes = g_malloc0 (20000);

  bytes[0] = 0xE9;
  memcpy (bytes + 9000, "BOOTMGR", 7);
  return g_bytes_new_take (bytes, 20000);
}

static GBytes *
make_etfsboot (gsize size)
{
  guint8 *bytes = g_malloc0 (size);

  memcpy (bytes + 100, "BOOTFIX.BIN", 11);
  memcpy (bytes + 200, "BOOTMGR", 7);
  return g_bytes_new_take (bytes, size);
}

/* media-formats.md 6, with a small partition. */
static GBytes *
make_boot_sdi (void)
{
  guint8 *bytes = g_malloc0 (0x4000);
  guint8 sum = 0;

  memcpy (bytes, "$SDI0001", 8);
  kl_put_u64 (bytes + 0x70, 2);
  for (guint i = 0; i < 0x200; i++)
    sum = (guint8) (sum + bytes[i]);
  bytes[0x1f8] = (guint8) -sum;
  memcpy (bytes + 0x400, "PART", 4);
  kl_put_u64 (bytes + 0x410, 0x2000);
  kl_put_u64 (bytes + 0x418, 0x1000);
  kl_put_u64 (bytes + 0x420, 7);
  memcpy (bytes + 0x440, "WIM", 3);
  kl_put_u64 (bytes + 0x450, 0x3000);
  return g_bytes_new_take (bytes, 0x4000);
}

static GBytes *
make_font (char last)
{
  return g_bytes_new ((char[]){ 0, 1, 0, 0, 0, last }, 6);
}

/* A CMS around the content type of a certificate trust list. */
static void
put_stl (WimFixture *fixture, const char *root, const char *path)
{
  g_autofree char *file = g_build_filename (root, path, NULL);
  g_autofree char *folder = g_path_get_dirname (file);

  make_signer (fixture, "stl", "Stand-in");
  put (fixture->folder, "list", "revoked", 7);
  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  RUN (fixture, "openssl", "cms", "-sign", "-in", "list", "-binary", "-nodetach", "-signer",
       "stl.crt", "-inkey", "stl.key", "-outform", "DER", "-econtent_type", "1.3.6.1.4.1.311.10.1",
       "-out", file);
}

/* As in the boot.wim of a Windows disc, with the mixed spelling of real ones. */
static void
put_whole_set (WimFixture *fixture, const char *root)
{
  put_winload (root);
  put_bytes (root, "Windows/BOOT/pcat/BootMgr", make_bootmgr ());
  put_bytes (root, "Windows/BOOT/pcat/pt-BR/bootmgr.exe.mui", make_pe (0x14C, 2));
  put_bytes (root, "Windows/BOOT/pcat/qps-ploc/bootmgr.exe.MUI", make_pe (0x14C, 2));
  put_bytes (root, "Windows/BOOT/DVD/PCAT/Boot.SDI", make_boot_sdi ());
  put_bytes (root, "Windows/BOOT/DVD/PCAT/etfsboot.com", make_etfsboot (4096));
  put (root, "Windows/BOOT/DVD/PCAT/pt-BR/bootfix.bin", "press any key", 13);
  put_bytes (root, "Windows/BOOT/EFI/bootmgfw.efi", make_pe (0x8664, 10));
  put_bytes (root, "Windows/BOOT/fonts/segoe_slboot.ttf", make_font (1));
  put_bytes (root, "Windows/BOOT/fonts/wgl4_boot.ttf", make_font (2));
  put_bytes (root, "Windows/BOOT/Fonts_EX/segoe_slboot_EX.ttf", make_font (3));
  put_bytes (root, "Windows/BOOT/Resources/bootres.dll", make_pe (0x8664, 2));
}

static KlBootFiles *
collect (WimFixture *fixture, const char *wim_path, KlMediaSource *beside, GError **error)
{
  g_autofree char *target = fixture_path (fixture, "target");
  g_autoptr (KlWim) wim = kl_wim_open (wim_path, error);

  if (wim == NULL)
    return NULL;
  g_assert_true (kl_remove_tree (target, NULL));
  g_assert_cmpint (g_mkdir (target, 0700), ==, 0);
  return kl_boot_files_collect (wim, 1, beside, target, NULL, NULL, error);
}

static KlBootFiles *
collect_tree (WimFixture *fixture)
{
  g_autofree char *path = capture (fixture, "boot.wim", "--boot --image-property WINDOWS/ARCH=9");
  g_autoptr (GError) error = NULL;
  KlBootFiles *files = collect (fixture, path, NULL, &error);

  g_assert_no_error (error);
  return files;
}

static guint
count_role (KlBootFiles *files, KlBootRole role)
{
  g_autoptr (GPtrArray) all = kl_boot_files_get_all (files, role);

  return all->len;
}

static void
assert_reason (char *reason, const char *text)
{
  g_assert_nonnull (reason);
  if (strstr (reason, text) == NULL)
    g_error ("The reason “%s” lacks “%s”", reason, text);
  g_free (reason);
}

static void
assert_whole_set (KlBootFiles *files)
{
  const KlBootFile *bootmgr = kl_boot_files_get (files, KL_BOOT_ROLE_BOOTMGR);
  g_autoptr (GPtrArray) languages = kl_boot_files_get_all (files, KL_BOOT_ROLE_BOOTMGR_MUI);
  g_autofree char *sha256 = NULL;
  g_autofree char *bytes = NULL;
  gsize size;

  g_assert_nonnull (bootmgr);
  g_assert_cmpstr (bootmgr->found_at, ==, "\\Windows\\BOOT\\pcat\\BootMgr");
  g_assert_cmpint (bootmgr->origin, ==, KL_BOOT_ORIGIN_IMAGE);
  g_assert_cmpuint (bootmgr->size, ==, 20000);
  g_assert_true (g_file_get_contents (bootmgr->path, &bytes, &size, NULL));
  g_assert_cmpuint (size, ==, 20000);
  g_assert_cmphex (bootmgr->crc32c, ==, kl_crc32c_update (0, bytes, size));
  sha256 = kl_sha256_data (bytes, size);
  g_assert_cmpstr (bootmgr->sha256, ==, sha256);

  g_assert_cmpuint (languages->len, ==, 2);
  g_assert_cmpstr (((KlBootFile *) languages->pdata[0])->name, ==, "pt-BR");
  g_assert_cmpstr (((KlBootFile *) languages->pdata[1])->name, ==, "qps-ploc");
  g_assert_cmpuint (count_role (files, KL_BOOT_ROLE_FONT), ==, 2);
  g_assert_cmpstr (kl_boot_files_get (files, KL_BOOT_ROLE_FONT_2023)->name, ==, "segoe_slboot.ttf");
  g_assert_nonnull (kl_boot_files_get (files, KL_BOOT_ROLE_BOOTRES));
  g_assert_cmphex (kl_boot_files_get (files, KL_BOOT_ROLE_BOOTMGFW)->machine, ==, 0x8664);
  g_assert_null (kl_boot_files_get (files, KL_BOOT_ROLE_BOOTMGFW)->signer);
  g_assert_null (kl_boot_files_get (files, KL_BOOT_ROLE_BOOTMGFW_2023));
  g_assert_cmpstr (kl_boot_files_get_winload_exe (files), ==,
                   "\\windows\\system32\\boot\\winload.exe");
  g_assert_cmpstr (kl_boot_files_get_winload_efi (files), ==,
                   "\\windows\\system32\\boot\\winload.efi");
  g_assert_cmpstr (kl_boot_files_get_uefi_architecture (files), ==, "x64");
  g_assert_true (kl_boot_files_can_bios (files, TRUE, NULL));
  g_assert_true (kl_boot_files_can_uefi (files, NULL));
  g_assert_true (kl_boot_files_check_any (files, NULL));
}

static void
test_whole_set (WimFixture *fixture, gconstpointer data)
{
  g_autofree char *target = fixture_path (fixture, "target");
  g_autofree char *bootfix = NULL;
  g_autoptr (KlBootFiles) files = NULL;
  g_autoptr (KlBootFiles) loaded = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) folder = NULL;
  const char *name;

  put_whole_set (fixture, fixture->tree);
  files = collect_tree (fixture);
  assert_whole_set (files);
  loaded = kl_boot_files_load (target, &error);
  g_assert_no_error (error);
  assert_whole_set (loaded);

  folder = g_dir_open (target, 0, NULL);
  while ((name = g_dir_read_name (folder)) != NULL)
    {
      g_assert_true (name[0] != '.');
      g_assert_null (strstr (name, "bootfix"));
    }
}

/* ConfigMgr boot images keep theirs in \sms. */
static void
test_sms_folder (WimFixture *fixture, gconstpointer data)
{
  g_autoptr (KlBootFiles) files = NULL;

  put_whole_set (fixture, fixture->tree);
  RUN (fixture, "rm", "-r", "tree/Windows/BOOT/DVD");
  put_bytes (fixture->tree, "SMS/boot/boot.sdi", make_boot_sdi ());
  put_bytes (fixture->tree, "SMS/bin/X64/EtfsBoot.com", make_etfsboot (4096));
  files = collect_tree (fixture);
  g_assert_cmpstr (kl_boot_files_get (files, KL_BOOT_ROLE_BOOT_SDI)->found_at, ==,
                   "\\SMS\\boot\\boot.sdi");
  g_assert_cmpstr (kl_boot_files_get (files, KL_BOOT_ROLE_ETFSBOOT)->found_at, ==,
                   "\\SMS\\bin\\X64\\EtfsBoot.com");
  g_assert_true (kl_boot_files_can_bios (files, TRUE, NULL));
}

/* A folder of the image may bear a name that a terminal obeys. */
static void
test_hostile_name (WimFixture *fixture, gconstpointer data)
{
  g_autoptr (KlBootFiles) files = NULL;
  char *reason = NULL;

  put_winload (fixture->tree);
  put_bytes (fixture->tree, "sms/bin/\x1b[2J/etfsboot.com", make_etfsboot (4096));
  put_bytes (fixture->tree, "Windows/Boot/DVD\x1b/x/boot.sdi", make_font (1));
  put_bytes (fixture->tree, "Windows/Boot/PCAT/bootmgr", make_bootmgr ());
  put_bytes (fixture->tree, "Windows/Boot/Fonts/a\x1b.ttf", make_font (1));
  files = collect_tree (fixture);
  g_assert_cmpstr (kl_boot_files_get (files, KL_BOOT_ROLE_ETFSBOOT)->found_at, ==,
                   "\\sms\\bin\\\xef\xbf\xbd[2J\\etfsboot.com");
  g_assert_null (kl_boot_files_get (files, KL_BOOT_ROLE_FONT));
  g_assert_false (kl_boot_files_can_bios (files, FALSE, &reason));
  assert_reason (reason, "DVD\xef\xbf\xbd\\x\\boot.sdi is not a RAM disk");
}

/* The right name is not enough: the next place is looked at, and the reason is kept. */
static void
test_content_decides (WimFixture *fixture, gconstpointer data)
{
  g_autoptr (KlBootFiles) files = NULL;
  char *reason = NULL;

  put_whole_set (fixture, fixture->tree);
  put (fixture->tree, "Windows/BOOT/DVD/PCAT/Boot.SDI", "no", 2);
  put_bytes (fixture->tree, "sms/boot/boot.sdi", make_boot_sdi ());
  put (fixture->tree, "Windows/BOOT/pcat/BootMgr", "MZ, a program", 13);
  put_bytes (fixture->tree, "Windows/BOOT/DVD/PCAT/etfsboot.com", make_etfsboot (2048));
  files = collect_tree (fixture);
  g_assert_cmpstr (kl_boot_files_get (files, KL_BOOT_ROLE_BOOT_SDI)->found_at, ==,
                   "\\sms\\boot\\boot.sdi");
  g_assert_null (kl_boot_files_get (files, KL_BOOT_ROLE_BOOTMGR));
  g_assert_null (kl_boot_files_get (files, KL_BOOT_ROLE_ETFSBOOT));
  g_assert_false (kl_boot_files_can_bios (files, TRUE, &reason));
  assert_reason (reason, "\\Windows\\BOOT\\pcat\\BootMgr is not a boot manager: it does not begin "
                         "with a jump.");
}

static void
test_reasons (WimFixture *fixture, gconstpointer data)
{
  g_autoptr (KlBootFiles) files = NULL;
  char *reason = NULL;

  put_whole_set (fixture, fixture->tree);
  RUN (fixture, "rm", "tree/Windows/BOOT/DVD/PCAT/etfsboot.com");
  files = collect_tree (fixture);
  g_assert_true (kl_boot_files_can_bios (files, FALSE, NULL));
  g_assert_false (kl_boot_files_can_bios (files, TRUE, &reason));
  g_assert_cmpstr (reason, ==,
                   "The image has no etfsboot.com, so an ISO file starts on UEFI only.");
  g_free (reason);
  g_clear_object (&files);

  RUN (fixture, "rm", "tree/Windows/SYSTEM32/BOOT/winload.EFI");
  files = collect_tree (fixture);
  g_assert_false (kl_boot_files_can_uefi (files, &reason));
  assert_reason (reason, "no winload.efi");
  g_assert_true (kl_boot_files_check_any (files, NULL));
  g_clear_object (&files);

  RUN (fixture, "rm", "tree/Windows/BOOT/DVD/PCAT/Boot.SDI");
  files = collect_tree (fixture);
  g_assert_false (kl_boot_files_can_bios (files, FALSE, &reason));
  assert_reason (reason, "no boot.sdi");
  g_assert_false (kl_boot_files_can_uefi (files, &reason));
  assert_reason (reason, "no boot.sdi");
}

static void
test_no_boot_files (WimFixture *fixture, gconstpointer data)
{
  g_autoptr (KlBootFiles) files = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) loader = NULL;

  put_winload (fixture->tree);
  files = collect_tree (fixture);
  g_assert_false (kl_boot_files_check_any (files, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_NO_BOOT_FILES);
  g_assert_nonnull (strstr (error->message, "(bootmgr)"));
  g_assert_nonnull (strstr (error->message, "(bootmgfw.efi)"));
  g_assert_nonnull (strstr (error->message, "--boot-files"));
  g_assert_null (kl_boot_files_get_loader (files, KL_BOOT_MANAGER_DEFAULT, &loader));
  g_assert_error (loader, KL_ERROR, KL_ERROR_NO_BOOT_FILES);
  g_assert_null (kl_boot_files_get_uefi_architecture (files));
}

static void
test_winload_outside_boot (WimFixture *fixture, gconstpointer data)
{
  g_autoptr (KlBootFiles) files = NULL;

  put_bytes (fixture->tree, "windows/system32/winload.exe", make_pe (0x8664, 16));
  put (fixture->tree, "windows/system32/boot/winload.efi", "", 0);
  files = collect_tree (fixture);
  g_assert_cmpstr (kl_boot_files_get_winload_exe (files), ==, "\\windows\\system32\\winload.exe");
  g_assert_null (kl_boot_files_get_winload_efi (files));
}

static void
test_two_loaders (WimFixture *fixture, gconstpointer data)
{
  g_autofree char *target = fixture_path (fixture, "target");
  g_autoptr (KlBootFiles) files = NULL;
  g_autoptr (KlBootFiles) loaded = NULL;

  make_signer (fixture, "2011", CA_2011);
  make_signer (fixture, "2023", CA_2023);
  put_whole_set (fixture, fixture->tree);
  put_bytes (fixture->tree, "Windows/BOOT/EFI/bootmgfw.efi",
             make_signed_pe (fixture, "2011", 0x8664));
  put_bytes (fixture->tree, "Windows/BOOT/EFI_EX/bootmgfw_EX.efi",
             make_signed_pe (fixture, "2023", 0x8664));
  files = collect_tree (fixture);
  loaded = kl_boot_files_load (target, NULL);
  g_assert_cmpstr (kl_boot_files_get_loader (loaded, KL_BOOT_MANAGER_DEFAULT, NULL)->signer, ==,
                   CA_2011);
  g_assert_cmpstr (kl_boot_files_get_loader (files, KL_BOOT_MANAGER_2011, NULL)->signer, ==,
                   CA_2011);
  g_assert_cmpstr (kl_boot_files_get_loader (loaded, KL_BOOT_MANAGER_2023, NULL)->signer, ==,
                   CA_2023);
}

/* A serviced image may hold the new one under the old name. */
static void
test_signature_decides (WimFixture *fixture, gconstpointer data)
{
  g_autoptr (KlBootFiles) files = NULL;
  g_autoptr (GError) error = NULL;

  make_signer (fixture, "2023", CA_2023);
  put_whole_set (fixture, fixture->tree);
  put_bytes (fixture->tree, "Windows/BOOT/EFI/bootmgfw.efi",
             make_signed_pe (fixture, "2023", 0x8664));
  files = collect_tree (fixture);
  g_assert_null (kl_boot_files_get (files, KL_BOOT_ROLE_BOOTMGFW));
  g_assert_cmpint (kl_boot_files_get_loader (files, KL_BOOT_MANAGER_DEFAULT, NULL)->role, ==,
                   KL_BOOT_ROLE_BOOTMGFW_2023);
  g_assert_true (kl_boot_files_can_uefi (files, NULL));
  g_assert_null (kl_boot_files_get_loader (files, KL_BOOT_MANAGER_2011, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_NO_BOOT_FILES);
}

static void
test_old_one_in_the_new_place (WimFixture *fixture, gconstpointer data)
{
  g_autoptr (KlBootFiles) files = NULL;
  g_autoptr (GError) error = NULL;

  make_signer (fixture, "2011", CA_2011);
  put_whole_set (fixture, fixture->tree);
  put_bytes (fixture->tree, "Windows/BOOT/efi_ex/bootmgfw_EX.efi",
             make_signed_pe (fixture, "2011", 0x8664));
  files = collect_tree (fixture);
  g_assert_null (kl_boot_files_get_loader (files, KL_BOOT_MANAGER_2023, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_NO_BOOT_FILES);
  g_assert_nonnull (strstr (error->message, "is signed by “" CA_2011 "”"));
}

static void
test_other_architecture (WimFixture *fixture, gconstpointer data)
{
  g_autofree char *path = NULL;
  g_autoptr (KlBootFiles) files = NULL;
  g_autoptr (KlBootFiles) arm = NULL;
  g_autoptr (GError) error = NULL;
  char *reason = NULL;

  put_whole_set (fixture, fixture->tree);
  put_bytes (fixture->tree, "Windows/BOOT/EFI/bootmgfw.efi", make_pe (0xAA64, 10));
  files = collect_tree (fixture);
  g_assert_false (kl_boot_files_can_uefi (files, &reason));
  assert_reason (reason, "bootmgfw.efi is for arm64, and the image is for x64.");

  path = capture (fixture, "arm.wim", "--boot --image-property WINDOWS/ARCH=12");
  arm = collect (fixture, path, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (kl_boot_files_can_uefi (arm, NULL));
  g_assert_cmpstr (kl_boot_files_get_uefi_architecture (arm), ==, "arm64");
  g_assert_false (kl_boot_files_can_bios (arm, FALSE, &reason));
  assert_reason (reason, "which has no BIOS");
}

/* A tree as the ADK has it: two architectures, names repeated, media and tools apart. */
static void
put_adk (WimFixture *fixture, const char *root)
{
  put_bytes (root, "WinPE/x86/Media/bootmgr", make_bootmgr ());
  put_bytes (root, "WinPE/x86/Media/EFI/Boot/bootia32.efi", make_pe (0x14C, 10));
  put_bytes (root, "WinPE/amd64/Media/bootmgr", make_bootmgr ());
  put_bytes (root, "WinPE/amd64/Media/Boot/BOOT.SDI", make_boot_sdi ());
  put_bytes (root, "WinPE/amd64/Media/Boot/Fonts/wgl4_boot.ttf", make_font (9));
  put_bytes (root, "WinPE/amd64/Media/EFI/Microsoft/Boot/Fonts/wgl4_boot.ttf", make_font (9));
  put_bytes (root, "WinPE/amd64/Media/Boot/de-de/bootmgr.exe.mui", make_pe (0x14C, 2));
  put_bytes (root, "WinPE/amd64/Media/EFI/Boot/bootx64.efi", make_pe (0x8664, 10));
  put (root, "Deployment Tools/amd64/Oscdimg/etfsboot.com", "damaged", 7);
  put_bytes (root, "Deployment Tools/x86/Oscdimg/etfsboot.com", make_etfsboot (4096));
  put_stl (fixture, root, "WinPE/amd64/Media/EFI/Microsoft/Boot/boot.stl");
}

static void
assert_adk (WimFixture *fixture, KlMediaSource *beside)
{
  g_autofree char *path = capture (fixture, "boot.wim", "--boot --image-property WINDOWS/ARCH=9");
  g_autoptr (KlBootFiles) files = NULL;
  g_autoptr (GError) error = NULL;
  const KlBootFile *bootmgr, *loader;

  g_assert_nonnull (beside);
  files = collect (fixture, path, beside, &error);
  g_assert_no_error (error);
  bootmgr = kl_boot_files_get (files, KL_BOOT_ROLE_BOOTMGR);
  g_assert_cmpint (bootmgr->origin, ==, KL_BOOT_ORIGIN_FOLDER);
  g_assert_cmpstr (bootmgr->found_at, ==, "/WinPE/amd64/Media/bootmgr");
  loader = kl_boot_files_get_loader (files, KL_BOOT_MANAGER_DEFAULT, NULL);
  g_assert_cmpstr (loader->found_at, ==, "/WinPE/amd64/Media/EFI/Boot/bootx64.efi");
  g_assert_cmpstr (kl_boot_files_get (files, KL_BOOT_ROLE_ETFSBOOT)->found_at, ==,
                   "/Deployment Tools/x86/Oscdimg/etfsboot.com");
  g_assert_cmpuint (count_role (files, KL_BOOT_ROLE_FONT), ==, 1);
  g_assert_cmpstr (kl_boot_files_get (files, KL_BOOT_ROLE_BOOTMGR_MUI)->name, ==, "de-de");
  g_assert_nonnull (kl_boot_files_get (files, KL_BOOT_ROLE_BOOT_STL));
  g_assert_true (kl_boot_files_can_bios (files, TRUE, NULL));
  g_assert_true (kl_boot_files_can_uefi (files, NULL));
}

static void
test_beside (WimFixture *fixture, gconstpointer data)
{
  g_autofree char *adk = fixture_path (fixture, "adk");
  g_autofree char *iso = fixture_path (fixture, "adk.iso");
  g_autoptr (KlMediaSource) folder = NULL;
  g_autoptr (KlMediaSource) disc = NULL;

  put_winload (fixture->tree);
  put_adk (fixture, adk);
  folder = kl_media_source_open (adk, NULL);
  assert_adk (fixture, folder);
  RUN (fixture, "genisoimage", "-quiet", "-J", "-joliet-long", "-o", "adk.iso", "adk");
  disc = kl_media_source_open (iso, NULL);
  assert_adk (fixture, disc);
}

/* The image comes first, and fonts of two places are not mixed. */
static void
test_image_before_folder (WimFixture *fixture, gconstpointer data)
{
  g_autofree char *adk = fixture_path (fixture, "adk");
  g_autofree char *path = NULL;
  g_autoptr (KlMediaSource) folder = NULL;
  g_autoptr (KlBootFiles) files = NULL;
  g_autoptr (GError) error = NULL;

  put_whole_set (fixture, fixture->tree);
  put_adk (fixture, adk);
  put_bytes (adk, "WinPE/amd64/Media/Boot/Fonts/other.ttf", make_font (9));
  path = capture (fixture, "boot.wim", "--boot --image-property WINDOWS/ARCH=9");
  folder = kl_media_source_open (adk, NULL);
  files = collect (fixture, path, folder, &error);
  g_assert_no_error (error);
  assert_whole_set (files);
  g_assert_cmpint (kl_boot_files_get (files, KL_BOOT_ROLE_BOOT_STL)->origin, ==,
                   KL_BOOT_ORIGIN_FOLDER);
}

/* Our own ini with one thing changed. */
static void
assert_load_fails (WimFixture *fixture, const char *from, const char *to, const char *text)
{
  g_autofree char *target = fixture_path (fixture, "target");
  g_autofree char *ini = g_build_filename (target, "boot-files.ini", NULL);
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;
  g_auto (GStrv) parts = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_get_contents (ini, &before, NULL, NULL));
  parts = g_strsplit (before, from, 2);
  g_assert_cmpuint (g_strv_length (parts), ==, 2);
  after = g_strjoinv (to, parts);
  g_assert_true (g_file_set_contents (ini, after, -1, NULL));
  g_assert_null (kl_boot_files_load (target, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_IMAGE_BROKEN);
  if (strstr (error->message, text) == NULL)
    g_error ("The message “%s” lacks “%s”", error->message, text);
  g_assert_true (g_file_set_contents (ini, before, -1, NULL));
}

static void
test_hostile_record (WimFixture *fixture, gconstpointer data)
{
  g_autofree char *bootmgr = fixture_path (fixture, "target/bootmgr");
  g_autofree char *target = fixture_path (fixture, "target");
  g_autoptr (KlBootFiles) files = NULL;
  g_autoptr (KlBootFiles) again = NULL;
  g_autoptr (GError) error = NULL;

  put_whole_set (fixture, fixture->tree);
  files = collect_tree (fixture);
  assert_load_fails (fixture, "file=bootmgr\n", "file=../boot.wim\n", "file name");
  assert_load_fails (fixture, "file=bootmgr\n", "file=/etc/passwd\n", "file name");
  assert_load_fails (fixture, "name=segoe_slboot.ttf\n", "name=..\n", "file name");
  assert_load_fails (fixture, "size=20000", "size=20001", "20001 bytes");
  assert_load_fails (fixture, "role=bootmgr\n", "role=virus\n", "role");
  assert_load_fails (fixture, "crc32c=", "crc32c=zz", "number");
  assert_load_fails (fixture, "sha256=", "sha256=aa", "number");
  assert_load_fails (fixture, "version=1", "version=2", "version");
  assert_load_fails (fixture, "[boot-files]", "boot-files", "broken");

  g_assert_cmpint (unlink (bootmgr), ==, 0);
  g_assert_cmpint (symlink ("/etc/passwd", bootmgr), ==, 0);
  again = kl_boot_files_load (target, &error);
  g_assert_error (error, KL_ERROR, KL_ERROR_IMAGE_BROKEN);
  g_assert_null (again);
}

static void
test_mutated_record (WimFixture *fixture, gconstpointer data)
{
  g_autofree char *target = fixture_path (fixture, "target");
  g_autofree char *ini = g_build_filename (target, "boot-files.ini", NULL);
  g_autofree char *prefix = g_strconcat (target, "/", NULL);
  g_autofree char *text = NULL;
  g_autoptr (GRand) random = g_rand_new_with_seed (20260105);
  g_autoptr (KlBootFiles) files = NULL;
  gsize length;
  guint n_ok = 0, n_refused = 0;

  put_whole_set (fixture, fixture->tree);
  files = collect_tree (fixture);
  g_assert_true (g_file_get_contents (ini, &text, &length, NULL));
  for (guint i = 0; i < 2000; i++)
    {
      g_autofree char *copy = g_memdup2 (text, length);
      g_autoptr (KlBootFiles) loaded = NULL;
      g_autoptr (GError) error = NULL;

      for (gint k = g_rand_int_range (random, 1, 4); k > 0; k--)
        copy[g_rand_int_range (random, 0, (gint32) length)]
            = i % 2 == 0 ? (char) g_rand_int (random)
                         : "./\n=[];\\"[g_rand_int_range (random, 0, 8)];
      g_assert_true (g_file_set_contents (ini, copy, (gssize) length, NULL));
      loaded = kl_boot_files_load (target, &error);
      if (loaded == NULL)
        {
          g_assert_error (error, KL_ERROR, KL_ERROR_IMAGE_BROKEN);
          n_refused++;
          continue;
        }
      n_ok++;
      for (guint role = 0; role <= KL_BOOT_ROLE_EFISYS; role++)
        {
          const KlBootFile *file = kl_boot_files_get (loaded, (KlBootRole) role);

          g_assert_true (file == NULL || g_str_has_prefix (file->path, prefix));
          g_assert_true (file == NULL || strchr (file->path + strlen (prefix), '/') == NULL);
        }
    }
  g_assert_cmpuint (n_ok, >, 200);
  g_assert_cmpuint (n_refused, >, 200);
}

static void
test_cancelled (WimFixture *fixture, gconstpointer data)
{
  g_autofree char *path = NULL;
  g_autofree char *target = fixture_path (fixture, "target");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (KlWim) wim = NULL;
  g_autoptr (GDir) folder = NULL;
  g_autoptr (GError) error = NULL;

  put_whole_set (fixture, fixture->tree);
  path = capture (fixture, "boot.wim", "--boot");
  wim = kl_wim_open (path, NULL);
  g_assert_cmpint (g_mkdir (target, 0700), ==, 0);
  g_cancellable_cancel (cancellable);
  g_assert_null (kl_boot_files_collect (wim, 1, NULL, target, NULL, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  folder = g_dir_open (target, 0, NULL);
  g_assert_null (g_dir_read_name (folder));
}

static void
test_unwritable (WimFixture *fixture, gconstpointer data)
{
  g_autofree char *path = NULL;
  g_autofree char *nowhere = fixture_path (fixture, "nowhere");
  g_autoptr (KlWim) wim = NULL;
  g_autoptr (GError) error = NULL;

  put_whole_set (fixture, fixture->tree);
  path = capture (fixture, "boot.wim", "--boot");
  wim = kl_wim_open (path, NULL);
  g_assert_null (kl_boot_files_collect (wim, 1, NULL, nowhere, NULL, NULL, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, nowhere));
}

static void
test_efisys (WimFixture *fixture, gconstpointer data)
{
  g_autofree char *path = fixture_path (fixture, "efisys.bin");
  g_autoptr (KlBootFiles) files = NULL;
  g_autofree char *bytes = NULL;
  gsize size;

  RUN (fixture, "truncate", "-s", "1474560", "efisys.bin");
  RUN (fixture, "mkfs.fat", "-F", "12", "efisys.bin");
  RUN (fixture, "mmd", "-i", "efisys.bin", "::EFI", "::EFI/BOOT");
  put_bytes (fixture->folder, "bootx64.efi", make_pe (0x8664, 10));
  RUN (fixture, "mcopy", "-i", "efisys.bin", "bootx64.efi", "::EFI/BOOT/BOOTX64.EFI");
  g_assert_true (g_file_get_contents (path, &bytes, &size, NULL));
  put_winload (fixture->tree);
  put (fixture->tree, "Windows/Boot/DVD/EFI/fr-FR/efisys_noprompt.bin", bytes, 1000);
  put (fixture->tree, "Windows/Boot/DVD/EFI/fr-FR/efisys.bin", bytes, size);
  files = collect_tree (fixture);
  g_assert_cmpstr (kl_boot_files_get (files, KL_BOOT_ROLE_EFISYS)->found_at, ==,
                   "\\Windows\\Boot\\DVD\\EFI\\fr-FR\\efisys.bin");
}

/* Every content test with mutated good files: an answer, and never a crash. */
static void
test_mutations (WimFixture *fixture, gconstpointer data)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (20260104);
  g_autoptr (GPtrArray) samples = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  guint n_ok = 0, n_refused = 0;

  g_ptr_array_add (samples, make_bootmgr ());
  g_ptr_array_add (samples, make_etfsboot (4096));
  g_ptr_array_add (samples, make_boot_sdi ());
  g_ptr_array_add (samples, make_pe (0x8664, 10));
  g_ptr_array_add (samples, make_font (1));
  for (guint i = 0; i < 5000; i++)
    {
      gsize size;
      const guint8 *bytes = g_bytes_get_data (samples->pdata[i % samples->len], &size);
      gsize length = i % 4 == 0 ? (gsize) g_rand_int_range (random, 0, (gint32) size) : size;
      guint8 *copy = g_memdup2 (bytes, MAX (length, 1));
      g_autoptr (GBytes) mutant = NULL;

      for (gint k = g_rand_int_range (random, 0, 3); length > 0 && k > 0; k--)
        copy[g_rand_int_range (random, 0, (gint32) MIN (length, 0x500))]
            = (guint8) g_rand_int (random);
      mutant = g_bytes_new_take (copy, length);
      for (guint role = 0; role <= KL_BOOT_ROLE_EFISYS; role++)
        {
          g_auto (KlBootContent) content = { 0 };
          g_autoptr (GError) error = NULL;

          if (kl_boot_content_check ((KlBootRole) role, mutant, "m", &content, &error))
            n_ok++;
          else
            {
              g_assert_error (error, KL_ERROR, KL_ERROR_FORMAT);
              n_refused++;
            }
        }
    }
  g_assert_cmpuint (n_ok, >, 1000);
  g_assert_cmpuint (n_refused, >, 1000);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func)                                                                            \
  g_test_add (path, WimFixture, NULL, wim_fixture_set_up, func, wim_fixture_tear_down)
  ADD ("/boot-files/a-whole-set-is-found-and-read-back", test_whole_set);
  ADD ("/boot-files/the-sms-folder-is-looked-at", test_sms_folder);
  ADD ("/boot-files/content-decides-and-not-the-name", test_content_decides);
  ADD ("/boot-files/what-is-missing-is-said", test_reasons);
  ADD ("/boot-files/none-at-all-is-an-error-that-helps", test_no_boot_files);
  ADD ("/boot-files/winload-may-lie-outside-boot", test_winload_outside_boot);
  ADD ("/boot-files/both-loaders-can-be-chosen", test_two_loaders);
  ADD ("/boot-files/the-signature-tells-the-loader", test_signature_decides);
  ADD ("/boot-files/an-old-loader-is-no-new-one", test_old_one_in_the_new_place);
  ADD ("/boot-files/a-loader-for-another-pc-is-refused", test_other_architecture);
  ADD ("/boot-files/a-folder-or-disc-beside-is-searched", test_beside);
  ADD ("/boot-files/the-image-comes-first", test_image_before_folder);
  ADD ("/boot-files/a-hostile-record-is-refused", test_hostile_record);
  ADD ("/boot-files/mutated-records-stay-in-the-folder", test_mutated_record);
  ADD ("/boot-files/names-are-safe-to-show", test_hostile_name);
  ADD ("/boot-files/cancelling-leaves-nothing", test_cancelled);
  ADD ("/boot-files/a-missing-folder-is-an-error", test_unwritable);
  ADD ("/boot-files/an-efi-boot-image-is-noted", test_efisys);
  ADD ("/boot-files/mutated-files-get-an-answer", test_mutations);
#undef ADD
  return g_test_run ();
}
