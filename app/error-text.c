/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-error-text"

#include "config.h"

#include "error-text.h"

#include <glib/gi18n.h>

#include "base/error.h"

typedef struct
{
  int code;
  const char *title;     /* what happened */
  const char *next_step; /* what to do; %s stands for the detail of the error */
} TextRow;

static const TextRow text_rows[] = {
  { KL_ERROR_FAILED, N_ ("The operation failed"), N_ ("Read the details and try again.") },
  { KL_ERROR_INVALID_ARGUMENT, N_ ("This cannot be done as asked"),
    N_ ("Read the details, change what they name and try again.") },
  { KL_ERROR_NOT_FOUND, N_ ("A file or folder is not there"),
    N_ ("Check that its name is right and that its drive or network share is connected.") },
  { KL_ERROR_PERMISSION, N_ ("Access was denied"),
    N_ ("A file or folder: choose another one, or change its permissions. A drive: try again and "
        "allow it when you are asked, or have it allowed by whoever administers this computer.") },
  { KL_ERROR_FORMAT, N_ ("The file is not of the expected kind"),
    N_ ("Choose a boot image (WIM), an ISO file, or a folder with one. If this should be such a "
        "file, copy it again from where it came.") },
  { KL_ERROR_BUSY, N_ ("Another job is working on the same thing"),
    N_ ("Wait until that job has ended and try again.") },
  { KL_ERROR_WRITE_PROTECTED, N_ ("The target cannot be written to"),
    N_ ("Choose a target that is not write-protected, or remove its protection.") },
  { KL_ERROR_DEVICE_GONE, N_ ("The drive or network share is no longer there"),
    N_ ("Connect it again and start over.") },
  { KL_ERROR_NO_SPACE, N_ ("There is not enough free space"),
    N_ ("Free some space or choose another target. Whatever stood there before is unchanged.") },
  { KL_ERROR_IO, N_ ("Reading or writing failed"),
    N_ ("Try again. If it fails again, the drive may be faulty: use another one.") },
  { KL_ERROR_MISMATCH, N_ ("What was read back differs from what should be there"),
    N_ ("Make the medium again. If it differs again, the drive or the memory of this computer may "
        "be faulty.") },
  { KL_ERROR_CAPACITY, N_ ("The drive holds less than it says"),
    N_ ("It is counterfeit or faulty, and loses files. Use another drive, and do not trust this "
        "one "
        "with anything.") },
  { KL_ERROR_OUT_OF_MEMORY, N_ ("There is not enough memory"),
    N_ ("Close other programs and try again.") },
  { KL_ERROR_WRONG_DRIVE, N_ ("This is not the drive that was chosen"),
    N_ ("Choose the drive again. Nothing was written to the one that is there now.") },
  { KL_ERROR_DRIVE_IN_USE, N_ ("The drive is in use"),
    /* Translators: %s is a volume or a drive, and the programs that use it where they are known:
       "WINPE (/media/ann/WINPE): bash (PID 12)". */
    N_ ("In use: %s. Close its files and folders in all programs, also in the file manager and "
        "in terminals, and try again.") },

  { KL_ERROR_WIM_TRUNCATED, N_ ("The boot image is incomplete"),
    N_ ("The file is shorter than it should be. Copy it again from where it came.") },
  { KL_ERROR_WIM_SPLIT, N_ ("The boot image is one part of several"),
    N_ ("Join all parts into one WIM file, for example with “wimlib-imagex join”, and import "
        "that.") },
  { KL_ERROR_WIM_UNREADABLE, N_ ("Boot managers cannot read this kind of WIM"),
    N_ ("Import it with compressing anew: a copy that they can read is made, and your file stays "
        "as it is.") },
  { KL_ERROR_WIM_DAMAGED, N_ ("The boot image is damaged"),
    N_ ("Its contents do not match its checksums. Copy it again from where it came.") },
  { KL_ERROR_WIM_INDEX, N_ ("The image to use is not clear"),
    N_ ("Choose one of the images that the file holds by its number.") },
  { KL_ERROR_WIM_NOT_BOOTABLE, N_ ("The file holds no image that can be started"),
    N_ ("Choose a Windows PE boot image, such as “boot.wim” or “winpe.wim”.") },
  { KL_ERROR_NO_BOOT_FILES, N_ ("The boot files are missing"),
    N_ ("Import the image again together with a folder or ISO file that holds its boot files, such "
        "as Windows installation media or the Media folder of the ADK.") },
  { KL_ERROR_IMAGE_BROKEN, N_ ("The boot image in the catalog cannot be used"),
    N_ ("Remove the image and import it again.") },

  { KL_ERROR_INJECTION, N_ ("The boot image could not be prepared"),
    N_ ("Correct what the details name and prepare the image again. The image that was prepared "
        "before is still in use.") },
  { KL_ERROR_TIME_ZONE, N_ ("The boot image does not know the time zone"),
    N_ ("Take UTC or leave the time zone as it is, in “Start-Up and Settings”. A zone of your own "
        "needs a boot image with the list of time zones that Windows has; if this one has it, the "
        "details say which names are in it.") },

  { KL_ERROR_LABEL, N_ ("The label cannot be used"),
    N_ ("Use 1 to 32 characters, and none of these: \" * + , . / : ; < = > ? [ \\ ] |") },
  { KL_ERROR_NO_MANIFEST, N_ ("The medium has no list of its files"),
    N_ ("Only media made by Kindling can be checked. Make the medium again.") },

  { KL_ERROR_CERT_VALIDITY, N_ ("The certificate is not valid today"),
    N_ ("Choose a certificate whose validity has begun and not ended, and check the date and time "
        "of this computer.") },
  { KL_ERROR_MEDIA_PASSWORD, N_ ("The media password is wrong"),
    N_ ("Enter the password that was given when the medium was made.") },

  { KL_ERROR_NO_DEFAULT_MP, N_ ("The site has no default management point"),
    N_ ("Add a management point to the site profile.") },
  { KL_ERROR_NO_MP_CERTS, N_ ("The certificate of the management point is not available"),
    N_ ("Check the path of the management point certificate in the site profile, and that the file "
        "is a certificate.") },
  { KL_ERROR_MISSING_PACKAGE, N_ ("The boot image is not available"),
    N_ ("Check the ID. If the image is in the catalog, its file was changed or removed: import it "
        "again, or put it into a content folder of the site.") },
  { KL_ERROR_CERT_PASSWORD, N_ ("The certificate password is wrong"),
    N_ ("Enter the password of the certificate file again.") },
  { KL_ERROR_PRIVATE_KEY, N_ ("The certificate has no private key"),
    N_ ("Export the certificate again, together with its private key, and choose that file.") },
  { KL_ERROR_NO_CA_CERT, N_ ("The site has no certificate authority certificate"),
    N_ ("Add the root certificate authority's certificate to the site profile.") },
  { KL_ERROR_NO_SITE_SIGN_CERT, N_ ("The site signing certificate is not available"),
    N_ ("Check the path of the site signing certificate in the site profile.") },
  { KL_ERROR_CONNECTION_OPTIONS, N_ ("The connection options are not valid"),
    N_ ("Write them as name=value, separated by commas, each name once.") },
  { KL_ERROR_CONNECTION_OPTION_NAME, N_ ("There is no connection option of that name"),
    N_ ("Use only Username, Domain, Password, Local and Authority.") },
  { KL_ERROR_UFD_FS_FAT16, N_ ("The drive has a FAT16 file system"),
    N_ ("Use a drive with FAT32 or NTFS, or let Kindling format it.") },
  { KL_ERROR_UFD_FS_UNKNOWN, N_ ("The file system of the drive cannot be used"),
    N_ ("Use a drive with FAT32 or NTFS, or let Kindling format it.") },
  { KL_ERROR_PACKAGE_TOO_LARGE, N_ ("The boot image is too large for this target"),
    N_ ("Choose a larger target or another kind of medium, or use a smaller boot image.") },
};

