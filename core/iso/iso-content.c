/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-iso-content"

#include "iso/iso-content.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* libisofs.h wants these before it. */
#include <stdint.h>
#include <sys/types.h>

#define LIBISOFS_WITHOUT_LIBBURN
#include <libisofs/libisofs.h>

#include "base/checksum.h"
#include "base/error.h"
#include "base/file-io.h"

/* What libisofs holds of a file: the data of an IsoStream. */
typedef struct
{
  KlIsoReading *reading; /* borrowed */
  const KlLayoutItem *item;
  gboolean big;
  ino_t number;
  int fd; /* owned */
  guint64 done;
  guint32 crc32c;
} Content;

static gboolean
set_changed_error (KlMediaLayout *layout, const KlLayoutItem *item, const char *how, GError **error)
{
  GError *changed = g_error_new (KL_ERROR, KL_ERROR_MISSING_PACKAGE,
                                 "“%s” of boot image %s has changed since it was imported: %s",
                                 item->file != NULL ? item->file : item->path,
                                 kl_media_layout_get_image_id (layout), how);

  kl_error_set_detail (changed, kl_media_layout_get_image_id (layout));
  g_propagate_error (error, changed);
  return FALSE;
}

/*
 * kl_iso_content_open_item:
 *
 * Opens an item's file and makes sure that it has the recorded size. Errors: KL_ERROR_* of open(2);
 * KL_ERROR_MISSING_PACKAGE, detail: the boot image ID.
 *
 * Returns: a descriptor to close, or -1 with @error set
 */
int
kl_iso_content_open_item (KlMediaLayout *layout, const KlLayoutItem *item, GError **error)
{
  struct stat info;
  g_autofd int fd = kl_open_with_info (item->file, &info, error);

  if (fd < 0)
    return -1;
  if ((guint64) info.st_size != item->size)
    {
      g_autofree char *how
          = g_strdup_printf ("%" G_GUINT64_FORMAT " bytes and not %" G_GUINT64_FORMAT,
                             (guint64) info.st_size, item->size);

      set_changed_error (layout, item, how, error);
      return -1;
    }

  return g_steal_fd (&fd);
}

/*
 * kl_iso_content_check_item:
 * @crc32c: of the item's content as it was read
 *
 * Errors: KL_ERROR_MISSING_PACKAGE, detail: the boot image ID, where another is recorded.
 */
gboolean
kl_iso_content_check_item (KlMediaLayout *layout,
                           const KlLayoutItem *item,
                           guint32 crc32c,
                           GError **error)
{
  return crc32c == item->crc32c || set_changed_error (layout, item, "its checksum differs", error);
}

/* Keeps the first error of libisofs's thread: what the library makes of it says less. */
static int
fail_content (Content *self, GError *error)
{
  g_mutex_lock (&self->reading->lock);
  if (self->reading->error == NULL)
    self->reading->error = g_steal_pointer (&error);
  g_mutex_unlock (&self->reading->lock);

  g_clear_error (&error);
  return (int) ISO_FILE_READ_ERROR;
}

static int
content_open (IsoStream *stream)
{
  Content *self = stream->data;
  GError *error = NULL;

  self->done = 0;
  self->crc32c = 0;
  if (self->big || self->item->bytes != NULL)
    return ISO_SUCCESS;

  self->fd = kl_iso_content_open_item (self->reading->layout, self->item, &error);
  return self->fd >= 0 ? ISO_SUCCESS : fail_content (self, error);
}

static int
content_close (IsoStream *stream)
{
  Content *self = stream->data;

  kl_close_fd (&self->fd);
  return ISO_SUCCESS;
}

static off_t
content_get_size (IsoStream *stream)
{
  const Content *self = stream->data;

  return (off_t) self->item->size;
}

static gboolean
content_fill (Content *self, void *buffer, gsize length, GError **error)
{
  if (g_cancellable_set_error_if_cancelled (self->reading->cancellable, error))
    return FALSE;

  if (self->item->bytes != NULL)
    memcpy (buffer, (const guint8 *) g_bytes_get_data (self->item->bytes, NULL) + self->done,
            length);
  else if (!kl_read_at (self->fd, buffer, length, self->done, self->item->file, error))
    return FALSE;

  self->done += length;
  self->crc32c = kl_crc32c_update (self->crc32c, buffer, length);
  return self->done < self->item->size
         || kl_iso_content_check_item (self->reading->layout, self->item, self->crc32c, error);
}

static int
content_read (IsoStream *stream, void *buffer, size_t count)
{
  Content *self = stream->data;
  gsize length = (gsize) MIN (count, self->item->size - self->done);
  GError *error = NULL;

  /* libisofs runs ahead into the first big file by what its ring buffer holds. Nobody reads that.
   */
  if (self->big)
    {
      memset (buffer, 0, length);
      self->done += length;
      return (int) length;
    }

  return content_fill (self, buffer, length, &error) ? (int) length : fail_content (self, error);
}

static int
content_is_repeatable (IsoStream *stream)
{
  return 1;
}

/* Each file is itself: two with the same content still get an extent each. */
static void
content_get_id (IsoStream *stream, unsigned int *fs_id, dev_t *dev_id, ino_t *ino_id)
{
  const Content *self = stream->data;

  *fs_id = 0;
  *dev_id = 0;
  *ino_id = self->number;
}

static void
content_free (IsoStream *stream)
{
  Content *self = stream->data;

  kl_close_fd (&self->fd);
  g_free (self);
}

static int
content_update_size (IsoStream *stream)
{
  return ISO_SUCCESS;
}

static IsoStream *
content_get_input_stream (IsoStream *stream, int flag)
{
  return NULL;
}

static IsoStreamIface content_class = {
  .version = 2,
  .type = { 'u', 's', 'e', 'r' },
  .open = content_open,
  .close = content_close,
  .get_size = content_get_size,
  .read = content_read,
  .is_repeatable = content_is_repeatable,
  .get_id = content_get_id,
  .free = content_free,
  .update_size = content_update_size,
  .get_input_stream = content_get_input_stream,
};

/*
 * kl_iso_content_new:
 * @big: whether nobody reads the content from here
 * @number: unlike that of any other file of the volume, more than 0
 *
 * An item as libisofs reads it: from its file or bytes, checked against the checksum of the layout.
 *
 * Returns: (transfer full): an IsoStream
 */
struct iso_stream *
kl_iso_content_new (KlIsoReading *reading, const KlLayoutItem *item, gboolean big, guint number)
{
  /* libisofs frees it. */
  IsoStream *stream = calloc (1, sizeof *stream);
  Content *self = g_new0 (Content, 1);

  g_assert (stream != NULL);
  self->reading = reading;
  self->item = item;
  self->big = big;
  self->number = number;
  self->fd = -1;
  stream->class = &content_class;
  stream->refcount = 1;
  stream->data = self;
  return stream;
}
