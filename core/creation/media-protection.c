/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-media-protection"

#include "creation/media-protection.h"

#include "base/error.h"
#include "crypto/bootstrap-ini.h"
#include "crypto/password-strength.h"
#include "crypto/variables-file.h"
#include "site/media-variables.h"

/* How often waiting for the certificate looks whether it is still wanted; microseconds. */
#define WAIT_INTERVAL (G_USEC_PER_SEC / 10)

struct _KlMediaProtection
{
  KlMediaRequest *request;   /* owned */
  KlSiteProfile *profile;    /* owned; NULL without a site */
  KlSiteFiles *files;        /* owned; NULL without a site */
  GThread *thread;           /* makes the certificate; joined in the end */
  GCancellable *cancellable; /* owned; of the thread */
  GAsyncQueue *made;         /* owned; of Made; NULL before the start */

  KlCertificate *certificate; /* owned; public part; NULL before the end */
  char *not_before;           /* owned; ISO 8601, UTC */
  char *not_after;            /* owned; ISO 8601, UTC */
  char **warnings;            /* owned */
  KlLayoutProtection layout;  /* its bytes are owned; the rest points into the above */
  KlLayoutProtection draft;   /* likewise; the rest is static */
};

/* What the thread hands back: one of the two. */
typedef struct
{
  KlCertificate *certificate;
  GError *error;
} Made;

/* What the thread works on; it owns all of it. */
typedef struct
{
  KlMediaRequest *request;
  GAsyncQueue *made;
  GCancellable *cancellable;
  gboolean trial;
} Making;

static void
made_free (gpointer data)
{
  Made *made = data;

  g_clear_pointer (&made->certificate, kl_certificate_unref);
  g_clear_error (&made->error);
  g_free (made);
}

/**
 * kl_media_protection_new:
 * @site_code: (nullable): the site code that the caller of the API set; the profile's must be that
 *
 * Reads the site profile and what it names. Blocks.
 *
 * Errors: those of kl_site_profile_load(), then those of kl_site_profile_check(), then
 * KL_ERROR_INVALID_ARGUMENT where the site's policy refuses the password.
 *
 * Returns: (transfer full) (nullable): the protection, not started
 */
KlMediaProtection *
kl_media_protection_new (KlMediaRequest *request, const char *site_code, GError **error)
{
  g_autoptr (KlMediaProtection) self = g_new0 (KlMediaProtection, 1);
  const char *path = kl_media_request_get_site_profile (request);

  self->request = g_object_ref (request);
  if (path == NULL)
    return g_steal_pointer (&self);

  self->profile = kl_site_profile_load (path, error);
  if (self->profile == NULL)
    return NULL;
  if (site_code != NULL && site_code[0] != '\0'
      && g_ascii_strcasecmp (site_code, kl_site_profile_get_site_code (self->profile)) != 0)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                   "The site code is %.16s, but “%s” is the profile of %s", site_code, path,
                   kl_site_profile_get_site_code (self->profile));
      return NULL;
    }

  self->files = kl_site_profile_check (self->profile, error);
  if (self->files == NULL
      || !kl_site_profile_check_password (self->profile, kl_media_request_get_password (request),
                                          error))
    return NULL;

  return g_steal_pointer (&self);
}

static void
clear_files (KlLayoutProtection *layout)
{
  g_clear_pointer (&layout->bootstrap_ini, g_bytes_unref);
  g_clear_pointer (&layout->variables_dat, g_bytes_unref);
}

void
kl_media_protection_free (KlMediaProtection *self)
{
  if (self->thread != NULL)
    {
      g_cancellable_cancel (self->cancellable);
      g_thread_join (self->thread);
    }
  g_clear_object (&self->cancellable);
  g_clear_object (&self->request);
  g_clear_pointer (&self->profile, kl_site_profile_unref);
  g_clear_pointer (&self->files, kl_site_files_free);
  g_clear_pointer (&self->made, g_async_queue_unref);
  g_clear_pointer (&self->certificate, kl_certificate_unref);
  g_free (self->not_before);
  g_free (self->not_after);
  g_strfreev (self->warnings);
  clear_files (&self->layout);
  clear_files (&self->draft);
  g_free (self);
}

/* No two media have one key, so a medium takes it; a trial leaves it for the medium. */
static KlCertificate *
make_self_signed (Making *making, GError **error)
{
  KlCertificateKey *ahead = kl_media_request_get_key (making->request);
  g_autoptr (KlSecret) key = NULL;

  if (ahead != NULL)
    {
      key = making->trial ? kl_certificate_key_peek (ahead, making->cancellable, error)
                          : kl_certificate_key_take (ahead, making->cancellable, error);
      if (key == NULL)
        return NULL;
    }
  return kl_certificate_new_self_signed (key, kl_media_request_get_valid_from (making->request),
                                         kl_media_request_get_valid_until (making->request),
                                         making->cancellable, error);
}

