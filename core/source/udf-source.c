/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-udf-source"

#include "source/media-source-kinds.h"

#include <udfread/blockinput.h>
#include <udfread/udfread.h>

#include "base/error.h"

/* Blocks in which the volume recognition sequence can stand. */
#define VRS_START 16
#define VRS_END 80

#define KL_TYPE_UDF_SOURCE (kl_udf_source_get_type ())
G_DECLARE_FINAL_TYPE (KlUdfSource, kl_udf_source, KL, UDF_SOURCE, KlMediaSource)

typedef struct
{
  udfread_block_input input; /* first: libudfread hands back its address */
  KlDiscBlocks *blocks;      /* borrowed */
} BlockInput;

struct _KlUdfSource
{
  KlMediaSource parent_instance;

  KlDiscBlocks *blocks; /* owned */
  BlockInput input;
  udfread *volume; /* owned */
};

G_DEFINE_FINAL_TYPE (KlUdfSource, kl_udf_source, KL_TYPE_MEDIA_SOURCE)

G_DEFINE_AUTOPTR_CLEANUP_FUNC (UDFDIR, udfread_closedir)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UDFFILE, udfread_file_close)

static int
read_blocks (udfread_block_input *input, uint32_t lba, void *buffer, uint32_t count, int flags)
{
  return (int) kl_disc_blocks_read (((BlockInput *) input)->blocks, lba, buffer, count);
}

static uint32_t
count_blocks (udfread_block_input *input)
{
  return kl_disc_blocks_get_count (((BlockInput *) input)->blocks);
}

static gboolean
set_error_unless_failed (KlUdfSource *self, const char *path, GError **error)
{
  if (!kl_disc_blocks_failed (self->blocks, error))
    g_set_error (error, KL_ERROR, KL_ERROR_FORMAT, "“%s” cannot be read from the UDF volume “%s”",
                 path, kl_media_source_get_path (KL_MEDIA_SOURCE (self)));
  return FALSE;
}

static gboolean
list_file (KlUdfSource *self,
           UDFDIR *folder,
           const char *path,
           const char *name,
           KlMediaListing *listing,
           GError **error)
{
  g_autoptr (UDFFILE) file = udfread_file_openat (folder, name);
  gint64 size = file != NULL ? udfread_file_size (file) : -1;

  if (size < 0)
    return set_error_unless_failed (self, name, error);
  return kl_media_listing_add (listing, path, name, (guint64) size, error);
}

static gboolean
list_folder (KlUdfSource *self,
             UDFDIR *folder,
             const char *path,
             guint depth,
             KlMediaListing *listing,
             GError **error)
{
  struct udfread_dirent item;

  while (udfread_readdir (folder, &item) != NULL)
    {
      /* The name is lent until the folder is read on. */
      g_autofree char *name = g_strdup (item.d_name);

      if (!kl_media_listing_is_name (name))
        continue;
      if (!kl_media_listing_count (listing, path, depth, error))
        return FALSE;

      if (item.d_type == UDF_DT_DIR)
        {
          g_autoptr (UDFDIR) child = udfread_opendir_at (folder, name);
          g_autofree char *child_path = g_strconcat (path, "/", name, NULL);

          if (child == NULL)
            return set_error_unless_failed (self, child_path, error);
          if (!list_folder (self, child, child_path, depth + 1, listing, error))
            return FALSE;
        }
      else if (item.d_type == UDF_DT_REG && !list_file (self, folder, path, name, listing, error))
        return FALSE;
    }

  /* libudfread ends a folder alike when it is read to its end and when it can't be read. */
  return !kl_disc_blocks_failed (self->blocks, error);
}

static GPtrArray *
kl_udf_source_list (KlMediaSource *source, GError **error)
{
  KlUdfSource *self = KL_UDF_SOURCE (source);
  g_auto (KlMediaListing) listing = { 0 };
  g_autoptr (UDFDIR) root = udfread_opendir (self->volume, "/");

  if (root == NULL)
    {
      set_error_unless_failed (self, "/", error);
      return NULL;
    }

  kl_media_listing_init (&listing, kl_media_source_get_path (source));
  if (!list_folder (self, root, "", 0, &listing, error))
    return NULL;
  return g_steal_pointer (&listing.entries);
}

