/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-driver"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file-io.h"
#include "driver/driver-package-private.h"

typedef enum
{
  ENTRY_FILE,
  ENTRY_FOLDER,
  ENTRY_OUTSIDE, /* a symbolic link that leads out of the tree, or nowhere */
  ENTRY_OTHER,   /* a device, a socket */
} EntryKind;

typedef struct
{
  EntryKind kind;
  char *name; /* owned; as on the disk */
} Entry;

struct _KlDriverFolders
{
  char *root;           /* real path */
  GHashTable *listings; /* folder → GHashTable: name in lower case → Entry */
  guint n_entries;
};

/* A scan: what it found so far. */
typedef struct
{
  KlDriverFolders *folders;
  const char *root;
  GPtrArray *infs;     /* of char *: paths below the root */
  GHashTable *visited; /* "device inode" of folders */
  GCancellable *cancellable;
} Scan;

static void
free_entry (gpointer data)
{
  Entry *entry = data;

  g_free (entry->name);
  g_free (entry);
}

/* File names need not be UTF-8. */
static char *
fold_name (const char *name)
{
  return g_utf8_validate (name, -1, NULL) ? g_utf8_strdown (name, -1) : g_ascii_strdown (name, -1);
}

static EntryKind
kind_of_mode (mode_t mode)
{
  if (S_ISREG (mode))
    return ENTRY_FILE;
  return S_ISDIR (mode) ? ENTRY_FOLDER : ENTRY_OTHER;
}

static gboolean
is_inside (const char *root, const char *path)
{
  gsize length = strlen (root);

  return strncmp (root, path, length) == 0
         && (path[length] == '\0' || path[length] == '/' || root[length - 1] == '/');
}

/* A link is followed as long as it stays in the tree (image-customisation.md 6). */
static EntryKind
follow_link (KlDriverFolders *self, const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  char *real = realpath (path, NULL);
  gboolean inside = real != NULL && is_inside (self->root, real);
  struct stat info;

  free (real);
  if (!inside || stat (path, &info) != 0)
    return ENTRY_OUTSIDE;
  return kind_of_mode (info.st_mode);
}

static EntryKind
find_kind (KlDriverFolders *self, const char *folder, const struct dirent *item)
{
  g_autofree char *path = NULL;
  struct stat info;

  switch (item->d_type)
    {
    case DT_REG:
      return ENTRY_FILE;
    case DT_DIR:
      return ENTRY_FOLDER;
    case DT_LNK:
      return follow_link (self, folder, item->d_name);
    case DT_UNKNOWN:
      path = g_build_filename (folder, item->d_name, NULL);
      if (lstat (path, &info) != 0)
        return ENTRY_OTHER;
      return S_ISLNK (info.st_mode) ? follow_link (self, folder, item->d_name)
                                    : kind_of_mode (info.st_mode);
    default:
      return ENTRY_OTHER;
    }
}

static gboolean
fill_listing (
    KlDriverFolders *self, const char *folder, DIR *directory, GHashTable *listing, GError **error)
{
  const struct dirent *item;

  while (errno = 0, (item = readdir (directory)) != NULL)
    {
      Entry *entry;

      if (strcmp (item->d_name, ".") == 0 || strcmp (item->d_name, "..") == 0)
        continue;
      if (++self->n_entries > KL_DRIVER_MAX_ENTRIES)
        {
          g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                       "“%s” holds more than %u files and folders", self->root,
                       KL_DRIVER_MAX_ENTRIES);
          return FALSE;
        }
      entry = g_new (Entry, 1);
      entry->kind = find_kind (self, folder, item);
      entry->name = g_strdup (item->d_name);
      g_hash_table_replace (listing, fold_name (item->d_name), entry);
    }

  if (errno != 0)
    {
      kl_set_error_errno (error, errno, "Cannot read the folder “%s”", folder);
      return FALSE;
    }
  return TRUE;
}

