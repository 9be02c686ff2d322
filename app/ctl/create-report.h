/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "command.h"
#include "creation/media-creator.h"

G_BEGIN_DECLS

/* What is to be made, and what was made: for people, or as events. */
void kl_ctl_print_plan (const KlCtlOptions *options,
                        const char *path,
                        KlMediaLayout *layout,
                        KlFolderPlan *changes,
                        guint64 bytes_needed);
void
kl_ctl_print_result (const KlCtlOptions *options, const KlMediaResult *result, const char *target);

G_END_DECLS
