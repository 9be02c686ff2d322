/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "window/create-page.h"

G_BEGIN_DECLS

/* The part of the target page that asks for drives: a KlCreatePage within a page. */
#define KL_TYPE_DRIVE_TARGET (kl_drive_target_get_type ())
G_DECLARE_FINAL_TYPE (KlDriveTarget, kl_drive_target, KL, DRIVE_TARGET, KlCreatePage)

G_END_DECLS
