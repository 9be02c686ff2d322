/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-drive"

#include "drive/drive.h"

#include "disk/partition-table.h"
#include "drive/drive-facts.h"

struct _KlDrive
{
  GObject parent_instance;

  KlDriveFacts *facts; /* owned; never changed after construction */
};

G_DEFINE_FINAL_TYPE (KlDrive, kl_drive, G_TYPE_OBJECT)

static void
kl_drive_finalize (GObject *object)
{
  KlDrive *self = KL_DRIVE (object);

  g_clear_pointer (&self->facts, kl_drive_facts_free);

  G_OBJECT_CLASS (kl_drive_parent_class)->finalize (object);
}

static void
kl_drive_class_init (KlDriveClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = kl_drive_finalize;
}

static void
kl_drive_init (KlDrive *self)
{
}

/**
 * kl_drive_new:
 * @facts: (transfer full):
 */
KlDrive *
kl_drive_new (KlDriveFacts *facts)
{
  KlDrive *self = g_object_new (KL_TYPE_DRIVE, NULL);

  self->facts = facts;
  return self;
}

const KlDriveFacts *
kl_drive_get_facts (KlDrive *self)
{
  return self->facts;
}

/**
 * kl_refusal_to_string:
 *
 * Returns: the word for scripts: "none", "system", "in-use", "no-medium", "read-only", "fixed"
 */
const char *
kl_refusal_to_string (KlRefusal refusal)
{
  static const char *const words[]
      = { "none", "system", "in-use", "no-medium", "read-only", "fixed" };

  g_return_val_if_fail (refusal < G_N_ELEMENTS (words), NULL);

  return words[refusal];
}

/**
 * kl_drive_get_path:
 *
 * Returns: the node of the whole drive, "/dev/sdb". The next drive may get the same name: a drive
 *   is told by kl_drive_get_identity().
 */
const char *
kl_drive_get_path (KlDrive *self)
{
  g_return_val_if_fail (KL_IS_DRIVE (self), NULL);

  return self->facts->path;
}

/**
 * kl_drive_get_vendor:
 *
 * Returns: (nullable): who made it, as it says itself
 */
const char *
kl_drive_get_vendor (KlDrive *self)
{
  g_return_val_if_fail (KL_IS_DRIVE (self), NULL);

  return self->facts->vendor;
}

/**
 * kl_drive_get_model:
 *
 * Returns: (nullable): what it is, as it says itself
 */
const char *
kl_drive_get_model (KlDrive *self)
{
  g_return_val_if_fail (KL_IS_DRIVE (self), NULL);

  return self->facts->model;
}

/**
 * kl_drive_get_bus:
 *
 * Returns: (nullable): "usb", "mmc" (SD cards), "ata", "nvme", "scsi", "virtio" …
 */
const char *
kl_drive_get_bus (KlDrive *self)
{
  g_return_val_if_fail (KL_IS_DRIVE (self), NULL);

  return self->facts->bus;
}

/**
 * kl_drive_get_partition_table:
 *
 * Returns: (nullable): "dos" (MBR) or "gpt"; %NULL if there is none
 */
const char *
kl_drive_get_partition_table (KlDrive *self)
{
  g_return_val_if_fail (KL_IS_DRIVE (self), NULL);

  return self->facts->partition_table;
}

/**
 * kl_drive_get_identity:
 *
 * Returns: (transfer none): what to pin the drive by
 */
const KlDriveIdentity *
kl_drive_get_identity (KlDrive *self)
{
  g_return_val_if_fail (KL_IS_DRIVE (self), NULL);

  return self->facts->identity;
}

/**
 * kl_drive_get_size:
 *
 * Returns: bytes; 0 for a reader without a medium
 */
guint64
kl_drive_get_size (KlDrive *self)
{
  g_return_val_if_fail (KL_IS_DRIVE (self), 0);

  return self->facts->identity->size;
}

/**
 * kl_drive_is_removable:
 *
 * Returns: the kernel's removable flag, which many USB drives do not set and some fixed disks do
 */
gboolean
kl_drive_is_removable (KlDrive *self)
{
  g_return_val_if_fail (KL_IS_DRIVE (self), FALSE);

  return self->facts->removable;
}

gboolean
kl_drive_is_read_only (KlDrive *self)
{
  g_return_val_if_fail (KL_IS_DRIVE (self), FALSE);

  return self->facts->read_only;
}