static const TextRow cancelled_row = {
  G_IO_ERROR_CANCELLED, N_ ("Cancelled"),
  N_ ("A file that stood at the target before is unchanged; a drive that was being written is "
      "unfinished. Start again when you are ready.")
};

static const TextRow *
find_row (const GError *error)
{
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return &cancelled_row;

  if (error->domain == KL_ERROR)
    for (guint i = 0; i < G_N_ELEMENTS (text_rows); i++)
      if (text_rows[i].code == error->code)
        return &text_rows[i];

  return &text_rows[0];
}

/**
 * kl_error_text_get_title:
 *
 * Returns: what happened, in one translated sentence without a full stop, for a heading; an error
 *   of another domain gives the sentence of KL_ERROR_FAILED. Any thread.
 */
const char *
kl_error_text_get_title (const GError *error)
{
  g_return_val_if_fail (error != NULL, NULL);

  return g_dgettext (GETTEXT_PACKAGE, find_row (error)->title);
}

/**
 * kl_error_text_dup_next_step:
 *
 * Returns: (transfer full): what to do about it, in translated full sentences. Any thread.
 */
char *
kl_error_text_dup_next_step (const GError *error)
{
  const char *detail;
  g_auto (GStrv) parts = NULL;

  g_return_val_if_fail (error != NULL, NULL);

  detail = kl_error_get_detail (error);
  parts = g_strsplit (g_dgettext (GETTEXT_PACKAGE, find_row (error)->next_step), "%s", 2);
  return g_strjoinv (detail != NULL ? detail : "…", parts);
}
