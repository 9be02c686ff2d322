/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-media-draft"

#include "config.h"

#include "window/media-draft.h"

#include <glib/gi18n.h>

#include "media/layout.h"
#include "window/image-text.h"

/* ext4, XFS and Btrfs all end here; bytes. */
#define LONGEST_FILE_NAME 255

struct _KlMediaDraft
{
  GObject parent_instance;

  KlBootImage *image; /* owned */
  char *folder;       /* owned; absolute */
  char *file_name;    /* owned */
  char *label;        /* owned */
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
};

G_DEFINE_FINAL_TYPE (KlMediaDraft, kl_media_draft, G_TYPE_OBJECT)

enum
{
  PROP_IMAGE = 1,
  PROP_FOLDER,
  PROP_FILE_NAME,
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
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

/* The name of the image as a file name: no folder, not hidden, short enough for any file system. */
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

  return g_strconcat (cut, ".iso", NULL);
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
    case PROP_FOLDER:
      g_value_set_string (value, self->folder);
      break;
    case PROP_FILE_NAME:
      g_value_set_string (value, self->file_name);
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
    case PROP_FOLDER:
      g_free (self->folder);
      self->folder = g_value_dup_string (value);
      break;
    case PROP_FILE_NAME:
      g_free (self->file_name);
      self->file_name = g_value_dup_string (value);
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
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
    }
}

static void
kl_media_draft_finalize (GObject *object)
{
  KlMediaDraft *self = KL_MEDIA_DRAFT (object);

  g_clear_object (&self->image);
  g_free (self->folder);
  g_free (self->file_name);
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
  properties[PROP_FOLDER] = g_param_spec_string ("folder", NULL, NULL, NULL, flags);
  properties[PROP_FILE_NAME] = g_param_spec_string ("file-name", NULL, NULL, NULL, flags);
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

  return g_object_new (KL_TYPE_MEDIA_DRAFT, "image", image, "folder", folder, "file-name",
                       file_name, "label", label, "boot-manager",
                       (int) kl_boot_image_get_boot_manager (image), NULL);
}

KlBootImage *
kl_media_draft_get_image (KlMediaDraft *self)
{
  g_return_val_if_fail (KL_IS_MEDIA_DRAFT (self), NULL);

  return self->image;
}

const char *
kl_media_draft_get_folder (KlMediaDraft *self)
{
  g_return_val_if_fail (KL_IS_MEDIA_DRAFT (self), NULL);

  return self->folder;
}

const char *
kl_media_draft_get_file_name (KlMediaDraft *self)
{
  g_return_val_if_fail (KL_IS_MEDIA_DRAFT (self), NULL);

  return self->file_name;
}

const char *
kl_media_draft_get_label (KlMediaDraft *self)
{
  g_return_val_if_fail (KL_IS_MEDIA_DRAFT (self), NULL);

  return self->label;
}

char *
kl_media_draft_dup_path (KlMediaDraft *self)
{
  g_return_val_if_fail (KL_IS_MEDIA_DRAFT (self), NULL);

  return g_build_filename (self->folder, self->file_name, NULL);
}

/**
 * kl_media_draft_check_file_name:
 * @reason: (out): a translated sentence that says what is wrong
 */
gboolean
kl_media_draft_check_file_name (KlMediaDraft *self, const char **reason)
{
  const char *name;

  g_return_val_if_fail (KL_IS_MEDIA_DRAFT (self), FALSE);

  name = self->file_name ? self->file_name : "";
  if (*name == '\0')
    *reason = _ ("Enter a name for the ISO file.");
  else if (strchr (name, '/') != NULL)
    *reason = _ ("A file name cannot contain “/”.");
  else if (strcmp (name, ".") == 0 || strcmp (name, "..") == 0)
    *reason = _ ("This is the name of a folder.");
  else if (strlen (name) > LONGEST_FILE_NAME)
    *reason = _ ("The file name is too long.");
  else
    return TRUE;

  return FALSE;
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

/**
 * kl_media_draft_build_request:
 *
 * Returns: (transfer full): the request, or %NULL with @error set as kl_media_request_new() does
 */
KlMediaRequest *
kl_media_draft_build_request (KlMediaDraft *self, GError **error)
{
  g_autofree char *path = NULL;
  KlMediaOptions options = { 0 };

  g_return_val_if_fail (KL_IS_MEDIA_DRAFT (self), NULL);

  /* The next medium gets another one. */
  if (self->key != NULL && kl_certificate_key_is_taken (self->key))
    {
      kl_certificate_key_unref (self->key);
      self->key = kl_certificate_key_new ();
    }

  path = kl_media_draft_dup_path (self);
  options.type = KL_MEDIA_TYPE_CD;
  options.destination = path;
  options.image_id = kl_boot_image_get_id (self->image);
  options.label = self->label;
  options.boot_manager = self->boot_manager;
  options.no_verify = !self->verify;
  options.password = self->password;
  options.certificate = self->certificate;
  options.certificate_password = self->certificate ? self->certificate_password : NULL;
  options.key = self->key;
  options.ignore_validity = self->ignore_validity;
  options.valid_until = self->certificate ? NULL : self->valid_until;
  options.site_profile = self->site_path;
  options.variables = self->variables;
  options.unattended = self->unattended;

  return kl_media_request_new (&options, error);
}
