/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-wim-export"

#include "wim/wim.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "base/checksum.h"
#include "base/error.h"
#include "base/file-io.h"
#include "wim/wim-format.h"
#include "wim/wim-library.h"
#include "wim/wim-private.h"

/* The XML of a WIM that this file has just written; bytes. */
#define MAX_XML_SIZE ((guint64) 16 << 20)

/* wimlib knows one level for the whole process: whoever wants another one than the usual writes
 * alone. */
static GMutex level_lock;
static GCond level_free;
static guint level_writers;     /* at the usual level; guarded by level_lock */
static gboolean level_is_taken; /* by one that wants another; guarded by level_lock */

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

static gboolean
flush_path (const char *path, GCancellable *cancellable, GError **error)
{
  struct stat info = { 0 };
  g_autofd int fd = kl_open_for_reading (path, error);

  if (fd < 0)
    return FALSE;

  fstat (fd, &info);
  return kl_flush_file (fd, (guint64) info.st_size, path, NULL, cancellable, error);
}

gboolean
kl_wim_take_level (guint level, GCancellable *cancellable, GError **error)
{
  gboolean usual = level == KL_WIM_LZX_LEVEL;
  gboolean cancelled = FALSE;

  g_mutex_lock (&level_lock);
  while (!cancelled && (level_is_taken || (!usual && level_writers > 0)))
    {
      g_cond_wait_until (&level_free, &level_lock, g_get_monotonic_time () + G_USEC_PER_SEC / 5);
      cancelled = g_cancellable_is_cancelled (cancellable);
    }
  if (!cancelled && usual)
    level_writers++;
  else if (!cancelled)
    {
      level_is_taken = TRUE;
      wimlib_set_default_compression_level (WIMLIB_COMPRESSION_TYPE_LZX, level);
    }
  g_mutex_unlock (&level_lock);

  if (cancelled)
    g_cancellable_set_error_if_cancelled (cancellable, error);
  return !cancelled;
}

void
kl_wim_release_level (guint level)
{
  g_mutex_lock (&level_lock);
  if (level == KL_WIM_LZX_LEVEL)
    level_writers--;
  else
    {
      wimlib_set_default_compression_level (WIMLIB_COMPRESSION_TYPE_LZX, KL_WIM_LZX_LEVEL);
      level_is_taken = FALSE;
    }
  g_cond_broadcast (&level_free);
  g_mutex_unlock (&level_lock);
}

/* Lays a folder over the root of the only image. */
static int
add_tree (WIMStruct *single, const char *tree)
{
  g_autofree char *source = g_strdup (tree);
  g_autofree char *root = g_strdup ("/");
  struct wimlib_update_command command = {
    .op = WIMLIB_UPDATE_OP_ADD,
    .add = { .fs_source_path = source,
             .wim_target_path = root,
             .add_flags = WIMLIB_ADD_FLAG_NO_ACLS | WIMLIB_ADD_FLAG_NORPFIX },
  };

  return wimlib_update_image (single, 1, &command, 1, 0);
}

void
kl_wim_free_keeping_errno (WIMStruct *wim)
{
  int saved = errno;

  if (wim != NULL)
    wimlib_free (wim);
  errno = saved;
}

/* The image as the only one of a new WIM. One that is to be changed may belong to one WIM only: so
 * it comes from a second look at the file, which is forgotten at once. */
static int
take_image (KlWim *self, guint index, WIMStruct *single)
{
  WIMStruct *giver = NULL;
  int code = wimlib_open_wim (self->path, WIMLIB_OPEN_FLAG_ERROR_IF_SPLIT, &giver);

  if (code == 0)
    code = wimlib_export_image (giver, (int) index, single, NULL, NULL,
                                WIMLIB_EXPORT_FLAG_BOOT | WIMLIB_EXPORT_FLAG_GIFT);
  kl_wim_free_keeping_errno (giver);
  return code;
}

void
kl_wim_link_free (KlWimLink *self)
{
  g_free (self->stub);
  g_free (self->link);
  g_free (self);
}

/* wimlib has seen the stubs, and opens what has their names when it writes. */
static int
put_links (const KlWimOverlay *overlay)
{
  for (guint i = 0; overlay->links != NULL && i < overlay->links->len; i++)
    {
      const KlWimLink *link = overlay->links->pdata[i];

      if (rename (link->link, link->stub) != 0)
        return WIMLIB_ERR_OPEN;
    }
  return 0;
}

