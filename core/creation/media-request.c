/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-media-request"

#include "creation/media-request.h"

#include <string.h>

#include "base/error.h"
#include "disk/vhd.h"
#include "image/catalog.h"

#define MIB ((guint64) 1 << 20)
#define MAX_DISK ((guint64) 1 << 60) /* bytes; files end at 2^63 */

struct _KlMediaRequest
{
  GObject parent_instance;

  KlMediaType type;
  char *destination; /* owned; absolute */
  char *image_id;    /* owned */
  char *label;       /* owned, nullable */
  KlBootManager boot_manager;
  gboolean verify;
  gboolean keep_other_files;
  KlDrive *drive; /* owned, nullable */
  char *volume;   /* owned, nullable */
  gboolean bios_start;
  gboolean power_off;
  guint64 disk_image_bytes; /* 0: no disk image */
  gboolean vhd;
  gboolean gpt;
  char *bios_code_folder; /* owned, nullable */

  KlSecret *password;             /* owned, nullable */
  char *certificate;              /* owned, nullable; absolute */
  KlCertificateKey *key;          /* owned, nullable; of the one that is made */
  KlSecret *certificate_password; /* owned, nullable */
  gboolean ignore_validity;
  GDateTime *valid_from;  /* owned, nullable */
  GDateTime *valid_until; /* owned, nullable */
  KlVariables *variables; /* owned, nullable */
  KlVariablesCipher cipher;
  gboolean unattended;
  char *site_profile; /* owned, nullable; absolute */
};

G_DEFINE_FINAL_TYPE (KlMediaRequest, kl_media_request, G_TYPE_OBJECT)

static void
kl_media_request_finalize (GObject *object)
{
  KlMediaRequest *self = KL_MEDIA_REQUEST (object);

  g_free (self->destination);
  g_free (self->image_id);
  g_free (self->label);
  g_free (self->bios_code_folder);
  g_clear_object (&self->drive);
  g_free (self->volume);
  g_clear_pointer (&self->password, kl_secret_unref);
  g_free (self->certificate);
  g_clear_pointer (&self->key, kl_certificate_key_unref);
  g_clear_pointer (&self->certificate_password, kl_secret_unref);
  g_clear_pointer (&self->valid_from, g_date_time_unref);
  g_clear_pointer (&self->valid_until, g_date_time_unref);
  g_clear_pointer (&self->variables, kl_variables_unref);
  g_free (self->site_profile);
  G_OBJECT_CLASS (kl_media_request_parent_class)->finalize (object);
}

static void
kl_media_request_class_init (KlMediaRequestClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = kl_media_request_finalize;
}

static void
kl_media_request_init (KlMediaRequest *self)
{
}

static gboolean
check_destination (const char *destination, GError **error)
{
  if (destination == NULL || destination[0] == '\0')
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                   "No destination was given: the path of the file to create is needed");
      return FALSE;
    }
  if (g_str_has_suffix (destination, G_DIR_SEPARATOR_S))
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                   "“%s” is a folder and not a file name", destination);
      return FALSE;
    }

  return TRUE;
}

/* A password is typed at a start-up prompt: one line, no control characters. */
static gboolean
check_password (KlSecret *password, GError **error)
{
  const char *text = password != NULL ? kl_secret_get_text (password) : "";

  for (const char *at = text; *at != '\0'; at = g_utf8_next_char (at))
    if (g_unichar_iscntrl (g_utf8_get_char (at)))
      {
        g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                     "The media password holds a control character, which nobody can type");
        return FALSE;
      }
  return TRUE;
}

/* The window of a certificate that is made; media-api.md 1.4 ignores it for one that is imported.
 */
static gboolean
check_validity (const KlMediaOptions *options, GError **error)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  GDateTime *from = options->valid_from != NULL ? options->valid_from : now;

  if (options->certificate != NULL || options->valid_until == NULL)
    return TRUE;
  if (g_date_time_compare (options->valid_until, from) <= 0)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                   "The certificate's validity would end before it begins");
      return FALSE;
    }
  if (g_date_time_compare (options->valid_until, now) <= 0)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                   "The certificate's validity would end in the past");
      return FALSE;
    }
  return TRUE;
}

static gboolean
check_variables (KlVariables *variables, GError **error)
{
  for (guint i = 0; variables != NULL && i < kl_variables_get_length (variables); i++)
    {
      const char *name = kl_variables_get_name (variables, i);

      if (!kl_variable_check_own (name, kl_variables_get_value (variables, i), error))
        return FALSE;
      if (kl_variables_find (variables, name) != kl_variables_get_value (variables, i))
        {
          g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                       "The media variable “%s” is given twice", name);
          return FALSE;
        }
    }
  return TRUE;
}

