/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "bus/bus-host.h"

G_BEGIN_DECLS

void kl_drive_question_ask_async (KlBusHost *host,
                                  const KlBusQuestion *question,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data);
gboolean kl_drive_question_ask_finish (KlBusHost *host, GAsyncResult *result, GError **error);

G_END_DECLS
