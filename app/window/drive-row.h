/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "drive/drive.h"

G_BEGIN_DECLS

/* One drive in a list: its name, its identity, what is on it, and why it cannot be used. */
#define KL_TYPE_DRIVE_ROW (kl_drive_row_get_type ())
G_DECLARE_FINAL_TYPE (KlDriveRow, kl_drive_row, KL, DRIVE_ROW, GtkListBoxRow)

GtkWidget *kl_drive_row_new (KlDrive *drive);
KlDrive *kl_drive_row_get_drive (KlDriveRow *self);
/* @text: nullable: nothing to say */
void kl_drive_row_set_state (KlDriveRow *self,
                             const char *icon_name,
                             const char *css_class,
                             const char *text);
void kl_drive_row_set_content (KlDriveRow *self, const char *text);
void kl_drive_row_add_prefix (KlDriveRow *self, GtkWidget *widget);
void kl_drive_row_add_suffix (KlDriveRow *self, GtkWidget *widget);
void kl_drive_row_add_below (KlDriveRow *self, GtkWidget *widget);

G_END_DECLS