static int
create_boot_wim (WIMStruct **created)
{
  int code = wimlib_create_new_wim (WIMLIB_COMPRESSION_TYPE_LZX, created);

  return code != 0 ? code : wimlib_set_output_chunk_size (*created, KL_WIM_BOOT_CHUNK_SIZE);
}

/* A WIM with the same image that knows the donors' contents: whatever of the image has the same sum
 * will be copied from there. For that, wimlib sums up all that is new. */
static int
take_donors (WIMStruct *single, GPtrArray *donors, WIMStruct **shared)
{
  int code = create_boot_wim (shared);

  if (code == 0)
    code = wimlib_reference_resource_files (*shared, (const char *const *) donors->pdata,
                                            donors->len, 0, WIMLIB_OPEN_FLAG_ERROR_IF_SPLIT);
  if (code == 0)
    code = wimlib_export_image (single, 1, *shared, NULL, NULL, WIMLIB_EXPORT_FLAG_BOOT);
  return code;
}

static int
write_single_image (
    KlWim *self, guint index, const KlWimOverlay *overlay, const char *target, KlWimCall *call)
{
  WIMStruct *single = NULL;
  WIMStruct *shared = NULL;
  gboolean has_donors = overlay->donors != NULL && overlay->donors->len > 0;
  int code;

  errno = 0;
  code = create_boot_wim (&single);
  if (code == 0)
    code = take_image (self, index, single);
  if (code == 0)
    wimlib_register_progress_function (single, kl_wim_progress_cb, call);
  if (code == 0 && overlay->tree != NULL)
    code = add_tree (single, overlay->tree);
  if (code == 0)
    code = put_links (overlay);
  if (code == 0 && has_donors)
    code = take_donors (single, overlay->donors, &shared);
  if (code == 0)
    {
      if (shared != NULL)
        wimlib_register_progress_function (shared, kl_wim_progress_cb, call);
      errno = 0;
      code = wimlib_write (shared != NULL ? shared : single, target, WIMLIB_ALL_IMAGES,
                           WIMLIB_WRITE_FLAG_NOT_PIPABLE, 0);
    }

  kl_wim_free_keeping_errno (shared);
  kl_wim_free_keeping_errno (single);
  return code;
}

/**
 * kl_wim_export_with:
 * @overlay: a folder that is laid over the image's root: files replace files of the same name,
 *   whatever its case. Its links take the places of their stubs
 * @target: must not exist; removed on failure
 * @progress: (nullable): counts bytes of files
 *
 * Writes one image into a WIM of its own (media-formats.md 10): LZX in chunks of 32 KiB, boot index
 * 1, name, description and the rest of the XML kept. What is compressed that way already, in the
 * source or in a donor, is copied; the rest is compressed anew, by all processors. The file is
 * written once.
 *
 * Errors: KL_ERROR_INVALID_ARGUMENT or another of open(2), KL_ERROR_NO_SPACE, KL_ERROR_IO,
 * KL_ERROR_WIM_DAMAGED, G_IO_ERROR_CANCELLED. Blocks.
 */
gboolean
kl_wim_export_with (KlWim *self,
                    guint index,
                    const KlWimOverlay *overlay,
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
  if (!kl_wim_take_level (overlay->level, cancellable, error))
    {
      g_unlink (target);
      return FALSE;
    }

  code = write_single_image (self, index, overlay, target, &call);
  errnum = errno;
  kl_wim_release_level (overlay->level);
  if (code != 0)
    kl_wim_set_error (error, code, errnum, cancellable, "Cannot export image %u of “%s” to “%s”",
                      index, self->path, target);
  kl_close_fd (&call.written_fd);

  ok = code == 0 && !g_cancellable_set_error_if_cancelled (cancellable, error)
       && (overlay->unflushed || flush_path (target, cancellable, error));
  if (!ok)
    g_unlink (target);
  return ok;
}

/**
 * kl_wim_export:
 *
 * kl_wim_export_with() without an overlay.
 */
