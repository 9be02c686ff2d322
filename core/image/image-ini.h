/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "base/plain-ini.h"

G_BEGIN_DECLS

/*
 * The key files of a catalog entry. A catalog may lie on a share that others write to, so what is
 * read from one is bounded in length, made valid UTF-8 and freed of control characters. Groups and
 * keys that are not known here are kept when a file is written again.
 */
#define KL_INI_IMAGE_FILE "image.ini"
#define KL_INI_STATUS_FILE "status.ini"
#define KL_SOURCE_WIM_FILE "source.wim"
#define KL_BOOT_WIM_FILE "boot.wim"
#define KL_BOOT_FILES_FOLDER "boot-files"
#define KL_LOCK_FILE ".lock"

/* [Image] */
#define KL_INI_IMAGE "Image"
#define KL_INI_NAME "Name"
#define KL_INI_DESCRIPTION "Description"
#define KL_INI_VERSION "Version"
#define KL_INI_OS_VERSION "OSVersion"
#define KL_INI_ARCHITECTURE "Architecture"
#define KL_INI_LANGUAGE "Language"
#define KL_INI_BOOT_MANAGER "BootManager" /* "2011", "2023" or "" */
#define KL_INI_CONTEXT_ID "ContextID"

/* [Source]: where it came from, and source.wim; [BootWIM]: boot.wim, where there is one */
#define KL_INI_SOURCE "Source"
#define KL_INI_BOOT_WIM "BootWIM"
#define KL_INI_PATH "Path"
#define KL_INI_INDEX "Index"
#define KL_INI_IMPORTED "Imported" /* ISO 8601, UTC */
#define KL_INI_SIZE "Size"         /* bytes */
#define KL_INI_CRC32C "CRC32C"     /* 8 hexadecimal digits */
#define KL_INI_SHA256 "SHA256"

/* [BootWIMNext]: as [BootWIM], for a boot.wim that is just taking the place of the old one; its
 * identifier tells which of the two is there. */
#define KL_INI_BOOT_WIM_NEXT "BootWIMNext"
#define KL_INI_IDENTIFIER "Identifier" /* of the WIM's header; 32 hexadecimal digits */

/* [Recipe], [Driver 1] …: what preparation does; kept by core/prepare */
#define KL_INI_RECIPE "Recipe"
#define KL_INI_DRIVER_PREFIX "Driver "

/* [Preparation]: what boot.wim was made from */
#define KL_INI_PREPARATION "Preparation"
#define KL_INI_RECIPE_STAMP "RecipeStamp" /* kl_image_ini_dup_recipe_stamp() */
#define KL_INI_INPUT_STAMP "InputStamp"   /* SHA-256 over names, sizes and times of all input */
#define KL_INI_SOURCE_VERSION "SourceVersion"
#define KL_INI_PREPARED "Prepared" /* ISO 8601, UTC */

/* [Boot]: what media of this image can do, as found at import */
#define KL_INI_BOOT "Boot"
#define KL_INI_BIOS_OPTICAL "BIOSOptical" /* true, false; each has a reason when false */
#define KL_INI_BIOS "BIOS"
#define KL_INI_UEFI "UEFI"
#define KL_INI_REASON "Reason" /* suffix: "BIOSOpticalReason" */
#define KL_INI_UEFI_ARCHITECTURE "UEFIArchitecture"
#define KL_INI_SIGNER "Signer"
#define KL_INI_BOOT_MANAGERS "BootManagers" /* "2011;2023" */

/* status.ini, [Status] */
#define KL_INI_STATUS "Status" /* also the key: 0 complete, 1 in progress, 2 error, 3 no status */
#define KL_INI_PROGRESS "Progress"
#define KL_INI_MAX_PROGRESS "MaxProgress"
#define KL_INI_PROGRESS_TEXT "ProgressText"
#define KL_INI_ERROR_CODE "ErrorCode" /* Win32 */
#define KL_INI_EXTENDED_ERROR_INFO "ExtendedErrorInfo"
#define KL_INI_MESSAGE "Message"

/* The longest name; characters. */
#define KL_NAME_MAX 256

/* A record that is only looked at: as a key file, and read ten times as fast where it is plain. */
typedef struct
{
  KlPlainIni *plain; /* one of the two */
  GKeyFile *ini;
} KlImageRecord;

GKeyFile *kl_image_ini_load (const char *folder, const char *file, GError **error);
gboolean kl_image_ini_save (GKeyFile *ini, const char *folder, const char *file, GError **error);

char *
kl_image_ini_dup_text (GKeyFile *ini, const char *group, const char *key, gsize max_characters);
char *kl_image_ini_dup_recipe_stamp (GKeyFile *ini);
guint kl_image_ini_get_build (GKeyFile *ini);
gboolean kl_image_ini_get_number (
    GKeyFile *ini, const char *group, const char *key, guint base, guint64 max, guint64 *value);

KlImageRecord *kl_image_record_load (const char *folder, GError **error);
void kl_image_record_free (KlImageRecord *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlImageRecord, kl_image_record_free)

gboolean kl_image_record_has_group (KlImageRecord *self, const char *group);
char *kl_image_record_dup_text (KlImageRecord *self,
                                const char *group,
                                const char *key,
                                gsize max_characters);
char *kl_image_record_dup_recipe_stamp (KlImageRecord *self);
gboolean kl_image_record_get_flag (KlImageRecord *self, const char *group, const char *key);
gboolean kl_image_record_get_number (KlImageRecord *self,
                                     const char *group,
                                     const char *key,
                                     guint base,
                                     guint64 max,
                                     guint64 *value);

G_END_DECLS
