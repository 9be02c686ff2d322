/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-site-profile"

#include "site/site-profile.h"

#include <string.h>

#include "base/error.h"
#include "base/file-io.h"

#define GROUP "Site"
#define PROFILE_SIZE_MAX (1024 * 1024) /* bytes */
#define LIST_MAX 64                    /* entries */
#define TEXT_MAX 4096                  /* bytes of one value */
#define KEY_DIGITS_MAX 16384           /* hex digits of the public root key */
#define PASSWORD_LENGTH_MAX 127

#define DEFAULT_HTTP_PORT 80
#define DEFAULT_HTTPS_PORT 443
/* media-formats.md 1.4: 0 is HTTP. What an HTTPS site has is not public; field reports show 63:
 * client certificates and the check of revocation lists. */
#define SSL_STATE_HTTP 0
#define SSL_STATE_HTTPS 63

struct _KlSiteProfile
{
  gatomicrefcount references;
  char *path;   /* owned; absolute */
  char *folder; /* owned; relative paths begin here */
  char *site_code;
  char **management_points; /* without a slash at the end; maybe none */
  gboolean dynamic;
  char *management_point_certificate; /* owned, nullable; absolute */
  char *site_signing_certificate;     /* owned, nullable; absolute */
  char **root_ca_certificates;        /* absolute */
  char *public_root_key;              /* owned, nullable; hex in upper case */
  guint http_port;
  guint https_port;
  guint ssl_state;
  gboolean use_first_certificate;
  char **distribution_points; /* absolute */
  char *unknown_x64;          /* owned, nullable */
  char *unknown_x86;
  char *unknown_arm64;
  char *organization;
  guint minimum_password_length; /* characters */
  KlPasswordLevel minimum_password_strength;
  gboolean password_required;
  char **warnings;
};

G_DEFINE_BOXED_TYPE (KlSiteProfile, kl_site_profile, kl_site_profile_ref, kl_site_profile_unref)

typedef struct
{
  KlSiteProfile *profile; /* being filled */
  GKeyFile *file;
} Parser;

static const char *const known_keys[] = {
  "SiteCode",
  "ManagementPoint",
  "ManagementPoints",
  "ManagementPointCertificate",
  "SiteSigningCertificate",
  "RootCACertificates",
  "PublicRootKey",
  "HTTPPort",
  "HTTPSPort",
  "IISSSLState",
  "UseFirstCertificate",
  "DistributionPoints",
  "UnknownComputerX64",
  "UnknownComputerX86",
  "UnknownComputerARM64",
  "OrganizationName",
  "MinimumPasswordLength",
  "MinimumPasswordStrength",
  "PasswordRequired",
  NULL,
};

static gboolean
fail (const Parser *parser, GError **error, const char *key, const char *what)
{
  g_set_error (error, KL_ERROR, KL_ERROR_FORMAT, "The site profile “%s”: %s %s",
               parser->profile->path, key, what);
  return FALSE;
}

/* The trimmed value; NULL where the key is absent or empty. */
static gboolean
read_text (const Parser *parser, const char *key, char **text, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autofree char *value = g_key_file_get_string (parser->file, GROUP, key, &local);

  if (g_error_matches (local, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_KEY_NOT_FOUND))
    return TRUE;
  if (value == NULL)
    return fail (parser, error, key, "is not UTF-8 text without odd escapes");
  if (strlen (value) > TEXT_MAX && !g_str_equal (key, "PublicRootKey"))
    return fail (parser, error, key, "is longer than 4096 bytes");

  g_strstrip (value);
  if (value[0] != '\0')
    *text = g_steal_pointer (&value);
  return TRUE;
}

/* The trimmed entries, empty ones left out. */
static gboolean
read_list (const Parser *parser, const char *key, char ***list, GError **error)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_autoptr (GError) local = NULL;
  g_auto (GStrv) entries = g_key_file_get_string_list (parser->file, GROUP, key, NULL, &local);
  guint n = 0;

  if (entries == NULL && !g_error_matches (local, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_KEY_NOT_FOUND))
    return fail (parser, error, key, "is no list of UTF-8 texts");

  for (guint i = 0; entries != NULL && entries[i] != NULL; i++)
    {
      if (strlen (entries[i]) > TEXT_MAX)
        return fail (parser, error, key, "has an entry longer than 4096 bytes");
      if (g_strstrip (entries[i])[0] == '\0')
        continue;
      if (++n > LIST_MAX)
        return fail (parser, error, key, "has more than 64 entries");
      g_strv_builder_add (builder, entries[i]);
    }

  *list = g_strv_builder_end (builder);
  return TRUE;
}

