/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-site-folder"

#include "site/site-folder.h"

#include <errno.h>
#include <string.h>

#include <glib/gstdio.h>

#include "base/atomic-file.h"
#include "base/error.h"
#include "crypto/x509-file.h"

#define GROUP "Site"
/* Of a profile that was exported at a site: the certificates themselves, DER in base64. */
#define CERTIFICATES_GROUP "Certificates"
#define SUFFIX ".ini"
/* Profiles of one site code; nobody has as many. */
#define MOST_OF_A_CODE 999
#define CERTIFICATES_MAX 64

/* Keys whose values are paths: relative ones begin at the profile's folder. */
static const char *const path_keys[] = { "ManagementPointCertificate", "SiteSigningCertificate",
                                         "RootCACertificates", "DistributionPoints" };

/* Keys whose files may come inside the profile, and how they are called beside it then. */
static const struct
{
  const char *key;
  const char *file_name;
} embedded_keys[] = {
  { "ManagementPointCertificate", "management-point" },
  { "SiteSigningCertificate", "site-signing" },
  { "RootCACertificates", "root-ca" },
};

/* Returns: (transfer full): the folder, whether it is there or not */
char *
kl_site_folder_dup_path (void)
{
  return g_build_filename (g_get_user_config_dir (), "kindling", "sites", NULL);
}

/**
 * kl_site_folder_find:
 * @name: of a profile in the folder, as "ABC" or "abc.ini"
 *
 * Returns: (transfer full) (nullable): its path; %NULL where there is none of that name
 */
char *
kl_site_folder_find (const char *name)
{
  g_autofree char *folder = kl_site_folder_dup_path ();
  g_autoptr (GDir) dir = NULL;
  const char *entry;

  if (strchr (name, G_DIR_SEPARATOR) != NULL)
    return NULL;

  dir = g_dir_open (folder, 0, NULL);
  while (dir != NULL && (entry = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *full = g_strconcat (name, SUFFIX, NULL);

      if (g_str_has_suffix (entry, SUFFIX)
          && (g_ascii_strcasecmp (entry, name) == 0 || g_ascii_strcasecmp (entry, full) == 0))
        return g_build_filename (folder, entry, NULL);
    }

  return NULL;
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

static gboolean
make_folder (const char *folder, GError **error)
{
  if (g_mkdir_with_parents (folder, 0700) == 0)
    return TRUE;

  kl_set_error_errno (error, errno, "Making the folder “%s”", folder);
  return FALSE;
}

/**
 * kl_site_folder_save:
 * @path: (nullable): the profile that is replaced; %NULL for a new one
 * @saved_path: (out): where it is now
 *
 * Errors: those of kl_site_profile_parse(), and of writing a file. Nothing is written where the
 * profile is not one.
 */
gboolean
kl_site_folder_save (GKeyFile *file, const char *path, char **saved_path, GError **error)
{
  g_autofree char *folder = kl_site_folder_dup_path ();
  g_autofree char *target = NULL;
  g_autoptr (KlSiteProfile) profile = NULL;
  g_autofree char *data = NULL;
  gsize length = 0;

  data = g_key_file_to_data (file, &length, NULL);
  profile = kl_site_profile_parse (data, length, path ? path : folder, error);
  if (profile == NULL || !make_folder (folder, error))
    return FALSE;

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

/* A certificate becomes a file; what is written is noted in @written. */
static char *
unpack_one (const char *text, const char *path, GPtrArray *written, GError **error)
{
  gsize size = 0;
  g_autofree guint8 *der = g_base64_decode (text, &size);
  g_autoptr (GPtrArray) certificates = NULL;

  if (!kl_replace_file (path, der, size, error))
    return NULL;
  g_ptr_array_add (written, g_strdup (path));
  certificates = kl_x509_load_file (path, error);
  return certificates != NULL ? g_strdup (path) : NULL;
}

static gboolean
unpack_key (GKeyFile *file, guint position, const char *stem, GPtrArray *written, GError **error)
{
  const char *key = embedded_keys[position].key;
  g_autoptr (GStrvBuilder) paths = g_strv_builder_new ();
  gsize n = 0;
  g_auto (GStrv) texts = g_key_file_get_string_list (file, CERTIFICATES_GROUP, key, &n, NULL);
  g_auto (GStrv) list = NULL;

  if (n == 0)
    return TRUE;
  for (gsize i = 0; i < MIN (n, CERTIFICATES_MAX); i++)
    {
      g_autofree char *number = n > 1 ? g_strdup_printf ("-%zu", i + 1) : g_strdup ("");
      g_autofree char *path
          = g_strdup_printf ("%s-%s%s.cer", stem, embedded_keys[position].file_name, number);
      g_autofree char *unpacked = unpack_one (texts[i], path, written, error);

      if (unpacked == NULL)
        {
          g_prefix_error (error, "%s in [" CERTIFICATES_GROUP "]: ", key);
          return FALSE;
        }
      g_strv_builder_add (paths, unpacked);
    }

  list = g_strv_builder_end (paths);
  if (list[1] != NULL)
    g_key_file_set_string_list (file, GROUP, key, (const char *const *) list, g_strv_length (list));
  else
    g_key_file_set_string (file, GROUP, key, list[0]);
  return TRUE;
}

static gboolean
unpack_certificates (GKeyFile *file, const char *target, GPtrArray *written, GError **error)
{
  g_autofree char *stem = g_strndup (target, strlen (target) - strlen (SUFFIX));

  for (guint i = 0; i < G_N_ELEMENTS (embedded_keys); i++)
    if (!unpack_key (file, i, stem, written, error))
      return FALSE;

  g_key_file_remove_group (file, CERTIFICATES_GROUP, NULL);
  return TRUE;
}

/**
 * kl_site_folder_import:
 * @path: a site profile anywhere; one that was exported at a site has its certificates inside
 * @saved_path: (out): where its copy is
 *
 * Certificates that came inside are files beside the copy; all other files that the profile names
 * stay where they are.
 *
 * Errors: those of kl_site_profile_load() and kl_site_folder_save(); KL_ERROR_FORMAT where what
 * came inside is no certificate. Nothing is left then.
 */
gboolean
kl_site_folder_import (const char *path, char **saved_path, GError **error)
{
  g_autoptr (KlSiteProfile) profile = kl_site_profile_load (path, error);
  g_autoptr (GPtrArray) written = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GKeyFile) file = NULL;
  g_autofree char *origin = g_path_get_dirname (path);
  g_autofree char *folder = kl_site_folder_dup_path ();
  g_autofree char *target = NULL;

  if (profile == NULL)
    return FALSE;
  file = kl_site_profile_load_key_file (path, error);
  if (file == NULL || !make_folder (folder, error))
    return FALSE;

  make_paths_absolute (file, origin);
  target = dup_free_path (folder, kl_site_profile_get_site_code (profile));
  if (unpack_certificates (file, target, written, error)
      && kl_site_folder_save (file, target, saved_path, error))
    return TRUE;

  for (guint i = 0; i < written->len; i++)
    g_unlink (written->pdata[i]);
  return FALSE;
}
