/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "window/create-page.h"

G_BEGIN_DECLS

/* Where the medium goes and what it is called. */
#define KL_TYPE_TARGET_PAGE (kl_target_page_get_type ())
G_DECLARE_FINAL_TYPE (KlTargetPage, kl_target_page, KL, TARGET_PAGE, KlCreatePage)

G_END_DECLS
