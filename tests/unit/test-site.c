/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "base/error.h"
#include "base/file-io.h"
#include "site/connection-options.h"
#include "site/media-variables.h"
#include "site/site-profile.h"

static char *folder;
static KlCertificate *self_signed;

static char *
path_of (const char *name)
{
  return g_build_filename (folder, name, NULL);
}

static KlSiteProfile *
parse (const char *text, GError **error)
{
  g_autofree char *path = path_of ("site.ini");

  return kl_site_profile_parse (text, strlen (text), path, error);
}

#define HTTP_SITE                                                                                  \
  "[Site]\nSiteCode=abc\nManagementPoint=http://mp.example.test/\n"                                \
  "SiteSigningCertificate=certs/signing.cer\n"

static void
test_full_profile (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KlSiteProfile) profile
      = parse ("# a comment\n[Site]\nSiteCode=ABC\n"
               "ManagementPoints=http://a.example.test;https://b.example.test:8443 ;;\n"
               "ManagementPointCertificate=mp.cer\nSiteSigningCertificate=/abs/signing.cer\n"
               "RootCACertificates=root.cer;../second.cer\nPublicRootKey=0602aa\nHTTPPort=8080\n"
               "HTTPSPort=8443\nDistributionPoints=content;/mnt/share\n"
               "UnknownComputerX64={affba0f7-65c6-4743-99b0-99af62d12345}\n"
               "UnknownComputerARM64=AFFBA0F7-65c6-4743-99b0-99af62d12345\n"
               "OrganizationName=Example \nMinimumPasswordLength=12\nPasswordRequired=true\n"
               "UseFirstCertificate=false\nSitecode=DEF\nColour=red\n[Other]\nx=y\n",
               &error);
  g_autofree char *content = path_of ("content");
  const char *const *warnings;

  g_assert_no_error (error);
  g_assert_cmpstr (kl_site_profile_get_site_code (profile), ==, "ABC");
  g_assert_true (kl_site_profile_is_dynamic (profile));
  g_assert_true (kl_site_profile_uses_https (profile));
  g_assert_cmpstr (kl_site_profile_get_management_points (profile)[1], ==,
                   "https://b.example.test:8443");
  g_assert_null (kl_site_profile_get_management_points (profile)[2]);
  g_assert_cmpuint (kl_site_profile_get_http_port (profile), ==, 8080);
  g_assert_cmpuint (kl_site_profile_get_ssl_state (profile), ==, 63);
  g_assert_cmpstr (kl_site_profile_get_public_root_key (profile), ==, "0602AA");
  g_assert_cmpstr (kl_site_profile_get_distribution_points (profile)[0], ==, content);
  g_assert_cmpstr (kl_site_profile_get_distribution_points (profile)[1], ==, "/mnt/share");
  g_assert_cmpstr (kl_site_profile_get_unknown_computer (profile, "x64"), ==,
                   "{affba0f7-65c6-4743-99b0-99af62d12345}");
  g_assert_null (kl_site_profile_get_unknown_computer (profile, "x86"));
  g_assert_cmpstr (kl_site_profile_get_organization (profile), ==, "Example");
  g_assert_false (kl_site_profile_get_use_first_certificate (profile));

  warnings = kl_site_profile_get_warnings (profile);
  g_assert_cmpuint (g_strv_length ((char **) warnings), ==, 3);
  g_assert_nonnull (strstr (warnings[0], "[Other]"));
  g_assert_nonnull (strstr (warnings[1], "Sitecode"));
  g_assert_nonnull (strstr (warnings[2], "Colour"));
}

