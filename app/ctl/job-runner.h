/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "command.h"
#include "job/job.h"

G_BEGIN_DECLS

/* Signals that cancel what runs, instead of ending the program. */
typedef struct
{
  guint sources[3];
} KlCtlSignals;

void kl_ctl_exit_on_signals (void);
void kl_ctl_signals_take (KlCtlSignals *self, GCancellable *cancellable);
void kl_ctl_signals_give_back (KlCtlSignals *self);
gboolean kl_ctl_run_job (const KlCtlOptions *options, KlJob *job, GError **error);

G_END_DECLS
