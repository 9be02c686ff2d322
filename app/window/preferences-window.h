/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

/* Preferences: the site profiles and which one is the default. */
#define KL_TYPE_PREFERENCES_WINDOW (kl_preferences_window_get_type ())
G_DECLARE_FINAL_TYPE (
    KlPreferencesWindow, kl_preferences_window, KL, PREFERENCES_WINDOW, AdwPreferencesWindow)

KlPreferencesWindow *kl_preferences_window_new (GtkWindow *parent);

G_END_DECLS
