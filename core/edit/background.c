/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-background"

#include "edit/background.h"

#include <string.h>
#include <sys/stat.h>

#include <gdk-pixbuf/gdk-pixbuf.h>

#include "base/error.h"
#include "base/file-io.h"

/* image-customisation.md 7 */
#define MAX_PICTURE_SIZE ((guint64) 16 * 1000 * 1000) /* bytes */

/* Keeps a small file from claiming gigabytes of memory; pixels on each side. */
#define MAX_SIDE 8192

#define JPEG_QUALITY "92"

typedef enum
{
  PICTURE_NONE,
  PICTURE_JPEG,
  PICTURE_PNG,
  PICTURE_BMP,
} PictureKind;

static PictureKind
find_kind (const guint8 *data, gsize size)
{
  if (size >= 3 && memcmp (data, "\xff\xd8\xff", 3) == 0)
    return PICTURE_JPEG;
  if (size >= 8 && memcmp (data, "\x89PNG\r\n\x1a\n", 8) == 0)
    return PICTURE_PNG;
  if (size >= 2 && memcmp (data, "BM", 2) == 0)
    return PICTURE_BMP;
  return PICTURE_NONE;
}

static GBytes *
read_picture (const char *path, PictureKind *kind, GError **error)
{
  struct stat info;
  g_autofd int fd = kl_open_with_info (path, &info, error);
  g_autofree guint8 *data = NULL;

  if (fd < 0)
    return NULL;
  if ((guint64) info.st_size > MAX_PICTURE_SIZE)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_FORMAT,
                   "The picture “%s” has %" G_GINT64_FORMAT " bytes; at most %" G_GUINT64_FORMAT
                   " are accepted",
                   path, (gint64) info.st_size, MAX_PICTURE_SIZE);
      return NULL;
    }

  data = kl_read_all (fd, (guint64) info.st_size, path, error);
  if (data == NULL)
    return NULL;
  *kind = find_kind (data, (gsize) info.st_size);
  if (*kind == PICTURE_NONE)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_FORMAT,
                   "“%s” is no picture: it is neither JPEG nor PNG nor BMP", path);
      return NULL;
    }
  return g_bytes_new_take (g_steal_pointer (&data), (gsize) info.st_size);
}

/* What a loader says of a picture while it reads it. */
typedef struct
{
  gboolean too_large;
  int first_row; /* of those that were read */
  int end_row;
} Decoding;

static void
size_cb (GdkPixbufLoader *loader, int width, int height, gpointer user_data)
{
  if (width > MAX_SIDE || height > MAX_SIDE)
    {
      ((Decoding *) user_data)->too_large = TRUE;
      gdk_pixbuf_loader_set_size (loader, 1, 1);
    }
}

static void
area_cb (GdkPixbufLoader *loader, int x, int y, int width, int height, gpointer user_data)
{
  Decoding *decoding = user_data;

  decoding->first_row = MIN (decoding->first_row, y);
  decoding->end_row = MAX (decoding->end_row, y + height);
}

/* Loaders take a file that ends too early for a picture all the same. */
static gboolean
is_whole (const Decoding *decoding, GdkPixbuf *picture)
{
  return decoding->first_row == 0 && decoding->end_row >= gdk_pixbuf_get_height (picture);
}

/* The loader of the kind that the content says, and no other that might be installed. */
static GdkPixbuf *
decode (GBytes *bytes, PictureKind kind, const char *path, GError **error)
{
  static const char *const names[]
      = { [PICTURE_JPEG] = "jpeg", [PICTURE_PNG] = "png", [PICTURE_BMP] = "bmp" };
  g_autoptr (GError) failure = NULL;
  g_autoptr (GdkPixbufLoader) loader = gdk_pixbuf_loader_new_with_type (names[kind], &failure);
  Decoding decoding = { .first_row = G_MAXINT };
  GdkPixbuf *picture = NULL;

  if (loader != NULL)
    {
      gboolean written;

      g_signal_connect (loader, "size-prepared", G_CALLBACK (size_cb), &decoding);
      g_signal_connect (loader, "area-updated", G_CALLBACK (area_cb), &decoding);
      written = gdk_pixbuf_loader_write_bytes (loader, bytes, &failure);
      /* A loader has to be closed, whatever came before. */
      if (gdk_pixbuf_loader_close (loader, written ? &failure : NULL) && written)
        picture = gdk_pixbuf_loader_get_pixbuf (loader);
      if (picture != NULL && !is_whole (&decoding, picture))
        picture = NULL;
    }

  if (decoding.too_large)
    g_set_error (error, KL_ERROR, KL_ERROR_FORMAT,
                 "The picture “%s” has more than %d pixels on one side", path, MAX_SIDE);
  else if (picture == NULL)
    g_set_error (error, KL_ERROR, KL_ERROR_FORMAT, "The picture “%s” cannot be read: %s", path,
                 failure != NULL ? failure->message : "it ends too early");
  return picture != NULL && !decoding.too_large ? g_object_ref (picture) : NULL;
}

/**
 * kl_background_check:
 *
 * Errors: KL_ERROR_FORMAT where @path is no picture that can be read, KL_ERROR_* of reading.
 */
gboolean
kl_background_check (const char *path, GError **error)
{
  PictureKind kind;
  g_autoptr (GBytes) bytes = read_picture (path, &kind, error);
  g_autoptr (GdkPixbuf) picture = bytes != NULL ? decode (bytes, kind, path, error) : NULL;

  return picture != NULL;
}

/**
 * kl_background_load_jpeg:
 *
 * Windows PE shows winpe.jpg, which is a JPEG file (image-customisation.md 3.2). A JPEG file is
 * taken as it is, the others are converted; where a picture is transparent, black shows.
 *
 * Errors: as kl_background_check().
 *
 * Returns: (transfer full): the bytes of a JPEG file
 */
GBytes *
kl_background_load_jpeg (const char *path, GError **error)
{
  PictureKind kind;
  g_autoptr (GBytes) bytes = read_picture (path, &kind, error);
  g_autoptr (GdkPixbuf) picture = bytes != NULL ? decode (bytes, kind, path, error) : NULL;
  g_autoptr (GdkPixbuf) opaque = NULL;
  char *data = NULL;
  gsize size = 0;

  if (picture == NULL)
    return NULL;
  if (kind == PICTURE_JPEG)
    return g_steal_pointer (&bytes);

  opaque = gdk_pixbuf_composite_color_simple (picture, gdk_pixbuf_get_width (picture),
                                              gdk_pixbuf_get_height (picture), GDK_INTERP_NEAREST,
                                              255, 16, 0, 0);
  if (opaque == NULL
      || !gdk_pixbuf_save_to_buffer (opaque, &data, &size, "jpeg", NULL, "quality", JPEG_QUALITY,
                                     NULL))
    {
      g_set_error (error, KL_ERROR, KL_ERROR_FAILED, "The picture “%s” cannot be made a JPEG file",
                   path);
      return NULL;
    }
  return g_bytes_new_take (data, size);
}