/* (transfer none): read once; NULL with @error set. */
static GHashTable *
get_listing (KlDriverFolders *self, const char *folder, GError **error)
{
  GHashTable *known = g_hash_table_lookup (self->listings, folder);
  g_autoptr (GHashTable) listing = NULL;
  DIR *directory;
  gboolean ok;

  if (known != NULL)
    return known;

  directory = opendir (folder);
  if (directory == NULL)
    {
      kl_set_error_errno (error, errno, "Cannot open the folder “%s”", folder);
      return NULL;
    }
  listing = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, free_entry);
  ok = fill_listing (self, folder, directory, listing, error);
  closedir (directory);
  if (!ok)
    return NULL;

  known = listing;
  g_hash_table_insert (self->listings, g_strdup (folder), g_steal_pointer (&listing));
  return known;
}

KlDriverFolders *
kl_driver_folders_new (const char *root, GError **error)
{
  KlDriverFolders *self;
  char *real = realpath (root, NULL);

  if (real == NULL)
    {
      kl_set_error_errno (error, errno, "Cannot open “%s”", root);
      return NULL;
    }

  self = g_new0 (KlDriverFolders, 1);
  self->root = g_strdup (real);
  self->listings = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                          (GDestroyNotify) g_hash_table_unref);
  free (real);
  return self;
}

void
kl_driver_folders_free (KlDriverFolders *self)
{
  if (self == NULL)
    return;

  g_hash_table_unref (self->listings);
  g_free (self->root);
  g_free (self);
}

/*
 * @folder: absolute
 * @relative: with "/" or "\", in any case; "." and empty parts are passed over, ".." is refused
 *
 * Finds a file below a folder. Returns: its path below @folder, as on the disk, or NULL.
 */
char *
kl_driver_folders_find (KlDriverFolders *self, const char *folder, const char *relative)
{
  g_auto (GStrv) parts = g_strsplit_set (relative, "/\\", -1);
  g_autoptr (GString) path = g_string_new (folder);
  const Entry *entry = NULL;

  for (guint i = 0; parts[i] != NULL; i++)
    {
      g_autofree char *key = NULL;
      GHashTable *listing;

      if (*parts[i] == '\0' || strcmp (parts[i], ".") == 0)
        continue;
      if (strcmp (parts[i], "..") == 0 || (entry != NULL && entry->kind != ENTRY_FOLDER))
        return NULL;
      listing = get_listing (self, path->str, NULL);
      key = fold_name (parts[i]);
      entry = listing != NULL ? g_hash_table_lookup (listing, key) : NULL;
      if (entry == NULL)
        return NULL;
      g_string_append_printf (path, "/%s", entry->name);
    }

  return entry != NULL && entry->kind == ENTRY_FILE ? g_strdup (path->str + strlen (folder) + 1)
                                                    : NULL;
}

static gboolean scan_folder (Scan *scan, const char *relative, guint depth, GError **error);

static gboolean
scan_entry (Scan *scan, const char *relative, const Entry *entry, guint depth, GError **error)
{
  g_autofree char *path
      = *relative == '\0' ? g_strdup (entry->name) : g_strjoin ("/", relative, entry->name, NULL);
  gsize length = strlen (path);

  if (entry->kind == ENTRY_OUTSIDE)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                   "“%s” in “%s” is a symbolic link that leads out of that folder", path,
                   scan->root);
      return FALSE;
    }
  if (entry->kind == ENTRY_FOLDER)
    return scan_folder (scan, path, depth + 1, error);
  if (entry->kind != ENTRY_FILE || length < 4
      || g_ascii_strcasecmp (path + length - 4, ".inf") != 0)
    return TRUE;

  if (scan->infs->len >= KL_DRIVER_MAX_PACKAGES)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT, "“%s” holds more than %u INF files",
                   scan->root, KL_DRIVER_MAX_PACKAGES);
      return FALSE;
    }
  g_ptr_array_add (scan->infs, g_steal_pointer (&path));
  return TRUE;
}

