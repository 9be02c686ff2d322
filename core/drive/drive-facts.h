/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "drive/drive.h"

G_BEGIN_DECLS

/* What the sources find out about a drive; inside core/drive and core/access only. */
typedef struct
{
  char *path;            /* "/dev/sdb" */
  char *vendor;          /* or NULL */
  char *model;           /* or NULL */
  char *bus;             /* "usb", "mmc", "ata", "nvme" …; or NULL */
  char *partition_table; /* "dos", "gpt"; or NULL */
  KlDriveIdentity *identity;
  gboolean removable; /* the kernel's flag: the medium can be taken out of the drive */
  gboolean read_only;
  GPtrArray *volumes; /* of KlVolume, in the order of the disk */

  /* How to ask again. */
  char *object_path;     /* UDisks2's, if UDisks2 told all this; NULL: udev did */
  GPtrArray *protection; /* of KlMount: paths that may not be lost; or NULL */
  char *proc;            /* folder to read mounts from; not compared */

  KlRefusal refusal;
  char *refusal_reason;
} KlDriveFacts;

KlDriveFacts *kl_drive_facts_new (const char *path);
void kl_drive_facts_free (KlDriveFacts *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlDriveFacts, kl_drive_facts_free)
const char *kl_drive_facts_get_kernel_name (const KlDriveFacts *self);
KlVolume *kl_drive_facts_add_volume (KlDriveFacts *self, const char *path);
void kl_drive_facts_take_mounts (KlDriveFacts *self, GPtrArray *mounts);
char *kl_drive_clean_text (const char *raw);

KlDrive *kl_drive_new (KlDriveFacts *facts);
const KlDriveFacts *kl_drive_get_facts (KlDrive *self);

G_END_DECLS
