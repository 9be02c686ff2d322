/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "drive/drive.h"

G_BEGIN_DECLS

/* Reads a medium back against its manifest: a file that is asked for, a file, a drive. */
void kl_check_medium (GtkWindow *parent);
void kl_check_file (GtkWindow *parent, const char *path);
void kl_check_drive (GtkWindow *parent, KlDrive *drive);

/* For whatever is done with a medium: asks for a file; the path by which the medium on a drive is
 * read, borrowed from @drive, NULL after saying that the drive has gone. */
typedef void (*KlMediumChosen) (GtkWindow *parent, const char *path);
void kl_check_choose (GtkWindow *parent,
                      const char *title,
                      const char *accept_label,
                      KlMediumChosen chosen);
const char *kl_check_find_medium (GtkWindow *parent, KlDrive *drive);

G_END_DECLS
