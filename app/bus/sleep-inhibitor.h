/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/*
 * Keeps the machine from going to sleep while it exists, where there is no session to ask: by
 * systemd-logind, as far as that is there and allows it. Main thread.
 */
#define KL_TYPE_SLEEP_INHIBITOR (kl_sleep_inhibitor_get_type ())
G_DECLARE_FINAL_TYPE (KlSleepInhibitor, kl_sleep_inhibitor, KL, SLEEP_INHIBITOR, GObject)

KlSleepInhibitor *kl_sleep_inhibitor_new (void);

G_END_DECLS