static gboolean
is_vhd (const char *destination)
{
  gsize length = strlen (destination);

  return length > 4 && g_ascii_strcasecmp (destination + length - 4, ".vhd") == 0;
}

static gboolean
check_type (const KlMediaOptions *options, GError **error)
{
  if (options->type == KL_MEDIA_TYPE_UFD && options->drive == NULL)
    g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT, "UFD needs a drive with a volume");
  else if (options->type == KL_MEDIA_TYPE_UFD && (options->disk_image_bytes > 0 || options->gpt))
    g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                 "UFD writes files and makes neither a disk image nor a partition table");
  else if (options->type != KL_MEDIA_TYPE_UFD && options->bios_start)
    g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                 "Start code for BIOS is asked for with UFD only; UFD+FORMAT always writes it");
  else if (options->type == KL_MEDIA_TYPE_UFD_FORMAT && options->drive == NULL
           && options->disk_image_bytes == 0)
    g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                 "UFD+FORMAT needs a drive, or the size of a disk image");
  else if (options->drive != NULL
           && (options->type == KL_MEDIA_TYPE_CD || options->disk_image_bytes > 0))
    g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                 "Only UFD and UFD+FORMAT go onto a drive, and then into no file");
  else if (options->type == KL_MEDIA_TYPE_CD && (options->disk_image_bytes > 0 || options->gpt))
    g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                 "A CD has no disk image and no partition table");
  else
    return TRUE;
  return FALSE;
}

static gboolean
check_disk_image (const KlMediaOptions *options, GError **error)
{
  guint64 bytes = options->disk_image_bytes;

  if (bytes > MAX_DISK)
    g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                 "A disk image of %" G_GUINT64_FORMAT " bytes is larger than a file can be", bytes);
  else if (bytes > KL_VHD_MAX_BYTES && is_vhd (options->destination))
    g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                 "A VHD file holds a disk of at most %" G_GUINT64_FORMAT " bytes, and not of "
                 "%" G_GUINT64_FORMAT,
                 KL_VHD_MAX_BYTES, bytes);
  else
    return TRUE;
  return FALSE;
}

static gboolean
check_options (const KlMediaOptions *options, GError **error)
{
  if (!check_type (options, error))
    return FALSE;
  if (options->image_id == NULL || options->image_id[0] == '\0')
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT, "No boot image ID was given");
      return FALSE;
    }

  return (options->drive != NULL || check_destination (options->destination, error))
         && (options->disk_image_bytes == 0 || check_disk_image (options, error))
         && (options->label == NULL || kl_label_check (options->label, error))
         && check_password (options->password, error) && check_validity (options, error)
         && check_variables (options->variables, error);
}

static char *
absolute_or_null (const char *path)
{
  return path != NULL ? g_canonicalize_filename (path, NULL) : NULL;
}

static void
take_protection (KlMediaRequest *self, const KlMediaOptions *options)
{
  if (!kl_secret_is_empty (options->password))
    self->password = kl_secret_ref (options->password);
  self->certificate = absolute_or_null (options->certificate);
  if (options->certificate_password != NULL)
    self->certificate_password = kl_secret_ref (options->certificate_password);
  if (options->key != NULL && options->certificate == NULL)
    self->key = kl_certificate_key_ref (options->key);
  self->ignore_validity = options->ignore_validity;
  if (options->valid_from != NULL)
    self->valid_from = g_date_time_ref (options->valid_from);
  if (options->valid_until != NULL)
    self->valid_until = g_date_time_ref (options->valid_until);
  if (options->variables != NULL)
    self->variables = kl_variables_ref (options->variables);
  self->cipher = options->aes_256 ? KL_VARIABLES_CIPHER_AES_256 : KL_VARIABLES_CIPHER_AES_128;
  self->unattended = options->unattended;
  self->site_profile = absolute_or_null (options->site_profile);
}

/* Of UFD, the volume or where it is mounted, as it was asked for; of UFD+FORMAT, the drive. */
static char *
dup_destination (const KlMediaOptions *options)
{
  if (options->drive == NULL)
    return g_canonicalize_filename (options->destination, NULL);
  if (options->type != KL_MEDIA_TYPE_UFD)
    return g_strdup (kl_drive_get_path (options->drive));
  if (options->destination != NULL && options->destination[0] != '\0')
    return g_canonicalize_filename (options->destination, NULL);
  return g_strdup (options->volume != NULL ? options->volume : kl_drive_get_path (options->drive));
}