static char *
resolve (const Parser *parser, const char *path)
{
  return g_canonicalize_filename (path, parser->profile->folder);
}

static gboolean
read_path (const Parser *parser, const char *key, char **path, GError **error)
{
  g_autofree char *text = NULL;

  if (!read_text (parser, key, &text, error))
    return FALSE;
  if (text != NULL)
    *path = resolve (parser, text);
  return TRUE;
}

static gboolean
read_paths (const Parser *parser, const char *key, char ***paths, GError **error)
{
  if (!read_list (parser, key, paths, error))
    return FALSE;

  for (guint i = 0; (*paths)[i] != NULL; i++)
    {
      char *resolved = resolve (parser, (*paths)[i]);

      g_free ((*paths)[i]);
      (*paths)[i] = resolved;
    }
  return TRUE;
}

static gboolean
read_number (
    const Parser *parser, const char *key, guint least, guint most, guint *number, GError **error)
{
  g_autofree char *text = NULL;
  guint64 value;

  if (!read_text (parser, key, &text, error))
    return FALSE;
  if (text == NULL)
    return TRUE;
  if (!g_ascii_string_to_unsigned (text, 10, least, most, &value, NULL))
    {
      g_autofree char *what = g_strdup_printf ("is no number from %u to %u", least, most);

      return fail (parser, error, key, what);
    }

  *number = (guint) value;
  return TRUE;
}

static gboolean
read_boolean (const Parser *parser, const char *key, gboolean *value, GError **error)
{
  g_autofree char *text = NULL;

  if (!read_text (parser, key, &text, error))
    return FALSE;
  if (text == NULL)
    return TRUE;
  if (!g_str_equal (text, "true") && !g_str_equal (text, "false"))
    return fail (parser, error, key, "is neither true nor false");

  *value = g_str_equal (text, "true");
  return TRUE;
}

static gboolean
read_guid (const Parser *parser, const char *key, char **guid, GError **error)
{
  g_autofree char *text = NULL;
  g_autofree char *bare = NULL;

  if (!read_text (parser, key, &text, error))
    return FALSE;
  if (text == NULL)
    return TRUE;

  bare = text[0] == '{' && g_str_has_suffix (text, "}") ? g_strndup (text + 1, strlen (text) - 2)
                                                        : g_strdup (text);
  if (!g_uuid_string_is_valid (bare))
    return fail (parser, error, key, "is no GUID");

  *guid = g_steal_pointer (&text);
  return TRUE;
}

/* http or https, a host, maybe a port; the list's separator on the medium must not be in it. */
static gboolean
is_management_point (const char *url)
{
  g_autoptr (GUri) uri = g_uri_parse (url, G_URI_FLAGS_NONE, NULL);
  const char *host;

  if (uri == NULL || strchr (url, '*') != NULL)
    return FALSE;

  host = g_uri_get_host (uri);
  return (g_str_equal (g_uri_get_scheme (uri), "http")
          || g_str_equal (g_uri_get_scheme (uri), "https"))
         && host != NULL && host[0] != '\0' && g_str_is_ascii (host)
         && g_uri_get_userinfo (uri) == NULL && g_uri_get_query (uri) == NULL
         && g_uri_get_fragment (uri) == NULL && g_uri_get_port (uri) != 0
         && (g_uri_get_path (uri)[0] == '\0' || g_str_equal (g_uri_get_path (uri), "/"));
}

static gboolean
read_management_points (Parser *parser, GError **error)
{
  KlSiteProfile *profile = parser->profile;
  g_autofree char *single = NULL;

  if (!read_text (parser, "ManagementPoint", &single, error)
      || !read_list (parser, "ManagementPoints", &profile->management_points, error))
    return FALSE;

  if (single != NULL && profile->management_points[0] != NULL)
    return fail (parser, error, "ManagementPoint", "and ManagementPoints exclude each other");
  profile->dynamic = single == NULL;
  if (single != NULL)
    {
      const char *entries[] = { single, NULL };

      g_strfreev (profile->management_points);
      profile->management_points = g_strdupv ((char **) entries);
    }

  for (guint i = 0; profile->management_points[i] != NULL; i++)
    {
      char *url = profile->management_points[i];

      if (!is_management_point (url))
        return fail (parser, error, profile->dynamic ? "ManagementPoints" : "ManagementPoint",
                     "is not of the form http://host or https://host:port");
      if (g_str_has_suffix (url, "/"))
        url[strlen (url) - 1] = '\0';
    }
  return TRUE;
}

