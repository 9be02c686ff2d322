/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-media-request"

#include "job/media-request.h"

#include "base/error.h"
#include "image/catalog.h"

struct _KlMediaRequest
{
  GObject parent_instance;

  KlMediaType type;
  char *destination; /* owned; absolute */
  char *image_id;    /* owned */
  char *label;       /* owned, nullable */
  KlBootManager boot_manager;
  gboolean verify;
};

G_DEFINE_FINAL_TYPE (KlMediaRequest, kl_media_request, G_TYPE_OBJECT)

static void
kl_media_request_finalize (GObject *object)
{
  KlMediaRequest *self = KL_MEDIA_REQUEST (object);

  g_free (self->destination);
  g_free (self->image_id);
  g_free (self->label);
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
                   "No destination was given: a CD needs the path of the ISO file to create");
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

static gboolean
check_options (const KlMediaOptions *options, GError **error)
{
  if (options->type != KL_MEDIA_TYPE_CD)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                   "%s media cannot be made by this version, only CD (an ISO file)",
                   kl_media_type_to_string (options->type));
      return FALSE;
    }
  if (options->image_id == NULL || options->image_id[0] == '\0')
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT, "No boot image ID was given");
      return FALSE;
    }

  return check_destination (options->destination, error)
         && (options->label == NULL || kl_label_check (options->label, error));
}

/**
 * kl_media_request_new:
 * @options: copied
 *
 * Checks what needs no I/O. A destination that is not absolute is taken from the current folder.
 * Boot image IDs are compared without case.
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
  self->destination = g_canonicalize_filename (options->destination, NULL);
  self->image_id = g_ascii_strup (options->image_id, -1);
  self->label = g_strdup (options->label);
  self->boot_manager = options->boot_manager;
  self->verify = !options->no_verify;
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