static gpointer
make_certificate (gpointer data)
{
  Making *making = data;
  KlMediaRequest *request = making->request;
  const char *path = kl_media_request_get_certificate (request);
  Made *made = g_new0 (Made, 1);

  if (path != NULL)
    made->certificate
        = kl_certificate_import (path, kl_media_request_get_certificate_password (request),
                                 making->cancellable, &made->error);
  else
    made->certificate = make_self_signed (making, &made->error);

  g_async_queue_push (making->made, made);
  g_async_queue_unref (making->made);
  g_object_unref (making->cancellable);
  g_object_unref (making->request);
  g_free (making);
  return NULL;
}

/**
 * kl_media_protection_start:
 * @trial: nothing is made of it but a plan
 *
 * Starts to make or to import the certificate; kl_media_protection_finish() takes it.
 */
void
kl_media_protection_start (KlMediaProtection *self, gboolean trial)
{
  Making *making = g_new0 (Making, 1);

  g_return_if_fail (self->made == NULL);

  self->made = g_async_queue_new_full (made_free);
  self->cancellable = g_cancellable_new ();
  making->made = g_async_queue_ref (self->made);
  making->cancellable = g_object_ref (self->cancellable);
  making->request = g_object_ref (self->request);
  making->trial = trial;
  self->thread = g_thread_new ("certificate", make_certificate, making);
}

static KlCertificate *
wait_for_certificate (KlMediaProtection *self, GCancellable *cancellable, GError **error)
{
  KlCertificate *certificate;
  Made *made = NULL;

  while (made == NULL)
    {
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return NULL;
      made = g_async_queue_timeout_pop (self->made, WAIT_INTERVAL);
    }

  certificate = g_steal_pointer (&made->certificate);
  if (made->error != NULL)
    g_propagate_error (error, g_steal_pointer (&made->error));
  made_free (made);
  return certificate;
}

static void
add_all (GStrvBuilder *warnings, const char *const *more)
{
  if (more != NULL)
    g_strv_builder_addv (warnings, (const char **) more);
}

static void
warn_of_password (KlMediaProtection *self, GStrvBuilder *warnings)
{
  KlSecret *password = kl_media_request_get_password (self->request);
  KlPasswordStrength strength;

  if (kl_secret_is_empty (password))
    {
      g_strv_builder_add (warnings, "There is no media password: whoever has the medium can read "
                                    "its certificate, private key and variables.");
      return;
    }

  kl_password_strength_measure (password, &strength);
  if (kl_password_strength_get_level (&strength) < KL_PASSWORD_GOOD)
    {
      g_autofree char *time = kl_password_strength_dup_text (&strength);
      g_autofree char *text = g_strdup_printf ("The media password is weak. %s", time);

      g_strv_builder_add (warnings, text);
    }
}

/* media-formats.md 4: what signs itself is for HTTP, what is imported for HTTPS. */
static void
warn_of_site (KlMediaProtection *self, KlCertificate *certificate, GStrvBuilder *warnings)
{
  const gboolean self_signed = kl_certificate_is_self_signed (certificate);

  if (self->profile == NULL)
    {
      g_strv_builder_add (warnings, "There is no site profile: the medium starts plain Windows PE "
                                    "and knows no deployment site.");
      return;
    }

  add_all (warnings, kl_site_profile_get_warnings (self->profile));
  add_all (warnings, (const char *const *) self->files->warnings);
  if (self_signed && kl_site_profile_uses_https (self->profile))
    g_strv_builder_add (warnings, "The site has an HTTPS management point, which does not accept "
                                  "a self-signed certificate.");
  if (!self_signed && !kl_site_profile_uses_https (self->profile))
    g_strv_builder_add (warnings, "The site has HTTP management points only, which expect a "
                                  "self-signed certificate.");
}

/* @certificate: (nullable): see KlMediaVariablesInput */
static gboolean
seal (KlMediaProtection *self,
      KlCertificate *certificate,
      const char *image_id,
      KlLayoutProtection *layout,
      GError **error)
{
  KlSecret *password = kl_media_request_get_password (self->request);
  const KlMediaVariablesInput input = {
    .profile = self->profile,
    .files = self->files,
    .image_id = image_id,
    .launch_mode = kl_media_type_to_string (kl_media_request_get_media_type (self->request)),
    .certificate = certificate,
    .own = kl_media_request_get_variables (self->request),
  };
  const KlBootstrapIni ini = {
    .media_type = (char *) KL_BOOTSTRAP_BOOT_MEDIA,
    .password_required = !kl_secret_is_empty (password),
    .unattended = kl_media_request_get_unattended (self->request),
  };
  g_autoptr (KlVariables) variables = kl_media_variables_new (&input, error);
  g_autoptr (KlSecret) plaintext = NULL;

  if (variables == NULL)
    return FALSE;

  plaintext = kl_variables_to_plaintext (variables);
  if (kl_secret_get_length (plaintext) > KL_VARIABLES_FILE_MAX)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                   "The media variables have %" G_GSIZE_FORMAT " bytes; at most %d are possible",
                   kl_secret_get_length (plaintext), KL_VARIABLES_FILE_MAX);
      return FALSE;
    }

  layout->variables_dat = kl_variables_file_seal (
      plaintext, password, kl_media_request_get_variables_cipher (self->request));
  layout->bootstrap_ini = kl_bootstrap_ini_to_bytes (&ini);
  return TRUE;
}

