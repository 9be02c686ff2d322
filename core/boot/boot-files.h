/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "base/progress.h"
#include "source/media-source.h"
#include "wim/wim.h"

G_BEGIN_DECLS

/*
 * The boot files that belong to a boot image, found by media-formats.md 5 (first the WIM's
 * \Windows\Boot, then its \sms, then the folder or ISO beside it; a name selects a candidate,
 * content decides) and kept as plain files in the catalog entry, so that making media never opens
 * the WIM.
 */
typedef enum
{
  KL_BOOT_ROLE_BOOTMGR,     /* \bootmgr */
  KL_BOOT_ROLE_BOOTMGR_MUI, /* \Boot\<lang>\bootmgr.exe.mui; several */
  KL_BOOT_ROLE_BOOT_SDI,    /* \Boot\boot.sdi */
  KL_BOOT_ROLE_ETFSBOOT,    /* El Torito BIOS image, 4096 bytes */
  KL_BOOT_ROLE_BOOTMGFW,    /* UEFI boot manager, signed with the 2011 CA; \EFI\BOOT\BOOTX64.EFI */
  KL_BOOT_ROLE_BOOTMGFW_2023, /* the same from EFI_EX, signed with the 2023 CA */
  KL_BOOT_ROLE_BOOT_STL,      /* \EFI\Microsoft\Boot\boot.stl */
  KL_BOOT_ROLE_FONT,          /* Fonts\*.ttf; several */
  KL_BOOT_ROLE_FONT_2023,     /* FONTS_EX, names without _EX; several */
  KL_BOOT_ROLE_BOOTRES,       /* Resources\bootres.dll */
  KL_BOOT_ROLE_EFISYS, /* El Torito EFI image that came with the image; only noted, media get our
                          own */
} KlBootRole;

typedef enum
{
  KL_BOOT_ORIGIN_IMAGE,  /* from inside the WIM; "image boot files" in a dry run */
  KL_BOOT_ORIGIN_FOLDER, /* from the folder or ISO beside it; "boot folder" */
} KlBootOrigin;

typedef struct
{
  KlBootRole role;
  KlBootOrigin origin;
  char *found_at; /* where it was found: "\Windows\Boot\EFI\bootmgfw.efi" */
  char *name; /* file name on the medium where the role has several, "segoe_slboot.ttf"; "en-US" for
                 a MUI */
  char *path; /* absolute path of the copy in the catalog entry */
  guint64 size; /* bytes */
  guint32 crc32c;
  char *sha256;
  guint16 machine; /* PE machine of a loader, else 0 */
  char *signer;    /* issuer CN of a loader's signature, or NULL */
} KlBootFile;

#define KL_TYPE_BOOT_FILES (kl_boot_files_get_type ())
G_DECLARE_FINAL_TYPE (KlBootFiles, kl_boot_files, KL, BOOT_FILES, GObject)

/* Which boot manager goes on a medium; the admin's choice, never switched silently
 * (media-formats.md 5.3). */
typedef enum
{
  KL_BOOT_MANAGER_DEFAULT, /* 2011 where the image has it, else what there is */
  KL_BOOT_MANAGER_2011,
  KL_BOOT_MANAGER_2023,
} KlBootManager;

/* What the lack of a boot file means. */
typedef enum
{
  KL_BOOT_LACK_FILE,         /* of a choice that cannot be served */
  KL_BOOT_LACK_BIOS,         /* PCs with BIOS cannot start the image */
  KL_BOOT_LACK_UEFI,         /* nor can those with UEFI */
  KL_BOOT_LACK_DISC,         /* PCs with BIOS cannot start it from a disc */
  KL_BOOT_LACK_BIOS_DISC,    /* nor can they, but those with UEFI can */
  KL_BOOT_LACK_NEW_MANAGERS, /* boot managers of Windows 11 24H2 and later want the file */
} KlBootLack;

KlBootFiles *kl_boot_files_collect (KlWim *wim,
                                    guint index,
                                    KlMediaSource *beside, /* nullable */
                                    const char *target_folder,
                                    KlProgress *progress,
                                    GCancellable *cancellable,
                                    GError **error);
char *kl_boot_files_dup_missing (KlBootFiles *self, KlBootRole role, KlBootLack lack); /* full */
KlBootFiles *kl_boot_files_load (const char *folder, GError **error);

/* The architecture of the image they were collected for: "x64", …; NULL where nothing told. */

const KlBootFile *kl_boot_files_get (KlBootFiles *self, KlBootRole role);
GPtrArray *kl_boot_files_get_all (KlBootFiles *self,
                                  KlBootRole role); /* of KlBootFile, container owned by caller */
const KlBootFile *
kl_boot_files_get_loader (KlBootFiles *self, KlBootManager manager, GError **error);

/* The winload that each firmware starts, "\windows\system32\boot\winload.exe", or NULL. */
const char *kl_boot_files_get_winload_exe (KlBootFiles *self);
const char *kl_boot_files_get_winload_efi (KlBootFiles *self);

/* Whether media boot, and if not, why: an English sentence in *reason. */
gboolean kl_boot_files_can_bios (KlBootFiles *self, gboolean optical, char **reason);
gboolean kl_boot_files_can_uefi (KlBootFiles *self, char **reason);
/* KL_ERROR_NO_BOOT_FILES where neither firmware can start media, with both reasons. */
gboolean kl_boot_files_check_any (KlBootFiles *self, GError **error);
const char *
kl_boot_files_get_uefi_architecture (KlBootFiles *self); /* "x64", "x86", "arm64" or NULL */

G_END_DECLS
