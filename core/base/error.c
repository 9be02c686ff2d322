/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-error"

#include "base/error.h"

#include <errno.h>

typedef struct
{
  char *detail; /* owned; the text for {0}, or NULL */
} KlErrorPrivate;

/* HRESULTs: media-api.md 3, both tables. The symbol is what --json prints as "code". */
static const KlErrorRow error_rows[] = {
  { KL_ERROR_FAILED, 0x80004005, "E_FAIL", "anything else" },
  { KL_ERROR_INVALID_ARGUMENT, 0x80070057, "E_INVALIDARG",
    "what was asked for cannot be, or the site's policy forbids it" },
  { KL_ERROR_NOT_FOUND, 0x80070002, "ERROR_FILE_NOT_FOUND", "a file that is read is not there" },
  { KL_ERROR_PERMISSION, 0x80070005, "E_ACCESSDENIED", "access was denied" },
  { KL_ERROR_FORMAT, 0x8007000B, "ERROR_BAD_FORMAT",
    "a file is not of the kind that it should be" },
  { KL_ERROR_BUSY, 0x800700AA, "ERROR_BUSY", "another job or process works on the same thing" },
  { KL_ERROR_WRITE_PROTECTED, 0x80070013, "ERROR_WRITE_PROTECT",
    "the target cannot be written to" },
  { KL_ERROR_DEVICE_GONE, 0x80070015, "ERROR_NOT_READY", "the drive or share is no longer there" },
  { KL_ERROR_NO_SPACE, 0x80070070, "ERROR_DISK_FULL", "the target is full" },
  { KL_ERROR_IO, 0x8007045D, "ERROR_IO_DEVICE", "reading or writing failed" },
  { KL_ERROR_MISMATCH, 0x80070017, "ERROR_CRC",
    "what was read back differs from what was written or recorded" },
  { KL_ERROR_CAPACITY, 0x80070017, "KINDLING_E_CAPACITY", "the drive holds less than it says" },
  { KL_ERROR_OUT_OF_MEMORY, 0x8007000E, "E_OUTOFMEMORY", "there is not enough memory" },
  { KL_ERROR_WRONG_DRIVE, 0x80070022, "ERROR_WRONG_DISK",
    "the drive is not the one that was chosen" },
  { KL_ERROR_DRIVE_IN_USE, 0x80070964, "ERROR_DEVICE_IN_USE",
    "a program uses the drive, or a volume of it stays mounted; the detail says which" },
  { KL_ERROR_WIM_TRUNCATED, 0x8007000B, "KINDLING_E_WIM_TRUNCATED",
    "the WIM is shorter than its header says" },
  { KL_ERROR_WIM_SPLIT, 0x8007000B, "KINDLING_E_WIM_SPLIT", "the WIM is one part of several" },
  { KL_ERROR_WIM_UNREADABLE, 0x8007000B, "KINDLING_E_WIM_UNREADABLE",
    "boot managers cannot read this kind of WIM" },
  { KL_ERROR_WIM_DAMAGED, 0x8007000B, "KINDLING_E_WIM_DAMAGED",
    "the WIM does not match its own checksums" },
  { KL_ERROR_WIM_INDEX, 0x80070057, "KINDLING_E_WIM_INDEX",
    "the WIM has no such image, or one of several must be chosen" },
  { KL_ERROR_WIM_NOT_BOOTABLE, 0x8007000B, "KINDLING_E_WIM_NOT_BOOTABLE",
    "no image of the WIM can be started" },
  { KL_ERROR_NO_BOOT_FILES, 0x80070002, "KINDLING_E_NO_BOOT_FILES",
    "neither BIOS nor UEFI can start the image: its boot files are missing" },
  { KL_ERROR_IMAGE_BROKEN, 0x8007000B, "KINDLING_E_IMAGE_BROKEN",
    "the catalog's entry cannot be used" },
  { KL_ERROR_INJECTION, 0x8007000D, "KINDLING_E_INJECTION",
    "the boot image could not be prepared" },
  { KL_ERROR_TIME_ZONE, 0x80070057, "KINDLING_E_TIME_ZONE",
    "the image has no such time zone, or no list of time zones" },
  { KL_ERROR_LABEL, 0x80070057, "KINDLING_E_LABEL", "the label cannot be written" },
  { KL_ERROR_NO_MANIFEST, 0x80070002, "KINDLING_E_NO_MANIFEST",
    "the medium was not made by Kindling" },
  { KL_ERROR_CERT_VALIDITY, 0x800B0101, "CERT_E_EXPIRED",
    "the certificate file's certificate has expired or is not valid yet; --ignore-validity takes "
    "it" },
  { KL_ERROR_MEDIA_PASSWORD, 0x80070056, "ERROR_INVALID_PASSWORD",
    "the medium's variables are sealed under another password" },
  { KL_ERROR_NO_DEFAULT_MP, 0x80040001, "CREATETSMEDIA_E_NODEFAULTMP",
    "the site profile names no management point" },
  { KL_ERROR_NO_MP_CERTS, 0x80040002, "CREATETSMEDIA_E_NOMPCERTS",
    "the management point's certificate file is missing or no certificate" },
  { KL_ERROR_MISSING_PACKAGE, 0x80040003, "CREATETSMEDIA_E_MISSINGPACKAGE",
    "the boot image is not in the catalog, no WIM there or in a content folder matches its record, "
    "or the folder of its prestart files (SMS10000) is gone; the detail is the ID" },
  { KL_ERROR_CERT_PASSWORD, 0x80040004, "CREATETSMEDIA_E_CERTPASSWORD",
    "the password of the certificate file is wrong" },
  { KL_ERROR_PRIVATE_KEY, 0x80040005, "CREATETSMEDIA_E_PRIVATEKEY",
    "the certificate file holds no private key, or that of another certificate" },
  { KL_ERROR_NO_CA_CERT, 0x80040006, "CREATETSMEDIA_E_NOCACERT",
    "the site has an HTTPS management point and no readable root CA certificate" },
  { KL_ERROR_NO_SITE_SIGN_CERT, 0x80040007, "CREATETSMEDIA_E_NOSITESIGNCERT",
    "the site profile names no site signing certificate, or its file is none" },
  { KL_ERROR_CONNECTION_OPTIONS, 0x80040008, "CREATETSMEDIA_E_CONNECTIONOPTIONS",
    "the connection options are not of the form name=value, or repeat a name" },
  { KL_ERROR_CONNECTION_OPTION_NAME, 0x80040009, "CREATETSMEDIA_E_CONNECTIONOPTIONNAME",
    "there is no connection option of that name, which is the detail" },
  { KL_ERROR_UFD_FS_FAT16, 0x8004000A, "CREATETSMEDIA_E_UFD_FS_FAT16",
    "the drive is FAT16 and must be FAT32 or NTFS" },
  { KL_ERROR_UFD_FS_UNKNOWN, 0x8004000B, "CREATETSMEDIA_E_UFD_FS_UNKNOWN",
    "the drive has another file system and must be FAT32 or NTFS" },
  { KL_ERROR_PACKAGE_TOO_LARGE, 0x8004000C, "CREATETSMEDIA_E_PACKAGETOOLARGE",
    "the boot image is too large for the target; the detail is its ID" },
};