static void
describe (KlMediaProtection *self, KlCertificate *certificate)
{
  g_autoptr (GStrvBuilder) warnings = g_strv_builder_new ();
  g_auto (GStrv) of_certificate = kl_certificate_dup_warnings (certificate, NULL);

  warn_of_site (self, certificate, warnings);
  warn_of_password (self, warnings);
  add_all (warnings, (const char *const *) of_certificate);

  self->certificate = kl_certificate_dup_public (certificate);
  self->warnings = g_strv_builder_end (warnings);
  self->not_before = g_date_time_format_iso8601 (kl_certificate_get_not_before (certificate));
  self->not_after = g_date_time_format_iso8601 (kl_certificate_get_not_after (certificate));
  self->layout.subject = kl_certificate_get_subject (self->certificate);
  self->layout.thumbprint = kl_certificate_get_sha1 (self->certificate);
  self->layout.not_before = self->not_before;
  self->layout.not_after = self->not_after;
  self->layout.warnings = (const char *const *) self->warnings;
}

/* Whether kl_media_protection_finish() has nothing to wait for. */
gboolean
kl_media_protection_is_ready (KlMediaProtection *self)
{
  return g_async_queue_length (self->made) > 0;
}

/**
 * kl_media_protection_draft:
 *
 * What the files will most likely be like, by their sizes: for a layout that is made while the
 * certificate is not there. What is wrong with them is for kl_media_protection_finish() to say.
 *
 * Returns: (transfer none) (nullable): for the draft of a layout; %NULL where it is not worth while
 *   to have one, or not possible
 */
const KlLayoutProtection *
kl_media_protection_draft (KlMediaProtection *self, const char *image_id)
{
  static const char *const no_warnings[] = { NULL };

  /* To import one is a matter of milliseconds. */
  if (kl_media_protection_is_ready (self)
      || kl_media_request_get_certificate (self->request) != NULL)
    return NULL;

  clear_files (&self->draft);
  self->draft.subject = "CN=00000000-0000-0000-0000-000000000000";
  self->draft.thumbprint = "0000000000000000000000000000000000000000";
  self->draft.not_before = self->draft.not_after = "2000-01-01T00:00:00Z";
  self->draft.warnings = no_warnings;
  return seal (self, NULL, image_id, &self->draft, NULL) ? &self->draft : NULL;
}

/**
 * kl_media_protection_finish:
 *
 * Waits for the certificate and seals the variables. The private key does not outlive this call.
 *
 * Errors: those of kl_certificate_import() and kl_certificate_check_validity() for a certificate
 * that was imported, unless the request ignores its validity; those of kl_media_variables_new();
 * G_IO_ERROR_CANCELLED.
 */
gboolean
kl_media_protection_finish (KlMediaProtection *self,
                            const char *image_id,
                            GCancellable *cancellable,
                            GError **error)
{
  g_autoptr (KlCertificate) certificate = wait_for_certificate (self, cancellable, error);

  if (certificate == NULL)
    return FALSE;
  if (!kl_certificate_is_self_signed (certificate)
      && !kl_media_request_get_ignore_validity (self->request)
      && !kl_certificate_check_validity (certificate, NULL, error))
    return FALSE;
  if (!seal (self, certificate, image_id, &self->layout, error))
    return FALSE;

  describe (self, certificate);
  return TRUE;
}

/**
 * kl_media_protection_get_files:
 *
 * Returns: (transfer none): for the layout; only after kl_media_protection_finish()
 */
const KlLayoutProtection *
kl_media_protection_get_files (KlMediaProtection *self)
{
  g_return_val_if_fail (self->certificate != NULL, NULL);

  return &self->layout;
}

KlSiteProfile *
kl_media_protection_get_profile (KlMediaProtection *self)
{
  return self->profile;
}

/**
 * kl_media_protection_get_certificate:
 *
 * Returns: (transfer none) (nullable): the public part, after kl_media_protection_finish()
 */
KlCertificate *
kl_media_protection_get_certificate (KlMediaProtection *self)
{
  return self->certificate;
}
