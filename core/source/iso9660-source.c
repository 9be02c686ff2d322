/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-iso9660-source"

#include "source/media-source-kinds.h"

#include <stdlib.h>
#include <sys/stat.h>

/* libisofs.h wants these before it. */
#include <stdint.h>
#include <sys/types.h>

#include <libisofs/libisofs.h>

#include "base/error.h"

#define KL_TYPE_ISO9660_SOURCE (kl_iso9660_source_get_type ())
G_DECLARE_FINAL_TYPE (KlIso9660Source, kl_iso9660_source, KL, ISO9660_SOURCE, KlMediaSource)

struct _KlIso9660Source
{
  KlMediaSource parent_instance;

  KlDiscBlocks *blocks;           /* owned */
  IsoDataSource *data;            /* owned */
  IsoImageFilesystem *filesystem; /* owned */
  GHashTable *files;              /* path → IsoFileSource; since libisofs finds by case only */
};

G_DEFINE_FINAL_TYPE (KlIso9660Source, kl_iso9660_source, KL_TYPE_MEDIA_SOURCE)

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IsoFileSource, iso_file_source_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (IsoReadOpts, iso_read_opts_free)

static gpointer
start_libisofs (gpointer data)
{
  char charset[] = "UTF-8", severity[] = "NEVER", prefix[] = "";

  /* Names are turned into the locale's character set otherwise, and lost in the C locale. */
  iso_init_with_flag (1);
  iso_set_local_charset (charset, 0);
  iso_set_msgs_severities (severity, severity, prefix);
  return NULL;
}

/*
 * kl_libisofs_start:
 *
 * Makes libisofs ready, once for all that read and write with it; any thread. It is never ended,
 * since others may be at work. Errors come back as codes; nothing is queued or printed.
 */
void
kl_libisofs_start (void)
{
  static GOnce started = G_ONCE_INIT;

  g_once (&started, start_libisofs, NULL);
}

static int
data_open (IsoDataSource *source)
{
  return ISO_SUCCESS;
}

static int
data_close (IsoDataSource *source)
{
  return ISO_SUCCESS;
}

static int
data_read_block (IsoDataSource *source, uint32_t lba, uint8_t *buffer)
{
  return kl_disc_blocks_read (source->data, lba, buffer, 1) == 1 ? ISO_SUCCESS
                                                                 : (int) ISO_DATA_SOURCE_FAILURE;
}

static void
data_free (IsoDataSource *source)
{
}

static IsoDataSource *
data_source_new (KlDiscBlocks *blocks)
{
  /* libisofs frees it. */
  IsoDataSource *source = calloc (1, sizeof *source);

  g_assert (source != NULL);
  source->refcount = 1;
  source->open = data_open;
  source->close = data_close;
  source->read_block = data_read_block;
  source->free_data = data_free;
  source->data = blocks;
  return source;
}

/* The better of two explanations: ours of a failed read, else the library's of what it found. */
static gboolean
set_error (KlIso9660Source *self, int status, const char *what, GError **error)
{
  if (!kl_disc_blocks_failed (self->blocks, error))
    g_set_error (error, KL_ERROR,
                 status == (int) ISO_OUT_OF_MEM ? KL_ERROR_OUT_OF_MEMORY : KL_ERROR_FORMAT,
                 "“%s” in the ISO file “%s” cannot be read: libisofs error %08x", what,
                 kl_media_source_get_path (KL_MEDIA_SOURCE (self)), (guint) status);
  return FALSE;
}

/* What the library left of a name as ISO 9660 level 1 and 2 write it: "BOOTMGR.;1". */
static char *
plain_name (const char *name)
{
  char *plain = g_strdup (name);
  char *semicolon = strrchr (plain, ';');
  gsize length;

  if (semicolon != NULL && semicolon[1] != '\0'
      && strspn (semicolon + 1, "0123456789") == strlen (semicolon + 1))
    *semicolon = '\0';

  length = strlen (plain);
  while (length > 1 && plain[length - 1] == '.')
    plain[--length] = '\0';
  return plain;
}

static gboolean list_folder (KlIso9660Source *self,
                             IsoFileSource *folder,
                             const char *path,
                             guint depth,
                             KlMediaListing *listing,
                             GError **error);

static gboolean
list_child (KlIso9660Source *self,
            IsoFileSource *child,
            const char *path,
            guint depth,
            KlMediaListing *listing,
            GError **error)
{
  char *spelt = iso_file_source_get_name (child);
  g_autofree char *name = plain_name (spelt != NULL ? spelt : "");
  struct stat info;
  int status = iso_file_source_lstat (child, &info);
  KlMediaEntry *entry;

  free (spelt);
  if (!kl_media_listing_is_name (name))
    return TRUE;
  if (!kl_media_listing_count (listing, path, depth, error))
    return FALSE;
  if (status < 0)
    return set_error (self, status, name, error);

  if (S_ISDIR (info.st_mode))
    {
      g_autofree char *below = g_strconcat (path, "/", name, NULL);

      return list_folder (self, child, below, depth + 1, listing, error);
    }
  if (!S_ISREG (info.st_mode))
    return TRUE;

  if (!kl_media_listing_add (listing, path, name, (guint64) info.st_size, error))
    return FALSE;
  entry = listing->entries->pdata[listing->entries->len - 1];
  iso_file_source_ref (child);
  g_hash_table_replace (self->files, g_strdup (entry->path), child);
  return TRUE;
}

