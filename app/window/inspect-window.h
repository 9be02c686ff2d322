/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "drive/drive.h"

G_BEGIN_DECLS

/*
 * Says what is on a medium: its image, what starts from it, its certificate, its files, and the
 * names of its variables once they are unlocked. Values stay in locked memory and go with the
 * window.
 */
#define KL_TYPE_INSPECT_WINDOW (kl_inspect_window_get_type ())
G_DECLARE_FINAL_TYPE (KlInspectWindow, kl_inspect_window, KL, INSPECT_WINDOW, AdwWindow)

void kl_inspect_medium (GtkWindow *parent); /* asks for a file */
void kl_inspect_file (GtkWindow *parent, const char *path);
void kl_inspect_drive (GtkWindow *parent, KlDrive *drive);

G_END_DECLS