/* A folder that was seen, by another way or through itself, is passed over. */
static gboolean
is_new (Scan *scan, const char *folder)
{
  struct stat info;

  if (stat (folder, &info) != 0)
    return TRUE;
  return g_hash_table_add (
      scan->visited, g_strdup_printf ("%ju %ju", (uintmax_t) info.st_dev, (uintmax_t) info.st_ino));
}

static gboolean
scan_folder (Scan *scan, const char *relative, guint depth, GError **error)
{
  g_autofree char *folder
      = *relative == '\0' ? g_strdup (scan->root) : g_build_filename (scan->root, relative, NULL);
  GHashTable *listing;
  GHashTableIter iter;
  gpointer entry;

  if (g_cancellable_set_error_if_cancelled (scan->cancellable, error))
    return FALSE;
  if (depth > KL_DRIVER_MAX_DEPTH)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                   "“%s” in “%s” lies more than %u folders deep", relative, scan->root,
                   KL_DRIVER_MAX_DEPTH);
      return FALSE;
    }
  if (!is_new (scan, folder))
    return TRUE;
  listing = get_listing (scan->folders, folder, error);
  if (listing == NULL)
    return FALSE;

  g_hash_table_iter_init (&iter, listing);
  while (g_hash_table_iter_next (&iter, NULL, &entry))
    if (!scan_entry (scan, relative, entry, depth, error))
      return FALSE;
  return TRUE;
}

static int
compare_paths (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* One that cannot be read is listed, with the reason, unless that is the computer's. */
static KlDriverPackage *
read_package (KlDriverFolders *folders, const char *root, const char *inf, GError **error)
{
  g_autofree char *path = g_build_filename (root, inf, NULL);
  g_autoptr (GError) failure = NULL;
  KlDriverPackage *package = kl_driver_package_read (folders, path, inf, &failure);

  if (package != NULL)
    return package;
  if (!g_error_matches (failure, KL_ERROR, KL_ERROR_OUT_OF_MEMORY))
    return kl_driver_package_new_broken (path, inf, failure->message);
  g_propagate_error (error, g_steal_pointer (&failure));
  return NULL;
}

/**
 * kl_driver_folder_scan:
 * @folder: with driver packages at any depth
 * @progress: (nullable): counts INF files
 *
 * Reads all INF files of a folder. One that cannot be used is listed too, with
 * kl_driver_package_get_problem(). Symbolic links are followed as long as they stay within the
 * folder (image-customisation.md 6).
 *
 * Errors: KL_ERROR_INVALID_ARGUMENT for a link that leads out and for a folder beyond the limits,
 * those of opendir(3), KL_ERROR_OUT_OF_MEMORY, G_IO_ERROR_CANCELLED. Blocks; any thread.
 *
 * Returns: (transfer full) (nullable) (element-type KlDriverPackage): by path; empty where there is
 *   no INF file
 */
GPtrArray *
kl_driver_folder_scan (const char *folder,
                       KlProgress *progress,
                       GCancellable *cancellable,
                       GError **error)
{
  g_autofree char *root = g_canonicalize_filename (folder, NULL);
  g_autoptr (KlDriverFolders) folders = kl_driver_folders_new (root, error);
  g_autoptr (GPtrArray) infs = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GHashTable) visited = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GPtrArray) packages = g_ptr_array_new_with_free_func (g_object_unref);
  Scan scan = {
    .folders = folders, .root = root, .infs = infs, .visited = visited, .cancellable = cancellable
  };

  if (folders == NULL || !scan_folder (&scan, "", 0, error))
    return NULL;

  g_ptr_array_sort (infs, compare_paths);
  kl_progress_set_total (progress, infs->len);
  for (guint i = 0; i < infs->len; i++)
    {
      KlDriverPackage *package = NULL;

      if (!g_cancellable_set_error_if_cancelled (cancellable, error))
        package = read_package (folders, root, g_ptr_array_index (infs, i), error);
      if (package == NULL)
        return NULL;
      g_ptr_array_add (packages, package);
      kl_progress_advance (progress, 1);
    }
  return g_steal_pointer (&packages);
}
