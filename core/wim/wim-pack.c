/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-wim-pack"

#include "wim/wim.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include <glib/gstdio.h>

#include "base/checksum.h"
#include "base/error.h"
#include "base/file-io.h"
#include "wim/wim-format.h"
#include "wim/wim-library.h"

/* Keys of 20 bytes. They are sums already. */
static guint
sha1_hash (gconstpointer key)
{
  guint hash;

  memcpy (&hash, key, sizeof hash);
  return hash;
}

static gboolean
sha1_equal (gconstpointer a, gconstpointer b)
{
  return memcmp (a, b, KL_SHA1_SIZE) == 0;
}

/**
 * kl_wim_sha1_set_new:
 *
 * Returns: (transfer full): an empty set of sums
 */
GHashTable *
kl_wim_sha1_set_new (void)
{
  return g_hash_table_new_full (sha1_hash, sha1_equal, g_free, NULL);
}

/**
 * kl_wim_sha1_map_new:
 * @free_value: (nullable)
 *
 * Returns: (transfer full): an empty table of sums, each of which is part of its value
 */
GHashTable *
kl_wim_sha1_map_new (GDestroyNotify free_value)
{
  return g_hash_table_new_full (sha1_hash, sha1_equal, NULL, free_value);
}

void
kl_wim_sha1_set_add (GHashTable *set, const guint8 *sha1)
{
  g_hash_table_add (set, g_memdup2 (sha1, KL_SHA1_SIZE));
}

gboolean
kl_wim_sha1_set_contains (GHashTable *set, const guint8 *sha1)
{
  return g_hash_table_contains (set, sha1);
}

typedef struct
{
  GHashTable *wanted;
  GHashTable *found;
} Search;

static int
search_cb (const struct wimlib_resource_entry *resource, void *user_data)
{
  Search *search = user_data;

  if (!resource->is_missing && !resource->is_metadata
      && g_hash_table_contains (search->wanted, resource->sha1_hash))
    kl_wim_sha1_set_add (search->found, resource->sha1_hash);
  return 0;
}

/**
 * kl_wim_find_contents:
 * @wanted: a set of sums
 * @found: a set that gets those that the file has
 *
 * Which contents a WIM holds, by its table alone.
 *
 * Errors: as kl_wim_open(). Blocks.
 */
gboolean
kl_wim_find_contents (const char *path, GHashTable *wanted, GHashTable *found, GError **error)
{
  g_autoptr (KlWim) wim = kl_wim_open (path, error);
  Search search = { wanted, found };

  return wim != NULL && wimlib_iterate_lookup_table (wim->wim, 0, search_cb, &search) == 0;
}

/* An image of nothing but those files, under numbers. */
static int
add_files (WIMStruct *pack, const char *const *sources)
{
  guint n = g_strv_length ((char **) sources);
  g_autofree struct wimlib_update_command *commands = g_new0 (struct wimlib_update_command, n);
  g_auto (GStrv) names = g_new0 (char *, n + 1);
  int index;
  int code = wimlib_add_empty_image (pack, NULL, &index);

  for (guint i = 0; i < n; i++)
    {
      names[i] = g_strdup_printf ("/%u", i + 1);
      commands[i].op = WIMLIB_UPDATE_OP_ADD;
      commands[i].add.fs_source_path = (char *) sources[i];
      commands[i].add.wim_target_path = names[i];
      commands[i].add.add_flags = WIMLIB_ADD_FLAG_NO_ACLS | WIMLIB_ADD_FLAG_DEREFERENCE;
    }
  return code != 0 ? code : wimlib_update_image (pack, 1, commands, n, 0);
}

static int
write_pack (const char *const *sources, const char *target, KlWimCall *call)
{
  WIMStruct *pack = NULL;
  int code = wimlib_create_new_wim (WIMLIB_COMPRESSION_TYPE_LZX, &pack);

  if (code == 0)
    code = wimlib_set_output_chunk_size (pack, KL_WIM_BOOT_CHUNK_SIZE);
  if (code == 0)
    code = add_files (pack, sources);
  if (code == 0)
    {
      wimlib_register_progress_function (pack, kl_wim_progress_cb, call);
      errno = 0;
      code = wimlib_write (pack, target, WIMLIB_ALL_IMAGES, WIMLIB_WRITE_FLAG_NOT_PIPABLE, 0);
    }
  kl_wim_free_keeping_errno (pack);
  return code;
}

/* wimlib writes blobs in the order of the identifiers of the files that they come from, and
 * identifiers are random: all packs have the same one, so that the order is the same each time. */
static gboolean
clear_identifier (const char *path, GError **error)
{
  static const guint8 zeros[16];
  g_autofd int fd = open (path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

  if (fd < 0)
    {
      kl_set_error_errno (error, errno, "Cannot open “%s”", path);
      return FALSE;
    }
  return kl_write_at (fd, zeros, sizeof zeros, G_STRUCT_OFFSET (KlWimDiskHeader, guid), path,
                      error);
}

/**
 * kl_wim_pack_files:
 * @sources: (array zero-terminated=1): paths of plain files
 * @level: LZX level: 20, or 50 for smaller and slower
 * @target: written over; removed on failure
 * @progress: (nullable): counts bytes of files
 *
 * Writes the contents of files into a WIM of their own, from which kl_wim_compose() takes them
 * compressed as from any donor. Names are not kept. Not flushed.
 *
 * Errors: KL_ERROR_NO_SPACE, KL_ERROR_IO, KL_ERROR_NOT_FOUND and others of reading,
 * G_IO_ERROR_CANCELLED. Blocks.
 */
gboolean
kl_wim_pack_files (const char *const *sources,
                   guint level,
                   const char *target,
                   KlProgress *progress,
                   GCancellable *cancellable,
                   GError **error)
{
  KlWimCall call = { progress, cancellable, target, -1 };
  gboolean ok;
  int code, errnum;

  if (!kl_wim_take_level (level, cancellable, error))
    return FALSE;
  code = write_pack (sources, target, &call);
  errnum = errno;
  kl_wim_release_level (level);
  kl_close_fd (&call.written_fd);

  if (code != 0)
    kl_wim_set_error (error, code, errnum, cancellable, "Cannot write “%s”", target);
  ok = code == 0 && clear_identifier (target, error);
  if (!ok)
    g_unlink (target);
  return ok;
}

char *
kl_wim_dup_library_version (void)
{
  const guint32 version = wimlib_get_version ();

  return g_strdup_printf ("%u.%u.%u", version >> 20, (version >> 10) & 0x3ff, version & 0x3ff);
}
