/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-osd-files"

#include "prepare/osd-files.h"

#include <string.h>

#include "base/error.h"
#include "base/file-io.h"
#include "edit/osd-list.h"
#include "prepare/startup-files.h"

#define LIST_NAME "osdinjection.xml"
#define MAX_LIST_SIZE ((gsize) 4 << 20) /* bytes */
#define LANGUAGE_FOLDER "1033"          /* en-US */

/* The file of a folder whose name is equal but for case; NULL where there is none. */
static char *
find_entry (const char *folder, const char *name)
{
  g_autofree char *exact = g_build_filename (folder, name, NULL);
  g_autofree char *wanted = g_utf8_casefold (name, -1);
  g_autoptr (GDir) dir = NULL;
  const char *own;

  if (g_file_test (exact, G_FILE_TEST_EXISTS))
    return g_steal_pointer (&exact);

  dir = g_dir_open (folder, 0, NULL);
  while (dir != NULL && (own = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *valid = g_utf8_make_valid (own, -1);
      g_autofree char *folded = g_utf8_casefold (valid, -1);

      if (strcmp (folded, wanted) == 0)
        return g_build_filename (folder, own, NULL);
    }
  return NULL;
}

/* A path below a folder, part by part, without case; NULL where it is not there. */
static char *
find_below (const char *folder, const char *path)
{
  g_autofree char *slashed = g_strdelimit (g_strdup (path), "\\", '/');
  g_auto (GStrv) parts = g_strsplit (slashed, "/", -1);
  g_autofree char *at = g_strdup (folder);

  for (guint i = 0; parts[i] != NULL; i++)
    {
      char *next;

      if (*parts[i] == '\0' || strcmp (parts[i], ".") == 0)
        continue;
      next = find_entry (at, parts[i]);
      if (next == NULL)
        return NULL;
      g_free (at);
      at = next;
    }
  return g_steal_pointer (&at);
}

/* A folder that a list's source stands for: a sub-folder of that name, for the site's own binaries
 * also OSD, else the folder that the user named. */
static char *
find_source (const char *folder, const KlOsdFile *file, const char *below)
{
  const char *const bases[] = { file->source_kind, "OSD", "" };

  for (gsize i = 0; i < G_N_ELEMENTS (bases); i++)
    {
      g_autofree char *base = find_below (folder, bases[i]);
      char *found = base != NULL ? find_below (base, below) : NULL;

      if (found != NULL)
        return found;
    }
  return NULL;
}

static char *
find_file (const char *folder, const KlOsdFile *file)
{
  const gboolean whole = strcmp (file->name, "*") == 0;
  g_autofree char *localized
      = g_strconcat (file->source, "/" LANGUAGE_FOLDER "/", whole ? "" : file->name, NULL);
  g_autofree char *plain = g_strconcat (file->source, "/", whole ? "" : file->name, NULL);
  char *found = file->locale_needed ? find_source (folder, file, localized) : NULL;

  return found != NULL ? found : find_source (folder, file, plain);
}

static char *
dup_destination (const KlOsdFile *file)
{
  g_autofree char *path = g_strdelimit (g_strdup (file->destination), "/", '\\');
  g_auto (GStrv) parts = g_strsplit (path, "\\", -1);
  GString *clean = g_string_new (NULL);

  for (guint i = 0; parts[i] != NULL; i++)
    if (*parts[i] != '\0' && strcmp (parts[i], ".") != 0)
      g_string_append_printf (clean, "\\%s", parts[i]);
  if (file->locale_needed)
    g_string_append (clean, "\\" LANGUAGE_FOLDER);
  return g_string_free (clean, FALSE);
}

/* Files of the ADK only warn: the console's list names more of them than any one ADK has. */
static gboolean
report_missing (KlImageTree *tree, const char *folder, const KlOsdFile *file, GError **error)
{
  if (g_ascii_strcasecmp (file->source_kind, "SCCM") != 0 || strcmp (file->name, "*") == 0)
    {
      kl_image_tree_warn (tree, "“%s\\%s” (%s), which " LIST_NAME " lists, is not in “%s”",
                          file->source, file->name, file->source_kind, folder);
      return TRUE;
    }

  g_set_error (error, KL_ERROR, KL_ERROR_NOT_FOUND,
               "“%s\\%s”, which " LIST_NAME " lists, is not in “%s”", file->source, file->name,
               folder);
  if (error != NULL)
    kl_error_set_detail (*error, file->name);
  return FALSE;
}

static gboolean
add_listed (KlImageTree *tree,
            const char *folder,
            const KlOsdFile *file,
            KlProgress *progress,
            GCancellable *cancellable,
            GError **error)
{
  g_autofree char *source = find_file (folder, file);
  g_autofree char *destination = dup_destination (file);
  g_autofree char *path = NULL;

  if (file->debug)
    return TRUE;
  if (source == NULL)
    return report_missing (tree, folder, file, error);
  if (strcmp (file->name, "*") == 0)
    return kl_image_tree_add_folder (tree, destination, source, progress, cancellable, error);

  path = g_strconcat (destination, "\\", file->name, NULL);
  return kl_image_tree_add_file (tree, path, source, progress, cancellable, error);
}

static gboolean
add_by_list (KlImageTree *tree,
             const char *folder,
             const char *list,
             const char *architecture,
             KlProgress *progress,
             GCancellable *cancellable,
             GError **error)
{
  g_autoptr (GPtrArray) files = NULL;
  g_autofree char *text = NULL;
  struct stat info;
  gsize length;
  g_autofd int fd = kl_open_with_info (list, &info, error);

  if (fd < 0)
    return FALSE;
  length = (gsize) info.st_size;
  if (length > MAX_LIST_SIZE)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_FORMAT, "“%s” has more than %" G_GSIZE_FORMAT " bytes",
                   list, MAX_LIST_SIZE);
      return FALSE;
    }
  text = kl_try_malloc (length + 1, list, error);
  if (text == NULL || !kl_read_at (fd, text, length, 0, list, error))
    return FALSE;
  text[length] = '\0';

  files = kl_osd_list_parse (text, length, architecture, error);
  if (files == NULL)
    {
      g_prefix_error (error, "“%s”: ", list);
      return FALSE;
    }
  for (guint i = 0; i < files->len; i++)
    if (!add_listed (tree, folder, files->pdata[i], progress, cancellable, error))
      return FALSE;
  return TRUE;
}

