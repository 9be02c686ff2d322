/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-drive-text"

#include "config.h"

#include "window/drive-text.h"

#include <glib/gi18n.h>

#include "bidi.h"

gboolean
kl_drive_text_is_plugged_in (KlDrive *drive)
{
  const char *bus = kl_drive_get_bus (drive);

  return kl_drive_is_removable (drive) || g_strcmp0 (bus, "usb") == 0 || g_strcmp0 (bus, "mmc") == 0
         || g_strcmp0 (bus, "ieee1394") == 0;
}

const char *
kl_drive_text_get_icon_name (KlDrive *drive)
{
  if (g_strcmp0 (kl_drive_get_bus (drive), "mmc") == 0)
    return "media-flash-symbolic";
  return kl_drive_text_is_plugged_in (drive) ? "drive-removable-media-symbolic"
                                             : "drive-harddisk-symbolic";
}

char *
kl_drive_text_dup_identity (KlDrive *drive)
{
  const char *serial = kl_drive_get_identity (drive)->serial;
  g_autofree char *size
      = kl_drive_get_size (drive) > 0 ? g_format_size (kl_drive_get_size (drive)) : NULL;
  /* Translators: %s is the serial number of a drive. */
  g_autofree char *serial_text
      = serial ? kl_bidi_printf (_ ("Serial %s"), serial) : g_strdup (_ ("No serial number"));

  if (size == NULL)
    return kl_bidi_join (" · ", serial_text, kl_drive_get_path (drive), NULL);
  return kl_bidi_join (" · ", size, serial_text, kl_drive_get_path (drive), NULL);
}

/* As people write it. */
static const char *
get_kind (const KlVolume *volume)
{
  if (volume->fs_type == NULL)
    return _ ("unknown contents");
  if (g_str_equal (volume->fs_type, "vfat"))
    return volume->fs_version ? volume->fs_version : "FAT";
  if (g_str_equal (volume->fs_type, "ntfs"))
    return "NTFS";
  return g_str_equal (volume->fs_type, "exfat") ? "exFAT" : volume->fs_type;
}

static void
append_volume (GString *text, const KlVolume *volume)
{
  g_autofree char *where = g_strjoinv (", ", volume->mount_points);
  g_autofree char *label = NULL;
  g_autofree char *mounted = NULL;

  g_string_append (text, text->len > 0 ? "; " : "");
  g_string_append (text, get_kind (volume));
  if (volume->label != NULL && *volume->label != '\0')
    /* Translators: follows a file system; %s is the label of the volume. */
    label = kl_bidi_printf (_ (" “%s”"), volume->label);
  if (*where != '\0')
    /* Translators: follows a file system; %s is one folder or several. */
    mounted = kl_bidi_printf (_ (", mounted at %s"), where);
  g_string_append (text, label != NULL ? label : "");
  g_string_append (text, mounted != NULL ? mounted : "");
}

char *
kl_drive_text_dup_volume (const KlVolume *volume)
{
  GString *text = g_string_new (NULL);

  append_volume (text, volume);
  return g_string_free (text, FALSE);
}

char *
kl_drive_text_dup_content (KlDrive *drive)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < kl_drive_get_n_volumes (drive); i++)
    append_volume (text, kl_drive_get_volume (drive, i));
  if (text->len == 0)
    g_string_append (text, kl_drive_get_partition_table (drive) ? _ ("No partitions")
                                                                : _ ("Nothing that is known"));
  return g_string_free (text, FALSE);
}

const char *
kl_drive_text_get_refusal (KlDrive *drive)
{
  switch (kl_drive_get_refusal (drive, NULL))
    {
    case KL_REFUSAL_SYSTEM:
      return _ ("The running system is on it");
    case KL_REFUSAL_IN_USE:
      return _ ("It holds the catalog or a file of a running job");
    case KL_REFUSAL_NO_MEDIUM:
      return _ ("No card or disk is in it");
    case KL_REFUSAL_READ_ONLY:
      return _ ("Write-protected");
    case KL_REFUSAL_FIXED:
      return _ ("Fixed disk");
    case KL_REFUSAL_NONE:
    default:
      return NULL;
    }
}
