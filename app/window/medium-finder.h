/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Tells media that Kindling made, as ISO file or disk image, from other files that are opened. */
typedef struct _KlMediumFinder KlMediumFinder;

/* @is_medium: whether @path is an ISO file or a disk image with a manifest */
typedef void (*KlMediumFound) (const char *path, gboolean is_medium, gpointer user_data);

KlMediumFinder *kl_medium_finder_new (KlMediumFound found, gpointer user_data);
void kl_medium_finder_free (KlMediumFinder *self);
void kl_medium_finder_add (KlMediumFinder *self, const char *path);
gboolean kl_medium_finder_is_busy (KlMediumFinder *self);

G_END_DECLS