static void
kl_error_private_init (KlErrorPrivate *priv)
{
  priv->detail = NULL;
}

static void
kl_error_private_copy (const KlErrorPrivate *source, KlErrorPrivate *target)
{
  target->detail = g_strdup (source->detail);
}

static void
kl_error_private_clear (KlErrorPrivate *priv)
{
  g_free (priv->detail);
}

G_DEFINE_EXTENDED_ERROR (KlError, kl_error)

static const KlErrorRow *
find_row (const GError *error)
{
  if (error->domain != KL_ERROR)
    return NULL;

  for (guint i = 0; i < G_N_ELEMENTS (error_rows); i++)
    if (error_rows[i].code == error->code)
      return &error_rows[i];

  return NULL;
}

/**
 * kl_error_get_rows:
 * @n_rows: (out): how many
 *
 * Returns: (transfer none): all codes, the documented ones last and in their order; the manual's
 *   tables are made of them
 */
const KlErrorRow *
kl_error_get_rows (guint *n_rows)
{
  *n_rows = G_N_ELEMENTS (error_rows);
  return error_rows;
}

/**
 * kl_error_set_detail:
 * @error: an error of the domain KL_ERROR
 * @detail: the text for {0} of the documented message, for instance a boot image ID
 *
 * Attaches the detail that ErrorDetail reports (media-api.md 1.1). Any thread that owns @error.
 */
