/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-boot-image-check"

#include "image/boot-image-check.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file-io.h"
#include "image/image-ini.h"

static void
    G_GNUC_PRINTF (3, 4) set_missing (KlBootImage *self, GError **error, const char *format, ...)
{
  const char *id = kl_boot_image_get_id (self);
  g_autofree char *fact = NULL;
  GError *missing;
  va_list args;

  va_start (args, format);
  fact = g_strdup_vprintf (format, args);
  va_end (args);

  missing = g_error_new (KL_ERROR, KL_ERROR_MISSING_PACKAGE, "Boot image %s: %s", id, fact);
  kl_error_set_detail (missing, id);
  g_propagate_error (error, missing);
}

/**
 * kl_boot_image_check_size:
 * @seen: (nullable): what the caller saw of the entry's files right before
 *
 * Whether the media WIM is there, in the size that is recorded.
 *
 * Errors: KL_ERROR_MISSING_PACKAGE with the ID as its detail; KL_ERROR_* of looking at it.
 */
gboolean
kl_boot_image_check_size (KlBootImage *self, const KlEntryFiles *seen, GError **error)
{
  const char *wim = kl_boot_image_get_media_wim (self);
  const guint64 size = kl_boot_image_get_size (self);
  gboolean prepared = g_str_has_suffix (wim, "/" KL_BOOT_WIM_FILE);
  struct stat info;

  if (seen != NULL && size > 0 && size == (prepared ? seen->boot_size : seen->source_size))
    return TRUE;
  if (stat (wim, &info) != 0)
    {
      if (errno == ENOENT || errno == ENOTDIR)
        set_missing (self, error, "“%s” is gone; %" G_GUINT64_FORMAT " bytes are recorded", wim,
                     size);
      else
        kl_set_error_errno (error, errno, "Cannot open “%s”", wim);
      return FALSE;
    }
  if ((guint64) info.st_size != size)
    {
      set_missing (self, error,
                   "“%s” has %" G_GINT64_FORMAT " bytes; %" G_GUINT64_FORMAT " are recorded", wim,
                   (gint64) info.st_size, size);
      return FALSE;
    }

  return TRUE;
}

/* An entry without a record has nothing to compare with. */
static gboolean
check_recorded (KlBootImage *self, GError **error)
{
  const GError *broken = kl_boot_image_get_error (self);

  if (!g_error_matches (broken, KL_ERROR, KL_ERROR_IMAGE_BROKEN))
    return TRUE;

  g_propagate_error (error, g_error_copy (broken));
  return FALSE;
}

/**
 * kl_boot_image_check:
 * @progress: (nullable): gets the WIM's size as its total
 *
 * The check before each use: size and CRC-32C of the media WIM against the record (media-api.md 3,
 * row 0x80040003).
 *
 * Errors: KL_ERROR_MISSING_PACKAGE with the ID as its detail where the file is gone or another;
 * KL_ERROR_IMAGE_BROKEN for a broken entry; KL_ERROR_* of reading; G_IO_ERROR_CANCELLED. Blocks;
 * any thread.
 */
gboolean
kl_boot_image_check (KlBootImage *self,
                     KlProgress *progress,
                     GCancellable *cancellable,
                     GError **error)
{
  guint64 recorded_size, size = 0;
  guint32 recorded_crc, crc = 0;
  const char *wim;

  g_return_val_if_fail (KL_IS_BOOT_IMAGE (self), FALSE);

  if (!check_recorded (self, error) || !kl_boot_image_check_size (self, NULL, error))
    return FALSE;

  wim = kl_boot_image_get_media_wim (self);
  recorded_size = kl_boot_image_get_size (self);
  recorded_crc = kl_boot_image_get_crc32c (self);
  kl_progress_set_total (progress, recorded_size);
  if (!kl_crc32c_file (wim, progress, cancellable, &size, &crc, error))
    return FALSE;
  if (size == recorded_size && crc == recorded_crc)
    return TRUE;

  set_missing (self, error,
               "“%s” has %" G_GUINT64_FORMAT " bytes and CRC-32C %08x; %" G_GUINT64_FORMAT
               " bytes and %08x are recorded",
               wim, size, crc, recorded_size, recorded_crc);
  return FALSE;
}

/**
 * kl_boot_image_check_sha256:
 *
 * As kl_boot_image_check(), by SHA-256: slower, and safe against intent.
 */
gboolean
kl_boot_image_check_sha256 (KlBootImage *self,
                            KlProgress *progress,
                            GCancellable *cancellable,
                            GError **error)
{
  g_autofree char *sha256 = NULL;
  const char *wim, *recorded;

  g_return_val_if_fail (KL_IS_BOOT_IMAGE (self), FALSE);

  if (!check_recorded (self, error) || !kl_boot_image_check_size (self, NULL, error))
    return FALSE;

  wim = kl_boot_image_get_media_wim (self);
  recorded = kl_boot_image_get_sha256 (self);
  kl_progress_set_total (progress, kl_boot_image_get_size (self));
  sha256 = kl_sha256_file (wim, progress, cancellable, error);
  if (sha256 == NULL)
    return FALSE;
  if (strcmp (sha256, recorded) == 0)
    return TRUE;

  set_missing (self, error, "“%s” has the SHA-256 %s; %s is recorded", wim, sha256, recorded);
  return FALSE;
}
