/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "window/create-page.h"

G_BEGIN_DECLS

/*
 * The part of the target page that asks for a file: an ISO file or a disk image. A KlCreatePage
 * within a page. Property kind (of KlTargetKind, as int), at construction.
 */
#define KL_TYPE_FILE_TARGET (kl_file_target_get_type ())
G_DECLARE_FINAL_TYPE (KlFileTarget, kl_file_target, KL, FILE_TARGET, KlCreatePage)

G_END_DECLS