void
kl_error_set_detail (GError *error, const char *detail)
{
  KlErrorPrivate *priv;

  g_return_if_fail (error != NULL && error->domain == KL_ERROR);

  priv = kl_error_get_private (error);
  g_free (priv->detail);
  priv->detail = g_strdup (detail);
}

/**
 * kl_error_get_detail:
 *
 * Returns: (nullable): what kl_error_set_detail() attached; %NULL for errors of other domains
 */
const char *
kl_error_get_detail (const GError *error)
{
  if (error == NULL || error->domain != KL_ERROR)
    return NULL;

  return kl_error_get_private (error)->detail;
}

/**
 * kl_error_blame:
 * @error: (inout): of the domain KL_ERROR, or another, which is left alone
 * @file: what the error is about
 *
 * Makes a file the error's detail, unless it has one.
 *
 * Returns: %FALSE, for the return statement of a function that failed
 */
gboolean
kl_error_blame (GError **error, const char *file)
{
  if (error != NULL && *error != NULL && (*error)->domain == KL_ERROR
      && kl_error_get_detail (*error) == NULL)
    kl_error_set_detail (*error, file);
  return FALSE;
}

/**
 * kl_error_get_hresult:
 *
 * Returns: the HRESULT that ExitCode reports for @error (media-api.md 3): 0x800704C7 for a
 * cancelled run, 0x80004005 for errors of other domains, 0 for %NULL
 */
guint32
kl_error_get_hresult (const GError *error)
{
  const KlErrorRow *row;

  if (error == NULL)
    return 0;
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return 0x800704C7;

  row = find_row (error);
  return row != NULL ? row->hresult : 0x80004005;
}

/**
 * kl_error_get_symbol:
 *
 * Returns: the symbol that the terminal prints as "code", such as CREATETSMEDIA_E_MISSINGPACKAGE
 */
const char *
kl_error_get_symbol (const GError *error)
{
  const KlErrorRow *row;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return "ERROR_CANCELLED";

  row = find_row (error);
  return row != NULL ? row->symbol : "E_FAIL";
}

/**
 * kl_error_get_exit_status:
 *
 * Returns: the exit status of kindlingctl for @error (interface.md 2): 3 when cancelled, 11 to 22
 *   for the twelve documented codes, 30 where preparation failed, 31 for a medium that differs,
 *   else 1
 */
int
kl_error_get_exit_status (const GError *error)
{
  if (error == NULL)
    return 0;
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return 3;
  if (error->domain != KL_ERROR)
    return 1;
  if (error->code >= KL_ERROR_NO_DEFAULT_MP && error->code <= KL_ERROR_PACKAGE_TOO_LARGE)
    return 11 + error->code - KL_ERROR_NO_DEFAULT_MP;
  if (error->code == KL_ERROR_INJECTION)
    return 30;
  if (error->code == KL_ERROR_MISMATCH)
    return 31;

  return 1;
}

