/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "command.h"
#include "job/job.h"

G_BEGIN_DECLS

void kl_ctl_exit_on_signals (void);
gboolean kl_ctl_run_job (const KlCtlOptions *options, KlJob *job, GError **error);

G_END_DECLS
