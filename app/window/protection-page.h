/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "window/create-page.h"

G_BEGIN_DECLS

/* Media password and certificate. */
#define KL_TYPE_PROTECTION_PAGE (kl_protection_page_get_type ())
G_DECLARE_FINAL_TYPE (KlProtectionPage, kl_protection_page, KL, PROTECTION_PAGE, KlCreatePage)

G_END_DECLS
