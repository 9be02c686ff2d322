/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "drive/drive-facts.h"

G_BEGIN_DECLS

KlRefusal
kl_refusal_find (const KlDriveFacts *facts, GPtrArray *mounts, gboolean allow_fixed, char **reason);

G_END_DECLS
