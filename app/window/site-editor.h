/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

/* Edits one site profile, or makes one. Signal: "saved" (string: path). */
#define KL_TYPE_SITE_EDITOR (kl_site_editor_get_type ())
G_DECLARE_FINAL_TYPE (KlSiteEditor, kl_site_editor, KL, SITE_EDITOR, AdwWindow)

/* @path: the profile; NULL for a new one */
KlSiteEditor *kl_site_editor_new (GtkWindow *parent, const char *path);

G_END_DECLS
