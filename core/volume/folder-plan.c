/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-folder-plan"

#include "volume/folder-plan.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file-io.h"
#include "volume/folder-names.h"

/* For folders and what else a file system adds (media-api.md 3, 0x8004000C). */
#define SPARE_BYTES ((guint64) 1 << 20)

#define MAX_MANIFEST ((gsize) 16 << 20)

struct _KlFolderPlan
{
  KlMediaLayout *layout; /* owned */
  char *where;           /* owned; for messages */
  GPtrArray *changes;    /* owned; of KlFolderChange */
};

/* What an earlier medium left. */
typedef struct
{
  KlManifest *manifest; /* owned, nullable */
  GHashTable *files;    /* owned; folded path, owned → KlManifestFile of manifest */
  gint64 modified;      /* when the manifest was written; seconds since 1970 */
} Earlier;

static const char *const change_names[] = {
  [KL_CHANGE_WRITE] = "written",
  [KL_CHANGE_KEEP] = "unchanged",
  [KL_CHANGE_REMOVE] = "removed",
};

/* As a dry run prints it (interface.md 2). */
const char *
kl_change_kind_to_string (KlChangeKind kind)
{
  return change_names[kind];
}

static void
folder_change_free (gpointer data)
{
  KlFolderChange *change = data;

  g_free (change->path);
  g_free (change->old_sha256);
  g_free (change);
}

/**
 * kl_folder_read_manifest:
 * @modified: (out) (optional): when it was written; seconds since 1970
 *
 * Returns: (transfer full) (nullable): what an earlier medium in this folder should hold; %NULL
 *   where there is none, or it cannot be understood
 */
KlManifest *
kl_folder_read_manifest (int root, gint64 *modified)
{
  g_auto (KlFoundName) found = { 0 };
  g_autofree char *data = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autofd int folder = -1, fd = -1;

  if (!kl_folder_find (root, "", KL_MANIFEST_PATH, &found, NULL) || found.kind != KL_NAME_FILE
      || found.size == 0 || found.size > MAX_MANIFEST)
    return NULL;

  fd = openat (root, found.path + 1, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  data = fd >= 0 ? kl_read_all (fd, found.size, found.path, NULL) : NULL;
  if (data == NULL)
    return NULL;

  if (modified != NULL)
    *modified = found.modified;
  bytes = g_bytes_new_take (g_steal_pointer (&data), found.size);
  return kl_manifest_parse (bytes, NULL);
}

static void
earlier_read (Earlier *self, int root)
{
  self->files = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->manifest = kl_folder_read_manifest (root, &self->modified);
  for (guint i = 0; self->manifest != NULL && i < self->manifest->files->len; i++)
    {
      KlManifestFile *file = self->manifest->files->pdata[i];

      g_hash_table_insert (self->files, kl_folder_fold_path (file->path), file);
    }
}

static void
earlier_clear (Earlier *self)
{
  g_clear_pointer (&self->files, g_hash_table_unref);
  g_clear_pointer (&self->manifest, kl_manifest_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Earlier, earlier_clear)

/* A medium that is broken off must not start half: what firmware looks for comes late. */
static KlChangeStage
choose_stage (const KlLayoutItem *item)
{
  if (g_str_equal (item->path, KL_MANIFEST_PATH))
    return KL_STAGE_MANIFEST;
  if (g_str_equal (item->path, "/bootmgr") || g_str_has_suffix (item->path, "/BCD")
      || g_str_has_prefix (item->path, "/EFI/BOOT/"))
    return KL_STAGE_START;
  return KL_STAGE_CONTENT;
}

static int
compare_changes (gconstpointer a, gconstpointer b)
{
  const KlFolderChange *first = *(KlFolderChange *const *) a;
  const KlFolderChange *second = *(KlFolderChange *const *) b;

  if (first->stage != second->stage)
    return first->stage < second->stage ? -1 : 1;
  return strcmp (first->item->path, second->item->path);
}

/* Whether the earlier medium says that the same bytes are there. @by_time: and nobody wrote the
 * file since, as far as its time tells. */
static gboolean
is_same (const Earlier *earlier,
         const KlLayoutItem *item,
         const KlFoundName *found,
         gboolean by_time)
{
  g_autofree char *folded = kl_folder_fold_path (item->path);
  const KlManifestFile *file = g_hash_table_lookup (earlier->files, folded);

  return file != NULL && file->size == item->size && found->size == item->size
         && g_ascii_strcasecmp (file->sha256, item->sha256) == 0
         && (!by_time || found->modified <= earlier->modified);
}

static gboolean
add_item (KlFolderPlan *self,
          int root,
          const Earlier *earlier,
          const KlLayoutItem *item,
          gboolean by_time,
          GError **error)
{
  g_auto (KlFoundName) found = { 0 };
  KlFolderChange *change;

  if (!kl_folder_find (root, self->where, item->path, &found, error))
    return FALSE;
  if (found.kind == KL_NAME_FOLDER || found.kind == KL_NAME_OTHER)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                   "“%s” on “%s” is not a file, but the medium needs one there: rename it or move "
                   "it away",
                   found.path, self->where);
      return FALSE;
    }

  change = g_new0 (KlFolderChange, 1);
  change->item = item;
  change->stage = choose_stage (item);
  change->path = g_steal_pointer (&found.path);
  change->old_bytes = found.kind == KL_NAME_FILE ? found.size : 0;
  change->kind = found.kind == KL_NAME_FILE && is_same (earlier, item, &found, by_time)
                     ? KL_CHANGE_KEEP
                     : KL_CHANGE_WRITE;
  g_ptr_array_add (self->changes, change);
  return TRUE;
}

