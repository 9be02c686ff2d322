/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-ctl"

#include "config.h"

#include "command.h"

#include <glib/gi18n.h>

#include "base/error.h"
#include "output.h"
#include "password-words.h"
#include "site/site-folder.h"
#include "site/site-profile.h"

/* NULL with *status set. */
static KlSiteProfile *
load (const KlCtlOptions *options, int *status)
{
  g_autoptr (GError) error = NULL;
  KlSiteProfile *profile;

  if (options->site == NULL)
    {
      *status = kl_ctl_print_usage_error (options, _ ("“%s” needs --site FILE"), options->command);
      return NULL;
    }

  profile = kl_site_profile_load (options->site, &error);
  if (profile == NULL)
    *status = kl_ctl_print_error (options, error);
  return profile;
}

static void
print_json (KlSiteProfile *profile)
{
  JsonBuilder *builder = kl_ctl_json_new (NULL);

  kl_ctl_json_add_text (builder, "path", kl_site_profile_get_path (profile));
  kl_ctl_json_add_text (builder, "site-code", kl_site_profile_get_site_code (profile));
  kl_ctl_json_add_list (builder, "management-points",
                        kl_site_profile_get_management_points (profile));
  kl_ctl_json_add_flag (builder, "dynamic", kl_site_profile_is_dynamic (profile));
  kl_ctl_json_add_flag (builder, "https", kl_site_profile_uses_https (profile));
  kl_ctl_json_add_number (builder, "http-port", kl_site_profile_get_http_port (profile));
  kl_ctl_json_add_number (builder, "https-port", kl_site_profile_get_https_port (profile));
  kl_ctl_json_add_list (builder, "distribution-points",
                        kl_site_profile_get_distribution_points (profile));
  kl_ctl_json_add_text (builder, "organization", kl_site_profile_get_organization (profile));
  kl_ctl_json_add_number (builder, "minimum-password-length",
                          kl_site_profile_get_minimum_password_length (profile));
  kl_ctl_json_add_text (
      builder, "minimum-password-strength",
      kl_password_level_to_string (kl_site_profile_get_minimum_password_strength (profile)));
  kl_ctl_json_add_flag (builder, "password-required",
                        kl_site_profile_get_password_required (profile));
  kl_ctl_json_add_list (builder, "warnings", kl_site_profile_get_warnings (profile));
  kl_ctl_json_print (builder);
}

/* What the site asks of the media password; also in words for who checks the profile. */
static void
print_policy (KlSiteProfile *profile)
{
  g_autofree char *length
      = g_strdup_printf ("%u", kl_site_profile_get_minimum_password_length (profile));

  kl_ctl_print_field (_ ("Password"), kl_site_profile_get_password_required (profile)
                                          ? _ ("required")
                                          : _ ("not required"));
  kl_ctl_print_field (_ ("Minimum length"), length);
  kl_ctl_print_field (
      _ ("Minimum strength"),
      kl_password_level_get_word (kl_site_profile_get_minimum_password_strength (profile)));
}

static void
print_text (KlSiteProfile *profile)
{
  g_autofree char *points
      = g_strjoinv (", ", (char **) kl_site_profile_get_management_points (profile));
  g_autofree char *folders
      = g_strjoinv (", ", (char **) kl_site_profile_get_distribution_points (profile));

  kl_ctl_print_field (_ ("Site code"), kl_site_profile_get_site_code (profile));
  kl_ctl_print_field (kl_site_profile_is_dynamic (profile) ? _ ("Management points")
                                                           : _ ("Management point"),
                      points[0] != '\0' ? points : C_ ("management points", "none"));
  kl_ctl_print_field (_ ("Content folders"), folders);
  kl_ctl_print_field (_ ("Organization"), kl_site_profile_get_organization (profile));
  print_policy (profile);
  kl_ctl_print_warnings (kl_site_profile_get_warnings (profile));
}

static int
run_show (KlCtlOptions *options)
{
  int status = KL_CTL_EXIT_DONE;
  g_autoptr (KlSiteProfile) profile = load (options, &status);

  if (profile == NULL)
    return status;

  if (options->json)
    print_json (profile);
  else
    print_text (profile);
  return KL_CTL_EXIT_DONE;
}

