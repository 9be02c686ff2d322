/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-site-store"

#include "config.h"

#include "window/site-store.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file-io.h"
#include "window/settings.h"

#define GROUP "Site"
#define SUFFIX ".ini"
/* Profiles of one site code; nobody has as many. */
#define MOST_OF_A_CODE 999

/* Keys whose values are paths: relative ones begin at the profile's folder. */
static const char *const path_keys[] = { "ManagementPointCertificate", "SiteSigningCertificate",
                                         "RootCACertificates", "DistributionPoints" };

static void
stored_site_free (gpointer data)
{
  KlStoredSite *site = data;

  g_free (site->path);
  g_clear_pointer (&site->profile, kl_site_profile_unref);
  g_clear_error (&site->error);
  g_free (site);
}

static char *
dup_folder (void)
{
  return g_build_filename (g_get_user_config_dir (), "kindling", "sites", NULL);
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
  g_autofree char *folder = dup_folder ();
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

/* ABC.ini, ABC-2.ini, …: the first that is free. */
static char *
dup_free_path (const char *folder, const char *code)
{
  for (guint n = 1; n <= MOST_OF_A_CODE; n++)
    {
      g_autofree char *number = n > 1 ? g_strdup_printf ("-%u", n) : g_strdup ("");
      g_autofree char *name = g_strconcat (code, number, SUFFIX, NULL);
      g_autofree char *path = g_build_filename (folder, name, NULL);

      if (!g_file_test (path, G_FILE_TEST_EXISTS))
        return g_steal_pointer (&path);
    }

  return g_build_filename (folder, "site" SUFFIX, NULL);
}

/**
 * kl_site_store_save:
 * @path: (nullable): the profile that is replaced; %NULL for a new one
 * @saved_path: (out): where it is now
 *
 * Errors: those of kl_site_profile_parse(), and of writing a file. Nothing is written where the
 * profile is not one.
 */
gboolean
kl_site_store_save (GKeyFile *file, const char *path, char **saved_path, GError **error)
{
  g_autofree char *folder = dup_folder ();
  g_autofree char *target = NULL;
  g_autoptr (KlSiteProfile) profile = NULL;
  g_autofree char *data = NULL;
  gsize length = 0;

  data = g_key_file_to_data (file, &length, NULL);
  profile = kl_site_profile_parse (data, length, path ? path : folder, error);
  if (profile == NULL)
    return FALSE;

  if (g_mkdir_with_parents (folder, 0700) != 0)
    {
      kl_set_error_errno (error, errno, "Making the folder “%s”", folder);
      return FALSE;
    }
  target = path ? g_strdup (path) : dup_free_path (folder, kl_site_profile_get_site_code (profile));
  if (!kl_replace_file (target, data, length, error))
    return FALSE;

  *saved_path = g_steal_pointer (&target);
  return TRUE;
}

/* The copy lies in another folder, where relative paths would lead to nothing. */
static void
make_paths_absolute (GKeyFile *file, const char *folder)
{
  for (guint i = 0; i < G_N_ELEMENTS (path_keys); i++)
    {
      gsize n = 0;
      g_auto (GStrv) paths = g_key_file_get_string_list (file, GROUP, path_keys[i], &n, NULL);

      for (gsize k = 0; k < n; k++)
        {
          char *trimmed = g_strstrip (paths[k]);
          char *absolute = *trimmed ? g_canonicalize_filename (trimmed, folder) : g_strdup ("");

          g_free (paths[k]);
          paths[k] = absolute;
        }
      if (n > 1)
        g_key_file_set_string_list (file, GROUP, path_keys[i], (const char *const *) paths, n);
      else if (n == 1)
        g_key_file_set_string (file, GROUP, path_keys[i], paths[0]);
    }
}

/**
 * kl_site_store_import:
 * @path: a site profile anywhere
 * @saved_path: (out): where its copy is
 *
 * Errors: those of kl_site_profile_load() and kl_site_store_save().
 */
gboolean
kl_site_store_import (const char *path, char **saved_path, GError **error)
{
  g_autoptr (KlSiteProfile) profile = kl_site_profile_load (path, error);
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autofree char *folder = g_path_get_dirname (path);

  if (profile == NULL || !g_key_file_load_from_file (file, path, G_KEY_FILE_KEEP_COMMENTS, error))
    return FALSE;

  make_paths_absolute (file, folder);
  return kl_site_store_save (file, NULL, saved_path, error);
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
