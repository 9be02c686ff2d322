/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-boot-content"

#include "boot/boot-content.h"

#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "crypto/authenticode.h"
#include "crypto/pe-file.h"

#define MIB ((guint64) 1 << 20)
#define ETFSBOOT_SIZE 4096
#define BOOTMGR_NAME_WITHIN 65536 /* the text BOOTMGR stands in the first 64 KiB */

/* media-formats.md 6 */
#define SDI_MAGIC "$SDI0001"
#define SDI_PAGE_ALIGNMENT 0x70 /* u64: 2 */
#define SDI_HEADER_SIZE 0x200   /* its bytes sum up to 0 */
#define SDI_TABLE 0x400
#define SDI_ENTRY_SIZE 64
#define SDI_N_ENTRIES 8
#define SDI_ENTRY_OFFSET 16
#define SDI_ENTRY_LENGTH 24
#define SDI_ENTRY_BASE 32
#define SDI_PART_OFFSET 0x2000
#define SDI_PART_BASE 7

#define NO_SDI "%s is not a RAM disk description (boot.sdi): %s."
#define NO_LOADER "%s is not an EFI boot manager: %s."

/* @format: of the file and the reason; a whole sentence. */
#define refuse(error, found_at, format, why)                                                       \
  (g_set_error (error, KL_ERROR, KL_ERROR_FORMAT, format, found_at, why), FALSE)

static gboolean
contains (KlBytesView view, const char *text, gsize within)
{
  return view.data != NULL
         && memmem (view.data, MIN (view.size, within), text, strlen (text)) != NULL;
}

static gboolean
check_bootmgr (KlBytesView view, const char *found_at, GError **error)
{
  guint8 first = 0;

  if (!kl_view_u8 (view, 0, &first) || (first != 0xE9 && first != 0xEB))
    return refuse (error, found_at, "%s is not a boot manager: %s.",
                   "it does not begin with a jump");
  if (!contains (view, "BOOTMGR", BOOTMGR_NAME_WITHIN))
    return refuse (error, found_at, "%s is not a boot manager: %s.",
                   "the text BOOTMGR is not in its first 64 KiB");

  return TRUE;
}

static gboolean
check_etfsboot (KlBytesView view, const char *found_at, GError **error)
{
  if (view.size != ETFSBOOT_SIZE)
    return refuse (error, found_at, "%s is not a CD boot sector: %s.",
                   "it does not have 4096 bytes");
  if (!contains (view, "BOOTFIX", view.size) || !contains (view, "BOOTMGR", view.size))
    return refuse (error, found_at, "%s is not a CD boot sector: %s.",
                   "it does not name BOOTFIX and BOOTMGR");

  return TRUE;
}

static gboolean
find_sdi_entry (KlBytesView view, const char *type, guint64 *offset, guint64 *length, guint64 *base)
{
  char padded[8] = { 0 };

  memcpy (padded, type, strlen (type));
  for (guint i = 0; i < SDI_N_ENTRIES; i++)
    {
      guint64 at = SDI_TABLE + (guint64) i * SDI_ENTRY_SIZE;

      if (kl_view_equals (view, at, padded, sizeof padded)
          && kl_view_u64 (view, at + SDI_ENTRY_OFFSET, offset)
          && kl_view_u64 (view, at + SDI_ENTRY_LENGTH, length)
          && kl_view_u64 (view, at + SDI_ENTRY_BASE, base))
        return TRUE;
    }

  return FALSE;
}

static gboolean
check_boot_sdi (KlBytesView view, const char *found_at, GError **error)
{
  guint64 alignment, offset, length, base;
  KlBytesView part;
  guint8 sum = 0;

  if (!kl_view_equals (view, 0, SDI_MAGIC, strlen (SDI_MAGIC)))
    return refuse (error, found_at, NO_SDI, "it does not begin with $SDI0001");
  if (!kl_view_u64 (view, SDI_PAGE_ALIGNMENT, &alignment) || alignment != 2)
    return refuse (error, found_at, NO_SDI, "its page alignment is not 2");

  for (gsize i = 0; i < MIN (view.size, SDI_HEADER_SIZE); i++)
    sum = (guint8) (sum + view.data[i]);
  if (view.size < SDI_HEADER_SIZE || sum != 0)
    return refuse (error, found_at, NO_SDI, "the checksum of its header is wrong");

  if (!find_sdi_entry (view, "PART", &offset, &length, &base) || offset != SDI_PART_OFFSET
      || base != SDI_PART_BASE || length == 0 || !kl_view_slice (view, offset, length, &part))
    return refuse (error, found_at, NO_SDI, "it holds no partition");
  if (!find_sdi_entry (view, "WIM", &offset, &length, &base) || offset > view.size)
    return refuse (error, found_at, NO_SDI, "it has no place for a WIM");

  return TRUE;
}

static gboolean
check_loader (GBytes *bytes, const char *found_at, KlBootContent *content, GError **error)
{
  g_autoptr (GBytes) signature = NULL;
  g_autoptr (GError) broken = NULL;
  KlPeFile pe;

  if (!kl_pe_parse (bytes, found_at, &pe, NULL))
    return refuse (error, found_at, NO_LOADER, "it is not a Windows program");
  if (pe.machine != KL_PE_MACHINE_X86 && pe.machine != KL_PE_MACHINE_X64
      && pe.machine != KL_PE_MACHINE_ARM64)
    return refuse (error, found_at, NO_LOADER, "it is for none of x86, x64 and arm64");
  if (pe.subsystem != KL_PE_SUBSYSTEM_EFI_APPLICATION
      && pe.subsystem != KL_PE_SUBSYSTEM_BOOT_APPLICATION)
    return refuse (error, found_at, NO_LOADER, "it is a program of another kind");

  content->machine = pe.machine;
  if (pe.signature_size == 0)
    return TRUE;

  signature = g_bytes_new_from_bytes (bytes, pe.signature_offset, pe.signature_size);
  content->signer = kl_authenticode_dup_signer (signature, &broken);
  if (content->signer == NULL)
    return refuse (error, found_at, NO_LOADER, "its signature cannot be read");
  return TRUE;
}

