/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-wim-export"

#include "wim/wim.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "base/error.h"
#include "base/file-copy.h"
#include "base/file-io.h"
#include "wim/wim-library.h"
#include "wim/wim-private.h"

/* The empty file keeps others from taking the name; wimlib then writes over it. */
static gboolean
reserve_target (const char *target, GError **error)
{
  g_autofd int fd = open (target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, KL_FILE_MODE);

  if (fd < 0)
    {
      kl_set_error_errno (error, errno, "Cannot create “%s”", target);
      return FALSE;
    }

  return TRUE;
}

void
kl_wim_free_keeping_errno (WIMStruct *wim)
{
  int saved = errno;

  if (wim != NULL)
    wimlib_free (wim);
  errno = saved;
}

static int
create_boot_wim (WIMStruct **created)
{
  int code = wimlib_create_new_wim (WIMLIB_COMPRESSION_TYPE_LZX, created);

  return code != 0 ? code : wimlib_set_output_chunk_size (*created, KL_WIM_BOOT_CHUNK_SIZE);
}

static int
write_single_image (KlWim *self, guint index, const char *target, KlWimCall *call)
{
  WIMStruct *single = NULL;
  int code;

  errno = 0;
  code = create_boot_wim (&single);
  if (code == 0)
    code
        = wimlib_export_image (self->wim, (int) index, single, NULL, NULL, WIMLIB_EXPORT_FLAG_BOOT);
  if (code == 0)
    {
      wimlib_register_progress_function (single, kl_wim_progress_cb, call);
      errno = 0;
      code = wimlib_write (single, target, WIMLIB_ALL_IMAGES, WIMLIB_WRITE_FLAG_NOT_PIPABLE, 0);
    }

  kl_wim_free_keeping_errno (single);
  return code;
}

/**
 * kl_wim_export:
 * @target: must not exist; removed on failure
 * @progress: (nullable): counts bytes of files
 *
 * Writes one image into a WIM of its own (media-formats.md 10): LZX in chunks of 32 KiB, boot index
 * 1, name, description and the rest of the XML kept. What is compressed that way already is copied;
 * the rest is compressed anew, by all processors. The file is written once.
 *
 * Errors: KL_ERROR_INVALID_ARGUMENT or another of open(2), KL_ERROR_NO_SPACE, KL_ERROR_IO,
 * KL_ERROR_WIM_DAMAGED, G_IO_ERROR_CANCELLED. Blocks.
 */
gboolean
kl_wim_export (KlWim *self,
               guint index,
               const char *target,
               KlProgress *progress,
               GCancellable *cancellable,
               GError **error)
{
  KlWimCall call = { progress, cancellable, target, -1 };
  gboolean ok;
  int code, errnum;

  g_return_val_if_fail (index >= 1 && index <= self->images->len, FALSE);

  if (g_cancellable_set_error_if_cancelled (cancellable, error) || !reserve_target (target, error))
    return FALSE;

  code = write_single_image (self, index, target, &call);
  errnum = errno;
  if (code != 0)
    kl_wim_set_error (error, code, errnum, cancellable, "Cannot export image %u of “%s” to “%s”",
                      index, self->path, target);
  kl_close_fd (&call.written_fd);

  ok = code == 0 && !g_cancellable_set_error_if_cancelled (cancellable, error)
       && kl_flush_path (target, NULL, cancellable, error);
  if (!ok)
    g_unlink (target);
  return ok;
}

static gboolean
get_half (KlWim *self, guint index, const char *half, guint64 *value)
{
  g_autofree char *property = g_strconcat ("LASTMODIFICATIONTIME/", half, NULL);
  const char *text = kl_wim_get_property (self, index, property);

  return text != NULL && g_str_has_prefix (text, "0x")
         && g_ascii_string_to_unsigned (text + 2, 16, 0, G_MAXUINT32, value, NULL);
}

/**
 * kl_wim_get_time:
 *
 * Returns: when the XML says that an image was last changed, 100 ns since 1601; 0 where it is
 *   silent
 */
guint64
kl_wim_get_time (KlWim *self, guint index)
{
  guint64 high, low;

  if (!get_half (self, index, "HIGHPART", &high) || !get_half (self, index, "LOWPART", &low))
    return 0;
  return high << 32 | low;
}