static void
test_what_is_wrong_is_named (void)
{
  static const struct
  {
    const char *text, *word;
  } rows[] = {
    { "", "[Site]" },
    { "SiteCode=ABC\n", "[Site]" },
    { "[Other]\n", "[Site]" },
    { "[Site]\n", "SiteCode is missing" },
    { "[Site]\nSiteCode=ABCD\n", "SiteCode" },
    { "[Site]\nSiteCode=A-C\n", "SiteCode" },
    { "[Site]\nSiteCode=ABC\nManagementPoint=mp.example.test\n", "ManagementPoint is not" },
    { "[Site]\nSiteCode=ABC\nManagementPoint=ftp://mp.example.test\n", "ManagementPoint is not" },
    { "[Site]\nSiteCode=ABC\nManagementPoint=http://u:p@mp.test\n", "ManagementPoint is not" },
    { "[Site]\nSiteCode=ABC\nManagementPoint=http://mp.test/path\n", "ManagementPoint is not" },
    { "[Site]\nSiteCode=ABC\nManagementPoint=http://mp.test:99999\n", "ManagementPoint is not" },
    { "[Site]\nSiteCode=ABC\nManagementPoint=http://a*http://b\n", "ManagementPoint is not" },
    { "[Site]\nSiteCode=ABC\nManagementPoint=http://a\nManagementPoints=http://b\n", "exclude" },
    { "[Site]\nSiteCode=ABC\nHTTPPort=0\n", "HTTPPort is no number from 1 to 65535" },
    { "[Site]\nSiteCode=ABC\nHTTPSPort=x\n", "HTTPSPort" },
    { "[Site]\nSiteCode=ABC\nPublicRootKey=06 2\n", "hex" },
    { "[Site]\nSiteCode=ABC\nPublicRootKey=062\n", "odd" },
    { "[Site]\nSiteCode=ABC\nPasswordRequired=maybe\n", "neither true nor false" },
    { "[Site]\nSiteCode=ABC\nMinimumPasswordStrength=Good\n", "MinimumPasswordStrength" },
    { "[Site]\nSiteCode=ABC\nUnknownComputerX86=1234\n", "no GUID" },
    { "[Site]\nSiteCode=ABC\nOrganizationName=\xff\n", "OrganizationName" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (parse (rows[i].text, &error));
      g_assert_error (error, KL_ERROR, KL_ERROR_FORMAT);
      if (strstr (error->message, rows[i].word) == NULL)
        g_error ("“%s” is not in “%s”", rows[i].word, error->message);
    }
}

static void
assert_check (const char *text, int code, const char *word)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KlSiteProfile) profile = parse (text, &error);
  g_autoptr (KlSiteFiles) files = NULL;

  g_assert_no_error (error);
  files = kl_site_profile_check (profile, &error);
  if (code == 0)
    {
      g_assert_no_error (error);
      g_assert_nonnull (files->site_signing_certificate);
      return;
    }
  g_assert_null (files);
  g_assert_error (error, KL_ERROR, code);
  if (strstr (error->message, word) == NULL)
    g_error ("“%s” is not in “%s”", word, error->message);
}

static void
test_codes (void)
{
  assert_check (HTTP_SITE, 0, NULL);
  assert_check ("[Site]\nSiteCode=ABC\n", KL_ERROR_NO_DEFAULT_MP, "no management point");
  assert_check ("[Site]\nSiteCode=ABC\nManagementPoints= ; ;\n", KL_ERROR_NO_DEFAULT_MP,
                "no management point");
  assert_check (HTTP_SITE "ManagementPointCertificate=missing.cer\n", KL_ERROR_NO_MP_CERTS,
                "missing.cer");
  assert_check (HTTP_SITE "ManagementPointCertificate=junk.cer\n", KL_ERROR_NO_MP_CERTS,
                "neither PEM nor DER");
  assert_check (HTTP_SITE "ManagementPointCertificate=certs\n", KL_ERROR_NO_MP_CERTS, "certs");
  assert_check ("[Site]\nSiteCode=ABC\nManagementPoint=https://mp.test\n"
                "SiteSigningCertificate=certs/signing.cer\n",
                KL_ERROR_NO_CA_CERT, "no RootCACertificates");
  assert_check ("[Site]\nSiteCode=ABC\nManagementPoints=http://a;https://mp.test\n"
                "RootCACertificates=junk.cer\nSiteSigningCertificate=certs/signing.cer\n",
                KL_ERROR_NO_CA_CERT, "junk.cer");
  assert_check ("[Site]\nSiteCode=ABC\nManagementPoint=https://mp.test\n"
                "RootCACertificates=bundle.pem\nSiteSigningCertificate=certs/signing.cer\n",
                0, NULL);
  assert_check ("[Site]\nSiteCode=ABC\nManagementPoint=http://mp.test\n",
                KL_ERROR_NO_SITE_SIGN_CERT, "names no SiteSigningCertificate");
  assert_check ("[Site]\nSiteCode=ABC\nManagementPoint=http://mp.test\n"
                "SiteSigningCertificate=junk.cer\n",
                KL_ERROR_NO_SITE_SIGN_CERT, "junk.cer");
}

