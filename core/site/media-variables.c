/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-media-variables"

#include "site/media-variables.h"

#include "base/error.h"

/* New for each medium. Media with a self-signed certificate have it in braces, media with an
 * imported one had none; the letters' case follows the samples (media-formats.md 1.4, 4). */
static KlSecret *
new_media_guid (KlCertificate *certificate)
{
  return kl_secret_new_guid (certificate == NULL || kl_certificate_is_self_signed (certificate));
}

/* Zeros, as many as there will be, stand for a certificate that is not there yet. */
static KlSecret *
new_pfx (KlCertificate *certificate, KlSecret *guid, GError **error)
{
  return certificate != NULL ? kl_certificate_to_pfx (certificate, kl_secret_get_text (guid), error)
                             : kl_secret_new_sized (KL_SELF_SIGNED_PFX_BYTES);
}

static void
append_number (KlVariables *variables, const char *name, guint value)
{
  g_autofree char *text = g_strdup_printf ("%u", value);

  kl_variables_append (variables, name, text);
}

static void
append_optional (KlVariables *variables, const char *name, const char *value)
{
  if (value != NULL)
    kl_variables_append (variables, name, value);
}

static void
append_management_points (KlVariables *variables, KlSiteProfile *profile)
{
  g_autofree char *joined
      = g_strjoinv ("*", (char **) kl_site_profile_get_management_points (profile));

  kl_variables_append (
      variables, kl_site_profile_is_dynamic (profile) ? "SMSTSLocationMPs" : "SMSTSMP", joined);
}

/* The encoding of several root certificates is not public (media-formats.md 1.4): hex of each, with
 * the separator that lists of management points have. */
static void
append_root_certificates (KlVariables *variables, KlSiteFiles *files)
{
  g_autoptr (GString) joined = g_string_new (NULL);

  for (guint i = 0; i < files->root_ca_certificates->len; i++)
    {
      gsize size;
      const guint8 *der
          = g_bytes_get_data (g_ptr_array_index (files->root_ca_certificates, i), &size);

      if (i > 0)
        g_string_append_c (joined, '*');
      for (gsize k = 0; k < size; k++)
        g_string_append_printf (joined, "%02X", der[k]);
    }
  if (joined->len > 0)
    kl_variables_append (variables, "_SMSTSRootCACerts", joined->str);
}

static void
append_site_connection (KlVariables *variables, KlSiteProfile *profile)
{
  append_management_points (variables, profile);
  kl_variables_append (variables, "_SMSTSSiteCode", kl_site_profile_get_site_code (profile));
}

static void
append_site_ports (KlVariables *variables, KlSiteProfile *profile)
{
  append_number (variables, "_SMSTSHTTPPort", kl_site_profile_get_http_port (profile));
  append_number (variables, "_SMSTSHTTPSPort", kl_site_profile_get_https_port (profile));
  append_number (variables, "_SMSTSIISSSLState", kl_site_profile_get_ssl_state (profile));
}

static void
append_site_trust (KlVariables *variables, KlSiteProfile *profile, KlSiteFiles *files)
{
  gsize size;
  const guint8 *der = g_bytes_get_data (files->site_signing_certificate, &size);

  append_optional (variables, "_SMSTSPublicRootKey", kl_site_profile_get_public_root_key (profile));
  kl_variables_append_hex (variables, "_SMSTSSiteSigningCertificate", der, size);
  append_root_certificates (variables, files);
  kl_variables_append (variables, "_SMSTSUseFirstCert",
                       kl_site_profile_get_use_first_certificate (profile) ? "1" : "0");
  append_optional (variables, "_SMSTSx64UnknownMachineGUID",
                   kl_site_profile_get_unknown_computer (profile, "x64"));
  append_optional (variables, "_SMSTSx86UnknownMachineGUID",
                   kl_site_profile_get_unknown_computer (profile, "x86"));
  append_optional (variables, "_SMSTSarm64UnknownMachineGUID",
                   kl_site_profile_get_unknown_computer (profile, "arm64"));
  append_optional (variables, "_SMSTSBrandingTitle", kl_site_profile_get_organization (profile));
}

static gboolean
append_own (KlVariables *variables, KlVariables *own, GError **error)
{
  for (guint i = 0; own != NULL && i < kl_variables_get_length (own); i++)
    {
      const char *name = kl_variables_get_name (own, i);
      KlSecret *value = kl_variables_get_value (own, i);

      if (!kl_variable_check_own (name, value, error))
        return FALSE;
      if (kl_variables_find (variables, name) != NULL)
        {
          g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                       "The media variable “%s” is given twice", name);
          return FALSE;
        }
      kl_variables_append_secret (variables, name, value);
    }

  return TRUE;
}

/**
 * kl_media_variables_new:
 *
 * The variables of one medium, in the order of media-formats.md 1.4: those of the site only with a
 * profile, then the person's own. Each call makes a new medium's GUID, and the certificate's PFX
 * under it. Without a certificate they are good for nothing but their size. Any thread.
 *
 * Errors: KL_ERROR_INVALID_ARGUMENT (a variable of the person's), KL_ERROR_FAILED.
 *
 * Returns: (transfer full) (nullable): the variables
 */
KlVariables *
kl_media_variables_new (const KlMediaVariablesInput *input, GError **error)
{
  g_autoptr (KlVariables) variables = kl_variables_new ();
  g_autoptr (KlSecret) guid = new_media_guid (input->certificate);
  g_autoptr (KlSecret) pfx = new_pfx (input->certificate, guid, error);

  if (pfx == NULL)
    return NULL;

  kl_variables_append_secret (variables, "_SMSMediaGuid", guid);
  if (input->profile != NULL)
    append_site_connection (variables, input->profile);
  kl_variables_append (variables, "_SMSTSBootMediaPackageID", input->image_id);
  if (input->profile != NULL)
    append_site_ports (variables, input->profile);
  kl_variables_append (variables, "_SMSTSLaunchMode", input->launch_mode);
  kl_variables_append_hex (variables, "_SMSTSMediaPFX", kl_secret_get_data (pfx),
                           kl_secret_get_length (pfx));
  if (input->profile != NULL)
    append_site_trust (variables, input->profile, input->files);

  return append_own (variables, input->own, error) ? g_steal_pointer (&variables) : NULL;
}