static gboolean
read_site_code (Parser *parser, GError **error)
{
  char **code = &parser->profile->site_code;

  if (!read_text (parser, "SiteCode", code, error))
    return FALSE;
  if (*code == NULL)
    return fail (parser, error, "SiteCode", "is missing");

  for (guint i = 0; (*code)[i] != '\0'; i++)
    (*code)[i] = g_ascii_toupper ((*code)[i]);
  if (strlen (*code) != 3 || !g_ascii_isalnum ((*code)[0]) || !g_ascii_isalnum ((*code)[1])
      || !g_ascii_isalnum ((*code)[2]))
    return fail (parser, error, "SiteCode", "is not three letters or digits");
  return TRUE;
}

static gboolean
read_public_root_key (Parser *parser, GError **error)
{
  char **key = &parser->profile->public_root_key;
  gsize length = 0;

  if (!read_text (parser, "PublicRootKey", key, error))
    return FALSE;
  if (*key == NULL)
    return TRUE;

  for (; (*key)[length] != '\0'; length++)
    {
      if (!g_ascii_isxdigit ((*key)[length]))
        return fail (parser, error, "PublicRootKey", "is not in hex digits");
      (*key)[length] = g_ascii_toupper ((*key)[length]);
    }
  return (length % 2 == 0 && length <= KEY_DIGITS_MAX)
         || fail (parser, error, "PublicRootKey", "has an odd or too large number of hex digits");
}

static gboolean
read_ssl_state (Parser *parser, GError **error)
{
  parser->profile->ssl_state
      = kl_site_profile_uses_https (parser->profile) ? SSL_STATE_HTTPS : SSL_STATE_HTTP;
  return read_number (parser, "IISSSLState", 0, 65535, &parser->profile->ssl_state, error);
}

static gboolean
read_strength (Parser *parser, GError **error)
{
  static const char key[] = "MinimumPasswordStrength";
  g_autofree char *text = NULL;

  if (!read_text (parser, key, &text, error))
    return FALSE;
  return text == NULL
         || kl_password_level_from_string (text, &parser->profile->minimum_password_strength)
         || fail (parser, error, key, "is none of very-weak, weak, good and strong");
}

static gboolean
read_all (Parser *parser, GError **error)
{
  KlSiteProfile *profile = parser->profile;

  return read_site_code (parser, error) && read_management_points (parser, error)
         && read_path (parser, "ManagementPointCertificate", &profile->management_point_certificate,
                       error)
         && read_path (parser, "SiteSigningCertificate", &profile->site_signing_certificate, error)
         && read_paths (parser, "RootCACertificates", &profile->root_ca_certificates, error)
         && read_public_root_key (parser, error)
         && read_number (parser, "HTTPPort", 1, 65535, &profile->http_port, error)
         && read_number (parser, "HTTPSPort", 1, 65535, &profile->https_port, error)
         && read_ssl_state (parser, error)
         && read_boolean (parser, "UseFirstCertificate", &profile->use_first_certificate, error)
         && read_paths (parser, "DistributionPoints", &profile->distribution_points, error)
         && read_guid (parser, "UnknownComputerX64", &profile->unknown_x64, error)
         && read_guid (parser, "UnknownComputerX86", &profile->unknown_x86, error)
         && read_guid (parser, "UnknownComputerARM64", &profile->unknown_arm64, error)
         && read_text (parser, "OrganizationName", &profile->organization, error)
         && read_number (parser, "MinimumPasswordLength", 0, PASSWORD_LENGTH_MAX,
                         &profile->minimum_password_length, error)
         && read_strength (parser, error)
         && read_boolean (parser, "PasswordRequired", &profile->password_required, error);
}

