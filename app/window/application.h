/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

#define KL_TYPE_APPLICATION (kl_application_get_type ())
G_DECLARE_FINAL_TYPE (KlApplication, kl_application, KL, APPLICATION, AdwApplication)

KlApplication *kl_application_new (void);
gboolean kl_application_is_busy (KlApplication *self);         /* with boot images or media */
gboolean kl_application_has_own_catalog (KlApplication *self); /* of the command line */

G_END_DECLS