/* Content folders are only looked at when content is searched; here is the time to say it. */
static char **
collect_warnings (KlSiteProfile *profile, KlSiteFiles *files)
{
  g_autoptr (GStrvBuilder) warnings = g_strv_builder_new ();
  const char *const *folders = kl_site_profile_get_distribution_points (profile);

  g_strv_builder_addv (warnings, (const char **) kl_site_profile_get_warnings (profile));
  g_strv_builder_addv (warnings, (const char **) files->warnings);
  for (guint i = 0; folders[i] != NULL; i++)
    if (!g_file_test (folders[i], G_FILE_TEST_IS_DIR))
      {
        g_autofree char *text
            = g_strdup_printf ("The content folder “%s” is not there.", folders[i]);

        g_strv_builder_add (warnings, text);
      }
  return g_strv_builder_end (warnings);
}

static int
run_check (KlCtlOptions *options)
{
  int status = KL_CTL_EXIT_DONE;
  g_autoptr (KlSiteProfile) profile = load (options, &status);
  g_autoptr (KlSiteFiles) files = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) warnings = NULL;

  if (profile == NULL)
    return status;
  files = kl_site_profile_check (profile, &error);
  if (files == NULL)
    return kl_ctl_print_error (options, error);

  warnings = collect_warnings (profile, files);
  if (options->json)
    {
      JsonBuilder *builder = kl_ctl_json_new ("done");

      kl_ctl_json_add_text (builder, "site-code", kl_site_profile_get_site_code (profile));
      kl_ctl_json_add_list (builder, "warnings", (const char *const *) warnings);
      kl_ctl_json_print (builder);
    }
  else if (!options->quiet)
    {
      g_print (_ ("Media can be made for the site %s.\n"), kl_site_profile_get_site_code (profile));
      print_policy (profile);
      kl_ctl_print_warnings ((const char *const *) warnings);
    }
  return KL_CTL_EXIT_DONE;
}

/* What keeps media from being made with it, if anything does, and what is worth a warning. */
static char **
collect_findings (KlSiteProfile *profile)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KlSiteFiles) files = kl_site_profile_check (profile, &error);
  g_autoptr (GStrvBuilder) findings = NULL;

  if (files != NULL)
    return collect_warnings (profile, files);

  findings = g_strv_builder_new ();
  g_strv_builder_add (findings, error->message);
  g_strv_builder_addv (findings, (const char **) kl_site_profile_get_warnings (profile));
  return g_strv_builder_end (findings);
}

static int
run_import (KlCtlOptions *options)
{
  g_autoptr (KlSiteProfile) profile = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;
  g_auto (GStrv) findings = NULL;

  if (!kl_site_folder_import (options->arguments[0], &path, &error))
    return kl_ctl_print_error (options, error);
  profile = kl_site_profile_load (path, &error);
  if (profile == NULL)
    return kl_ctl_print_error (options, error);

  findings = collect_findings (profile);
  if (options->json)
    {
      JsonBuilder *builder = kl_ctl_json_new ("done");

      kl_ctl_json_add_text (builder, "site-code", kl_site_profile_get_site_code (profile));
      kl_ctl_json_add_text (builder, "path", path);
      kl_ctl_json_add_list (builder, "warnings", (const char *const *) findings);
      kl_ctl_json_print (builder);
    }
  else if (!options->quiet)
    {
      g_autofree char *clean = kl_ctl_clean (path);

      g_print (_ ("Imported the site %s as %s.\n"), kl_site_profile_get_site_code (profile), clean);
      kl_ctl_print_warnings ((const char *const *) findings);
    }
  return KL_CTL_EXIT_DONE;
}

const KlCtlCommand kl_ctl_site_commands[] = {
  { "site", "show", "", N_ ("Show the site profile"), "  kindlingctl --site abc.ini site show", 0,
    0, NULL, run_show },
  { "site", "check", "", N_ ("Check the site profile and the files that it names"),
    "  kindlingctl --site abc.ini site check", 0, 0, NULL, run_check },
  { "site", "import", "FILE", N_ ("Keep a site profile, such as one exported at the site"),
    "  kindlingctl site import ABC.ini\n"
    "  kindlingctl --site ABC create CD abc.iso KDL00001",
    1, 1, NULL, run_import },
  { NULL },
};