static void
collect_warnings (Parser *parser)
{
  g_autoptr (GStrvBuilder) warnings = g_strv_builder_new ();
  g_auto (GStrv) groups = g_key_file_get_groups (parser->file, NULL);
  g_auto (GStrv) keys = g_key_file_get_keys (parser->file, GROUP, NULL, NULL);

  for (guint i = 0; groups[i] != NULL && i < LIST_MAX; i++)
    if (!g_str_equal (groups[i], GROUP))
      {
        g_autofree char *text
            = g_strdup_printf (g_str_equal (groups[i], "Certificates")
                                   ? "The site profile has certificates inside, in [%.64s]: they "
                                     "are used once it is imported."
                                   : "The site profile has an unknown group, [%.64s].",
                               groups[i]);

        g_strv_builder_add (warnings, text);
      }
  for (guint i = 0; keys != NULL && keys[i] != NULL && i < LIST_MAX; i++)
    if (!g_strv_contains (known_keys, keys[i]))
      {
        g_autofree char *text
            = g_strdup_printf ("The site profile has an unknown key, %.64s.", keys[i]);

        g_strv_builder_add (warnings, text);
      }

  parser->profile->warnings = g_strv_builder_end (warnings);
}

/* Editors on Windows begin UTF-8 with a mark. */
static GKeyFile *
parse_key_file (const char *data, gsize length, const char *path, GError **error)
{
  static const char mark[] = "\xef\xbb\xbf";
  g_autoptr (GKeyFile) file = g_key_file_new ();
  const gsize skip
      = length >= strlen (mark) && memcmp (data, mark, strlen (mark)) == 0 ? strlen (mark) : 0;

  if (length <= PROFILE_SIZE_MAX && memchr (data, '\0', length) == NULL
      && g_key_file_load_from_data (file, data + skip, length - skip, G_KEY_FILE_KEEP_COMMENTS,
                                    NULL)
      && g_key_file_has_group (file, GROUP))
    return g_steal_pointer (&file);

  g_set_error (error, KL_ERROR, KL_ERROR_FORMAT,
               "“%s” is no site profile: a key file with a group [" GROUP "]", path);
  return NULL;
}

/**
 * kl_site_profile_parse:
 * @data: a key file; from outside
 * @path: where it comes from: for messages, and relative paths begin at its folder
 *
 * Errors: KL_ERROR_FORMAT, which names the key.
 *
 * Returns: (transfer full) (nullable): the profile
 */
KlSiteProfile *
kl_site_profile_parse (const char *data, gsize length, const char *path, GError **error)
{
  g_autoptr (GKeyFile) file = parse_key_file (data, length, path, error);
  g_autoptr (KlSiteProfile) self = NULL;
  Parser parser;

  if (file == NULL)
    return NULL;

  self = g_new0 (KlSiteProfile, 1);
  parser = (Parser){ self, file };
  g_atomic_ref_count_init (&self->references);
  self->path = g_canonicalize_filename (path, NULL);
  self->folder = g_path_get_dirname (self->path);
  self->http_port = DEFAULT_HTTP_PORT;
  self->https_port = DEFAULT_HTTPS_PORT;
  self->use_first_certificate = TRUE;

  if (!read_all (&parser, error))
    return NULL;

  collect_warnings (&parser);
  return g_steal_pointer (&self);
}

static char *
read_file (const char *path, gsize *size, GError **error)
{
  g_autofd int fd = kl_open_for_reading (path, error);
  g_autofree char *data = NULL;
  gssize got;

  *size = 0;
  if (fd < 0)
    return NULL;

  data = g_malloc (PROFILE_SIZE_MAX + 1);
  while ((got = kl_read_some (fd, data + *size, PROFILE_SIZE_MAX + 1 - *size, path, NULL, error))
         > 0)
    *size += (gsize) got;

  return got == 0 ? g_steal_pointer (&data) : NULL;
}

/**
 * kl_site_profile_load_key_file:
 *
 * The profile as it is written, to be changed. Blocks; any thread.
 *
 * Errors: KL_ERROR_FORMAT and those of reading a file.
 *
 * Returns: (transfer full) (nullable): a key file with a group [Site]
 */
GKeyFile *
kl_site_profile_load_key_file (const char *path, GError **error)
{
  gsize size;
  g_autofree char *data = read_file (path, &size, error);

  return data != NULL ? parse_key_file (data, size, path, error) : NULL;
}

/**
 * kl_site_profile_load:
 *
 * Reads the profile and none of the files that it names. Blocks; any thread.
 *
 * Errors: KL_ERROR_FORMAT and those of reading a file.
 *
 * Returns: (transfer full) (nullable): the profile
 */
KlSiteProfile *
kl_site_profile_load (const char *path, GError **error)
{
  gsize size;
  g_autofree char *data = read_file (path, &size, error);

  return data != NULL ? kl_site_profile_parse (data, size, path, error) : NULL;
}

