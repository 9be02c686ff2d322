/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "window/driver-item.h"

G_BEGIN_DECLS

/* In the drop-down. */
typedef enum
{
  KL_DRIVER_CLASS_ALL,
  KL_DRIVER_CLASS_NETWORK,
  KL_DRIVER_CLASS_STORAGE,
  KL_DRIVER_CLASS_BUS,
  KL_DRIVER_CLASS_OTHER,
  KL_DRIVER_CLASS_FINDINGS,
} KlDriverClass;

GPtrArray *kl_driver_search_list (KlDriverSurvey *survey);
gboolean kl_driver_search_is_device (const char *text);
void kl_driver_search_start (gpointer source,
                             KlDriverSurvey *survey,
                             GPtrArray *items,
                             const char *text,
                             KlDriverClass class,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback);
GPtrArray *kl_driver_search_finish (GAsyncResult *result, GError **error);

G_END_DECLS
