/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "image/catalog.h"

G_BEGIN_DECLS

/* Changes to the drivers of a recipe, made by a thread. @source is a window; @callback gets it as
 * its source, and kl_driver_edit_finish() for the outcome. */
void kl_driver_edit_switch (gpointer source,
                            KlCatalog *catalog,
                            KlBootImage *image,
                            const char *key,
                            gboolean on,
                            GAsyncReadyCallback callback);
void kl_driver_edit_add (gpointer source,
                         KlCatalog *catalog,
                         KlBootImage *image,
                         const char *path,
                         GAsyncReadyCallback callback);
void kl_driver_edit_remove (gpointer source,
                            KlCatalog *catalog,
                            KlBootImage *image,
                            const char *name,
                            GAsyncReadyCallback callback);

/* The name of what was added; NULL where nothing was, or where @error is set: with
 * KL_ERROR_INVALID_ARGUMENT a translated reason why drivers are refused. */
char *kl_driver_edit_finish (GAsyncResult *result, GError **error);
void kl_driver_edit_refuse (GtkWindow *parent, const GError *error);

G_END_DECLS