KlSiteProfile *
kl_site_profile_ref (KlSiteProfile *self)
{
  g_atomic_ref_count_inc (&self->references);
  return self;
}

void
kl_site_profile_unref (KlSiteProfile *self)
{
  if (!g_atomic_ref_count_dec (&self->references))
    return;

  g_free (self->path);
  g_free (self->folder);
  g_free (self->site_code);
  g_strfreev (self->management_points);
  g_free (self->management_point_certificate);
  g_free (self->site_signing_certificate);
  g_strfreev (self->root_ca_certificates);
  g_free (self->public_root_key);
  g_strfreev (self->distribution_points);
  g_free (self->unknown_x64);
  g_free (self->unknown_x86);
  g_free (self->unknown_arm64);
  g_free (self->organization);
  g_strfreev (self->warnings);
  g_free (self);
}

const char *
kl_site_profile_get_path (KlSiteProfile *self)
{
  return self->path;
}

const char *
kl_site_profile_get_site_code (KlSiteProfile *self)
{
  return self->site_code;
}

/**
 * kl_site_profile_get_management_points:
 *
 * Returns: (transfer none): URLs, most preferred first; maybe none
 */
const char *const *
kl_site_profile_get_management_points (KlSiteProfile *self)
{
  return (const char *const *) self->management_points;
}

/* Whether a management point may redirect: a list was given and not the one. */
gboolean
kl_site_profile_is_dynamic (KlSiteProfile *self)
{
  return self->dynamic;
}

/* A file that the profile names; NULL where it names none. */
const char *
kl_site_profile_get_management_point_certificate (KlSiteProfile *self)
{
  return self->management_point_certificate;
}

const char *
kl_site_profile_get_site_signing_certificate (KlSiteProfile *self)
{
  return self->site_signing_certificate;
}

/**
 * kl_site_profile_get_root_ca_certificates:
 *
 * Returns: (transfer none): paths of files; maybe none
 */
const char *const *
kl_site_profile_get_root_ca_certificates (KlSiteProfile *self)
{
  return (const char *const *) self->root_ca_certificates;
}

gboolean
kl_site_profile_uses_https (KlSiteProfile *self)
{
  for (guint i = 0; self->management_points[i] != NULL; i++)
    if (g_ascii_strncasecmp (self->management_points[i], "https:", 6) == 0)
      return TRUE;

  return FALSE;
}

guint
kl_site_profile_get_http_port (KlSiteProfile *self)
{
  return self->http_port;
}

guint
kl_site_profile_get_https_port (KlSiteProfile *self)
{
  return self->https_port;
}

guint
kl_site_profile_get_ssl_state (KlSiteProfile *self)
{
  return self->ssl_state;
}

gboolean
kl_site_profile_get_use_first_certificate (KlSiteProfile *self)
{
  return self->use_first_certificate;
}

const char *
kl_site_profile_get_public_root_key (KlSiteProfile *self)
{
  return self->public_root_key;
}

const char *const *
kl_site_profile_get_distribution_points (KlSiteProfile *self)
{
  return (const char *const *) self->distribution_points;
}

/**
 * kl_site_profile_get_unknown_computer:
 * @architecture: "x64", "x86" or "arm64"
 *
 * Returns: (transfer none) (nullable): the GUID of unknown computers, as the profile spells it
 */
const char *
kl_site_profile_get_unknown_computer (KlSiteProfile *self, const char *architecture)
{
  if (g_str_equal (architecture, "x64"))
    return self->unknown_x64;
  if (g_str_equal (architecture, "x86"))
    return self->unknown_x86;
  return g_str_equal (architecture, "arm64") ? self->unknown_arm64 : NULL;
}

const char *
kl_site_profile_get_organization (KlSiteProfile *self)
{
  return self->organization;
}

guint
kl_site_profile_get_minimum_password_length (KlSiteProfile *self)
{
  return self->minimum_password_length;
}

/* KL_PASSWORD_VERY_WEAK where any will do. */
KlPasswordLevel
kl_site_profile_get_minimum_password_strength (KlSiteProfile *self)
{
  return self->minimum_password_strength;
}

gboolean
kl_site_profile_get_password_required (KlSiteProfile *self)
{
  return self->password_required;
}

/* Unknown keys and groups, by name. */
const char *const *
kl_site_profile_get_warnings (KlSiteProfile *self)
{
  return (const char *const *) self->warnings;
}