gboolean
kl_wim_export (KlWim *self,
               guint index,
               const char *target,
               KlProgress *progress,
               GCancellable *cancellable,
               GError **error)
{
  const KlWimOverlay overlay = { .level = KL_WIM_LZX_LEVEL };

  return kl_wim_export_with (self, index, &overlay, target, progress, cancellable, error);
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

/* Replaces the digits behind <@tag>0x, in UTF-16, after LASTMODIFICATIONTIME. */
static void
set_half (guint8 *xml, gsize size, const char *tag, guint32 value)
{
  g_autofree char *text = g_strdup_printf ("<%s>0x", tag);
  g_autofree char *digits = g_strdup_printf ("%08X", value);
  gsize length = 0;
  g_autofree char *block
      = g_convert ("<LASTMODIFICATIONTIME>", -1, "UTF-16LE", "UTF-8", NULL, &length, NULL);
  guint8 *at = memmem (xml, size, block, length);
  g_autofree char *wanted = g_convert (text, -1, "UTF-16LE", "UTF-8", NULL, &length, NULL);

  at = at != NULL ? memmem (at, size - (gsize) (at - xml), wanted, length) : NULL;
  if (at == NULL || size - (gsize) (at - xml) < length + 16)
    return;

  for (int i = 0; i < 8; i++)
    {
      at[length + 2 * i] = (guint8) digits[i];
      at[length + 2 * i + 1] = 0;
    }
}

/* The identifier is random otherwise: instead a sum over the tables, which hold the SHA-1 of all
 * that is in the file. */
static gboolean
write_identifier (int fd, const char *path, const KlWimHeader *header, GError **error)
{
  gsize size = (gsize) (header->file_size - header->xml_offset);
  guint8 table_place[sizeof (KlWimDiskResource)];
  g_autofree guint8 *table = NULL;
  g_autofree char *sum = NULL;
  guint64 table_offset, table_size;
  guint8 identifier[16];

  if (!kl_read_at (fd, table_place, sizeof table_place,
                   G_STRUCT_OFFSET (KlWimDiskHeader, blob_table), path, error))
    return FALSE;
  memcpy (&table_offset, table_place + 8, sizeof table_offset);
  table_offset = GUINT64_FROM_LE (table_offset);
  if (table_offset > header->xml_offset || header->xml_offset - table_offset > MAX_XML_SIZE * 4
      || size > MAX_XML_SIZE)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_WIM_DAMAGED,
                   "The tables of “%s” lie in no known order", path);
      return FALSE;
    }

  table_size = header->file_size - table_offset;
  table = g_malloc ((gsize) table_size);
  if (!kl_read_at (fd, table, (gsize) table_size, table_offset, path, error))
    return FALSE;
  sum = kl_sha256_data (table, (gsize) table_size);
  for (int i = 0; i < 16; i++)
    identifier[i]
        = (guint8) (g_ascii_xdigit_value (sum[2 * i]) << 4 | g_ascii_xdigit_value (sum[2 * i + 1]));
  return kl_write_at (fd, identifier, sizeof identifier, G_STRUCT_OFFSET (KlWimDiskHeader, guid),
                      path, error);
}

/**
 * kl_wim_stamp:
 * @path: a WIM that kl_wim_export_with() has written
 * @time: when its image was last changed, 100 ns since 1601
 *
 * Makes a file depend on nothing but what is in it: the time in the XML becomes @time, and the
 * random identifier in the header a sum over the file's tables. Does not flush the file.
 *
 * Errors: KL_ERROR_* of reading and writing, KL_ERROR_WIM_DAMAGED. Blocks.
 */
gboolean
kl_wim_stamp (const char *path, guint64 time, GError **error)
{
  g_autofd int fd = open (path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  g_autofree guint8 *xml = NULL;
  KlWimHeader header;

  if (fd < 0)
    {
      kl_set_error_errno (error, errno, "Cannot open “%s”", path);
      return FALSE;
    }
  if (!kl_wim_header_read (path, &header, error))
    return FALSE;
  if (!header.xml_is_plain || header.xml_size > MAX_XML_SIZE)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_WIM_DAMAGED, "The XML of “%s” cannot be changed",
                   path);
      return FALSE;
    }

  xml = g_malloc ((gsize) header.xml_size);
  if (!kl_read_at (fd, xml, (gsize) header.xml_size, header.xml_offset, path, error))
    return FALSE;
  set_half (xml, (gsize) header.xml_size, "HIGHPART", (guint32) (time >> 32));
  set_half (xml, (gsize) header.xml_size, "LOWPART", (guint32) time);
  return kl_write_at (fd, xml, (gsize) header.xml_size, header.xml_offset, path, error)
         && write_identifier (fd, path, &header, error);
}
