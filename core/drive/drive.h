/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "drive/drive-identity.h"

G_BEGIN_DECLS

/* Why a drive is not offered as a target. */
typedef enum
{
  KL_REFUSAL_NONE,
  KL_REFUSAL_SYSTEM,    /* the running system is on it, or swap space in use */
  KL_REFUSAL_IN_USE,    /* it holds a path that is protected: the catalog, the source of a job */
  KL_REFUSAL_NO_MEDIUM, /* a card reader without a card */
  KL_REFUSAL_READ_ONLY,
  KL_REFUSAL_FIXED, /* not plugged in from outside, and fixed disks were not asked for */
} KlRefusal;

const char *kl_refusal_to_string (KlRefusal refusal);

/* A file system on a drive, or a partition that may hold one. */
typedef struct
{
  char *path;         /* "/dev/sdb1" */
  char *fs_type;      /* by content: "vfat", "ntfs", "ext4"; NULL if there is none that is known */
  char *fs_version;   /* "FAT32", "FAT16"; or NULL */
  char *label;        /* or NULL */
  guint64 size;       /* bytes */
  GStrv mount_points; /* of it and of what is stacked on it (LUKS, LVM); never NULL */
} KlVolume;

/* A whole drive as it was at one moment. Immutable, so any thread may read it. */
#define KL_TYPE_DRIVE (kl_drive_get_type ())
G_DECLARE_FINAL_TYPE (KlDrive, kl_drive, KL, DRIVE, GObject)

const char *kl_drive_get_path (KlDrive *self);
const char *kl_drive_get_vendor (KlDrive *self);
const char *kl_drive_get_model (KlDrive *self);
const char *kl_drive_get_bus (KlDrive *self);
const char *kl_drive_get_partition_table (KlDrive *self);
const KlDriveIdentity *kl_drive_get_identity (KlDrive *self);
guint64 kl_drive_get_size (KlDrive *self);
gboolean kl_drive_is_removable (KlDrive *self);
gboolean kl_drive_is_read_only (KlDrive *self);
guint kl_drive_get_n_volumes (KlDrive *self);
const KlVolume *kl_drive_get_volume (KlDrive *self, guint index);
gboolean kl_drive_is_mounted (KlDrive *self);
gboolean kl_drive_is_unfinished (KlDrive *self);
KlRefusal kl_drive_get_refusal (KlDrive *self, const char **reason);
char *kl_drive_dup_name (KlDrive *self);
gboolean kl_drive_equal (KlDrive *self, KlDrive *other);

G_END_DECLS