/* Files of the earlier medium that are still as it says; whether their bytes are is looked at
 * before they are removed. */
static void
add_removals (KlFolderPlan *self, int root, const Earlier *earlier)
{
  for (guint i = 0; earlier->manifest != NULL && i < earlier->manifest->files->len; i++)
    {
      const KlManifestFile *file = earlier->manifest->files->pdata[i];
      g_auto (KlFoundName) found = { 0 };
      KlFolderChange *change;

      if (kl_media_layout_find (self->layout, file->path) != NULL
          || !kl_folder_find (root, self->where, file->path, &found, NULL)
          || found.kind != KL_NAME_FILE || found.size != file->size)
        continue;

      change = g_new0 (KlFolderChange, 1);
      change->kind = KL_CHANGE_REMOVE;
      change->path = g_steal_pointer (&found.path);
      change->old_bytes = found.size;
      change->old_sha256 = g_strdup (file->sha256);
      g_ptr_array_add (self->changes, change);
    }
}

/**
 * kl_folder_plan_new:
 * @layout: what the folder shall hold
 * @root: descriptor of the folder; read, not kept
 * @where: its name, for messages
 * @by_time: files that are younger than the earlier medium's manifest do not count as unchanged;
 * for those who do not read them
 *
 * Errors: KL_ERROR_INVALID_ARGUMENT where a folder is in the way of a file or the other way round;
 * those of reading folders.
 *
 * Returns: (transfer full) (nullable): free with kl_folder_plan_free()
 */
KlFolderPlan *
kl_folder_plan_new (
    KlMediaLayout *layout, int root, const char *where, gboolean by_time, GError **error)
{
  g_autoptr (KlFolderPlan) self = g_new0 (KlFolderPlan, 1);
  g_auto (Earlier) earlier = { 0 };

  self->layout = g_object_ref (layout);
  self->where = g_strdup (where);
  self->changes = g_ptr_array_new_with_free_func (folder_change_free);
  earlier_read (&earlier, root);
  for (guint i = 0; i < kl_media_layout_get_n_items (layout); i++)
    if (!add_item (self, root, &earlier, kl_media_layout_get_item (layout, i), by_time, error))
      return NULL;

  g_ptr_array_sort (self->changes, compare_changes);
  add_removals (self, root, &earlier);
  return g_steal_pointer (&self);
}

