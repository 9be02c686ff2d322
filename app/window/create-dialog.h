/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "drive/drive.h"
#include "image/catalog.h"

G_BEGIN_DECLS

/* Create Media: pages that fill in a request, then the job that carries it out. */
#define KL_TYPE_CREATE_DIALOG (kl_create_dialog_get_type ())
G_DECLARE_FINAL_TYPE (KlCreateDialog, kl_create_dialog, KL, CREATE_DIALOG, AdwWindow)

KlCreateDialog *kl_create_dialog_new (GtkWindow *parent, KlCatalog *catalog, KlBootImage *image);
void kl_create_dialog_choose_drive (KlCreateDialog *self, KlDrive *drive);

G_END_DECLS
