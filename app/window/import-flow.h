/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "image/catalog.h"

G_BEGIN_DECLS

/*
 * Imports one file or folder: runs the job, shows its progress, and where the job needs to know
 * more – which image, whether to convert, where the boot files are – asks and goes on.
 *
 * Signal: "ended" (KlBootImage *image, nullable) once, when the image is in the catalog or the
 * import was given up.
 */
#define KL_TYPE_IMPORT_FLOW (kl_import_flow_get_type ())
G_DECLARE_FINAL_TYPE (KlImportFlow, kl_import_flow, KL, IMPORT_FLOW, GObject)

KlImportFlow *kl_import_flow_new (GtkWindow *parent, KlCatalog *catalog, const char *path);
void kl_import_flow_start (KlImportFlow *self);

G_END_DECLS