void
kl_folder_plan_free (KlFolderPlan *self)
{
  if (self == NULL)
    return;

  g_clear_object (&self->layout);
  g_ptr_array_unref (self->changes);
  g_free (self->where);
  g_free (self);
}

KlMediaLayout *
kl_folder_plan_get_layout (KlFolderPlan *self)
{
  return self->layout;
}

/* What the layout holds, in the order of work, then what is removed. */
GPtrArray *
kl_folder_plan_get_changes (KlFolderPlan *self)
{
  return self->changes;
}

/* Of the files as they will be; of those that are removed, as they are. */
guint64
kl_folder_plan_sum_bytes (KlFolderPlan *self, KlChangeKind kind)
{
  guint64 bytes = 0;

  for (guint i = 0; i < self->changes->len; i++)
    {
      const KlFolderChange *change = self->changes->pdata[i];

      if (change->kind == kind)
        bytes += change->item != NULL ? change->item->size : change->old_bytes;
    }
  return bytes;
}

guint
kl_folder_plan_count (KlFolderPlan *self, KlChangeKind kind)
{
  guint n = 0;

  for (guint i = 0; i < self->changes->len; i++)
    n += ((const KlFolderChange *) self->changes->pdata[i])->kind == kind;
  return n;
}

G_GNUC_PRINTF (3, 4)
static gboolean
set_too_large (KlFolderPlan *self, GError **error, const char *format, ...)
{
  g_autofree char *text = NULL;
  GError *made;
  va_list arguments;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  made = g_error_new (KL_ERROR, KL_ERROR_PACKAGE_TOO_LARGE, "Boot image %s: %s",
                      kl_media_layout_get_image_id (self->layout), text);
  kl_error_set_detail (made, kl_media_layout_get_image_id (self->layout));
  g_propagate_error (error, made);
  return FALSE;
}

static guint64
count_clusters (guint64 bytes, const KlFolderSpace *space)
{
  return bytes / space->cluster_bytes + (bytes % space->cluster_bytes > 0);
}

/**
 * kl_folder_plan_check_space:
 *
 * Counts in clusters, in the order of work. Every file is written beside the one that it replaces,
 * which gives its room back only when the new one has got its name: that happens as late as room
 * allows, and this decides when.
 *
 * Errors: KL_ERROR_PACKAGE_TOO_LARGE, detail: the boot image ID.
 */
gboolean
kl_folder_plan_check_space (KlFolderPlan *self, const KlFolderSpace *space, GError **error)
{
  guint64 spare = MIN (space->free_bytes, SPARE_BYTES);
  guint64 left = (space->free_bytes - spare) / space->cluster_bytes;
  guint64 replaced = 0; /* clusters of files whose successors wait for their names */

  for (guint i = 0; i < self->changes->len; i++)
    {
      KlFolderChange *change = self->changes->pdata[i];
      guint64 needed;

      if (change->kind != KL_CHANGE_WRITE)
        continue;
      if (change->item->size > space->max_file_bytes)
        return set_too_large (self, error,
                              "“%s” has %" G_GUINT64_FORMAT " bytes, but a file on “%s” can have "
                              "%" G_GUINT64_FORMAT,
                              change->item->path, change->item->size, self->where,
                              space->max_file_bytes);

      needed = count_clusters (change->item->size, space);
      change->name_before = needed > left && replaced > 0;
      if (change->name_before)
        {
          left += replaced;
          replaced = 0;
        }
      if (needed > left)
        return set_too_large (
            self, error,
            change->old_bytes > 0
                ? "“%s” has no room for “%s”: %" G_GUINT64_FORMAT
                  " bytes are needed there beside the file that it replaces, and %" G_GUINT64_FORMAT
                  " are free"
                : "“%s” has no room for “%s”: %" G_GUINT64_FORMAT
                  " bytes are needed there, and %" G_GUINT64_FORMAT " are free",
            self->where, change->item->path, needed * space->cluster_bytes,
            left * space->cluster_bytes);
      left -= needed;
      replaced += count_clusters (change->old_bytes, space);
    }
  return TRUE;
}
