/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "access/drive-selection.h"
#include "creation/media-request.h"

G_BEGIN_DECLS

typedef enum
{
  KL_TARGET_ISO,
  KL_TARGET_DRIVES,
  KL_TARGET_DISK_IMAGE,
} KlTargetKind;

/*
 * Where the media of a draft go, complete or not. Properties, all read/write: kind (of
 * KlTargetKind, as int), folder (of ISO file and disk image), iso-name, disk-name, disk-bytes,
 * format (drives are erased, else their files are kept), gpt, bios-start, power-off, bytes-needed
 * (what a drive must hold; 0 while unknown).
 */
#define KL_TYPE_TARGET_DRAFT (kl_target_draft_get_type ())
G_DECLARE_FINAL_TYPE (KlTargetDraft, kl_target_draft, KL, TARGET_DRAFT, GObject)

KlTargetDraft *kl_target_draft_new (const char *folder, const char *name);
KlTargetKind kl_target_draft_get_kind (KlTargetDraft *self);
const char *kl_target_draft_get_folder (KlTargetDraft *self);
guint64 kl_target_draft_get_bytes_needed (KlTargetDraft *self);
gboolean kl_target_draft_get_format (KlTargetDraft *self);

/* The drives that are chosen; NULL before there is a monitor. */
void kl_target_draft_set_selection (KlTargetDraft *self, KlDriveSelection *selection);
KlDriveSelection *kl_target_draft_get_selection (KlTargetDraft *self);

/* @reason: translated. */
gboolean kl_target_draft_check_name (KlTargetDraft *self, KlTargetKind kind, const char **reason);
char *kl_target_draft_dup_path (KlTargetDraft *self); /* of the file; NULL for drives */

/* Why media cannot go onto @drive as it is asked now, translated; NULL if they can. */
char *kl_target_draft_dup_problem (KlTargetDraft *self, KlDrive *drive);
/* The volume that files are added to; NULL if there is none. */
const KlVolume *kl_target_draft_find_volume (KlDrive *drive);

/* The targets, one for each medium. @options borrows from @self until it changes. */
guint kl_target_draft_get_n_media (KlTargetDraft *self);
void kl_target_draft_fill (KlTargetDraft *self, guint medium, KlMediaOptions *options);

G_END_DECLS
