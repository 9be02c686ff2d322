/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Tells media that Kindling made, as ISO file or disk image, from other files that are opened. */
void kl_medium_finder_look_at (gpointer source,
                               const char *path,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback);
gboolean kl_medium_finder_finish (GAsyncResult *result, const char **path, GError **error);

G_END_DECLS