/* A folder with bin\x64 is laid out as \sms is; one without holds the binaries themselves. */
static gboolean
add_plain (KlImageTree *tree,
           const char *folder,
           const char *agent_folder,
           KlProgress *progress,
           GCancellable *cancellable,
           GError **error)
{
  g_autofree char *bin = find_below (folder, agent_folder + strlen ("\\sms"));

  return kl_image_tree_add_folder (tree, bin != NULL ? "\\sms" : agent_folder, folder, progress,
                                   cancellable, error);
}

/**
 * kl_osd_files_add:
 * @folder: a copy of the site's OSD folder, or of its binaries; with an osdinjection.xml in it, in
 *   bin\X64 or bin\i386 of it, only what that lists is taken
 * @architecture: of the image
 *
 * Errors: KL_ERROR_NOT_FOUND with the file as its detail for one of the site's files that is
 * listed and not there, KL_ERROR_FORMAT for a bad list, those of kl_image_tree_add_file().
 */
gboolean
kl_osd_files_add (KlImageTree *tree,
                  const char *folder,
                  const char *architecture,
                  KlProgress *progress,
                  GCancellable *cancellable,
                  GError **error)
{
  static const char *const places[] = { LIST_NAME, "bin/x64/" LIST_NAME, "bin/i386/" LIST_NAME };
  g_autofree char *agent_folder = kl_startup_files_dup_agent_folder (architecture);
  g_autofree char *list = NULL;

  if (!g_file_test (folder, G_FILE_TEST_IS_DIR))
    {
      g_set_error (error, KL_ERROR, KL_ERROR_NOT_FOUND,
                   "The folder “%s” with deployment binaries is not there", folder);
      return FALSE;
    }

  for (gsize i = 0; list == NULL && i < G_N_ELEMENTS (places); i++)
    list = find_below (folder, places[i]);
  if (list != NULL)
    return add_by_list (tree, folder, list, architecture, progress, cancellable, error);
  return add_plain (tree, folder, agent_folder, progress, cancellable, error);
}

/**
 * kl_osd_files_check:
 *
 * Warns of files without which the deployment agent does not start (image-customisation.md 4).
 */
gboolean
kl_osd_files_check (KlImageTree *tree, const char *architecture, GError **error)
{
  static const char *const needed[]
      = { "TsBootShell.exe",  "TsmBootstrap.exe", "TsCore.dll", "TsManager.exe",
          "TsProgressUI.exe", "SmsCore.dll",      "ccmcore.dll" };
  g_autofree char *folder = kl_startup_files_dup_agent_folder (architecture);

  for (gsize i = 0; i < G_N_ELEMENTS (needed); i++)
    {
      g_autofree char *path = g_strconcat (folder, "\\", needed[i], NULL);
      gboolean exists;

      if (!kl_image_tree_has_file (tree, path, &exists, error))
        return FALSE;
      if (!exists)
        kl_image_tree_warn (tree, "The image lacks %s, which the deployment agent needs", path);
    }
  return TRUE;
}
