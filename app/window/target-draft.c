/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-target-draft"

#include "config.h"

#include "window/target-draft.h"

#include <glib/gi18n.h>

#include "bidi.h"
#include "data-path.h"
#include "drive/volume-choice.h"
#include "window/drive-text.h"

/* ext4, XFS and Btrfs all end here; bytes. */
#define LONGEST_FILE_NAME 255

/* What is offered for a disk image; bytes. */
#define USUAL_DISK 2000000000

struct _KlTargetDraft
{
  GObject parent_instance;

  KlTargetKind kind;
  char *folder;    /* owned; absolute */
  char *iso_name;  /* owned */
  char *disk_name; /* owned */
  guint64 disk_bytes;
  gboolean format;
  gboolean gpt;
  gboolean bios_start;
  gboolean power_off;
  guint64 bytes_needed;
  KlDriveSelection *selection; /* owned; nullable */
  char *bios_code;             /* owned; nullable; folder */

  char *path; /* owned; nullable; lent by the last kl_target_draft_fill() */
};

G_DEFINE_FINAL_TYPE (KlTargetDraft, kl_target_draft, G_TYPE_OBJECT)

enum
{
  PROP_KIND = 1,
  PROP_FOLDER,
  PROP_ISO_NAME,
  PROP_DISK_NAME,
  PROP_DISK_BYTES,
  PROP_FORMAT,
  PROP_GPT,
  PROP_BIOS_START,
  PROP_POWER_OFF,
  PROP_BYTES_NEEDED,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

static char **
find_text (KlTargetDraft *self, guint id)
{
  switch (id)
    {
    case PROP_FOLDER:
      return &self->folder;
    case PROP_ISO_NAME:
      return &self->iso_name;
    case PROP_DISK_NAME:
      return &self->disk_name;
    default:
      return NULL;
    }
}

static gboolean *
find_flag (KlTargetDraft *self, guint id)
{
  switch (id)
    {
    case PROP_FORMAT:
      return &self->format;
    case PROP_GPT:
      return &self->gpt;
    case PROP_BIOS_START:
      return &self->bios_start;
    case PROP_POWER_OFF:
      return &self->power_off;
    default:
      return NULL;
    }
}

static guint64 *
find_number (KlTargetDraft *self, guint id)
{
  switch (id)
    {
    case PROP_DISK_BYTES:
      return &self->disk_bytes;
    case PROP_BYTES_NEEDED:
      return &self->bytes_needed;
    default:
      return NULL;
    }
}

static void
kl_target_draft_get_property (GObject *object, guint id, GValue *value, GParamSpec *spec)
{
  KlTargetDraft *self = KL_TARGET_DRAFT (object);

  if (id == PROP_KIND)
    g_value_set_int (value, (int) self->kind);
  else if (find_text (self, id) != NULL)
    g_value_set_string (value, *find_text (self, id));
  else if (find_flag (self, id) != NULL)
    g_value_set_boolean (value, *find_flag (self, id));
  else if (find_number (self, id) != NULL)
    g_value_set_uint64 (value, *find_number (self, id));
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
}

static void
kl_target_draft_set_property (GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
  KlTargetDraft *self = KL_TARGET_DRAFT (object);

  if (id == PROP_KIND)
    self->kind = (KlTargetKind) g_value_get_int (value);
  else if (find_text (self, id) != NULL)
    {
      g_free (*find_text (self, id));
      *find_text (self, id) = g_value_dup_string (value);
    }
  else if (find_flag (self, id) != NULL)
    *find_flag (self, id) = g_value_get_boolean (value);
  else if (find_number (self, id) != NULL)
    *find_number (self, id) = g_value_get_uint64 (value);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
}

static void
kl_target_draft_finalize (GObject *object)
{
  KlTargetDraft *self = KL_TARGET_DRAFT (object);

  g_free (self->folder);
  g_free (self->iso_name);
  g_free (self->disk_name);
  g_free (self->bios_code);
  g_free (self->path);
  g_clear_object (&self->selection);

  G_OBJECT_CLASS (kl_target_draft_parent_class)->finalize (object);
}

static void
kl_target_draft_class_init (KlTargetDraftClass *klass)
{
  static const char *const names[N_PROPS] = {
    [PROP_FOLDER] = "folder",
    [PROP_ISO_NAME] = "iso-name",
    [PROP_DISK_NAME] = "disk-name",
    [PROP_DISK_BYTES] = "disk-bytes",
    [PROP_FORMAT] = "format",
    [PROP_GPT] = "gpt",
    [PROP_BIOS_START] = "bios-start",
    [PROP_POWER_OFF] = "power-off",
    [PROP_BYTES_NEEDED] = "bytes-needed",
  };
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = kl_target_draft_get_property;
  object_class->set_property = kl_target_draft_set_property;
  object_class->finalize = kl_target_draft_finalize;

  properties[PROP_KIND] = g_param_spec_int ("kind", NULL, NULL, KL_TARGET_ISO, KL_TARGET_DISK_IMAGE,
                                            KL_TARGET_ISO, flags);
  for (guint id = PROP_FOLDER; id <= PROP_DISK_NAME; id++)
    properties[id] = g_param_spec_string (names[id], NULL, NULL, NULL, flags);
  for (guint id = PROP_FORMAT; id <= PROP_POWER_OFF; id++)
    properties[id] = g_param_spec_boolean (names[id], NULL, NULL, FALSE, flags);
  properties[PROP_DISK_BYTES]
      = g_param_spec_uint64 (names[PROP_DISK_BYTES], NULL, NULL, 0, G_MAXUINT64, 0, flags);
  properties[PROP_BYTES_NEEDED]
      = g_param_spec_uint64 (names[PROP_BYTES_NEEDED], NULL, NULL, 0, G_MAXUINT64, 0, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
kl_target_draft_init (KlTargetDraft *self)
{
  self->format = TRUE;
  self->disk_bytes = USUAL_DISK;
  self->bios_code = kl_data_path_dup_bios_code ();
}

/**
 * kl_target_draft_new:
 * @folder: absolute path of the folder to offer
 * @name: of the file to offer, without a suffix
 */
KlTargetDraft *
kl_target_draft_new (const char *folder, const char *name)
{
  g_autofree char *iso_name = g_strconcat (name, ".iso", NULL);
  g_autofree char *disk_name = g_strconcat (name, ".img", NULL);

  return g_object_new (KL_TYPE_TARGET_DRAFT, "folder", folder, "iso-name", iso_name, "disk-name",
                       disk_name, NULL);
}

KlTargetKind
kl_target_draft_get_kind (KlTargetDraft *self)
{
  return self->kind;
}

const char *
kl_target_draft_get_folder (KlTargetDraft *self)
{
  return self->folder;
}

guint64
kl_target_draft_get_bytes_needed (KlTargetDraft *self)
{
  return self->bytes_needed;
}

gboolean
kl_target_draft_get_format (KlTargetDraft *self)
{
  return self->format;
}

void
kl_target_draft_set_selection (KlTargetDraft *self, KlDriveSelection *selection)
{
  g_set_object (&self->selection, selection);
}

KlDriveSelection *
kl_target_draft_get_selection (KlTargetDraft *self)
{
  return self->selection;
}

gboolean
kl_target_draft_check_name (KlTargetDraft *self, KlTargetKind kind, const char **reason)
{
  const char *name = kind == KL_TARGET_ISO ? self->iso_name : self->disk_name;

  if (name == NULL || *name == '\0')
    *reason = kind == KL_TARGET_ISO ? _ ("Enter a name for the ISO file.")
                                    : _ ("Enter a name for the disk image.");
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

char *
kl_target_draft_dup_path (KlTargetDraft *self)
{
  switch (self->kind)
    {
    case KL_TARGET_ISO:
      return g_build_filename (self->folder, self->iso_name, NULL);
    case KL_TARGET_DISK_IMAGE:
      return g_build_filename (self->folder, self->disk_name, NULL);
    case KL_TARGET_DRIVES:
    default:
      return NULL;
    }
}

/* FAT32, which all firmware reads, before NTFS. */
const KlVolume *
kl_target_draft_find_volume (KlDrive *drive)
{
  const KlVolume *found = NULL;

  for (guint i = 0; i < kl_drive_get_n_volumes (drive); i++)
    {
      const KlVolume *volume = kl_drive_get_volume (drive, i);

      if (kl_volume_may_fit (volume) && g_strcmp0 (volume->fs_type, "ntfs") != 0)
        return volume;
      if (found == NULL && kl_volume_may_fit (volume))
        found = volume;
    }
  return found;
}

/* Files are added to what is there. */
static char *
dup_volume_problem (KlTargetDraft *self, KlDrive *drive)
{
  const KlVolume *volume = kl_target_draft_find_volume (drive);

  if (volume != NULL && volume->size < self->bytes_needed)
    {
      g_autofree char *needed = g_format_size (self->bytes_needed);

      return kl_bidi_printf (_ ("Too small: %s are needed"), needed);
    }
  if (volume != NULL)
    return NULL;

  for (guint i = 0; i < kl_drive_get_n_volumes (drive); i++)
    if (g_strcmp0 (kl_drive_get_volume (drive, i)->fs_type, "vfat") == 0)
      return g_strdup (_ ("FAT12 and FAT16 cannot be used; format the drive instead"));
  return g_strdup (_ ("Neither FAT32 nor NTFS; format the drive instead"));
}

char *
kl_target_draft_dup_problem (KlTargetDraft *self, KlDrive *drive)
{
  const char *refusal = kl_drive_text_get_refusal (drive);

  if (refusal != NULL)
    return g_strdup (refusal);
  if (!self->format)
    return dup_volume_problem (self, drive);
  if (kl_drive_get_size (drive) < self->bytes_needed)
    {
      g_autofree char *needed = g_format_size (self->bytes_needed);

      /* Translators: a drive that cannot be used; %s is a size. */
      return kl_bidi_printf (_ ("Too small: %s are needed"), needed);
    }
  return NULL;
}

guint
kl_target_draft_get_n_media (KlTargetDraft *self)
{
  if (self->kind != KL_TARGET_DRIVES)
    return 1;
  return self->selection ? g_list_model_get_n_items (G_LIST_MODEL (self->selection)) : 0;
}

static void
fill_drive (KlTargetDraft *self, guint medium, KlMediaOptions *options)
{
  g_autoptr (KlDrive) drive = g_list_model_get_item (G_LIST_MODEL (self->selection), medium);
  const KlVolume *volume = self->format ? NULL : kl_target_draft_find_volume (drive);

  options->type = self->format ? KL_MEDIA_TYPE_UFD_FORMAT : KL_MEDIA_TYPE_UFD;
  options->drive = drive;
  options->volume = volume ? volume->path : NULL;
  options->bios_start = !self->format && self->bios_start;
  options->power_off = self->power_off;
}

/**
 * kl_target_draft_fill:
 * @medium: less than kl_target_draft_get_n_media()
 */
void
kl_target_draft_fill (KlTargetDraft *self, guint medium, KlMediaOptions *options)
{
  g_return_if_fail (KL_IS_TARGET_DRAFT (self));
  g_return_if_fail (medium < kl_target_draft_get_n_media (self));

  g_free (self->path);
  self->path = kl_target_draft_dup_path (self);
  options->type = KL_MEDIA_TYPE_CD;
  options->destination = self->path;
  if (self->kind == KL_TARGET_ISO)
    return;

  options->type = KL_MEDIA_TYPE_UFD_FORMAT;
  options->gpt = self->gpt && (self->format || self->kind == KL_TARGET_DISK_IMAGE);
  options->bios_code_folder = self->bios_code;
  if (self->kind == KL_TARGET_DRIVES)
    fill_drive (self, medium, options);
  else
    options->disk_image_bytes = self->disk_bytes;
}
