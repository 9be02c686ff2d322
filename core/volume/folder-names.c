/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-folder-names"

#include "volume/folder-names.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file-io.h"

#define FOLDER_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

void
kl_found_name_clear (KlFoundName *self)
{
  g_clear_pointer (&self->path, g_free);
}

/* The last part of a path. */
const char *
kl_folder_get_name (const char *path)
{
  return strrchr (path, '/') + 1;
}

/**
 * kl_folder_fold_path:
 *
 * Returns: (transfer full): the same text for all paths that differ in case only
 */
char *
kl_folder_fold_path (const char *path)
{
  return g_utf8_validate (path, -1, NULL) ? g_utf8_casefold (path, -1) : g_strdup (path);
}

/**
 * kl_folder_list:
 * @folder: a descriptor, of which the position is used
 * @where: for messages
 *
 * Returns: (transfer full) (nullable) (element-type utf8): the names in it, without "." and ".."
 */
GPtrArray *
kl_folder_list (int folder, const char *where, GError **error)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  int again = openat (folder, ".", FOLDER_FLAGS);
  DIR *stream = again >= 0 ? fdopendir (again) : NULL;
  struct dirent *item;

  if (stream == NULL)
    {
      kl_set_error_errno (error, errno, "Cannot read the folder “%s”", where);
      kl_close_fd (&again);
      return NULL;
    }
  while ((errno = 0, item = readdir (stream)) != NULL)
    if (!g_str_equal (item->d_name, ".") && !g_str_equal (item->d_name, ".."))
      g_ptr_array_add (names, g_strdup (item->d_name));
  if (errno != 0)
    {
      kl_set_error_errno (error, errno, "Cannot read the folder “%s”", where);
      g_clear_pointer (&names, g_ptr_array_unref);
    }
  closedir (stream);
  return g_steal_pointer (&names);
}

/* @name as it is spelt in @folder, exactly so if that is there; NULL: it is not there. */
static gboolean
find_spelling (int folder, const char *where, const char *name, char **spelling, GError **error)
{
  g_autoptr (GPtrArray) names = kl_folder_list (folder, where, error);
  g_autofree char *wanted = kl_folder_fold_path (name);
  const char *found = NULL;

  if (names == NULL)
    return FALSE;

  for (guint i = 0; i < names->len; i++)
    {
      const char *there = names->pdata[i];
      g_autofree char *folded = kl_folder_fold_path (there);

      if (g_str_equal (folded, wanted) && (found == NULL || g_str_equal (there, name)))
        found = there;
    }
  *spelling = g_strdup (found);
  return TRUE;
}

static gboolean
describe (int folder, const char *name, KlFoundName *found, GError **error)
{
  struct stat info;

  if (fstatat (folder, name, &info, AT_SYMLINK_NOFOLLOW) != 0)
    {
      kl_set_error_errno (error, errno, "Cannot look at “%s”", found->path);
      return FALSE;
    }
  found->kind = S_ISREG (info.st_mode)   ? KL_NAME_FILE
                : S_ISDIR (info.st_mode) ? KL_NAME_FOLDER
                                         : KL_NAME_OTHER;
  found->size = (guint64) info.st_size;
  found->modified = info.st_mtime;
  return TRUE;
}

static gboolean
set_in_the_way (const char *where, const char *path, GError **error)
{
  g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
               "“%s” on “%s” is not a folder, but the medium needs one there: rename it or move it "
               "away",
               path, where);
  return FALSE;
}

/**
 * kl_folder_find:
 * @root: descriptor of a folder
 * @where: its name, for messages
 * @path: "/sources/boot.wim"
 * @found: (out): %KL_NAME_NONE where it is not there; its path is then that which it would get
 *
 * Errors: KL_ERROR_INVALID_ARGUMENT if something else than a folder is where one must be; those of
 * reading folders.
 */
gboolean
kl_folder_find (int root, const char *where, const char *path, KlFoundName *found, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (path + 1, "/", -1);
  g_autoptr (GString) spelt = g_string_new (NULL);
  g_auto (KlFoundName) result = { KL_NAME_FOLDER };
  g_autofd int folder = openat (root, ".", FOLDER_FLAGS);

  for (guint i = 0; parts[i] != NULL; i++)
    {
      g_autofree char *spelling = NULL;

      if (result.kind == KL_NAME_FOLDER)
        {
          if (!find_spelling (folder, where, parts[i], &spelling, error))
            return FALSE;
          result.kind = KL_NAME_NONE;
        }
      g_string_append_printf (spelt, "/%s", spelling != NULL ? spelling : parts[i]);
      g_free (result.path);
      result.path = g_strdup (spelt->str);
      if (spelling == NULL)
        continue;

      if (!describe (folder, spelling, &result, error))
        return FALSE;
      if (parts[i + 1] == NULL)
        break;
      if (result.kind != KL_NAME_FOLDER)
        return set_in_the_way (where, result.path, error);

      {
        int next = openat (folder, spelling, FOLDER_FLAGS);

        if (next < 0)
          {
            kl_set_error_errno (error, errno, "Cannot read the folder “%s%s”", where, result.path);
            return FALSE;
          }
        kl_close_fd (&folder);
        folder = next;
      }
    }

  *found = result;
  result.path = NULL;
  return TRUE;
}

/**
 * kl_folder_open_parent:
 * @path: as kl_folder_find() spelt it
 * @created: (nullable) (element-type utf8): folders that are missing are made and their paths added
 *   here; %NULL: they must be there
 *
 * Returns: a descriptor of the folder that @path is in; -1 with an error
 */
int
kl_folder_open_parent (
    int root, const char *where, const char *path, GPtrArray *created, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (path + 1, "/", -1);
  g_autoptr (GString) at = g_string_new (NULL);
  g_autofd int folder = openat (root, ".", FOLDER_FLAGS);
  int result;

  for (guint i = 0; folder >= 0 && parts[i + 1] != NULL; i++)
    {
      int next;

      g_string_append_printf (at, "/%s", parts[i]);
      if (created != NULL && mkdirat (folder, parts[i], KL_FOLDER_MODE) == 0)
        g_ptr_array_add (created, g_strdup (at->str));
      next = openat (folder, parts[i], FOLDER_FLAGS);
      if (next < 0)
        {
          kl_set_error_errno (error, errno, "Cannot use the folder “%s%s”", where, at->str);
          return -1;
        }
      kl_close_fd (&folder);
      folder = next;
    }

  if (folder < 0)
    kl_set_error_errno (error, errno, "Cannot read the folder “%s”", where);
  result = folder;
  folder = -1;
  return result;
}
