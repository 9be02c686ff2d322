/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a site profile asks for, looked at: the files that it names, and its policy.
 */
#define G_LOG_DOMAIN "kl-site-check"

#include "site/site-profile.h"

#include "base/error.h"
#include "crypto/x509-file.h"

void
kl_site_files_free (KlSiteFiles *self)
{
  g_clear_pointer (&self->site_signing_certificate, g_bytes_unref);
  g_clear_pointer (&self->root_ca_certificates, g_ptr_array_unref);
  g_strfreev (self->warnings);
  g_free (self);
}

static gboolean
check_management_points (KlSiteProfile *self, GError **error)
{
  const char *path = kl_site_profile_get_management_point_certificate (self);
  g_autoptr (GPtrArray) certificates = NULL;
  g_autoptr (GError) local = NULL;

  if (kl_site_profile_get_management_points (self)[0] == NULL)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_NO_DEFAULT_MP,
                   "The site profile “%s” names no management point",
                   kl_site_profile_get_path (self));
      return FALSE;
    }
  if (path == NULL)
    return TRUE;

  certificates = kl_x509_load_file (path, &local);
  if (certificates != NULL)
    return TRUE;

  g_set_error (error, KL_ERROR, KL_ERROR_NO_MP_CERTS,
               "The management point's certificate is not available: %s", local->message);
  return FALSE;
}

/* Only HTTPS needs them; for a site of HTTP one that is missing is worth a warning. */
static gboolean
read_root_certificates (KlSiteProfile *self,
                        KlSiteFiles *files,
                        GStrvBuilder *warnings,
                        GError **error)
{
  const char *const *paths = kl_site_profile_get_root_ca_certificates (self);
  const gboolean needed = kl_site_profile_uses_https (self);

  files->root_ca_certificates = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  for (guint i = 0; paths[i] != NULL; i++)
    {
      g_autoptr (GError) local = NULL;
      g_autoptr (GPtrArray) found = kl_x509_load_file (paths[i], &local);

      if (found == NULL && needed)
        {
          g_set_error (error, KL_ERROR, KL_ERROR_NO_CA_CERT,
                       "A root CA certificate is not available: %s", local->message);
          return FALSE;
        }
      if (found == NULL)
        g_strv_builder_add (warnings, local->message);
      for (guint k = 0; found != NULL && k < found->len; k++)
        g_ptr_array_add (files->root_ca_certificates, g_bytes_ref (g_ptr_array_index (found, k)));
    }

  if (needed && files->root_ca_certificates->len == 0)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_NO_CA_CERT,
                   "The site profile “%s” has an HTTPS management point and no RootCACertificates",
                   kl_site_profile_get_path (self));
      return FALSE;
    }
  return TRUE;
}

static gboolean
read_signing_certificate (KlSiteProfile *self, KlSiteFiles *files, GError **error)
{
  const char *path = kl_site_profile_get_site_signing_certificate (self);
  g_autoptr (GPtrArray) found = NULL;
  g_autoptr (GError) local = NULL;

  if (path == NULL)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_NO_SITE_SIGN_CERT,
                   "The site profile “%s” names no SiteSigningCertificate",
                   kl_site_profile_get_path (self));
      return FALSE;
    }

  found = kl_x509_load_file (path, &local);
  if (found == NULL)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_NO_SITE_SIGN_CERT,
                   "The site signing certificate is not available: %s", local->message);
      return FALSE;
    }

  files->site_signing_certificate = g_bytes_ref (g_ptr_array_index (found, 0));
  return TRUE;
}

/**
 * kl_site_profile_check:
 *
 * Reads the certificates that the profile names. Blocks; any thread.
 *
 * Errors, in this order (media-api.md 3): KL_ERROR_NO_DEFAULT_MP, KL_ERROR_NO_MP_CERTS,
 * KL_ERROR_NO_CA_CERT (an https:// management point without a readable root CA certificate),
 * KL_ERROR_NO_SITE_SIGN_CERT.
 *
 * Returns: (transfer full) (nullable): what the files hold
 */
KlSiteFiles *
kl_site_profile_check (KlSiteProfile *self, GError **error)
{
  g_autoptr (KlSiteFiles) files = g_new0 (KlSiteFiles, 1);
  g_autoptr (GStrvBuilder) warnings = g_strv_builder_new ();

  if (!check_management_points (self, error)
      || !read_root_certificates (self, files, warnings, error)
      || !read_signing_certificate (self, files, error))
    return NULL;

  files->warnings = g_strv_builder_end (warnings);
  return g_steal_pointer (&files);
}

/**
 * kl_site_profile_check_password:
 * @password: (nullable): the media password
 *
 * Errors: KL_ERROR_INVALID_ARGUMENT, where the site's policy asks for a password, a longer or a
 * stronger one.
 */
gboolean
kl_site_profile_check_password (KlSiteProfile *self, KlSecret *password, GError **error)
{
  const glong length = password != NULL ? g_utf8_strlen (kl_secret_get_text (password), -1) : 0;
  const guint least = kl_site_profile_get_minimum_password_length (self);
  const KlPasswordLevel weakest = kl_site_profile_get_minimum_password_strength (self);
  const char *code = kl_site_profile_get_site_code (self);
  KlPasswordStrength strength;

  if (length == 0)
    {
      if (!kl_site_profile_get_password_required (self))
        return TRUE;
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                   "The site %s asks for a media password", code);
      return FALSE;
    }
  if (length < (glong) least)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                   "The media password has %ld characters; the site %s asks for %u at least",
                   length, code, least);
      return FALSE;
    }

  kl_password_strength_measure (password, &strength);
  if (kl_password_strength_get_level (&strength) < weakest)
    {
      g_autofree char *time = kl_password_strength_dup_text (&strength);

      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                   "The media password is %s, and the site %s asks for one that is %s at least: %s",
                   kl_password_level_to_string (kl_password_strength_get_level (&strength)), code,
                   kl_password_level_to_string (weakest), time);
      return FALSE;
    }

  return TRUE;
}
