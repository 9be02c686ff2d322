/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "window/create-page.h"

G_BEGIN_DECLS

/* What goes where, what is replaced, how much space it takes, and what it will boot. */
#define KL_TYPE_REVIEW_PAGE (kl_review_page_get_type ())
G_DECLARE_FINAL_TYPE (KlReviewPage, kl_review_page, KL, REVIEW_PAGE, KlCreatePage)

G_END_DECLS