/**
 * kl_media_request_new:
 * @options: copied
 *
 * Checks what needs no I/O. A destination that is not absolute is taken from the current folder.
 * Boot image IDs are compared without case. A disk image whose name ends in ".vhd" is a fixed
 * virtual hard disk, any other a raw one; its size is rounded down to whole MiB or sectors.
 *
 * Errors: KL_ERROR_INVALID_ARGUMENT, KL_ERROR_LABEL.
 *
 * Returns: (transfer full) (nullable): the request
 */
KlMediaRequest *
kl_media_request_new (const KlMediaOptions *options, GError **error)
{
  KlMediaRequest *self;

  g_return_val_if_fail (options != NULL, NULL);

  if (!check_options (options, error))
    return NULL;

  self = g_object_new (KL_TYPE_MEDIA_REQUEST, NULL);
  self->type = options->type;
  self->drive = options->drive != NULL ? g_object_ref (options->drive) : NULL;
  self->volume = g_strdup (options->volume);
  self->bios_start = options->bios_start;
  self->power_off = options->power_off;
  self->destination = dup_destination (options);
  self->image_id = g_ascii_strup (options->image_id, -1);
  self->label = g_strdup (options->label);
  self->boot_manager = options->boot_manager;
  self->verify = !options->no_verify;
  self->keep_other_files = options->keep_other_files;
  self->vhd = options->disk_image_bytes > 0 && is_vhd (options->destination);
  self->disk_image_bytes
      = options->disk_image_bytes - options->disk_image_bytes % (self->vhd ? MIB : 512);
  self->gpt = options->gpt;
  self->bios_code_folder = g_strdup (options->bios_code_folder);
  take_protection (self, options);
  return self;
}

KlMediaType
kl_media_request_get_media_type (KlMediaRequest *self)
{
  return self->type;
}

const char *
kl_media_request_get_destination (KlMediaRequest *self)
{
  return self->destination;
}

const char *
kl_media_request_get_image_id (KlMediaRequest *self)
{
  return self->image_id;
}

const char *
kl_media_request_get_label (KlMediaRequest *self)
{
  return self->label;
}

KlBootManager
kl_media_request_get_boot_manager (KlMediaRequest *self)
{
  return self->boot_manager;
}

gboolean
kl_media_request_get_verify (KlMediaRequest *self)
{
  return self->verify;
}

gboolean
kl_media_request_get_keep_other_files (KlMediaRequest *self)
{
  return self->keep_other_files;
}

KlDrive *
kl_media_request_get_drive (KlMediaRequest *self)
{
  return self->drive;
}

const char *
kl_media_request_get_volume (KlMediaRequest *self)
{
  return self->volume;
}

gboolean
kl_media_request_get_bios_start (KlMediaRequest *self)
{
  return self->bios_start;
}

gboolean
kl_media_request_get_power_off (KlMediaRequest *self)
{
  return self->power_off;
}

guint64
kl_media_request_get_disk_image_bytes (KlMediaRequest *self)
{
  return self->disk_image_bytes;
}

gboolean
kl_media_request_get_vhd (KlMediaRequest *self)
{
  return self->vhd;
}

gboolean
kl_media_request_get_gpt (KlMediaRequest *self)
{
  return self->gpt;
}

const char *
kl_media_request_get_bios_code_folder (KlMediaRequest *self)
{
  return self->bios_code_folder;
}

KlSecret *
kl_media_request_get_password (KlMediaRequest *self)
{
  return self->password;
}

const char *
kl_media_request_get_certificate (KlMediaRequest *self)
{
  return self->certificate;
}

KlSecret *
kl_media_request_get_certificate_password (KlMediaRequest *self)
{
  return self->certificate_password;
}

KlCertificateKey *
kl_media_request_get_key (KlMediaRequest *self)
{
  return self->key;
}

/* Whether an imported certificate is taken although it has expired or is not valid yet. */
gboolean
kl_media_request_get_ignore_validity (KlMediaRequest *self)
{
  return self->ignore_validity;
}

GDateTime *
kl_media_request_get_valid_from (KlMediaRequest *self)
{
  return self->valid_from;
}

GDateTime *
kl_media_request_get_valid_until (KlMediaRequest *self)
{
  return self->valid_until;
}

KlVariables *
kl_media_request_get_variables (KlMediaRequest *self)
{
  return self->variables;
}

KlVariablesCipher
kl_media_request_get_variables_cipher (KlMediaRequest *self)
{
  return self->cipher;
}

/* "Unattended" of TsmBootstrap.ini (media-formats.md 2). */
gboolean
kl_media_request_get_unattended (KlMediaRequest *self)
{
  return self->unattended;
}

const char *
kl_media_request_get_site_profile (KlMediaRequest *self)
{
  return self->site_profile;
}
