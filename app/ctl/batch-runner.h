/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "command.h"
#include "creation/media-batch.h"

G_BEGIN_DECLS

int kl_ctl_run_batch (const KlCtlOptions *options, KlMediaBatch *batch);

G_END_DECLS