guint
kl_drive_get_n_volumes (KlDrive *self)
{
  g_return_val_if_fail (KL_IS_DRIVE (self), 0);

  return self->facts->volumes->len;
}

/**
 * kl_drive_get_volume:
 *
 * Returns: (transfer none): a partition, or the drive itself where a file system fills it
 */
const KlVolume *
kl_drive_get_volume (KlDrive *self, guint index)
{
  g_return_val_if_fail (KL_IS_DRIVE (self) && index < self->facts->volumes->len, NULL);

  return g_ptr_array_index (self->facts->volumes, index);
}

/**
 * kl_drive_is_mounted:
 *
 * Returns: whether any volume is mounted anywhere
 */
gboolean
kl_drive_is_mounted (KlDrive *self)
{
  g_return_val_if_fail (KL_IS_DRIVE (self), FALSE);

  for (guint i = 0; i < self->facts->volumes->len; i++)
    if (*kl_drive_get_volume (self, i)->mount_points != NULL)
      return TRUE;
  return FALSE;
}

/**
 * kl_drive_is_unfinished:
 *
 * Returns: whether a medium was begun on it and never finished: cancelled, pulled out, failed. By
 * its label, which is seen without rights to read the drive
 */
gboolean
kl_drive_is_unfinished (KlDrive *self)
{
  g_return_val_if_fail (KL_IS_DRIVE (self), FALSE);

  for (guint i = 0; i < self->facts->volumes->len; i++)
    {
      const KlVolume *volume = kl_drive_get_volume (self, i);

      if (g_str_equal (volume->path, self->facts->path)
          && g_strcmp0 (volume->fs_type, KL_DISK_UNFINISHED_FS) == 0
          && g_strcmp0 (volume->label, KL_DISK_UNFINISHED_LABEL) == 0)
        return TRUE;
    }
  return FALSE;
}

/**
 * kl_drive_get_refusal:
 * @reason: (out) (optional) (nullable): an English sentence that names the mount point or path;
 *   %NULL with KL_REFUSAL_NONE
 *
 * Returns: why the drive is not offered as a target
 */
KlRefusal
kl_drive_get_refusal (KlDrive *self, const char **reason)
{
  g_return_val_if_fail (KL_IS_DRIVE (self), KL_REFUSAL_SYSTEM);

  if (reason != NULL)
    *reason = self->facts->refusal_reason;
  return self->facts->refusal;
}

/**
 * kl_drive_dup_name:
 *
 * Returns: (transfer full): vendor and model, or the node where neither is known
 */
char *
kl_drive_dup_name (KlDrive *self)
{
  g_return_val_if_fail (KL_IS_DRIVE (self), NULL);

  return g_strdup (self->facts->identity->name != NULL ? self->facts->identity->name
                                                       : self->facts->path);
}

static gboolean
volume_equal (gconstpointer left, gconstpointer right)
{
  const KlVolume *a = left, *b = right;

  return g_strcmp0 (a->path, b->path) == 0 && g_strcmp0 (a->fs_type, b->fs_type) == 0
         && g_strcmp0 (a->fs_version, b->fs_version) == 0 && g_strcmp0 (a->label, b->label) == 0
         && a->size == b->size
         && g_strv_equal ((const char *const *) a->mount_points,
                          (const char *const *) b->mount_points);
}

static gboolean
volumes_equal (GPtrArray *a, GPtrArray *b)
{
  if (a->len != b->len)
    return FALSE;
  for (guint i = 0; i < a->len; i++)
    if (!volume_equal (g_ptr_array_index (a, i), g_ptr_array_index (b, i)))
      return FALSE;
  return TRUE;
}

/**
 * kl_drive_equal:
 *
 * Returns: whether a person would see no difference, and a comparison of identities neither
 */
gboolean
kl_drive_equal (KlDrive *self, KlDrive *other)
{
  const KlDriveFacts *a = self->facts, *b = other->facts;

  return g_strcmp0 (a->path, b->path) == 0 && g_strcmp0 (a->vendor, b->vendor) == 0
         && g_strcmp0 (a->model, b->model) == 0 && g_strcmp0 (a->bus, b->bus) == 0
         && g_strcmp0 (a->partition_table, b->partition_table) == 0
         && kl_drive_identity_check (a->identity, b->identity, a->path, NULL)
         && a->removable == b->removable && a->read_only == b->read_only && a->refusal == b->refusal
         && g_strcmp0 (a->refusal_reason, b->refusal_reason) == 0
         && volumes_equal (a->volumes, b->volumes);
}