static void
test_order_of_codes (void)
{
  assert_check ("[Site]\nSiteCode=ABC\nManagementPointCertificate=missing.cer\n",
                KL_ERROR_NO_DEFAULT_MP, "");
  assert_check ("[Site]\nSiteCode=ABC\nManagementPoint=https://mp.test\n"
                "ManagementPointCertificate=missing.cer\n",
                KL_ERROR_NO_MP_CERTS, "");
  assert_check ("[Site]\nSiteCode=ABC\nManagementPoint=https://mp.test\n", KL_ERROR_NO_CA_CERT, "");
}

static void
test_unreadable_file (void)
{
  g_autofree char *path = path_of ("closed.cer");
  const uid_t user = geteuid ();

  g_assert_true (g_file_set_contents (path, "x", 1, NULL));
  g_chmod (path, 0);

  /* root reads everything: be nobody for the while. */
  if (user == 0)
    g_assert_cmpint (seteuid (65534), ==, 0);
  assert_check (HTTP_SITE "ManagementPointCertificate=closed.cer\n", KL_ERROR_NO_MP_CERTS,
                "closed.cer");
  g_assert_cmpint (seteuid (user), ==, 0);
}

static void
test_http_site_warns_of_root (void)
{
  g_autoptr (KlSiteProfile) profile = parse (HTTP_SITE "RootCACertificates=missing.cer\n", NULL);
  g_autoptr (KlSiteFiles) files = kl_site_profile_check (profile, NULL);

  g_assert_cmpuint (g_strv_length (files->warnings), ==, 1);
  g_assert_nonnull (strstr (files->warnings[0], "missing.cer"));
}

