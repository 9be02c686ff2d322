/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "window/create-page.h"

G_BEGIN_DECLS

/* Which site the medium belongs to, and further variables; not wanted where there is no profile. */
#define KL_TYPE_SITE_PAGE (kl_site_page_get_type ())
G_DECLARE_FINAL_TYPE (KlSitePage, kl_site_page, KL, SITE_PAGE, KlCreatePage)

G_END_DECLS
