/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-site-store"

#include "config.h"

#include "window/site-store.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#include "base/error.h"
#include "settings.h"
#include "site/site-folder.h"

#define SUFFIX ".ini"

static void
stored_site_free (gpointer data)
{
  KlStoredSite *site = data;

  g_free (site->path);
  g_clear_pointer (&site->profile, kl_site_profile_unref);
  g_clear_error (&site->error);
  g_free (site);
}

static int
compare_paths (gconstpointer a, gconstpointer b)
{
  const KlStoredSite *const *first = a;
  const KlStoredSite *const *second = b;

  return strcmp ((*first)->path, (*second)->path);
}

/**
 * kl_site_store_list:
 *
 * Returns: (transfer full): of KlStoredSite, sorted by path; one that cannot be read is listed with
 *   its error
 */
GPtrArray *
kl_site_store_list (void)
{
  GPtrArray *list = g_ptr_array_new_with_free_func (stored_site_free);
  g_autofree char *folder = kl_site_folder_dup_path ();
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      KlStoredSite *site;

      if (name[0] == '.' || !g_str_has_suffix (name, SUFFIX))
        continue;
      site = g_new0 (KlStoredSite, 1);
      site->path = g_build_filename (folder, name, NULL);
      site->profile = kl_site_profile_load (site->path, &site->error);
      g_ptr_array_add (list, site);
    }

  g_ptr_array_sort (list, compare_paths);
  return list;
}

/**
 * kl_site_store_find:
 * @site_code: in any letter case
 *
 * Returns: (transfer full) (nullable): the path of the profile of this site, the default one before
 *   others
 */
char *
kl_site_store_find (const char *site_code)
{
  g_autoptr (GPtrArray) sites = kl_site_store_list ();
  g_autofree char *preferred = kl_site_store_dup_default ();
  const char *found = NULL;

  for (guint i = 0; i < sites->len; i++)
    {
      const KlStoredSite *site = g_ptr_array_index (sites, i);

      if (site->profile != NULL
          && g_ascii_strcasecmp (kl_site_profile_get_site_code (site->profile), site_code) == 0
          && (found == NULL || g_strcmp0 (site->path, preferred) == 0))
        found = site->path;
    }
  return g_strdup (found);
}

/**
 * kl_site_store_dup_title:
 *
 * Returns: (transfer full): "ABC – Example", or the file's name where the profile cannot be read
 */
char *
kl_site_store_dup_title (const KlStoredSite *site)
{
  const char *organization;

  if (site->profile == NULL)
    return g_filename_display_basename (site->path);

  organization = kl_site_profile_get_organization (site->profile);
  return g_strjoin (" – ", kl_site_profile_get_site_code (site->profile), organization, NULL);
}

gboolean
kl_site_store_remove (const char *path, GError **error)
{
  g_autofree char *chosen = kl_site_store_dup_default ();

  if (g_unlink (path) != 0)
    {
      kl_set_error_errno (error, errno, "Removing “%s”", path);
      return FALSE;
    }
  if (g_strcmp0 (path, chosen) == 0)
    kl_site_store_set_default (NULL);

  return TRUE;
}

/**
 * kl_site_store_dup_default:
 *
 * Returns: (transfer full) (nullable): path of the profile that new media get; %NULL for none
 */
char *
kl_site_store_dup_default (void)
{
  g_autofree char *path = g_settings_get_string (kl_settings_get (), "default-site-profile");

  return *path != '\0' && g_file_test (path, G_FILE_TEST_EXISTS) ? g_steal_pointer (&path) : NULL;
}

void
kl_site_store_set_default (const char *path)
{
  g_settings_set_string (kl_settings_get (), "default-site-profile", path ? path : "");
}
