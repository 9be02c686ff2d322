/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "drive/drive.h"

G_BEGIN_DECLS

/* How a drive reads in the window; all translated. */
const char *kl_drive_text_get_icon_name (KlDrive *drive);
char *kl_drive_text_dup_identity (KlDrive *drive);       /* "32 GB · Serial 0951C3 · /dev/sdb" */
char *kl_drive_text_dup_volume (const KlVolume *volume); /* one part of the next */
char *kl_drive_text_dup_content (KlDrive *drive); /* "FAT32 “WINPE”, mounted at /media/x" */
const char *kl_drive_text_get_refusal (KlDrive *drive); /* NULL where it is not refused */

/* Plugged in from outside, as far as that can be told; a disk that is built in is fixed. */
gboolean kl_drive_text_is_plugged_in (KlDrive *drive);

G_END_DECLS