static void
test_loading (void)
{
  g_autofree char *path = path_of ("profile.ini");
  g_autoptr (GError) error = NULL;
  g_autoptr (KlSiteProfile) profile = NULL;
  g_autofree char *large = g_strnfill (1024 * 1024 + 10, '#');

  g_assert_null (kl_site_profile_load (path, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_true (g_file_set_contents (path, large, -1, NULL));
  g_assert_null (kl_site_profile_load (path, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_FORMAT);
  g_clear_error (&error);
  g_assert_true (g_file_set_contents (path, HTTP_SITE, -1, NULL));
  profile = kl_site_profile_load (path, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (kl_site_profile_get_path (profile), ==, path);
  g_assert_cmpstr (kl_site_profile_get_management_points (profile)[0], ==,
                   "http://mp.example.test");
}

static void
test_password_policy (void)
{
  g_autoptr (KlSiteProfile) strict
      = parse (HTTP_SITE "MinimumPasswordLength=5\nPasswordRequired=true\n", NULL);
  g_autoptr (KlSiteProfile) lenient = parse (HTTP_SITE "MinimumPasswordLength=5\n", NULL);
  g_autoptr (KlSecret) short_one = kl_secret_new_text ("äöü€");
  g_autoptr (KlSecret) long_one = kl_secret_new_text ("äöü€!");
  g_autoptr (GError) error = NULL;

  g_assert_false (kl_site_profile_check_password (strict, NULL, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_false (kl_site_profile_check_password (lenient, short_one, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "4 characters"));
  g_assert_true (kl_site_profile_check_password (lenient, NULL, NULL));
  g_assert_true (kl_site_profile_check_password (strict, long_one, NULL));
}

static void
test_password_strength_policy (void)
{
  g_autoptr (KlSiteProfile) site = parse (HTTP_SITE "MinimumPasswordStrength=good\n", NULL);
  g_autoptr (KlSecret) weak = kl_secret_new_text ("Password1");
  g_autoptr (KlSecret) good = kl_secret_new_text ("x7#Kq2$vB9&mZ4!w");
  g_autoptr (GError) error = NULL;

  g_assert_false (kl_site_profile_check_password (site, weak, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "very-weak"));
  g_assert_null (strstr (error->message, "Password1"));
  g_assert_true (kl_site_profile_check_password (site, good, NULL));
  g_assert_true (kl_site_profile_check_password (site, NULL, NULL));
}

static void
test_connection_options (void)
{
  static const struct
  {
    const char *options;
    int code;
    const char *detail;
  } rows[] = {
    { NULL, 0, NULL },
    { "", 0, NULL },
    { "  ", 0, NULL },
    { "Username=x", 0, NULL },
    { "username=a, DOMAIN = b ,Password=,Local=1,Authority=k=v", 0, NULL },
    { "Username", KL_ERROR_CONNECTION_OPTIONS, NULL },
    { "=x", KL_ERROR_CONNECTION_OPTIONS, NULL },
    { " =x", KL_ERROR_CONNECTION_OPTIONS, NULL },
    { "Username=a,", KL_ERROR_CONNECTION_OPTIONS, NULL },
    { "Username=a,,Local=1", KL_ERROR_CONNECTION_OPTIONS, NULL },
    { "Username=a,USERNAME=b", KL_ERROR_CONNECTION_OPTIONS, NULL },
    { "Colour=red,Shape", KL_ERROR_CONNECTION_OPTIONS, NULL },
    { "Username=a,Colour=red,Shape=round", KL_ERROR_CONNECTION_OPTION_NAME, "Colour" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      const gboolean ok = kl_connection_options_check (rows[i].options, &error);

      g_assert_true (ok == (rows[i].code == 0));
      if (!ok)
        {
          g_assert_error (error, KL_ERROR, rows[i].code);
          g_assert_cmpstr (kl_error_get_detail (error), ==, rows[i].detail);
        }
    }
}

static void
test_messages_keep_the_password (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (kl_connection_options_check ("Password=geh,heim", &error));
  g_assert_null (strstr (error->message, "heim"));
  g_assert_nonnull (strstr (error->message, "Item 2"));
}

static KlVariables *
make_variables (const char *profile_text, KlVariables *own, GError **error)
{
  g_autoptr (KlSiteProfile) profile = profile_text != NULL ? parse (profile_text, NULL) : NULL;
  g_autoptr (KlSiteFiles) files = profile != NULL ? kl_site_profile_check (profile, NULL) : NULL;
  const KlMediaVariablesInput input = {
    .profile = profile,
    .files = files,
    .image_id = "KDL00001",
    .launch_mode = "CD",
    .certificate = self_signed,
    .own = own,
  };

  return kl_media_variables_new (&input, error);
}

static char *
join_names (KlVariables *variables)
{
  g_autoptr (GString) names = g_string_new (NULL);

  for (guint i = 0; i < kl_variables_get_length (variables); i++)
    g_string_append_printf (names, "%s%s", i > 0 ? " " : "", kl_variables_get_name (variables, i));
  return g_string_free (g_steal_pointer (&names), FALSE);
}

static const char *
value_of (KlVariables *variables, const char *name)
{
  KlSecret *value = kl_variables_find (variables, name);

  return value != NULL ? kl_secret_get_text (value) : NULL;
}

static void
test_variables_without_site (void)
{
  g_autoptr (KlVariables) own = kl_variables_new ();
  g_autoptr (KlVariables) variables = NULL;
  g_autofree char *names = NULL;
  const char *guid;

  kl_variables_append (own, "Colour", "red");
  variables = make_variables (NULL, own, NULL);
  names = join_names (variables);
  g_assert_cmpstr (names, ==,
                   "_SMSMediaGuid _SMSTSBootMediaPackageID _SMSTSLaunchMode _SMSTSMediaPFX Colour");
  guid = value_of (variables, "_SMSMediaGuid");
  g_assert_true (
      g_regex_match_simple ("^\\{[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}\\}$", guid, 0, 0));
  g_assert_null (strstr (kl_certificate_get_subject (self_signed), guid));
  g_assert_cmpstr (value_of (variables, "_SMSTSLaunchMode"), ==, "CD");
  g_assert_true (
      g_regex_match_simple ("^30[0-9A-F]+020207D0$", value_of (variables, "_SMSTSMediaPFX"), 0, 0));
}

static void
test_variables_of_a_site (void)
{
  g_autoptr (KlVariables) one = make_variables (HTTP_SITE, NULL, NULL);
  g_autoptr (KlVariables) several = make_variables (
      "[Site]\nSiteCode=XYZ\nManagementPoints=https://a.test;http://b.test\nPublicRootKey=0602\n"
      "SiteSigningCertificate=certs/signing.cer\nRootCACertificates=bundle.pem;certs/signing.cer\n"
      "UnknownComputerX64=affba0f7-65c6-4743-99b0-99af62d12345\nOrganizationName=Example\n",
      NULL, NULL);
  g_autofree char *names = join_names (one);
  g_autofree char *more = join_names (several);
  g_auto (GStrv) roots = NULL;

  g_assert_cmpstr (names, ==,
                   "_SMSMediaGuid SMSTSMP _SMSTSSiteCode _SMSTSBootMediaPackageID _SMSTSHTTPPort "
                   "_SMSTSHTTPSPort _SMSTSIISSSLState _SMSTSLaunchMode _SMSTSMediaPFX "
                   "_SMSTSSiteSigningCertificate _SMSTSUseFirstCert");
  g_assert_cmpstr (value_of (one, "SMSTSMP"), ==, "http://mp.example.test");
  g_assert_cmpstr (value_of (one, "_SMSTSSiteCode"), ==, "ABC");
  g_assert_cmpstr (value_of (one, "_SMSTSHTTPSPort"), ==, "443");
  g_assert_cmpstr (value_of (one, "_SMSTSIISSSLState"), ==, "0");

  g_assert_cmpstr (more, ==,
                   "_SMSMediaGuid SMSTSLocationMPs _SMSTSSiteCode _SMSTSBootMediaPackageID "
                   "_SMSTSHTTPPort _SMSTSHTTPSPort _SMSTSIISSSLState _SMSTSLaunchMode "
                   "_SMSTSMediaPFX _SMSTSPublicRootKey _SMSTSSiteSigningCertificate "
                   "_SMSTSRootCACerts _SMSTSUseFirstCert _SMSTSx64UnknownMachineGUID "
                   "_SMSTSBrandingTitle");
  g_assert_cmpstr (value_of (several, "SMSTSLocationMPs"), ==, "https://a.test*http://b.test");
  roots = g_strsplit (value_of (several, "_SMSTSRootCACerts"), "*", -1);
  g_assert_cmpuint (g_strv_length (roots), ==, 3);
  g_assert_cmpstr (roots[2], ==, value_of (several, "_SMSTSSiteSigningCertificate"));
}

static void
test_each_medium_has_its_own_guid (void)
{
  g_autoptr (KlVariables) first = make_variables (NULL, NULL, NULL);
  g_autoptr (KlVariables) second = make_variables (NULL, NULL, NULL);

  g_assert_cmpstr (value_of (first, "_SMSMediaGuid"), !=, value_of (second, "_SMSMediaGuid"));
}

static void
test_own_variables_are_checked (void)
{
  static const char *const names[] = { "_SMSTSMP", "SMSTSMP", "a b" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (KlVariables) own = kl_variables_new ();
      g_autoptr (GError) error = NULL;

      kl_variables_append (own, names[i], "x");
      g_assert_null (make_variables (NULL, own, &error));
      g_assert_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT);
    }
}

static void
test_own_variable_given_twice (void)
{
  g_autoptr (KlVariables) own = kl_variables_new ();
  g_autoptr (GError) error = NULL;

  kl_variables_append (own, "Colour", "red");
  kl_variables_append (own, "COLOUR", "blue");
  g_assert_null (make_variables (NULL, own, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "twice"));
}

static void
test_mutations (void)
{
  static const char text[] = HTTP_SITE "RootCACertificates=a;b\nHTTPPort=80\nPublicRootKey=06\n";
  g_autofree char *path = path_of ("site.ini");
  g_autoptr (GRand) random = g_rand_new_with_seed (20261120);

  for (guint round = 0; round < 3000; round++)
    {
      char copy[sizeof text];
      g_autoptr (GError) error = NULL;
      g_autoptr (KlSiteProfile) profile = NULL;

      memcpy (copy, text, sizeof text);
      for (gint i = g_rand_int_range (random, 1, 5); i > 0; i--)
        copy[g_rand_int_range (random, 0, sizeof text)] = (char) g_rand_int_range (random, 0, 256);
      profile = kl_site_profile_parse (copy, (gsize) g_rand_int_range (random, 0, sizeof text),
                                       path, &error);
      g_assert_true ((profile == NULL) == (error != NULL));
      if (error != NULL)
        g_assert_error (error, KL_ERROR, KL_ERROR_FORMAT);
    }
}

static void
make_files (void)
{
  g_autofree char *certs = path_of ("certs");
  g_autofree char *signing = path_of ("certs/signing.cer");
  g_autofree char *junk = path_of ("junk.cer");
  g_autofree char *bundle = path_of ("bundle.pem");
  g_autofree char *pem = kl_certificate_to_pem (self_signed);
  g_autofree char *twice = g_strconcat ("# two\n", pem, pem, NULL);

  g_assert_cmpint (g_mkdir (certs, 0700), ==, 0);
  g_assert_true (kl_certificate_export (self_signed, signing, NULL));
  g_assert_true (g_file_set_contents (junk, "no certificate", -1, NULL));
  g_assert_true (g_file_set_contents (bundle, twice, -1, NULL));
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("kl-site-XXXXXX", NULL);
  self_signed = kl_certificate_new_self_signed (NULL, NULL, NULL, NULL, NULL);
  make_files ();
  g_test_add_func ("/site/profile-is-read", test_full_profile);
  g_test_add_func ("/site/what-is-wrong-is-named", test_what_is_wrong_is_named);
  g_test_add_func ("/site/each-code-has-its-condition", test_codes);
  g_test_add_func ("/site/codes-come-in-order", test_order_of_codes);
  g_test_add_func ("/site/unreadable-certificate-is-not-available", test_unreadable_file);
  g_test_add_func ("/site/http-site-is-warned-of-its-root", test_http_site_warns_of_root);
  g_test_add_func ("/site/profile-is-loaded-from-a-file", test_loading);
  g_test_add_func ("/site/password-policy", test_password_policy);
  g_test_add_func ("/site/password-strength-policy", test_password_strength_policy);
  g_test_add_func ("/site/connection-options", test_connection_options);
  g_test_add_func ("/site/messages-keep-the-password", test_messages_keep_the_password);
  g_test_add_func ("/site/variables-without-site", test_variables_without_site);
  g_test_add_func ("/site/variables-of-a-site", test_variables_of_a_site);
  g_test_add_func ("/site/each-medium-has-its-own-guid", test_each_medium_has_its_own_guid);
  g_test_add_func ("/site/own-variables-are-checked", test_own_variables_are_checked);
  g_test_add_func ("/site/own-variable-given-twice", test_own_variable_given_twice);
  g_test_add_func ("/site/mutations-give-an-error-or-a-profile", test_mutations);
  status = g_test_run ();
  kl_certificate_unref (self_signed);
  kl_remove_tree (folder, NULL);
  g_free (folder);
  return status;
}
