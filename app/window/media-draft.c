/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-media-draft"

#include "config.h"

#include "window/media-draft.h"

#include "media/layout.h"
#include "window/image-text.h"

struct _KlMediaDraft
{
  GObject parent_instance;

  KlBootImage *image;    /* owned */
  KlTargetDraft *target; /* owned */
  char *label;           /* owned */
  KlBootManager boot_manager;
  gboolean verify;

  KlSecret *password;             /* owned; nullable; of the medium */
  char *certificate;              /* owned; nullable; path of a PFX file; NULL: one is made */
  KlSecret *certificate_password; /* owned; nullable */
  KlCertificate *imported;        /* owned; nullable; public part of what the PFX file holds */
  gboolean ignore_validity;       /* of what the PFX file holds */
  GDateTime *valid_until;         /* owned; of the certificate that is made */
  KlCertificateKey *key;          /* owned; of the same */
  char *site_path;                /* owned; nullable; of the site profile */
  KlSiteProfile *site;            /* owned; nullable; NULL also where the profile cannot be read */
  KlVariables *variables;         /* owned; nullable */
  gboolean unattended;
  gboolean aes_256;
};

G_DEFINE_FINAL_TYPE (KlMediaDraft, kl_media_draft, G_TYPE_OBJECT)

enum
{
  PROP_IMAGE = 1,
  PROP_LABEL,
  PROP_BOOT_MANAGER,
  PROP_VERIFY,
  PROP_PASSWORD,
  PROP_CERTIFICATE,
  PROP_CERTIFICATE_PASSWORD,
  PROP_IMPORTED,
  PROP_IGNORE_VALIDITY,
  PROP_VALID_UNTIL,
  PROP_SITE_PROFILE,
  PROP_UNATTENDED,
  PROP_AES_256,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

/* The name of the image as a file name: no folder, not hidden, short enough for any file system.
 * Without a suffix. */
static char *
dup_default_file_name (KlBootImage *image)
{
  g_autofree char *name = kl_image_text_dup_name (image);
  g_autofree char *cut = NULL;

  g_strdelimit (name, "/\\:*?\"<>|", '-');
  g_strstrip (name);
  if (*name == '.')
    *name = '-';
  cut = g_utf8_substring (name, 0, MIN (g_utf8_strlen (name, -1), 60));
  if (strlen (cut) < strlen (name) && strrchr (cut, ' ') != NULL)
    *strrchr (cut, ' ') = '\0';

  return g_steal_pointer (&cut);
}

/* A profile that cannot be read is found out by the review, with the reason. */
static void
set_site_profile (KlMediaDraft *self, const char *path)
{
  g_free (self->site_path);
  self->site_path = g_strdup (path);
  g_clear_pointer (&self->site, kl_site_profile_unref);
  if (path != NULL)
    self->site = kl_site_profile_load (path, NULL);
}

static void
kl_media_draft_get_property (GObject *object, guint id, GValue *value, GParamSpec *spec)
{
  KlMediaDraft *self = KL_MEDIA_DRAFT (object);

  switch (id)
    {
    case PROP_IMAGE:
      g_value_set_object (value, self->image);
      break;
    case PROP_LABEL:
      g_value_set_string (value, self->label);
      break;
    case PROP_BOOT_MANAGER:
      g_value_set_int (value, (int) self->boot_manager);
      break;
    case PROP_VERIFY:
      g_value_set_boolean (value, self->verify);
      break;
    case PROP_PASSWORD:
      g_value_set_boxed (value, self->password);
      break;
    case PROP_CERTIFICATE:
      g_value_set_string (value, self->certificate);
      break;
    case PROP_CERTIFICATE_PASSWORD:
      g_value_set_boxed (value, self->certificate_password);
      break;
    case PROP_IMPORTED:
      g_value_set_boxed (value, self->imported);
      break;
    case PROP_IGNORE_VALIDITY:
      g_value_set_boolean (value, self->ignore_validity);
      break;
    case PROP_VALID_UNTIL:
      g_value_set_boxed (value, self->valid_until);
      break;
    case PROP_SITE_PROFILE:
      g_value_set_string (value, self->site_path);
      break;
    case PROP_UNATTENDED:
      g_value_set_boolean (value, self->unattended);
      break;
    case PROP_AES_256:
      g_value_set_boolean (value, self->aes_256);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
    }
}

static void
kl_media_draft_set_property (GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
  KlMediaDraft *self = KL_MEDIA_DRAFT (object);

  switch (id)
    {
    case PROP_IMAGE:
      self->image = g_value_dup_object (value);
      break;
    case PROP_LABEL:
      g_free (self->label);
      self->label = g_value_dup_string (value);
      break;
    case PROP_BOOT_MANAGER:
      self->boot_manager = (KlBootManager) g_value_get_int (value);
      break;
    case PROP_VERIFY:
      self->verify = g_value_get_boolean (value);
      break;
    case PROP_PASSWORD:
      g_clear_pointer (&self->password, kl_secret_unref);
      self->password = g_value_dup_boxed (value);
      break;
    case PROP_CERTIFICATE:
      g_free (self->certificate);
      self->certificate = g_value_dup_string (value);
      break;
    case PROP_CERTIFICATE_PASSWORD:
      g_clear_pointer (&self->certificate_password, kl_secret_unref);
      self->certificate_password = g_value_dup_boxed (value);
      break;
    case PROP_IMPORTED:
      g_clear_pointer (&self->imported, kl_certificate_unref);
      self->imported = g_value_dup_boxed (value);
      break;
    case PROP_IGNORE_VALIDITY:
      self->ignore_validity = g_value_get_boolean (value);
      break;
    case PROP_VALID_UNTIL:
      g_clear_pointer (&self->valid_until, g_date_time_unref);
      self->valid_until = g_value_dup_boxed (value);
      break;
    case PROP_SITE_PROFILE:
      set_site_profile (self, g_value_get_string (value));
      break;
    case PROP_UNATTENDED:
      self->unattended = g_value_get_boolean (value);
      break;
    case PROP_AES_256:
      self->aes_256 = g_value_get_boolean (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
    }
}

static void
kl_media_draft_finalize (GObject *object)
{
  KlMediaDraft *self = KL_MEDIA_DRAFT (object);

  g_clear_object (&self->image);
  g_clear_object (&self->target);
  g_free (self->label);
  kl_media_draft_clear_secrets (self);
  g_free (self->certificate);
  g_clear_pointer (&self->imported, kl_certificate_unref);
  g_clear_pointer (&self->valid_until, g_date_time_unref);
  g_free (self->site_path);
  g_clear_pointer (&self->site, kl_site_profile_unref);

  G_OBJECT_CLASS (kl_media_draft_parent_class)->finalize (object);
}

static void
kl_media_draft_class_init (KlMediaDraftClass *klass)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = kl_media_draft_get_property;
  object_class->set_property = kl_media_draft_set_property;
  object_class->finalize = kl_media_draft_finalize;

  properties[PROP_IMAGE] = g_param_spec_object ("image", NULL, NULL, KL_TYPE_BOOT_IMAGE,
                                                flags | G_PARAM_CONSTRUCT_ONLY);
  properties[PROP_LABEL] = g_param_spec_string ("label", NULL, NULL, NULL, flags);
  properties[PROP_BOOT_MANAGER]
      = g_param_spec_int ("boot-manager", NULL, NULL, KL_BOOT_MANAGER_DEFAULT, KL_BOOT_MANAGER_2023,
                          KL_BOOT_MANAGER_DEFAULT, flags);
  properties[PROP_VERIFY] = g_param_spec_boolean ("verify", NULL, NULL, TRUE, flags);
  properties[PROP_PASSWORD] = g_param_spec_boxed ("password", NULL, NULL, KL_TYPE_SECRET, flags);
  properties[PROP_CERTIFICATE] = g_param_spec_string ("certificate", NULL, NULL, NULL, flags);
  properties[PROP_CERTIFICATE_PASSWORD]
      = g_param_spec_boxed ("certificate-password", NULL, NULL, KL_TYPE_SECRET, flags);
  properties[PROP_IMPORTED]
      = g_param_spec_boxed ("imported", NULL, NULL, KL_TYPE_CERTIFICATE, flags);
  properties[PROP_IGNORE_VALIDITY]
      = g_param_spec_boolean ("ignore-validity", NULL, NULL, FALSE, flags);
  properties[PROP_VALID_UNTIL]
      = g_param_spec_boxed ("valid-until", NULL, NULL, G_TYPE_DATE_TIME, flags);
  properties[PROP_SITE_PROFILE] = g_param_spec_string ("site-profile", NULL, NULL, NULL, flags);
  properties[PROP_UNATTENDED] = g_param_spec_boolean ("unattended", NULL, NULL, FALSE, flags);
  properties[PROP_AES_256] = g_param_spec_boolean ("aes-256", NULL, NULL, FALSE, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
kl_media_draft_init (KlMediaDraft *self)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();

  self->verify = TRUE;
  self->valid_until = g_date_time_add_years (now, 1);
  self->key = kl_certificate_key_new ();
}

/**
 * kl_media_draft_new:
 * @folder: absolute path of the folder to offer
 *
 * A draft with all that can be filled in from @image.
 */
KlMediaDraft *
kl_media_draft_new (KlBootImage *image, const char *folder)
{
  g_autofree char *name = kl_image_text_dup_name (image);
  g_autofree char *label = kl_label_dup_default (name);
  g_autofree char *file_name = dup_default_file_name (image);
  KlMediaDraft *self
      = g_object_new (KL_TYPE_MEDIA_DRAFT, "image", image, "label", label, "boot-manager",
                      (int) kl_boot_image_get_boot_manager (image), NULL);

  self->target = kl_target_draft_new (folder, file_name);
  return self;
}

KlBootImage *
kl_media_draft_get_image (KlMediaDraft *self)
{
  g_return_val_if_fail (KL_IS_MEDIA_DRAFT (self), NULL);

  return self->image;
}

/* Where the media go; lent. */
KlTargetDraft *
kl_media_draft_get_target (KlMediaDraft *self)
{
  g_return_val_if_fail (KL_IS_MEDIA_DRAFT (self), NULL);

  return self->target;
}

const char *
kl_media_draft_get_label (KlMediaDraft *self)
{
  g_return_val_if_fail (KL_IS_MEDIA_DRAFT (self), NULL);

  return self->label;
}

/* The password that was chosen; NULL where there is none. */
KlSecret *
kl_media_draft_get_password (KlMediaDraft *self)
{
  g_return_val_if_fail (KL_IS_MEDIA_DRAFT (self), NULL);

  return self->password;
}

/**
 * kl_media_draft_get_site:
 *
 * Returns: (transfer none) (nullable): the site profile; %NULL where none was chosen or it cannot
 *   be read
 */
KlSiteProfile *
kl_media_draft_get_site (KlMediaDraft *self)
{
  g_return_val_if_fail (KL_IS_MEDIA_DRAFT (self), NULL);

  return self->site;
}

const char *
kl_media_draft_get_site_path (KlMediaDraft *self)
{
  g_return_val_if_fail (KL_IS_MEDIA_DRAFT (self), NULL);

  return self->site_path;
}

/**
 * kl_media_draft_get_certificate_end:
 *
 * Returns: (transfer none) (nullable): when the certificate of the medium ends; %NULL where it
 *   comes from a file that has not been read
 */
GDateTime *
kl_media_draft_get_certificate_end (KlMediaDraft *self)
{
  g_return_val_if_fail (KL_IS_MEDIA_DRAFT (self), NULL);

  if (self->certificate == NULL)
    return self->valid_until;
  return self->imported ? kl_certificate_get_not_after (self->imported) : NULL;
}

/**
 * kl_media_draft_set_variables:
 * @variables: (nullable): the person's own, each of them checked
 */
void
kl_media_draft_set_variables (KlMediaDraft *self, KlVariables *variables)
{
  g_return_if_fail (KL_IS_MEDIA_DRAFT (self));

  g_clear_pointer (&self->variables, kl_variables_unref);
  if (variables != NULL)
    self->variables = kl_variables_ref (variables);
}

gboolean
kl_media_draft_get_unattended (KlMediaDraft *self)
{
  g_return_val_if_fail (KL_IS_MEDIA_DRAFT (self), FALSE);

  return self->unattended;
}

/* Once nobody will make a medium of it any more. */
void
kl_media_draft_clear_secrets (KlMediaDraft *self)
{
  g_return_if_fail (KL_IS_MEDIA_DRAFT (self));

  g_clear_pointer (&self->password, kl_secret_unref);
  g_clear_pointer (&self->certificate_password, kl_secret_unref);
  g_clear_pointer (&self->variables, kl_variables_unref);
  g_clear_pointer (&self->key, kl_certificate_key_unref);
}

static void
fill_options (KlMediaDraft *self, KlMediaOptions *options)
{
  options->image_id = kl_boot_image_get_id (self->image);
  options->label = self->label;
  options->boot_manager = self->boot_manager;
  options->no_verify = !self->verify;
  options->password = self->password;
  options->certificate = self->certificate;
  options->certificate_password = self->certificate ? self->certificate_password : NULL;
  options->key = self->key;
  options->ignore_validity = self->ignore_validity;
  options->valid_until = self->certificate ? NULL : self->valid_until;
  options->site_profile = self->site_path;
  options->variables = self->variables;
  options->unattended = self->unattended;
  options->aes_256 = self->aes_256;
}

/**
 * kl_media_draft_build_requests:
 *
 * Returns: (transfer full) (element-type KlMediaRequest) (nullable): one request for each target,
 *   or %NULL with @error set as kl_media_request_new() does
 */
GPtrArray *
kl_media_draft_build_requests (KlMediaDraft *self, GError **error)
{
  g_autoptr (GPtrArray) requests = g_ptr_array_new_with_free_func (g_object_unref);

  g_return_val_if_fail (KL_IS_MEDIA_DRAFT (self), NULL);

  /* The next medium gets another one. */
  if (self->key != NULL && kl_certificate_key_is_taken (self->key))
    {
      kl_certificate_key_unref (self->key);
      self->key = kl_certificate_key_new ();
    }

  for (guint i = 0; i < kl_target_draft_get_n_media (self->target); i++)
    {
      KlMediaOptions options = { 0 };
      KlMediaRequest *request;

      fill_options (self, &options);
      kl_target_draft_fill (self->target, i, &options);
      request = kl_media_request_new (&options, error);
      if (request == NULL)
        return NULL;
      g_ptr_array_add (requests, request);
    }
  return g_steal_pointer (&requests);
}
