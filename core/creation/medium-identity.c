/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-medium-identity"

#include "creation/medium-identity.h"

#include <string.h>

#include "base/error.h"
#include "crypto/bootstrap-ini.h"

#define BOOTSTRAP_INI "/SMS/data/TsmBootstrap.ini"
#define VARIABLES_DAT "/SMS/data/Variables.dat"
#define BOOTSTRAP_INI_MAX 65536 /* bytes */

static KlSecret *
from_hex (KlSecret *hex)
{
  const char *digits = kl_secret_get_text (hex);
  const gsize length = kl_secret_get_length (hex) / 2;
  g_autoptr (KlSecret) bytes = kl_secret_new_sized (length);

  for (gsize i = 0; i < length; i++)
    {
      const int high = g_ascii_xdigit_value (digits[2 * i]);
      const int low = g_ascii_xdigit_value (digits[2 * i + 1]);

      if (high < 0 || low < 0)
        return NULL;
      kl_secret_get_buffer (bytes)[i] = (guint8) (high << 4 | low);
    }

  return g_steal_pointer (&bytes);
}

/* The medium's certificate, opened by the rule of media-formats.md 4. Foreign media may hold
 * something else there; that is no error of the medium. */
static KlCertificate *
open_certificate (KlVariables *variables)
{
  KlSecret *guid = kl_variables_find (variables, "_SMSMediaGuid");
  KlSecret *hex = kl_variables_find (variables, "_SMSTSMediaPFX");
  g_autoptr (KlSecret) pfx = hex != NULL ? from_hex (hex) : NULL;
  g_autoptr (KlSecret) password = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (KlCertificate) certificate = NULL;
  g_autoptr (GError) error = NULL;

  if (pfx == NULL || guid == NULL || kl_secret_get_length (guid) < KL_PFX_PASSWORD_LENGTH)
    return NULL;

  password = kl_secret_new (kl_secret_get_data (guid), KL_PFX_PASSWORD_LENGTH);
  bytes = g_bytes_new_static (kl_secret_get_data (pfx), kl_secret_get_length (pfx));
  certificate = kl_certificate_import_bytes (bytes, password, NULL, &error);
  if (certificate == NULL)
    {
      g_debug ("The medium's certificate cannot be opened: %s", error->message);
      return NULL;
    }

  return kl_certificate_dup_public (certificate);
}

static void
read_bootstrap_ini (KlMedium *medium, KlMediumIdentity *self)
{
  g_autoptr (GBytes) bytes = kl_medium_read_file (medium, BOOTSTRAP_INI, BOOTSTRAP_INI_MAX, NULL);
  g_autoptr (KlBootstrapIni) ini = bytes != NULL ? kl_bootstrap_ini_parse (bytes, NULL) : NULL;

  if (ini == NULL)
    return;

  self->media_type = g_steal_pointer (&ini->media_type);
  self->password_required = ini->password_required;
  self->unattended = ini->unattended;
}

static gboolean
read_variables (GBytes *file, KlSecret *password, KlMediumIdentity *self, GError **error)
{
  g_autoptr (KlSecret) plaintext = NULL;

  if (!kl_variables_file_get_cipher (file, &self->cipher, error)
      || !kl_variables_file_needs_password (file, &self->password_required, error))
    return FALSE;
  if (self->password_required && kl_secret_is_empty (password))
    return TRUE;

  plaintext = kl_variables_file_open (file, self->password_required ? password : NULL, error);
  if (plaintext == NULL)
    return FALSE;
  self->variables = kl_variables_parse_plaintext (plaintext, error);
  if (self->variables == NULL)
    return FALSE;

  self->certificate = open_certificate (self->variables);
  return TRUE;
}

/**
 * kl_medium_identity_read:
 * @password: (nullable): the media password; not looked at where the medium needs none
 *
 * A medium without Variables.dat, or one whose password was not given, is no error. Blocks.
 *
 * Errors: KL_ERROR_MEDIA_PASSWORD; KL_ERROR_FORMAT for sealed variables that cannot be understood.
 *
 * Returns: (transfer full) (nullable): what there is
 */
KlMediumIdentity *
kl_medium_identity_read (KlMedium *medium, KlSecret *password, GError **error)
{
  g_autoptr (KlMediumIdentity) self = g_new0 (KlMediumIdentity, 1);
  g_autoptr (GError) local = NULL;
  g_autoptr (GBytes) file
      = kl_medium_read_file (medium, VARIABLES_DAT, KL_VARIABLES_FILE_MAX + 64, &local);

  read_bootstrap_ini (medium, self);
  if (file == NULL && !g_error_matches (local, KL_ERROR, KL_ERROR_NOT_FOUND))
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return NULL;
    }
  if (file == NULL)
    return g_steal_pointer (&self);

  self->sealed = TRUE;
  return read_variables (file, password, self, error) ? g_steal_pointer (&self) : NULL;
}

void
kl_medium_identity_free (KlMediumIdentity *self)
{
  g_free (self->media_type);
  g_clear_pointer (&self->variables, kl_variables_unref);
  g_clear_pointer (&self->certificate, kl_certificate_unref);
  g_free (self);
}