static gboolean
list_folder (KlIso9660Source *self,
             IsoFileSource *folder,
             const char *path,
             guint depth,
             KlMediaListing *listing,
             GError **error)
{
  const char *what = *path != '\0' ? path : "/";
  gboolean listed = TRUE;
  int status = iso_file_source_open (folder);

  if (status < 0)
    return set_error (self, status, what, error);

  while (listed)
    {
      g_autoptr (IsoFileSource) child = NULL;

      status = iso_file_source_readdir (folder, &child);
      if (status == 0)
        break;
      if (status < 0)
        {
          child = NULL;
          listed = set_error (self, status, what, error);
        }
      else
        listed = list_child (self, child, path, depth, listing, error);
    }

  iso_file_source_close (folder);
  return listed;
}

static GPtrArray *
kl_iso9660_source_list (KlMediaSource *source, GError **error)
{
  KlIso9660Source *self = KL_ISO9660_SOURCE (source);
  g_auto (KlMediaListing) listing = { 0 };
  g_autoptr (IsoFileSource) root = NULL;
  int status = self->filesystem->get_root (self->filesystem, &root);

  if (status < 0)
    {
      root = NULL;
      set_error (self, status, "/", error);
      return NULL;
    }

  g_hash_table_remove_all (self->files);
  kl_media_listing_init (&listing, kl_media_source_get_path (source));
  if (!list_folder (self, root, "", 0, &listing, error))
    return NULL;
  return g_steal_pointer (&listing.entries);
}

static gboolean
kl_iso9660_source_open (KlMediaSource *source,
                        const KlMediaEntry *entry,
                        gpointer *handle,
                        GError **error)
{
  KlIso9660Source *self = KL_ISO9660_SOURCE (source);
  IsoFileSource *file = g_hash_table_lookup (self->files, entry->path);
  int status = file != NULL ? iso_file_source_open (file) : (int) ISO_FILE_DOESNT_EXIST;

  if (status < 0)
    return set_error (self, status, entry->path, error);

  *handle = file;
  return TRUE;
}

static gssize
kl_iso9660_source_read (
    KlMediaSource *source, gpointer handle, void *buffer, gsize length, GError **error)
{
  KlIso9660Source *self = KL_ISO9660_SOURCE (source);
  int n = iso_file_source_read (handle, buffer, MIN (length, G_MAXINT / 2));

  if (kl_disc_blocks_failed (self->blocks, error))
    return -1;
  if (n < 0)
    set_error (self, n, "a file", error);
  return n;
}

static void
kl_iso9660_source_close (KlMediaSource *source, gpointer handle)
{
  iso_file_source_close (handle);
}

static void
kl_iso9660_source_finalize (GObject *object)
{
  KlIso9660Source *self = KL_ISO9660_SOURCE (object);

  g_clear_pointer (&self->files, g_hash_table_unref);
  g_clear_pointer (&self->filesystem, iso_filesystem_unref);
  g_clear_pointer (&self->data, iso_data_source_unref);
  g_clear_pointer (&self->blocks, kl_disc_blocks_free);

  G_OBJECT_CLASS (kl_iso9660_source_parent_class)->finalize (object);
}

static void
kl_iso9660_source_class_init (KlIso9660SourceClass *klass)
{
  KlMediaSourceClass *source_class = KL_MEDIA_SOURCE_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = kl_iso9660_source_finalize;
  source_class->list = kl_iso9660_source_list;
  source_class->open = kl_iso9660_source_open;
  source_class->read = kl_iso9660_source_read;
  source_class->close = kl_iso9660_source_close;
}

static void
kl_iso9660_source_init (KlIso9660Source *self)
{
  self->files = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                       (GDestroyNotify) iso_file_source_unref);
}

static int
open_filesystem (KlIso9660Source *self)
{
  g_autoptr (IsoReadOpts) options = NULL;
  int status = iso_read_opts_new (&options, 0);

  if (status < 0)
    {
      options = NULL;
      return status;
    }

  /* Joliet before Rock Ridge: the tree that Windows sees. */
  iso_read_opts_set_preferjoliet (options, 1);
  iso_read_opts_set_no_aaip (options, 1);
  iso_read_opts_set_no_md5 (options, 1);
  status = iso_image_filesystem_new (self->data, options, 0, &self->filesystem);
  if (status < 0)
    {
      self->filesystem = NULL;
      return status;
    }

  return self->filesystem->open (self->filesystem);
}

/*
 * kl_iso9660_source_new:
 *
 * An ISO 9660 volume in a file, by libisofs: Joliet names where there are, else Rock Ridge, else
 * those of the primary tree.
 */
KlMediaSource *
kl_iso9660_source_new (const char *path, GError **error)
{
  g_autoptr (KlIso9660Source) self = g_object_new (KL_TYPE_ISO9660_SOURCE, NULL);

  kl_libisofs_start ();
  self->blocks = kl_disc_blocks_open (path, error);
  if (self->blocks == NULL)
    return NULL;

  self->data = data_source_new (self->blocks);
  if (open_filesystem (self) < 0)
    {
      g_autoptr (GError) failure = NULL;

      if (kl_disc_blocks_failed (self->blocks, &failure)
          && !g_error_matches (failure, KL_ERROR, KL_ERROR_FORMAT))
        g_propagate_error (error, g_steal_pointer (&failure));
      else
        g_set_error (error, KL_ERROR, KL_ERROR_FORMAT,
                     "“%s” is not a readable ISO file: it holds neither ISO 9660 nor UDF", path);
      return NULL;
    }

  kl_media_source_describe (KL_MEDIA_SOURCE (self), path, "ISO 9660",
                            iso_image_fs_get_volume_id (self->filesystem));
  return KL_MEDIA_SOURCE (g_steal_pointer (&self));
}
