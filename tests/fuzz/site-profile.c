/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include "site/site-profile.h"

/* A profile from anywhere. Its paths are not followed: they could be any file's. */
int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (KlSiteProfile) profile
      = kl_site_profile_parse ((const char *) data, size, "/fuzz/site.ini", NULL);
  g_autoptr (KlSecret) password = NULL;
  const char *const *paths;

  if (profile == NULL)
    return 0;

  password = kl_secret_new_text ("Password1");
  kl_site_profile_check_password (profile, password, NULL);
  kl_site_profile_check_password (profile, NULL, NULL);
  g_assert_cmpuint (strlen (kl_site_profile_get_site_code (profile)), ==, 3);
  g_assert_cmpuint (kl_site_profile_get_http_port (profile), >, 0);
  paths = kl_site_profile_get_root_ca_certificates (profile);
  for (guint i = 0; paths[i] != NULL; i++)
    g_assert_true (g_path_is_absolute (paths[i]));
  return 0;
}
