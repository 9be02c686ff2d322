/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-image-text"

#include "config.h"

#include "window/image-text.h"

#include <glib/gi18n.h>

#include "bidi.h"

/* Characters of a name. */
#define LONGEST_IN_TOAST 32

KlStateText
kl_image_text_get_state (KlBootImage *image)
{
  if (kl_boot_image_get_error (image) != NULL)
    return (KlStateText){ C_ ("image state", "Cannot be used"), "dialog-error-symbolic", "error" };

  switch (kl_boot_image_get_state (image))
    {
    case KL_IMAGE_STATE_COMPLETE:
      return (KlStateText){ C_ ("image state", "Prepared"), "object-select-symbolic", "success" };
    case KL_IMAGE_STATE_IN_PROGRESS:
      return (KlStateText){ C_ ("image state", "Being prepared"), "content-loading-symbolic",
                            "accent" };
    case KL_IMAGE_STATE_ERROR:
      return (KlStateText){ C_ ("image state", "Preparation failed"), "dialog-error-symbolic",
                            "error" };
    case KL_IMAGE_STATE_STALE:
      return (KlStateText){ C_ ("image state", "Changed since preparation"),
                            "dialog-warning-symbolic", "warning" };
    case KL_IMAGE_STATE_NO_STATUS:
    default:
      return (KlStateText){ C_ ("image state", "Ready"), "object-select-symbolic", "success" };
    }
}

char *
kl_image_text_dup_name (KlBootImage *image)
{
  const char *name = kl_boot_image_get_name (image);

  if (name == NULL || *name == '\0')
    name = kl_boot_image_get_id (image);

  return g_strdup (name);
}

char *
kl_image_text_shorten (const char *name)
{
  g_autofree char *cut = NULL;

  if (g_utf8_strlen (name, -1) <= LONGEST_IN_TOAST)
    return g_strdup (name);
  cut = g_utf8_substring (name, 0, LONGEST_IN_TOAST - 1);
  return g_strconcat (cut, "…", NULL);
}

/* The admin's text where there is one, else the version of Windows PE. */
static const char *
get_version (KlBootImage *image)
{
  const char *version = kl_boot_image_get_version (image);

  if (version == NULL || *version == '\0')
    version = kl_boot_image_get_os_version (image);

  return version ? version : "";
}

static void
append_part (GString *text, const char *part)
{
  if (part != NULL && *part != '\0')
    kl_bidi_append (text, " · ", part);
}

char *
kl_image_text_dup_identity (KlBootImage *image)
{
  GString *text = g_string_new (NULL);

  append_part (text, kl_boot_image_get_id (image));
  append_part (text, kl_boot_image_get_architecture (image));
  append_part (text, get_version (image));
  if (kl_boot_image_get_size (image) > 0)
    {
      g_autofree char *size = g_format_size (kl_boot_image_get_size (image));

      append_part (text, size);
    }

  return g_string_free (text, FALSE);
}

char *
kl_image_text_dup_signer (const char *signer)
{
  if (signer == NULL)
    return g_strdup (_ ("Not signed; starts only where Secure Boot is off"));
  if (strcmp (signer, "2011") == 0 || strcmp (signer, "2023") == 0)
    /* Translators: %s is a year, 2011 or 2023, after which the certificates of Microsoft for Secure
     * Boot are called. */
    return kl_bidi_printf (_ ("Signed with the Microsoft certificate of %s"), signer);
  /* Translators: %s is the name of a certificate authority. */
  return kl_bidi_printf (_ ("Signed by %s"), signer);
}

char *
kl_image_text_dup_date (GDateTime *date)
{
  g_autoptr (GDateTime) local = NULL;

  if (date == NULL)
    /* Translators: a date that is not known. */
    return g_strdup (C_ ("date", "Unknown"));
  local = g_date_time_to_local (date);

  return g_date_time_format (local, "%x %X");
}
