/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-drive"

#include "drive/drive-facts.h"

#include <string.h>

#include "drive/mount-table.h"

static void
volume_free (KlVolume *volume)
{
  g_free (volume->path);
  g_free (volume->fs_type);
  g_free (volume->fs_version);
  g_free (volume->label);
  g_strfreev (volume->mount_points);
  g_free (volume);
}

KlDriveFacts *
kl_drive_facts_new (const char *path)
{
  KlDriveFacts *self = g_new0 (KlDriveFacts, 1);

  self->path = g_strdup (path);
  self->identity = g_new0 (KlDriveIdentity, 1);
  self->volumes = g_ptr_array_new_with_free_func ((GDestroyNotify) volume_free);
  return self;
}

void
kl_drive_facts_free (KlDriveFacts *self)
{
  if (self == NULL)
    return;

  g_free (self->path);
  g_free (self->vendor);
  g_free (self->model);
  g_free (self->bus);
  g_free (self->partition_table);
  kl_drive_identity_free (self->identity);
  g_ptr_array_unref (self->volumes);
  g_free (self->object_path);
  g_clear_pointer (&self->protection, g_ptr_array_unref);
  g_free (self->proc);
  g_free (self->refusal_reason);
  g_free (self);
}

/* The name under /sys/class/block: "sdb" for "/dev/sdb". */
const char *
kl_drive_facts_get_kernel_name (const KlDriveFacts *self)
{
  return strrchr (self->path, '/') + 1;
}

KlVolume *
kl_drive_facts_add_volume (KlDriveFacts *self, const char *path)
{
  KlVolume *volume = g_new0 (KlVolume, 1);

  volume->path = g_strdup (path);
  volume->mount_points = g_new0 (char *, 1);
  g_ptr_array_add (self->volumes, volume);
  return volume;
}

static GStrv
find_mount_points (const char *path, GPtrArray *mounts)
{
  const char *name = strrchr (path, '/') + 1;
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  for (guint i = 0; i < mounts->len; i++)
    {
      const KlMount *mount = g_ptr_array_index (mounts, i);

      if (!mount->swap && kl_mount_is_on (mount, name))
        g_strv_builder_add (builder, mount->where);
    }
  return g_strv_builder_end (builder);
}

/* Says of each volume where it is mounted. */
void
kl_drive_facts_take_mounts (KlDriveFacts *self, GPtrArray *mounts)
{
  for (guint i = 0; i < self->volumes->len; i++)
    {
      KlVolume *volume = g_ptr_array_index (self->volumes, i);

      g_strfreev (volume->mount_points);
      volume->mount_points = find_mount_points (volume->path, mounts);
    }
}

/* What a drive says of itself may be anything: @raw (nullable) as UTF-8 without control characters
 * and without the padding that SCSI puts around it; NULL if nothing is left. */
char *
kl_drive_clean_text (const char *raw)
{
  g_autofree char *valid = raw != NULL ? g_utf8_make_valid (raw, -1) : NULL;
  GString *text;

  if (valid == NULL)
    return NULL;

  text = g_string_new (NULL);
  for (const char *at = valid; *at != '\0'; at = g_utf8_next_char (at))
    {
      gunichar character = g_utf8_get_char (at);

      g_string_append_unichar (text, g_unichar_iscntrl (character) ? ' ' : character);
    }
  g_strstrip (text->str);
  return g_string_free (text, *text->str == '\0');
}
