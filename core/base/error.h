/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/*
 * The one error domain of core. Codes are named for what the caller can do about them. The message
 * is English, states the fact with its numbers, and is never shown to a person except as detail:
 * the sentence for the person stands in app/error-text.c, by code.
 *
 * Cancelling is G_IO_ERROR_CANCELLED and never a code of this domain.
 *
 * A KlError may carry a detail: the text for {0} of the documented messages (media-api.md 3), for
 * instance a boot image ID.
 */
#define KL_ERROR (kl_error_quark ())

typedef enum
{
  KL_ERROR_FAILED,           /* anything else */
  KL_ERROR_INVALID_ARGUMENT, /* the caller asked for something that cannot be */
  KL_ERROR_NOT_FOUND,        /* an input file is not there */
  KL_ERROR_PERMISSION,
  KL_ERROR_FORMAT, /* a file is not of the kind it should be */
  KL_ERROR_BUSY,   /* another job or process works on the same thing */
  KL_ERROR_WRITE_PROTECTED,
  KL_ERROR_DEVICE_GONE,
  KL_ERROR_NO_SPACE,
  KL_ERROR_IO,
  KL_ERROR_MISMATCH, /* read-back differs from what was written */
  KL_ERROR_CAPACITY, /* the drive holds less than it says */
  KL_ERROR_OUT_OF_MEMORY,
  KL_ERROR_WRONG_DRIVE,  /* the drive is not the one that was chosen */
  KL_ERROR_DRIVE_IN_USE, /* a program or a mount keeps it; detail: which volume, and by whom */

  /* Boot images. */
  KL_ERROR_WIM_TRUNCATED,    /* shorter than its header says */
  KL_ERROR_WIM_SPLIT,        /* one part of several */
  KL_ERROR_WIM_UNREADABLE,   /* pipable, solid, LZMS, odd chunk size: boot managers can't read it */
  KL_ERROR_WIM_DAMAGED,      /* integrity table, metadata or a blob does not match its digest */
  KL_ERROR_WIM_INDEX,        /* there is no such image in the file, or one must be chosen */
  KL_ERROR_WIM_NOT_BOOTABLE, /* no image in it can be started */
  KL_ERROR_NO_BOOT_FILES,    /* neither BIOS nor UEFI can start it: the files are missing */
  KL_ERROR_IMAGE_BROKEN,     /* a catalog entry cannot be used */
  KL_ERROR_INJECTION,        /* preparation failed; detail: the file in the way */
  KL_ERROR_TIME_ZONE,        /* the image does not know the one that is to be set */

  /* Media. */
  KL_ERROR_LABEL,       /* the label cannot be written */
  KL_ERROR_NO_MANIFEST, /* a medium that was not made by Kindling */

  /* Certificate and secrets. */
  KL_ERROR_CERT_VALIDITY,  /* expired, or not valid yet */
  KL_ERROR_MEDIA_PASSWORD, /* the medium's variables are sealed under another password */

  /* The twelve documented codes, CREATETSMEDIA_E_*, in the order of their HRESULTs. */
  KL_ERROR_NO_DEFAULT_MP = 101, /* 0x80040001 */
  KL_ERROR_NO_MP_CERTS,
  KL_ERROR_MISSING_PACKAGE, /* detail: the boot image ID */
  KL_ERROR_CERT_PASSWORD,
  KL_ERROR_PRIVATE_KEY,
  KL_ERROR_NO_CA_CERT,
  KL_ERROR_NO_SITE_SIGN_CERT,
  KL_ERROR_CONNECTION_OPTIONS,
  KL_ERROR_CONNECTION_OPTION_NAME, /* detail: the name */
  KL_ERROR_UFD_FS_FAT16,
  KL_ERROR_UFD_FS_UNKNOWN,
  KL_ERROR_PACKAGE_TOO_LARGE, /* detail: the package ID; 0x8004000C */
} KlError;

/* Of a text that counts @n: the one of two that fits, in English. po/core-texts.py looks for it. */
#define KL_PLURAL(n, one, many) ((n) == 1 ? one : many)

GQuark kl_error_quark (void);

/* What is known of a code, for the manual. */
typedef struct
{
  int code;
  guint32 hresult;
  const char *symbol;
  const char *meaning; /* the condition that produces it; English, to follow a colon */
} KlErrorRow;

const KlErrorRow *kl_error_get_rows (guint *n_rows);
void kl_error_set_detail (GError *error, const char *detail);
const char *kl_error_get_detail (const GError *error);
gboolean kl_error_blame (GError **error, const char *file);
guint32 kl_error_get_hresult (const GError *error);
const char *kl_error_get_symbol (const GError *error);
int kl_error_get_exit_status (const GError *error);

void kl_set_error_errno (GError **error, int errnum, const char *format, ...) G_GNUC_PRINTF (3, 4);
void kl_translate_io_error (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

G_END_DECLS