static gboolean
check_program (GBytes *bytes, const char *found_at, GError **error)
{
  KlPeFile pe;

  return kl_pe_parse (bytes, found_at, &pe, NULL)
         || refuse (error, found_at, "%s is not a resource file: %s.",
                    "it is not a Windows program");
}

static gboolean
check_font (KlBytesView view, const char *found_at, GError **error)
{
  return kl_view_equals (view, 0, "\0\1\0\0", 4) || kl_view_equals (view, 0, "true", 4)
         || kl_view_equals (view, 0, "OTTO", 4) || kl_view_equals (view, 0, "ttcf", 4)
         || refuse (error, found_at, "%s is not a font: %s.", "it does not begin like one");
}

/* A FAT volume with EFI/BOOT/BOOT*.EFI; directory entries are 32 bytes, aligned. */
static gboolean
check_efisys (KlBytesView view, const char *found_at, GError **error)
{
  static const char *const loaders[] = { "BOOTX64 EFI", "BOOTIA32EFI", "BOOTAA64EFI" };
  guint16 sector_size = 0;
  gboolean has_folder = FALSE, has_loader = FALSE;

  if (!kl_view_equals (view, 0x1fe, "\x55\xaa", 2) || !kl_view_u16 (view, 11, &sector_size)
      || sector_size != 512)
    return refuse (error, found_at, "%s is not an EFI boot image: %s.", "it is not a FAT volume");

  for (guint64 at = sector_size; at + 32 <= view.size; at += 32)
    {
      has_folder = has_folder || kl_view_equals (view, at, "EFI        \x10", 12);
      for (guint i = 0; i < G_N_ELEMENTS (loaders); i++)
        has_loader = has_loader || kl_view_equals (view, at, loaders[i], 11);
    }

  return (has_folder && has_loader)
         || refuse (error, found_at, "%s is not an EFI boot image: %s.",
                    "it holds no EFI/BOOT/BOOT*.EFI");
}

/**
 * kl_boot_content_get_limit:
 *
 * Returns: the largest size at which a file of @role is looked at; bytes
 */
guint64
kl_boot_content_get_limit (KlBootRole role)
{
  switch (role)
    {
    case KL_BOOT_ROLE_ETFSBOOT:
      return MIB;
    case KL_BOOT_ROLE_BOOTMGR:
    case KL_BOOT_ROLE_BOOTMGR_MUI:
    case KL_BOOT_ROLE_BOOT_STL:
    case KL_BOOT_ROLE_BOOTRES:
      return 4 * MIB;
    case KL_BOOT_ROLE_BOOT_SDI:
    case KL_BOOT_ROLE_BOOTMGFW:
    case KL_BOOT_ROLE_BOOTMGFW_2023:
      return 16 * MIB;
    case KL_BOOT_ROLE_FONT:
    case KL_BOOT_ROLE_FONT_2023:
    case KL_BOOT_ROLE_EFISYS:
    default:
      return 32 * MIB;
    }
}

/**
 * kl_boot_content_check:
 * @found_at: where the file was found, for the message
 * @content: (out): filled on success; clear it
 *
 * Whether a file is what its name says (image-customisation.md 7; boot.sdi: media-formats.md 6).
 *
 * Errors: KL_ERROR_FORMAT with a whole sentence: "\Windows\Boot\PCAT\bootmgr is not a boot manager:
 * it does not begin with a jump." Any thread.
 */
gboolean
kl_boot_content_check (
    KlBootRole role, GBytes *bytes, const char *found_at, KlBootContent *content, GError **error)
{
  KlBytesView view;

  *content = (KlBootContent){ 0 };
  view.data = g_bytes_get_data (bytes, &view.size);
  if (view.size == 0)
    return refuse (error, found_at, "%s is not a boot file: %s.", "it is empty");

  switch (role)
    {
    case KL_BOOT_ROLE_BOOTMGR:
      return check_bootmgr (view, found_at, error);
    case KL_BOOT_ROLE_ETFSBOOT:
      return check_etfsboot (view, found_at, error);
    case KL_BOOT_ROLE_BOOT_SDI:
      return check_boot_sdi (view, found_at, error);
    case KL_BOOT_ROLE_BOOTMGFW:
    case KL_BOOT_ROLE_BOOTMGFW_2023:
      return check_loader (bytes, found_at, content, error);
    case KL_BOOT_ROLE_BOOTMGR_MUI:
    case KL_BOOT_ROLE_BOOTRES:
      return check_program (bytes, found_at, error);
    case KL_BOOT_ROLE_FONT:
    case KL_BOOT_ROLE_FONT_2023:
      return check_font (view, found_at, error);
    case KL_BOOT_ROLE_EFISYS:
      return check_efisys (view, found_at, error);
    case KL_BOOT_ROLE_BOOT_STL:
    default:
      return kl_pkcs7_is_trust_list (bytes)
             || refuse (error, found_at, "%s is not a certificate trust list: %s.",
                        "it is no such PKCS#7");
    }
}

void
kl_boot_content_clear (KlBootContent *content)
{
  g_clear_pointer (&content->signer, g_free);
}