static int
code_from_errno (int errnum)
{
  switch (errnum)
    {
    case ENOENT:
    case ENOTDIR:
      return KL_ERROR_NOT_FOUND;
    case EACCES:
    case EPERM:
      return KL_ERROR_PERMISSION;
    case EROFS:
      return KL_ERROR_WRITE_PROTECTED;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return KL_ERROR_NO_SPACE;
    case EBUSY:
    case ETXTBSY:
      return KL_ERROR_BUSY;
    case ENODEV:
    case ENXIO:
    case ENOMEDIUM:
    case ESTALE:
      return KL_ERROR_DEVICE_GONE;
    case ENOMEM:
      return KL_ERROR_OUT_OF_MEMORY;
    case EINVAL:
    case EISDIR:
    case ENAMETOOLONG:
      return KL_ERROR_INVALID_ARGUMENT;
    case EIO:
      return KL_ERROR_IO;
    default:
      return KL_ERROR_FAILED;
    }
}

/**
 * kl_set_error_errno:
 * @errnum: a value of errno
 * @format: what was being done, and to which file; ": " and the system's words are added
 *
 * Sets an error of the code that @errnum stands for.
 */
void
kl_set_error_errno (GError **error, int errnum, const char *format, ...)
{
  g_autofree char *what = NULL;
  va_list args;

  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);

  g_set_error (error, KL_ERROR, code_from_errno (errnum), "%s: %s", what, g_strerror (errnum));
}

static int
code_from_gio (const GError *error)
{
  if (error->domain == G_FILE_ERROR)
    switch (error->code)
      {
      case G_FILE_ERROR_NOENT:
      case G_FILE_ERROR_NOTDIR:
        return KL_ERROR_NOT_FOUND;
      case G_FILE_ERROR_ACCES:
      case G_FILE_ERROR_PERM:
        return KL_ERROR_PERMISSION;
      case G_FILE_ERROR_ROFS:
        return KL_ERROR_WRITE_PROTECTED;
      case G_FILE_ERROR_NOSPC:
        return KL_ERROR_NO_SPACE;
      case G_FILE_ERROR_IO:
        return KL_ERROR_IO;
      default:
        return KL_ERROR_FAILED;
      }

  if (error->domain == G_IO_ERROR)
    switch (error->code)
      {
      case G_IO_ERROR_NOT_FOUND:
      case G_IO_ERROR_NOT_DIRECTORY:
        return KL_ERROR_NOT_FOUND;
      case G_IO_ERROR_PERMISSION_DENIED:
        return KL_ERROR_PERMISSION;
      case G_IO_ERROR_READ_ONLY:
        return KL_ERROR_WRITE_PROTECTED;
      case G_IO_ERROR_NO_SPACE:
        return KL_ERROR_NO_SPACE;
      case G_IO_ERROR_BUSY:
        return KL_ERROR_BUSY;
      default:
        return KL_ERROR_FAILED;
      }

  return KL_ERROR_FAILED;
}

/**
 * kl_translate_io_error:
 * @error: (inout): holds an error of GLib's file functions, or of ours
 * @format: what was being done; becomes the beginning of the message
 *
 * Turns an error of G_FILE_ERROR or G_IO_ERROR into one of KL_ERROR with the same meaning.
 * Cancelling and errors that are ours already keep their code. Does nothing if @error is %NULL or
 * empty.
 */
void
kl_translate_io_error (GError **error, const char *format, ...)
{
  g_autofree char *what = NULL;
  va_list args;

  if (error == NULL || *error == NULL)
    return;
  if (g_error_matches (*error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;

  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);

  if ((*error)->domain == KL_ERROR)
    g_prefix_error (error, "%s: ", what);
  else
    {
      GError *translated
          = g_error_new (KL_ERROR, code_from_gio (*error), "%s: %s", what, (*error)->message);

      g_clear_error (error);
      *error = translated;
    }
}
