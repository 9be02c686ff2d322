/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "crypto/password-strength.h"
#include "crypto/secret.h"

G_BEGIN_DECLS

/*
 * The profile of a deployment site: a key file with one group [Site] (interface.md 3). Beyond that
 * page: UnknownComputerX86, UnknownComputerARM64, UseFirstCertificate, IISSSLState,
 * MinimumPasswordStrength. It holds no secret. Immutable; any thread.
 */
#define KL_TYPE_SITE_PROFILE (kl_site_profile_get_type ())
typedef struct _KlSiteProfile KlSiteProfile;

/* What the files that a profile names hold. */
typedef struct
{
  GBytes *site_signing_certificate; /* DER */
  GPtrArray *root_ca_certificates;  /* of GBytes, DER; maybe none */
  char **warnings;                  /* English sentences */
} KlSiteFiles;

GType kl_site_profile_get_type (void);
KlSiteProfile *kl_site_profile_load (const char *path, GError **error);
KlSiteProfile *
kl_site_profile_parse (const char *data, gsize length, const char *path, GError **error);
GKeyFile *kl_site_profile_load_key_file (const char *path, GError **error);
KlSiteProfile *kl_site_profile_ref (KlSiteProfile *self);
void kl_site_profile_unref (KlSiteProfile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlSiteProfile, kl_site_profile_unref)

KlSiteFiles *kl_site_profile_check (KlSiteProfile *self, GError **error);
void kl_site_files_free (KlSiteFiles *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlSiteFiles, kl_site_files_free)
gboolean kl_site_profile_check_password (KlSiteProfile *self, KlSecret *password, GError **error);

const char *kl_site_profile_get_path (KlSiteProfile *self);
const char *kl_site_profile_get_site_code (KlSiteProfile *self);
const char *const *kl_site_profile_get_management_points (KlSiteProfile *self);
const char *kl_site_profile_get_management_point_certificate (KlSiteProfile *self);
const char *kl_site_profile_get_site_signing_certificate (KlSiteProfile *self);
const char *const *kl_site_profile_get_root_ca_certificates (KlSiteProfile *self);
gboolean kl_site_profile_is_dynamic (KlSiteProfile *self);
gboolean kl_site_profile_uses_https (KlSiteProfile *self);
guint kl_site_profile_get_http_port (KlSiteProfile *self);
guint kl_site_profile_get_https_port (KlSiteProfile *self);
guint kl_site_profile_get_ssl_state (KlSiteProfile *self);
gboolean kl_site_profile_get_use_first_certificate (KlSiteProfile *self);
const char *kl_site_profile_get_public_root_key (KlSiteProfile *self);
const char *const *kl_site_profile_get_distribution_points (KlSiteProfile *self);
const char *kl_site_profile_get_unknown_computer (KlSiteProfile *self, const char *architecture);
const char *kl_site_profile_get_organization (KlSiteProfile *self);
guint kl_site_profile_get_minimum_password_length (KlSiteProfile *self);
KlPasswordLevel kl_site_profile_get_minimum_password_strength (KlSiteProfile *self);
gboolean kl_site_profile_get_password_required (KlSiteProfile *self);
const char *const *kl_site_profile_get_warnings (KlSiteProfile *self);

G_END_DECLS