static gboolean
kl_udf_source_open (KlMediaSource *source,
                    const KlMediaEntry *entry,
                    gpointer *handle,
                    GError **error)
{
  KlUdfSource *self = KL_UDF_SOURCE (source);

  *handle = udfread_file_open (self->volume, entry->path);
  return *handle != NULL || set_error_unless_failed (self, entry->path, error);
}

static gssize
kl_udf_source_read (
    KlMediaSource *source, gpointer handle, void *buffer, gsize length, GError **error)
{
  KlUdfSource *self = KL_UDF_SOURCE (source);
  gssize n = udfread_file_read (handle, buffer, length);

  /* A read that failed half way counts as a short one there. */
  if (kl_disc_blocks_failed (self->blocks, error))
    return -1;
  if (n < 0)
    set_error_unless_failed (self, "a file", error);
  return n;
}

static void
kl_udf_source_close (KlMediaSource *source, gpointer handle)
{
  udfread_file_close (handle);
}

static void
kl_udf_source_finalize (GObject *object)
{
  KlUdfSource *self = KL_UDF_SOURCE (object);

  g_clear_pointer (&self->volume, udfread_close);
  g_clear_pointer (&self->blocks, kl_disc_blocks_free);

  G_OBJECT_CLASS (kl_udf_source_parent_class)->finalize (object);
}

static void
kl_udf_source_class_init (KlUdfSourceClass *klass)
{
  KlMediaSourceClass *source_class = KL_MEDIA_SOURCE_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = kl_udf_source_finalize;
  source_class->list = kl_udf_source_list;
  source_class->open = kl_udf_source_open;
  source_class->read = kl_udf_source_read;
  source_class->close = kl_udf_source_close;
}

static void
kl_udf_source_init (KlUdfSource *self)
{
}

/* Whether the volume recognition sequence (ECMA-167 part 2, 8.3) names UDF. libudfread looks for it
 * too, but complains on standard error about every plain ISO 9660 file. */
static gboolean
is_udf (KlDiscBlocks *blocks)
{
  guint32 end = MIN (VRS_END, kl_disc_blocks_get_count (blocks));
  guint8 block[KL_DISC_BLOCK];

  for (guint32 at = VRS_START; at < end; at++)
    {
      if (kl_disc_blocks_read (blocks, at, block, 1) != 1)
        return FALSE;
      if (memcmp (block + 1, "NSR02", 5) == 0 || memcmp (block + 1, "NSR03", 5) == 0)
        return TRUE;
    }

  return FALSE;
}

/*
 * kl_udf_source_new:
 *
 * A UDF volume in a file, by libudfread. It gets its blocks from us, so a read outside the file or
 * a failing disk is an error with our words.
 */
KlMediaSource *
kl_udf_source_new (const char *path, GError **error)
{
  g_autoptr (KlUdfSource) self = g_object_new (KL_TYPE_UDF_SOURCE, NULL);

  self->blocks = kl_disc_blocks_open (path, error);
  if (self->blocks == NULL)
    return NULL;

  self->input.input.read = read_blocks;
  self->input.input.size = count_blocks;
  self->input.blocks = self->blocks;
  self->volume = udfread_init ();
  if (!is_udf (self->blocks) || udfread_open_input (self->volume, &self->input.input) < 0)
    {
      g_autoptr (GError) failure = NULL;

      /* Looking for anchors behind the end of a file that is no UDF volume is no failure. */
      if (kl_disc_blocks_failed (self->blocks, &failure)
          && !g_error_matches (failure, KL_ERROR, KL_ERROR_FORMAT))
        g_propagate_error (error, g_steal_pointer (&failure));
      else
        g_set_error (error, KL_ERROR, KL_ERROR_FORMAT, "“%s” holds no UDF volume", path);
      return NULL;
    }

  kl_disc_blocks_failed (self->blocks, NULL);
  kl_media_source_describe (KL_MEDIA_SOURCE (self), path, "UDF",
                            udfread_get_volume_id (self->volume));
  return KL_MEDIA_SOURCE (g_steal_pointer (&self));
}
